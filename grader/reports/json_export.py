"""A week's grades as JSON, with all that is known, for programs."""

from __future__ import annotations

import json
from typing import Any, TextIO

from grader.lessons.course import Course
from grader.reports.week_results import StudentResult, WeekResults, read_results

__all__ = ["FORMAT", "as_data", "write_json"]

FORMAT = 1  # grows when a name or a meaning changes


def write_json(course: Course, week: str, stream: TextIO) -> None:
    """Write a week's results as JSON."""
    json.dump(as_data(read_results(course, week)), stream, indent=1)  # in ASCII: a folder's name may be no UTF-8
    stream.write("\n")


def as_data(results: WeekResults) -> dict[str, Any]:
    """A week's results as plain data: the points of each exercise, and an entry for each student."""
    return {
        "format": FORMAT,
        "week": results.week,
        "titles": results.titles,
        "exercises": dict(results.exercises),
        "students": [_student(student) for student in results.students],
    }


def _student(student: StudentResult) -> dict[str, Any]:
    about = (
        "student last_name first_name email lms section score max_score late_penalty submitted to_grade note".split()
    )
    data = {name: getattr(student, name) for name in about}
    data["waits"], data["to_mark"] = student.waits, student.unmarked
    data["exercises"] = {
        name: {"score": item.score, "max_score": item.max_score} for name, item in student.exercises.items()
    }
    data["misconceptions"] = [
        {"exercise": exercise, "name": name} for exercise, name in sorted(set(student.misconceptions))
    ]
    data["problems"] = list(student.problems)
    return data
