"""Diagnose numbers: truth values, NaN, random draws, signs, factors, cut to whole numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from dlcore.checks.compare import Settings, all_near, same_moments
from dlcore.checks.diagnosis.words import Diagnosis, index_text, moments_text, show

__all__ = ["FIRST_LOOKS"]


def _truth(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if (want.dtype.kind == "b") == (have.dtype.kind == "b"):
        return None
    words = ("True and False", "numbers")
    asked, returned = words if want.dtype.kind == "b" else words[::-1]
    sentence = f"It returned {returned} where {asked} are asked for."
    return Diagnosis("truth", sentence, sentence)


def _not_finite(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if have.dtype.kind not in "fc":
        return None
    bad = ~np.isfinite(have) & (np.isfinite(want) if want.dtype.kind in "fc" else True)
    if not bad.any():
        return None
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    word = "NaN (not a number)" if np.isnan(have[index]) else "infinity"
    place = f" at index {index_text(index)}" if index else ""
    more = f", and {int(bad.sum()) - 1} more" if bad.sum() > 1 else ""
    gist = f"The result holds {word}. Look for a division by 0, a logarithm of 0, or an overflow."
    return Diagnosis(
        "not-finite", gist, f"The result holds {word}{place}{more}, where {show(want[index])} is expected."
    )


def _moments(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if settings.compare != "moments" or want.size < 2 or want.dtype.kind != "f":
        return None
    with np.errstate(all="ignore"):
        fits = same_moments(want, have)
    if want.min() == want.max():
        return None
    if fits:
        gist = "The random numbers have the right mean and standard deviation, but are drawn from another distribution."
        return Diagnosis("distribution", gist, gist)
    gist = "The random numbers do not have the mean and the standard deviation that are asked for."
    cause = _spread(want, have)
    return Diagnosis("moments", f"{gist} {cause}".rstrip(), f"{moments_text(want, have)} {cause}".rstrip())


def _spread(want: np.ndarray, have: np.ndarray) -> str:
    """What may have led to another spread or mean, or ""."""
    if have.dtype.kind not in "iuf" or not np.isfinite(have).all():
        return ""
    if have.min() >= 0 > want.min():
        return "Yours are never negative: normal numbers lie around 0, those of `rng.random` between 0 and 1."
    with np.errstate(all="ignore"):
        ratio = float(np.var(have) / np.var(want))
        root = float(np.std(have) / np.var(want))
    if have.std() == 0:
        return "Yours are all equal."
    for number, words in ((2.0, "twice as large as it should be"), (0.5, "half of what it should be")):
        if abs(ratio / number - 1) < 0.2:
            return f"Your variance is {words}."
    if abs(root - 1) < 0.2 and abs(ratio - 1) > 0.5:
        return "Your deviation is what the variance should be: a square root is missing."
    return "Your numbers are spread too widely." if ratio > 1 else "Your numbers are not spread widely enough."


def _sign(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if have.dtype.kind == "b" or not np.any(want) or not all_near(want, -_signed(have), settings):
        return None
    gist = "The sign is wrong; otherwise the numbers are right."
    return Diagnosis("negated", gist, f"{gist} Expected {show(want)}, got {show(have)}.")


def _signed(array: np.ndarray) -> np.ndarray:
    return array.astype(float) if array.dtype.kind in "biu" else array


def _transposed(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if have.ndim != 2 or have.shape[0] != have.shape[1] or have.size < 4 or not all_near(want, have.T, settings):
        return None
    gist = "The result is transposed: rows and columns are swapped."
    return Diagnosis("transposed", gist, f"{gist} Expected {show(want)}, got {show(have)}.")


def _factor(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if want.dtype.kind not in "iuf" or have.dtype.kind not in "iuf" or not np.any(want) or not np.any(have):
        return None
    counts = want.dtype.kind in "iu" and have.dtype.kind in "iu"
    if counts and want.size == 1:  # the ratio of two counts is accidental
        return None
    want, have = want.astype(float), have.astype(float)
    where = np.unravel_index(int(np.argmax(np.abs(want))), want.shape)
    with np.errstate(all="ignore"):
        factor = float(have[where] / want[where])
        if not np.isfinite(factor) or factor == 0 or not all_near(want, have / factor, settings):
            return None
    gist = "The number is off by a factor." if want.size == 1 else "All numbers are off by the same factor."
    for length in () if counts else lengths:  # integers are not means
        plain = " Or is a two too many, or a half missing?" if length == 2 else ""
        if math.isclose(factor, length, rel_tol=1e-4):
            hint = f"The result is {length} times too large, and {length} is the length of an axis of an argument."
            gist = f"{gist} Is it a sum where a mean is asked for?{plain}"
            return Diagnosis("factor-m", gist, f"{hint} A sum for a mean?{plain}")
        if math.isclose(factor * length, 1, rel_tol=1e-4):
            hint = f"The result is {length} times too small, and {length} is the length of an axis of an argument."
            roots = [other for other in lengths if other == length**2]
            also = f" Or is a root of a sum taken where a mean is meant ({roots[0]} is {length}²)?" if roots else plain
            gist = f"{gist} Is it divided by m once too often?{plain}"
            return Diagnosis("factor-1/m", gist, f"{hint} Divided once too often?{also}")
    named = _named_factor(factor, () if counts else lengths)
    if named:
        return Diagnosis(
            "factor", f"{gist} {named[0]}", f"{named[1] or named[0]} Expected {show(want)}, got {show(have)}."
        )
    if want.size == 1 and not any(math.isclose(factor, simple, rel_tol=1e-5) for simple in (2, 0.5, 100, 0.01)):
        return None
    what = "The number is" if want.size == 1 else "All numbers are"
    cause = "" if want.size == 1 else " Something that multiplies all of them is missing, too many, or wrong."
    return Diagnosis(
        "factor", f"{gist}{cause}", f"{what} {factor:.6g} times what is expected.{cause} Expected {show(want)}."
    )


def _named_factor(factor: float, lengths: Sequence[int]) -> tuple[str, str] | None:
    """What a factor comes from, without numbers and with them; None if unknown."""
    known = (
        (np.log(2), "Is the logarithm to another base? All course formulas have the natural one."),
        (np.log(10), "Is the logarithm to another base? All course formulas have the natural one."),
        (2.0, "It is a factor of two: is a two too many, or a half missing?"),
        (100.0, "Is it in percent, or not?"),
    )
    for number, words in known:
        if math.isclose(factor, number, rel_tol=1e-6) or math.isclose(factor * number, 1, rel_tol=1e-6):
            return words, f"{words} The factor is {factor:.6g}."
    lengths = [length for length in lengths if length > 1]
    for a in lengths:
        for b in lengths:
            if a != b and math.isclose(factor, a / b, rel_tol=1e-6):
                words = "Is it divided by the length of the wrong axis?"
                return words, f"It is {a}/{b} times what is expected: divided by {b} where {a} is asked for?"
    for m in lengths:
        for made, words in (
            (m / (m - 1), "divided by m − 1 where m is asked for"),
            ((m - 1) / m, "divided by m where m − 1 is asked for"),
            (float(m) ** 2, "a sum over two axes where a mean is asked for, or a square too many"),
            (float(m) ** 0.5, "a root of a sum where that of a mean is asked for"),
            (float(m) ** -0.5, "a root of a mean where that of a sum is asked for, or a sum in the denominator"),
        ):
            if math.isclose(factor, made, rel_tol=1e-6):
                return (
                    f"Is it {words}?",
                    f"The factor is {factor:.6g}, and {m} is the length of an axis: is it {words}?",
                )
    return None


def _whole(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if want.dtype.kind != "f" or have.dtype.kind not in "iu":
        return None
    roundings: tuple[Callable[..., np.ndarray], ...] = (np.trunc, np.rint, np.floor)
    if not any(np.array_equal(rounding(want), have) for rounding in roundings):
        return None
    gist = "The numbers were cut to whole numbers. An integer array stays one, whatever is written into it."
    return Diagnosis("integer", gist, f"{gist} Expected {show(want)}, got {show(have)}.")


FIRST_LOOKS = (_truth, _not_finite, _moments, _sign, _transposed, _factor, _whole)
