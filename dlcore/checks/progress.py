"""The progress table: which exercises pass, by the checks run in this notebook, and how far the other lessons are."""

from __future__ import annotations

import html
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dlcore.checks.answer_key import KeyExercise
from dlcore.checks.api import lesson_folders, open_lessons, results, same_function
from dlcore.errors import SetupError
from dlcore.study.definitions import answer_digest, source_digest
from dlcore.study.kept import Kept, read_kept, spoken_day
from dlcore.study.lessons import Lesson, next_lesson, read_lesson, read_lessons, spoken_week

__all__ = ["Progress", "progress"]

MARKS = {
    "passes": "✓",
    "fails": "✗",
    "not attempted": "○",
    "not run": "○",
    "changed since": "↻",
    "graded by hand": "✎",
    "passed": "(✓)",  # on another day, or before the kernel began anew
}
LEFT = "<td style='text-align:left'>"


@dataclass(frozen=True)
class Row:
    """One exercise: its points (0 if it is optional), its state, how many of its checks pass, and the state's day."""

    exercise: str
    points: float
    state: str
    passed: int
    checks: int
    day: str = ""

    @property
    def words(self) -> str:
        """The state in words."""
        if self.state == "passed":
            return f"passed on {spoken_day(self.day)}; run its cells again to be sure"
        return self.state + (f" {spoken_day(self.day)}" if self.day else "")


def _checks(row: Row) -> str:
    return f"{row.passed} of {row.checks} checks" if row.checks and row.state != "passed" else ""


def _points(row: Row, unit: str = " points") -> str:
    return f"{row.points:g}{unit if row.points != 1 else unit.removesuffix('s')}" if row.points else "optional"


def _standing(row: Row) -> str:
    return ", ".join(filter(None, (_checks(row), row.words)))


class Progress:
    """A table of exercises and one of lessons, with HTML and text representations.

    Args:
        rows: the exercises of the lessons that have begun in this notebook.
        others: the other lessons.
        link: where to go on, or "", and in words.
    """

    def __init__(self, rows: list[Row], others: Sequence[Lesson] = (), link: tuple[str, str] = ("", "")):
        self.rows = rows
        self.others = others
        self.link = link

    @property
    def summary(self) -> str:
        """One or more sentences: how many exercises pass, and their points."""
        judged = [row for row in self.rows if row.state != "graded by hand"]
        checked = [row for row in judged if row.points]
        done = [row for row in checked if row.state == "passes"]
        points, total = sum(row.points for row in done), sum(row.points for row in checked)
        by_hand = sum(row.points for row in self.rows) - total
        optional = [row.state == "passes" for row in judged if not row.points]
        earlier = sum(row.state == "passed" for row in checked)
        sentences = [
            f"{len(done)} of {len(checked)} exercises pass their visible checks: {points:g} of {total:g} points.",
            f"So do {sum(optional)} of {len(optional)} optional ones." if optional else "",
            f"{earlier} more passed before this notebook's last start." if earlier else "",
            f"Another {by_hand:g} are given by a person." if by_hand else "",
        ]
        return " ".join(filter(None, sentences))

    def __repr__(self) -> str:
        width = max((len(row.exercise) for row in self.rows), default=0)
        lines = [
            f"{MARKS[row.state]:<{self._mark_width}} {row.exercise:<{width}} {_points(row):>12}   {_standing(row)}"
            for row in self.rows
        ]
        lines += [self.summary, *([f"Next: {self.link[1]}"] if self.link[1] else [])]
        lines += ["", *(f"{spoken_week(item.week)}: {item.title}: {item.state}" for item in self.others)]
        return "\n".join(lines).rstrip()

    @property
    def _mark_width(self) -> int:
        return max((len(MARKS[row.state]) for row in self.rows), default=1)

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><td>{MARKS[row.state]}</td>{LEFT}<code>{html.escape(row.exercise)}</code></td>"
            f"<td>{_points(row, '')}</td><td>{_checks(row)}</td>{LEFT}{row.words}</td></tr>"
            for row in self.rows
        )
        head = "<tr><th></th><th style='text-align:left'>exercise</th><th>points</th><th>checks</th><th></th></tr>"
        target, words = self.link
        said = f'<a href="{html.escape(target)}">{html.escape(words)}</a>' if target else html.escape(words)
        following = f"<p>Next: {said}</p>" if words else ""
        return f"<table>{head}{cells}</table><p>{html.escape(self.summary)}</p>{following}{self._others()}"

    def _others(self) -> str:
        """The other lessons, with links."""
        rows = "".join(
            f"<tr>{LEFT}{spoken_week(item.week)}</td>"
            f"{LEFT}<a href='{html.escape(_address(item))}'>{html.escape(item.title)}</a></td>"
            f"{LEFT}{item.state}</td></tr>"
            for item in self.others
        )
        return f"<details><summary>The other lessons</summary><table>{rows}</table></details>" if rows else ""


def _address(lesson: Lesson) -> str:
    """A link to a lesson from the notebook of another one."""
    return quote(f"../{lesson.week}/{lesson.path.name}")


def progress() -> Progress:
    """The state of every exercise of the lessons that have begun, and of the other lessons.

    An exercise passes when all its visible checks passed and its function has
    not been changed since. What passed before the kernel was started says so with
    its day. The hidden checks, run when you hand in, are more.

    Raises:
        SetupError: no lesson has begun.
    """
    lessons = open_lessons()
    if not lessons:
        raise SetupError("The lesson has not begun. Run the first code cell, then this one again.")
    namespace = sys._getframe(1).f_globals
    folders = lesson_folders()
    rows = []
    for lesson, key in lessons.items():
        kept = read_kept(folders[lesson], lesson) if lesson in folders else Kept()
        saved = read_lesson(Path(folders[lesson]) / f"{lesson}.ipynb") if lesson in folders else None
        rows += [_row(exercise, namespace.get(exercise.name), kept, saved) for exercise in key.exercises.values()]
        rows += [Row(name, points, "graded by hand", 0, 0) for name, points in key.written.items()]
    own = [Path(folders[lesson]) / f"{lesson}.ipynb" for lesson in lessons if lesson in folders]
    found = [lesson for root in {path.parent.parent for path in own} for lesson in read_lessons(root)]
    others = [lesson for lesson in found if lesson.path not in own]
    return Progress(rows, others, _next(rows, own, [lesson for lesson in found if lesson.path not in own[:-1]]))


def _row(exercise: KeyExercise, bound: Any, kept: Kept, saved: Lesson | None) -> Row:
    tried, count = results(), len(exercise.checks)
    own = [tried[exercise.name, number] for number in range(count) if (exercise.name, number) in tried]
    state, day = _state(own, count, bound), ""
    answer = kept.answers.get(exercise.name)
    if not own and answer is not None and answer.passed:
        written = saved.find(exercise.name) if saved is not None and bound is None else None
        now = source_digest(written.name, written.source) if written else answer_digest(exercise.name, bound)
        is_changed = (bound is not None or written is not None) and now != answer.digest
        state, day = "changed since" if is_changed else "passed", answer.day
    return Row(exercise.name, exercise.points, state, sum(ok is True for _, ok in own), count, day)


def _next(rows: list[Row], own: Sequence[Path], lessons: Sequence[Lesson]) -> tuple[str, str]:
    """A link to what is to be done next, and its words."""
    open_rows = [row for row in rows if row.points and row.state not in ("passes", "passed", "graded by hand")]
    for row in open_rows[:1]:
        for lesson in filter(None, map(read_lesson, own)):
            exercise = lesson.find(row.exercise)
            if exercise is not None:
                under = f", under “{exercise.heading}”" if exercise.heading else ""
                return f"{lesson.path.name}{exercise.anchor}", f"{row.exercise}{under}"
        return "", row.exercise
    unfinished = next_lesson(lessons, own[-1]) if own else None
    if unfinished is None:
        return "", ""
    return _address(unfinished), f"{spoken_week(unfinished.week)}, {unfinished.title}"


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
