"""A week's grades as Moodle imports them: into its gradebook, or as an assignment's offline grading worksheet.

Moodle's gradebook import (`grade/import/csv`) finds each row's user by one column, of addresses or of ID
numbers. One unknown user ends the whole import, and a row without one is given to the user before it; so
rows without a certain address are left out. An empty grade takes away what is there. Feedback is imported together with
its grade. The worksheet (*Download grading worksheet*) is recognised by its column Identifier.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from grader.errors import GradingError
from grader.lms.grades import add_notes, comment, final_score
from grader.lms.matching import Keys, add_unmatched, lms_number, match_rows, plain_name
from grader.lms.sheets import Export, Sheet, number
from grader.reports.week_results import WeekResults
from grader.text import harmless, visible

__all__ = ["filled_moodle_table", "moodle_table"]

MOST = 100  # points, unless the site allows more
FIRST, LAST = ("first name",), ("surname", "last name", "family name")
ADDRESS, IDS = ("email address", "email"), ("id number", "username")
ABOUT_STUDENTS = {
    *(*FIRST, *LAST, *ADDRESS, *IDS),
    *("identifier", "full name", "status", "institution", "department", "maximum grade", "grade can be changed"),
    *("feedback comments", "course total", "course total (real)"),
}


def moodle_table(results: WeekResults, column: str, *, by: str, zero_missing: bool) -> Export:
    """A table for the gradebook's import.

    Args:
        results: the week.
        column: what the column of grades is called; "" for the week's name.
        by: "email" or "id": what Moodle finds its users by.
        zero_missing: whether who handed in nothing gets 0.
    """
    title = harmless(column or results.week)
    who = "Email address" if by == "email" else "ID number"
    sheet = Sheet("", ["First name", "Last name", who, title, f"{title} (Feedback)"], [])
    export, left = Export(""), []
    nobody: dict[str, list[str]] = {}
    what = "the address" if by == "email" else "the id"
    for student in results.students:
        score = final_score(student, zero_missing=zero_missing)
        key = student.email if by == "email" else student.student
        if score is None:
            left.append(student)
        elif not key or harmless(key) != key:  # neutralised, it would be nobody's
            reason = f"{what} begins like a formula or does not print" if key else "the roster has no e-mail address"
            nobody.setdefault(reason, []).append(visible(student.student))
        else:
            names = (harmless(student.first_name), harmless(student.last_name))
            sheet.rows.append([*names, key, number(score), comment(student)])
    export.text = sheet.text()
    for reason, names_ in nobody.items():
        export.problems.append(f"left out, though graded: {', '.join(names_)}: {reason}; enter the grades in Moodle")
    export.notes += _too_many_points(results)
    add_notes(export, left)
    return export


def filled_moodle_table(results: WeekResults, sheet: Sheet, column: str, *, zero_missing: bool) -> Export:
    """The worksheet or the gradebook that Moodle exported, with grades and feedback filled in, and the rest as it was.

    Args:
        results: the week.
        sheet: Moodle's table.
        column: the column of the grades; "" to look for Grade, or for the week.
        zero_missing: whether who handed in nothing gets 0.

    Raises:
        GradingError: it is not Moodle's table, the column is not found, or rows are ambiguous.
    """
    worksheet = sheet.place("identifier") is not None
    if not worksheet and sheet.place(*ADDRESS, *IDS) is None:
        lacks = "it has neither Identifier nor Email address; export it with Moodle in English"
        raise GradingError(f"{sheet.name} is not Moodle's table: {lacks}")
    guesses = ("Grade",) if worksheet else (results.week, *results.titles)
    place = sheet.grade_column(column, guesses, _grades(sheet))
    title = sheet.columns[place].removesuffix(" (Real)").removesuffix(" (Points)").casefold()
    said = sheet.place("feedback comments") if worksheet else sheet.place(f"{title} (feedback)")
    keys_of = partial(_keys, sheet)
    found = match_rows(sheet, keys_of, results.students)
    export, left = Export(""), []
    for index, student in found.items():
        row = sheet.rows[index]
        score = final_score(student, zero_missing=zero_missing)
        if sheet.cell(row, "grade can be changed").casefold() == "no":
            export.problems.append(f"{visible(student.student)}: the worksheet says that the grade cannot be changed")
        elif score is None:
            left.append(student)
        else:
            row[place] = number(score)
            if said is not None and not row[said].strip():  # a person's words stay
                row[said] = comment(student)
    export.text = sheet.text()
    export.notes += _other_maximum(results, sheet) if worksheet else _too_many_points(results)
    add_notes(export, left)
    add_unmatched(
        export, sheet, keys_of, found, results.students, lasting="email", advice="give the roster their e-mail address"
    )
    return export


def _too_many_points(results: WeekResults) -> list[str]:
    best = max((student.max_score for student in results.graded), default=0.0)
    if best <= MOST:
        return []
    return [f"there are {number(best)} points, and Moodle refuses grades above {MOST} unless the site allows them"]


def _other_maximum(results: WeekResults, sheet: Sheet) -> list[str]:
    best = number(max((student.max_score for student in results.graded), default=0.0))
    there = {sheet.cell(row, "maximum grade") for row in sheet.rows} - {""}
    other = sorted(text for text in there if not text.startswith(best) or text[len(best) :].strip(".,0"))
    return [f"the maximum grade is {other[0]} in Moodle, and {best} here: change it in the assignment"] if other else []


def _grades(sheet: Sheet) -> Iterator[int]:
    """The places of the columns that may be grades."""
    for place, name in enumerate(sheet.columns):
        folded = name.strip().casefold()
        if folded not in ABOUT_STUDENTS and not folded.startswith("last ") and not folded.endswith("(feedback)"):
            yield place


def _keys(sheet: Sheet, row: list[str]) -> Keys:
    first, last = sheet.cell(row, *FIRST), sheet.cell(row, *LAST)
    name = sheet.cell(row, "full name") or f"{plain_name(first)} {plain_name(last)}"
    ids = tuple(filter(None, (sheet.cell(row, text) for text in IDS)))
    number_ = lms_number(sheet.cell(row, "identifier"))  # which is another one in each assignment
    return Keys(number_, ids, sheet.cell(row, *ADDRESS), name.strip(), lasting=False)
