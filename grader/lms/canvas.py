"""A week's grades as Canvas's gradebook imports them (Grades, Import).

Its importer (`lib/gradebook_importer.rb`) wants the columns Student and ID, then SIS User ID and SIS Login
ID, then Section, and takes every further column for an assignment, `Title (number)`; an unknown title makes
a new one. It finds a student by ID, then by the SIS numbers, and by the name last. A line of "Points
Possible" tells which columns are read only. An empty cell takes a grade away that is there, so that
a grade that is not known yet stays as the template has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from grader.errors import GradingError
from grader.lms.grades import add_notes, final_score
from grader.lms.matching import Keys, add_unmatched, lms_number, match_rows, plain_name
from grader.lms.sheets import Export, Sheet, number
from grader.reports.week_results import WeekResults
from grader.text import harmless, visible

__all__ = ["canvas_table", "filled_canvas_table"]

POINTS = "    Points Possible"  # as Canvas writes it
ABOUT_STUDENTS = {
    *("student", "lastname", "firstname", "id", "sis user id", "sis login id", "integration id"),
    *("root account", "section"),
}
TOTALS = [
    f"{kind} {what}" for kind in ("current", "final", "override") for what in ("score", "points", "grade", "status")
]
EXCUSED, NOT_ASSIGNED = "EX", "N/A"


def canvas_table(results: WeekResults, column: str, *, zero_missing: bool) -> Export:
    """A table with a row for each student and one assignment, for a course in which it is not yet.

    Args:
        results: the week.
        column: the assignment's title; "" for the week's name.
        zero_missing: whether who handed in nothing gets 0.
    """
    title = column or results.week
    sheet = Sheet("", ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", harmless(title)], [])
    sheet.rows.append([POINTS, "", "", "", "", number(_best(results))])
    export = Export("")
    left = []
    for student in results.students:
        score = final_score(student, zero_missing=zero_missing)
        if score is None:
            left.append(student)  # an empty cell would take away what is there
            continue
        name = ", ".join(filter(None, (student.last_name, student.first_name))) or student.student
        about = (name, lms_number(student.lms), "", student.student, student.section)
        sheet.rows.append([*map(harmless, about), number(score)])
    export.text = sheet.text()
    export.notes.append(f"an assignment {visible(title)} that Canvas does not have is made anew; --template avoids it")
    add_notes(export, left)
    return export


def filled_canvas_table(results: WeekResults, sheet: Sheet, column: str, *, zero_missing: bool) -> Export:
    """The table that Canvas exported, with the grades of one assignment filled in, and the rest as it was.

    Args:
        results: the week.
        sheet: Canvas's table.
        column: the assignment's title, with its number or without, or the number; "" to look for the week.
        zero_missing: whether who handed in nothing gets 0.

    Raises:
        GradingError: it is not Canvas's table, the column is not found or is read only, or rows are ambiguous.
    """
    if sheet.place("student", "lastname") != 0 or sheet.place("id") is None or sheet.place("section") is None:
        raise GradingError(f"{sheet.name} is not Canvas's table: its columns begin with Student, ID, …, Section")
    points = next((row for row in sheet.rows if "Points Possible" in row[0]), [""] * len(sheet.columns))
    place = sheet.grade_column(column, (results.week, *results.titles), _assignments(sheet, points))
    keys_of = partial(_keys, sheet)
    found = match_rows(sheet, keys_of, results.students)
    export, left = Export(""), []
    for index, student in found.items():
        cell = sheet.rows[index][place].strip()
        score = final_score(student, zero_missing=zero_missing)
        if cell.upper() in (EXCUSED, NOT_ASSIGNED):
            why = "excused" if cell.upper() == EXCUSED else "not assigned"
            export.notes.append(f"{visible(student.student)}: Canvas has this assignment as {why}; left as it is")
        elif score is None:
            left.append(student)
        else:
            sheet.rows[index][place] = number(score)
    export.text = sheet.text()
    if points[place] and not _equals(points[place], _best(results)):
        have = f"{visible(points[place].strip())} points in Canvas, and {number(_best(results))} here"
        export.notes.append(f"{visible(sheet.columns[place])} has {have}: change the assignment's points in Canvas")
    add_notes(export, left)
    add_unmatched(
        export,
        sheet,
        keys_of,
        found,
        results.students,
        lasting="lms",
        advice="give the roster Canvas's number (column lms)",
    )
    return export


def _best(results: WeekResults) -> float:
    return max((student.max_score for student in results.graded), default=0.0)


def _equals(text: str, value: float) -> bool:
    try:
        return abs(float(text.replace(",", ".")) - value) < 0.005
    except ValueError:
        return False


def _assignments(sheet: Sheet, points: list[str]) -> Iterator[int]:
    """The places of the columns that can be imported."""
    for place, name in enumerate(sheet.columns):
        folded = name.strip().casefold()
        if folded in ABOUT_STUDENTS or any(total in folded for total in TOTALS) or "read only" in points[place]:
            continue
        yield place


def _keys(sheet: Sheet, row: list[str]) -> Keys | None:
    """What a row says about its student; None for Canvas's lines about points and hidden grades."""
    number_, login, sis = (sheet.cell(row, name) for name in ("id", "sis login id", "sis user id"))
    if "Points Possible" in row[0] or not (number_ or login or sis):
        return None
    first = sheet.cell(row, "firstname")
    name = plain_name(row[0]) + (f", {plain_name(first)}" if first else "")
    return Keys(number_, tuple(filter(None, (login, sis))), login if "@" in login else "", name)
