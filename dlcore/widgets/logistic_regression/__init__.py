"""Week 1: the plane of a neuron, and the valley of its cost."""

from __future__ import annotations

from collections.abc import Callable

from dlcore.arrays import Floats
from dlcore.live import Panel
from dlcore.widgets.logistic_regression.cost_valley import CostValley
from dlcore.widgets.logistic_regression.sigmoid_plane import SigmoidPlane

__all__ = ["cost_valley", "sigmoid_plane"]


def sigmoid_plane(sigmoid: Callable[[Floats], Floats]) -> Panel:
    """Return a panel that shows what the direction and length of w, and b, do to a neuron.

    Left, the plane of two features, shaded by the probability that
    `sigmoid(w·x + b)` gives to class 1; right, the same probability along the
    direction of w. The band of probabilities from 0.1 to 0.9 is marked in both.

    Args:
        sigmoid: your function, from an array (1, k) to probabilities (1, k).
            It is called on every move of a slider.
    """
    return SigmoidPlane(sigmoid).panel


def cost_valley(propagate: Callable[[Floats, float, Floats, Floats], tuple[Floats, float, float]]) -> Panel:
    """Return a panel in which gradient descent walks down the cost of a neuron with one input.

    Left, the cost over w and b as a map and the path of gradient descent;
    right, the cost after each step. Move the learning rate: the same number of
    steps is taken anew.

    Args:
        propagate: your function, (w, b, X, Y) to (dw, db, cost), with w and dw
            of shape (1, 1), X and Y of shape (1, 30). It is called some 2,000
            times at first, for the map.
    """
    return CostValley(propagate).panel
