"""Check a gradient against central differences along random directions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dlcore.arrays import Floats
from dlcore.errors import CourseError

__all__ = ["gradient_check"]

Arrays = dict[str, Floats]

SMALL = 1e-7  # upper bound on the error where the difference is within the rounding of f

_SINGLE = ""  # the key under which one array travels as a dict of arrays


def gradient_check(
    f: Callable[[Any], float],
    gradient: ArrayLike | Mapping[str, ArrayLike],
    theta: ArrayLike | Mapping[str, ArrayLike],
    rng: np.random.Generator,
    eps: float = 1e-6,
    directions: int = 5,
) -> float:
    """Return the relative error of `gradient` against the slopes of `f` at `theta`.

    Along a random direction v of length 1, the slope of f is

        (f(θ + εv) − f(θ − εv)) / 2ε  ≈  gradient · v.

    The error of one direction is the difference of the two sides divided by the
    largest of their absolute values and the typical size for a random v,
    ‖gradient‖/√n. If the difference is within the rounding of f, the error is at
    most 1e-7. Right gradients give about 1e-7 or less, wrong ones 1e-3 or more.

    Args:
        f: maps a value like `theta` to one number. It is called twice per
            direction, with new arrays.
        gradient: the gradient of f at `theta` (its values, not a function), of
            the same structure and shapes as `theta`.
        theta: the point, one array or a dict of arrays.
        rng: the source of the directions.
        eps: the step length ε, above 0, in the units of theta.
        directions: the number of directions, 1 or more.

    Returns:
        The largest of the errors, a Python float from 0 to 2, or inf if the
        gradient or a value of f is not finite.

    Raises:
        CourseError: `gradient` differs from `theta` in names or shapes, or f
            does not return one number.

    >>> theta = np.array([1.0, -2.0, 3.0])
    >>> square = lambda t: np.sum(t**2)
    >>> gradient_check(square, 2 * theta, theta, np.random.default_rng(0)) < 1e-7
    True
    >>> gradient_check(square, 3 * theta, theta, np.random.default_rng(0)) > 0.1
    True
    """
    point, slope = _as_arrays("theta", theta), _as_arrays("gradient", gradient)
    _check_fit(slope, point)
    if not eps > 0 or directions < 1:
        raise CourseError(f"`eps` should be above 0 and `directions` at least 1, not {eps!r} and {directions!r}.")

    def value(step: float, v: Arrays) -> float:
        moved = {name: point[name] + step * v[name] for name in point}
        return _number(f(moved if isinstance(theta, Mapping) else moved[_SINGLE]))

    usual = np.sqrt(_dot(slope, slope) / max(1, sum(array.size for array in point.values())))
    errors = []
    for _ in range(directions):
        v = _direction(point, rng)
        ahead, behind = value(eps, v), value(-eps, v)
        rounding = 8 * np.finfo(float).eps * max(abs(ahead), abs(behind)) / eps
        errors.append(_error((ahead - behind) / (2 * eps), _dot(slope, v), usual, rounding))
    return max(errors)


def _error(numeric: float, claimed: float, usual: float, rounding: float) -> float:
    """The relative difference of two slopes, at most SMALL if it is within the rounding of f."""
    difference = abs(numeric - claimed)
    if not np.isfinite(difference):
        return np.inf
    relative = float(difference / max(abs(numeric), abs(claimed), usual)) if difference else 0.0
    return min(relative, SMALL) if difference <= rounding else relative


def _direction(point: Arrays, rng: np.random.Generator) -> Arrays:
    """A direction of length 1, uniformly distributed."""
    v = {name: rng.standard_normal(array.shape) for name, array in point.items()}
    length = np.sqrt(_dot(v, v))
    return {name: array / length for name, array in v.items()}


def _dot(a: Arrays, b: Arrays) -> float:
    return float(sum(np.sum(a[name] * b[name]) for name in a))


def _as_arrays(what: str, value: ArrayLike | Mapping[str, ArrayLike]) -> Arrays:
    if callable(value):
        raise CourseError(f"`{what}` should be numbers, not a function.\nDid you forget to call it?")
    named = value if isinstance(value, Mapping) else {_SINGLE: value}
    try:
        return {name: np.asarray(array, dtype=float) for name, array in named.items()}
    except (TypeError, ValueError):
        raise CourseError(f"`{what}` should be an array of numbers or a dict of such arrays.") from None


def _check_fit(slope: Arrays, point: Arrays) -> None:
    if not point or sum(array.size for array in point.values()) == 0:
        raise CourseError("`theta` should hold at least one number, but it is empty.")
    if slope.keys() != point.keys():
        raise CourseError(
            f"`gradient` should hold {_listed(point)}, like `theta`, but it holds {_listed(slope)}.\n"
            "The gradient of parameters['W1'] goes under 'W1'."
        )
    for name, array in point.items():
        if slope[name].shape != array.shape:
            which = "`gradient`" if name == _SINGLE else f"`gradient['{name}']`"
            raise CourseError(f"{which} should have shape {array.shape}, but it has shape {slope[name].shape}.")


def _listed(arrays: Arrays) -> str:
    return "one array" if _SINGLE in arrays else "the arrays " + ", ".join(map(repr, sorted(arrays)))


def _number(value: object) -> float:
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf":
        raise CourseError(f"`f` should return one number, but it returned shape {array.shape}.")
    return float(array.item())
