"""The results of a graded week, for the report and the export."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from nbgrader.api import MissingEntry

from grader.batch.grade_week import cell_reports, graded_notebooks, notebook_problems
from grader.errors import GradingError
from grader.lessons.course import Course

__all__ = ["ExerciseResult", "StudentResult", "WeekResults", "read_results"]


@dataclass
class ExerciseResult:
    """One student's result in one exercise; the score is None until it is graded manually."""

    name: str
    score: float | None
    max_score: float


@dataclass
class StudentResult:
    """One student's result in a week.

    Attributes:
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
    exercises: dict[str, ExerciseResult] = field(default_factory=dict)
    misconceptions: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    repeats_examples: list[str] = field(default_factory=list)


@dataclass
class WeekResults:
    """A week: its exercises in the lessons' order, and a result per student."""

    week: str
    titles: list[str]
    exercises: dict[str, float]
    students: list[StudentResult]

    def facility(self, exercise: str) -> float | None:
        """The mean share of an exercise's points; None if nothing is graded."""
        shares = [
            result.score / result.max_score
            for student in self.students
            if (result := student.exercises.get(exercise)) is not None and result.score is not None
        ]
        return sum(shares) / len(shares) if shares else None

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
    with course.gradebook() as gradebook:
        try:
            submissions = list(gradebook.assignment_submissions(week))
        except MissingEntry:
            submissions = []
        results.students = [_student(submission) for submission in submissions]
    if not results.students:
        raise GradingError(f"nothing is graded for {week}; run `python -m grader grade {week}` first")
    for student in results.students:
        for notebook in graded_notebooks(course, week, student.student):
            _add_notebook(results, student, notebook)
    results.students.sort(key=lambda item: item.student)
    return results


def _student(submission: Any) -> StudentResult:
    student = submission.student
    penalty = float(submission.late_submission_penalty or 0)
    result = StudentResult(
        student.id,
        student.first_name or "",
        student.last_name or "",
        max(0.0, float(submission.score) - penalty),
        float(submission.max_score),
        penalty,
        submission.timestamp.isoformat(sep=" ") if submission.timestamp else "",
        bool(submission.needs_manual_grade),
    )
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            name = grade.name.partition("-check")[0]
            item = result.exercises.setdefault(name, ExerciseResult(name, 0.0, 0.0))
            item.max_score += float(grade.max_score)
            if grade.needs_manual_grade:
                item.score = None
            elif item.score is not None:
                item.score += float(grade.score or 0)
    return result


def _add_notebook(results: WeekResults, student: StudentResult, notebook: Any) -> None:
    title = notebook.metadata.get("course", {}).get("title", "")
    if title and title not in results.titles:
        results.titles.append(title)
    student.problems += notebook_problems(notebook)
    for cell in notebook.cells:
        name = cell.metadata.get("course", {}).get("exercise")
        if name in student.exercises:
            results.exercises.setdefault(name, student.exercises[name].max_score)
    for report in cell_reports(notebook):
        student.repeats_examples += [report.exercise] if report.repeats_examples else []
        student.misconceptions += [
            (report.exercise, check.misconception) for check in report.checks if check.misconception
        ]
