"""Students' ids in the gradebook, by what an LMS calls them."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from grader.errors import GradingError
from grader.submissions.layouts import Student
from grader.submissions.reader import UnusableFile

__all__ = ["Names", "checked_id", "plain_id", "read_names"]

ID = re.compile(r"\w(?:[\w .@+'-]*\w)?")
MAX_ID = 128  # characters, in the gradebook
COLUMNS = ("id", "name", "first_name", "last_name", "lms", "submitted")


@dataclass
class Names:
    """A list of students: ids by name and by the LMS's number, and when each handed in, if it says so."""

    path: Path
    by_name: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_user: dict[str, str] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    submitted: dict[str, datetime] = field(default_factory=dict)

    def id_of(self, student: Student) -> str:
        """The id of a student; raises UnusableFile if the list has none, or several."""
        if student.user in self.by_user:
            return self.by_user[student.user]
        if not student.user and student.who in self.ids:
            return student.who
        ids = self.by_name.get(_slug(student.who), set())
        if len(ids) > 1:
            raise UnusableFile(f"is the name of several students in {self.path.name}: {', '.join(sorted(ids))}.")
        if not ids:
            number = f" (the LMS's number is {student.user})" if student.user else ""
            raise UnusableFile(f"is not in {self.path.name}{number}.")
        return next(iter(ids))


def read_names(path: Path) -> Names:
    """The list in a CSV file with the columns id, and name or lms or both.

    Raises:
        GradingError: it cannot be read, a column is missing, or two lines contradict each other.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise GradingError(f"{path} is not UTF-8 text; save it from the spreadsheet as “CSV UTF-8”") from None
    except OSError as problem:
        raise GradingError(f"{path} cannot be read ({problem.strerror})") from None
    header = text.partition("\n")[0]
    rows = csv.DictReader(text.splitlines(), delimiter=";" if header.count(";") > header.count(",") else ",")
    columns = {column.strip().lower(): column for column in rows.fieldnames or ()}
    if "id" not in columns or not {"name", "lms"} & set(columns):
        raise GradingError(f"{path}:1: the columns id, and name or lms, are needed; these are {', '.join(columns)}")
    names = Names(path)
    for row in rows:
        values = {key: (row.get(columns.get(key, "")) or "").strip() for key in COLUMNS}
        _add(names, values, f"{path}:{rows.line_num}")
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
