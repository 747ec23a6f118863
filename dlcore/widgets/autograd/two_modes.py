"""A whole Jacobian in forward and in reverse mode, and what each costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.collections import PathCollection

from dlcore.arrays import Floats
from dlcore.live import LiveFigure, Panel, whole_slider
from dlcore.plots import COLOURS, STYLE
from dlcore.widgets.autograd.answers import asked_for_numbers, asked_for_order

__all__ = ["TwoModes"]

MOST, HIDDEN = 16, 4  # inputs or outputs; nodes between them
BLUE, ORANGE = COLOURS["blue"], COLOURS["orange"]

Parents = dict[int, tuple[int, ...]]
Slopes = dict[int, tuple[float, ...]]


class TwoModes:
    """The picture: the Jacobian, by columns and by rows, and two bars of multiplications. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(
        self,
        topological_order: Callable[..., Any],
        backward: Callable[..., Any],
        push_forward: Callable[..., Any],
    ):
        self.topological_order, self.backward, self.push_forward = topological_order, backward, push_forward
        rng = np.random.default_rng(9)
        self.first, self.second = rng.normal(size=(HIDDEN, MOST)), rng.normal(size=(MOST, HIDDEN)) / 2
        self.live = LiveFigure(
            size=(9.4, 3.7),
            breaks=(0.345, 0.665),
            alt="Two squares with the Jacobian, a row for each output and a column for each input: left by columns, "
            "one forward sweep each, then by rows, one backward sweep each. Right, two bars of multiplications.",
        )
        self.dots = {
            "forward": self._draw_matrix(0.055, "Forwards: a sweep a column", ORANGE, upright=True),
            "reverse": self._draw_matrix(0.385, "Backwards: a sweep a row", BLUE, upright=False),
        }
        ax = self.live.figure.add_axes((0.745, 0.16, 0.235, 0.7), xlim=(-0.6, 1.6), ylim=(4, 10_000), yscale="log")
        ax.set(title="For the whole Jacobian", ylabel="multiplications", xticks=[0, 1], xlabel="mode")
        ax.set_xticklabels(["forward", "reverse"])
        self.bars = [
            ax.bar(place, 4.0, color=colour, hatch=hatch)[0]
            for place, colour, hatch in ((0, ORANGE, "//"), (1, BLUE, ""))
        ]
        self.live.freeze(*[dots for pair in self.dots.values() for dots in pair], *self.bars)
        controls = [whole_slider("inputs", 1, MOST, 12), whole_slider("outputs", 1, MOST, 1)]
        self.panel = Panel(self.live, controls, self.update)

    def update(self, inputs: int, outputs: int) -> str:
        """Compute the Jacobian twice, and count."""
        parents, slopes = self._network(inputs, outputs)
        found = {
            "forward": self._forwards(inputs, outputs, parents, slopes),
            "reverse": self._backwards(inputs, outputs, parents, slopes),
        }
        arrows, costs = HIDDEN * (inputs + outputs), {}
        costs["forward"], costs["reverse"] = inputs * arrows, outputs * HIDDEN * (inputs + 1)
        for (mode, matrix), bar in zip(found.items(), self.bars, strict=True):
            self._place(self.dots[mode], matrix)
            bar.set_height(costs[mode])
        words = (
            f"{_many(inputs, 'input')}, {_many(outputs, 'output')}. Forwards: {_many(inputs, 'sweep')}, "
            f"{costs['forward']} multiplications. Backwards: {_many(outputs, 'sweep')}, {costs['reverse']}. "
        )
        agree = np.allclose(found["forward"], found["reverse"])
        return words + ("Both give the same Jacobian." if agree else "But the two Jacobians are not the same!")

    def _network(self, inputs: int, outputs: int) -> tuple[Parents, Slopes]:
        """Parents and slopes of all nodes: inputs, hidden nodes, outputs, and one node that all outputs go into."""
        hidden = tuple(range(inputs, inputs + HIDDEN))
        last = tuple(range(inputs + HIDDEN, inputs + HIDDEN + outputs))
        parents: Parents = {node: () for node in range(inputs)} | dict.fromkeys(hidden, tuple(range(inputs)))
        parents |= dict.fromkeys(last, hidden) | {last[-1] + 1: last}
        slopes: Slopes = {node: () for node in range(inputs)}
        slopes |= {node: tuple(self.first[k, :inputs].tolist()) for k, node in enumerate(hidden)}
        slopes |= {node: tuple(self.second[k].tolist()) for k, node in enumerate(last)}
        return parents, slopes | {last[-1] + 1: (1.0,) * outputs}

    def _forwards(self, inputs: int, outputs: int, parents: Parents, slopes: Slopes) -> Floats:
        order = asked_for_order(self.topological_order, len(parents) - 1, parents)
        ends = range(inputs + HIDDEN, inputs + HIDDEN + outputs)
        columns = []
        for node in range(inputs):
            given = (list(order), lambda n: parents[n], lambda n: slopes[n], {node: 1.0})
            rates = asked_for_numbers(self.push_forward, ends, *given)
            columns.append([rates[end] for end in ends])
        return np.array(columns).T

    def _backwards(self, inputs: int, outputs: int, parents: Parents, slopes: Slopes) -> Floats:
        rows = []
        for end in range(inputs + HIDDEN, inputs + HIDDEN + outputs):
            order = asked_for_order(self.topological_order, end, parents)
            given = (order, lambda n: parents[n], lambda n, g: [g * slope for slope in slopes[n]], 1.0)
            grads = asked_for_numbers(self.backward, range(inputs), *given)
            rows.append([grads[node] for node in range(inputs)])
        return np.array(rows)

    def _draw_matrix(self, left: float, title: str, colour: str, upright: bool) -> tuple[PathCollection, ...]:
        """Draw an empty Jacobian with a stripe for every other sweep; the dots for positive and negative entries."""
        limits = (0.5, MOST + 0.5)
        ax = self.live.figure.add_axes((left, 0.16, 0.265, 0.7), xlim=limits, ylim=limits[::-1])
        ax.set(title=title, xlabel="input", ylabel="output", xticks=[1, 4, 8, 12, 16], yticks=[1, 4, 8, 12, 16])
        ax.grid(False)
        for number in range(1, MOST + 1, 2):
            stripe = ax.axvspan if upright else ax.axhspan
            stripe(number - 0.5, number + 0.5, color=colour, alpha=0.15, lw=0)
        filled = ax.scatter([0.0], [0.0], s=[1.0], color=colour)
        hollow = ax.scatter([0.0], [0.0], s=[1.0], marker="s", facecolors="none", edgecolors=colour)
        return filled, hollow

    def _place(self, dots: tuple[PathCollection, ...], matrix: Floats) -> None:
        """Show positive entries as filled circles and negative ones as empty squares, larger where they are larger."""
        rows, columns = np.meshgrid(*map(np.arange, matrix.shape), indexing="ij")
        for collection, wanted in zip(dots, (matrix > 0, matrix < 0), strict=True):
            collection.set_offsets(np.column_stack([columns[wanted] + 1, rows[wanted] + 1]))
            collection.set_sizes(np.clip(25 * np.abs(matrix[wanted]), 3, 90))


def _many(count: int, word: str) -> str:
    return f"{count} {word}" + ("" if count == 1 else "s")
