"""Merge a list of students into the gradebook and into the course's roster.csv.

nbgrader's gradebook has a student's names, address and number in the LMS, but no
section: roster.csv, in the course's folder, has all of it. Nobody is removed from
either.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from nbgrader.api import Student
from sqlalchemy import Connection, insert, select, update

from grader.batch.gradebook import sole_owner
from grader.lessons.course import Course
from grader.submissions.roster import FIELDS, Roster
from grader.submissions.tables import read_table
from grader.text import harmless

__all__ = ["RosterChange", "merge_roster", "read_sections"]

STUDENTS = Student.__table__
IN_GRADEBOOK = {"last_name": "last_name", "first_name": "first_name", "email": "email", "lms": "lms_user_id"}


@dataclass
class RosterChange:
    """What merging a roster did.

    Attributes:
        added: the ids that are new.
        changed: for each id of which something differed: the field, the old value and the new one.
        missing: the ids that are in the gradebook and not in the file.
    """

    added: list[str] = field(default_factory=list)
    changed: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def read_sections(course: Course) -> dict[str, str]:
    """The section of each student who has one."""
    path = course.root / "roster.csv"
    if not path.is_file():
        return {}
    cells = [row.cells for row in read_table(path).rows]
    return {row["id"]: row["section"] for row in cells if row.get("id") and row.get("section")}


def merge_roster(course: Course, roster: Roster) -> RosterChange:
    """What changed when a roster was merged; a value that the file does not have stays what it was.

    Raises:
        GradingError: a run is grading, or roster.csv is damaged.
    """
    change = RosterChange()
    with sole_owner(course), course.gradebook() as gradebook:
        sections = read_sections(course)
        with gradebook.engine.begin() as connection:
            known = _known(connection, sections)
            for student, values in roster.students.items():
                _merge(connection, change, student, values, known.get(student))
                known[student] = known.get(student, {}) | values
        change.missing = sorted(set(known) - set(roster.students))
        _write(course, known)
    return change


def _known(connection: Connection, sections: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The gradebook's students, each with the fields that have a value."""
    known = {}
    for row in connection.execute(select(STUDENTS)).mappings():
        values = {name: row[column] for name, column in IN_GRADEBOOK.items()} | {"section": sections.get(row["id"])}
        known[str(row["id"])] = {name: str(value) for name, value in values.items() if value}
    return known


def _merge(
    connection: Connection, change: RosterChange, student: str, values: Mapping[str, str], old: Mapping[str, str] | None
) -> None:
    columns = {column: values[name] for name, column in IN_GRADEBOOK.items() if name in values}
    if old is None:
        change.added.append(student)
        connection.execute(insert(STUDENTS).values(id=student, **columns))
        return
    differing = [(name, old.get(name, ""), value) for name, value in values.items() if old.get(name, "") != value]
    if differing:
        change.changed[student] = differing
    if columns:
        connection.execute(update(STUDENTS).where(STUDENTS.c.id == student).values(**columns))


def _write(course: Course, students: Mapping[str, Mapping[str, str]]) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["id", *FIELDS])
    for student, values in sorted(students.items()):
        writer.writerow([harmless(student), *(harmless(values.get(name, "")) for name in FIELDS)])
    partial = course.root / f".roster.{os.getpid()}"
    partial.write_text(stream.getvalue(), encoding="utf-8")
    partial.replace(course.root / "roster.csv")
