"""The backward pass of a convolution, of max pooling and of average pooling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import Colormap
from matplotlib.patches import Rectangle

from dlcore.arrays import Bools, Floats
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, choice, name_of, whole_slider
from dlcore.plots import COLOURS, PROBABILITY_COLOURS, STYLE
from dlcore.widgets.shared.student_convolution import checked, two_results
from dlcore.widgets.shared.table import Table

__all__ = ["GradientRouting"]

SIDE = 6
LAYERS = ("max pooling", "average pooling", "convolution")
FROM = ("one output", "all outputs")
IMAGES = {
    "all pixels different": np.array(
        [
            [12.0, 31, 7, 25, 18, 3],
            [28, 5, 22, 14, 35, 9],
            [1, 19, 33, 10, 26, 16],
            [24, 8, 15, 29, 2, 34],
            [11, 36, 4, 21, 13, 30],
            [27, 17, 23, 6, 32, 20],
        ]
    ),
    "with plateaus": np.kron([[0.0, 9, 0], [9, 9, 4], [0, 4, 4]], np.ones((2, 2))),
}
NUDGE = 1e-3


class GradientRouting:
    """The picture: input, its gradient, the upstream gradient. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, *functions: Callable[..., Any]):
        self.conv_forward, self.conv_backward, self.pool_forward, self.pool_backward = functions
        self.live = LiveFigure(
            size=(9.4, 3.9),
            breaks=(0.333, 0.667),
            alt="Left: an input of 6 by 6 pixels. Middle: the gradient that the backward pass hands to each pixel. "
            "Right: the gradient that comes from behind, one cell for each output.",
        )
        greys = matplotlib.colormaps["Greys"]
        self.input = self._table(0.01, SIDE, "Input", greys, 0, 2)
        self.gradient = self._table(0.345, SIDE, "Gradient of the input", PROBABILITY_COLOURS, -1, 1)
        self.behind = self._table(0.68, SIDE - 1, "Gradient from behind", PROBABILITY_COLOURS, -2, 2)
        self.windows = [self._frame(number) for number in (0, 1)]
        tables = [artist for table in (self.input, self.gradient, self.behind) for artist in table.artists]
        self.live.freeze(*tables, *self.windows)
        self.number = whole_slider("which output", 0, (SIDE - 1) ** 2 - 1, 3)
        controls = [
            choice("layer", LAYERS, LAYERS[0]),
            whole_slider("window, pixels", 2, 3, 2),
            whole_slider("stride, pixels", 1, 3, 2),
            choice("gradient from behind", FROM, FROM[0]),
            self.number,
            choice("input", list(IMAGES), next(iter(IMAGES))),
        ]
        self.panel = Panel(self.live, controls, self.update, more=[*controls[1:4], controls[5]])

    def update(self, layer: str, f: int, stride: int, source: str, number: int, image: str) -> str:
        """Backpropagate a gradient of 1 from one output, or from each of them."""
        X = IMAGES[image][np.newaxis, :, :, np.newaxis]
        Z, cache = self._forward(layer, X, f, stride)
        rows, columns = Z.shape[1:3]
        self.number.max = rows * columns - 1
        h, w = divmod(min(number, self.number.max), columns)
        arriving = np.ones(Z.shape)
        if source == FROM[0]:
            arriving[:] = 0
            arriving[0, h, w] = 1
        claim = self._backward(layer, arriving, cache)[0, :, :, 0]
        single, together = self._nudged(layer, X, f, stride, arriving)
        tied = layer == LAYERS[0] and image != next(iter(IMAGES))
        wrong = np.abs(claim - single) > 1e-4 * (1 + np.abs(single).max())
        self.input.show(X[0, :, :, 0], scale=X.max())
        self.gradient.show(claim, wrong=None if tied else wrong, scale=max(np.abs(claim).max(), 1e-9) * 1.2)
        self.behind.show(arriving[0, :, :, 0])
        for frame in self.windows:
            frame.set(width=f, height=f, xy=(w * stride - 0.5, h * stride - 0.5), alpha=float(source == FROM[0]))
        words = self._story(layer, f, arriving, claim)
        if tied:
            return words + _about_ties(claim.sum(), together)
        return words + self._verdict(layer, claim, single, wrong)

    def _forward(self, layer: str, X: Floats, f: int, stride: int) -> tuple[Floats, Any]:
        if layer == "convolution":
            kernel = np.arange(1.0, f * f + 1).reshape(f, f, 1, 1)
            what, function = "Z", self.conv_forward
            settings: tuple[Any, ...] = (kernel, np.zeros((1, 1, 1, 1)), stride, 0)
        else:
            what, function = "A", self.pool_forward
            settings = (f, stride, layer.split()[0])
        Z, cache = two_results(function, what, X, *settings)
        if Z.shape[0] != len(X) or Z.shape[3] != 1 or not 1 <= max(Z.shape[1:3]) < SIDE:
            raise CourseError(
                f"`{name_of(function)}` should return {what} with {len(X)} example(s), one channel, "
                f"and fewer rows and columns than the input; its shape is {Z.shape}."
            )
        return Z, cache

    def _backward(self, layer: str, arriving: Floats, cache: Any) -> Floats:
        if layer != "convolution":
            result = ask(self.pool_backward, arriving.copy(), cache, layer.split()[0])
            return checked(result, f"`{name_of(self.pool_backward)}` should return dA_prev", (1, SIDE, SIDE, 1))
        name = name_of(self.conv_backward)
        result = ask(self.conv_backward, arriving.copy(), cache)
        if not isinstance(result, tuple | list) or len(result) != 3:
            raise CourseError(f"`{name}` should return three things: dA_prev, dW and db.")
        return checked(result[0], f"`{name}` should return dA_prev", (1, SIDE, SIDE, 1))

    def _nudged(self, layer: str, X: Floats, f: int, stride: int, arriving: Floats) -> tuple[Floats, float]:
        """The slopes measured with one pixel at a time, (6, 6), and with all pixels together."""
        steps = NUDGE * np.concatenate([np.eye(SIDE * SIDE), np.ones((1, SIDE * SIDE))]).reshape(-1, SIDE, SIDE, 1)
        ahead, back = (self._forward(layer, X + sign * steps, f, stride)[0] for sign in (1, -1))
        slopes = np.tensordot(ahead - back, arriving[0], axes=3) / (2 * NUDGE)
        return slopes[:-1].reshape(SIDE, SIDE), float(slopes[-1])

    def _story(self, layer: str, f: int, arriving: Floats, claim: Floats) -> str:
        reached, total = np.count_nonzero(np.abs(claim) > 1e-9), claim.sum() + 0.0
        kernel = {2: ", kernel 1, 2, 3, 4", 3: ", kernel 1, 2, …, 9"}[f] if layer == "convolution" else ""
        return (
            f"{layer[0].upper()}{layer[1:]}{kernel}: {arriving.sum():.0f} comes from behind, {total:.3g} arrives at "
            f"the input in total, at {reached} of {SIDE * SIDE} pixels. "
        )

    def _verdict(self, layer: str, claim: Floats, single: Floats, wrong: Bools) -> str:
        if not wrong.any():
            return "Nudges of all pixels confirm your gradient."
        i, j = np.argwhere(wrong)[0]
        name = name_of(self.conv_backward if layer == "convolution" else self.pool_backward)
        return (
            f"But nudges say something else at the {wrong.sum()} pixels that are crossed out. In row {i}, column {j} "
            f"they say {single[i, j] + 0.0:.3g}; `{name}` says {claim[i, j]:.3g}."
        )

    def _table(self, left: float, side: int, title: str, colours: Colormap, low: float, high: float) -> Table:
        ax = self.live.figure.add_axes((left, 0.02, 0.31, 0.86))
        ax.set_title(title, loc="center")
        return Table(ax, side, colours, low, high)

    def _frame(self, number: int) -> Rectangle:
        frame = Rectangle((0, 0), 2, 2, fill=False, ec=COLOURS["vermilion"], lw=3)
        self.live.figure.axes[number].add_patch(frame)
        return frame


def _about_ties(total: float, together: float) -> str:
    words = (
        "Some windows have several largest entries, so nudges of single pixels prove nothing. Moved all together, "
        f"the pixels change the outputs by {together:.3g} per unit: "
    )
    if abs(total - together) < 1e-4 * (1 + abs(together)):
        return words + "that is the total that arrives."
    return words + f"the total that arrives should be the same, but yours is {total:.3g}."
