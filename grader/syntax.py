"""Python's syntax trees, in several threads."""

from __future__ import annotations

import ast
import threading
import warnings

__all__ = ["has_placeholder", "parse"]

_one_at_a_time = threading.Lock()  # Python 3.11 counts depths for all threads together (cpython#106905)


def parse(source: str) -> ast.Module | None:
    """The syntax tree of some code, or None where it is no Python; never raises or warns."""
    try:
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def has_placeholder(source: str) -> bool:
    """Whether a solution is still, or again, the released one: a function that does nothing but say so.

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
    """Whether a function's body comes to a `raise NotImplementedError` in any case."""
    for statement in body:
        if isinstance(statement, ast.Return):
            return False
        if isinstance(statement, ast.Raise):
            raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
            return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
    return False
