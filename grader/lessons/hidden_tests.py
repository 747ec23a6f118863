"""The visible and the hidden part of a check cell: its source, and the outcomes of its checks."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import TypeGuard

__all__ = [
    "BEGIN_HIDDEN",
    "END_HIDDEN",
    "hidden_part",
    "is_check_call",
    "repeats_examples",
    "visible_lines",
    "visible_part",
]

BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
CHECK_FUNCTIONS = ("check", "check_choice")
SIDE_EFFECTING = (ast.Call, ast.NamedExpr, ast.Await)  # expressions that may have side effects


def visible_part(source: str) -> str:
    """A check cell's source without its hidden region."""
    lines = source.splitlines()
    return "\n".join(line for line, shown in zip(lines, _shown(lines), strict=True) if shown).rstrip()


def visible_lines(source: str) -> list[int]:
    """The numbers, from 1, of a check cell's lines outside its hidden region."""
    return [number for number, shown in enumerate(_shown(source.splitlines()), 1) if shown]


def _shown(lines: Sequence[str]) -> list[bool]:
    """For each line whether students see it; an unclosed hidden region extends to the end."""
    shown, hidden = [], False
    for line in lines:
        marker = line.strip() in (BEGIN_HIDDEN, END_HIDDEN)
        if marker:
            hidden = line.strip() == BEGIN_HIDDEN
        shown.append(not hidden and not marker)
    return shown


def hidden_part(source: str) -> str:
    """A check cell's source without its visible checks, though calls in their arguments are kept.

    >>> print(hidden_part("check(f, 1)\\ncheck(f, draw(2))\\n" + BEGIN_HIDDEN + "\\ncheck(f, 3)"))
    <BLANKLINE>
    (draw(2),)
    ### BEGIN HIDDEN TESTS
    check(f, 3)
    """
    lines = source.splitlines()
    shown = _shown(lines)
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # IPython magics, for example: then all checks are kept
        return source
    for place, node in enumerate(statements):
        alone = place + 1 == len(statements) or statements[place + 1].lineno > (node.end_lineno or 0)
        alone &= place == 0 or (statements[place - 1].end_lineno or 0) < node.lineno
        if alone and shown[node.lineno - 1] and isinstance(node, ast.Expr) and is_check_call(node.value):
            given = [*node.value.args[1:], *(item.value for item in node.value.keywords)]
            kept = [item for item in given if any(isinstance(part, SIDE_EFFECTING) for part in ast.walk(item))]
            lines[node.lineno - 1 : node.end_lineno] = [
                ast.unparse(ast.Tuple(kept, ast.Load())) if kept else "",
                *([""] * ((node.end_lineno or node.lineno) - node.lineno)),
            ]
    return "\n".join(lines)


def is_check_call(node: ast.AST) -> TypeGuard[ast.Call]:
    """Whether a node calls `check` or `check_choice`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CHECK_FUNCTIONS


def repeats_examples(checks: Iterable[tuple[bool, bool]]) -> bool:
    """Whether all visible checks passed and no hidden one; each is given as (hidden, passed)."""
    outcomes = set(checks)
    return (False, True) in outcomes and (True, False) in outcomes and len(outcomes) == 2
