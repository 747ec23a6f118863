"""The results of a graded week, for the report and the export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from nbgrader.api import Gradebook, MissingEntry

from grader.batch.grade_week import (
    cell_reports,
    graded_notebooks,
    notebook_problems,
    students_with_submissions,
)
from grader.batch.roster import read_sections
from grader.errors import GradingError
from grader.grading.cell_report import CellReport
from grader.lessons.course import Course
from grader.lessons.roles import Role
from grader.nbgrader_plugins.marking import is_unmarked
from grader.reports.outcomes import Failure, Outcome, failure_of, is_unattempted
from grader.submissions.reader import is_unreadable

__all__ = ["NOTHING", "NOT_GRADED", "UNREADABLE", "ExerciseResult", "StudentResult", "WeekResults", "read_results"]

NOTHING, NOT_GRADED = "nothing handed in", "handed in, not graded"
UNREADABLE = "could not be used"


@dataclass
class ExerciseResult:
    """One student's result in one exercise; the score is None until it is graded manually, which `by_hand` says."""

    name: str
    score: float | None
    max_score: float
    by_hand: bool = False


@dataclass
class StudentResult:
    """One student's result in a week.

    Attributes:
        note: why there is no grade: nothing was handed in, it is not graded, or could not be used; "" if there is one.
        failures: why the code of an exercise did not run to the end, by exercise.
        unattempted: exercises that are as they were released.
        repeats_examples: exercises that pass what is shown and nothing that is hidden.
    """

    student: str
    first_name: str
    last_name: str
    score: float
    max_score: float
    late_penalty: float
    submitted: str
    to_grade: bool
    note: str = ""
    email: str = ""
    lms: str = ""
    section: str = ""
    exercises: dict[str, ExerciseResult] = field(default_factory=dict)
    misconceptions: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    unattempted: set[str] = field(default_factory=set)
    repeats_examples: list[str] = field(default_factory=list)

    @property
    def unmarked(self) -> float:
        """The points of the answers that nobody has marked yet."""
        return sum(item.max_score for item in self.exercises.values() if item.score is None)

    @property
    def marked(self) -> float:
        """The best possible score without the answers that nobody has marked yet."""
        return self.max_score - self.unmarked

    def outcome(self, exercise: str) -> Outcome | None:
        """What became of an exercise; None if there is no result."""
        result = self.exercises.get(exercise)
        if result is None or self.note:
            return None
        if result.score is None:
            return Outcome.WAITS
        if result.score >= result.max_score:
            return Outcome.RIGHT
        if exercise in self.failures:
            return self.failures[exercise].kind
        if exercise in self.unattempted:
            return Outcome.UNATTEMPTED
        return Outcome.PARTLY if result.score else Outcome.WRONG

    @property
    def waits(self) -> bool:
        """Whether an answer waits to be marked by a person."""
        return self.unmarked > 0

    @property
    def to_review(self) -> bool:
        """Whether marks given by hand are for work that was graded again since."""
        return self.to_grade and not self.waits

    @property
    def is_final(self) -> bool:
        """Whether there is a grade, and nothing in it waits for a person."""
        return not (self.note or self.waits or self.to_review)

    @property
    def remark(self) -> str:
        """Why the grade is not final; "" if it is."""
        if self.note:
            return self.note
        return f"{self.unmarked:g} points to be marked" if self.waits else "marks to be reviewed" * self.to_review

    @property
    def share(self) -> float:
        """The score as a share of the points that are marked."""
        return self.score / self.marked if self.marked else 0.0


@dataclass
class WeekResults:
    """A week: its exercises in the lessons' order, and a result for everybody in the gradebook or submitted/.

    Attributes:
        checked: exercises that have checks; a person marks the others.
    """

    week: str
    titles: list[str]
    exercises: dict[str, float]
    students: list[StudentResult]
    checked: set[str] = field(default_factory=set)

    @property
    def graded(self) -> list[StudentResult]:
        """The students whose submissions are graded."""
        return [student for student in self.students if not student.note]

    @property
    def waiting(self) -> int:
        """How many have an answer that nobody has marked yet."""
        return sum(student.waits for student in self.graded)

    @property
    def to_review(self) -> int:
        """How many have marks that are to be reviewed."""
        return sum(student.to_review for student in self.graded)

    def facility(self, exercise: str) -> float | None:
        """The mean share of an exercise's points; None if nothing is graded."""
        shares = [
            result.score / result.max_score
            for student in self.students
            if (result := student.exercises.get(exercise)) is not None and result.score is not None
        ]
        return sum(shares) / len(shares) if shares else None

    def shares(self) -> np.ndarray:
        """The share of each exercise's points that each graded student has; NaN where nobody has marked it.

        The shape is (students, exercises), in the order of `exercises`.
        """
        found = np.full((len(self.graded), len(self.exercises)), np.nan)
        for row, student in enumerate(self.graded):
            for column, name in enumerate(self.exercises):
                result = student.exercises.get(name)
                if result is not None and result.score is not None and result.max_score:
                    found[row, column] = result.score / result.max_score
        return found

    def misconceptions(self) -> Counter[tuple[str, str]]:
        """How many students met each misconception, by exercise and name."""
        return Counter(item for student in self.students for item in set(student.misconceptions))


def read_results(course: Course, week: str) -> WeekResults:
    """The results of a graded week, from the gradebook and the graded notebooks.

    Raises:
        GradingError: nothing is graded.
    """
    course.need_week(week)
    results = WeekResults(week, [], {}, [])
    handed_in = set(students_with_submissions(course, week)[0])
    with course.gradebook() as gradebook:
        results.students = _students(course, gradebook, week, handed_in)
    if not results.graded:
        raise GradingError(f"nothing is graded for {week}; run `python -m grader grade {week}` first")
    sections = read_sections(course)
    for student in results.students:
        student.section = sections.get(student.student, "")
        if not student.note:
            for notebook in graded_notebooks(course, week, student.student).values():
                _add_notebook(results, student, notebook)
            # Who has marks by hand nevertheless was judged by a person.
            if is_unreadable(student.problems) and not any(item.by_hand for item in student.exercises.values()):
                student.note = UNREADABLE
    results.students.sort(key=lambda item: item.student)
    return results


def _students(course: Course, gradebook: Gradebook, week: str, handed_in: set[str]) -> list[StudentResult]:
    """A result for each student: of a submission, or without one."""
    try:
        submissions = list(gradebook.assignment_submissions(week))
    except MissingEntry:
        submissions = []
    # An entry alone is not a grade: nbgrader makes one to note an extension.
    graded = [item for item in submissions if (course.autograded / item.student.id / week).is_dir() or item.score]
    found = {item.student.id: _student(item) for item in graded}
    possible = float(gradebook.find_assignment(week).max_score)
    for student in gradebook.students:
        if student.id not in found:
            result = found[student.id] = _new(student, 0.0, possible)
            result.note = NOT_GRADED if student.id in handed_in else NOTHING
    for name in sorted(handed_in - set(found)):
        found[name] = StudentResult(name, "", "", 0.0, possible, 0.0, "", False, note=NOT_GRADED)
    return list(found.values())


def _new(student: Any, score: float, max_score: float) -> StudentResult:
    result = StudentResult(
        student.id, student.first_name or "", student.last_name or "", score, max_score, 0.0, "", False
    )
    result.email, result.lms = student.email or "", student.lms_user_id or ""
    return result


def _student(submission: Any) -> StudentResult:
    penalty = float(submission.late_submission_penalty or 0)
    score = max(0.0, float(submission.score) - penalty)
    result = _new(submission.student, score, float(submission.max_score))
    result.late_penalty = penalty
    result.submitted = _utc(submission.timestamp)
    result.to_grade = bool(submission.needs_manual_grade)
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            name = grade.name.partition("-check")[0]
            item = result.exercises.setdefault(name, ExerciseResult(name, 0.0, 0.0))
            item.max_score += float(grade.max_score)
            item.by_hand |= grade.manual_score is not None
            if is_unmarked(grade):
                item.score = None
            elif item.score is not None:
                item.score += float(grade.score or 0)
    result.exercises = {name: item for name, item in result.exercises.items() if item.max_score}  # not the optional
    return result


def _utc(time: datetime | None) -> str:
    return "" if time is None else time.replace(tzinfo=UTC).isoformat(sep=" ")


def _add_notebook(results: WeekResults, student: StudentResult, notebook: Any) -> None:
    title = notebook.metadata.get("course", {}).get("title", "")
    if title and title not in results.titles:
        results.titles.append(title)
    student.problems += notebook_problems(notebook)
    for cell in notebook.cells:
        name = cell.metadata.get("course", {}).get("exercise")
        if name in student.exercises:
            results.exercises.setdefault(name, student.exercises[name].max_score)
            if cell.metadata.course.get("role") == Role.WRITTEN and _is_blank(student.exercises[name]):
                student.unattempted.add(name)
    reports = [report for report in cell_reports(notebook) if report.exercise in student.exercises]
    results.checked |= {report.exercise for report in reports}
    _add_failures(student, reports)
    for report in reports:
        student.repeats_examples += [report.exercise] if report.repeats_examples else []
        student.misconceptions += [(report.exercise, name) for name in report.misconceptions]


def _is_blank(written: ExerciseResult) -> bool:
    """Whether a written answer was left as it was released, for which nbgrader gives 0 by itself."""
    return written.score == 0 and not written.by_hand


def _add_failures(student: StudentResult, reports: Sequence[CellReport]) -> None:
    """Note which exercises did not run to the end, or were not begun."""
    for name in dict.fromkeys(report.exercise for report in reports):
        own = [report for report in reports if report.exercise == name]
        failure = failure_of(own)
        if failure is not None:
            student.failures[name] = failure
        elif is_unattempted(own):
            student.unattempted.add(name)
