"""Vanishing and exploding signals and gradients in a network of many layers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from dlcore.arrays import Floats
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, choice, name_of, slider
from dlcore.plots import COLOURS, STYLE

__all__ = ["SignalDepth"]

WIDTH, EXAMPLES, DEEPEST = 100, 40, 30
LOWEST, HIGHEST = 1e-8, 1e8  # limits of the axes
ACTIVATIONS = ("relu", "tanh", "sigmoid")


class SignalDepth:
    """The picture: sizes of scores and of gradients, layer by layer. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, forward: Callable[..., Any], backward: Callable[..., Any]):
        self.forward, self.backward = forward, backward
        rng = np.random.default_rng(3)
        self.X = rng.standard_normal((WIDTH, EXAMPLES))
        self.draws = rng.standard_normal((DEEPEST, WIDTH, WIDTH)) / np.sqrt(WIDTH)
        self.arriving = rng.standard_normal((WIDTH, EXAMPLES))  # the gradient at the end
        self.live = LiveFigure(
            size=(8.4, 3.9),
            breaks=(0.515,),
            alt="Two charts with logarithmic axes. Left: the size of the signal in each layer. "
            "Right: the size of the gradient that arrives at each layer.",
        )
        self.signal = self._draw(0.09, "Forwards: size of the signal", "standard deviation of Z", "blue")
        self.gradient = self._draw(0.59, "Backwards: size of the gradient", "standard deviation of dA", "vermilion")
        self.live.freeze(self.signal, self.gradient)
        self.panel = Panel(self.live, self._controls(), self.update)

    @np.errstate(all="ignore")
    def update(self, c: float, depth: float, activation: str) -> str:
        """Run both passes through `depth` layers with weights of size c/√n."""
        depth = int(depth)
        caches, scores = self._there(c, depth, activation)
        gradients = self._back(caches, activation)
        self.signal.set_data(np.arange(1, depth + 1), np.clip(scores, LOWEST / 10, HIGHEST * 10))
        self.gradient.set_data(np.arange(depth + 1), np.clip(gradients, LOWEST / 10, HIGHEST * 10))
        return f"{activation}, c = {c:.2f}, {depth} layers. " + _story(scores, gradients)

    def _controls(self) -> list[Any]:
        return [
            slider("c, size of the weights · √n", 0.1, 3, 0.5, step=0.01),
            slider("depth, layers", 2, DEEPEST, 20, step=1),
            choice("activation", ACTIVATIONS, ACTIVATIONS[0]),
        ]

    def _draw(self, left: float, title: str, label: str, colour: str) -> Line2D:
        ax: Axes = self.live.figure.add_axes((left, 0.15, 0.4, 0.74))
        ax.set(xlim=(-0.8, DEEPEST + 0.8), yscale="log", ylim=(LOWEST, HIGHEST), xlabel="layer", ylabel=label)
        ax.set_title(title)
        ax.set_yticks(10.0 ** np.arange(-8, 9, 2))
        ax.minorticks_off()
        ax.axhspan(0.1, 10, color=COLOURS["sky"], alpha=0.25, lw=0)
        ax.axhline(1, color="#777777", lw=1)
        ax.text(DEEPEST + 0.4, 13, "0.1 to 10", ha="right", va="bottom", fontsize=9, color="#33566B")
        (line,) = ax.plot([], [], "o-", color=COLOURS[colour], ms=4.5, lw=1.5)
        return line

    def _there(self, c: float, depth: int, activation: str) -> tuple[list[Any], Floats]:
        """The caches of all layers, and the standard deviations of their scores, (depth,)."""
        no_bias, name = np.zeros((WIDTH, 1)), name_of(self.forward)

        def one_layer(step: tuple[Any, Any], W: Floats) -> tuple[Any, Any]:
            step = ask(self.forward, step[0], W, no_bias, activation)
            if not isinstance(step, tuple | list) or len(step) != 2:
                raise CourseError(f"`{name}` should return two things: A and the cache.")
            _check(name, "A", step[0], self.X.shape)
            if not isinstance(step[1], tuple | list) or len(step[1]) != 3:
                raise CourseError(f"The cache of `{name}` should be the tuple (A_prev, W, Z).")
            _check(name, "a Z in its cache", step[1][2], self.X.shape)
            return step

        first: tuple[Any, Any] = self.X, None  # the examples have no cache
        steps = list(accumulate(c * self.draws[:depth], one_layer, initial=first))
        caches = [cache for _, cache in steps[1:]]
        return caches, np.array([_spread(cache[2]) for cache in caches])

    def _back(self, caches: list[Any], activation: str) -> Floats:
        """The standard deviations of dA, from layer 0 to the last, (depth + 1,)."""
        name = name_of(self.backward)

        def one_layer(dA: Any, cache: Any) -> Any:
            result = ask(self.backward, dA, cache, activation)
            if not isinstance(result, tuple | list) or len(result) != 3:
                raise CourseError(f"`{name}` should return three things: dA_prev, dW and db.")
            _check(name, "dA_prev", result[0], self.X.shape)
            return result[0]

        return np.array([_spread(dA) for dA in accumulate(caches[::-1], one_layer, initial=self.arriving)])[::-1]


def _spread(values: Any) -> float:
    return float(np.sqrt(np.var(np.asarray(values, dtype=float))))


def _check(name: str, what: str, value: Any, shape: tuple[int, ...]) -> None:
    if np.shape(value) != shape:
        raise CourseError(f"`{name}` should return {what} of shape {shape} here, but it has shape {np.shape(value)}.")


def _story(scores: Floats, gradients: Floats) -> str:
    """A description of the average gain of a layer, what arrives, and whether that is healthy."""
    ahead = _factor(scores[0], scores[-1], len(scores) - 1)
    behind = _factor(gradients[-1], gradients[0], len(gradients) - 1)
    sizes = (
        f"On average a layer multiplies the signal by {ahead} and the gradient by {behind}. "
        f"The last layer's scores have size {_size(scores[-1])}; "
        f"of a gradient of size 1, {_size(gradients[0])} arrives at the front."
    )
    fates = [_fate("signal", scores[-1]), _fate("gradient", gradients[0])]
    return f"{sizes}\nThe {fates[0]}, the {fates[1]}."


def _factor(first: float, last: float, layers: int) -> str:
    if not (np.isfinite(first) and np.isfinite(last) and first > 0 and last > 0):
        return "an unknown factor"
    return f"{(last / first) ** (1 / layers):.2f}"


def _size(value: float) -> str:
    return f"{value:.2g}" if np.isfinite(value) else "infinity"


def _fate(what: str, size: float) -> str:
    if not size >= 0.1:
        return f"{what} dies" if size < 0.1 else f"{what} is not a number"
    return f"{what} survives" if size <= 10 else f"{what} explodes"
