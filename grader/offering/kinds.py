"""Whether an exercise with other numbers is of the same kind: the same cases, checked as strongly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from grader.execution.evidence import Record
from grader.lessons.audit import audit
from grader.lessons.parser import Lesson
from grader.lessons.reference import CheckCell, Reference, ReferenceExercise

__all__ = ["count_anew", "why_unlike"]

FACTOR = 300  # by which the largest entry of an argument may differ


def why_unlike(public: ReferenceExercise, drawn: Reference, lesson: Lesson, *, by_seeds: bool = False) -> str:
    """Why an exercise of `drawn` is not of the same kind as the public one; empty if it is.

    It is if each check has arguments and a result of the same types, shapes and orders of
    magnitude, the checks together have the zeros, ties and negative numbers that they had,
    the hidden ones catch each misconception that they caught, and the audit holds. Where only
    seeds were changed (`by_seeds`), a result may also have other texts: the name of what was chosen
    among random things says nothing about the case, as it does among numbers that an author wrote.
    """
    other = drawn.exercises[public.name]
    for ours, theirs in zip(public.cells, other.cells, strict=True):
        if ours.hidden != theirs.hidden or len(ours.records) != len(theirs.records):
            return "not the same checks are hidden"
        for number, hidden in enumerate(ours.hidden):
            reason = _why_unlike_check(ours.records[number], theirs.records[number], by_seeds) if hidden else ""
            if reason:
                return f"“{ours.label(number)}”: {reason}"
    lost = _features(public) - _features(other)
    if lost:
        return f"no hidden check has {', '.join(sorted(lost))} any more"
    missed = sorted(_caught(public) - _caught(other))
    if missed:
        return f"no hidden check catches the misconception {missed[0]} any more"
    _, defects = audit(replace(drawn, exercises={public.name: other}), lesson)
    return defects[0].text if defects else ""


def count_anew(public: ReferenceExercise, drawn: ReferenceExercise) -> tuple[int, int]:
    """How many hidden checks have other arguments or other results, and how many there are."""
    pairs = [
        (ours.records[number], theirs.records[number])
        for ours, theirs in zip(public.cells, drawn.cells, strict=True)
        for number, hidden in enumerate(ours.hidden)
        if hidden
    ]
    return sum(_numbers(ours) != _numbers(theirs) for ours, theirs in pairs), len(pairs)


def _numbers(record: Record) -> Any:
    """All that a check is given and returns, as JSON data; of a generator only its type is known."""
    return record.form["arguments"], record.form["outcome"].get("value")


def _why_unlike_check(ours: Record, theirs: Record, by_seeds: bool) -> str:
    if (ours.label, ours.settings, ours.lengths) != (theirs.label, theirs.settings, theirs.lengths):
        return "it has another label, tolerance or size"
    if _shape(ours.arguments) != _shape(theirs.arguments):
        return "its arguments have other types or shapes"
    for mine, other in zip(_sizes(ours.arguments), _sizes(theirs.arguments), strict=True):
        if mine and other and not mine / FACTOR <= other <= mine * FACTOR:
            return f"an argument of size {mine:.3g} became one of {other:.3g}"
    a, b = ours.outcome, theirs.outcome
    if (a.kind, a.error, a.changed, a.shared, a.undrawn) != (b.kind, b.error, b.changed, b.shared, b.undrawn):
        return "the reference returns in one and raises in the other, or treats its arguments in another way"
    if _shape(a.value, not by_seeds) != _shape(b.value, not by_seeds):
        return "the result has another type or shape"
    return "" if _odd(a.value) == _odd(b.value) else "the result is infinite or NaN in one of them only"


def _shape(value: Any, texts: bool = True) -> Any:
    """A value or a description without its numbers: types, shapes and texts, or only that there is one."""
    if _is_described_array(value):
        return (*value[:2], value[2].shape if isinstance(value[2], np.ndarray) else tuple(value[2]))
    if isinstance(value, np.ndarray):
        return (value.dtype.kind, value.shape)
    if isinstance(value, tuple | list):
        return [type(value).__name__, *(_shape(item, texts) for item in value)]
    if isinstance(value, dict):
        return {key: _shape(item, texts) for key, item in value.items()}
    if isinstance(value, str) and not texts:
        return "text"
    if isinstance(value, float | complex | np.inexact):
        return "number"
    return type(value).__name__ if isinstance(value, int | np.integer) and not isinstance(value, bool) else value


def _odd(value: Any) -> set[str]:
    """Which of infinity, −infinity and NaN are in a value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        return set().union(*map(_odd, value))
    entries = np.asarray(value)
    return {str(item) for item in entries[~np.isfinite(entries)].ravel()} if entries.dtype.kind in "fc" else set()


def _is_described_array(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) > 2 and isinstance(value[0], str) and value[0] == "array"


def _arrays(arguments: Any) -> Iterator[Any]:
    """The descriptions of all arrays in described arguments."""
    if _is_described_array(arguments):
        yield arguments
    elif isinstance(arguments, tuple | list):
        for item in arguments:
            yield from _arrays(item)


def _sizes(arguments: Any) -> Iterator[float]:
    """The absolute value of the largest entry of each array of decimals."""
    for _, kind, *rest in _arrays(arguments):
        if kind not in "fc":
            continue
        entries = rest[0] if len(rest) == 1 else np.array(rest[1][2])
        finite = np.abs(entries[np.isfinite(entries)] if np.ndim(entries) else entries).astype(float)
        yield float(finite.max()) if finite.size else 0.0


def _features(exercise: ReferenceExercise) -> set[str]:
    """What numbers the small arrays in its hidden checks have."""
    found = set()
    for record in _hidden(exercise):
        for _, kind, *rest in _arrays(record.arguments):
            entries = rest[0].ravel() if len(rest) == 1 else np.array([])
            found |= {"a zero"} if (entries == 0).any() else set()
            found |= {"equal numbers"} if len(np.unique(entries)) < len(entries) else set()
            found |= {"a negative number"} if kind in "if" and (entries < 0).any() else set()
    return found


def _hidden(exercise: ReferenceExercise) -> Iterator[Record]:
    for cell in exercise.cells:
        yield from (record for record, hidden in zip(cell.records, cell.hidden, strict=True) if hidden)


def _caught(exercise: ReferenceExercise) -> set[str]:
    """The misconceptions that fail a hidden check."""
    return {name for cell in exercise.cells for name in cell.wrong if _fails_hidden(cell, name)}


def _fails_hidden(cell: CheckCell, name: str) -> bool:
    records = cell.wrong[name]
    return any(hidden and not cell.passes(number, records[number]) for number, hidden in enumerate(cell.hidden))
