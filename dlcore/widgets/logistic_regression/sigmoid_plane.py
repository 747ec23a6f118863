"""A neuron with two inputs: what the direction and length of w, and b, do to its probabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Rectangle

from dlcore.arrays import Bools, Floats
from dlcore.data import gaussian_blobs
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, name_of, slider
from dlcore.plots import CLASS_COLOURS, CLASS_MARKERS, COLOURS, PROBABILITY_COLOURS, STYLE, scatter_classes

__all__ = ["SigmoidPlane"]


class SigmoidPlane:
    """The picture: the plane and the curve along w. `panel` shows it."""

    reach = 4.5  # the plane shown is [-reach, reach]²
    levels = (0.1, 0.5, 0.9)

    @matplotlib.rc_context(STYLE)
    def __init__(self, sigmoid: Callable[[Floats], Floats]):
        self.sigmoid = sigmoid
        X, self.Y = gaussian_blobs(60, 0.9, np.random.default_rng(4))
        self.X = X + np.array([[0.9], [0.4]])
        self.s = np.linspace(-7, 7, 561)  # positions along w
        side = np.linspace(-self.reach, self.reach, 61)
        self.pixels = np.stack([grid.ravel() for grid in np.meshgrid(side, side)])  # (2, 61²)
        self.live = LiveFigure(
            size=(8.4, 4.1),
            breaks=(0.425,),
            alt="Left: examples of two classes in the plane, shaded by the probability of class 1. "
            "Right: that probability along the direction of w, a curve that rises from 0 to 1.",
        )
        plane, curve = self._draw_plane(), self._draw_curve()
        self._draw_legend()
        self.live.freeze(*plane, *curve)
        controls = [
            slider("angle of w, degrees", -180, 180, 100, step=2),
            slider("length ‖w‖", 0, 6, 2),
            slider("bias b", -8, 8, 0),
        ]
        self.panel = Panel(self.live, controls, self.update)

    def update(self, angle: float, length: float, b: float) -> str:
        """Move everything to w = length·(cos angle, sin angle) and b."""
        u = np.array([[np.cos(np.radians(angle))], [np.sin(np.radians(angle))]])  # (2, 1), of length 1
        P = self._probability(length * u.T @ self.X + b)  # (1, m)
        curve = self._probability(length * self.s[np.newaxis] + b)  # (1, 561)
        shade = self._probability(length * u.T @ self.pixels + b)
        right = ((P - 0.5) * (self.Y - 0.5) > 0) | (length == 0)  # on the same side of one half
        crossings = [_crossing(self.s, curve[0], level) for level in self.levels]
        self._move_plane(u, length, shade, crossings, right)
        self._move_curve(u, P, curve, crossings, right)
        return self._sentence(length, P, crossings, right)

    def _probability(self, z: Floats) -> Floats:
        """The student's probabilities, (1, k) for (1, k)."""
        P, name = ask(self.sigmoid, z), name_of(self.sigmoid)
        if np.shape(P) != z.shape:
            raise CourseError(
                f"`{name}` should return shape {z.shape}, like its argument, but it returned shape {np.shape(P)}."
            )
        if np.asarray(P).dtype.kind not in "fiub" or not np.all(np.isfinite(P)):
            raise CourseError(f"`{name}` should return finite numbers, but some are not, such as nan.")
        return np.asarray(P, dtype=float)

    def _draw_plane(self) -> list[Artist]:
        r = self.reach
        ax = self.live.figure.add_axes((0.065, 0.23, 0.34, 0.69))
        ax.set(xlim=(-r, r), ylim=(-r, r), xlabel="feature $x_1$", ylabel="feature $x_2$", aspect="equal")
        ax.set_title("Probability of class 1")
        extent = (-r, r, -r, r)
        scale: dict[str, Any] = {
            "cmap": PROBABILITY_COLOURS,
            "vmin": 0,
            "vmax": 1,
            "interpolation": "bilinear",
        }
        self.shade = ax.imshow(np.zeros((61, 61)), extent=extent, origin="lower", **scale)
        self.lines = [_level_line(ax, level) for level in self.levels]
        dots = scatter_classes(ax, self.X, self.Y, size=30)
        self.wrong = _rings(ax)
        look: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 16, "shrinkA": 0, "shrinkB": 0}
        self.arrow = FancyArrowPatch((0, 0), (1, 0), lw=2.5, color=COLOURS["green"], **look)
        ax.add_patch(self.arrow)
        ax.spines[:].set(visible=True, position=("outward", 1))  # otherwise the shading would cover them
        return [self.shade, *self.lines, *dots, self.wrong, self.arrow]

    def _draw_curve(self) -> list[Artist]:
        ax = self.live.figure.add_axes((0.495, 0.23, 0.485, 0.69))
        ax.set(xlim=(self.s[0], self.s[-1]), ylim=(-0.04, 1.04))
        ax.set(xlabel="position $s$ of an example along the direction of w", ylabel="probability of class 1")
        ax.set_title("The same along w:  sigmoid(‖w‖·s + b)")
        self.band = Rectangle((0, -0.04), 0, 1.08, fc="#F9F4B4", ec="black", ls="--", lw=1)
        ax.add_patch(self.band)
        self.middle = ax.axvline(0, color="black", lw=2)
        (self.curve,) = ax.plot([], [], color="black", lw=2)
        self.dots = [
            ax.plot([], [], CLASS_MARKERS[k], color=CLASS_COLOURS[k], ms=6, mec="white", mew=0.6)[0] for k in (0, 1)
        ]
        self.wrong_on_curve = _rings(ax)
        return [self.band, self.middle, self.curve, *self.dots, self.wrong_on_curve]

    def _draw_legend(self) -> None:
        dots = [
            _sample(f"class {k}", ls="", marker=CLASS_MARKERS[k], color=CLASS_COLOURS[k], mec="white") for k in (0, 1)
        ]
        others = [
            _sample("on the wrong side", ls="", marker="o", ms=10, mfc="none", mec="black"),
            _sample("probability 0.5", color="black"),
            _sample("0.1 and 0.9", color="black", lw=1, ls="--"),
            _sample("w, drawn half as long", color=COLOURS["green"], lw=2.5, marker=">", markevery=[1]),
        ]
        look: dict[str, Any] = {
            "loc": "lower center",
            "ncol": 6,
            "fontsize": "small",
            "columnspacing": 1.2,
            "handletextpad": 0.5,
        }
        self.live.figure.legend(handles=[*dots, *others], **look)

    def _move_plane(self, u: Floats, length: float, shade: Floats, crossings: list[float], right: Bools) -> None:
        self.shade.set_data(shade.reshape(61, 61))
        along = np.array([[-u[1, 0]], [u[0, 0]]]) * np.array([[-20, 20]])  # (2, 2), at right angles to w
        for line, s in zip(self.lines, crossings, strict=True):
            line.set_data(s * u + along)
        self.wrong.set_data(self.X[:, ~right[0]])
        self.arrow.set_visible(length > 0)
        self.arrow.set_positions((0, 0), tuple(u[:, 0] * max(length, 0.01) / 2))

    def _move_curve(self, u: Floats, P: Floats, curve: Floats, crossings: list[float], right: Bools) -> None:
        s = u.T @ self.X  # (1, m)
        self.curve.set_data(self.s, curve[0])
        low, middle, high = crossings
        self.middle.set_xdata([middle, middle])
        self.band.set_visible(np.isfinite(low + high))
        self.band.set(x=min(low, high), width=abs(high - low))
        for k, dots in enumerate(self.dots):
            members = np.equal(self.Y, k)
            dots.set_data(s[members], P[members])
        self.wrong_on_curve.set_data(s[~right], P[~right])

    def _sentence(self, length: float, P: Floats, crossings: list[float], right: Bools) -> str:
        if length == 0:
            return f"w is 0: every example gets the same probability, {P[0, 0]:.2f}, and there is no line."
        count = f"{np.count_nonzero(right)} of {right.size} examples are on the right side of the line"
        width = abs(crossings[2] - crossings[0])
        if not np.isfinite(width):
            return f"{count}. The uncertain band, from 0.1 to 0.9, does not fit into the picture."
        return f"{count}. The uncertain band, from 0.1 to 0.9, is {width:.1f} units wide."


def _level_line(ax: Axes, level: float) -> Line2D:
    """The line where the probability is `level`: bold at one half."""
    look: dict[str, Any] = {"lw": 2, "ls": "-"} if level == 0.5 else {"lw": 1, "ls": "--"}
    return ax.plot([], [], color="black", **look)[0]


def _sample(label: str, **look: Any) -> Line2D:
    """An entry of the legend."""
    return Line2D([], [], label=label, **look)


def _rings(ax: Axes) -> Line2D:
    """Rings to put around examples on the wrong side."""
    return ax.plot([], [], "o", ms=11, mfc="none", mec="black", mew=1.2)[0]


def _crossing(s: Floats, p: Floats, level: float) -> float:
    """Where the curve p(s) first passes `level`; nan if it does not."""
    above = p > level
    passes = np.flatnonzero(above[1:] != above[:-1])
    if passes.size == 0:
        return np.nan
    i = passes[0]
    return float(s[i] + (level - p[i]) / (p[i + 1] - p[i]) * (s[i + 1] - s[i]))
