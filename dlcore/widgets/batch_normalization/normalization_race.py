"""Two networks trained from the same weights, with and without the student's normalisation."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.text import Text

from dlcore import data
from dlcore.arrays import Floats, Ints
from dlcore.live import LiveFigure, Panel, stops
from dlcore.plots import CLASS_COLOURS, CLASS_MARKERS, COLOURS, PROBABILITY_COLOURS, STYLE
from dlcore.widgets.shared.student_network import boundary
from dlcore.widgets.shared.student_normalization import Running, go_back, normalized, nothing_seen

__all__ = ["NormalizationRace"]

WIDTH, STEPS, BATCH, EXAMPLES, MOMENTUM = 16, 200, 64, 256, 0.9
REACH, SIDE = 2.6, 51
HIGHEST = 2.0  # upper limit of the cost axis
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
SCALES = (0.1, 0.3, 1.0, 3.0)
DEPTHS = (1, 2, 4, 8)
LOOKS = {"plain": ("vermilion", "--"), "normalised": ("blue", "-")}


class _Run(NamedTuple):
    """The costs of one training, the answers on the grid, and the share of examples that are right."""

    costs: Floats
    answers: Floats
    right: float


_Kept = tuple[Floats, Floats | None, Any]
"""What a layer keeps for the way back: its input, its activations unless it is the last, the student's cache."""


class NormalizationRace:
    """The picture: the planes of the two networks, and their costs. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, batchnorm_forward: Callable[..., Any], batchnorm_backward: Callable[..., Any]):
        self.layers = batchnorm_forward, batchnorm_backward
        self.X, self.Y = data.spirals(EXAMPLES, 0.05, np.random.default_rng(4))
        self.side = np.linspace(-REACH, REACH, SIDE)
        self.grid = np.stack([axis.ravel() for axis in np.meshgrid(self.side, self.side)])  # (2, SIDE²)
        self.seed = 1
        self.runs: dict[tuple[str, float, float, int, int], _Run] = {}
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
        self.panel = Panel(self.live, controls, self.update, {"Other weights": self.restart})

    def restart(self) -> None:
        """Draw other initial weights at the next update."""
        self.seed += 1

    def update(self, rate: float, scale: float, depth: int) -> str:
        """Train both networks, unless that is cached, and show them."""
        now = {kind: self._run(kind, rate, scale, int(depth)) for kind in LOOKS}
        for kind, run in now.items():
            shade, edge, score = self.planes[kind]
            answers = run.answers.reshape(SIDE, SIDE)
            shade.set_data(answers)
            edge.set_data(*boundary(self.side, answers))
            score.set_text(f"{run.right:.0%} right" if np.isfinite(run.costs[-1]) else "exploded")
            self.lines[kind].set_data(np.arange(STEPS), np.clip(run.costs, 0, HIGHEST))
        layers = "1 hidden layer" if depth == 1 else f"{depth} hidden layers"
        return f"α = {rate:g}, {scale:g} times He's weights, {layers}, {STEPS} steps. " + _story(now)

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
        shade = ax.imshow(np.zeros((SIDE, SIDE)), extent=extent, cmap=PROBABILITY_COLOURS, **look)
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

    def _run(self, kind: str, rate: float, scale: float, depth: int) -> _Run:
        key = (kind, rate, scale, depth, self.seed)
        if key not in self.runs:
            network = _Network(depth, scale, self.layers if kind == "normalised" else None, self.seed)
            with np.errstate(all="ignore"):
                costs = network.train(self.X, self.Y, rate, self.seed + 1)
                answers, here = network.answer(self.grid), network.answer(self.X)
            right = float(np.mean((here > 0.5) == (self.Y == 1)))
            self.runs[key] = _Run(costs, np.nan_to_num(answers, nan=0.5), right)
        return self.runs[key]


class _Network:
    """ReLU layers and one sigmoid output; each hidden layer has the student's normalisation, or none."""

    def __init__(self, depth: int, scale: float, layers: tuple[Callable[..., Any], ...] | None, seed: int):
        rng, self.layers = np.random.default_rng(seed), layers
        sizes = [2] + [WIDTH] * depth + [1]
        self.W = [scale * np.sqrt(2 / n) * rng.standard_normal((k, n)) for n, k in pairwise(sizes)]
        self.b = [np.zeros((k, 1)) for k in sizes[1:]]
        self.knobs = [(np.ones((WIDTH, 1)), np.zeros((WIDTH, 1))) for _ in range(depth)]
        self.running: list[Running] = [nothing_seen(WIDTH) for _ in range(depth)]

    def answer(self, X: Floats) -> Floats:
        """The probabilities of class 1, in test mode, (1, m)."""
        return self._ahead(X, training=False)[0]

    def train(self, X: Floats, Y: Ints, rate: float, seed: int) -> Floats:
        """The mini-batches' costs of STEPS steps, with a rate that decays to 0, which reduces noise at the end.

        From the first NaN on, they are inf.
        """
        costs, rng = np.full(STEPS, np.inf), np.random.default_rng(seed)
        order = rng.permuted(np.tile(np.arange(EXAMPLES), (STEPS * BATCH // EXAMPLES, 1)), axis=1).ravel()
        for step, chosen in enumerate(order.reshape(STEPS, BATCH)):
            A, kept = self._ahead(X[:, chosen], training=True)
            P = np.clip(A, 1e-12, 1 - 1e-12)
            costs[step] = -np.mean(np.log(np.where(Y[:, chosen] == 1, P, 1 - P)))
            if not np.isfinite(costs[step]):
                costs[step:] = np.inf
                break
            self._step((A - Y[:, chosen]) / BATCH, kept, rate * (1 - step / STEPS))
        return costs

    def _ahead(self, X: Floats, training: bool) -> tuple[Floats, list[_Kept]]:
        A = X
        kept: list[_Kept] = []
        for k, W in enumerate(self.W):
            before, cache = A, None
            Z = W @ A + self.b[k]  # (n, m)
            if k == len(self.W) - 1:
                return (1 + np.tanh(Z / 2)) / 2, [*kept, (before, None, None)]
            if self.layers:
                Z, cache, new = normalized(self.layers[0], Z, self.knobs[k], self.running[k], MOMENTUM, training)
                self.running[k] = new if training else self.running[k]
            A = np.maximum(Z, 0)
            kept.append((before, A, cache))
        raise AssertionError("a network has an output layer")

    def _step(self, blame: Floats, kept: list[_Kept], rate: float) -> None:
        """Backpropagate from the output's scores, and take one step of gradient descent."""
        for k in reversed(range(len(self.W))):
            before, A, cache = kept[k]
            if A is not None:
                blame = blame * (A > 0)
            if self.layers and cache is not None:
                blame, *slopes = go_back(self.layers[1], blame, cache)
                gamma, beta = (knob - rate * slope for knob, slope in zip(self.knobs[k], slopes, strict=True))
                self.knobs[k] = gamma, beta
            further = self.W[k].T @ blame
            self.W[k] = self.W[k] - rate * (blame @ before.T)
            self.b[k] = self.b[k] - rate * blame.sum(axis=1, keepdims=True)
            blame = further


def _story(now: dict[str, _Run]) -> str:
    """A description of which networks learned."""
    words = []
    for kind, run in now.items():
        finite = bool(np.isfinite(run.costs[-1]))
        end = f"gets {run.right:.0%} right" if finite else "explodes"
        words.append(f"The {kind} network {end}" + (f" (cost {np.mean(run.costs[-20:]):.2f})." if finite else "."))
    good = {kind: run.right > 0.95 and np.isfinite(run.costs[-1]) for kind, run in now.items()}
    if all(good.values()):
        words.append("Both learn the spirals.")
    elif not any(good.values()):
        words.append("Neither has learned the spirals in this time.")
    else:
        words.append(f"Only the {'plain' if good['plain'] else 'normalised'} one has learned the spirals.")
    return " ".join(words)
