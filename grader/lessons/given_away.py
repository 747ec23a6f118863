"""Find answers that students can read before they have to give them.

Reference solutions, with names made alike, are looked for in dlcore and in what is
released up to and including their own week.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat

import dlcore
from grader.lessons.audit import Defect
from grader.lessons.cells import BEGIN_SOLUTION, END_SOLUTION, Cell
from grader.lessons.notebooks import course_metadata
from grader.lessons.parser import Lesson
from grader.lessons.roles import Role
from grader.lessons.variants import week_order
from grader.syntax import parse

__all__ = ["answer_of", "answers_given_away", "held_by_students", "places_of"]

TELLING = 14  # nodes from which an expression is an answer and not an idiom

Answer = tuple[list[ast.stmt], list[ast.expr]]


def answers_given_away(lesson: Lesson, held: dict[str, str]) -> list[Defect]:
    """The exercises whose answer stands in code that students hold already, by place (see `held_by_students`)."""
    found = []
    for exercise in lesson.exercises.values():
        if exercise.kind is Role.SOLUTION and (places := places_of(answer_of(exercise.solution), held)):
            text = f"the answer of {exercise.name} stands in {places[0]}, which students have"
            found.append(Defect(lesson.path, exercise.solution.line, text))
    return found


def held_by_students(release: Path, lesson: Lesson) -> dict[str, str]:
    """All code that a student has when a lesson begins, by place.

    Args:
        release: the folder release/, of which the weeks up to the lesson's count.
        lesson: the lesson, as it is written now.
    """
    own = release / lesson.week / f"{lesson.name}.ipynb"
    package = Path(dlcore.__file__).parent
    sources = {f"dlcore/{path.relative_to(package)}": path.read_text("utf-8") for path in sorted(package.rglob("*.py"))}
    for path in sorted(release.glob("*/*")):
        place = f"{path.parent.name}/{path.name}"
        if week_order(path.parent.name) > week_order(lesson.week) or path == own:
            continue
        if path.suffix == ".py":
            sources[place] = path.read_text("utf-8")
        if path.suffix == ".ipynb":
            for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
                if cell.cell_type == "code" and course_metadata(cell).get("role") != Role.CHECK:
                    sources[f"{place}, cell {number}"] = cell.source
    for cell in lesson.cells:
        if cell.kind == "code" and cell.role in (Role.NONE, Role.SETUP, Role.DEMO):
            sources[f"{cell.path.name}, line {cell.line}"] = cell.source
    return {place: source for place, source in sources.items() if parse(source) is not None}


def answer_of(solution: Cell) -> Answer:
    """An exercise's answer: its statements, and its telling expressions."""
    tree = ast.parse(solution.source)
    lines = [line.strip() for line in solution.source.splitlines()]
    first, last = lines.index(BEGIN_SOLUTION) + 1, lines.index(END_SOLUTION) + 1
    body = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and first < node.lineno <= last and not isinstance(node, ast.FunctionDef)
    ]
    top = [node for node in body if not any(node in ast.walk(other) for other in body if other is not node)]
    values = [node.value for node in top if isinstance(node, ast.Return | ast.Assign) and node.value is not None]
    return top, [value for value in values if _size(value) >= TELLING]


def places_of(answer: Answer, sources: dict[str, str]) -> list[str]:
    """Where an answer stands in code, by place."""
    statements, expressions = answer
    wanted = _alike(statements) if sum(map(_size, statements)) >= TELLING else None
    telling = {_alike([ast.Expr(value)]) for value in expressions}
    return [
        place
        for place, source in sources.items()
        if (wanted is not None and wanted in _windows(source, len(statements))) or telling & _telling_parts(source)
    ]


def _alike(nodes: Iterable[ast.AST]) -> str:
    """Code as text in which only its structure counts: names are numbers, in the order in which they appear."""
    names = {"np": "np"}  # NumPy keeps its own

    def text(item: Any) -> str:
        match item:
            case ast.Name():
                return names.setdefault(item.id, f"v{len(names)}")
            case ast.arg():
                return names.setdefault(item.arg, f"v{len(names)}")
            case ast.AST():
                return f"{type(item).__name__}({', '.join(text(value) for _, value in ast.iter_fields(item))})"
            case list():
                return f"[{', '.join(map(text, item))}]"
        return repr(item)

    return "\n".join(map(text, nodes))


def _bodies(tree: ast.AST) -> Iterator[Sequence[ast.stmt]]:
    """All lists of statements in a tree, without docstrings."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                first = body[0].value if isinstance(body[0], ast.Expr) else None
                yield body[1:] if isinstance(first, ast.Constant) and isinstance(first.value, str) else body


def _size(node: ast.AST) -> int:
    return sum(1 for part in ast.walk(node) if not isinstance(part, ast.expr_context))


@functools.cache
def _windows(source: str, count: int) -> frozenset[str]:
    """Every run of `count` statements in some code, names made alike."""
    found = (body[i : i + count] for body in _bodies(ast.parse(source)) for i in range(len(body) - count + 1))
    return frozenset(map(_alike, found))


@functools.cache
def _telling_parts(source: str) -> frozenset[str]:
    """Every telling expression in some code, names made alike."""
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.expr) and _size(node) >= TELLING)
    return frozenset(_alike([ast.Expr(node)]) for node in nodes)
