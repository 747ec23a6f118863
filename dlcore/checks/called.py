"""What a student's function calls in the notebook."""

from __future__ import annotations

from types import CodeType, FunctionType
from typing import Any

__all__ = ["names_used"]


def names_used(function: Any) -> set[str]:
    """The global names in a function's code, and in that of the notebook's functions which it reaches by them.

    Names of attributes are among them. What has no Python code uses no names.

    >>> def half(x): return x / 2
    >>> names_used(lambda x: half(x))
    {'half'}
    """
    names: set[str] = set()
    reached: list[Any] = [function]
    for item in reached:  # grows on the way
        if isinstance(item, FunctionType):
            used = _names_in(item.__code__)
            names |= used
            called = [item.__globals__.get(name) for name in used]
            # A library's functions call none of the notebook's.
            near = [other for other in called if getattr(other, "__globals__", None) is item.__globals__]
            reached += [other for other in near + _enclosed(item) if not any(other is known for known in reached)]
    return names


def _enclosed(function: FunctionType) -> list[Any]:
    """What a function's closure holds: for a decorated one, the function as it was written."""
    values = []
    for cell in function.__closure__ or ():
        try:
            values.append(cell.cell_contents)
        except ValueError:  # a variable that is not assigned yet
            continue
    return values


def _names_in(code: CodeType) -> set[str]:
    inner = [_names_in(item) for item in code.co_consts if isinstance(item, CodeType)]
    return set(code.co_names).union(*inner)
