"""The progress table: which exercises pass, by the checks run in this notebook."""

from __future__ import annotations

import html
import sys
from dataclasses import dataclass
from typing import Any

from dlcore.checks.api import open_lessons, results, same_function
from dlcore.errors import SetupError

__all__ = ["Progress", "progress"]

MARKS = {"passes": "✓", "fails": "✗", "not attempted": "○", "not run": "○", "changed since": "↻", "graded by hand": "✎"}


@dataclass(frozen=True)
class Row:
    """One exercise: its points, its state, and how many of its checks pass."""

    exercise: str
    points: float
    state: str
    passed: int
    checks: int


def _checks(row: Row) -> str:
    return f"{row.passed} of {row.checks} checks" if row.checks else ""


def _standing(row: Row) -> str:
    return ", ".join(filter(None, (_checks(row), row.state)))


class Progress:
    """A table of exercises, with HTML and text representations."""

    def __init__(self, rows: list[Row]):
        self.rows = rows

    @property
    def summary(self) -> str:
        """One sentence: how many exercises pass, and their points."""
        checked = [row for row in self.rows if row.state != "graded by hand"]
        done = [row for row in checked if row.state == "passes"]
        points, total = sum(row.points for row in done), sum(row.points for row in checked)
        by_hand = sum(row.points for row in self.rows) - total
        more = f" Another {by_hand:g} are given by a person." if by_hand else ""
        count = f"{len(done)} of {len(checked)}"
        return f"{count} exercises pass their visible checks: {points:g} of {total:g} points.{more}"

    def __repr__(self) -> str:
        width = max((len(row.exercise) for row in self.rows), default=0)
        lines = [
            f"{MARKS[row.state]} {row.exercise:<{width}} {row.points:>5g} points   {_standing(row)}"
            for row in self.rows
        ]
        return "\n".join([*lines, self.summary])

    def _repr_html_(self) -> str:
        left = "<td style='text-align:left'>"
        cells = "".join(
            f"<tr><td>{MARKS[row.state]}</td>{left}<code>{html.escape(row.exercise)}</code></td>"
            f"<td>{row.points:g}</td><td>{_checks(row)}</td>{left}{row.state}</td></tr>"
            for row in self.rows
        )
        head = "<tr><th></th><th style='text-align:left'>exercise</th><th>points</th><th>checks</th><th></th></tr>"
        return f"<table>{head}{cells}</table><p>{html.escape(self.summary)}</p>"


def progress() -> Progress:
    """The state of every exercise of the lessons that have begun.

    An exercise passes when all its visible checks passed and its function has
    not been changed since. The hidden checks, run when you hand in, are more.

    Raises:
        SetupError: no lesson has begun.
    """
    lessons = open_lessons()
    if not lessons:
        raise SetupError("The lesson has not begun. Run the first code cell, then this one again.")
    namespace = sys._getframe(1).f_globals
    tried = results()
    rows = []
    for key in lessons.values():
        for exercise in key.exercises.values():
            own = [tried[exercise.name, n] for n in range(len(exercise.checks)) if (exercise.name, n) in tried]
            state = _state(own, len(exercise.checks), namespace.get(exercise.name))
            rows.append(
                Row(exercise.name, exercise.points, state, sum(ok is True for _, ok in own), len(exercise.checks))
            )
        rows += [Row(name, points, "graded by hand", 0, 0) for name, points in key.written.items()]
    return Progress(rows)


def _state(tried: list[tuple[Any, bool | None]], checks: int, bound: Any) -> str:
    if not tried:
        return "not run"
    if any(callable(function) and bound is not None and not same_function(function, bound) for function, _ in tried):
        return "changed since"
    if all(ok is None for _, ok in tried):
        return "not attempted"
    if not all(ok for _, ok in tried):
        return "fails"
    return "passes" if len(tried) == checks else "not run"
