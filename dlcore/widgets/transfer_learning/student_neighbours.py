"""A student's distances, votes and divisions, with what comes back looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlcore.arrays import Floats, Ints
from dlcore.errors import CourseError
from dlcore.live import ask, name_of

__all__ = ["asked_distances", "asked_labels", "asked_split"]


def asked_distances(pairwise_distances: Callable[..., Any], A: Floats, B: Floats) -> Floats:
    """Return the student's distances between the columns of A and B, shape (p, m)."""
    D, name = np.asarray(ask(pairwise_distances, A.copy(), B.copy())), name_of(pairwise_distances)
    expected = (A.shape[1], B.shape[1])
    if D.shape != expected or D.dtype.kind not in "fiu":
        raise CourseError(f"`{name}` should return numbers of shape {expected}. Their shape is {D.shape}.")
    if np.isnan(D).any():
        raise CourseError(f"`{name}` returned nan for some pairs. Is a root taken of a negative number?")
    return D.astype(float)


def asked_labels(nearest_neighbours: Callable[..., Any], D: Floats, y: Ints, k: int) -> Ints:
    """Return the labels that the student's neighbours vote for, shape (m,)."""
    labels = np.asarray(ask(nearest_neighbours, D.copy(), y.copy(), k))
    if labels.shape != (D.shape[1],) or labels.dtype.kind not in "fiub":
        raise CourseError(
            f"`{name_of(nearest_neighbours)}` should return {D.shape[1]} labels, one for each column of D. "
            f"The shape is {labels.shape}."
        )
    return labels.astype(int)


def asked_split(few_shot_split: Callable[..., Any], y: Ints, k: int, order: Ints) -> tuple[Ints, Ints]:
    """Return the numbers of the student's training and test examples."""
    result, name = ask(few_shot_split, y.copy(), k, order.copy()), name_of(few_shot_split)
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise CourseError(f"`{name}` should return two arrays: train and test.")
    train, test = (np.asarray(part) for part in result)
    for part in (train, test):
        if part.ndim != 1 or not part.size or part.dtype.kind not in "iu" or part.min() < 0 or part.max() >= len(y):
            raise CourseError(
                f"`{name}` should return two arrays with the numbers of examples, from 0 to {len(y) - 1}."
            )
    return train, test
