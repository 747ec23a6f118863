"""Thread-safe parsing of Python source."""

from __future__ import annotations

import ast
import threading
import warnings

__all__ = ["has_placeholder", "parse"]

_one_at_a_time = threading.Lock()  # in Python 3.11 all threads share the recursion depth of `ast` (cpython#106905)


def parse(source: str) -> ast.Module | None:
    """The syntax tree of `source`, or None if it is not valid Python; never raises or warns."""
    try:
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def has_placeholder(source: str) -> bool:
    """Whether a solution still contains the released placeholder: a function that only raises NotImplementedError.

    >>> has_placeholder("def f(x):\\n    raise NotImplementedError('Replace this line by your code.')")
    True
    >>> has_placeholder("def f(x):\\n    # raise NotImplementedError()\\n    return x")
    False
    >>> has_placeholder("def f(x):\\n    if x is None:\\n        raise NotImplementedError\\n    return x")
    False
    """
    tree = parse(source)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)] if tree is not None else []
    return any(_raises_at_once(function.body) for function in functions)


def _raises_at_once(body: list[ast.stmt]) -> bool:
    """Whether a function's body reaches a top-level `raise NotImplementedError`."""
    for statement in body:
        if isinstance(statement, ast.Return):
            return False
        if isinstance(statement, ast.Raise):
            raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
            return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
    return False
