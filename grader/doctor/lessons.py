"""Check that what is graded was built from the lessons as they are now."""

from __future__ import annotations

from grader.doctor.environment import GOOD, POOR, Finding
from grader.lessons.build import changed_since_build
from grader.lessons.course import Course

__all__ = ["check_lessons"]


def check_lessons(course: Course) -> Finding:
    """Whether lessons have changed since they were built."""
    changed = changed_since_build(course, course.weeks())
    if changed:
        advice = "Run `make build`, then `python -m grader regrade` with --dry-run for these weeks"
        return Finding("lessons", POOR, f"changed since the last build: {', '.join(changed)}", advice)
    return Finding("lessons", GOOD, "none has changed since the last build, as far as that is known")
