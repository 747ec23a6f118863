"""What comes back from a student's engine, looked at before it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from dlcore.errors import CourseError
from dlcore.live import ask, name_of

__all__ = ["asked_for_numbers", "asked_for_order"]


def asked_for_order(function: Callable[..., Any], last: int, parents: Mapping[int, tuple[int, ...]]) -> list[int]:
    """The order that the student's function gives the nodes behind the last one."""
    order, name = ask(function, last, lambda node: parents[node]), name_of(function)
    if not isinstance(order, list | tuple) or not order:
        raise CourseError(f"`{name}` should return a list of nodes.")
    if not all(isinstance(node, int) and node in parents for node in order):
        raise CourseError(f"`{name}` returned something that is no node of the graph.")
    if order[0] != last:
        raise CourseError(f"The list of `{name}` should begin with the last node, v{last}. It begins with v{order[0]}.")
    return list(order)


def asked_for_numbers(function: Callable[..., Any], wanted: Collection[int], *arguments: Any) -> dict[int, float]:
    """The numbers that the student's function gives to the nodes of a graph."""
    found, name = ask(function, *arguments), name_of(function)
    if not isinstance(found, dict):
        raise CourseError(f"`{name}` should return a dict, node → number.")
    for node in wanted:
        if node not in found:
            raise CourseError(f"`{name}` returned nothing for v{node}.")
        if np.ndim(found[node]) or not np.isreal(found[node]):
            raise CourseError(f"`{name}` should return a number for v{node}.")
    return {node: float(found[node]) for node in wanted}
