"""Check a lesson's guesses: each is a cell to fill in, before the demo that reveals what comes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.lessons.audit import Defect
from grader.lessons.cells import Cell
from grader.lessons.parser import Lesson

__all__ = ["guess_defects", "is_guess"]

FORM = re.compile(r'guess\("([^"\\]+)", \.\.\.\)(?: *#.*)?')


def is_guess(source: str) -> bool:
    """Whether a cell's source is a guess to fill in, as it is released."""
    return FORM.fullmatch(source.strip()) is not None


def guess_defects(lesson: Lesson) -> list[Defect]:
    """What is to be put right: guesses that are no cell of their own, asked twice, or never revealed."""
    found: list[Defect] = []
    asked: dict[str, Cell] = {}
    revealed: set[str] = set()
    for cell in lesson.cells:
        for function, name, line in _calls(cell):
            if function == "reveal":
                revealed.add(name)
                problem = "" if name in asked else f"reveal(“{name}”) has no guess before it"
            elif not is_guess(cell.source):
                problem = f'a guess is a cell of one line: guess("{name or "name"}", ...)'
            else:
                problem = f"the guess “{name}” is asked twice" if name in asked else ""
                asked[name] = cell
            found += [Defect(cell.path, line, problem)] if problem else []
    never = [(name, cell) for name, cell in asked.items() if name not in revealed]
    return found + [Defect(cell.path, cell.line, f"no cell calls reveal(“{name}”, …)") for name, cell in never]


def _calls(cell: Cell) -> Iterator[tuple[str, str, int]]:
    """The calls of `guess` and `reveal` in a cell: which, the name it is about, and the line."""
    if cell.kind != "code" or not re.search(r"\b(guess|reveal)\(", cell.source):
        return
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:  # what only IPython reads
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("guess", "reveal"):
            first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
            yield node.func.id, str(first), cell.line_of(node.lineno)
