"""Find names that cells of a lesson take from each other where they must not."""

from __future__ import annotations

import dis
from collections.abc import Sequence
from types import CodeType

from grader.lessons.audit import Defect
from grader.lessons.cells import Cell
from grader.lessons.roles import Role

__all__ = ["shared_names"]

GRADED = (Role.SOLUTION, Role.CHECK, Role.QUIZ)


def shared_names(cells: Sequence[Cell]) -> list[Defect]:
    """Names that checks assign and others need, or that demos assign and graded cells need.

    A student may run any check again at any time, and demos do not run while grading.
    """
    found = []
    code = [cell for cell in cells if cell.kind == "code"]
    known = [(cell, *_names(cell.source)) for cell in code]
    for cell, own, needed in known:
        if cell.role is Role.CHECK:  # nobody else may call its functions
            needed = needed - own
        for other, assigned, _ in known:
            spoils = other.role is Role.CHECK or (other.role is Role.DEMO and cell.role in GRADED)
            if other is cell or not spoils:
                continue
            for name in sorted(needed & assigned):
                owner = f"the {other.role} cell in line {other.line}"
                text = f"this {cell.role or 'plain'} cell needs {name}, which {owner} assigns"
                found.append(Defect(cell.path, cell.line, f"{text}; use another name, or assign it here"))
    return found


def _names(source: str) -> tuple[set[str], set[str]]:
    """The names that a cell assigns, and those that it needs from elsewhere.

    What a function reads when it is called counts as needed even if the cell
    assigns it, since a widget, say, calls it long after the cell has run.
    """
    assigned: set[str] = set()
    needed: set[str] = set()

    def read(code: CodeType, later: bool) -> None:
        for step in dis.get_instructions(code):
            if isinstance(step.argval, CodeType):
                read(step.argval, later or not step.argval.co_name.endswith(("comp>", "genexpr>")))
            elif step.opname == "STORE_NAME" and code.co_name == "<module>":
                assigned.add(step.argval)
            elif step.opname in ("LOAD_NAME", "LOAD_GLOBAL") and (later or step.argval not in assigned):
                needed.add(step.argval)

    try:
        read(compile(source, "cell", "exec"), False)
    except SyntaxError:  # IPython's own, such as %timeit
        return set(), set()
    return assigned, needed
