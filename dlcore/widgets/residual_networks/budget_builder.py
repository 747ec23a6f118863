"""Networks stacked block by block, and what they cost and see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import matplotlib
import numpy as np

from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, choice, name_of
from dlcore.plots import COLOURS, STYLE

__all__ = ["BLOCKS", "BudgetBuilder"]

SIDE, CLASSES, MOST = 28, 10, 12  # pixels, scores, blocks
BLOCKS = {"C": "convolution", "P": "pooling", "S": "separable", "B": "bottleneck", "R": "residual"}
WINDOWS = {
    "C": [(3, 1)],
    "P": [(2, 2)],
    "S": [(3, 1), (1, 1)],
    "B": [(1, 1), (3, 1), (1, 1)],
    "R": [(3, 1), (3, 1)],
}
LENET = [("conv", 5, 6, 1, 2), ("pool", 2, 2, 0), ("conv", 5, 16, 1, 0), ("pool", 2, 2, 0)]
LENET += [("dense", 120), ("dense", 84), ("dense", 10)]
AVERAGED, FLATTENED = "the mean of each map", "all maps, flattened"
LENETS, MILLION = "LeNet's multiplications", "a million multiplications"
LOWEST, HIGHEST = (1, 1e3, 10), (700, 1e9, 1e8)  # pixels, multiplications, parameters: the ends of the three axes


class Maps(NamedTuple):
    """The shape of maps."""

    side: int
    channels: int


class BudgetBuilder:
    """The picture: field of view, multiplications and parameters behind each block. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, count_layers: Callable[..., Any], receptive_field: Callable[..., Any]):
        self.count_layers, self.receptive_field = count_layers, receptive_field
        self.stack, self.refused = ["C", "P"], ""
        self.live = LiveFigure(
            size=(9.6, 3.5),
            breaks=(0.345, 0.675),
            alt="Three plots over the number of blocks, on logarithmic axes: the side of the receptive field, with a "
            "dashed line at 28 pixels, the multiplications, with a dashed line at the budget, "
            "and the parameters, with a dotted line at LeNet's.",
        )
        self.lines, self.limits = self._draw()
        ax = self.live.figure.axes[0]
        self.letters = [ax.text(k, 1, "", ha="center", va="bottom", fontsize=11) for k in range(1, MOST + 1)]
        self.live.freeze(*self.limits, *self.lines, *self.letters)
        controls = [
            choice("filters, doubled by each pooling", [2, 4, 8, 16, 32], 8),
            choice("budget", [LENETS, MILLION], LENETS),
            choice("the ten scores come from", [AVERAGED, FLATTENED], AVERAGED),
        ]
        buttons: dict[str, Callable[[], None]] = {
            f"{name} ({letter})": lambda letter=letter: self._add(letter)  # type: ignore[misc]
            for letter, name in BLOCKS.items()
        }
        buttons |= {"undo": self._undo, "start again": self._clear}
        self.panel = Panel(self.live, controls, self.update, buttons, more=controls[1:])

    def update(self, filters: int, budget: str, head: str) -> str:
        """Count the stack behind each of its blocks, and draw the three curves."""
        lenet = self._count(SIDE, 1, LENET)
        allowed = lenet[1] if budget == LENETS else 1_000_000
        fields, costs, maps = self._behind_each_block(filters, head)
        for line, values, highest in zip(self.lines, (fields, costs[:, 1], costs[:, 0]), HIGHEST, strict=True):
            line.set_data(range(len(values)), np.clip(values, 1, highest))
        for limit, value, highest in zip(self.limits, (allowed, lenet[0]), HIGHEST[1:], strict=True):
            limit.set_ydata([np.clip(value, 1, highest)] * 2)
        for number, letter in enumerate(self.letters):
            there = number < len(self.stack)
            letter.set_text(self.stack[number] if there else "")
            letter.set_y(1.35 * min(fields[number + 1], HIGHEST[0]) if there else 1)
        parameters, products = map(int, costs[-1])
        words = f"{' '.join(self.stack) or 'No block'}: maps of {maps.side} × {maps.side} × {maps.channels}, "
        words += f"a receptive field of {fields[-1]} × {fields[-1]} pixels.\n"
        words += f"{products:,} multiplications (budget {allowed:,}), "
        words += f"{parameters:,} parameters (LeNet {lenet[0]:,}), with the ten scores.\n"
        return f"{self.refused}{words}{verdict(fields[-1], products, allowed)}"

    def _behind_each_block(self, filters: int, head: str) -> tuple[list[int], Any, Maps]:
        """The field behind 0, 1, 2 … blocks; parameters and multiplications of the network that ends there; maps."""
        windows: list[tuple[int, int]] = []
        maps, spent = Maps(SIDE, 1), np.zeros(2, dtype=object)
        fields, costs = [self._field([])], [spent + self._head(maps, head)]
        for number, letter in enumerate(self.stack):
            wanted = filters * 2 ** self.stack[:number].count("P")
            cost, maps = self._block(letter, maps, wanted)
            spent, windows = spent + cost, windows + WINDOWS[letter]
            fields.append(self._field(windows))
            costs.append(spent + self._head(maps, head))
        return fields, np.array(costs), maps

    def _block(self, letter: str, maps: Maps, filters: int) -> tuple[Any, Maps]:
        """Parameters and multiplications of a block, and the maps behind it."""
        side, channels = maps
        same = ("conv", 3, filters, 1, 1)
        if letter == "P":
            return self._count(side, channels, [("pool", 2, 2, 0)]), Maps(side // 2, channels)
        if letter == "C":
            cost = self._count(side, channels, [same])
        elif letter == "S":  # one filter for each channel by itself, then a mixture
            each = self._count(side, 1, [("conv", 3, 1, 1, 1)])
            cost = channels * each + self._count(side, channels, [("conv", 1, filters, 1, 0)])
        elif letter == "B":
            narrow = max(filters // 4, 1)
            layers = [("conv", 1, narrow, 1, 0), ("conv", 3, narrow, 1, 1), ("conv", 1, filters, 1, 0)]
            cost = self._count(side, channels, layers)
        else:
            cost = self._count(side, channels, [same, same])
            if channels != filters:  # the projection, which has no biases
                cost = cost + self._count(side, channels, [("conv", 1, filters, 1, 0)]) - np.array([filters, 0])
        return cost, Maps(side, filters)

    def _head(self, maps: Maps, head: str) -> Any:
        mean = [("pool", maps.side, maps.side, 0)] if head == AVERAGED else []
        return self._count(*maps, [*mean, ("dense", CLASSES)])

    def _count(self, side: int, channels: int, layers: Sequence[tuple[Any, ...]]) -> Any:
        """The two sums that the student's function returns, whole numbers of any size."""
        got, name = ask(self.count_layers, side, channels, list(layers)), name_of(self.count_layers)
        if not isinstance(got, tuple | list) or len(got) != 2:
            raise CourseError(f"`{name}` should return two things: the rows and the pair of sums.")
        total = got[1]
        if not isinstance(total, tuple | list | np.ndarray) or len(total) != 2:
            raise CourseError(f"The second thing that `{name}` returns should be a pair: parameters, multiplications.")
        return np.array([_whole(value, name) for value in total], dtype=object)

    def _field(self, windows: Sequence[tuple[int, int]]) -> int:
        return _whole(ask(self.receptive_field, list(windows)), name_of(self.receptive_field))

    def _add(self, letter: str) -> None:
        self.refused = ""
        halved = self.stack.count("P")
        if len(self.stack) == MOST:
            self.refused = f"There is room for {MOST} blocks.\n"
        elif letter == "P" and SIDE >> halved < 2:
            self.refused = "A map of one pixel cannot be pooled.\n"
        elif letter == "P" and self.stack[-1:] in ([], ["P"]):
            self.refused = "A pooling comes after a block with filters, not first and not after a pooling.\n"
        else:
            self.stack.append(letter)

    def _undo(self) -> None:
        self.refused = ""
        del self.stack[-1:]

    def _clear(self) -> None:
        self.refused, self.stack = "", []

    def _draw(self) -> tuple[list[Any], list[Any]]:
        """The three curves, and the lines at the budget and at LeNet's parameters, which move."""
        lines, limits = [], []
        titles = ("Receptive field", "Multiplications", "Parameters")
        units = ("side, pixels", "for one image", "number")
        looks = (("blue", "o-"), ("vermilion", "s-"), ("green", "D-"))
        for left, title, unit, (colour, look), ends in zip(
            (0.075, 0.415, 0.745), titles, units, looks, zip(LOWEST, HIGHEST, strict=True), strict=True
        ):
            ax = self.live.figure.add_axes((left, 0.17, 0.245, 0.7), yscale="log", xlim=(-0.5, MOST + 0.5))
            ax.set(ylim=ends, title=title, xlabel="blocks", ylabel=unit, xticks=range(0, MOST + 1, 2))
            ax.minorticks_off()
            (line,) = ax.plot([], [], look, color=COLOURS[colour], ms=5)
            lines.append(line)
            if title == "Receptive field":
                ax.set_yticks([1, 4, 28, 100, 500], ["1", "4", "28", "100", "500"])
                ax.axhline(SIDE, color=COLOURS["black"], linestyle="--", lw=1.3)
                ax.text(MOST, SIDE * 0.88, "the digit", ha="right", va="top", fontsize=9)
                continue
            name, dashes = ("budget", "--") if title == "Multiplications" else ("LeNet", ":")
            limits.append(ax.axhline(1, color=COLOURS["black"], linestyle=dashes, lw=1.3, label=name))
            ax.legend(handles=[limits[-1]], loc="upper left", fontsize=9)
        return lines, limits


def verdict(field: int, products: int, allowed: int) -> str:
    """Return a sentence that says whether a stack sees a whole digit within the budget."""
    share = 100 * products / max(allowed, 1)
    if products > allowed:
        return f"Over the budget: {share:.0f} % of it."
    if field < SIDE:
        return f"Within the budget, {share:.0f} % of it, but {SIDE - field} pixels too narrow for the digit."
    return f"Found: as wide as the digit, for {share:.0f} % of the budget."


def _whole(value: Any, name: str) -> int:
    """The number that a student's function returned, if it can be one of parameters, products or pixels."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number) or not np.isreal(value):
        raise CourseError(f"`{name}` should return whole numbers. One of them is of type {type(value).__name__}.")
    if not np.isfinite(value) or value != int(value) or value < 0:
        raise CourseError(f"`{name}` should return whole numbers that are not negative. One of them is {value:g}.")
    return int(value)
