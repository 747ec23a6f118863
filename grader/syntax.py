"""Python's syntax trees, in several threads."""

from __future__ import annotations

import ast
import threading
import warnings

__all__ = ["parse"]

_one_at_a_time = threading.Lock()  # Python 3.11 counts depths for all threads together (cpython#106905)


def parse(source: str) -> ast.Module | None:
    """The syntax tree of some code, or None where it is no Python; never raises or warns."""
    try:
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
