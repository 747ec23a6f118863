"""What the neighbours of each place in the plane vote for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import ListedColormap

from dlcore.arrays import Floats
from dlcore.data import moons
from dlcore.live import LiveFigure, Panel, choice, log_slider, whole_slider
from dlcore.plots import CLASS_COLOURS, CLASS_MARKERS, STYLE
from dlcore.widgets.transfer_learning.student_neighbours import asked_distances, asked_labels

__all__ = ["NeighboursBoundary"]

EXAMPLES, HELD_OUT, NOISE, MOST = 60, 200, 0.35, 31
WIDE, HIGH = 48, 32  # places of the coloured grid
X_LIMITS, Y_LIMITS = (-2.6, 2.6), (-2.2, 2.2)
STRAIGHT, BLOCKS, LARGEST = "straight line", "city blocks", "larger coordinate"
PALE = ListedColormap(["#C5DDEC", "#F6DCC9"])  # of the classes' blue and vermilion


class NeighboursBoundary:
    """The picture: points of two classes, and the plane coloured by your neighbours' votes. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, pairwise_distances: Callable[..., Any], nearest_neighbours: Callable[..., Any]):
        self.pairwise_distances, self.nearest_neighbours = pairwise_distances, nearest_neighbours
        rng = np.random.default_rng(8)
        self.X, Y = moons(EXAMPLES, NOISE, rng)
        self.X_new, Y_new = moons(HELD_OUT, NOISE, rng)
        self.y, self.y_new = Y.ravel().astype(int), Y_new.ravel().astype(int)
        across, down = np.linspace(*X_LIMITS, WIDE), np.linspace(*Y_LIMITS, HIGH)
        self.grid = np.array([side.ravel() for side in np.meshgrid(across, down)])
        self.live = LiveFigure(
            size=(7.6, 4.2),
            alt="Sixty points of two classes in the plane. Each place is coloured by the class that its neighbours "
            "vote for.",
        )
        ax = self.live.figure.add_axes((0.13, 0.13, 0.84, 0.78), xlim=X_LIMITS, ylim=Y_LIMITS)
        ax.set(title="What your neighbours vote for", xlabel="feature 1, m", ylabel="feature 2, m")
        empty = np.zeros((HIGH, WIDE))
        self.votes = ax.pcolormesh(across, down, empty, cmap=PALE, vmin=0, vmax=1, shading="nearest", zorder=0)
        points = [
            ax.plot(*self.X[:, self.y == label], CLASS_MARKERS[label], color=CLASS_COLOURS[label], ms=7, mec="white")[0]
            for label in (0, 1)
        ]
        self.live.freeze(self.votes, *points)
        controls = [
            whole_slider("neighbours k", 1, MOST, 1, step=2),
            choice("metric", [STRAIGHT, BLOCKS, LARGEST], STRAIGHT),
            log_slider("stretch feature 1, times", 0.01, 100, 1),
        ]
        self.panel = Panel(self.live, controls, self.update)

    def update(self, k: int, metric: str, stretch: float) -> str:
        """Let the neighbours vote at each place, at the points themselves, and at new points."""
        scale = np.array([[stretch], [1.0]])
        votes = [self._voted(scale * places, scale * self.X, metric, k) for places in (self.grid, self.X, self.X_new)]
        self.votes.set_array(votes[0].reshape(HIGH, WIDE))
        wrong = 100 * np.mean(votes[1] != self.y), 100 * np.mean(votes[2] != self.y_new)
        neighbours = "1 neighbour" if k == 1 else f"{k} neighbours"
        return (
            f"{neighbours}, metric: {metric}, feature 1 counted {stretch:.3g} times. Error on the {EXAMPLES} points "
            f"themselves {wrong[0]:.1f} %, on {HELD_OUT} new ones {wrong[1]:.1f} %. "
            f"{100 * votes[0].mean():.1f} % of the picture belongs to class 1."
        )

    def _voted(self, places: Floats, points: Floats, metric: str, k: int) -> Floats:
        if metric == STRAIGHT:
            D = asked_distances(self.pairwise_distances, points, places)
        else:
            apart = np.abs(points[:, :, np.newaxis] - places[:, np.newaxis])
            D = apart.sum(axis=0) if metric == BLOCKS else apart.max(axis=0)
        return asked_labels(self.nearest_neighbours, D, self.y, k).astype(float)
