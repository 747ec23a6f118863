"""Which row of an LMS's table is which student's."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from grader.errors import GradingError
from grader.lms.sheets import Export, Sheet, slug
from grader.reports.week_results import StudentResult
from grader.text import visible

__all__ = ["Keys", "KeysOf", "add_unmatched", "lms_number", "match_rows", "plain_name"]

QUOTED = re.compile(r'="(.*)"')  # as Canvas writes a name that begins like a formula


@dataclass(frozen=True)
class Keys:
    """What a row of a table says about its student; what it does not say is empty.

    Attributes:
        lasting: whether the number is the same in all of the LMS, so that another one is another student's.
    """

    number: str = ""
    ids: tuple[str, ...] = ()
    email: str = ""
    name: str = ""
    lasting: bool = True


KeysOf = Callable[[list[str]], Keys | None]  # None for a row that is no student's


def lms_number(text: str) -> str:
    """The digits of an LMS's number for a student.

    >>> lms_number("34"), lms_number("Participant 345"), lms_number("lovelace")
    ('34', '345', '')
    """
    found = re.fullmatch(r"\D*(\d+)", text.strip())
    return found[1] if found else ""


def match_rows(sheet: Sheet, keys_of: KeysOf, students: Iterable[StudentResult]) -> dict[int, StudentResult]:
    """The student of each row that is a student's and known, by the row's index.

    The LMS's number counts most, then an id, then the address, and the name last, of those only whose
    numbers do not contradict each other.

    Raises:
        GradingError: two rows are the same student's.
    """
    known = list(students)
    found: dict[int, StudentResult] = {}
    rows: dict[str, int] = {}
    for index, row in enumerate(sheet.rows):
        keys = keys_of(row)
        student = _student(keys, known) if keys else None
        if student is None:
            continue
        other = rows.setdefault(student.student, index)
        if other != index:
            both = f"{sheet.rows[other][0]!r} and {row[0]!r}"
            raise GradingError(
                f"{sheet.name}: the rows {both} are both {student.student}'s; give numbers in the roster"
            )
        found[index] = student
    return found


def add_unmatched(
    export: Export,
    sheet: Sheet,
    keys_of: KeysOf,
    found: dict[int, StudentResult],
    students: Iterable[StudentResult],
    *,
    lasting: Literal["lms", "email"],
    advice: str,
) -> None:
    """Say which rows have no student, and which graded students no row; `advice` is for those without `lasting`."""
    rows = [keys for index, row in enumerate(sheet.rows) if index not in found and (keys := keys_of(row))]
    if rows:
        said = "; ".join(visible(keys.name or keys.email or keys.number) for keys in rows)
        export.notes.append(f"in {sheet.name} and not here, left as they were: {said}")
    there = {student.student for student in found.values()}
    for student in students:
        if student.student not in there and student.is_final:
            name = f"{student.first_name} {student.last_name}".strip()
            looked = ", ".join(filter(None, (student.lms, student.email, name)))
            known = f" (looked for {visible(looked)})" if looked else ""
            what = "it lacks their row, or calls them otherwise" if getattr(student, lasting) else advice
            export.problems.append(
                f"{visible(student.student)} is graded, and no row of {sheet.name} is theirs{known}: {what}"
            )


def _student(keys: Keys, students: list[StudentResult]) -> StudentResult | None:
    by: dict[str, list[StudentResult]] = defaultdict(list)
    for student in students:
        number = lms_number(student.lms)
        if keys.number and number == keys.number:
            by["number"].append(student)
        if keys.lasting and keys.number and number and number != keys.number:
            continue
        if student.student in keys.ids or (student.email and student.email in keys.ids):
            by["id"].append(student)
        if keys.email and student.email.casefold() == keys.email.casefold():
            by["email"].append(student)
        if keys.name and slug(keys.name) in _names(student):
            by["name"].append(student)
    for kind in ("number", "id", "email", "name"):
        if by[kind]:
            return by[kind][0] if len(by[kind]) == 1 else None
    return None


def _names(student: StudentResult) -> set[str]:
    last, first = student.last_name, student.first_name
    return {slug(f"{first} {last}"), slug(f"{last} {first}")} - {""}


def plain_name(text: str) -> str:
    """A name without what keeps a spreadsheet from computing it.

    >>> plain_name('="=Eve"'), plain_name("Lovelace, Ada")
    ('=Eve', 'Lovelace, Ada')
    """
    quoted = QUOTED.fullmatch(text.strip())
    return quoted[1] if quoted else text.strip()
