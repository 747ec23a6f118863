"""Find a lesson's optional sections, whose exercises give no points."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import chain, groupby

from grader.lessons.audit import Defect
from grader.lessons.cells import Cell
from grader.lessons.parser import Lesson, LessonExercise
from grader.lessons.roles import Role
from grader.lessons.sections import heading_matches, sections

__all__ = ["is_optional", "optional_defects", "parts"]

OPTIONAL = re.compile(r"\(optional\)\s*\Z", re.IGNORECASE)
CORE = 7  # below the levels of all headings: where nothing above is optional


def is_optional(heading: str) -> bool:
    """Whether a section with this heading, and all below it, is optional."""
    return OPTIONAL.search(heading) is not None


def optional_defects(lesson: Lesson) -> list[Defect]:
    """What whoever leaves out the optional sections would miss: points, or a function that the rest needs."""
    headings = {
        id(cell): next((item.text for item in path if is_optional(item.text)), "") for cell, path in sections(lesson)
    }
    own = {name: headings[id(exercise.solution)] for name, exercise in lesson.exercises.items()}
    optional = {name for name, heading in own.items() if heading}
    return [
        *_mixed_cells(lesson),
        *chain.from_iterable(_point_defects(exercise, own[name]) for name, exercise in lesson.exercises.items()),
        *(
            Defect(cell.path, cell.line, f"the optional {name} is used here, where the lesson is not optional")
            for cell in lesson.cells
            if cell.kind == "code" and not headings[id(cell)]
            for name in sorted(optional & _names(cell))
        ),
    ]


def parts(lesson: Lesson) -> Iterator[tuple[Cell, str, bool]]:
    """Every cell's text, a Markdown cell's heading by heading, and whether it is optional."""
    outermost = CORE
    for cell in lesson.cells:
        found = list(heading_matches(cell.source)) if cell.kind == "markdown" and not cell.role else []
        starts = [*(match.start() for match in found), len(cell.source)]
        if cell.source[: starts[0]].strip():
            yield cell, cell.source[: starts[0]], outermost < CORE
        for match, end in zip(found, starts[1:], strict=True):
            level = len(match[1])
            if level <= outermost:
                outermost = level if is_optional(match[2]) else CORE
            yield cell, cell.source[match.start() : end], outermost < CORE


def _mixed_cells(lesson: Lesson) -> Iterator[Defect]:
    """Cells in which the core stands beside what is optional: who leaves out that cell misses a part of the core."""
    for _, group in groupby(parts(lesson), key=lambda part: id(part[0])):
        same = list(group)
        cell = same[0][0]
        if len({optional for _, _, optional in same}) > 1:
            text = "a cell holds optional and other text: begin a new one, with +++, at the heading where that changes"
            yield Defect(cell.path, cell.line, text)


def _point_defects(exercise: LessonExercise, heading: str) -> Iterator[Defect]:
    """Points in an optional section, or none outside of one."""
    for cell in exercise.checks if exercise.kind == Role.SOLUTION else [exercise.solution]:
        if heading and cell.points:
            text = f"{cell.exercise} has points, but stands in the optional section “{heading}”: write points: 0"
            yield Defect(cell.path, cell.line, text)
            return
        if not heading and not cell.points:
            text = f"{cell.exercise} has no points, but stands in no section whose heading ends with “(optional)”"
            yield Defect(cell.path, cell.line, text)
            return


def _names(cell: Cell) -> set[str]:
    """The names that a code cell reads; none if Python alone cannot read it, as it has magics."""
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:
        return set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
