"""Check all of deadlines.toml, so that a mistake about a later week is found before that week is graded."""

from __future__ import annotations

from grader.doctor.environment import BAD, GOOD, Finding
from grader.errors import GradingError
from grader.lessons.course import Course
from grader.nbgrader_plugins.deadlines import FILE, read_deadline

__all__ = ["check_deadlines"]


def check_deadlines(course: Course) -> Finding:
    """Whether what deadlines.toml says about every week can be meant."""
    if not (course.root / FILE).exists():
        return Finding("deadlines", GOOD, f"there is no {FILE}: due dates are those in the gradebook, if any")
    problems, due = [], 0
    for week in course.weeks():
        try:
            due += read_deadline(course, week).due is not None
        except GradingError as problem:
            problems.append(str(problem))
    if problems:
        return Finding("deadlines", BAD, "; ".join(dict.fromkeys(problems)), "Correct that file")
    return Finding("deadlines", GOOD, f"{FILE} names when {due} of {len(course.weeks())} weeks are due")
