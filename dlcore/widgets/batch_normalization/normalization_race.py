"""Two networks trained from the same weights, with and without the student's normalisation."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.text import Text

from dlcore import data
from dlcore.live import LiveFigure, Panel, stops
from dlcore.plots import CLASS_COLOURS, CLASS_MARKERS, COLOURS, PROBABILITY_COLOURS, STYLE
from dlcore.widgets.batch_normalization.racing_network import STEPS, RacingNetwork, View
from dlcore.widgets.shared.student_network import boundary

__all__ = ["NormalizationRace"]

EXAMPLES = 256
REACH, SIDE = 2.6, 51
BANDS = 10  # shades of the probability
HIGHEST = 2.0  # upper limit of the cost axis
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
SCALES = (0.1, 0.3, 1.0, 3.0)
DEPTHS = (1, 2, 4, 8)
LOOKS = {"plain": ("vermilion", "--"), "normalised": ("blue", "-")}


class NormalizationRace:
    """The picture: the planes of the two networks, and their costs. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, batchnorm_forward: Callable[..., Any], batchnorm_backward: Callable[..., Any]):
        self.layers = batchnorm_forward, batchnorm_backward
        self.X, self.Y = data.spirals(EXAMPLES, 0.05, np.random.default_rng(4))
        self.side = np.linspace(-REACH, REACH, SIDE)
        self.grid = np.stack([axis.ravel() for axis in np.meshgrid(self.side, self.side)])  # (2, SIDE²)
        self.seed = 1
        self.networks: dict[tuple[str, float, float, int, int], RacingNetwork] = {}
        self.live = LiveFigure(
            size=(9.4, 4.0),
            breaks=(0.345, 0.645),
            alt="Left and middle: two spirals in the plane, shaded by what a plain and a normalised network make of "
            "them after 200 steps. Right: the costs of both during training.",
        )
        movers = [*self._draw_plane(0.06, "plain"), *self._draw_plane(0.36, "normalised"), *self._draw_costs()]
        self.live.freeze(*movers)
        controls = [
            stops("learning rate α", RATES, 0.1),
            stops("initial weights (1 = He)", SCALES, 1.0),
            stops("hidden layers", DEPTHS, 4),
        ]
        self.panel = Panel(self.live, controls, self.update, {"Other weights": self.restart}, work=self.train)

    def restart(self) -> None:
        """Draw other initial weights at the next update."""
        self.seed += 1

    def train(self, seconds: float, *setting: float) -> bool:
        """Train both networks side by side for about so long; returns whether both have taken all steps."""
        both, until = self._both(*setting), time.perf_counter() + seconds
        try:
            while not all(network.done for network in both.values()):
                for network in both.values():
                    network.step()
                if time.perf_counter() > until:
                    break
        except BaseException:  # a step half taken is no place to go on from
            self.networks = {key: network for key, network in self.networks.items() if network not in both.values()}
            raise
        return all(network.done for network in both.values())

    def update(self, rate: float, scale: float, depth: int) -> str:
        """Show both networks as they are."""
        now = self._both(rate, scale, depth)
        done = all(network.done for network in now.values())
        for kind, network in now.items():
            shade, edge, score = self.planes[kind]
            view = network.view(self.grid)
            answers = view.answers.reshape(SIDE, SIDE)
            shade.set_data(answers)
            edge.set_data(*boundary(self.side, answers))
            score.set_text(_score(network, view) if done else "")  # a picture on the way has to come soon
            self.lines[kind].set_data(np.arange(len(network.costs)), np.clip(network.costs, 0, HIGHEST))
        layers = "1 hidden layer" if depth == 1 else f"{depth} hidden layers"
        words = f"α = {rate:g}, {scale:g} times He's weights, {layers}, {STEPS} steps. "
        if done:
            return words + _story({kind: (network, network.view(self.grid).right) for kind, network in now.items()})
        return words + "Both are being trained; the picture shows how far they are."

    def _both(self, rate: float, scale: float, depth: float) -> dict[str, RacingNetwork]:
        """The two networks of a setting, as far as they are trained."""
        both = {}
        for kind in LOOKS:
            key = (kind, rate, scale, int(depth), self.seed)
            if key not in self.networks:
                layers = self.layers if kind == "normalised" else None
                self.networks[key] = RacingNetwork(self.X, self.Y, layers, rate, scale, int(depth), self.seed)
            both[kind] = self.networks[key]
        return both

    def _draw_plane(self, left: float, kind: str) -> list[Artist]:
        if left < 0.1:
            self.planes: dict[str, tuple[AxesImage, Line2D, Text]] = {}
        ax = self.live.figure.add_axes((left, 0.2, 0.27, 0.68))
        ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xlabel="feature $x_1$")
        ax.set_title(kind)
        if left < 0.1:
            ax.set_ylabel("feature $x_2$", labelpad=0)
        else:
            ax.set_yticklabels([])
        look: dict[str, Any] = {"origin": "lower", "interpolation": "bilinear", "vmin": 0, "vmax": 1, "aspect": "auto"}
        extent = (-REACH, REACH, -REACH, REACH)
        shade = ax.imshow(np.zeros((SIDE, SIDE)), extent=extent, cmap=PROBABILITY_COLOURS.resampled(BANDS), **look)
        (edge,) = ax.plot([], [], color="black", lw=1.5)
        look = {"ls": "", "ms": 3.5, "mec": "white", "mew": 0.3}
        dots = [
            ax.plot(*self.X[:, self.Y[0] == k], marker=CLASS_MARKERS[k], color=CLASS_COLOURS[k], **look)[0]
            for k in (0, 1)
        ]
        box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
        score = ax.text(2.45, 2.4, "", ha="right", va="top", fontsize=10, bbox=box)
        self.planes[kind] = shade, edge, score
        if left < 0.1:
            names = ["class 0", "class 1", "probability 0.5"]
            self.live.figure.legend([*dots, edge], names, loc="lower left", ncol=3, fontsize="small")
        return [shade, *dots, edge, score]

    def _draw_costs(self) -> list[Artist]:
        ax = self.live.figure.add_axes((0.71, 0.2, 0.275, 0.68))
        ax.set(xlim=(0, STEPS), ylim=(-0.05, HIGHEST + 0.05), xlabel="step", ylabel="cost J (nats)")
        ax.set_title("cost of each mini-batch")
        ax.axhline(np.log(2), color="#999999", lw=1, ls=":")
        ax.text(STEPS - 2, np.log(2) + 0.04, "guessing", ha="right", fontsize=9, color="#555555")
        self.lines = {
            kind: ax.plot([], [], color=COLOURS[colour], ls=dashes, lw=1.3)[0]
            for kind, (colour, dashes) in LOOKS.items()
        }
        self.live.figure.legend(
            list(self.lines.values()), list(self.lines), loc="lower right", ncol=2, fontsize="small"
        )
        return list(self.lines.values())


def _score(network: RacingNetwork, view: View) -> str:
    return "exploded" if network.exploded else f"{view.right:.0%} right"


def _story(now: dict[str, tuple[RacingNetwork, float]]) -> str:
    """A description of which networks learned, given each with the share that it gets right."""
    words, good = [], {}
    for kind, (network, right) in now.items():
        end = "explodes" if network.exploded else f"gets {right:.0%} right"
        cost = "." if network.exploded else f" (cost {np.mean(network.costs[-20:]):.2f})."
        words.append(f"The {kind} network {end}{cost}")
        good[kind] = right > 0.95 and not network.exploded
    if all(good.values()):
        words.append("Both learn the spirals.")
    elif not any(good.values()):
        words.append("Neither has learned the spirals in this time.")
    else:
        words.append(f"Only the {'plain' if good['plain'] else 'normalised'} one has learned the spirals.")
    return " ".join(words)
