"""The error of a measured slope against the step: truncation, rounding, and the V they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.lines import Line2D

from dlcore.arrays import Floats
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, choice, log_slider, name_of, toggle
from dlcore.plots import COLOURS, STYLE

__all__ = ["GradientError"]

STEPS = 10.0 ** np.linspace(-14, 0, 113)
LOWEST, HIGHEST = 1e-15, 10.0  # limits of the error axis
REACH = 1.6  # of the left plot, on either side of the point
LOOKS = {"one-sided": ("vermilion", "--", "^"), "centred": ("blue", "-.", "o")}


class _Curve(NamedTuple):
    """A function, its slope at the point, the point, and the height of the picture."""

    f: Callable[[Any], Any]
    slope: float
    x: float
    limits: tuple[float, float]


CURVES = {
    "exponential, eˣ at x = 1": _Curve(np.exp, float(np.e), 1.0, (-1.5, 12.5)),
    "parabola, x² at x = 1": _Curve(np.square, 2.0, 1.0, (-2.5, 7.0)),
    "wave, sin 20x at x = 1": _Curve(lambda x: np.sin(20 * x), 20 * float(np.cos(20)), 1.0, (-2.2, 2.2)),
    "kink, ReLU at x = 0.001": _Curve(lambda x: np.maximum(x, 0), 1.0, 0.001, (-0.7, 1.7)),
}


class GradientError:
    """The picture: chords on the curve, and the two V. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, one_sided_difference: Callable[..., Any], numerical_gradient: Callable[..., Any]):
        self.students = {"one-sided": one_sided_difference, "centred": numerical_gradient}
        self.tried: dict[tuple[str, bool], dict[str, Floats]] = {}
        self.live = LiveFigure(
            size=(9.0, 4.2),
            breaks=(0.475,),
            alt="Left: a function near a point with its tangent, a one-sided and a centred chord. "
            "Right: the relative errors of the two slopes against the step, two letters V.",
        )
        self.live.freeze(*self._draw_curve(), *self._draw_errors())
        controls = [
            choice("function", list(CURVES), next(iter(CURVES))),
            log_slider("step ε", 1e-14, 1, 0.5),
            toggle("32-bit floats"),
        ]
        controls[1].readout_format = ".1e"
        self.panel = Panel(self.live, controls, self.update)

    @np.errstate(all="ignore")
    def update(self, name: str, eps: float, single: bool) -> str:
        """Measure the slope with step ε and show it among all steps."""
        curve = CURVES[name]
        if (name, single) not in self.tried:
            self.tried[name, single] = {
                kind: np.array([self._measure(kind, curve, step, single)[1] for step in STEPS]) for kind in LOOKS
            }
        self._move_curve(curve)
        slopes, errors = {}, {}
        for kind in LOOKS:
            slopes[kind], errors[kind] = self._measure(kind, curve, eps, single)
            self.dots[kind].set_data(STEPS, _drawn(self.tried[name, single][kind]))
            self.now[kind].set_data([eps], _drawn(np.array([errors[kind]])))
            start, end = (curve.x - eps * (kind == "centred"), curve.x + eps)
            xs = np.array([-REACH, REACH])
            self.chords[kind].set_data(xs, curve.f(start) + slopes[kind] * (xs + curve.x - start))
            self.ends[kind].set_data(np.array([start, end]) - curve.x, curve.f(np.array([start, end])))
        self.here.set_xdata([eps, eps])
        return self._sentence(name, eps, single, slopes, errors)

    def _measure(self, kind: str, curve: _Curve, eps: float, single: bool) -> tuple[float, float]:
        """The slope by the student's function, and its relative error."""

        def f(x: Any) -> float:
            number = np.asarray(x, dtype=float).item()
            return float(np.float32(curve.f(np.float32(number)))) if single else float(curve.f(number))

        function = self.students[kind]
        result = ask(function, f, np.array([[curve.x]]) if kind == "centred" else curve.x, eps)
        slope = np.asarray(result)
        if slope.size != 1 or slope.dtype.kind not in "biuf":
            what = "an array of shape (1, 1), like theta" if kind == "centred" else "one number"
            raise CourseError(f"`{name_of(function)}` should return {what}, but it has shape {slope.shape}.")
        number = float(slope.item())
        return number, abs(number - curve.slope) / abs(curve.slope)

    def _draw_curve(self) -> list[Artist]:
        ax = self.plane = self.live.figure.add_axes((0.065, 0.215, 0.38, 0.69))
        ax.set(xlim=(-REACH, REACH), ylim=(0, 1), xlabel="distance from the point, x − x₀")
        ax.set_yticks([])
        ax.set_ylabel("f(x), each function on its own scale")
        ax.set_title("Chords and tangent")
        (self.curve,) = ax.plot([], [], color="black")
        (self.tangent,) = ax.plot([], [], color="#888888", ls=":", lw=1.6)
        self.chords, self.ends = {}, {}
        for kind, (colour, dashes, marker) in LOOKS.items():
            (self.chords[kind],) = ax.plot([], [], color=COLOURS[colour], ls=dashes, lw=1.6)
            (self.ends[kind],) = ax.plot([], [], marker, color=COLOURS[colour], ms=6)
        return [self.tangent, self.curve, *self.chords.values(), *self.ends.values()]

    def _draw_errors(self) -> list[Artist]:
        ax = self.live.figure.add_axes((0.55, 0.215, 0.43, 0.69))
        ax.set(xscale="log", yscale="log", xlim=(5e-15, 2), ylim=(LOWEST / 3, HIGHEST * 3))
        ax.set(xlabel="step ε", ylabel="relative error of the slope")
        ax.locator_params(axis="x", numticks=8)
        ax.set_yticks([10.0**k for k in range(-15, 2, 3)])
        ax.minorticks_off()
        ax.set_title("The V")
        ax.grid()
        self.here = ax.axvline(1, color="#888888", lw=1.2, ls=":")
        self.dots, self.now = {}, {}
        for kind, (colour, _, marker) in LOOKS.items():
            (self.dots[kind],) = ax.plot([], [], marker, color=COLOURS[colour], ms=3.2)
            (self.now[kind],) = ax.plot([], [], marker, color=COLOURS[colour], ms=11, mec="white", mew=1.3)
        look: dict[str, Any] = {"loc": "lower center", "ncol": 4, "fontsize": 9}
        handles = [self.curve, self.tangent]
        labels = ["the function", "tangent"]
        for kind, (colour, dashes, marker) in LOOKS.items():
            handles.append(Line2D([], [], color=COLOURS[colour], ls=dashes, marker=marker))
            labels.append(kind)
        self.live.figure.legend(handles, labels, **look)
        return [self.here, *self.dots.values(), *self.now.values()]

    def _move_curve(self, curve: _Curve) -> None:
        low, high = curve.limits
        xs = np.linspace(-REACH, REACH, 401)
        self.plane.set_ylim(low, high)
        self.curve.set_data(xs, curve.f(xs + curve.x))
        self.tangent.set_data(xs, curve.f(curve.x) + curve.slope * xs)

    def _sentence(self, name: str, eps: float, single: bool, slopes: dict[str, float], errors: dict[str, float]) -> str:
        bits = 32 if single else 64
        words = f"{bits} bits, ε = {eps:.1e}: the true slope is {CURVES[name].slope:.6g}. "
        words += "; ".join(f"{kind} {slopes[kind]:.6g}, relative error {errors[kind]:.0e}" for kind in LOOKS) + ". "
        bottoms = {kind: STEPS[self._bottom(self.tried[name, single][kind])] for kind in LOOKS}
        if _is_lost(CURVES[name].x, eps, single):
            return (
                words + f"ε is lost: in {bits} bits x + ε and x − ε are both rounded to x, so the slope comes out as 0."
            )
        return words + self._story(name, eps, bottoms["centred"])

    def _story(self, name: str, eps: float, bottom: float) -> str:
        """Which of the two errors the centred difference suffers from."""
        if name.startswith("kink"):
            if eps > CURVES[name].x:
                return "The centred chord goes around the corner at 0: ε is larger than the distance to the kink."
            return "Both points lie on one side of the kink, so only rounding is left."
        if name.startswith("parabola"):
            return (
                "For a parabola f''' = 0, so the centred difference has no truncation error: what is left is rounding."
            )
        if eps > 10 * bottom:
            return "Centred: truncation rules here, so a smaller step would be better."
        if eps < bottom / 10:
            return "Centred: rounding rules here, so a larger step would be better."
        return "Centred: this is near the bottom of the V, where truncation and rounding are of the same size."

    @staticmethod
    def _bottom(errors: Floats) -> int:
        """Where the V is lowest, on a running maximum, since single roundings may be lucky."""
        padded = np.pad(errors, 3, mode="edge")
        return int(np.argmin([padded[k : k + 7].max() for k in range(errors.size)]))


def _is_lost(x: float, eps: float, single: bool) -> bool:
    """Whether x ± ε is rounded to x."""
    number = np.float32 if single else np.float64
    return bool(number(x + eps) == number(x) == number(x - eps))


def _drawn(errors: Floats) -> Floats:
    """Errors clipped to the axis, with NaN at the top."""
    return np.clip(np.nan_to_num(errors, nan=HIGHEST, posinf=HIGHEST), LOWEST, HIGHEST)
