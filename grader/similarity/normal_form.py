"""Reduce solutions to what a copyist keeps: no comments, layout, docstrings, annotations or names of one's own."""

from __future__ import annotations

import ast
import re
from contextlib import suppress

from grader.syntax import parse

__all__ = ["normal_form", "normal_lines"]

OWN = "v"  # stands for every name that the solution itself gives to something
NAME = re.compile(r"\b[A-Za-z_]\w*\b")
COMMENT = re.compile(r"#.*")


def normal_form(source: str, *, is_code: bool = True) -> str:
    """A solution or a written answer without what is easily changed.

    >>> normal_form("def f(x):  # mine\\n    total = np.sum( x )\\n    return total")
    'def f(v):\\n    v = np.sum(v)\\n    return v'
    """
    if not is_code:
        return " ".join(re.findall(r"\w+", source.lower()))
    tree = parse(source)
    if tree is not None:
        with suppress(RecursionError):  # crafted
            _Renamer(_own_names(tree)).visit(tree)
            return ast.unparse(ast.fix_missing_locations(tree))
    return re.sub(r"\s+", "", COMMENT.sub("", source))


def normal_lines(source: str) -> list[str]:
    """Every line of a solution in normal form, without spaces; lines without code are ""."""
    tree = parse(source)
    own = set() if tree is None else _own_names(tree)
    return [
        re.sub(r"\s+", "", NAME.sub(lambda name: OWN if name[0] in own else name[0], COMMENT.sub("", line)))
        for line in source.splitlines()
    ]


def _own_names(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


class _Renamer(ast.NodeTransformer):
    """Renames one's own names, and drops annotations and docstrings."""

    def __init__(self, own: set[str]):
        self.own = own

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = OWN if node.id in self.own else node.id
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg, node.annotation = OWN, None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        self.generic_visit(node)
        return ast.Assign([node.target], node.value) if node.value is not None else None

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            node.body = node.body[1:]
        node.body = node.body or [ast.Pass()]
        return node
