"""The dimensions of sizes, names and memory: axes of length 1, high and wide matrices, zeros, W10, inputs that stay."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from grader.lessons.mutation.bench import Check
from grader.lessons.sweep.cases import (
    Cases,
    Finding,
    arrays_in,
    covered,
    inapplicable,
    mapped,
    missing,
    quoted,
    summed_up,
)

__all__ = ["kept", "keys", "one", "wide", "zero"]

NEW = re.compile(r"\b(new|copy|own memory|no memory)\b")


def one(cases: Cases) -> Finding:
    """Every axis of length 1."""
    lengths = _lengths(cases)
    bad, good = [], []
    for (name, place, axis), found in lengths.items():
        if len(found) == 1:
            continue
        text = f"axis {axis} of {name}{place}"
        if 1 in found:
            good.append(f"{text}: {quoted(found[1])}")
        elif any(_bears_one(cases, check, length) for length, check in found.items()):
            bad.append(text)
    if bad:
        return missing(", ".join(bad))
    return covered("; ".join(good)) if good else inapplicable("the reference bears no axis of length 1")


def _lengths(cases: Cases) -> dict[tuple[str, str, int], dict[int, Check]]:
    """The lengths that each axis of each array has, and a check with each."""
    lengths: dict[tuple[str, str, int], dict[int, Check]] = {}
    for name in cases.with_arrays:
        for check, place, array in cases.leaves(name):
            for axis, side in enumerate(array.shape):
                lengths.setdefault((name, place, axis - array.ndim if _varies(cases, name) else axis), {}).setdefault(
                    side, check
                )
    return lengths


def _varies(cases: Cases, name: str) -> bool:
    """Whether an argument's arrays have now more, now fewer axes."""
    return len({(place, array.ndim) for _, place, array in cases.leaves(name)}) > len(
        {place for _, place, _ in cases.leaves(name)}
    )


def _bears_one(cases: Cases, check: Check, length: int) -> bool:
    """Whether the reference bears a check's arguments with all axes of a length cut down to 1."""
    if length < 2:
        return False

    def cut(array: np.ndarray) -> np.ndarray:
        return array[tuple(slice(1) if side == length else slice(None) for side in array.shape)]

    others = {
        name: 1 if type(value) is int and value == length else mapped(value, cut)
        for name, value in cases.arguments(check).items()
    }
    return cases.outcome(check, others) is not None


def wide(cases: Cases) -> Finding:
    """Matrices with more rows than columns, and with fewer."""
    found = {}
    for name in cases.with_arrays:
        by_place: dict[str, dict[tuple[int, ...], Check]] = {}
        for check, place, array in cases.leaves(name):
            if array.ndim == 2:
                by_place.setdefault(place, {}).setdefault(array.shape, check)
        for place, shapes in by_place.items():
            varies = all(len({shape[axis] for shape in shapes}) > 1 for axis in (0, 1))
            if varies and any(a != b for a, b in shapes) and cases.matters(name):
                found[name + place] = _wide(shapes)
    return summed_up(found, "no matrix whose sides vary")


def _wide(shapes: dict[tuple[int, ...], Check]) -> Finding:
    """Whether there are both kinds of shapes, neither with an axis of length 1."""
    high = [check for (rows, columns), check in shapes.items() if rows > columns > 1]
    broad = [check for (rows, columns), check in shapes.items() if 1 < rows < columns]
    if high and broad:
        return covered(f"{quoted(high[0])} and {quoted(broad[0])}")
    return missing("more columns than rows" if high else "more rows than columns")


def zero(cases: Cases) -> Finding:
    """An entry that is exactly 0 in every array."""
    found = {}
    for name in cases.with_arrays:
        if not cases.matters(name):
            continue
        given = [check for check, _, array in cases.leaves(name) if (array == 0).any()]
        if given:
            found[name] = covered(quoted(given[0]))
        elif any(True for _ in cases.changed(name, _with_zero)):
            found[name] = missing("")
        else:
            found[name] = inapplicable("the reference does not bear it")
    return summed_up(found, "no array matters")


def _with_zero(array: np.ndarray) -> np.ndarray:
    changed = array.copy()
    changed.ravel()[:1] = 0
    return changed


def keys(cases: Cases) -> Finding:
    """Numbered names beyond 9, where the number of names varies."""
    counts: dict[str, int] = {}
    for name in (*cases.names, "the result"):
        values = cases.values(name) if name in cases.names else ((item, item.expected.value) for item in cases.checks)
        tops = {_highest(value): check for check, value in values if _highest(value)}
        if len(tops) > 1 and max(tops) > 9:
            return covered(f"{name}: {quoted(tops[max(tops)])}")
        if len(tops) > 1:
            counts[name] = max(tops)
    text = ", ".join(f"{name} has {count} at most" for name, count in counts.items())
    return missing(text) if counts else inapplicable("no dict with any number of numbered names")


def _highest(value: Any) -> int:
    """The highest number in the names of a dict, such as 3 for W3."""
    if not isinstance(value, dict):
        return 0
    numbers = [re.fullmatch(r"[A-Za-z_]+([0-9]+)", str(key)) for key in value]
    return max((int(match[1]) for match in numbers if match), default=0)


def kept(cases: Cases) -> Finding:
    """Inputs that could be changed in place, and results that may not share memory with them."""
    if not cases.with_arrays:
        return inapplicable("no arrays are given")
    fresh = [check for check in cases.checks if check.care["fresh"]]
    if _promises_new(cases.doc) and not fresh and _arrays(check.expected.value for check in cases.checks):
        return missing("the docstring speaks of new memory, and no check has fresh=True")
    return covered(quoted(fresh[0]) if fresh else "all checks compare the arguments")


def _promises_new(doc: str) -> bool:
    return bool(NEW.search(doc.split("Args:")[0] + doc.split("Returns:")[-1].split(">>>")[0]))


def _arrays(values: Iterable[Any]) -> bool:
    return any(True for value in values for _ in arrays_in(value))
