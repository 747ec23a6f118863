"""The chance that a dev set picks the worse of two models."""

from __future__ import annotations

from collections.abc import Callable
from math import erf, hypot, sqrt
from typing import Any

import matplotlib
import numpy as np

from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, log_slider, name_of, slider
from dlcore.plots import COLOURS, STYLE

__all__ = ["DevSetSize", "chance_of_the_worse"]

FEWEST, MOST = 50, 50_000  # dev examples
WIDEST = 40.0  # per cent, limit of the left axis


def chance_of_the_worse(better: float, worse: float, examples: float) -> float:
    """Return the chance that the worse of two models has the smaller measured error.

    Both are measured on so many examples of their own; the normal approximation.

    Args:
        better, worse: the true error rates, as shares.
        examples: how many.

    >>> round(chance_of_the_worse(0.09, 0.10, 400), 3)
    0.315
    """
    spread = hypot(spread_of(better, examples), spread_of(worse, examples))
    return 0.5 * (1 - erf((worse - better) / spread / sqrt(2)))


def spread_of(rate: float, examples: float) -> float:
    """Return the standard deviation of an error rate that is measured on so many examples.

    >>> round(spread_of(0.1, 400), 3)
    0.015
    """
    return sqrt(rate * (1 - rate) / examples)


class DevSetSize:
    """The picture: two bells and a curve. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, dev_size: Callable[..., Any]):
        self.dev_size = dev_size
        self.live = LiveFigure(
            size=(9.0, 3.6),
            breaks=(0.5,),
            alt="Left: two bell curves, where the measured errors of a better and of a worse model fall. Right: the "
            "chance to pick the worse one, which falls as the dev set grows.",
        )
        self.bells = self._draw_bells()
        ax = self.live.figure.add_axes((0.6, 0.17, 0.38, 0.71), xscale="log", xlim=(FEWEST, MOST), ylim=(0, 52))
        ax.set(title="Chance to pick the worse model", xlabel="dev examples", ylabel="chance, %")
        ax.set(xticks=[100, 1000, 10_000], xticklabels=["100", "1,000", "10,000"])
        ax.minorticks_off()
        (self.curve,) = ax.plot([], [], color=COLOURS["blue"])
        (self.asked,) = ax.plot([], [], "--", color=COLOURS["vermilion"], label="your dev_size")
        (self.here,) = ax.plot([], [], "o", color=COLOURS["black"], ms=8, label="this dev set", clip_on=False)
        legend = ax.legend(loc="lower left", fontsize=9)
        self.live.freeze(*self.bells, self.curve, self.asked, self.here, legend)
        controls = [
            log_slider("dev examples", FEWEST, MOST, 400),
            slider("worse by, points", 0.2, 5, 1),
            slider("error of the better model, %", 1, 30, 9, step=0.5),
        ]
        self.panel = Panel(self.live, controls, self.update, more=controls[2:])

    def update(self, examples: float, difference: float, error: float) -> str:
        """Draw the bells and the curve."""
        examples = round(float(f"{examples:.2g}"))  # as the slider shows it
        rates = error / 100, (error + difference) / 100
        places = np.linspace(0, WIDEST, 400)
        for bell, rate in zip(self.bells, rates, strict=True):
            spread = 100 * spread_of(rate, examples)
            bell.set_data(places, np.exp(-0.5 * ((places - 100 * rate) / spread) ** 2))
        sizes = np.geomspace(FEWEST, MOST, 80)
        self.curve.set_data(sizes, [100 * chance_of_the_worse(*rates, size) for size in sizes])
        chance = 100 * chance_of_the_worse(*rates, examples)
        self.here.set_data([examples], [chance])
        enough = self._asked(rates)
        self.asked.set_data([enough, enough], [0, 52])
        return (
            f"{error:.1f} % against {error + difference:.1f} %, measured on {examples:,} examples: you pick the worse "
            f"model {chance:.1f} times in 100. For two standard errors, your function asks for "
            f"{enough:,.0f} examples."
        )

    def _asked(self, rates: tuple[float, float]) -> float:
        got = ask(self.dev_size, *rates)
        if isinstance(got, bool) or not isinstance(got, int | float | np.number) or not 0 < got < np.inf:
            raise CourseError(
                f"`{name_of(self.dev_size)}` should return a number of examples. It returned {got!r:.60}."
            )
        return float(got)

    def _draw_bells(self) -> list[Any]:
        ax = self.live.figure.add_axes((0.07, 0.17, 0.4, 0.71), xlim=(0, WIDEST), ylim=(0, 1.25), yticks=[])
        ax.set(title="Where the measured errors fall", xlabel="measured error, %", ylabel="how often")
        looks = (("better model", "blue", "-"), ("worse model", "vermilion", "--"))
        bells = [ax.plot([], [], look, color=COLOURS[colour], label=label)[0] for label, colour, look in looks]
        ax.legend(loc="upper right", fontsize=9, ncols=2)
        return bells
