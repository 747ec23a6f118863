"""The map with the paths and what each method remembers, beside the cost against the step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.contour import QuadContourSet
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dlcore.arrays import Bools, Floats
from dlcore.live import LiveFigure
from dlcore.plots import COLOURS, STYLE
from dlcore.widgets.optimizers.trajectories.paths import FAR, MEMORY, Path
from dlcore.widgets.optimizers.trajectories.surfaces import SURFACES

__all__ = ["LOOKS", "Picture"]

LOOKS: dict[str, tuple[str, Any, str]] = {
    "sgd": (COLOURS["black"], "-", "o"),
    "momentum": (COLOURS["vermilion"], "--", "^"),
    "nesterov": (COLOURS["purple"], "-.", "v"),
    "rmsprop": (COLOURS["green"], (0, (1, 1)), "s"),
    "adam": (COLOURS["blue"], "-", "D"),
    "adamw": (COLOURS["orange"], (0, (5, 1, 1, 1, 1, 1)), "X"),
}
HEIGHTS = LinearSegmentedColormap.from_list("heights", ["#FFFFFF", "#E4E4E4", "#B9B9B9"])
GRADIENT = "#666666"
SIZE = (9.4, 4.75)  # inches
WIDE, HIGH = 0.4, 0.72  # size of the map, as fractions of the figure
LONGEST = 55.0  # pixels of the longest arrow of a method
MARKERS = 30  # maximum on a whole path
CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 33)), np.sin(np.linspace(0, 2 * np.pi, 33))], axis=1)
FLOOR = 1e-6  # the smallest cost that a logarithmic chart shows


class Picture:
    """The figure. `survey` draws a surface, `show` updates the moving artists."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, methods: list[str], pressed: Callable[[float, float], None]):
        self.methods = methods
        self.surface, self.steps = next(iter(SURFACES.values())), 1
        self.live = LiveFigure(
            size=SIZE,
            alt="Left: the paths of the methods over the contours of the cost; click or drag to move the start. "
            "Right: the cost above the lowest one against the step.",
            pressed=lambda ax, x, y: pressed(x, y) if ax is self.map else None,
        )
        self.map = self.live.figure.add_axes((0.066, 0.195, WIDE, HIGH))
        self.chart = self.live.figure.add_axes((0.56, 0.195, 0.425, HIGH))
        self.contours: list[QuadContourSet] = []
        self.stars = self.map.plot([], [], "*", color=COLOURS["yellow"], mec="black", mew=0.8, ms=14)[0]
        self._draw_movers()
        self._draw_legend()

    @property
    def shape(self) -> float:
        """Width of the map by its height, so that a unit is as long in both directions."""
        return SIZE[0] * WIDE / (SIZE[1] * HIGH)

    @matplotlib.rc_context(STYLE)
    def survey(self, name: str, steps: int) -> None:
        """Draw the contours of a surface, and a chart for so many steps, and keep them as the background."""
        self.surface, self.steps = SURFACES[name], steps
        surface = self.surface
        for old in self.contours:
            old.remove()
        (x, y), high = surface.centre, surface.reach
        self.map.set(xlim=(x - high * self.shape, x + high * self.shape), ylim=(y - high, y + high))
        self.map.set(xlabel="θ₁", ylabel="θ₂")
        self.map.set_title(f"{name[0].upper()}{name[1:]}: click to choose the start", pad=11)  # room for a head
        grid = np.meshgrid(np.linspace(*self.map.get_xlim(), 161), np.linspace(*self.map.get_ylim(), 149))
        heights = surface.cost(*grid) - surface.lowest
        peak = float(heights.max())
        levels = peak * np.linspace(0, 1, 15) ** surface.power
        fill = self.map.contourf(
            *grid, heights ** (1 / surface.power), levels=levels ** (1 / surface.power), cmap=HEIGHTS
        )
        lines = self.map.contour(*grid, heights, levels=levels[1:], colors="#8A8A8A", linewidths=0.6)
        self.contours = [fill, lines]
        self.stars.set_data(*np.array(surface.minima).T)
        self._scale_chart(peak)
        self.live.freeze(*self.movers)

    def show(self, paths: Mapping[str, Path], start: tuple[float, float], step: int, remembering: bool) -> None:
        """Show the paths up to a step, and what the methods remember there."""
        for method in self.methods:
            self._move(method, paths.get(method), step)
        self.start.set_data([start[0]], [start[1]])
        self.now.set_xdata([step, step])
        self._remember(paths, step, remembering)

    def _move(self, method: str, path: Path | None, step: int) -> None:
        artists = self.trails[method], self.heads[method], self.curves[method], self.dots[method]
        for artist in artists:
            artist.set_visible(path is not None)
        if path is None:
            return
        trail, head, curve, dot = artists
        last = min(step, len(path.points) - 1)
        points = np.clip(path.points[: last + 1], -FAR, FAR)
        costs = np.clip(path.costs[: last + 1] - self.surface.lowest, *self.shown_costs)
        trail.set_data(*points.T)
        (left, right), (low, high) = self.map.get_xlim(), self.map.get_ylim()
        x, y = points[-1]
        inside = left <= x <= right and low <= y <= high
        head.set_data([np.clip(x, left, right)], [np.clip(y, low, high)])
        colour = LOOKS[method][0]
        head.set(mfc=colour if inside else "white", mec="white" if inside else colour)
        curve.set_data(np.arange(last + 1), costs)
        for line in (trail, curve):
            line.set_markevery(-(-self.steps // MARKERS) if self.steps > 2 * MARKERS else 1)
        dot.set_data([last], costs[-1:])

    def _remember(self, paths: Mapping[str, Path], step: int, remembering: bool) -> None:
        """Arrows −g and −v, and areas with the half-axes √s, at the heads; sizes are compressed by a square root."""
        unit = 2 * self.surface.reach / (SIZE[1] * HIGH * self.live.figure.dpi)  # units of θ per pixel
        places, downhill, pull, areas, colours = [], [], [], [], []
        for method, path in paths.items() if remembering else ():
            last = min(step, len(path.points) - 1)
            if not self._on_map(path.points[last : last + 1])[0]:
                continue
            longest = self._longest(path)
            places.append(path.points[last])
            downhill.append(_compressed(-path.slopes[last], longest))
            pull.append(_compressed(-path.memory["v"][last], longest) if "v" in path.memory else np.zeros(2))
            colours.append(LOOKS[method][0])
            if "s" in path.memory:
                half = LONGEST * np.sqrt(np.sqrt(np.abs(path.memory["s"][last])) / longest)
                areas.append((path.points[last] + unit * np.clip(half, 0, LONGEST) * CIRCLE, colours[-1]))
        self.areas.set_verts([outline for outline, _ in areas])
        self.areas.set(facecolor=[colour + "30" for _, colour in areas], edgecolor=[colour for _, colour in areas])
        for lines, arrows in ((self.downhill, downhill), (self.pull, pull)):
            shafts = [_arrow(place, unit * arrow, 7 * unit) for place, arrow in zip(places, arrows, strict=True)]
            lines.set_verts(shafts, closed=False)
        self.pull.set_edgecolor(colours or "none")

    def _on_map(self, points: Floats) -> Bools:
        low, high = np.array([self.map.get_xlim(), self.map.get_ylim()]).T
        return np.all((points >= low) & (points <= high), axis=1)

    def _longest(self, path: Path) -> float:
        """The largest size of gradient, velocity and √s on the map."""
        near = self._on_map(path.points)
        sizes = [np.hypot(*path.slopes[near].T)]
        if "v" in path.memory:
            sizes.append(np.hypot(*path.memory["v"][near].T))
        if "s" in path.memory:
            sizes.append(np.sqrt(np.abs(path.memory["s"][near])).max(axis=1))
        return max(float(np.max(np.concatenate(sizes), initial=0)), 1e-300)

    def _scale_chart(self, peak: float) -> None:
        if self.surface.logarithmic:
            self.shown_costs = (FLOOR, 10 * peak)
            self.chart.set(yscale="log", ylim=(FLOOR / 2, 20 * peak))
            self.chart.set_yticks([tick for tick in 10.0 ** np.arange(-6, 9, 2) if tick < 20 * peak])
            self.chart.minorticks_off()
        else:
            self.shown_costs = (0.0, 1.2 * peak)
            self.chart.set(yscale="linear", ylim=(-0.04 * peak, 1.25 * peak))
        self.chart.set(xlim=(-self.steps / 60, self.steps * 61 / 60), xlabel="step", ylabel="cost above the lowest")
        self.chart.locator_params(axis="x", integer=True)
        self.chart.set_title("Cost against step", pad=11)
        self.chart.grid(True, axis="y")

    def _draw_movers(self) -> None:
        self.trails, self.heads, self.curves, self.dots = {}, {}, {}, {}
        for method in self.methods:
            colour, dashes, marker = LOOKS[method]
            line: dict[str, Any] = {"color": colour, "ls": dashes, "lw": 1.5, "marker": marker, "ms": 3.6}
            head: dict[str, Any] = {"color": colour, "marker": marker, "ms": 10, "mec": "white", "mew": 1.3, "ls": ""}
            (self.trails[method],) = self.map.plot([], [], **line)
            (self.heads[method],) = self.map.plot([], [], clip_on=False, **head)
            (self.curves[method],) = self.chart.plot([], [], **line)
            (self.dots[method],) = self.chart.plot([], [], clip_on=False, **head)
        (self.start,) = self.map.plot([], [], "+", color="black", ms=13, mew=2)
        self.now = self.chart.axvline(0, color="#888888", lw=1.2, ls=":")
        self.areas = PolyCollection([], lw=1)
        self.downhill = PolyCollection([], lw=2.2, facecolor="none", edgecolor=GRADIENT)
        self.pull = PolyCollection([], lw=2.2, facecolor="none")
        for collection in (self.areas, self.downhill, self.pull):
            self.map.add_collection(collection)
        self.movers = [
            self.areas, *self.trails.values(), self.start, self.downhill, self.pull, *self.heads.values(),
            self.now, *self.curves.values(), *self.dots.values(),
        ]  # fmt: skip

    def _draw_legend(self) -> None:
        entries = [
            Line2D([], [], color=colour, ls=dashes, marker=marker, ms=6, label=method)
            for method, (colour, dashes, marker) in LOOKS.items()
            if method in self.methods
        ]
        look: dict[str, Any] = {"ncol": 6, "fontsize": 9, "columnspacing": 1.6, "handlelength": 2.6}
        self.live.figure.legend(handles=entries, loc="lower center", bbox_to_anchor=(0.5, 0.038), **look)
        places: list[Artist] = [
            Line2D([], [], ls="", marker="+", color="black", ms=9, mew=2, label="start"),
            Line2D([], [], ls="", marker="*", color=COLOURS["yellow"], mec="black", ms=11, label="lowest point"),
            Line2D([], [], color=GRADIENT, lw=2.2, label="grey arrow: downhill, −g"),
        ]
        if any("v" in MEMORY[method] for method in self.methods):
            places.append(Line2D([], [], color=COLOURS["vermilion"], lw=2.2, label="coloured arrow: −v"))
        if any("s" in MEMORY[method] for method in self.methods):
            places.append(Patch(fc=COLOURS["blue"] + "30", ec=COLOURS["blue"], label="area: √s in each coordinate"))
        look["handlelength"] = 1.6
        self.live.figure.legend(handles=places, loc="lower center", bbox_to_anchor=(0.5, -0.012), **look)


def _compressed(vector: Floats, longest: float) -> Floats:
    """An arrow in pixels, with the direction of `vector`; ratios of lengths are square roots."""
    length = float(np.hypot(*vector))
    if length == 0:
        return np.zeros(2)
    return np.asarray(vector) / length * LONGEST * min(np.sqrt(length / longest), 1.0)


def _arrow(place: Floats, along: Floats, tip: float) -> Floats:
    """The line of an arrow, with barbs of length `tip` at its end."""
    end, length = place + along, float(np.hypot(*along))
    if length == 0:
        return np.array([place, place])
    back = along / length * min(tip, length)
    side = np.array([-back[1], back[0]]) * 0.55
    return np.array([place, end, end - back + side, end, end - back - side])
