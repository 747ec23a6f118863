"""A noisy series, its exponentially weighted average, and the weights that the average is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from dlcore.arrays import Floats
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, name_of, slider, toggle, whole_slider
from dlcore.plots import COLOURS, STYLE

__all__ = ["MovingAverage"]

Average = Callable[[Any, float, bool], Any]

LENGTH = 100
STEPS = np.arange(1, LENGTH + 1)
TRUTH = 3 + 2 * np.cos(STEPS / 16)  # what is hidden under the noise
HIGHEST = 1.4  # of the axis of the weights, in units of the largest one; above the bars stands what they are


class MovingAverage:
    """The picture: the series with its average, and the weights. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, ewa: Average):
        self.ewa = ewa
        self.series = TRUTH + np.random.default_rng(3).normal(size=LENGTH)
        self.weights = np.zeros(LENGTH)
        self.live = LiveFigure(
            size=(9.0, 3.8),
            breaks=(0.535,),
            alt="Left: a noisy series of 100 values, the curve hidden under the noise, and the moving average. "
            "Right: bars, with which weight each value counts for the average at the chosen step.",
        )
        moving = [*self._draw_series(), *self._draw_weights()]
        self.live.freeze(*moving)
        controls = [
            slider("memory β", 0, 0.99, 0.9, step=0.01),
            whole_slider("look at step t", 1, LENGTH, 40),
            toggle("bias correction"),
        ]
        self.panel = Panel(self.live, controls, self.update)

    def update(self, beta: float, t: int, corrected: bool) -> str:
        """Average the series, and find each value's weight at step t."""
        averages = self._averages(self.series, beta, corrected)
        self.weights = np.array([self._averages(one, beta, corrected)[t - 1] for one in np.eye(LENGTH)])
        self.line.set_data(STEPS, averages)
        self.here.set_data([t], [averages[t - 1]])
        self.step.set_xdata([t, t])
        self.bars.set_data(self.weights / (np.abs(self.weights).max() or 1.0))
        oldest = max(t - 1 / (1 - beta), 0.5)
        self.window.set_x(oldest)
        self.window.set_width(t + 0.5 - oldest)
        return self._sentence(beta, t, corrected, averages)

    def _averages(self, values: Floats, beta: float, corrected: bool) -> Floats:
        """What the student's function makes of a series."""
        name = name_of(self.ewa)
        averages = np.asarray(ask(self.ewa, values.copy(), beta, corrected))
        if averages.shape != values.shape:
            raise CourseError(
                f"`{name}` should return one average for each value, shape ({LENGTH},), "
                f"but it returned shape {averages.shape}."
            )
        if averages.dtype.kind not in "iuf" or not np.all(np.isfinite(averages)):
            raise CourseError(f"`{name}` should return finite numbers, but some are not.")
        return averages.astype(float)

    def _draw_series(self) -> list[Artist]:
        ax: Axes = self.live.figure.add_axes((0.07, 0.15, 0.45, 0.74))
        ax.set(xlim=(0, LENGTH + 1), ylim=(-1.5, 9.9), xlabel="step t", ylabel="value x", title="The series")
        ax.plot(STEPS, self.series, ".", color="#999999", label="values")
        ax.plot(STEPS, TRUTH, ":", color="black", lw=1.5, label="hidden curve")
        (self.step,) = ax.plot([1, 1], [-1.5, 9.9], color=COLOURS["orange"], lw=1)
        (self.line,) = ax.plot([], [], color=COLOURS["blue"], label="your average")
        (self.here,) = ax.plot([], [], "o", color=COLOURS["vermilion"], ms=8, mec="white")
        ax.legend(fontsize=9, loc="upper right", ncol=3, columnspacing=1.2, handletextpad=0.5)
        return [self.step, self.line, self.here]

    def _draw_weights(self) -> list[Artist]:
        ax: Axes = self.live.figure.add_axes((0.6, 0.15, 0.38, 0.74))
        ax.set(xlim=(0, LENGTH + 1), ylim=(-0.05, HIGHEST), xlabel="step of the value", yticks=[0, 0.5, 1])
        ax.set_ylabel("weight / largest weight")
        ax.set_title("What the average at step t is made of")
        self.window = ax.axvspan(1, 2, ymax=1.05 / (HIGHEST + 0.05), color=COLOURS["orange"], alpha=0.25, lw=0)
        self.bars = ax.stairs(np.zeros(LENGTH), np.arange(LENGTH + 1) + 0.5, fill=True, color=COLOURS["blue"], lw=0)
        (self.faded,) = ax.plot([0, LENGTH + 1], [1 / np.e, 1 / np.e], ":", color=COLOURS["vermilion"], lw=1.2)
        words = "shaded: the last 1/(1 − β) steps\ndotted: 1/e of the highest bar"
        ax.text(2, HIGHEST - 0.04, words, fontsize=9, va="top", color="#8A5F00")
        return [self.window, self.bars, self.faded]

    def _sentence(self, beta: float, t: int, corrected: bool, averages: Floats) -> str:
        words = (
            f"β = {beta:.2f}, a window of about {1 / (1 - beta):.3g} steps. At step {t} the average is "
            f"{averages[t - 1]:.2f}; the hidden curve is at {TRUTH[t - 1]:.2f}. "
            f"The largest weight is {self.weights.max():.3g}. The weights add up to {self.weights.sum():.3f}"
        )
        if not corrected:
            return f"{words}; an average would have 1, and 1 − βᵗ is {1 - beta**t:.3f}."
        return f"{words}."
