"""One weight and its bowl: what a squared and an absolute penalty leave of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.lines import Line2D

from dlcore.arrays import Floats
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, name_of, slider
from dlcore.plots import COLOURS, STYLE

__all__ = ["Shrinkage"]

Penalty = Callable[[dict[str, Floats], float, int], float]

EXAMPLES = 10
WEIGHTS = np.arange(-250, 251) / 100  # includes exactly 0
FINE = np.arange(-10, 11) / 1000  # offsets around the lowest of them; chosen so that 0 stays included
TARGETS = np.arange(-200, 201, 2) / 100
HIGHEST = 4.0  # upper limit of the cost axis
LOOKS = {"L2": ("blue", "-"), "L1": ("vermilion", "--")}


class Shrinkage:
    """The picture: the bowl with each penalty, and what is left of a weight. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, l2_cost: Penalty, l1_cost: Penalty):
        self.penalties = {"L2": l2_cost, "L1": l1_cost}
        self.left = {"L2": 0.0, "L1": 0.0}  # the weight after each penalty
        self.live = LiveFigure(
            size=(9.0, 3.9),
            breaks=(0.33, 0.645),
            alt="Left and middle: the cost of the data, the penalty and their sum over one weight, for L2 and for L1. "
            "Right: the weight with the lowest sum against the weight that the data want.",
        )
        self.bowls = {name: self._draw_bowl(place, name) for place, name in enumerate(self.penalties)}
        answer = self._draw_answer()
        self._draw_legend()
        self.live.freeze(*[artist for bowl in self.bowls.values() for artist in bowl], *answer)
        controls = [
            slider("the data want w* =", -2, 2, 0.8),
            slider("curvature h", 0.5, 4, 1.5),
            slider("penalty λ", 0, 40, 8, step=0.5),
        ]
        self.panel = Panel(self.live, controls, self.update)

    def update(self, target: float, curvature: float, lambd: float) -> str:
        """Add each penalty to the bowl ½·h·(w − w*)² and find the lowest points."""
        bowl = curvature / 2 * (WEIGHTS - target) ** 2
        bowls = curvature / 2 * (WEIGHTS - TARGETS[:, np.newaxis]) ** 2  # (targets, weights)
        zones = {}
        for name, function in self.penalties.items():
            penalty = _over_weights(function, lambd, WEIGHTS)
            total = bowl + penalty
            near = np.round(WEIGHTS[total.argmin()] + FINE, 3)
            low = (curvature / 2 * (near - target) ** 2 + _over_weights(function, lambd, near)).argmin()
            self.left[name] = float(near[low])
            self._move_bowl(name, bowl, penalty, total, target)
            answers = WEIGHTS[(bowls + penalty).argmin(axis=1)]
            self.answers[name].set_data(TARGETS, answers)
            zones[name] = float(np.abs(TARGETS[answers == 0]).max(initial=0))
            self.marks[name].set_data([target], [self.left[name]])
        return self._sentence(target, lambd / EXAMPLES, zones["L1"])

    def _draw_bowl(self, place: int, name: str) -> list[Line2D]:
        ax = self.live.figure.add_axes((0.06 + 0.315 * place, 0.26, 0.255, 0.64))
        ax.set(xlim=(-2.5, 2.5), ylim=(-0.15, HIGHEST), xlabel="weight w", title=f"{name} penalty")
        ax.set_ylabel("cost" if place == 0 else "")
        ax.axvline(0, color="#BBBBBB", lw=1)
        (data,) = ax.plot([], [], color="#777777", ls="--", lw=1.5)
        (penalty,) = ax.plot([], [], color=COLOURS["green"], ls=":", lw=2)
        (total,) = ax.plot([], [], color="black", lw=2)
        (wanted,) = ax.plot([], [], "o", ms=7, mfc="white", mec="#777777", mew=1.5, clip_on=False)
        (lowest,) = ax.plot([], [], "*", ms=14, color=COLOURS[LOOKS[name][0]], mec="white", mew=0.8, clip_on=False)
        return [data, penalty, total, wanted, lowest]

    def _draw_answer(self) -> list[Artist]:
        ax = self.live.figure.add_axes((0.715, 0.26, 0.265, 0.64))
        ax.set(xlim=(-2, 2), ylim=(-2, 2), xlabel="what the data want, w*", ylabel="what is left of it")
        ax.set_title("Lowest point")
        ax.axhline(0, color="#BBBBBB", lw=1)
        ax.axvline(0, color="#BBBBBB", lw=1)
        ax.plot([-2, 2], [-2, 2], color="#777777", ls=":", lw=1.5)
        self.answers, self.marks = {}, {}
        for name, (colour, dashes) in LOOKS.items():
            (self.answers[name],) = ax.plot([], [], color=COLOURS[colour], ls=dashes, lw=2)
            (self.marks[name],) = ax.plot(
                [], [], "*", ms=14, color=COLOURS[colour], mec="white", mew=0.8, clip_on=False
            )
        return [*self.answers.values(), *self.marks.values()]

    def _draw_legend(self) -> None:
        entries = [
            Line2D([], [], color="#777777", ls="--", lw=1.5, label="data alone"),
            Line2D([], [], color=COLOURS["green"], ls=":", label="penalty"),
            Line2D([], [], color="black", label="sum"),
            Line2D([], [], ls="", marker="o", mfc="white", mec="#777777", mew=1.5, label="w*"),
        ]
        entries += [
            Line2D(
                [], [], color=COLOURS[colour], ls=dashes, marker="*", ms=11, mec="white", label=f"lowest with {name}"
            )
            for name, (colour, dashes) in LOOKS.items()
        ]
        look: dict[str, Any] = {"loc": "lower center", "ncol": 6, "fontsize": 9}
        self.live.figure.legend(handles=entries, columnspacing=1.6, handletextpad=0.6, **look)

    def _move_bowl(self, name: str, bowl: Floats, penalty: Floats, total: Floats, target: float) -> None:
        data, shape, whole, wanted, lowest = self.bowls[name]
        for line, heights in ((data, bowl), (shape, penalty), (whole, total)):
            line.set_data(WEIGHTS, heights)
        wanted.set_data([target], [0])
        low = total.argmin()
        lowest.set_data([WEIGHTS[low]], [min(total[low], HIGHEST)])

    def _sentence(self, target: float, strength: float, zone: float) -> str:
        words = f"The data alone want w = {target:.2f}. With λ/m = {strength:.3g}, L2 leaves {self.left['L2']:.3f}"
        if target:
            words += f", which is {self.left['L2'] / target:.0%} of it"
        if self.left["L1"] == 0:
            return f"{words}. L1 leaves exactly 0, as for every w* from {-zone:.2f} to {zone:.2f}."
        return f"{words}. L1 leaves {self.left['L1']:.3f}: it has taken away {abs(target - self.left['L1']):.3f}."


def _over_weights(function: Penalty, lambd: float, weights: Floats) -> Floats:
    """The student's penalty of a network with a single weight, for each of `weights`."""

    def penalties() -> list[Any]:
        b = np.zeros((1, 1))
        return [function({"W1": np.array([[w]]), "b1": b}, lambd, EXAMPLES) for w in weights]

    penalties.__name__ = name_of(function)
    values = ask(penalties)
    if any(value is None for value in values):
        raise CourseError(f"`{name_of(function)}` returned nothing. Is a `return` missing?")
    if {np.shape(value) for value in values} != {()}:
        raise CourseError(f"`{name_of(function)}` should return one number, but it has shape {np.shape(values[0])}.")
    heights = np.array(values)
    if heights.dtype.kind not in "iuf" or not np.all(np.isfinite(heights)):
        raise CourseError(f"`{name_of(function)}` should return finite numbers, but some are not.")
    return heights.astype(float)
