"""The places in a piece of Python where something can be changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Site", "drop_docstrings", "sites"]


@dataclass
class Site:
    """A place in a syntax tree that holds a node, and what is known about it."""

    holder: ast.AST
    field: str
    index: int | None
    statement: ast.stmt
    names: tuple[str, ...]
    arguments: tuple[str, ...]
    keys: tuple[str, ...]

    @property
    def node(self) -> ast.AST:
        """The node that stands here."""
        value = getattr(self.holder, self.field)
        return value if self.index is None else value[self.index]

    def put(self, node: ast.AST) -> None:
        """Put another node here."""
        if self.index is None:
            setattr(self.holder, self.field, node)
        else:
            getattr(self.holder, self.field)[self.index] = node


def sites(tree: ast.Module) -> Iterator[Site]:
    """Every place in `tree` that holds a statement or an expression."""
    for number, statement in enumerate(tree.body):
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        names: tuple[str, ...] = ()
        arguments: tuple[str, ...] = ()
        if isinstance(statement, ast.FunctionDef):
            names, arguments = _variables(statement), tuple(item.arg for item in statement.args.args)
        yield from _walk(Site(tree, "body", number, statement, names, arguments, _keys(statement)))


def _variables(function: ast.FunctionDef) -> tuple[str, ...]:
    """A function's arguments and local variables."""
    found = [argument.arg for argument in ast.walk(function) if isinstance(argument, ast.arg)]
    found += [node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return tuple(dict.fromkeys(name for name in found if name != "_"))


def _keys(statement: ast.stmt) -> tuple[str, ...]:
    """The texts by which entries of dicts are looked up."""
    slices = [node.slice for node in ast.walk(statement) if isinstance(node, ast.Subscript)]
    return tuple(dict.fromkeys(_text(node) for node in slices if _text(node)))


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _walk(site: Site) -> Iterator[Site]:
    """The site and those in it, but no docstrings, imports, annotations and error messages."""
    yield site
    node = site.node
    if isinstance(node, ast.Raise | ast.Import | ast.ImportFrom):
        return
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "ctx", "op", "ops", "type_comment", "type_params"):
            continue
        children = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, child in children:
            if isinstance(child, ast.AST) and not _is_docstring(child):
                statement = child if isinstance(child, ast.stmt) else site.statement
                yield from _walk(Site(node, field, index, statement, site.names, site.arguments, site.keys))


def drop_docstrings(tree: ast.Module) -> None:
    """Take the docstrings out of functions that have anything else in them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and len(node.body) > 1 and _is_docstring(node.body[0]):
            del node.body[0]


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
