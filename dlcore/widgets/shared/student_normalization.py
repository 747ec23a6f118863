"""Call a student's batch normalisation from a widget, and check the shapes of its results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlcore.arrays import Floats
from dlcore.errors import CourseError
from dlcore.live import ask, name_of

__all__ = ["EPS", "Running", "go_back", "normalized", "nothing_seen"]

Running = dict[str, Floats]

EPS = 1e-5


def nothing_seen(n: int) -> Running:
    """The running statistics of n units before the first batch."""
    return {"mean": np.zeros((n, 1)), "var": np.ones((n, 1))}


def normalized(
    forward: Callable[..., Any],
    Z: Floats,
    knobs: tuple[Floats, Floats],
    running: Running,
    momentum: float,
    training: bool,
) -> tuple[Floats, Any, Running]:
    """The output, the cache and the running statistics of the student's layer for the scores Z, (n, m).

    `knobs` are gamma and beta, (n, 1). The student's function gets copies of the running statistics.
    """
    name, n = f"`{name_of(forward)}`", len(Z)
    given = {key: array.copy() for key, array in running.items()}
    result = ask(forward, Z.copy(), knobs[0].copy(), knobs[1].copy(), given, momentum, training, EPS)
    if not isinstance(result, tuple | list) or len(result) != 3:
        raise CourseError(f"{name} should return three things: the output, the cache and the running statistics.")
    out, cache, new = result
    _check_shape(out, Z.shape, f"{name} should return an output")
    if not isinstance(new, dict) or set(new) != {"mean", "var"}:
        raise CourseError(f"{name} should return the running statistics as a dict with `mean` and `var`.")
    for key in ("mean", "var"):
        _check_shape(new[key], (n, 1), f"{name} should return a running `{key}`")
    if training and cache is None:
        raise CourseError(f"{name} returned no cache in training. Are the two modes swapped?")
    return np.array(out, dtype=float), cache, {key: np.array(new[key], dtype=float) for key in ("mean", "var")}


def go_back(backward: Callable[..., Any], dout: Floats, cache: Any) -> tuple[Floats, Floats, Floats]:
    """The results of the student's backward pass: dZ, (n, m), and dgamma and dbeta, (n, 1)."""
    name, n = f"`{name_of(backward)}`", len(dout)
    result = ask(backward, dout, cache)
    if not isinstance(result, tuple | list) or len(result) != 3:
        raise CourseError(f"{name} should return three things: dZ, dgamma and dbeta.")
    for what, value, shape in zip(("dZ", "dgamma", "dbeta"), result, (dout.shape, (n, 1), (n, 1)), strict=True):
        _check_shape(value, shape, f"{name} should return {what}")
    return result[0], result[1], result[2]


def _check_shape(value: Any, shape: tuple[int, ...], what: str) -> None:
    if np.shape(value) != shape:
        raise CourseError(f"{what} of shape {shape} here, but it has shape {np.shape(value)}.")
    if np.asarray(value).dtype.kind not in "fiub":
        raise CourseError(f"{what} made of numbers, but it is not.")
