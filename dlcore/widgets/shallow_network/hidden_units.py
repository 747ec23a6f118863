"""A network of a few hidden units in the plane: what each unit says, and the boundary of all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist

from dlcore import data
from dlcore.arrays import Bools
from dlcore.live import LiveFigure, Panel, choice, whole_slider
from dlcore.plots import CLASS_COLOURS, CLASS_MARKERS, PROBABILITY_COLOURS, STYLE
from dlcore.widgets.shared.student_network import (
    Parameters,
    answers,
    boundary,
    start,
    straight_line,
    train,
)

__all__ = ["HiddenUnits"]

MOST_UNITS = 6
REACH = 2.6  # the plane shown is [-REACH, REACH]²
RATE, SCALE = 1.2, 0.3
SETS = {
    "xor": (data.xor, 0.3),
    "moons": (data.moons, 0.15),
    "circles": (data.circles, 0.1),
    "flower": (data.flower, 0.08),
    "spirals": (data.spirals, 0.05),
}


class HiddenUnits:
    """The picture: the plane with the boundary, and a small map of each unit. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, initialize: Callable[..., Any], forward: Callable[..., Any], fit: Callable[..., Any]):
        self.initialize, self.forward, self.fit = initialize, forward, fit
        self.side = np.linspace(-REACH, REACH, 61)
        self.grid = np.stack([axis.ravel() for axis in np.meshgrid(self.side, self.side)])  # (2, 61²)
        self.seed, self.wanted, self.done, self.cost = 0, 0, 0, np.nan
        self.drawn: tuple[str | int, ...] = ()  # settings that the current network was initialised with
        self.parameters: Parameters = {}
        self.live = LiveFigure(
            size=(8.8, 4.6),
            breaks=(0.465,),
            alt="Left: two classes in the plane, shaded by the network's probability of class 1, with its boundary "
            "and the line of each hidden unit. Right: a small map of what each hidden unit says.",
        )
        movers = [*self._draw_plane(), *self._draw_maps()]
        self.live.freeze(*movers)
        controls = [choice("data", list(SETS), "flower"), whole_slider("hidden units", 1, MOST_UNITS, 3)]
        buttons = {
            "10 steps": lambda: self.go(10),
            "100 steps": lambda: self.go(100),
            "1000 steps": lambda: self.go(1000),
            "New start": self.restart,
        }
        self.panel = Panel(self.live, controls, self.update, buttons)

    def go(self, steps: int) -> None:
        """Train so many steps at the next update."""
        self.wanted = steps

    def restart(self) -> None:
        """Draw other random weights at the next update."""
        self.seed += 1

    def update(self, name: str, n_h: int) -> str:
        """Train if asked to, and show the network."""
        wanted, self.wanted = self.wanted, 0
        if self.drawn != (name, n_h, self.seed):
            self.drawn, self.done, wanted = (), 0, 0
            make, noise = SETS[name]
            self.X, self.Y = make(300, noise, np.random.default_rng(1))
            self.parameters = start(self.initialize, n_h, self.seed, SCALE)
            self.drawn = (name, n_h, self.seed)
        if wanted:
            history, costs = train(self.fit, self.X, self.Y, self.parameters, RATE, wanted, 10)
            self.parameters, self.done = history[-1], self.done + len(costs)
        right = self._move()
        return self._sentence(right, n_h)

    def _draw_plane(self) -> list[Artist]:
        ax = self.live.figure.add_axes((0.07, 0.2, 0.37, 0.7))
        ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xlabel="feature $x_1$", ylabel="feature $x_2$")
        ax.set_title("The network's answer")
        extent = (-REACH, REACH, -REACH, REACH)
        look: dict[str, Any] = {"origin": "lower", "interpolation": "bilinear", "vmin": 0, "vmax": 1, "aspect": "auto"}
        self.shade = ax.imshow(np.zeros((61, 61)), extent=extent, cmap=PROBABILITY_COLOURS, **look)
        self.lines = [ax.plot([], [], color="#555555", lw=1.2, ls="--")[0] for _ in range(MOST_UNITS)]
        (self.edge,) = ax.plot([], [], color="black", lw=2)
        look = {"ls": "", "ms": 5, "mec": "white", "mew": 0.5}
        self.dots = [ax.plot([], [], marker=CLASS_MARKERS[k], color=CLASS_COLOURS[k], **look)[0] for k in (0, 1)]
        samples = [*self.dots, self.edge, self.lines[0]]
        names = ["class 0", "class 1", "probability 0.5", "a unit's score is 0"]
        self.live.figure.legend(samples, names, loc="lower left", ncol=4, fontsize="small", columnspacing=1)
        return [self.shade, *self.lines, *self.dots, self.edge]

    def _draw_maps(self) -> list[Artist]:
        figure = self.live.figure
        figure.text(0.495, 0.915, "What each hidden unit says", weight="bold")
        self.maps, self.titles = [], []
        for k in range(MOST_UNITS):
            ax = figure.add_axes((0.495 + 0.137 * (k % 3), 0.58 - 0.38 * (k // 3), 0.128, 0.245))
            ax.set_axis_off()
            extent = (-REACH, REACH, -REACH, REACH)
            look: dict[str, Any] = {"origin": "lower", "cmap": "PuOr", "vmin": -1, "vmax": 1, "aspect": "auto"}
            self.maps.append(ax.imshow(np.zeros((61, 61)), extent=extent, **look))
            self.titles.append(ax.text(0.5, 1.04, "", transform=ax.transAxes, ha="center", fontsize=9))
        bar = figure.colorbar(self.maps[0], cax=figure.add_axes((0.914, 0.2, 0.013, 0.625)), ticks=[-1, 0, 1])
        bar.set_label("activation of the unit", labelpad=0)
        return [*self.maps, *self.titles]

    def _move(self) -> Bools:
        """Move everything to the current network; returns which examples are right, (1, m)."""
        P, A1 = answers(self.forward, self.grid, self.parameters)
        outputs, _ = answers(self.forward, self.X, self.parameters)
        self.shade.set_data(P.reshape(61, 61))
        self.edge.set_data(*boundary(self.side, P.reshape(61, 61)))
        for k, dots in enumerate(self.dots):
            dots.set_data(self.X[:, self.Y[0] == k])
        heard = self.parameters["W2"][0]
        for k in range(MOST_UNITS):
            there = k < len(heard)
            for artist in (self.maps[k], self.titles[k], self.lines[k]):
                artist.set_visible(there)
            if there:
                self.maps[k].set_data(A1[k].reshape(61, 61))
                self.titles[k].set_text(f"heard with {heard[k]:+.1f}".replace("-", "−"))
                self.lines[k].set_data(*straight_line(self.parameters["W1"][k], self.parameters["b1"][k, 0], REACH))
        return (outputs >= 0.5) == (self.Y == 1)

    def _sentence(self, right: Bools, n_h: int) -> str:
        units = "1 hidden unit" if n_h == 1 else f"{n_h} hidden units"
        if self.done == 0:
            return f"{units}, not trained yet: {right.mean():.0%} of {right.size} are right by chance. Press a button."
        advice = ""
        if n_h == 1:
            advice = " One unit draws one line, so the boundary is straight."
        elif right.mean() < 0.75 and self.done >= 500:
            advice = " More steps, more units, or a new start may help."
        elif right.mean() > 0.97:
            advice = " Look at the maps: how have they shared out the work?"
        return f"{units}, {self.done} steps: {right.mean():.1%} of {right.size} examples are right.{advice}"
