"""Diagnose numbers that are a function of the right ones: squares, roots, rounded, or all shifted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dlcore.checks.compare import Settings
from dlcore.checks.diagnosis.matching import calculable, matches, strict, telling
from dlcore.checks.diagnosis.words import Diagnosis, axes_text, show

__all__ = ["FUNCTION_LOOKS", "TERM_LOOKS"]

MAX_DECIMALS = 6


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return (1 + np.tanh(x / 2)) / 2


# What was done to the right numbers to get the student's, and what the student reads.
FUNCTIONS: tuple[tuple[str, Callable[[np.ndarray], np.ndarray], str], ...] = (
    ("absolute", np.abs, "The sizes are right, but the minus signs are lost: is an absolute value taken, or a square?"),
    ("plus-one", lambda x: x + 1, "Your numbers are the right ones plus one: a 1 is added that should not be."),
    ("plus-one", lambda x: x - 1, "Your numbers are the right ones minus one: a 1 is not added, or taken away."),
    ("complement", lambda x: 1 - x, "Your numbers are one minus the right ones: the other share is returned."),
    ("square", np.square, "Your numbers are the squares of the right ones: is a square root missing?"),
    ("root", np.sqrt, "Your numbers are the square roots of the right ones: is a root too many, or a square missing?"),
    ("reciprocal", lambda x: 1 / x, "Your numbers are one divided by the right ones: is a fraction upside down?"),
    ("relu", lambda x: np.maximum(x, 0), "What should be negative is 0 in yours: is a maximum with 0 too many?"),
    ("sigmoid", _sigmoid, "Your numbers are the sigmoid of the right ones: it is applied once too often."),
    ("tanh", np.tanh, "Your numbers are the tanh of the right ones: it is applied once too often."),
    ("exp", np.exp, "Your numbers are e to the power of the right ones: is a logarithm missing, or an `exp` too many?"),
    ("log", np.log, "Your numbers are the logarithms of the right ones: is an `exp` missing, or a `log` too many?"),
    ("slope", lambda x: x * (1 - x), "Yours are a(1 − a) of the right numbers a: it is the slope for the value."),
    ("slope", lambda x: 1 - x**2, "Yours are 1 − a² of the right numbers a: it is the slope of tanh for its value."),
)
# The other way round: what is missing in the student's numbers.
MISSING: tuple[tuple[str, Callable[[np.ndarray], np.ndarray], str], ...] = (
    ("sigmoid", _sigmoid, "The sigmoid of your numbers is the right result: it is missing."),
    ("tanh", np.tanh, "The tanh of your numbers is the right result: it is missing."),
    (
        "relu",
        lambda x: np.maximum(x, 0),
        "Where yours is negative, 0 is asked for: is a maximum with 0 (ReLU) missing?",
    ),
    ("absolute", np.abs, "The sizes are right, but nothing should be negative: is an absolute value missing?"),
    ("slope", lambda x: x * (1 - x), "The right numbers are a(1 − a) of yours: the slope is asked for, not the value."),
    ("slope", lambda x: 1 - x**2, "The right numbers are 1 − a² of yours: the slope is asked for, not the value."),
)


def _compare(want: np.ndarray, have: np.ndarray) -> str:
    return f"Expected {show(want)}, got {show(have)}."


def _complex(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if have.dtype.kind != "c" or want.dtype.kind not in "iuf":
        return None
    gist = "It returned complex numbers where real ones are asked for."
    for part, name in ((have.imag, "imag"), (have.real, "real")):
        if calculable(want, part) and matches(want, np.asarray(part), settings):
            return Diagnosis(
                "complex", f"{gist} Their part `.{name}` is the right result.", f"{gist} Take its `.{name}`."
            )
    return Diagnosis("complex", gist, f"{gist} {_compare(want, have)}")


def _rounded(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if want.dtype.kind != "f" or have.dtype.kind != "f" or not calculable(want, have):
        return None
    for decimals in range(0 if want.size > 4 else 2, MAX_DECIMALS + 1):
        with np.errstate(all="ignore"):
            same = np.array_equal(np.round(want, decimals), np.round(have, MAX_DECIMALS + 3))
        if same and np.abs(have).max() > 0:
            gist = "The numbers are right but for rounding. Return them as they are."
            return Diagnosis("rounded", gist, f"{gist} {_compare(want, have)}")
    return None


def _function(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if not calculable(want, have):
        return None
    for table, start, goal in ((FUNCTIONS, want, have), (MISSING, have, want)):
        for kind, function, words in table:
            with np.errstate(all="ignore"):
                made = function(start.astype(float))
            if matches(made, goal, settings) and telling(have, want, settings):
                return Diagnosis(kind, words, f"{words} {_compare(want, have)}")
    return None


def _count(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    """A single whole number that is one too large or too small."""
    if want.size != 1 or want.dtype.kind not in "iu" or have.dtype.kind not in "iuf":
        return None
    if want.item() in lengths and have.item() in lengths:
        gist = "It is the length of another axis: are rows and columns exchanged in `shape`, or is it another array's?"
        return Diagnosis("length", gist, f"{gist} {_compare(want, have)}")
    with np.errstate(all="ignore"):
        step = float(have.item()) - float(want.item())
    if abs(step) != 1 or abs(want.item()) < 2:
        return None
    words = "It is one too {}: is a + 1 {}, or does a loop or a sum {}?"
    few = ("small", "missing", "leave out its first or last")
    gist = words.format(*few) if step < 0 else words.format("large", "too many", "go one too far")
    return Diagnosis("one-off", gist, f"{gist} {_compare(want, have)}")


def _shifted(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    """The same amount added everywhere, or one amount for each row, column or channel."""
    if not calculable(want, have) or want.size < 3 or want.dtype.kind != "f" or np.ptp(want) == 0:
        return None
    difference = have.astype(float) - want
    axes = _axes_that_matter(difference, np.abs(want).max(), settings)
    if axes is None or not telling(have, want, settings):
        return None
    if not axes:
        gist = "All numbers are off by the same amount: is something added that should not be, or not added?"
        amount = f"It is {difference.flat[0]:.6g}."
        return Diagnosis("shifted", gist, f"{gist} {amount} {_compare(want, have)}")
    if len(axes) > 1 or want.ndim < 2:
        return None
    gist = (
        "All numbers of one row (column, channel) are off by the same amount, and each by another: "
        "does a bias, a mean or another such term lack, or is it another one's?"
    )
    return Diagnosis(
        "shifted",
        gist,
        f"{gist} Each index of {axes_text(axes, want.ndim)} has an amount of its own. {_compare(want, have)}",
    )


def _scaled(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    """One factor for each row, column or channel."""
    if not calculable(want, have) or want.ndim < 2 or want.dtype.kind != "f" or np.ptp(want) == 0:
        return None
    if np.any((want == 0) != (have == 0)) or np.count_nonzero(want) < 4 or np.count_nonzero(want) < want.size:
        return None
    with np.errstate(all="ignore"):
        ratio = have.astype(float) / want
    if not np.isfinite(ratio).all():
        return None
    axes = _axes_that_matter(ratio, np.abs(ratio).max(), settings)
    if axes is None or len(axes) != 1 or not telling(have, want, settings):
        return None
    gist = (
        "All numbers of one row (column, channel) are off by the same factor, and each by another: is a division or "
        "a factor that belongs to each row (column, channel) missing, too many, or taken over another axis?"
    )
    return Diagnosis(
        "scaled",
        gist,
        f"{gist} Each index of {axes_text(axes, want.ndim)} has a factor of its own. {_compare(want, have)}",
    )


def _stretched(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    """Each row (or column) right but for a factor and an amount of its own."""
    if not calculable(want, have) or want.ndim != 2 or want.dtype.kind != "f":
        return None
    for axis in (1, 0):
        if want.shape[axis] < 4:
            continue
        first, second = (array.astype(float) - array.mean(axis=axis, keepdims=True) for array in (want, have))
        norms = np.linalg.norm(first, axis=axis), np.linalg.norm(second, axis=axis)
        if min(norms[0].min(), norms[1].min()) < 1e-9 * max(1.0, float(np.abs(want).max())):
            continue
        cosines = np.abs((first * second).sum(axis=axis)) / (norms[0] * norms[1])
        if np.all(np.abs(cosines - 1) < 1e-9):
            line = ("column", "row")[axis]
            gist = (
                f"Each {line} is right but for a factor and an amount that is added: it is centred, scaled or shifted "
                "by something else than is asked for."
            )
            return Diagnosis("stretched", gist, f"{gist} {_compare(want, have)}")
    return None


def _axes_that_matter(array: np.ndarray, scale: float, settings: Settings) -> list[int] | None:
    """The axes along which an array changes; None if all the long ones, or if another than these has length 1 only."""
    tolerance = 10 * strict(settings).rtol * float(scale)
    axes = [axis for axis in range(array.ndim) if np.ptp(array, axis=axis).max() > tolerance]
    others = [n for axis, n in enumerate(array.shape) if axis not in axes and n > 1]
    return axes if others else None


def _adds_up(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    """Columns that should sum to 1, or have the mean 0, and rows that do."""
    if not calculable(want, have) or want.ndim != 2 or min(want.shape) < 2 or want.dtype.kind != "f":
        return None
    want, have = want.astype(float), have.astype(float)
    if np.ptp(want) == 0 or not np.any(have):
        return None
    for goal, words in ((1.0, "sum to one"), (0.0, "have the mean 0")):
        right = [axis for axis in (0, 1) if _all_sums(want, axis, goal)]
        if len(right) != 1:
            continue
        axis = right[0]
        lines, others = ("columns", "rows")[axis], ("rows", "columns")[axis]
        if _all_sums(have, axis, goal):
            continue
        gist = f"The {lines} of the result should {words}, and yours do not."
        if _all_sums(have, 1 - axis, goal):
            gist = f"The {lines} of the result should {words}, but in yours the {others} do: it is the wrong axis."
        elif goal == 0.0:
            continue
        return Diagnosis("axis", gist, f"{gist} Sum over axis {axis}. {_compare(want, have)}")
    return None


def _all_sums(array: np.ndarray, axis: int, goal: float) -> bool:
    with np.errstate(all="ignore"):
        return bool(np.all(np.abs(array.sum(axis=axis) - goal) <= 1e-8 * max(1.0, float(np.abs(array).sum()))))


def _positions(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    """Whole numbers from 0 on, where others are asked for."""
    if want.dtype.kind != "f" or have.dtype.kind not in "iu" or want.size < 3 or not calculable(want, have):
        return None
    if have.min() < 0 or have.max() >= max((*lengths, 2)) or np.ptp(have) == 0 or np.array_equal(want, np.round(want)):
        return None
    gist = "These are small whole numbers, as positions are: `argmax` says where the largest stands, `max` which it is."
    return Diagnosis("positions", gist, f"{gist} {_compare(want, have)}")


FUNCTION_LOOKS = (_complex, _rounded, _count, _positions, _function)
TERM_LOOKS = (_adds_up, _shifted, _scaled, _stretched)
