"""Week 2: activation functions, hidden units, and how to start them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlcore.live import Panel
from dlcore.widgets.shallow_network.activation_explorer import ActivationExplorer
from dlcore.widgets.shallow_network.hidden_units import HiddenUnits
from dlcore.widgets.shallow_network.symmetry import Symmetry

__all__ = ["activation_explorer", "hidden_units", "symmetry"]

Function = Callable[..., Any]


def activation_explorer(
    sigmoid: Function,
    tanh_derivative: Function,
    relu: Function,
    relu_derivative: Function,
    leaky_relu: Function,
    leaky_relu_derivative: Function,
    elu: Function,
    maxout: Function,
) -> Panel:
    """Return a panel that sends the scores of a layer through an activation function.

    Left, the function with the scores of 200 units on it; right, its slope.
    Units whose slope is nearly 0 are marked: they hardly learn.

    Args:
        sigmoid: from scores (1, k) to activations (1, k).
        tanh_derivative: your function, from the activations of tanh to slopes.
        relu, relu_derivative: your functions of the scores.
        leaky_relu, leaky_relu_derivative: your functions of scores and slope.
        elu: your function of scores and alpha.
        maxout: your function of two scores; it is shown for z and −c·z.
    """
    functions = {
        "sigmoid": sigmoid, "tanh_derivative": tanh_derivative, "relu": relu, "relu_derivative": relu_derivative,
        "leaky_relu": leaky_relu, "leaky_relu_derivative": leaky_relu_derivative, "elu": elu, "maxout": maxout,
    }  # fmt: skip
    return ActivationExplorer(functions).panel


def hidden_units(initialize: Function, forward: Function, fit: Function) -> Panel:
    """Return a panel that trains a small network in the plane and shows what each hidden unit says.

    Left, the two classes, the boundary and the line of each unit; right, a map
    of each unit's activation, and the weight with which the output hears it.

    Args:
        initialize: your function, (n_x, n_h, n_y, rng, scale) to parameters.
        forward: your function, (X, parameters) to (A2, cache).
        fit: your function, (X, Y, parameters, learning_rate, steps) to
            (parameters, costs). A click calls it some ten to a hundred times.
    """
    return HiddenUnits(initialize, forward, fit).panel


def symmetry(initialize: Function, forward: Function, fit: Function) -> Panel:
    """Return a panel in which four hidden units start from zero, equal, or at random.

    Left, the paths of their incoming weights; in the middle, their lines among
    the xor clouds; right, the cost. Each start is trained once, for 1,000 steps.

    Args:
        initialize: your function, (n_x, n_h, n_y, rng, scale) to parameters.
        forward: your function, (X, parameters) to (A2, cache).
        fit: your function, (X, Y, parameters, learning_rate, steps) to
            (parameters, costs).
    """
    return Symmetry(initialize, forward, fit).panel
