"""Which submissions are graded as they are now, and when they were handed in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from grader.lessons.course import Course
from grader.submissions.reader import fetch, find_submissions, is_up_to_date
from grader.submissions.timestamps import read_timestamp

__all__ = ["is_graded", "time_of_graded"]


def is_graded(course: Course, week: str, student: str, released: Mapping[str, Any]) -> bool:
    """Whether autograded/ contains the complete result of the files in submitted/; their times do not matter."""
    source, target = course.submitted / student / week, course.autograded / student / week
    files = {name: fetch(path) for name, (path, _) in find_submissions(source, dict(released)).items()}
    return is_up_to_date(target, files)


def time_of_graded(
    course: Course, week: str, student: str, known: datetime | None, released: Mapping[str, Any]
) -> datetime | None:
    """When what is graded was handed in, UTC: as submitted/ says now, or as `known` if something else is there."""
    folder = course.submitted / student / week
    now = read_timestamp(str(folder))
    if now == known or not any(folder.glob("*.ipynb")):
        return known
    return now if is_graded(course, week, student, released) else known
