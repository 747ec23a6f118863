"""The arguments of an exercise's checks, and the reference's results for changed ones."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlcore.checks.evidence import Outcome
from dlcore.checks.verdict import passes
from grader.lessons.mutation.bench import Bench, Check, Late, is_finite, seen, time_limit
from grader.lessons.mutation.inputs import Call

__all__ = [
    "Cases",
    "Finding",
    "State",
    "arrays_in",
    "covered",
    "inapplicable",
    "is_fractional",
    "mapped",
    "missing",
    "quoted",
    "summed_up",
]

Change = Callable[[np.ndarray], np.ndarray]
State = str  # "covered", "inapplicable" or "missing"
SECONDS = 2.0  # that one call of the reference may take


@dataclass(frozen=True)
class Finding:
    """Whether the checks of an exercise cover a dimension, and by which check, or why not."""

    state: State
    why: str


def covered(why: str) -> Finding:
    """What is covered, by a check that `why` names."""
    return Finding("covered", why)


def inapplicable(why: str) -> Finding:
    """What cannot be asked of the exercise."""
    return Finding("inapplicable", why)


def missing(why: str) -> Finding:
    """What a check should have, and none has."""
    return Finding("missing", why)


def summed_up(found: dict[str, Finding], otherwise: str) -> Finding:
    """One finding out of those for each argument: the first of missing, covered, inapplicable."""
    for state in ("missing", "covered"):
        some = {name: item for name, item in found.items() if item.state == state}
        if some:
            return Finding(state, "; ".join(f"{name}: {item.why}" if item.why else name for name, item in some.items()))
    reasons = "; ".join(f"{name}: {item.why}" for name, item in found.items())
    return inapplicable(reasons or otherwise)


def quoted(check: Check) -> str:
    """A check as it is named in findings."""
    return f"“{check.label}”"


class Cases:
    """The checks of one exercise in which the reference returns something, and their arguments by name."""

    def __init__(self, bench: Bench):
        self.bench = bench
        self.doc = inspect.getdoc(bench.reference) or ""
        self.checks = [check for check in bench.checks if check.expected.kind == "returned"]
        self.given = [_arguments(check) for check in self.checks]
        self.names = tuple(dict.fromkeys(name for given in self.given for name in given))
        self.with_arrays = [name for name in self.names if any(True for _ in self.leaves(name))]

    def values(self, name: str) -> Iterator[tuple[Check, Any]]:
        """Each check that gives the argument, and what it gives."""
        for check, given in zip(self.checks, self.given, strict=True):
            if name in given:
                yield check, given[name]

    def arguments(self, check: Check) -> dict[str, Any]:
        """The arguments of a check by name."""
        return self.given[self.checks.index(check)]

    def leaves(self, name: str) -> Iterator[tuple[Check, str, np.ndarray]]:
        """Each array of an argument in each check, with its place in it: W* for the entries W1, W2, … of a dict."""
        for check, value in self.values(name):
            yield from ((check, place, array) for place, array in arrays_in(value))

    def checks_where(self, name: str, holds: Callable[[np.ndarray], bool]) -> list[Check]:
        """The checks that give the argument with arrays, for all of which something holds."""
        found = []
        for check, value in self.values(name):
            arrays = [array for _, array in arrays_in(value)]
            if arrays and all(map(holds, arrays)):
                found.append(check)
        return found

    def changed(self, name: str, change: Change) -> Iterator[tuple[Check, Outcome]]:
        """For each check the reference's result with an argument's arrays changed, unless it does not bear that."""
        for check, value in self.values(name):
            if any(True for _ in arrays_in(value)):
                outcome = self.outcome(check, {name: mapped(value, change)})
                if outcome is not None:
                    yield check, outcome

    def outcome(self, check: Check, others: dict[str, Any]) -> Outcome | None:
        """The reference's result with some other arguments; None if it raises, warns or is not finite."""
        call = _with_arguments(check, others)
        try:
            with time_limit(SECONDS):
                got = seen(check.function, call, {"quiet": True, "fresh": False})
        except Late:
            return None
        return got if got.kind == "returned" and is_finite(got.value) else None

    def matters(self, name: str) -> bool:
        """Whether the result depends on the numbers in an argument, and not only on its shape."""
        for change in (np.flip, _others):
            for check, value in self.values(name):
                outcome = self.outcome(check, {name: mapped(value, change)})
                if outcome is None or not passes(check.expected, outcome, check.settings):
                    return True
        return False


def _others(array: np.ndarray) -> np.ndarray:
    """Other numbers of the same kind."""
    if array.dtype.kind == "b":
        return ~array
    is_label = array.size > 0 and array.min() >= 0 and array.max() <= 1
    return (1 - array if is_label else array + 1).astype(array.dtype)


def arrays_in(value: Any, place: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of numbers in a value, each with its place."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "biuf":
            yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from arrays_in(item, f"{place}[{re.sub('[0-9]+', '*', str(key))}]")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from arrays_in(item, f"{place}[{number if isinstance(value, tuple) else '*'}]")


def mapped(value: Any, change: Change) -> Any:
    """A value with its arrays changed."""
    if isinstance(value, np.ndarray):
        return change(value) if value.dtype.kind in "biuf" else value
    if isinstance(value, dict):
        return {key: mapped(item, change) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(mapped(item, change) for item in value)
    return value


def _parameters(check: Check) -> list[str]:
    """The names of the positional arguments of a check's call."""
    args, _ = check.call
    try:
        parameters = list(inspect.signature(check.function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [item.name for item in parameters if item.kind in (item.POSITIONAL_ONLY, item.POSITIONAL_OR_KEYWORD)]
    return [names[place] if place < len(names) else f"argument {place + 1}" for place in range(len(args))]


def _arguments(check: Check) -> dict[str, Any]:
    args, kwargs = check.call
    return {**dict(zip(_parameters(check), args, strict=True)), **kwargs}


def _with_arguments(check: Check, others: dict[str, Any]) -> Call:
    args, kwargs = check.call
    names = _parameters(check)
    changed = tuple(others.get(name, value) for name, value in zip(names, args, strict=True))
    return changed, {name: others.get(name, value) for name, value in kwargs.items()}


def is_fractional(value: Any) -> bool:
    """Whether there is a number in a value that is not whole."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return any(map(is_fractional, value))
    if isinstance(value, np.ndarray | float | np.floating) and np.asarray(value).dtype.kind == "f":
        finite = np.asarray(value)[np.isfinite(value)]
        return bool((finite != np.rint(finite)).any())
    return False
