"""Which grades of a week are not final: they rest on what has changed since, or wait for a person."""

from __future__ import annotations

from collections.abc import Iterable

from nbgrader.api import Gradebook, MissingEntry

from grader.batch.grade_week import stale_reasons
from grader.errors import Problem
from grader.grading.pipeline import GradingContext
from grader.lessons.course import Course
from grader.lessons.notebooks import released_notebooks
from grader.nbgrader_plugins.marking import is_unmarked
from grader.nbgrader_plugins.preprocessors import RunSubmission
from grader.offering.store import references_of
from grader.text import first_of, visible

__all__ = ["stale_grades", "waiting_grades"]

NAMED = 20  # students that a line names


def stale_grades(course: Course, week: str) -> str:
    """A line that names whose grades rest on older checks, points or limits; "" if nobody's do."""
    students = sorted(path.parent.name for path in course.autograded.glob(f"*/{week}") if path.is_dir())
    if not students:
        return ""
    settings = RunSubmission(config=course.config)
    released = released_notebooks(course.release / week)
    try:
        references = references_of(course, week, released)
    except Problem as problem:
        return f"{week}: whether grades are stale is not known: {problem}"
    # Nothing is run, so whether there is a sandbox does not matter.
    context = GradingContext(released, references, settings.limits, follow_through=settings.follow_through)
    found = [student for student in students if stale_reasons(course, week, student, context)]
    if not found:
        return ""
    return (
        f"{week}: stale grades, as checks, points or limits have changed since: {_named(found)}; "
        f"`python -m grader regrade {week} --dry-run` says what grading them again would change"
    )


def waiting_grades(course: Course, week: str) -> list[str]:
    """Lines that name whose answers wait for marks, and whose points by hand are to be reviewed."""
    with course.gradebook() as gradebook:
        marks, reviews = _waiting(gradebook, week)
    said = [f"{week}: answers wait to be marked in the formgrader: {_named(marks)}"] if marks else []
    return said + ([f"{week}: marks are to be reviewed in the formgrader: {_named(reviews)}"] if reviews else [])


def _waiting(gradebook: Gradebook, week: str) -> tuple[list[str], list[str]]:
    """The students with an answer that nobody has marked; and those of the others with points to review."""
    try:
        submissions = gradebook.assignment_submissions(week)
    except MissingEntry:
        return [], []
    marks: set[str] = set()
    reviews: set[str] = set()
    for submission in submissions:
        for grade in (grade for notebook in submission.notebooks for grade in notebook.grades):
            if grade.needs_manual_grade:
                (marks if is_unmarked(grade) else reviews).add(submission.student.id)
    return sorted(marks), sorted(reviews - marks)


def _named(students: Iterable[str]) -> str:
    return first_of([visible(student) for student in students], NAMED)
