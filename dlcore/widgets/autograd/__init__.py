"""Week 9: a gradient on its way back through a graph, step by step, and the cost of both modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlcore.live import Panel
from dlcore.widgets.autograd.graph_steps import GraphSteps
from dlcore.widgets.autograd.two_modes import TwoModes

__all__ = ["graph_steps", "two_modes"]


def graph_steps(
    local_slopes: Callable[..., Any], topological_order: Callable[..., Any], backward: Callable[..., Any]
) -> Panel:
    """Return a panel that shows one step of your backward pass after another, on the graph of a small formula.

    Args:
        local_slopes: your function (kind, out, inputs) → slopes.
        topological_order: your function (last, parents) → nodes, the newest first.
        backward: your function (order, parents, back, seed) → the gradient of each node.
    """
    return GraphSteps(local_slopes, topological_order, backward).panel


def two_modes(
    topological_order: Callable[..., Any], backward: Callable[..., Any], push_forward: Callable[..., Any]
) -> Panel:
    """Return a panel that computes a whole Jacobian in both modes, and counts the multiplications.

    Args:
        topological_order: your function (last, parents) → nodes, the newest first.
        backward: your function (order, parents, back, seed) → the gradient of each node.
        push_forward: your function (order, parents, slopes, directions) → the rate of each node.
    """
    return TwoModes(topological_order, backward, push_forward).panel
