"""The tables of the page about a term: weeks, exercises, misconceptions, students."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grader.reports.outcomes import Outcome
from grader.reports.statistics import LEAST, Item, items, reliability
from grader.reports.term_results import Term
from grader.reports.week_results import NOT_GRADED, NOTHING, UNREADABLE, StudentResult, WeekResults

__all__ = ["ExerciseRow", "WeekRow", "exercise_rows", "week_rows"]

MANY, SOME = 0.2, 3  # the share of students, and how many at least, that look like more than their own mistakes


@dataclass
class WeekRow:
    """A week: how many handed in, their scores as shares, its reliability, and how many met a misconception.

    Attributes:
        graded, nothing, not_graded, unreadable: together all students.
    """

    week: str
    title: str
    graded: int
    nothing: int
    not_graded: int
    unreadable: int
    waiting: int
    to_review: int
    mean: float | None
    median: float | None
    alpha: float | None
    misled: int


@dataclass
class ExerciseRow:
    """An exercise: its statistics, how many came to which end, whose code did not run, and what looks broken.

    Attributes:
        marked: how many have part of the points for an answer that a person marks.
    """

    week: str
    item: Item
    points: float
    outcomes: Counter[Outcome]
    unexplained: int
    failures: dict[Outcome, list[tuple[str, str]]]
    remarks: list[str]
    marked: int = 0


def week_rows(term: Term) -> list[WeekRow]:
    """A row for each week."""
    rows = []
    for week in term.weeks:
        shares = [student.share for student in week.graded]
        notes = Counter(student.note for student in week.students)
        rows.append(
            WeekRow(
                week.week,
                ", ".join(week.titles),
                len(shares),
                notes[NOTHING],
                notes[NOT_GRADED],
                notes[UNREADABLE],
                week.waiting,
                week.to_review,
                float(np.mean(shares)) if shares else None,
                float(np.median(shares)) if shares else None,
                _reliability(week),
                sum(bool(student.misconceptions) for student in week.graded),
            )
        )
    return rows


def exercise_rows(term: Term) -> list[ExerciseRow]:
    """A row for each exercise of each week, in the lessons' order."""
    return [row for week in term.weeks for row in _exercises(week)]


def _reliability(week: WeekResults) -> float | None:
    return reliability(week.shares() * np.array(list(week.exercises.values())))


def _exercises(week: WeekResults) -> list[ExerciseRow]:
    whole = _reliability(week)
    points = np.array(list(week.exercises.values()))
    rows = []
    for item in items(list(week.exercises), week.shares(), points):
        row = ExerciseRow(week.week, item, week.exercises[item.name], Counter(), 0, defaultdict(list), [])
        for student in week.graded:
            _count(row, student)
        row.marked = 0 if item.name in week.checked else row.outcomes[Outcome.PARTLY]
        row.unexplained *= item.name in week.checked  # nothing explains what a person marked
        row.remarks = list(filter(None, (item.remark(whole), *_suspicions(row))))
        rows.append(row)
    return rows


def _count(row: ExerciseRow, student: StudentResult) -> None:
    """Count what became of the exercise for one student."""
    name = row.item.name
    outcome = student.outcome(name)
    if outcome is None:
        return
    row.outcomes[outcome] += 1
    if outcome.is_failure:
        row.failures[outcome].append((student.student, student.failures[name].text))
    known = any(exercise == name for exercise, _ in student.misconceptions)
    row.unexplained += outcome in (Outcome.WRONG, Outcome.PARTLY) and not known


def _suspicions(row: ExerciseRow) -> Sequence[str]:
    """What looks broken by how often code does not run, or is wrong in a way that the lesson does not know."""
    count = row.outcomes.total()
    said = []
    for kinds, words in (
        ((Outcome.ENDLESS,), "never end here: is the input too large, or the time too short?"),
        ((Outcome.CRASH,), "lose their kernel here: is the memory enough?"),
        ((Outcome.SYNTAX, Outcome.ERROR), "have a cell that stops here: is what is given to them right?"),
    ):
        failed = sum(row.outcomes[kind] for kind in kinds)
        if failed >= max(SOME, MANY * count):
            said.append(f"{failed} of {count} {words}")
    if 2 * row.outcomes[Outcome.UNATTEMPTED] > count >= LEAST:
        left = row.outcomes[Outcome.UNATTEMPTED]
        said.append(f"{left} of {count} did not attempt it: do they see it, and is there time for it?")
    if row.unexplained >= max(SOME, MANY * count):
        said.append(
            f"{row.unexplained} of {count} are wrong in a way that no misconception of the lesson explains: read some."
        )
    return said
