"""A whole Jacobian in forward and in reverse mode, and what each costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.patches import Rectangle

from dlcore.arrays import Floats
from dlcore.live import LiveFigure, Panel, whole_slider
from dlcore.plots import COLOURS, STYLE
from dlcore.widgets.autograd.answers import asked_for_numbers, asked_for_order

__all__ = ["TwoModes"]

MOST, HIDDEN = 16, 4  # inputs or outputs; nodes between them
BLUE, RED = COLOURS["blue"], COLOURS["vermilion"]

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
        self.stripes: dict[str, list[Rectangle]] = {}
        self.dots = {
            "forward": self._draw_matrix("forward", 0.055, "Forwards: a sweep a column", RED),
            "reverse": self._draw_matrix("reverse", 0.385, "Backwards: a sweep a row", BLUE),
        }
        ax = self.live.figure.add_axes((0.745, 0.16, 0.235, 0.7), xlim=(-0.6, 1.6), ylim=(4, 10_000), yscale="log")
        ax.set(title="For the whole Jacobian", ylabel="multiplications (log scale)", xticks=[0, 1], xlabel="mode")
        ax.set_xticklabels(["forward", "reverse"])
        self.bars = [
            ax.bar(place, 4.0, color=colour, hatch=hatch)[0] for place, colour, hatch in ((0, RED, "//"), (1, BLUE, ""))
        ]
        stripes = [stripe for each in self.stripes.values() for stripe in each]
        self.live.freeze(*stripes, *[dots for pair in self.dots.values() for dots in pair], *self.bars)
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
        self._place_stripes(inputs, outputs)
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

    def _draw_matrix(self, mode: str, left: float, title: str, colour: str) -> tuple[PathCollection, ...]:
        """Draw an empty Jacobian with a stripe for every other sweep; the dots for positive and negative entries."""
        limits = (0.5, MOST + 0.5)
        ax = self.live.figure.add_axes((left, 0.16, 0.265, 0.7), xlim=limits, ylim=limits[::-1])
        ax.set(
            title=title,
            xlabel="input (● above 0, □ below)",
            ylabel="output",
            xticks=[1, 4, 8, 12, 16],
            yticks=[1, 4, 8, 12, 16],
        )
        ax.grid(False)
        self.stripes[mode] = [Rectangle((0.5, 0.5), 1, 1, color=colour, alpha=0.3, lw=0) for _ in range(0, MOST, 2)]
        for stripe in self.stripes[mode]:
            ax.add_patch(stripe)
        filled = ax.scatter([0.0], [0.0], s=[1.0], color=colour)
        hollow = ax.scatter([0.0], [0.0], s=[1.0], marker="s", facecolors="none", edgecolors=colour)
        return filled, hollow

    def _place_stripes(self, inputs: int, outputs: int) -> None:
        """Put a stripe behind every other column, or row, of those that there are."""
        for mode, sweeps, length in (("forward", inputs, outputs), ("reverse", outputs, inputs)):
            for number, stripe in enumerate(self.stripes[mode]):
                upright, begin = mode == "forward", 2 * number + 0.5
                stripe.set_xy((begin, 0.5) if upright else (0.5, begin))
                stripe.set_width(1 if upright else length)
                stripe.set_height(length if upright else 1)
                stripe.set_visible(2 * number < sweeps)

    def _place(self, dots: tuple[PathCollection, ...], matrix: Floats) -> None:
        """Show positive entries as filled circles and negative ones as empty squares, larger where they are larger."""
        rows, columns = np.meshgrid(*map(np.arange, matrix.shape), indexing="ij")
        for collection, wanted in zip(dots, (matrix > 0, matrix < 0), strict=True):
            collection.set_offsets(np.column_stack([columns[wanted] + 1, rows[wanted] + 1]))
            collection.set_sizes(np.clip(25 * np.abs(matrix[wanted]), 3, 90))


def _many(count: int, word: str) -> str:
    return f"{count} {word}" + ("" if count == 1 else "s")
