"""A week's grades as CSV, quoted so that every spreadsheet can read it, and so that it runs none of it."""

from __future__ import annotations

import csv
from typing import TextIO

from grader.lessons.course import Course
from grader.reports.week_results import read_results
from grader.text import visible

__all__ = ["harmless", "write_csv"]

FORMULA = ("=", "+", "-", "@")  # with which spreadsheets begin a formula
COLUMNS = "student last_name first_name week score max_score late_penalty submitted to_grade".split()


def harmless(text: str) -> str:
    r"""A name as no spreadsheet takes it for a formula, and without control characters.

    >>> harmless("Ada"), harmless("=HYPERLINK(1)"), harmless("a\x1b[2J")
    ('Ada', "'=HYPERLINK(1)", 'a\\x1b[2J')
    """
    text = visible(text)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def write_csv(course: Course, week: str, stream: TextIO) -> None:
    """Write a row per student: names, score, penalty, then each exercise's points."""
    results = read_results(course, week)
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*COLUMNS, *results.exercises])
    for student in results.students:
        scores = [student.exercises[name].score if name in student.exercises else None for name in results.exercises]
        writer.writerow(
            [
                harmless(student.student),
                harmless(student.last_name),
                harmless(student.first_name),
                week,
                f"{student.score:g}",
                f"{student.max_score:g}",
                f"{student.late_penalty:g}",
                student.submitted,
                "yes" if student.to_grade else "",
                *("" if score is None else f"{score:g}" for score in scores),
            ]
        )
