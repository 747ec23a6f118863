"""A check cell's code, with and without the checks that students do not see."""

from __future__ import annotations

import ast
from typing import TypeGuard

__all__ = ["BEGIN_HIDDEN", "END_HIDDEN", "hidden_part", "visible_part"]

BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
CHECK_FUNCTIONS = ("check", "check_choice")
LIVELY = (ast.Call, ast.NamedExpr, ast.Await)  # what may do more than have a value


def visible_part(source: str) -> str:
    """A check cell's source without its hidden region."""
    kept, hidden = [], False
    for line in source.splitlines():
        if line.strip() == BEGIN_HIDDEN:
            hidden = True
        elif line.strip() == END_HIDDEN:
            hidden = False
        elif not hidden:
            kept.append(line)
    return "\n".join(kept).rstrip()


def hidden_part(source: str) -> str:
    """A check cell's source whose visible checks are not made, though what their arguments call is called.

    >>> print(hidden_part("check(f, 1)\\ncheck(f, draw(2))\\n" + BEGIN_HIDDEN + "\\ncheck(f, 3)"))
    <BLANKLINE>
    (draw(2),)
    ### BEGIN HIDDEN TESTS
    check(f, 3)
    """
    lines, hidden = source.splitlines(), False
    shown = []
    for line in lines:
        hidden = (hidden or line.strip() == BEGIN_HIDDEN) and line.strip() != END_HIDDEN
        shown.append(not hidden)
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # Jupyter's own commands, say: then all checks are made
        return source
    for place, node in enumerate(statements):
        alone = place + 1 == len(statements) or statements[place + 1].lineno > (node.end_lineno or 0)
        alone &= place == 0 or (statements[place - 1].end_lineno or 0) < node.lineno
        if alone and shown[node.lineno - 1] and isinstance(node, ast.Expr) and _is_check_call(node.value):
            given = [*node.value.args[1:], *(item.value for item in node.value.keywords)]
            lively = [item for item in given if any(isinstance(part, LIVELY) for part in ast.walk(item))]
            lines[node.lineno - 1 : node.end_lineno] = [
                ast.unparse(ast.Tuple(lively, ast.Load())) if lively else "",
                *([""] * ((node.end_lineno or node.lineno) - node.lineno)),
            ]
    return "\n".join(lines)


def _is_check_call(node: ast.expr) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CHECK_FUNCTIONS
