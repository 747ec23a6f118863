"""A figure on a page of another width: scaled, or with its parts below each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.legend import Legend

__all__ = ["Layout"]

SMALLEST, LARGEST = 0.85, 1.3  # how much the texts of a picture may shrink and grow
LARGEST_STACKED = 1.15
NARROWEST = 4.4  # inches; labels of a plot that is made narrower than this do not fit any more
GAP = 0.08  # inches above and below a legend that has moved
FULLEST = 0.95  # of the width, for a row of a legend: text does not grow evenly


class Layout:
    """Where axes, texts and legends of a figure stand by themselves, and where they go on a narrow page.

    A picture is broken at `breaks` into parts, which keep their size in inches. As many parts
    stand side by side as fit; the legends, which are expected at the bottom, stay there. A
    picture without breaks is made narrower, with texts as large as before.
    """

    def __init__(self, figure: Figure, breaks: Sequence[float]):
        """Note where everything stands.

        Args:
            figure: the figure, as it is drawn by itself.
            breaks: fractions of the width between which the parts stand.
        """
        self.figure, self.dpi = figure, float(figure.dpi)
        self.size = float(figure.get_figwidth()), float(figure.get_figheight())
        edges = [0.0, *sorted(breaks), 1.0]
        self.parts = [(low * self.size[0], high * self.size[0]) for low, high in pairwise(edges)]
        self.axes = {ax: ax.get_position(original=True).frozen() for ax in figure.axes}
        self.texts = {
            text: text.get_position() for text in figure.texts if text.get_transform() == figure.transSubfigure
        }
        self.legends = list(figure.legends)
        tops = [legend.get_window_extent().y1 / self.dpi for legend in self.legends]
        self.strip = max(tops, default=0.0)  # inches at the bottom that hold legends

    def fit(self, width: float) -> float:
        """Arrange the figure for so many CSS pixels; returns by how much its pixels per inch grow."""
        self._as_drawn()
        wide = self.size[0] * self.dpi
        if width >= SMALLEST * wide:
            return min(width / wide, LARGEST)
        most = max(width / (SMALLEST * self.dpi), NARROWEST)
        rows = self._rows(most)
        needed = min(most, max(sum(high - low for low, high in row) for row in rows))
        inches = max(needed, width / (LARGEST_STACKED * self.dpi))
        self._stack(rows, inches)
        return width / (inches * self.dpi)

    def _rows(self, inches: float) -> list[list[tuple[float, float]]]:
        """The parts in rows of at most so many inches, at least one in each."""
        rows: list[list[tuple[float, float]]] = [[]]
        for low, high in self.parts:
            if rows[-1] and sum(b - a for a, b in rows[-1]) + high - low > inches:
                rows.append([])
            rows[-1].append((low, high))
        return rows

    def _as_drawn(self) -> None:
        """Undo what an earlier fit has moved."""
        self.figure.set_dpi(self.dpi)
        self.figure.set_size_inches(*self.size)
        for ax, box in self.axes.items():
            ax.set_position(box)
        for text, place in self.texts.items():
            text.set_position(place)
        for legend in list(self.figure.legends):
            if legend not in self.legends:
                legend.remove()
        for legend in self.legends:
            legend.set_visible(True)

    def _stack(self, rows: list[list[tuple[float, float]]], inches: float) -> None:
        high = self.size[1] - self.strip
        strip = sum(self._narrow_legends(inches))
        total = high * len(rows) + strip
        self.figure.set_size_inches(inches, total)
        for number, row in enumerate(rows):
            wide = sum(b - a for a, b in row)
            squeeze = min(1.0, inches / wide)
            left = (inches - wide * squeeze) / 2
            for low, above in row:
                offset = left - low * squeeze, total - (number + 1) * high - self.strip
                self._move((low, above), squeeze, offset, (inches, total))
                left += (above - low) * squeeze

    def _move(
        self, part: tuple[float, float], squeeze: float, offset: tuple[float, float], size: tuple[float, float]
    ) -> None:
        """Move what stands in a part of the figure by `offset` inches into a figure of another size."""
        scale, shift = np.array(self.size) * (squeeze, 1) / size, np.array(offset) / size
        for ax, box in self.axes.items():
            if part[0] <= (box.x0 + box.x1) / 2 * self.size[0] < part[1]:
                ax.set_position((*(np.array([box.x0, box.y0]) * scale + shift), *(np.array(box.size) * scale)))
        for text, place in self.texts.items():
            if part[0] <= place[0] * self.size[0] < part[1]:
                text.set_position(tuple(np.array(place) * scale + shift))

    def _narrow_legends(self, inches: float) -> Iterator[float]:
        """Put legends of few enough columns at the bottom, the last one lowest; yields how high each is."""
        bottom = 0.0
        for legend in reversed(self.legends):
            legend.set_visible(False)
            for columns in range(len(legend.legend_handles), 0, -1):
                copy = self._copy(legend, columns)
                box = copy.get_window_extent()
                if box.width <= FULLEST * inches * self.dpi or columns == 1:
                    break
                copy.remove()
            height = box.height / self.dpi + GAP
            copy.set_bbox_to_anchor((inches / 2, bottom + GAP / 2), transform=self.figure.dpi_scale_trans)
            bottom += height
            yield height

    def _copy(self, legend: Legend, columns: int) -> Legend:
        look: dict[str, Any] = {
            name: getattr(legend, name) for name in ("prop", "handletextpad", "handlelength", "numpoints")
        }
        return self.figure.legend(
            handles=legend.legend_handles, labels=[text.get_text() for text in legend.texts], loc="lower center",
            ncols=columns, columnspacing=min(legend.columnspacing, 1.2), frameon=legend.get_frame_on(),
            borderaxespad=0, labelcolor=[text.get_color() for text in legend.texts], **look,
        )  # fmt: skip
