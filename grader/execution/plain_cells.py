"""Which cells mean the same in plain Python as in Jupyter."""

from __future__ import annotations

import ast
import functools

from grader.syntax import parse

__all__ = ["is_plain"]

JUPYTERS_OWN = frozenset({"_", "__", "___", "In", "Out", "_ih", "_oh", "_dh", "exit", "quit", "get_ipython"})
REMEMBERED = 10_000  # characters of a cell about which the answer is kept
ASYNCHRONOUS = (ast.Await, ast.AsyncFor, ast.AsyncWith)


def is_plain(source: str) -> bool:
    """Whether a cell is Python without magics, top-level `await`, or names that only Jupyter has.

    What its last line would display does not count: nobody looks at it while
    grading.

    >>> is_plain("x = 1"), is_plain("%matplotlib inline"), is_plain("_ + 1")
    (True, False, False)
    """
    return _is_plain(source) if len(source) > REMEMBERED else _remembered(source)


def _is_plain(source: str) -> bool:
    tree = parse(source)
    if tree is None:
        return False
    try:
        return not any(_needs_jupyter(node) for node in ast.walk(tree))
    except RecursionError:
        return False


_remembered = functools.lru_cache(2000)(_is_plain)  # most cells are alike in all submissions


def _needs_jupyter(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Store):  # as in `for _ in range(3)`
            return False
        return node.id in JUPYTERS_OWN or node.id.startswith(("_i", "_o"))
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__"  # which Jupyter applies to all later cells, too
    return isinstance(node, ASYNCHRONOUS)
