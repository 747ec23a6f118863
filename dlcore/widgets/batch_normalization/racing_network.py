"""A network that is trained step by step, with or without the student's normalisation."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from dlcore.arrays import Floats, Ints
from dlcore.widgets.shared.student_normalization import Running, go_back, normalized, nothing_seen

__all__ = ["STEPS", "RacingNetwork"]

WIDTH, STEPS, BATCH, MOMENTUM = 16, 200, 64, 0.9

_Kept = tuple[Floats, Floats | None, Any]
"""What a layer keeps for the way back: its input, its activations unless it is the last, the student's cache."""


class View(NamedTuple):
    """The probabilities of class 1 on a grid, (1, k), and the share of examples that are right."""

    answers: Floats
    right: float


class RacingNetwork:
    """ReLU layers and one sigmoid output; each hidden layer has the student's normalisation, or none.

    Its rate decays to 0 over STEPS steps, which reduces noise at the end.

    Attributes:
        costs: the mini-batches' costs before each step so far; from the first NaN on, they are inf.
    """

    def __init__(
        self,
        X: Floats,
        Y: Ints,
        layers: tuple[Callable[..., Any], ...] | None,
        rate: float,
        scale: float,
        depth: int,
        seed: int,
    ):
        """Draw its weights and its mini-batches.

        Args:
            X: the examples, (2, m).
            Y: their classes, 0 or 1, (1, m); m divides the number of examples that all steps see.
            layers: the student's forward and backward pass of batch normalisation, or None.
            rate: the learning rate at first.
            scale: how many times as large as He's the weights are.
            depth: the number of hidden layers.
            seed: of the weights; the mini-batches have the next one.
        """
        rng, self.layers, self.rate = np.random.default_rng(seed), layers, rate
        sizes = [2] + [WIDTH] * depth + [1]
        self.W = [scale * np.sqrt(2 / n) * rng.standard_normal((k, n)) for n, k in pairwise(sizes)]
        self.b = [np.zeros((k, 1)) for k in sizes[1:]]
        self.knobs = [(np.ones((WIDTH, 1)), np.zeros((WIDTH, 1))) for _ in range(depth)]
        self.running: list[Running] = [nothing_seen(WIDTH) for _ in range(depth)]
        self.X, self.Y, m = X, Y, X.shape[1]
        rounds = np.tile(np.arange(m), (STEPS * BATCH // m, 1))
        self.batches = np.random.default_rng(seed + 1).permuted(rounds, axis=1).reshape(STEPS, BATCH)
        self.costs: list[float] = []
        self._seen: View | None = None

    @property
    def done(self) -> bool:
        """Whether all steps are taken."""
        return len(self.costs) == STEPS

    @property
    def exploded(self) -> bool:
        """Whether a cost was not a number any more."""
        return bool(self.costs) and np.isinf(self.costs[-1])

    def step(self) -> None:
        """Take the next step, if there is one; once exploded, nothing changes any more."""
        if self.done:
            return
        self._seen = None
        chosen = self.batches[len(self.costs)]
        with np.errstate(all="ignore"):
            self.costs.append(np.inf if self.exploded else self._descend(self.X[:, chosen], self.Y[:, chosen]))

    def view(self, grid: Floats) -> View:
        """What it makes of a grid, (2, k), and of the examples; looked at once only until the next step."""
        if self._seen is None:
            answers, here = self._answer(grid), self._answer(self.X)
            self._seen = View(answers, float(np.mean((here > 0.5) == (self.Y == 1))))
        return self._seen

    def _answer(self, X: Floats) -> Floats:
        """The probabilities of class 1, in test mode, (1, m); one half where they are not numbers."""
        with np.errstate(all="ignore"):
            return np.nan_to_num(self._ahead(X, training=False)[0], nan=0.5)

    def _descend(self, X: Floats, Y: Ints) -> float:
        """Take one step on a mini-batch; returns its cost before it, inf for NaN."""
        A, kept = self._ahead(X, training=True)
        P = np.clip(A, 1e-12, 1 - 1e-12)
        cost = float(-np.mean(np.log(np.where(Y == 1, P, 1 - P))))
        if not np.isfinite(cost):
            return np.inf
        self._back((A - Y) / BATCH, kept, self.rate * (1 - len(self.costs) / STEPS))
        return cost

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

    def _back(self, blame: Floats, kept: list[_Kept], rate: float) -> None:
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
