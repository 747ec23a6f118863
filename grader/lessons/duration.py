"""Estimate how long a student needs for a lesson, by what stands in it."""

from __future__ import annotations

from grader.lessons.cells import BEGIN_SOLUTION, END_SOLUTION, Cell
from grader.lessons.optional import parts
from grader.lessons.parser import Lesson
from grader.lessons.roles import Role

__all__ = ["core_minutes", "misjudged"]

# So that the sums are near what fresh readers of eleven cores needed, who ran and tried everything in them.
WORDS_A_MINUTE = 125
A_LINE_OF_SOLUTION = 1.1
MINUTES = {Role.SOLUTION: 5.0, Role.QUIZ: 2.0, Role.WRITTEN: 11.0, Role.DEMO: 1.25}
TOLERANCE = 15  # minutes
MOST = 150  # minutes of a lesson's core


def core_minutes(lesson: Lesson) -> float:
    """The minutes that a lesson takes without its optional sections."""
    return sum(_minutes(cell, text) for cell, text, is_optional in parts(lesson) if not is_optional)


def misjudged(lesson: Lesson) -> str:
    """A sentence if the header's minutes are far from the estimate, or too many, else ""."""
    said, core = lesson.header.minutes, core_minutes(lesson)
    if max(said, core - TOLERANCE) > MOST:
        return f"the core takes {max(said, round(core))} minutes; above {MOST}, something is better marked (optional)"
    if not said or abs(said - core) <= TOLERANCE:
        return ""
    return f"the header says {said} minutes without what is optional; by its words and exercises it is about {core:.0f}"


def _minutes(cell: Cell, text: str) -> float:
    """The minutes of a cell, or of a part of a Markdown cell."""
    if cell.kind == "markdown" and not cell.role:
        return _reading(text)
    minutes = MINUTES.get(cell.role, 0.0)
    if cell.role == Role.SOLUTION:
        shown, _, rest = cell.source.partition(BEGIN_SOLUTION)
        lines = [line for line in rest.partition(END_SOLUTION)[0].splitlines() if line.strip()]
        minutes += _reading(shown) + A_LINE_OF_SOLUTION * len(lines)
    return minutes


def _reading(text: str) -> float:
    return len(text.split()) / WORDS_A_MINUTE
