"""Nodes and arrows of a graph that keep their shapes, however wide the page is."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.patches import Ellipse, FancyArrowPatch

__all__ = ["Arrow", "Ring"]

WIDE, HIGH = 0.58, 0.81  # of a node, in units of the axes: a circle on the page, as it is drawn by itself
AROUND = 2  # points between a node and an arrow


class Ring(Ellipse):
    """A circle on the page, as large as an ellipse of `WIDE` and `HIGH`, which a narrow page would squeeze."""

    def __init__(self, place: tuple[float, float], colour: str):
        super().__init__(place, WIDE, HIGH, facecolor="white", edgecolor=colour)

    def draw(self, renderer: Any) -> None:
        """Draw it as a circle."""
        assert self.axes is not None
        self.width, self.height = _diameter(self.axes) / _unit(self.axes)
        super().draw(renderer)


class Arrow(FancyArrowPatch):
    """An arrow between two nodes that ends where they do."""

    def __init__(
        self, start: tuple[float, float], end: tuple[float, float], bend: float, colour: str, width: float, gap: float
    ):
        """Create the arrow; it begins `gap` points further from its node than it ends from the other."""
        super().__init__(
            start, end, connectionstyle=f"arc3,rad={bend}", arrowstyle="-|>", mutation_scale=14, color=colour, lw=width
        )
        self._gap = gap

    def draw(self, renderer: Any) -> None:
        """Draw it between the nodes as large as they are now."""
        assert self.axes is not None
        figure = self.axes.get_figure(root=True)
        assert figure is not None
        self.shrinkB = _diameter(self.axes) / 2 * 72 / figure.dpi + AROUND
        self.shrinkA = self.shrinkB + self._gap
        super().draw(renderer)


def _unit(ax: Any) -> np.ndarray:
    """Pixels of a unit, across and down."""
    here, there = ax.transData.transform([(0, 0), (1, 1)])
    return np.abs(there - here)


def _diameter(ax: Any) -> float:
    """Pixels of a node's diameter."""
    return float(np.sqrt(np.prod(_unit(ax) * (WIDE, HIGH))))
