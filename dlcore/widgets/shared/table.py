"""Tables of coloured cells with numbers in them."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import Colormap
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from dlcore.arrays import Bools, Floats

__all__ = ["Table"]

_SQUARE = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])  # a cell around (0, 0)


class Table:
    """A table of coloured cells with numbers in them, of up to `side` × `side` cells, in its own axes.

    All numbers are one path, and all cells are one collection: a hundred text artists would take ten times as long
    to draw, and a resampled image three times as long as the rest of the table.

    Attributes:
        ax: its axes.
        shown: the numbers as texts, row by row.
        corner: the offset of the first cell from the top and from the left.
    """

    def __init__(self, ax: Axes, side: int, colours: Colormap, low: float, high: float):
        self.ax = ax
        ax.set(xlim=(-0.55, side - 0.45), ylim=(side - 0.45, -0.55), xticks=[], yticks=[])
        ax.set_anchor("N")
        for edge in ax.spines.values():
            edge.set_visible(False)
        ax.patch.set_visible(False)  # a table may reach below its part of the picture, with nothing there
        self.side, self.corner = side, 0
        self.shown: list[str] = []
        self.colours, self.low, self.high = colours, low, high
        ax.set_aspect("equal")
        self.cells = PolyCollection([], edgecolors="#BBBBBB", linewidths=0.8)
        ax.add_collection(self.cells, autolim=False)
        self.ink = PathPatch(Path(np.zeros((1, 2))), facecolor="black", linewidth=0)
        ax.add_patch(self.ink)
        (self.crosses,) = ax.plot([], [], "x", color="#D55E00", ms=13, mew=2)

    @property
    def artists(self) -> list[Artist]:
        """The moving artists, bottom to top."""
        return [self.cells, self.ink, self.crosses]

    def show(
        self,
        values: Floats,
        corner: int | None = None,
        wrong: Bools | None = None,
        tint: Callable[[Floats], Floats] | None = None,
        scale: float = 1.0,
    ) -> None:
        """Show `values`, from cell (corner, corner) on, by default in the middle; cross out those that are `wrong`.

        `tint` may change the RGBA colours, an array of the values' shape and 4;
        `scale` stretches the range of the colours.
        """
        rows, columns = values.shape
        self.corner = corner = (self.side - max(rows, columns)) // 2 if corner is None else corner
        shades = self.colours((values / scale - self.low) / (self.high - self.low))
        places = [(corner + j, corner + i) for i, j in np.ndindex(rows, columns)]
        self.cells.set_verts(np.array(places)[:, np.newaxis] + _SQUARE)
        self.cells.set(facecolor=(shades if tint is None else tint(shades)).reshape(-1, 4))
        self.shown = [f"{value + 0.0:.3g}" if abs(value) > 1e-9 else "0" for value in values.flat]
        self.ink.set_path(Path.make_compound_path(*map(_number, self.shown, places)))
        i, j = np.nonzero(wrong) if wrong is not None else ([], [])
        self.crosses.set_data(np.asarray(j) + corner, np.asarray(i) + corner)


def _number(text: str, place: tuple[int, int]) -> Path:
    """The outline of a number in the middle of a cell, in the coordinates of a table."""
    outline = _outline(text)
    return Path(outline.vertices + np.array(place), outline.codes)


@functools.cache
def _outline(text: str) -> Path:
    """The outline of a number around (0, 0), a cell being 1 wide; y grows downwards."""
    outline = TextPath((0, 0), text, size=10)
    size = 0.038 if len(text) < 5 else 0.03
    width, height = (
        np.ptp(outline.vertices[:, 0]),
        7.3,
    )  # a digit's extent, so that minus signs and points keep their position
    middle = outline.vertices[:, 0].min() + width / 2, height / 2
    return Path((outline.vertices - middle) * (size, -size), outline.codes)
