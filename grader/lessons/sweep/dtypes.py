"""The dimensions of types: whole numbers, labels of few bits, and numbers of type float32."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

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
    quoted,
    summed_up,
)

__all__ = ["boolean", "float32", "many", "uint8", "whole"]

MANY = 255  # the largest number of eight bits
SINGLE = Settings(rtol=1e-3, atol=1e-4)  # how far results for numbers of type float32 may be off


def whole(cases: Cases) -> Finding:
    """Arrays of whole numbers with a right result that is not whole."""
    return summed_up({name: _whole(cases, name) for name in cases.with_arrays}, "no arrays are given")


def _whole(cases: Cases, name: str) -> Finding:
    given = cases.checks_where(name, lambda array: array.dtype.kind in "iu" and array.size > 0)
    for check in given:
        if is_fractional(check.expected.value):
            return covered(quoted(check))
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
    return covered(quoted(given[0])) if given else missing("")


def _with_whole(cases: Cases, name: str, change: Callable[[np.ndarray], np.ndarray]) -> Iterator[Outcome]:
    """The reference's results with whole numbers in one argument, and with fractions in all others."""
    yield from (outcome for _, outcome in cases.changed(name, change))
    labels = set(_short_arguments(cases, MANY))
    for check, value in cases.values(name):
        if not any(arrays_in(value)):
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
            found[name] = covered(quoted(given[0]))
        elif other is not None:
            found[name] = missing(f"and the reference's result is another one in {quoted(other)}")
        elif not results:
            found[name] = inapplicable("the reference does not bear it")
        else:
            found[name] = missing("")
    return summed_up(found, "no array holds only labels, counts or a mask")


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
        found[name] = covered(quoted(given[0])) if given else otherwise
    return summed_up(found, "no array holds only labels, counts or a mask")


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
                return covered(f"{name}: {quoted(check)}")
        if cases.matters(name) and any(array.dtype.kind == "f" for _, _, array in cases.leaves(name)):
            results = cases.changed(name, lambda array: array.astype(np.float32) if array.dtype.kind == "f" else array)
            if any(passes(check.expected, got, SINGLE) for check, got in results):
                found.append(name)
    return missing(" or ".join(found)) if found else inapplicable("no array of floats matters, or can be float32")
