"""The cost of a neuron with one input, as a map, and the path of gradient descent on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from dlcore.arrays import Floats
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, log_slider, name_of, slider
from dlcore.plots import COLOURS, STYLE

__all__ = ["CostValley"]

W_RANGE, B_RANGE = (-3.0, 6.0), (-6.0, 4.0)
MOST_STEPS = 100
HEIGHT_COLOURS = LinearSegmentedColormap.from_list("height", ["#FFFFFF", "#A9D4EE", "#3F86B5"])


class CostValley:
    """The picture: a map, a chart and the walk on both. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, propagate: Callable[..., Any]):
        self.cost = _Cost(propagate)
        self.steps = 0
        self.lowest, self.uphill = np.nan, False  # set when the map is drawn
        self.live = LiveFigure(
            size=(8.4, 4.2),
            breaks=(0.522,),
            alt="Left: a map of the cost over w and b, a narrow valley, with the path of gradient descent. "
            "Right: the cost after each step.",
        )
        self._draw_axes()
        self._draw_movers()
        controls = [
            log_slider("learning rate", 0.01, 100, 0.5),
            slider("start at w", *W_RANGE, -2),
            slider("start at b", *B_RANGE, 2),
        ]
        buttons = {
            "Step": lambda: self.go(1),
            "10 steps": lambda: self.go(10),
            "Reset": lambda: self.go(-MOST_STEPS),
        }
        self.panel = Panel(self.live, controls, self.update, buttons, more=controls[1:])

    def go(self, steps: int) -> None:
        """Take so many more steps, within the slider's range."""
        self.steps = int(np.clip(self.steps + steps, 0, MOST_STEPS))

    @np.errstate(all="ignore")  # the sentence reports an overflow
    def update(self, rate: float, w: float, b: float) -> str:
        """Walk from (w, b) and show the walk."""
        if np.isnan(self.lowest):
            self._draw_map()
        points, costs, slope = self.cost.walk(rate, np.array([w, b]), self.steps)
        self._move(np.clip(points, -1e6, 1e6), points[-1] - rate * slope, costs)
        norm = float(np.hypot(*slope))
        here = f"Step {len(costs) - 1}: cost {costs[-1]:.3g}, gradient norm {norm:.2g}."
        return " ".join([here, self._story(costs, norm), *_whereabouts(points[-1], self.steps)])

    def _draw_axes(self) -> None:
        self.map = self.live.figure.add_axes((0.075, 0.14, 0.43, 0.77))
        self.map.set(xlim=W_RANGE, ylim=B_RANGE, xlabel="weight w", ylabel="bias b")
        self.map.set_title("Cost over w and b")
        self.chart = self.live.figure.add_axes((0.6, 0.14, 0.38, 0.77))
        self.chart.set(xlim=(-2, MOST_STEPS + 2), yscale="log", xlabel="step", ylabel="cost, nats")
        self.chart.set_title("Cost after each step")
        self.chart.grid(axis="y")

    def _draw_movers(self) -> None:
        walk: dict[str, Any] = {"animated": True, "color": COLOURS["vermilion"], "ms": 4, "lw": 1.5}
        now: dict[str, Any] = {
            "animated": True,
            "color": COLOURS["vermilion"],
            "ms": 10,
            "mec": "white",
            "mew": 1.5,
        }
        ahead: dict[str, Any] = {
            "animated": True,
            "color": "black",
            "mfc": "none",
            "lw": 1.5,
            "markevery": [1],
        }
        (self.path,) = self.map.plot([], [], "o-", **walk)
        (self.ahead,) = self.map.plot([], [], "o--", **ahead)
        (self.here,) = self.map.plot([], [], "o", clip_on=False, **now)
        (self.curve,) = self.chart.plot([], [], "o-", **walk)
        (self.latest,) = self.chart.plot([], [], "o", **now)

    def _draw_map(self) -> None:
        """Survey the cost, draw its contours and freeze the figure."""
        ws, bs, heights = self.cost.survey()
        lowest, levels = heights.min(), np.geomspace(heights.min() * 1.03, heights.max(), 12)
        bands = np.log([lowest * 0.99, *levels])
        self.map.contourf(ws, bs, np.log(heights), levels=bands, cmap=HEIGHT_COLOURS)
        lines = self.map.contour(ws, bs, heights, levels=levels[1:-1:2], colors="#33566B", linewidths=0.7)
        self.map.clabel(lines, fmt=lambda cost: f"{cost:.2g}" if cost < 100 else f"{cost:.0f}", fontsize=8)
        row, column = np.unravel_index(heights.argmin(), heights.shape)
        self.map.plot(ws[column], bs[row], "*", color="black", ms=11)
        self._scale_chart(lowest)
        self.live.freeze(self.path, self.ahead, self.here, self.curve, self.latest)
        self.lowest, self.uphill = float(lowest), self.cost.leads_uphill()

    def _scale_chart(self, lowest: float) -> None:
        """Give the chart its range of costs, from half the lowest on the map upwards."""
        low, high = lowest / 2, lowest * 80
        ticks = [tick for k in range(-9, 10) for tick in (10**k, 2 * 10**k, 5 * 10**k) if low <= tick <= high]
        self.chart.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        self.chart.minorticks_off()
        self.chart.set_ylim(low, high)
        self.chart.axhline(lowest, color="black", ls="--", lw=1)
        place: dict[str, Any] = {"ha": "right", "va": "top", "fontsize": 9}
        self.chart.text(MOST_STEPS, lowest * 0.88, "lowest on the map (★)", **place)

    def _move(self, points: Floats, next_point: Floats, costs: Floats) -> None:
        self.path.set_data(*points.T)
        self.ahead.set_data(*np.stack([points[-1], np.clip(next_point, -1e6, 1e6)]).T)
        self.curve.set_data(np.arange(len(costs)), costs)
        self.latest.set_data([len(costs) - 1], costs[-1:])
        inner, outer = COLOURS["vermilion"], "white"
        if not _on_map(points[-1]):  # a hollow dot at the edge
            inner, outer = outer, inner
        self.here.set_data([np.clip(points[-1, 0], *W_RANGE)], [np.clip(points[-1, 1], *B_RANGE)])
        self.here.set(mfc=inner, mec=outer)

    def _story(self, costs: Floats, norm: float) -> str:
        """What happened, and what to try."""
        steps = len(costs) - 1
        if steps < self.steps or not np.isfinite(costs[-1]):
            return "The numbers overflow: this learning rate is far too large."
        if steps == 0:
            return "The dashed line is the step to come: press Step."
        if self.uphill:
            return "The steps lead uphill, however small they are. Look at the signs of dw and db."
        if costs[-1] > costs[0]:
            return "It diverges: the cost is higher than at the start. Try a smaller learning rate."
        rises = np.count_nonzero(~(np.diff(costs) <= 1e-12))  # NaN counts as a rise
        if rises:
            return f"The cost rose in {rises} of {steps} steps: they leap across the valley and back."
        done = np.clip((costs[0] - costs[-1]) / max(costs[0] - self.lowest, 1e-12), 0, 1)
        if norm < 0.01 or done > 0.999:
            return "The cost fell at every step and is at the bottom of the valley."
        advice = " A larger learning rate needs fewer steps." if steps >= 10 and done < 0.9 else ""
        return f"The cost fell at every step, {int(100 * done)} % of the way to the bottom.{advice}"


def _on_map(point: Floats) -> bool:
    return bool(W_RANGE[0] <= point[0] <= W_RANGE[1] and B_RANGE[0] <= point[1] <= B_RANGE[1])


def _whereabouts(point: Floats, steps: int) -> list[str]:
    """A remark on the current position of the walk, if any."""
    if not _on_map(point):
        return [f"The point is off the map, at w = {point[0]:.3g}, b = {point[1]:.3g}."]
    return ["These are all the steps there are: press Reset."] if steps == MOST_STEPS else []


class _Cost:
    """The cost over (w, b) of thirty examples that no threshold separates, by the student's `propagate`."""

    def __init__(self, propagate: Callable[..., Any]):
        self.propagate, self.name = propagate, f"`{name_of(propagate)}`"
        self.Y = np.arange(30)[np.newaxis] % 2  # (1, 30)
        self.X = 0.2 + 1.8 * self.Y + 0.9 * np.random.default_rng(3).standard_normal((1, 30))

    def at(self, point: Floats) -> tuple[float, Floats]:
        """The cost at (w, b), and its slope, (2,)."""
        w, b = point
        result = ask(self.propagate, np.array([[w]]), float(b), self.X.copy(), self.Y.copy())
        if not isinstance(result, tuple | list) or len(result) != 3:
            raise CourseError(f"{self.name} should return three things: dw, db and the cost.")
        dw, db, cost = (np.asarray(part) for part in result)
        if dw.shape != (1, 1):
            raise CourseError(f"{self.name} should return dw of shape (1, 1), like w, but it has shape {dw.shape}.")
        for what, number in (("db", db), ("the cost", cost)):
            if number.size != 1:
                raise CourseError(f"{self.name} should return one number as {what}, but it has shape {number.shape}.")
        return float(cost.item()), np.array([dw.item(), db.item()], dtype=float)

    def walk(self, rate: float, start: Floats, steps: int) -> tuple[Floats, Floats, Floats]:
        """Points (k+1, 2), their costs (k+1,), the last one's slope; ends early where numbers overflow."""
        points, costs, travelled = [start], [], np.zeros(2)
        while True:
            cost, slope = self.at(points[-1])
            costs.append(cost)
            travelled = travelled + rate * slope
            if len(costs) > steps or not np.all(np.isfinite(travelled)):
                return np.array(points), np.array(costs), slope
            points.append(start - travelled)

    def survey(self) -> tuple[Floats, Floats, Floats]:
        """Values of w and b, and the cost at each (b, w): fewer of them if the student's function is slow."""
        self.at(np.zeros(2))  # the first call may be slower than the others
        start = time.perf_counter()
        self.at(np.zeros(2))
        points = int(np.clip(np.sqrt(0.4 / (time.perf_counter() - start)), 15, 45))
        ws, bs = np.linspace(*W_RANGE, points), np.linspace(*B_RANGE, points)
        return ws, bs, self._plausible(np.array([[self.at(np.array([w, b]))[0] for w in ws] for b in bs]))

    def _plausible(self, heights: Floats) -> Floats:
        """The heights with the largest in place of infinity; refused if they make no valley."""
        finite = np.isfinite(heights)
        if not finite.any():
            raise CourseError(f"{self.name} returned no finite cost anywhere on the map.")
        heights = np.where(finite, heights, heights[finite].max())
        if heights.min() <= 0 or np.ptp(heights) == 0:
            raise CourseError(
                f"{self.name} returned the cost {heights.min():.3g} for some w and b, but here the cost "
                "is above 0 and differs from place to place. Is a sign or a term missing?"
            )
        return heights

    def leads_uphill(self) -> bool:
        """Whether even a tiny step against (dw, db) raises the cost: then their signs are wrong."""
        point = np.array([-1.0, 1.0])  # far from the bottom
        cost, slope = self.at(point)
        return self.at(point - 1e-4 * slope / max(np.hypot(*slope), 1e-300))[0] > cost
