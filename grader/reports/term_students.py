"""Misconceptions over the weeks, and each student's way through the term."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from grader.reports.outcomes import Outcome
from grader.reports.term_results import Term
from grader.reports.week_results import NOTHING, UNREADABLE

__all__ = ["Misconception", "StudentRow", "misconception_rows", "student_rows"]

SOME = 3  # students; that one or two no longer have a misconception is no trend


@dataclass
class Misconception:
    """A misconception by its name, in all exercises that know it.

    Attributes:
        shares: for each week, the share of its students who had it, and how many these are; None if no
            exercise of the week knows it.
        places: for each exercise in which it was met: week, exercise, hint and students.
    """

    name: str
    students: set[str] = field(default_factory=set)
    shares: list[tuple[float, int] | None] = field(default_factory=list)
    places: list[tuple[str, str, str, list[str]]] = field(default_factory=list)

    @property
    def trend(self) -> str:
        """How its share went from the first week that knows it to the last; "" if only one does, or few had it."""
        known = [share for share in self.shares if share is not None]
        if len(known) < 2 or max(known[0][1], known[-1][1]) < SOME:
            return ""
        first, last = known[0][0], known[-1][0]
        word = "as often" if round(100 * first) == round(100 * last) else "rarer" if last < first else "more often"
        return f"{word}: {first:.0%} → {last:.0%}"


@dataclass
class StudentRow:
    """A student: the share of points in each week (None where there is no grade), and what went wrong in which.

    Attributes:
        waits: weeks with answers that wait to be marked, or with marks to be reviewed.
        missing: weeks in which nothing was handed in.
        failures: week, exercise, kind and reason of what did not run.
    """

    student: str
    name: str
    section: str
    shares: list[float | None]
    waits: list[str]
    missing: list[str]
    misconceptions: list[tuple[str, str, str]]
    failures: list[tuple[str, str, Outcome, str]]

    @property
    def mean(self) -> float | None:
        """The mean share of the weeks that are graded."""
        known = [share for share in self.shares if share is not None]
        return sum(known) / len(known) if known else None


def misconception_rows(term: Term) -> list[Misconception]:
    """A row for each misconception that somebody had, the most frequent first."""
    rows: dict[str, Misconception] = {}
    for week in term.weeks:
        met: dict[tuple[str, str], list[str]] = defaultdict(list)
        for student in week.graded:
            for key in sorted(set(student.misconceptions)):
                met[key].append(student.student)
        hints = term.hints.get(week.week, {})
        for (exercise, name), students in sorted(met.items()):
            row = rows.setdefault(_name(exercise, name), Misconception(_name(exercise, name)))
            row.students |= set(students)
            row.places.append((week.week, exercise, hints.get((exercise, name), ""), students))
    for row in rows.values():
        row.shares = _shares(term, row)
    return sorted(rows.values(), key=lambda row: (-len(row.students), row.name))


def _name(exercise: str, name: str) -> str:
    """A misconception's name; a wrong letter of a quiz means nothing without its question."""
    return f"{exercise}: {name}" if len(name) == 1 else name


def _shares(term: Term, row: Misconception) -> list[tuple[float, int] | None]:
    shares: list[tuple[float, int] | None] = []
    for week in term.weeks:
        students = {name for place, _, _, names in row.places if place == week.week for name in names}
        known = {_name(exercise, name) for exercise, name in term.hints.get(week.week, {})}
        possible = students or row.name in known
        shares.append((len(students) / max(1, len(week.graded)), len(students)) if possible else None)
    return shares


def student_rows(term: Term) -> list[StudentRow]:
    """A row for each student, by id."""
    rows = []
    for name, results in term.by_student().items():
        known = [(week.week, result) for week, result in zip(term.weeks, results, strict=True) if result is not None]
        any_ = known[-1][1]
        rows.append(
            StudentRow(
                name,
                f"{any_.first_name} {any_.last_name}".strip(),
                any_.section,
                [None if result is None or result.note else result.share for result in results],
                [week for week, result in known if not result.note and not result.is_final],
                [week for week, result in known if result.note == NOTHING],
                sorted(
                    (week, *item) for week, result in known if not result.note for item in set(result.misconceptions)
                ),
                [
                    (week, exercise, failure.kind, failure.text)
                    for week, result in known
                    for exercise, failure in result.failures.items()
                    if not result.note
                ]
                + [
                    (week, "", Outcome.UNREADABLE, " ".join(result.problems))
                    for week, result in known
                    if result.note == UNREADABLE
                ],
            )
        )
    return rows
