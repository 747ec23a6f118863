"""A week's grades as CSV, quoted so that every spreadsheet can read it, and so that it runs none of it."""

from __future__ import annotations

import csv
from typing import TextIO

from grader.lessons.course import Course
from grader.reports.week_results import read_results
from grader.text import harmless

__all__ = ["write_csv"]

ABOUT = "student last_name first_name email lms section".split()
COLUMNS = [*ABOUT, *"week score max_score late_penalty submitted to_grade to_mark note".split()]


def write_csv(course: Course, week: str, stream: TextIO) -> None:
    """Write a row per student, who need not have handed in: names, score, penalty, then each exercise's points."""
    results = read_results(course, week)
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*COLUMNS, *results.exercises])
    for student in results.students:
        scores = [student.exercises[name].score if name in student.exercises else None for name in results.exercises]
        own = (student.student, student.last_name, student.first_name, student.email, student.lms, student.section)
        writer.writerow(
            [
                *map(harmless, own),
                week,
                f"{student.score:g}",
                f"{student.max_score:g}",
                f"{student.late_penalty:g}",
                student.submitted,
                "yes" if student.to_grade else "",
                f"{student.unmarked:g}",
                student.note,
                *("" if score is None else f"{score:g}" for score in scores),
            ]
        )
