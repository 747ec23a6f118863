"""Week 8: where to cut a trained network, and what neighbours vote for in the plane."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlcore.live import Panel
from dlcore.widgets.transfer_learning.layer_to_cut import LayerToCut
from dlcore.widgets.transfer_learning.neighbours_boundary import NeighboursBoundary

__all__ = ["layer_to_cut", "neighbours_boundary"]


def layer_to_cut(
    pairwise_distances: Callable[..., Any],
    nearest_neighbours: Callable[..., Any],
    few_shot_split: Callable[..., Any],
    features: Mapping[str, Sequence[Any]],
    labels: Any,
) -> Panel:
    """Return a panel with the errors of one nearest neighbour on features from all layers of two networks.

    Left, a table: a row for each place where the networks are cut, a column for each
    number of examples, the mean error over a few draws. Right, one column of it for a
    single draw, with the trained network against the random one.

    Args:
        pairwise_distances: your function (A, B) → D.
        nearest_neighbours: your function (D, y, k) → labels.
        few_shot_split: your function (y, k, order) → train, test.
        features: for "trained" and "random" the features at each place, pixels first,
            arrays (n, m) with one image per column.
        labels: of the images, shape (m,).
    """
    return LayerToCut(pairwise_distances, nearest_neighbours, few_shot_split, features, labels).panel


def neighbours_boundary(pairwise_distances: Callable[..., Any], nearest_neighbours: Callable[..., Any]) -> Panel:
    """Return a panel with two classes of points in the plane, and what the neighbours of each place vote for.

    Args:
        pairwise_distances: your function (A, B) → D, used for the metric "straight line".
        nearest_neighbours: your function (D, y, k) → labels.
    """
    return NeighboursBoundary(pairwise_distances, nearest_neighbours).panel
