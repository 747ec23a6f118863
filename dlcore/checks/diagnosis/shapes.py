"""Diagnose a wrong shape: which axis is missing, too many, too long, or at another's place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product
from typing import NamedTuple

import numpy as np

from dlcore.checks.compare import Settings
from dlcore.checks.diagnosis.matching import calculable, matches, telling
from dlcore.checks.diagnosis.words import Diagnosis, axes_text

__all__ = ["wrong_shape"]

KEEPDIMS = (
    "A sum, mean or maximum drops its axis; `keepdims=True` keeps it. And `np.zeros(n)` has a single axis, of "
    "length n; a column of zeros is `np.zeros((n, 1))`."
)
MAX_AXES = 4


class _Cause(NamedTuple):
    """A kind of mistake, a sentence without numbers, and what is said more where numbers may be shown."""

    kind: str
    gist: str
    more: str = ""


def wrong_shape(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    """What is wrong with the shape; None if nothing is."""
    if want.shape == have.shape:
        return None
    detail = f"The shape should be {want.shape}, but it is {have.shape}."
    with np.errstate(all="ignore"):
        for look in (_number, _part, _reordered, _unreduced, _axis_of_one, _reduced, _one_off, _lengths, _regrouped):
            cause = look(want, have, settings, lengths)
            if cause is not None:
                said = " ".join(filter(None, [detail, cause.gist, cause.more]))
                return Diagnosis(cause.kind, cause.gist, said)
    gist = "The shape is wrong."
    if want.ndim != have.ndim:
        gist = (
            "It has too few axes: was one lost by a sum or an index?"
            if have.ndim < want.ndim
            else "It has too many axes: was one made, by `np.newaxis`, a `reshape` or `np.array` of a list of arrays?"
        )
        return Diagnosis("shape", gist, f"{detail} {gist}")
    return Diagnosis("shape", gist, detail)


def _number(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> _Cause | None:
    if have.ndim == 0:
        return _Cause(
            "shape",
            "Everything was added up into one number. Does the sum or mean need an axis?",
            "Or does the function return in the first turn of a loop?",
        )
    if want.ndim:
        return None
    if have.size == 1:
        return _Cause("shape", "A plain number is asked for, not an array that holds one.")
    cause = _Cause(
        "axis",
        "One number is asked for, but it is one for each row or column, or for each entry: "
        "a sum or mean is missing, or taken over one axis only.",
    )
    if calculable(want, have):
        for name, value in (("sum", have.sum()), ("mean", have.mean())):
            if matches(want, np.asarray(value), settings):
                return cause._replace(more=f"Their {name} is the right number.")
    return cause


def _reordered(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> _Cause | None:
    if want.ndim != have.ndim or sorted(want.shape) != sorted(have.shape):
        return None
    same = _order(want, have, settings)
    if have.ndim == 2:
        if same is None and 1 in want.shape and calculable(want, have):
            return _axis(want, have, "Was it summed or averaged over the wrong axis, or is the result transposed?")
        return _Cause("transposed", "The result is transposed.", "Rows and columns are swapped.")
    if same is None and 1 in want.shape and want.squeeze().ndim < 2:
        return _axis(want, have, "It was summed or averaged over the wrong axes.")
    if same is not None:
        return _Cause(
            "transposed", "The numbers are right, but the axes are in another order.", f"`transpose{same}` mends it."
        )
    moved = [axis for axis in range(want.ndim) if want.shape[axis] != have.shape[axis]]
    return _Cause(
        "transposed",
        "The lengths of the axes are exchanged"
        + (": height and width, if these are images." if _images(moved) else "."),
        f"It concerns {axes_text(moved, want.ndim)}.",
    )


def _order(want: np.ndarray, have: np.ndarray, settings: Settings) -> tuple[int, ...] | None:
    """The order of axes that turns `have` into `want`."""
    if want.ndim <= MAX_AXES and calculable(want, have):
        for order in permutations(range(have.ndim)):
            if matches(want, have.transpose(order), settings):
                return order
    return None


def _images(axes: list[int]) -> bool:
    return axes == [1, 2]


def _axis(want: np.ndarray, have: np.ndarray, gist: str) -> _Cause:
    long = [axis for axis in range(want.ndim) if have.shape[axis] != 1 == want.shape[axis]]
    short = [axis for axis in range(want.ndim) if want.shape[axis] != 1 == have.shape[axis]]
    return _Cause(
        "axis", gist, f"It is {axes_text(long, want.ndim)} that should go, not {axes_text(short, want.ndim)}."
    )


def _axis_of_one(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> _Cause | None:
    if _without_ones(want) != _without_ones(have):
        return None
    if have.ndim > want.ndim:
        return _Cause("shape", "It has an axis of length one too many: take its only entry, or sum without `keepdims`.")
    if have.ndim == 1 and want.ndim == 2:
        right = calculable(want, have) and matches(want, have.reshape(want.shape), settings)
        constant = bool(have.size > 1 and calculable(want, have) and np.ptp(have) == 0 < np.ptp(want))
        also = " Besides, all its entries are equal: is it the axis of length one that was looked along?" * constant
        return _Cause(
            "rank-1",
            f"It is a rank-1 array, neither a row nor a column. It lacks an axis.{also}",
            ("The numbers are right. " if right else "") + KEEPDIMS,
        )
    if have.ndim < want.ndim:
        return _Cause("rank-1", f"It lacks an axis of length one. {KEEPDIMS}")
    return _Cause("shape", "The axes of length one are at other places.")


def _without_ones(array: np.ndarray) -> list[int]:
    return [length for length in array.shape if length != 1]


def _unreduced(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> _Cause | None:
    """An axis that should have been summed, averaged or searched is still there."""
    if have.size == 0 < want.size:
        return _Cause("shape", "It is empty: a slice begins where it ends, or beyond the end of an array.")
    for axis in range(have.ndim):
        for keep in (True, False):
            shape = list(have.shape)
            shape[axis : axis + 1] = [1] if keep else []
            if tuple(shape) != want.shape or have.shape[axis] == 1:
                continue
            gist = (
                "An axis is still there over which a sum, mean or maximum is to be taken, or of which one entry is "
                "to be picked."
            )
            more = f"It is {axes_text([axis], have.ndim)}."
            for name in ("sum", "mean", "max", "argmax") if calculable(want, have) else ():
                reduced = np.expand_dims(getattr(have, name)(axis=axis), axis if keep else ())
                if matches(want, reduced, settings):
                    return _Cause("axis", gist, f"{more} Its {name} over this axis is the right result.")
            if 1 in want.shape and have.ndim == want.ndim:
                return _Cause("axis", f"{gist} Or is it another array's?", more)
            return _Cause("axis", gist, more)
    return None


def _reduced(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> _Cause | None:
    """An axis was summed or averaged that should have stayed, or another than asked for."""
    if want.ndim == have.ndim:
        pairs = list(zip(want.shape, have.shape, strict=True))
        others = [(a, b) for a, b in pairs if a != b and 1 not in (a, b)]
        gone = [axis for axis, (a, b) in enumerate(pairs) if b == 1 != a]
        stays = [axis for axis, (a, b) in enumerate(pairs) if a == 1 != b]
        if gone and stays and not others:
            return _axis(want, have, "It was summed or averaged over the wrong axis.")
        if gone and not stays and not others:
            return _Cause(
                "axis",
                "An axis is gone that should stay: was it summed or averaged over one axis too many?",
                f"It is {axes_text(gone, want.ndim)}.",
            )
    if want.ndim == have.ndim == 1 and have.size in lengths and want.size in lengths:
        return _Cause(
            "axis",
            "It is as long as another axis of the argument: was the sum, mean or maximum taken over the wrong axis?",
        )
    shorter = [want.shape[:axis] + want.shape[axis + 1 :] for axis in range(want.ndim)]
    if have.shape in shorter:
        return _Cause("axis", "An axis is gone that should stay: was it summed over, or lost by an index?", KEEPDIMS)
    kept = [tuple(want.shape[i] for i in range(want.ndim) if i != axis) for axis in range(want.ndim)]
    if have.ndim == 1 and want.ndim == 2 and 1 in want.shape and have.shape not in kept and have.size in lengths:
        return _Cause("axis", "It was summed or averaged over the wrong axis, and lacks an axis besides.", KEEPDIMS)
    return None


def _part(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> _Cause | None:
    """One is a part of the other: a frame left, a frame lost, the first or last missing."""
    if want.ndim != have.ndim or not 0 < want.ndim <= MAX_AXES or not calculable(want, have):
        return None
    for large, small in ((have, want), (want, have)):
        if all(a >= b for a, b in zip(large.shape, small.shape, strict=True)):
            for start in _starts(large, small):
                block = large[tuple(slice(a, a + n) for a, n in zip(start, small.shape, strict=True))]
                if matches(block, small, settings) and telling(small, np.zeros_like(small), settings):
                    axes = [axis for axis in range(want.ndim) if want.shape[axis] != have.shape[axis]]
                    return _frame(large is have, start, large, small, axes)
    return None


def _starts(large: np.ndarray, small: np.ndarray) -> Iterator[tuple[int, ...]]:
    spare = [a - b for a, b in zip(large.shape, small.shape, strict=True)]
    yield from dict.fromkeys(product(*[sorted({0, n, n // 2}) for n in spare]))


def _frame(too_large: bool, start: tuple[int, ...], large: np.ndarray, small: np.ndarray, axes: list[int]) -> _Cause:
    ends = [start[axis] + small.shape[axis] == large.shape[axis] for axis in axes]
    begins = [start[axis] == 0 for axis in axes]
    place = f"It concerns {axes_text(axes, large.ndim)}."
    have = large if too_large else small
    if large.ndim == 4 and axes in ([1], [2]) and have.shape[1] == have.shape[2]:
        place += " Height and width are equal in yours: is one taken for the other?"
    side = "at the end" if all(begins) else "at the beginning" if all(ends) else "around it"
    if too_large:
        return _Cause("frame", f"The right numbers are there, but there are more of them {side}.", place)
    side = "the last ones are" if all(begins) else "the first ones are" if all(ends) else "the frame is"
    return _Cause("frame", f"The numbers are right, but {side} missing.", place)


def _one_off(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> _Cause | None:
    if want.ndim != have.ndim:
        return None
    steps = {b - a for a, b in zip(want.shape, have.shape, strict=True)} - {0}
    if steps not in ({1}, {-1}):
        return None
    axes = [axis for axis in range(want.ndim) if want.shape[axis] != have.shape[axis]]
    more = f"It concerns {axes_text(axes, want.ndim)}."
    if want.ndim == 4 and set(axes) <= {1, 2}:
        gist = "It has one place too {} for the window: the number of places is (n + 2·pad − f) // stride + 1."
        swapped = len(axes) == 1 and have.shape[axes[0]] == want.shape[3 - axes[0]]
        also = " Or is the height taken for the width?" if swapped else ""
        return _Cause("one-off", gist.format("few" if steps == {-1} else "many") + also, more)
    words = ("many", "go one too far") if steps == {1} else ("few", "stop one too early")
    also = " Or is one of the factors another array than the one meant?" if want.ndim == 2 and len(axes) == 1 else ""
    return _Cause(
        "one-off", f"It has one entry too {words[0]} along an axis: does a loop or a slice {words[1]}?{also}", more
    )


def _lengths(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> _Cause | None:
    """Axes of another length, by what they are for."""
    if want.ndim != have.ndim or want.ndim == 1:
        return None
    axes = [axis for axis in range(want.ndim) if want.shape[axis] != have.shape[axis]]
    more = f"It concerns {axes_text(axes, want.ndim)}."
    if want.ndim == 4 and set(axes) <= {1, 2}:
        return _Cause(
            "shape",
            "Height and width are not those of (n + 2·pad − f) // stride + 1, or of the input: "
            "are padding, stride and filter size all in it, and each axis with its own length?",
            more,
        )
    if want.ndim == 2 and want.size == have.size and not _same_order(want, have, settings):
        return _Cause(
            "shape",
            "The entries are as many as asked for, but arranged in other rows and columns: "
            "is a factor missing in the shape to reshape to?",
            more,
        )
    if want.ndim == 2 and len(axes) == 1:
        which = "columns" if axes == [1] else "rows"
        return _Cause(
            "shape",
            f"It has too many or too few {which}: is one of the factors another array than the one meant?",
            more,
        )
    return None


def _same_order(want: np.ndarray, have: np.ndarray, settings: Settings) -> bool:
    return calculable(want, have) and matches(want.ravel(), have.ravel(), settings)


def _regrouped(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> _Cause | None:
    if want.size != have.size or not calculable(want, have):
        return None
    if _same_order(want, have, settings):
        return _Cause("shape", "The numbers are right and in the right order: they only lack a `reshape`.")
    if have.ndim == 1:
        return _Cause("shape", "All entries were put into one row.")
    return _Cause("shape", "The entries are as many as asked for, but arranged along other axes.")
