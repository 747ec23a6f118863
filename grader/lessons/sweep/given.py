"""Dimensions that show in what the checks give: types, sizes, zeros, names, and whether inputs are kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from dlcore.checks.compare import Settings
from dlcore.checks.evidence import Outcome
from dlcore.checks.verdict import passes
from grader.lessons.mutation.bench import Check
from grader.lessons.sweep.cases import (
    Cases,
    Finding,
    arrays_in,
    covered,
    inapplicable,
    is_fractional,
    mapped,
    missing,
)

__all__ = ["GIVEN"]

MANY = 255  # the largest number of eight bits
NEW = re.compile(r"\b(new|copy|own memory|no memory)\b")
SINGLE = Settings(rtol=1e-3, atol=1e-4)  # how far results for numbers of type float32 may be off


def _summed_up(found: dict[str, Finding], otherwise: str) -> Finding:
    """One finding out of those for each argument: the first of missing, covered, inapplicable."""
    for state in ("missing", "covered"):
        some = {name: item for name, item in found.items() if item.state == state}
        if some:
            return Finding(state, "; ".join(f"{name}: {item.why}" if item.why else name for name, item in some.items()))
    reasons = "; ".join(f"{name}: {item.why}" for name, item in found.items())
    return inapplicable(reasons or otherwise)


def _quoted(check: Check) -> str:
    return f"“{check.label}”"


def whole(cases: Cases) -> Finding:
    """Arrays of whole numbers with a right result that is not whole."""
    return _summed_up({name: _whole(cases, name) for name in cases.with_arrays}, "no arrays are given")


def _whole(cases: Cases, name: str) -> Finding:
    given = cases.checks_where(name, lambda array: array.dtype.kind in "iu" and array.size > 0)
    for check in given:
        if is_fractional(check.expected.value):
            return covered(_quoted(check))
    if not cases.matters(name):
        return inapplicable("only its shape counts")
    borne = False
    for change in (np.rint, lambda array: np.rint(3 * array), lambda array: np.rint(np.abs(array)) + 1):
        for outcome in _with_whole(cases, name, _into_whole(change)):
            if is_fractional(outcome.value):
                return missing("with a result that is not whole")
            borne = True
    if not borne and not given:
        return inapplicable("the reference does not bear whole numbers")
    return covered(_quoted(given[0])) if given else missing("")


def _with_whole(cases: Cases, name: str, change: Callable[[np.ndarray], np.ndarray]) -> Iterator[Outcome]:
    """The reference's results with whole numbers in one argument, and with fractions in all others."""
    yield from (outcome for _, outcome in cases.changed(name, change))
    labels = set(_short_arguments(cases, MANY))
    for check, value in cases.values(name):
        if not _arrays([value]):
            continue
        given = {other: item for other, item in cases.arguments(check).items() if other not in labels}
        fractions = {other: mapped(item, lambda array: array + 0.25) for other, item in given.items()}
        outcome = cases.outcome(check, {**fractions, name: mapped(value, change)})
        if outcome is not None:
            yield outcome


def _into_whole(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    def into_whole(array: np.ndarray) -> np.ndarray:
        numbers = array.astype(float)
        return np.clip(change(np.where(np.isfinite(numbers), numbers, 0.0)), -(2.0**40), 2.0**40).astype(int)

    return into_whole


def _short_arguments(cases: Cases, largest: int) -> Iterator[str]:
    """The arguments that hold whole numbers from 0 to `largest` in all checks, such as labels."""
    for name in cases.with_arrays:
        arrays = [array for _, _, array in cases.leaves(name) if array.size]
        numbers = np.unique(np.concatenate([array.ravel().astype(float) for array in arrays])) if arrays else [-1.0]
        fits = np.isin(numbers, np.arange(largest + 1)).all() and len(numbers) > 1
        if fits and cases.matters(name):
            yield name


def _of_type(cases: Cases, largest: int, dtype: type) -> Finding:
    """Whether labels are given in a type, and whether the reference copes with it."""
    found = {}
    for name in _short_arguments(cases, largest):
        given = cases.checks_where(name, lambda array: array.dtype == dtype)
        results = list(cases.changed(name, lambda array: array.astype(dtype)))
        other = next((check for check, got in results if not _same_numbers(check, got)), None)
        if given:
            found[name] = covered(_quoted(given[0]))
        elif other is not None:
            found[name] = missing(f"and the reference's result is another one in {_quoted(other)}")
        elif not results:
            found[name] = inapplicable("the reference does not bear it")
        else:
            found[name] = missing("")
    return _summed_up(found, "no array holds only labels, counts or a mask")


def _same_numbers(check: Check, got: Outcome) -> bool:
    """Whether the reference's result holds the expected numbers, if only as bools."""
    expected, result = (
        replace(outcome, value=mapped(outcome.value, lambda array: array.astype(float)))
        for outcome in (check.expected, got)
    )
    return passes(expected, result, check.settings)


def uint8(cases: Cases) -> Finding:
    """Labels, counts and masks of type uint8."""
    return _of_type(cases, MANY, np.uint8)


def boolean(cases: Cases) -> Finding:
    """Labels and masks of type bool."""
    return _of_type(cases, 1, np.bool_)


def many(cases: Cases) -> Finding:
    """A value that occurs more often than eight bits can count."""
    found = {}
    for name in _short_arguments(cases, MANY):
        given = cases.checks_where(name, lambda array: array.dtype == np.uint8 and _most(array) > MANY)
        borne = any(True for _ in cases.changed(name, lambda array: array.astype(np.uint8)))
        otherwise = missing("") if borne else inapplicable("the reference does not bear uint8")
        found[name] = covered(_quoted(given[0])) if given else otherwise
    return _summed_up(found, "no array holds only labels, counts or a mask")


def _most(array: np.ndarray) -> int:
    """How often the commonest number occurs that is not 0."""
    _, counts = np.unique(array[array != 0], return_counts=True)
    return int(counts.max(initial=0))


def float32(cases: Cases) -> Finding:
    """An array of type float32."""
    found = []
    for name in cases.with_arrays:
        for check, _, array in cases.leaves(name):
            if array.dtype == np.float32:
                return covered(f"{name}: {_quoted(check)}")
        if cases.matters(name) and any(array.dtype.kind == "f" for _, _, array in cases.leaves(name)):
            results = cases.changed(name, lambda array: array.astype(np.float32) if array.dtype.kind == "f" else array)
            if any(passes(check.expected, got, SINGLE) for check, got in results):
                found.append(name)
    return missing(" or ".join(found)) if found else inapplicable("no array of floats matters, or can be float32")


def one(cases: Cases) -> Finding:
    """Every axis of length 1."""
    lengths = _lengths(cases)
    bad, good = [], []
    for (name, place, axis), found in lengths.items():
        if len(found) == 1:
            continue
        text = f"axis {axis} of {name}{place}"
        if 1 in found:
            good.append(f"{text}: {_quoted(found[1])}")
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
        by_place: dict[str, set[tuple[int, int]]] = {}
        for _, place, array in cases.leaves(name):
            if array.ndim == 2:
                by_place.setdefault(place, set()).add((array.shape[0], array.shape[1]))
        for place, shapes in by_place.items():
            rows, columns = ({shape[axis] for shape in shapes} for axis in (0, 1))
            if len(rows) > 1 and len(columns) > 1 and any(a != b for a, b in shapes) and cases.matters(name):
                both = any(a > b > 1 for a, b in shapes), any(1 < a < b for a, b in shapes)
                needed = ("more rows than columns", "more columns than rows")
                lacking = [text for text, there in zip(needed, both, strict=True) if not there]
                found[name + place] = missing(lacking[0]) if lacking else covered("")
    return _summed_up(found, "no matrix whose sides vary")


def zero(cases: Cases) -> Finding:
    """An entry that is exactly 0 in every array."""
    found = {}
    for name in cases.with_arrays:
        if not cases.matters(name):
            continue
        if any((array == 0).any() for _, _, array in cases.leaves(name)):
            found[name] = covered("")
        elif any(True for _ in cases.changed(name, _with_zero)):
            found[name] = missing("")
        else:
            found[name] = inapplicable("the reference does not bear it")
    return _summed_up(found, "no array matters")


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
            return covered(f"{name}: {_quoted(tops[max(tops)])}")
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
    return covered(_quoted(fresh[0]) if fresh else "all checks compare the arguments")


def _promises_new(doc: str) -> bool:
    return bool(NEW.search(doc.split("Args:")[0] + doc.split("Returns:")[-1].split(">>>")[0]))


def _arrays(values: Iterable[Any]) -> bool:
    return any(True for value in values for _ in arrays_in(value))


GIVEN: dict[str, Callable[[Cases], Finding]] = {
    "whole": whole,
    "uint8": uint8,
    "bool": boolean,
    "float32": float32,
    "one": one,
    "many": many,
    "wide": wide,
    "zero": zero,
    "keys": keys,
    "kept": kept,
}
