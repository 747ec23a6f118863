"""Detect cells that run the same in plain Python as in Jupyter."""

from __future__ import annotations

import ast
import functools

from grader.syntax import parse

__all__ = ["is_plain"]

JUPYTER_NAMES = frozenset({"_", "__", "___", "In", "Out", "_ih", "_oh", "_dh", "exit", "quit", "get_ipython"})
CACHED_LENGTH = 10_000  # maximum length of a cell whose answer is cached
ASYNCHRONOUS = (ast.Await, ast.AsyncFor, ast.AsyncWith)


def is_plain(source: str) -> bool:
    """Whether a cell is Python without magics, top-level `await`, or names that only Jupyter has.

    The display of its last expression does not count: grading does not use it.

    >>> is_plain("x = 1"), is_plain("%matplotlib inline"), is_plain("_ + 1")
    (True, False, False)
    """
    return _is_plain(source) if len(source) > CACHED_LENGTH else _is_plain_cached(source)


def _is_plain(source: str) -> bool:
    tree = parse(source)
    if tree is None:
        return False
    try:
        return not any(_needs_jupyter(node) for node in ast.walk(tree))
    except RecursionError:
        return False


_is_plain_cached = functools.lru_cache(2000)(_is_plain)  # most cells are identical across submissions


def _needs_jupyter(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Store):  # as in `for _ in range(3)`
            return False
        return node.id in JUPYTER_NAMES or node.id.startswith(("_i", "_o"))
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__"  # Jupyter applies these to all later cells
    return isinstance(node, ASYNCHRONOUS)
