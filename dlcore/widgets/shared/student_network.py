"""Call a student's `initialize`, `forward` and `fit` from a widget, and check their results."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from contourpy import contour_generator
from numpy.typing import NDArray

from dlcore.arrays import Floats, Ints
from dlcore.errors import CourseError
from dlcore.live import ask, name_of

__all__ = ["Parameters", "answers", "boundary", "start", "straight_line", "train"]

Parameters = dict[str, Floats]

PATIENCE = 3.0  # seconds of training behind one click


def start(initialize: Callable[..., Any], n_h: int, seed: int, scale: float) -> Parameters:
    """The student's parameters for 2 inputs, n_h hidden units and 1 output."""
    parameters = ask(initialize, 2, n_h, 1, np.random.default_rng(seed), scale)
    return _checked(parameters, f"`{name_of(initialize)}`", n_h)


def train(
    fit: Callable[..., Any], X: Floats, Y: Ints, parameters: Parameters, rate: float, steps: int, pause: int
) -> tuple[list[Parameters], list[float]]:
    """The history of training for `steps` steps; fewer if the student's function is slow.

    Returns:
        The parameters after every `pause` steps, and the cost before each step.
    """
    name, n_h = f"`{name_of(fit)}`", len(parameters["W2"][0])
    history: list[Parameters] = []
    costs: list[float] = []
    started = time.perf_counter()
    while len(costs) < steps and time.perf_counter() - started < PATIENCE:
        given = {key: value.copy() for key, value in parameters.items()}
        result = ask(fit, X.copy(), Y.copy(), given, rate, pause)
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise CourseError(f"{name} should return two things: the parameters and the costs.")
        parameters = _checked(result[0], name, n_h)
        more = np.asarray(result[1], dtype=float)
        if more.shape != (pause,):
            raise CourseError(
                f"{name} should return one cost per step, {pause} for {pause} steps, but their shape is {more.shape}."
            )
        history.append(parameters)
        costs.extend(more.tolist())
    return history, costs


def answers(forward: Callable[..., Any], X: Floats, parameters: Parameters) -> tuple[Floats, Floats]:
    """The outputs, (1, k), and the hidden activations, (n_h, k), of the student's network for X, (2, k)."""
    name, k = f"`{name_of(forward)}`", X.shape[1]
    result = ask(forward, X.copy(), {key: value.copy() for key, value in parameters.items()})
    if not isinstance(result, tuple | list) or len(result) != 2 or not isinstance(result[1], dict):
        raise CourseError(f"{name} should return two things: the outputs and the cache, a dict.")
    if "A1" not in result[1]:
        raise CourseError(f"{name} should put `A1` into the cache.")
    A2, A1 = np.asarray(result[0]), np.asarray(result[1]["A1"])
    _check_shape(A2, (1, k), f"{name} should return outputs")
    _check_shape(A1, (len(parameters["W2"][0]), k), f"{name} should cache `A1`")
    return A2.astype(float), A1.astype(float)


def _checked(parameters: Any, who: str, n_h: int) -> Parameters:
    shapes = {"W1": (n_h, 2), "b1": (n_h, 1), "W2": (1, n_h), "b2": (1, 1)}
    if not isinstance(parameters, dict) or parameters.keys() != shapes.keys():
        raise CourseError(f"{who} should return a dict of parameters with W1, b1, W2 and b2.")
    for key, shape in shapes.items():
        _check_shape(np.asarray(parameters[key]), shape, f"{who} should return {key}")
    return {key: np.array(parameters[key], dtype=float) for key in shapes}


def _check_shape(array: NDArray[Any], shape: tuple[int, ...], what: str) -> None:
    if array.shape != shape:
        raise CourseError(f"{what} of shape {shape}, but the shape is {array.shape}.")
    if array.dtype.kind not in "fiub" or not np.all(np.isfinite(array)):
        raise CourseError(f"{what} made of finite numbers, but some are not, such as nan.")


def boundary(side: Floats, P: Floats) -> tuple[Floats, Floats]:
    """Where P, given on the grid side × side, passes one half: the points of a line, with gaps."""
    pieces = contour_generator(side, side, P).lines(0.5)
    gap = np.full((1, 2), np.nan)
    points = np.concatenate([part for piece in pieces for part in (piece, gap)] or [gap])
    return points[:, 0], points[:, 1]


def straight_line(w: Floats, b: float, reach: float) -> tuple[Floats, Floats]:
    """Two far ends of the line w·x + b = 0; nothing for w = 0."""
    length = np.hypot(*w)
    if length == 0:
        return np.array([]), np.array([])
    foot, along = -b * w / length**2, np.array([-w[1], w[0]]) / length
    ends = foot[:, np.newaxis] + 4 * reach * along[:, np.newaxis] * np.array([-1, 1])  # (2, 2)
    return ends[0], ends[1]
