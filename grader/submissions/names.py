"""Students' ids in the gradebook, by what an LMS calls them."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from grader.errors import GradingError
from grader.submissions.layouts import Student
from grader.submissions.reader import UnusableFile
from grader.submissions.tables import read_table

__all__ = ["ROSTER", "Names", "Unidentified", "checked_id", "columns_by_field", "plain_id", "read_names"]

ID = re.compile(r"\w(?:[\w .@+'-]*\w)?")
MAX_ID = 128  # characters, in the gradebook
ROSTER = "roster.csv"  # in the course's folder: the list that is used unless another is named
# What columns are called, in files written by hand and by learning management systems, the surest first.
COLUMNS = {
    "id": ("sis login id", "username", "id", "student_id", "id number"),
    "last_name": ("last_name", "last name", "surname", "family name"),
    "first_name": ("first_name", "first name", "given name"),
    "name": ("name", "student", "full name"),
    "email": ("email", "e-mail", "email address"),
    "lms": ("lms", "lms_user_id", "id"),
    "section": ("section", "group", "groups"),
}


class Unidentified(UnusableFile):
    """Whose a file is cannot be told; `candidates` are the ids that it may be, none if the list has no such student."""

    def __init__(self, text: str, candidates: Iterable[str] = ()):
        super().__init__(text)
        self.candidates = frozenset(candidates)


@dataclass
class Names:
    """A list of students: ids by name and by the LMS's number, when each handed in, and what is to be said of it."""

    path: Path
    notes: list[str] = field(default_factory=list)
    by_name: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_user: dict[str, str] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    submitted: dict[str, datetime] = field(default_factory=dict)

    @property
    def tells(self) -> bool:
        """Whether the list has names or numbers, and not only ids and times."""
        return bool(self.by_name or self.by_user)

    def completed(self, roster: Names) -> Names:
        """This list with the names and the numbers that a roster has; who is only in the roster stays out of it."""
        strangers = sorted(self.ids - roster.ids)
        notes = [f"{self.path.name}: there is no {name} in {roster.path.name}" for name in strangers]
        return replace(self, notes=[*self.notes, *notes], by_name=roster.by_name, by_user=roster.by_user)

    def id_of(self, student: Student) -> str:
        """The id of a student; raises Unidentified if the list has none, or several."""
        found = self._id_of(student)
        if found not in self.ids:  # in the roster that completes this list
            raise Unidentified(f"is not in {self.path.name} (in the roster: {found}).")
        return found

    def _id_of(self, student: Student) -> str:
        if student.user in self.by_user:
            return self.by_user[student.user]
        if not student.user and student.who in self.ids:
            return student.who
        ids = self.by_name.get(_slug(student.who), set())
        if len(ids) > 1:
            said = f"is the name of several students in {self.path.name}: {', '.join(sorted(ids))}."
            raise Unidentified(said, ids)
        if not ids:
            number = f" (the LMS's number is {student.user})" if student.user else ""
            raise Unidentified(f"is not in {self.path.name}{number}.")
        return next(iter(ids))


def columns_by_field(columns: Sequence[str]) -> dict[str, str]:
    """Which of a file's columns, in lower case, holds each field; fields that it does not have are missing.

    >>> columns_by_field(["student", "id", "sis login id"])
    {'id': 'sis login id', 'name': 'student', 'lms': 'id'}
    """
    found: dict[str, str] = {}
    for field_name, names in COLUMNS.items():
        column = next((name for name in names if name in columns and name not in found.values()), None)
        if column is not None:
            found[field_name] = column
    return found


def read_names(path: Path) -> Names:
    """The list in a CSV file with a column for the id, and for the name or the number or both; as `roster` takes it.

    A list that says only when students handed in is `completed` by the roster.

    Raises:
        GradingError: it is no table that `read_table` takes, a column is missing, or two lines contradict each other.
    """
    table = read_table(path)
    columns = columns_by_field(table.columns)
    told = {"name", "last_name", "lms"} & set(columns) or "submitted" in table.columns
    if "id" not in columns or not told:
        needed = "the columns id, and name or lms or submitted, are needed (or first_name and last_name)"
        raise GradingError(f"{path}:1: {needed}; these are {', '.join(table.columns)}")
    names = Names(path, table.notes)
    for row in table.rows:
        values = {field_name: row.cells.get(columns.get(field_name, ""), "") for field_name in COLUMNS}
        _add(names, values | {"submitted": row.cells.get("submitted", "")}, f"{path}:{row.line}")
    return names


def _add(names: Names, row: dict[str, str], place: str) -> None:
    if not row["id"]:
        return  # as in the second line of Canvas's own export
    try:
        student = checked_id(row["id"])
    except UnusableFile as problem:
        raise GradingError(f"{place}: the id {row['id']} {problem}") from None
    if student in names.ids:
        raise GradingError(f"{place}: the id {student} is there twice")
    names.ids.add(student)
    for slug in _slugs(row["name"] or f"{row['first_name']} {row['last_name']}"):
        names.by_name[slug].add(student)
    number = re.sub(r"^\D+", "", row["lms"]) or row["lms"]  # "Participant 123", as Moodle writes it
    if number and names.by_user.setdefault(number, student) != student:
        raise GradingError(f"{place}: {student} and {names.by_user[number]} have the same number, {number}")
    if row["submitted"]:
        try:
            names.submitted[student] = datetime.fromisoformat(row["submitted"])
        except ValueError:
            raise GradingError(f"{place}: {row['submitted']} is not a time such as 2025-03-01 23:59") from None


def plain_id(student: Student) -> str:
    """The id of a student without a list: the name, as the LMS or the folder has it.

    >>> plain_id(Student("lovelaceada", "12")), plain_id(Student("Ada Lovelace", "345")), plain_id(Student("Ada L"))
    ('lovelaceada', 'ada-lovelace', 'Ada L')

    Raises:
        UnusableFile: nbgrader would not take it.
    """
    if student.who == student.user or not student.user:  # anonymous, or not from an LMS
        return checked_id(student.who)
    return checked_id(re.sub(r"[^\w]+", "-", student.who.lower()).strip("-"))


def checked_id(student: str) -> str:
    """An id that is a folder's name, that nbgrader's patterns find, and that the gradebook takes; else UnusableFile."""
    student = unicodedata.normalize("NFC", student)
    if not ID.fullmatch(student) or len(student) > MAX_ID or len(student.encode()) > 200:
        raise UnusableFile(
            "cannot be a student's id: it may have letters, digits and _ . @ + ' - inside, "
            f"begins and ends with a letter or a digit, and has at most {MAX_ID} characters."
        )
    return student


def _slug(name: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


def _slugs(name: str) -> set[str]:
    """A name with its words in each order that leaves them together: “Lovelace, Ada” is also adalovelace."""
    words = name.replace(",", " ").split()
    return {_slug("".join(words[place:] + words[:place])) for place in range(len(words))} - {""}
