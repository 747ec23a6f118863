"""An activation function, its slope, and what becomes of the scores of a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from dlcore.arrays import Floats
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, choice, name_of, slider
from dlcore.plots import COLOURS, STYLE

__all__ = ["ActivationExplorer"]

UNITS = 200
REACH = 6.0  # scores shown, from -REACH to REACH
FLAT = 0.05  # slopes below this are marked as saturated


class ActivationExplorer:
    """The picture: the function with the scores of a layer on it, and its slope. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, functions: dict[str, Callable[..., Any]]):
        self.functions = functions
        self.z = np.linspace(-REACH, REACH, 481)[np.newaxis]  # (1, 481)
        draws = np.sort(np.random.default_rng(7).standard_normal(UNITS))
        self.scores = (draws - draws[::-1])[np.newaxis] / np.std(draws - draws[::-1])  # mean 0, deviation 1
        self.live = LiveFigure(
            size=(8.4, 4.1),
            breaks=(0.49,),
            alt="Left: an activation function with the scores of 200 units on it. Right: its slope at these scores. "
            "Grey: where the slope is nearly 0.",
        )
        left = self.live.figure.add_axes((0.075, 0.22, 0.405, 0.69))
        right = self.live.figure.add_axes((0.57, 0.22, 0.405, 0.69))
        left.set(xlim=(-REACH, REACH), ylim=(-1.6, 4.4), xlabel="score z", ylabel="activation a")
        right.set(xlim=(-REACH, REACH), ylim=(-1.15, 1.25), xlabel="score z", ylabel="slope da/dz")
        left.set_title("Activation function")
        right.set_title("Its slope")
        self.shades = [_shade(ax) for ax in (left, right)]
        self.curves = [ax.plot([], [], color="black", lw=2)[0] for ax in (left, right)]
        self.average = left.axhline(0, color=COLOURS["green"], lw=1.5, ls="--")
        self.learning = [_dots(ax, "o", "blue") for ax in (left, right)]
        self.stuck = [_dots(ax, "x", "vermilion") for ax in (left, right)]
        self._draw_legend()
        self.live.freeze(*self.shades, self.average, *self.curves, *self.learning, *self.stuck)
        controls = [
            choice("activation", ["sigmoid", "tanh", "ReLU", "leaky ReLU", "ELU", "maxout"], "tanh"),
            slider("mean of the scores", -6, 6, 0),
            slider("spread of the scores", 0.1, 6, 1),
            slider("slope, α or c", 0, 1, 0.2, step=0.05),
        ]
        self.panel = Panel(self.live, controls, self.update, more=controls[2:])

    def update(self, name: str, mean: float, spread: float, setting: float) -> str:
        """Apply the function `name` to scores with this mean and spread."""
        scores = mean + spread * self.scores
        curve, slope_curve = self._values(name, self.z, setting)
        a, slopes = self._values(name, scores, setting)
        self._move(scores, curve, slope_curve, a, slopes)
        sentence = self._sentence(name, setting, a, slopes)
        return f"{sentence} {self._complaint(name, curve, slope_curve)}".strip()

    def _values(self, name: str, z: Floats, setting: float) -> tuple[Floats, Floats]:
        """Activations and slopes at z, both of the shape of z."""
        call = self._call
        if name == "tanh":
            return np.tanh(z), call("tanh_derivative", z.shape, np.tanh(z))
        if name == "ReLU":
            return call("relu", z.shape, z), call("relu_derivative", z.shape, z)
        if name == "leaky ReLU":
            return call("leaky_relu", z.shape, z, setting), call("leaky_relu_derivative", z.shape, z, setting)
        if name == "maxout":
            return self._maxout(z, setting)
        which, settings = ("sigmoid", ()) if name == "sigmoid" else ("elu", (setting,))
        a = call(which, z.shape, z, *settings)
        return a, (call(which, z.shape, z + 1e-6, *settings) - a) / 1e-6

    def _maxout(self, z: Floats, c: float) -> tuple[Floats, Floats]:
        """The larger of z and −c·z, and the slope of the one that won."""
        function = self.functions["maxout"]
        result = ask(function, z.copy(), -c * z)
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise CourseError(f"`{name_of(function)}` should return two things: the values and the mask.")
        values, first = (self._plausible(function, part, z.shape) for part in result)
        return values, np.where(first > 0.5, 1.0, -c)

    def _call(self, which: str, shape: tuple[int, ...], *args: Any) -> Floats:
        function = self.functions[which]
        given = [arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args]
        return self._plausible(function, ask(function, *given), shape)

    def _plausible(self, function: Callable[..., Any], result: Any, shape: tuple[int, ...]) -> Floats:
        got, name = np.asarray(result), name_of(function)
        if got.shape != shape:
            raise CourseError(
                f"`{name}` should return shape {shape}, like its argument, but it returned shape {got.shape}."
            )
        if got.dtype.kind not in "fiub" or not np.all(np.isfinite(got)):
            raise CourseError(f"`{name}` should return finite numbers, but some are not, such as nan.")
        return got.astype(float)

    def _draw_legend(self) -> None:
        entries = [
            Line2D([], [], label=f"unit with a slope of at least {FLAT}", ls="", marker="o", color=COLOURS["blue"]),
            Line2D([], [], label="unit that hardly learns", ls="", marker="x", color=COLOURS["vermilion"]),
            Line2D([], [], label="average activation", color=COLOURS["green"], lw=1.5, ls="--"),
        ]
        self.live.figure.legend(handles=entries, loc="lower center", ncol=3, fontsize="small")

    def _move(self, scores: Floats, curve: Floats, slope_curve: Floats, a: Floats, slopes: Floats) -> None:
        flat, stuck = np.abs(slope_curve) < FLAT, np.abs(slopes[0]) < FLAT
        for shade in self.shades:
            shade.set_data(np.where(flat, 0.12, 0.0))
        for k, (line, dots) in enumerate([(curve, a), (slope_curve, slopes)]):
            self.curves[k].set_data(self.z[0], line[0])
            self.learning[k].set_data(scores[0, ~stuck], dots[0, ~stuck])
            self.stuck[k].set_data(scores[0, stuck], dots[0, stuck])
        self.average.set_ydata([a.mean(), a.mean()])

    def _sentence(self, name: str, setting: float, a: Floats, slopes: Floats) -> str:
        stuck, dead = np.count_nonzero(np.abs(slopes) < FLAT), np.count_nonzero(slopes == 0)
        called = {"leaky ReLU": f", slope {setting:g}", "ELU": f", α = {setting:g}", "maxout": f", c = {setting:g}"}
        shape = " of z and −c·z" if name == "maxout" else ""
        words = f"{name}{shape}{called.get(name, '')}: {stuck} of {UNITS} units have a slope below {FLAT}"
        words += f", and {dead} have none at all." if dead else "."
        return f"{words} The average activation is {a.mean():.2f}."

    def _complaint(self, name: str, curve: Floats, slopes: Floats) -> str:
        """A warning if the student's derivative is not the slope of the curve; else ""."""
        seen = np.gradient(curve[0], self.z[0])
        smooth = np.abs(self.z[0]) > 0.1
        off = np.abs(seen - slopes[0]) * smooth
        if name not in ("tanh", "ReLU", "leaky ReLU") or off.max() < 0.02:
            return ""
        k = int(off.argmax())
        return (
            f"But look: at z = {self.z[0, k]:.1f} your derivative says {slopes[0, k]:.2f}, "
            f"where the curve has the slope {seen[k]:.2f}."
        )


def _shade(ax: Axes) -> AxesImage:
    """A grey background over the given range."""
    extent = (-REACH, REACH, *ax.get_ylim())
    return ax.imshow(np.zeros((1, 481)), extent=extent, aspect="auto", cmap="gray_r", vmin=0, vmax=1, zorder=0)


def _dots(ax: Axes, marker: str, colour: str) -> Line2D:
    return ax.plot([], [], marker, color=COLOURS[colour], ms=5, mew=1.2, alpha=0.6)[0]
