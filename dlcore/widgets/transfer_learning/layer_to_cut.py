"""Errors of one nearest neighbour on features from every layer of a trained and of a random network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from dlcore.arrays import Floats
from dlcore.live import LiveFigure, Panel, choice, stops, whole_slider
from dlcore.plots import COLOURS, STYLE
from dlcore.widgets.transfer_learning.student_neighbours import asked_distances, asked_labels, asked_split

__all__ = ["LayerToCut"]

POOL, SIZES, DRAWS = 250, (1, 2, 5, 10, 20), 5  # images that are used; examples of each class; draws in the table
FIRST_DRAW = 4  # in this one the two networks lie clearly apart, in draw 0 they hardly do
PLACES = ("pixels", "conv 1", "pool 1", "conv 2", "pool 2", "dense 3", "dense 4")
KINDS = {"trained": ("blue", "D-"), "random": ("orange", "s--")}
GAIN = "random − trained"


class LayerToCut:
    """The picture: a table of errors, and one of its columns for a single draw. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(
        self,
        pairwise_distances: Callable[..., Any],
        nearest_neighbours: Callable[..., Any],
        few_shot_split: Callable[..., Any],
        features: Mapping[str, Sequence[Any]],
        labels: Any,
    ):
        self.pairwise_distances, self.nearest_neighbours = pairwise_distances, nearest_neighbours
        self.few_shot_split = few_shot_split
        self.features = {kind: [np.asarray(F, dtype=float)[:, :POOL] for F in features[kind]] for kind in KINDS}
        self.labels = np.asarray(labels)[:POOL]
        self.places = PLACES[: len(self.features["trained"])]
        self.tables: dict[str, Floats] = {}
        self.distances: dict[str, list[Floats]] = {}
        self.live = LiveFigure(
            size=(9.4, 4.2),
            breaks=(0.52,),
            alt="Left, a table of errors: a row for each place where the network is cut, a column for each number of "
            "examples. Right, one column for a single draw, with a curve for the trained and one for the random "
            "network, and a line for pixels.",
        )
        self._draw_table()
        self._draw_curves()
        self.live.freeze(self.cells, *self.texts, self.frame, self.pixels, *self.curves.values())
        controls = [
            choice("table", ["trained", "random", GAIN], "trained"),
            stops("examples of each class", SIZES, 5),
            whole_slider("draw", 0, 19, FIRST_DRAW),
        ]
        self.panel = Panel(self.live, controls, self.update)

    def update(self, kind: str, size: int, draw: int) -> str:
        """Show one table, and one draw of one of its columns."""
        if not self.tables:
            self._fill()
        table = self.tables["random"] - self.tables["trained"] if kind == GAIN else self.tables[kind]
        self.cells.set_array(np.clip(20 + 5 * table, 0, 110) if kind == GAIN else table)
        for text, value in zip(self.texts, table.flat, strict=True):
            text.set_text(f"{value:+.0f}" if kind == GAIN else f"{value:.0f}")
        self.frame.set_x(SIZES.index(size) - 0.5)
        errors = {network: self._errors(network, size, draw) for network in KINDS}
        for network, curve in self.curves.items():
            curve.set_ydata(errors[network])
        self.pixels.set_ydata([errors["trained"][0]] * 2)
        best = int(np.argmin(errors["trained"]))
        shown = f"random less trained network, in points, mean of {DRAWS} draws"
        shown = shown if kind == GAIN else f"errors of the {kind} network, in %, mean of {DRAWS} draws"
        return (
            f"Table: {shown}. Draw {draw} with {size} of each class: pixels {errors['trained'][0]:.1f} % error; the "
            f"trained network is best at {self.places[best]}, {errors['trained'][best]:.1f} %, where the random one "
            f"has {errors['random'][best]:.1f} %."
        )

    def _fill(self) -> None:
        """Compute all distances once, and both tables; kept only if nothing fails."""
        self.distances = {
            kind: [asked_distances(self.pairwise_distances, F, F) for F in layers]
            for kind, layers in self.features.items()
        }
        columns = {
            kind: [np.mean([self._errors(kind, size, draw) for draw in range(DRAWS)], axis=0) for size in SIZES]
            for kind in KINDS
        }
        self.tables = {kind: np.array(column).T for kind, column in columns.items()}

    def _errors(self, kind: str, size: int, draw: int) -> Floats:
        """The error at each place (%), for one draw."""
        order = np.random.default_rng(draw).permutation(len(self.labels))
        train, test = asked_split(self.few_shot_split, self.labels, size, order)
        errors = []
        for D in self.distances[kind]:
            guesses = asked_labels(self.nearest_neighbours, D[np.ix_(train, test)], self.labels[train], 1)
            errors.append(100 * float(np.mean(guesses != self.labels[test])))
        return np.array(errors)

    def _draw_table(self) -> None:
        ax: Axes = self.live.figure.add_axes((0.1, 0.15, 0.4, 0.74))
        rows = len(self.places)
        empty = np.zeros((rows, len(SIZES)))
        self.cells = ax.pcolormesh(
            range(len(SIZES)), range(rows), empty, cmap="Blues", vmin=0, vmax=110, shading="nearest"
        )
        ax.invert_yaxis()
        ax.set(title="Mean errors of your neighbours", xlabel="examples of each class", ylabel="cut behind")
        ax.set_xticks(range(len(SIZES)), [str(size) for size in SIZES])
        ax.set_yticks(range(rows), self.places)
        ax.tick_params(length=0)
        self.texts = [ax.text(j, i, "", ha="center", va="center") for i, j in np.ndindex(rows, len(SIZES))]
        self.frame = Rectangle((0, -0.5), 1, rows, fill=False, edgecolor=COLOURS["vermilion"], lw=2.5)
        ax.add_patch(self.frame)

    def _draw_curves(self) -> None:
        rows = len(self.places)
        ax: Axes = self.live.figure.add_axes((0.61, 0.25, 0.37, 0.64), xlim=(-0.4, rows - 0.6), ylim=(0, 90))
        ax.set(title="One draw of the framed column", ylabel="error, %")
        ax.set_xticks(range(rows), self.places, rotation=40, ha="right")
        (self.pixels,) = ax.plot([-0.4, rows - 0.6], [0, 0], ":", color=COLOURS["vermilion"], label="pixels")
        self.curves = {
            kind: ax.plot(range(rows), np.zeros(rows), look, color=COLOURS[colour], label=kind)[0]
            for kind, (colour, look) in KINDS.items()
        }
        ax.legend(loc="upper center", ncols=3, fontsize=9)
