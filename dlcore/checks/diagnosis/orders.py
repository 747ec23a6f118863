"""Diagnose right numbers at wrong places: turned, moved, mixed up, or the same one everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np

from dlcore.checks.compare import Settings, near
from dlcore.checks.diagnosis.matching import calculable, matches, strict, telling
from dlcore.checks.diagnosis.words import Diagnosis, axes_text, show

__all__ = ["ORDER_LOOKS"]


def _found(kind: str, gist: str, more: str, want: np.ndarray, have: np.ndarray) -> Diagnosis:
    values = f"Expected {show(want)}, got {show(have)}."
    return Diagnosis(kind, gist, " ".join(filter(None, [gist, more, values])))


def _proves(made: np.ndarray, want: np.ndarray, have: np.ndarray, settings: Settings) -> bool:
    return matches(made, have, settings) and telling(have, want, settings)


def _turned(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    """Backwards along one axis or two, or with axes of equal length exchanged."""
    if not calculable(want, have) or not 0 < want.ndim <= 4:
        return None
    for axes in _axes(want):
        if _proves(np.flip(want, axes), want, have, settings):
            gist = "The numbers are right, but they stand in reverse order."
            return _found("order", gist, f"That is along {axes_text(list(axes), want.ndim)}.", want, have)
    for order in permutations(range(want.ndim)) if want.ndim > 2 else ():
        turned = want.transpose(order)
        if turned.shape == want.shape and _proves(turned, want, have, settings):
            moved = [axis for axis, other in enumerate(order) if axis != other]
            gist = "The numbers are right, but two axes are exchanged."
            return _found("transposed", gist, f"That is {axes_text(moved, want.ndim)}.", want, have)
    return None


def _axes(want: np.ndarray) -> Iterator[tuple[int, ...]]:
    long = [axis for axis in range(want.ndim) if want.shape[axis] > 1]
    yield from ((axis,) for axis in long)
    yield from ((a, b) for a in long for b in long if a < b)


def _moved(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    """All one place further along an axis, whatever comes in at the other end."""
    if not calculable(want, have) or not 0 < want.ndim <= 4:
        return None
    for axis in range(want.ndim):
        n = want.shape[axis]
        if n < 3:
            continue
        early, late = [np.take(want, range(1, n), axis), np.take(want, range(n - 1), axis)]
        begin, end = [np.take(have, range(n - 1), axis), np.take(have, range(1, n), axis)]
        for made, part, other, words in ((early, begin, late, "early"), (late, end, early, "late")):
            if matches(made, part, settings) and telling(part, other, settings) and np.unique(part).size > 2:
                gist = f"The numbers are right, but one place too {words}."
                return _found("moved", gist, f"That is along {axes_text([axis], want.ndim)}.", want, have)
    return None


def _accumulated(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if not calculable(want, have) or want.ndim == 0:
        return None
    for axis in range(want.ndim):
        if want.shape[axis] < 3:
            continue
        if _proves(np.cumsum(want, axis), want, have, settings):
            gist = "Each number holds the sum of all before it: something is added to that should start anew."
            return _found("accumulated", gist, f"That is along {axes_text([axis], want.ndim)}.", want, have)
        if _proves(np.diff(want, axis=axis, prepend=0), want, have, settings):
            gist = "Each number should hold the sum of all before it as well: what should be added to is set anew."
            return _found("accumulated", gist, f"That is along {axes_text([axis], want.ndim)}.", want, have)
    return None


def _constant(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if want.ndim == 0 or have.size < 2 or not calculable(want, have) or np.ptp(have) > 0 or np.ptp(want) == 0:
        return None
    if not np.any(have):
        if (want == 0).mean() > 0.5 * (want.size > 2):
            return None
        gist = "All numbers are 0: does the loop that fills the array never run, or is something multiplied by 0?"
        return _found("constant", gist, "", want, have)
    if have.size < 3:
        return None
    gist = "All numbers are equal, and they should not be: was one number taken for all, such as a sum over everything?"
    if near(have.flat[0], np.asarray(want, float).mean(), strict(settings)).all():
        gist = "All numbers are equal: it is one mean over everything, where each row, column or entry has its own."
    return _found("constant", gist, "", want, have)


def _alike(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    """All rows (or columns) equal, where the right ones differ."""
    if want.ndim < 2 or not calculable(want, have):
        return None
    for axis in range(want.ndim):
        if want.shape[axis] < 2 or np.ptp(have, axis=axis).any() or not np.ptp(want, axis=axis).any():
            continue
        if np.ptp(have) == 0:
            continue
        rows = ("rows", "columns")[axis] if want.ndim == 2 else "slices along an axis"
        line = np.take(have, 0, axis)
        gist = f"All {rows} are equal, and they should not be: "
        if matches(want.sum(axis), line, settings):
            gist += "what belongs into one went into all. `[[0] * n] * n` repeats one and the same list."
        elif matches(np.take(want, -1, axis), line, settings):
            gist += "each is the last one. Is one array written into again and again, or the last value used for all?"
        elif matches(np.take(want, 0, axis), line, settings):
            gist += "each is the first one. Does an index stay where it should run?"
        elif matches(want.mean(axis), line, settings):
            gist += "each is the mean of the right ones."
        else:
            gist += "is one and the same used for all, where each has its own?"
        return _found("alike", gist, f"That is along {axes_text([axis], want.ndim)}.", want, have)
    return None


def _mixed(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    """The right numbers, or rows, or columns, in another order."""
    if not calculable(want, have) or want.ndim == 0 or want.size < 3:
        return None
    if not matches(np.sort(want, None), np.sort(have, None), settings) or np.unique(want).size < 3:
        return None
    if want.size in want.shape:
        words = "they are sorted" if matches(np.sort(want, None), have.ravel(), settings) else "in another order"
        return _found("order", f"The right numbers are there, but {words}.", "", want, have)
    if not telling(have, want, settings):
        return None
    for axis in range(want.ndim):
        first, second = (_sorted_lines(array, axis) for array in (want, have))
        if want.shape[axis] > 1 and matches(first, second, settings):
            what = ("rows", "columns")[axis] if want.ndim == 2 else "parts along one axis"
            gist = f"The right {what} are there, but in another order."
            return _found("order", gist, f"That is along {axes_text([axis], want.ndim)}.", want, have)
    gist = (
        "The right numbers are there, but at the wrong places: an index or a transposition is swapped, or a `reshape` "
        "reads the entries in another order than they are in."
    )
    return _found("mixed", gist, "", want, have)


def _sorted_lines(array: np.ndarray, axis: int) -> np.ndarray:
    lines = np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)
    return lines[np.lexsort(lines.T[::-1])] if lines.shape[1] <= 4096 else lines


ORDER_LOOKS = (_turned, _moved, _accumulated, _constant, _alike, _mixed)
