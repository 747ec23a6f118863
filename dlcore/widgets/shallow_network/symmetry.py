"""Four hidden units and their start: from zero, all equal, or random on some scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist

from dlcore import data
from dlcore.arrays import Bools
from dlcore.live import LiveFigure, Panel, stops, toggle, whole_slider
from dlcore.plots import CLASS_COLOURS, CLASS_MARKERS, COLOURS, PROBABILITY_COLOURS, STYLE
from dlcore.widgets.shared.student_network import (
    Parameters,
    answers,
    boundary,
    start,
    straight_line,
    train,
)

__all__ = ["Symmetry"]

UNITS, STEPS, PAUSE, RATE = 4, 1000, 20, 1.2
REACH, FAR = 2.6, 6.0  # the planes of the inputs and of the weights
SCALES = (0.0, 0.0001, 0.001, 0.01, 0.1, 1.0, 3.0, 10.0, 30.0)
LOOKS = (("sky", "-", 7.0), ("orange", "-", 4.5), ("green", "-", 2.6), ("black", ":", 1.4))  # thin over thick


class Symmetry:
    """The picture: paths of the weights, the plane of the inputs, the cost. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, initialize: Callable[..., Any], forward: Callable[..., Any], fit: Callable[..., Any]):
        self.initialize, self.forward, self.fit = initialize, forward, fit
        self.X, self.Y = data.xor(200, 0.3, np.random.default_rng(1))
        self.side = np.linspace(-REACH, REACH, 51)
        self.grid = np.stack([axis.ravel() for axis in np.meshgrid(self.side, self.side)])  # (2, 51²)
        self.seed = 0
        self.runs: dict[tuple[float | bool, ...], tuple[list[Parameters], list[float]]] = {}
        self.live = LiveFigure(
            size=(9.0, 3.9),
            breaks=(0.322, 0.645),
            alt="Left: the paths of the incoming weights of four hidden units. Middle: the xor clouds, the lines of "
            "the four units and the boundary of the network. Right: the cost over the steps.",
        )
        movers = [*self._draw_paths(), *self._draw_plane(), *self._draw_cost()]
        names = [f"unit {k + 1}" for k in range(UNITS)]
        self.live.figure.legend(self.paths, names, loc="lower center", ncol=UNITS, fontsize="small")
        self.live.freeze(*movers)
        self.scale = stops("scale of the weights", SCALES, 0.01)
        controls = [self.scale, toggle("all weights equal to it"), whole_slider("step", 0, STEPS, 0, PAUSE)]
        self.panel = Panel(self.live, controls, self.update, {"New start": self.restart})

    def restart(self) -> None:
        """Draw other random weights at the next update."""
        self.seed += 1

    def update(self, scale: float, equal: bool, step: int) -> str:
        """Show the network that started so after `step` steps."""
        history, costs = self._run(scale, equal, step)
        now = min(step, len(costs) - 1) // PAUSE
        right = self._move(history[: now + 1], costs[: now * PAUSE + 1])
        return " ".join([self._sentence(history[now], costs, now * PAUSE, right), *_too_slow(now * PAUSE, step)])

    def _run(self, scale: float, equal: bool, step: int) -> tuple[list[Parameters], list[float]]:
        """The parameters after every PAUSE steps, and the costs, up to that after `step` steps; both are kept."""
        key = (scale, True) if equal else (scale, False, self.seed)
        if key not in self.runs:
            first = start(self.initialize, UNITS, self.seed, scale)
            if equal:
                first = {name: np.full(value.shape, scale * name.startswith("W")) for name, value in first.items()}
            self.runs[key] = [first], []
        history, costs = self.runs[key]
        if len(costs) <= step:
            steps = (step // PAUSE + 1) * PAUSE - len(costs)
            more, their_costs = train(self.fit, self.X, self.Y, history[-1], RATE, steps, PAUSE)
            history += more
            costs += their_costs
        return history, costs

    def _draw_paths(self) -> list[Artist]:
        ax = self.live.figure.add_axes((0.065, 0.25, 0.245, 0.62))
        ax.set(xlim=(-FAR, FAR), ylim=(-FAR, FAR), xlabel="weight of $x_1$", ylabel="weight of $x_2$")
        ax.set_title("Incoming weights")
        ax.set(xticks=[-4, 0, 4], yticks=[-4, 0, 4])
        ax.axhline(0, color="#DDDDDD", lw=1)
        ax.axvline(0, color="#DDDDDD", lw=1)
        self.paths = [ax.plot([], [], color=COLOURS[c], ls=ls, lw=lw)[0] for c, ls, lw in LOOKS]
        self.ends = [ax.plot([], [], "o", color=COLOURS[c], ms=lw + 5)[0] for c, _, lw in LOOKS]
        return [*self.paths, *self.ends]

    def _draw_plane(self) -> list[Artist]:
        ax = self.live.figure.add_axes((0.385, 0.25, 0.245, 0.62))
        ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xlabel="feature $x_1$", ylabel="feature $x_2$")
        ax.set_title("Units and boundary")
        look: dict[str, Any] = {"origin": "lower", "interpolation": "bilinear", "vmin": 0, "vmax": 1, "aspect": "auto"}
        extent = (-REACH, REACH, -REACH, REACH)
        self.shade = ax.imshow(np.zeros((51, 51)), extent=extent, cmap=PROBABILITY_COLOURS, **look)
        look = {"ls": "", "ms": 4, "mec": "white", "mew": 0.4}
        dots = [
            ax.plot(*self.X[:, self.Y[0] == k], marker=CLASS_MARKERS[k], color=CLASS_COLOURS[k], **look)[0]
            for k in (0, 1)
        ]
        self.lines = [ax.plot([], [], color=COLOURS[c], ls=ls, lw=lw)[0] for c, ls, lw in LOOKS]
        (self.edge,) = ax.plot([], [], color="white", lw=4)
        (self.edge_core,) = ax.plot([], [], color="black", lw=2)
        return [self.shade, *dots, *self.lines, self.edge, self.edge_core]

    def _draw_cost(self) -> list[Artist]:
        ax = self.live.figure.add_axes((0.715, 0.25, 0.255, 0.62))
        ax.set(xlim=(0, STEPS), ylim=(0.002, 30), yscale="log", xlabel="steps done", ylabel="cost (nats)")
        ax.set_title("Cost")
        ax.set_yticks([0.01, 0.1, 1, 10], ["0.01", "0.1", "1", "10"])
        ax.set_xticks([0, 500, 1000])
        ax.minorticks_off()
        ax.axhline(np.log(2), color="#777777", lw=1)
        ax.text(STEPS - 60, 0.76, "coin flip", ha="right", va="bottom", fontsize=8)
        (self.curve,) = ax.plot([], [], color=COLOURS["blue"], lw=2)
        (self.latest,) = ax.plot([], [], "o", color=COLOURS["blue"], ms=8, clip_on=False)
        return [self.curve, self.latest]

    def _move(self, history: list[Parameters], costs: list[float]) -> Bools:
        """Move everything to the last of `history`; returns which examples are right, (1, m)."""
        now = history[-1]
        weights = np.array([parameters["W1"] for parameters in history])  # (time, unit, 2)
        for k in range(UNITS):
            self.paths[k].set_data(weights[:, k, 0], weights[:, k, 1])
            self.ends[k].set_data(weights[-1:, k, 0], weights[-1:, k, 1])
            self.lines[k].set_data(*straight_line(now["W1"][k], now["b1"][k, 0], REACH))
        P = answers(self.forward, self.grid, now)[0].reshape(51, 51)
        self.shade.set_data(P)
        for edge in (self.edge, self.edge_core):
            edge.set_data(*boundary(self.side, P))
        self.curve.set_data(np.arange(len(costs)), costs)
        self.latest.set_data([len(costs) - 1], costs[-1:])
        return (answers(self.forward, self.X, now)[0] >= 0.5) == (self.Y == 1)

    def _sentence(self, now: Parameters, costs: list[float], step: int, right: Bools) -> str:
        units = np.hstack([now["W1"], now["b1"], now["W2"].T])  # (units, all they have)
        apart = float(np.ptp(units, axis=0).max())
        words = f"Step {step}: cost {costs[step]:.3f}, {right.mean():.1%} right."
        if not units.any():
            return f"{words} All weights are 0, and so are their gradients: nothing moves."
        if apart < 1e-9:
            return f"{words} All four units are equal. Together they draw one line."
        if np.abs(now["W1"]).max() > FAR:
            words += " Some weights are off the picture."
        return f"{words} The units differ by up to {apart:.2g}."


def _too_slow(done: int, asked: int) -> list[str]:
    """A remark if training was cut short; else ""."""
    return [f"Your functions are slow, so only {done} steps were done."] if done < asked else []
