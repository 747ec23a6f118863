"""The students of a course, from a list of names, addresses, numbers and sections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.errors import GradingError
from grader.submissions.names import checked_id, columns_by_field
from grader.submissions.reader import UnusableFile
from grader.submissions.tables import Row, Table, read_table
from grader.text import first_of

__all__ = ["FIELDS", "Roster", "read_roster"]

FIELDS = ("last_name", "first_name", "email", "lms", "section")
MAX_LENGTH = 128  # characters, in the gradebook
NAMED = 5  # columns that a note names
NO_STUDENT = ("points possible", "student, test", "manual posting")  # lines of Canvas's own in its gradebook
LEFT_ALONE = {"submitted", "sis user id", "integration id", "root account"}  # for `collect`, and Canvas's own


@dataclass
class Roster:
    """The students of a file by id, each with those fields that the file has a value for."""

    path: Path
    students: dict[str, dict[str, str]]
    notes: list[str]


def read_roster(path: Path) -> Roster:
    """The students in a CSV file, which needs a column for the id.

    Raises:
        GradingError: it cannot be read, or a cell is wrong; file, line and column are named.
    """
    table = read_table(path)
    columns = _columns(table)
    students: dict[str, dict[str, str]] = {}
    seen: dict[tuple[str, str], Row] = {}
    notes = [*table.notes, *_unknown_columns(table, columns)]
    for row in table.rows:
        student = _id(row, columns["id"])
        if not student and _is_canvas_own(row):
            continue
        if not student:
            notes.append(f"{path}:{row.line}: there is no id in column {columns['id']}; the line was left out")
            continue
        values = _values(row, columns)
        for kind, value in {"id": student, "lms": values.get("lms", "")}.items():
            other = seen.setdefault((kind, value), row) if value else row
            if other is not row:
                raise row.problem(f"{value} is on line {other.line}, too", columns[kind])
        students[student] = values
    if not students:
        raise GradingError(f"{path} names no student")
    return Roster(path, students, notes)


def _columns(table: Table) -> dict[str, str]:
    """The file's column of each field."""
    found = columns_by_field(table.columns)
    if "id" not in found:
        there = ", ".join(table.columns)
        raise GradingError(
            f"{table.path}:1: a column id is needed, with the names of students' folders; there is {there}"
        )
    return found


def _unknown_columns(table: Table, columns: Mapping[str, str]) -> list[str]:
    """What is to be said about columns that are not taken over."""
    more = [name for name in table.columns if name and name not in {*columns.values(), *LEFT_ALONE}]
    return [f"{table.path}:1: not taken over: the columns {first_of(more, NAMED)}"] if more else []


def _is_canvas_own(row: Row) -> bool:
    return any(cell.lower() in NO_STUDENT for cell in row.cells.values())


def _id(row: Row, column: str) -> str:
    text = row.cells.get(column, "")
    if not text:
        return ""
    try:
        return checked_id(text)
    except UnusableFile as problem:
        raise row.problem(f"{text} {problem}", column) from None


def _values(row: Row, columns: Mapping[str, str]) -> dict[str, str]:
    values = {field: row.cells.get(column, "") for field, column in columns.items() if field != "id"}
    for field, text in values.items():
        if not text.isprintable():
            raise row.problem(f"{text!r} has characters that do not print", columns[field])
        if len(text) > MAX_LENGTH:
            raise row.problem(f"there are more than {MAX_LENGTH} characters", columns[field])
    email = values.get("email", "")
    if email and (email.count("@") != 1 or " " in email):
        raise row.problem(f"{email} is no e-mail address", columns["email"])
    name = values.pop("name", "")
    if name and not (values.get("last_name") or values.get("first_name")):
        values["last_name"], values["first_name"] = _split(name)
    return {field: text for field, text in values.items() if text}


def _split(name: str) -> tuple[str, str]:
    """A name's family name and given names.

    >>> _split("Lovelace, Ada"), _split("Ada King Lovelace"), _split("Plato")
    (('Lovelace', 'Ada'), ('Lovelace', 'Ada King'), ('Plato', ''))
    """
    if "," in name:
        last, _, first = name.partition(",")
    else:
        first, _, last = name.rpartition(" ")
    return last.strip(), first.strip()
