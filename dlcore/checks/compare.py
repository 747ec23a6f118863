"""Compare a value with the expected one.

Used in a student's notebook against the answer key, and by the grader, in a process
that never runs student code, against reference evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "COMPARISONS",
    "Settings",
    "agree",
    "all_near",
    "flatness",
    "is_number",
    "near",
    "same_flatness",
    "same_moments",
]

COMPARISONS = ("close", "exact", "moments", "cost")
FLOOR = 1e-10  # smallest default absolute tolerance
SHARE = 1e-7  # default absolute tolerance, relative to the largest expected entry
SIGMAS = 6  # tolerance of the moments of a random draw, in standard errors
MANY_DRAWS = 1000  # entries needed to tell distributions apart, such as uniform and normal
NORMAL_ERROR = 0.21  # standard deviation of one normal number's influence on the flatness


@dataclass(frozen=True)
class Settings:
    """The comparison of a check, and its tolerances.

    Attributes:
        compare: one of COMPARISONS.
        rtol, atol: relative and absolute tolerance.
        costs: what each choice costs, for the comparison "cost"; empty where that is not known.
    """

    compare: str = "close"
    rtol: float = 1e-5
    atol: float | None = None
    costs: tuple[tuple[str, float], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON data, without costs if there are none."""
        form: dict[str, Any] = {"compare": self.compare, "rtol": self.rtol, "atol": self.atol}
        return form | {"costs": list(map(list, self.costs))} if self.costs else form

    @classmethod
    def from_json(cls, form: dict[str, Any]) -> Settings:
        """The settings that `to_json` wrote."""
        costs = tuple((str(choice), float(cost)) for choice, cost in form.get("costs", ()))
        return cls(form["compare"], form["rtol"], form["atol"], costs)

    def regret(self, choice: Any) -> float:
        """How much more a choice costs than the cheapest one; infinite for what is no choice."""
        known = dict(self.costs)
        return known[str(choice)] - min(known.values()) if isinstance(choice, str) and choice in known else np.inf


def is_number(value: Any) -> bool:
    """Whether `value` is a single number or Boolean: Python's, NumPy's or a 0-d array."""
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and value.dtype.kind in "biufc"
    return isinstance(value, bool | int | float | complex | np.bool_ | np.number)


def agree(expected: Any, got: Any, settings: Settings = Settings()) -> bool:
    """Whether `got` agrees with `expected`.

    Structure and shapes must match, and Booleans are not numbers. Float width,
    NumPy or Python scalars, and list or tuple make no difference, except for the
    comparison "exact".

    Args:
        expected: what the reference returned.
        got: what the student's function returned.
        settings: the comparison and its tolerances.

    Returns:
        True or False; never raises for values that the codec supports.

    >>> agree(np.array([1.0, 2.0]), np.array([1, 2]))
    True
    >>> agree(1.0, np.array([1.0]))
    False
    """
    if settings.costs:
        return bool(settings.regret(got) <= (settings.atol or 0.0) + FLOOR)
    if expected is None:
        return got is None
    if isinstance(expected, str):  # np.str_, too
        return isinstance(got, str) and str(expected) == str(got)
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and expected.keys() == got.keys()
            and all(agree(expected[key], got[key], settings) for key in expected)
        )
    if isinstance(expected, tuple | list):
        return _agree_sequence(expected, got, settings)
    if is_number(expected):
        return is_number(got) and _agree_arrays(np.asarray(expected), np.asarray(got), settings)
    if isinstance(expected, np.ndarray):
        return isinstance(got, np.ndarray) and _agree_arrays(expected, got, settings)
    return False


def _agree_sequence(expected: Any, got: Any, settings: Settings) -> bool:
    if settings.compare == "exact" and type(expected) is not type(got):
        return False
    if isinstance(got, np.ndarray) and got.ndim == 1 and all(map(is_number, expected)):
        got = list(got)
    if not isinstance(got, tuple | list) or len(expected) != len(got):
        return False
    if len(expected) > 8 and all(is_number(item) and not _is_truth(item) for item in (*expected, *got)):
        return _agree_arrays(_stack(expected), _stack(got), settings)
    return all(agree(want, have, settings) for want, have in zip(expected, got, strict=True))


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool | np.bool_) or (isinstance(value, np.ndarray) and value.dtype.kind == "b")


def _stack(numbers: Any) -> np.ndarray:
    """Scalars as one array; integers beyond 64 bits become floats."""
    try:
        return np.array(numbers)
    except OverflowError:
        return np.array(numbers, dtype=float)


def _agree_arrays(expected: np.ndarray, got: np.ndarray, settings: Settings) -> bool:
    if expected.shape != got.shape or (expected.dtype.kind == "b") != (got.dtype.kind == "b"):
        return False
    if settings.compare == "exact":
        return expected.dtype.kind == got.dtype.kind and bool(
            np.array_equal(expected, got, equal_nan=_has_nan(expected))
        )
    if settings.compare == "moments":
        return _agree_moments(expected, got, settings)
    return all_near(expected, got, settings)


def _has_nan(array: np.ndarray) -> bool:
    return array.dtype.kind in "fc"


def near(expected: np.ndarray, got: np.ndarray, settings: Settings) -> np.ndarray:
    """For each entry whether |got - expected| <= rtol*|expected| + atol.

    Equal infinities agree, and so do two NaN. Integers too large for a float agree if
    they are equal.
    """
    try:
        expected, got = _as_inexact(expected), _as_inexact(got)
    except (OverflowError, TypeError):
        return _equal(expected, got)
    finite = np.isfinite(expected)
    atol = settings.atol
    with np.errstate(all="ignore"):
        if atol is None:
            scale = np.abs(expected[finite]).max() if finite.any() else 0.0
            atol = max(FLOOR, SHARE * float(scale))
        close = np.abs(got - expected) <= settings.rtol * np.abs(expected) + atol
        same = (got == expected) | (np.isnan(got) & np.isnan(expected))
    return np.where(finite & np.isfinite(got), close, same)


def all_near(expected: np.ndarray, got: np.ndarray, settings: Settings) -> bool:
    """Whether `near` holds for all entries. The first and the last one decide most cases, in a tenth of the time."""
    return not _are_clearly_apart(expected, got, settings) and bool(near(expected, got, settings).all())


def _are_clearly_apart(expected: np.ndarray, got: np.ndarray, settings: Settings) -> bool:
    """Whether the first or last entries differ by more than twice the tolerance; False where that is not simple."""
    if not (isinstance(expected, np.ndarray) and isinstance(got, np.ndarray)):
        return False
    if expected.shape != got.shape or not expected.size or not {expected.dtype.kind, got.dtype.kind} <= {*"iuf"}:
        return False
    atol = settings.atol
    for place in (0, expected.size - 1):
        want = float(expected.item(place))
        apart = abs(float(got.item(place)) - want) / 2
        if apart > settings.rtol * abs(want):  # not for NaN
            if atol is None:
                atol = max(FLOOR, SHARE * float(np.abs(expected).max()))
            if apart > settings.rtol * abs(want) + atol:
                return True
    return False


def _equal(expected: Any, got: Any) -> np.ndarray:
    """For each entry whether two are equal, as Python compares numbers of any size."""
    first, second = np.broadcast_arrays(np.asarray(expected).astype(object), np.asarray(got).astype(object))
    numbers = [
        [item.item() if isinstance(item, np.generic) else item for item in side.flat] for side in (first, second)
    ]
    return np.array([a == b for a, b in zip(*numbers, strict=True)], dtype=bool).reshape(first.shape)


def _as_inexact(array: np.ndarray) -> np.ndarray:
    array = np.asarray(array)  # negating a 0-d object array of Python integers returns an int
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _agree_moments(expected: np.ndarray, got: np.ndarray, settings: Settings) -> bool:
    """Whether mean, standard deviation and flatness match those of two draws from one distribution."""
    try:
        want, have = _as_inexact(expected), _as_inexact(got)
    except (OverflowError, TypeError):
        return bool(near(expected, got, settings).all())
    with np.errstate(all="ignore"):
        if want.size < 2 or want.std() == 0:
            return bool(near(expected, got, settings).all())
        flatness_fits = expected.dtype.kind != "f" or same_flatness(want, have)
        return bool(np.isfinite(have).all() and same_moments(want, have) and flatness_fits)


def same_moments(want: np.ndarray, have: np.ndarray) -> bool:
    """Whether the means and standard deviations are consistent with two draws from one distribution."""
    deviation, n = want.std(), want.size
    mean_fits = np.abs(have.mean() - want.mean()) <= SIGMAS * deviation * np.sqrt(2 / n)
    spread_fits = have.std() > 0 and np.abs(have.std() - deviation) <= SIGMAS * deviation * np.sqrt(1 / n)
    return bool(mean_fits and spread_fits)


def flatness(draws: np.ndarray) -> float:
    """The mean absolute deviation divided by the standard deviation: 0.80 for normal, 0.87 for uniform numbers."""
    deviations = draws - draws.mean()
    return float(np.abs(deviations).mean() / draws.std())


def same_flatness(want: np.ndarray, have: np.ndarray) -> bool:
    """Whether two large draws may come from distributions of the same shape, whatever their location and scale."""
    if want.size < MANY_DRAWS:
        return True
    u = (have - have.mean()) / have.std()
    influence = np.abs(u) + (2 * np.mean(u < 0) - 1) * u - flatness(have) / 2 * u**2  # influence function
    error = max(float(influence.std()), NORMAL_ERROR) / np.sqrt(want.size)
    return abs(flatness(have) - flatness(want)) <= SIGMAS * np.sqrt(2) * error
