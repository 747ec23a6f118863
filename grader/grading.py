"""Grade a week's submissions, one by one, through nbgrader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import MissingEntry

from grader.course import Course
from grader.errors import GradingError
from grader.sandbox import why_no_sandbox
from grader.verify import CellReport

__all__ = ["Graded", "grade_week", "graded_notebooks", "make_feedback", "students_with_submissions"]


@dataclass
class Graded:
    """What became of one student's submission."""

    student: str
    state: str  # "graded", "already graded" or "failed"
    score: float = 0.0
    max_score: float = 0.0
    problem: str = ""


def students_with_submissions(course: Course, week: str) -> tuple[list[str], list[str]]:
    """The students with a notebook for the week, and those whose folder holds none."""
    folders = sorted(path for path in course.submitted.glob(f"*/{week}") if path.is_dir())
    having = [path.parent.name for path in folders if any(path.glob("*.ipynb"))]
    return having, [path.parent.name for path in folders if path.parent.name not in having]


def grade_week(
    course: Course,
    week: str,
    *,
    students: Iterable[str] = (),
    force: bool = False,
    unsafe_without_sandbox: bool = False,
    progress: Callable[[list[str]], Iterator[str]] = iter,
) -> list[Graded]:
    """Grade what has been submitted for a week and is not graded yet.

    Args:
        course: the folders.
        week: nbgrader's assignment.
        students: whom to grade; everyone if empty.
        force: grade again what is graded.
        unsafe_without_sandbox: run student code with process limits only where
            there is no sandbox.
        progress: wraps the list of students, to show how far it is.

    Returns:
        An entry per student, in order; a submission that failed is one of them.

    Raises:
        GradingError: nothing to grade, an unknown student, or no sandbox.
    """
    course.need_week(week)
    reason = why_no_sandbox()
    if reason and not (unsafe_without_sandbox or course.config.RunSubmission.get("unsafe_without_sandbox")):
        raise GradingError(
            f"student code would run without a sandbox: {reason}.\nTo grade all the same, with process limits only, "
            "pass --unsafe-without-sandbox. Whatever the students wrote then runs as you."
        )
    if unsafe_without_sandbox:
        course.config.RunSubmission.unsafe_without_sandbox = True
        course.__dict__.pop("api", None)
    having, _ = students_with_submissions(course, week)
    chosen = list(students) or having
    unknown = [student for student in chosen if student not in having]
    if unknown:
        raise GradingError(f"{', '.join(unknown)} handed in no notebook for {week} (looked in {course.submitted})")
    if not chosen:
        raise GradingError(f"nothing to grade: no folder {course.submitted}/<student>/{week} holds a notebook")
    return [_grade_one(course, week, student, force) for student in progress(chosen)]


def _grade_one(course: Course, week: str, student: str, force: bool) -> Graded:
    before = _timestamps(course, week, student)
    result = course.api.autograde(week, student, force=force, create=True)
    if not result["success"]:
        if "KeyboardInterrupt" in str(result.get("error", "")).splitlines()[-1:]:
            raise KeyboardInterrupt  # nbgrader takes it for a failure like any other
        lines = str(result.get("log") or result.get("error") or "").strip().splitlines()
        reason = next((line for line in reversed(lines) if "Error" in line), lines[-1] if lines else "no reason given")
        return Graded(student, "failed", problem=reason.strip())
    with course.gradebook() as gradebook:
        try:
            submission = gradebook.find_submission(week, student)
        except MissingEntry:
            return Graded(student, "failed", problem="nbgrader left no entry in the gradebook")
        score, best = float(submission.score), float(submission.max_score)
    same = before is not None and before == _timestamps(course, week, student)
    problems = [text for notebook in graded_notebooks(course, week, student) for text in notebook_problems(notebook)]
    return Graded(student, "already graded" if same else "graded", score, best, " ".join(problems))


def _timestamps(course: Course, week: str, student: str) -> list[tuple[str, int]] | None:
    files = sorted((course.autograded / student / week).glob("*.ipynb"))
    return [(path.name, path.stat().st_mtime_ns) for path in files] or None


def graded_notebooks(course: Course, week: str, student: str) -> list[Any]:
    """The graded notebooks of a submission."""
    return [_read(path) for path in sorted((course.autograded / student / week).glob("*.ipynb"))]


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def notebook_problems(notebook: Any) -> list[str]:
    """What had to be said about a submitted file."""
    return [str(item) for item in notebook.metadata.get("course", {}).get("problems", [])]


def cell_reports(notebook: Any) -> list[CellReport]:
    """The reports in a graded notebook."""
    forms = [cell.metadata.get("course", {}).get("report") for cell in notebook.cells]
    return [CellReport.from_json(form) for form in forms if form is not None]


def make_feedback(course: Course, week: str, *, progress: Callable[[list[str]], Iterator[str]] = iter) -> list[Graded]:
    """Write the feedback pages of all graded submissions of a week."""
    course.need_week(week)
    students = sorted(path.parent.name for path in course.autograded.glob(f"*/{week}"))
    if not students:
        raise GradingError(f"nothing is graded for {week}; run `python -m grader grade {week}` first")
    made = []
    for student in progress(students):
        result = course.api.generate_feedback(week, student, force=True)
        problem = "" if result["success"] else str(result.get("log") or result.get("error"))
        made.append(Graded(student, "failed" if problem else "graded", problem=problem))
    return made
