"""Estimate how long a student needs for a lesson, by what stands in it."""

from __future__ import annotations

from collections.abc import Iterator

from grader.lessons.cells import BEGIN_SOLUTION, END_SOLUTION, Cell
from grader.lessons.optional import is_optional
from grader.lessons.parser import Lesson
from grader.lessons.roles import Role
from grader.lessons.sections import HEADING

__all__ = ["core_minutes", "misjudged"]

# So that the sums are near what readers of seven lessons needed, who ran and tried everything in the core.
WORDS_A_MINUTE = 150
A_LINE_OF_SOLUTION = 0.9
MINUTES = {Role.SOLUTION: 4.0, Role.QUIZ: 2.0, Role.WRITTEN: 10.0, Role.DEMO: 0.75}
TOLERANCE = 15  # minutes
MOST = 150  # minutes of a lesson's core


def core_minutes(lesson: Lesson) -> float:
    """The minutes that a lesson takes without its optional sections."""
    total, optional_from = 0.0, 7  # the level of the heading that made the rest optional; 7 is below all levels
    for cell in lesson.cells:
        for level, heading, minutes in _parts(cell):
            if level and level <= optional_from:
                optional_from = level if is_optional(heading) else 7
            total += minutes if optional_from == 7 else 0.0
    return total


def misjudged(lesson: Lesson) -> str:
    """A sentence if the header's minutes are far from the estimate, or too many, else ""."""
    said, core = lesson.header.minutes, core_minutes(lesson)
    if max(said, core - TOLERANCE) > MOST:
        return f"the core takes {max(said, round(core))} minutes; above {MOST}, something is better marked (optional)"
    if not said or abs(said - core) <= TOLERANCE:
        return ""
    return f"the header says {said} minutes without what is optional; by its words and exercises it is about {core:.0f}"


def _parts(cell: Cell) -> Iterator[tuple[int, str, float]]:
    """A cell's parts, each with the level and text of the heading that begins it (0 and ""), and its minutes."""
    if cell.kind != "markdown" or cell.role:
        yield 0, "", _of_cell(cell)
        return
    found = list(HEADING.finditer(cell.source))
    starts = [*(match.start() for match in found), len(cell.source)]
    yield 0, "", _reading(cell.source[: starts[0]])
    for match, end in zip(found, starts[1:], strict=True):
        yield len(match[1]), match[2], _reading(cell.source[match.start() : end])


def _of_cell(cell: Cell) -> float:
    """The minutes of a cell that is not text."""
    minutes = MINUTES.get(cell.role, 0.0)
    if cell.role == Role.SOLUTION:
        shown, _, rest = cell.source.partition(BEGIN_SOLUTION)
        lines = [line for line in rest.partition(END_SOLUTION)[0].splitlines() if line.strip()]
        minutes += _reading(shown) + A_LINE_OF_SOLUTION * len(lines)
    return minutes


def _reading(text: str) -> float:
    return len(text.split()) / WORDS_A_MINUTE
