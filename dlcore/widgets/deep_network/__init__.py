"""Week 3: a network as a graph with its gradients, and a signal on its way through many layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlcore.live import Panel
from dlcore.widgets.deep_network.backprop_graph import BackpropGraph
from dlcore.widgets.deep_network.signal_depth import SignalDepth

__all__ = ["backprop_graph", "signal_depth"]


def backprop_graph(model_forward: Callable[..., Any], model_backward: Callable[..., Any]) -> Panel:
    """Return a panel that shows one example on its way through a network of three layers, and back.

    Blue is what your forward pass computes, vermilion what your backward pass
    says about it. `steps shown` uncovers them one layer at a time. The sentence
    compares every gradient with what a nudge does to the loss.

    Args:
        model_forward: your function, (X, parameters) to (AL, caches).
        model_backward: your function, (AL, Y, caches) to grads. Both are called
            with a single example; `model_forward` some 60 times more for the nudges.
    """
    return BackpropGraph(model_forward, model_backward).panel


def signal_depth(activation_forward: Callable[..., Any], activation_backward: Callable[..., Any]) -> Panel:
    """Return a panel that sends a signal forwards through many layers, and a gradient back.

    All layers have 100 units, no biases, and weights drawn from a normal
    distribution with the standard deviation c/√100. Left, the standard
    deviation of the scores of each layer; right, that of the gradient which
    arrives at each layer.

    Args:
        activation_forward: your function, (A_prev, W, b, activation) to (A, cache).
        activation_backward: your function, (dA, cache, activation) to
            (dA_prev, dW, db). Both are called once a layer on every move of a slider.
    """
    return SignalDepth(activation_forward, activation_backward).panel
