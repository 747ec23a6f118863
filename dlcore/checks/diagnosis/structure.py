"""Diagnose values of any structure: types, tuples, lists and dicts, then the arrays in them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from dlcore.checks.compare import Settings, agree, is_number
from dlcore.checks.diagnosis.entries import ENTRY_LOOKS
from dlcore.checks.diagnosis.functions import FUNCTION_LOOKS, TERM_LOOKS
from dlcore.checks.diagnosis.kinds import MAX_ITEMS, wrong_kind
from dlcore.checks.diagnosis.numbers import FIRST_LOOKS
from dlcore.checks.diagnosis.orders import ORDER_LOOKS
from dlcore.checks.diagnosis.shapes import wrong_shape
from dlcore.checks.diagnosis.words import Diagnosis, nth, show

__all__ = ["diagnose"]

VAGUE = ("values", "some-entries")  # kinds that say that something is wrong, not what
LOOKS: tuple[Callable[..., Diagnosis | None], ...] = (
    *FIRST_LOOKS[:1],
    wrong_shape,
    *FIRST_LOOKS[1:],
    *FUNCTION_LOOKS,
    *ORDER_LOOKS,
    *TERM_LOOKS,
    *ENTRY_LOOKS,
)


def diagnose(expected: Any, got: Any, settings: Settings, lengths: Sequence[int] = ()) -> Diagnosis:
    """The most likely mistake that turned `expected` into `got`.

    Args:
        expected, got: two values that do not agree.
        settings: how they were compared.
        lengths: lengths of the arguments' axes; a factor equal to one of them
            is named.

    Returns:
        A diagnosis; the fallback is of kind "values" and shows both.
    """
    if isinstance(expected, tuple | list) and isinstance(got, tuple | list) and len(expected) == len(got):
        return _diagnose_items(expected, got, settings, lengths)
    if isinstance(expected, dict) and isinstance(got, dict) and expected.keys() == got.keys():
        return _diagnose_entries(expected, got, settings, lengths)
    if not (_is_numeric(expected) and _is_numeric(got)) or isinstance(expected, np.ndarray) > isinstance(
        got, np.ndarray
    ):
        return wrong_kind(expected, got, settings)
    want, have = np.asarray(expected), np.asarray(got)
    with np.errstate(all="ignore"):
        for look in LOOKS:
            found = look(want, have, settings, lengths)
            if found is not None:
                return found
    return Diagnosis("values", "The numbers are not right.", f"Expected {show(expected)}, got {show(got)}.")


def _is_numeric(value: Any) -> bool:
    return isinstance(value, np.ndarray) or is_number(value)


def _within(place: str, inner: Diagnosis) -> Diagnosis:
    if inner.kind == "none":  # `return` is there, but one of its values is None
        sentence = "It is None. Was it given its value?"
        inner = Diagnosis("none", sentence, sentence)
    return Diagnosis(inner.kind, f"{place}: {inner.gist}", f"{place}: {inner.detail}")


def _first_clear(found: Iterator[Diagnosis]) -> Diagnosis:
    """The first diagnosis that says what is wrong, or else the first."""
    first = None
    for diagnosis in found:
        if diagnosis.kind not in VAGUE:
            return diagnosis
        first = first or diagnosis
    if first is None:
        raise ValueError("nothing to diagnose")
    return first


def _diagnose_entries(expected: dict[Any, Any], got: dict[Any, Any], settings: Settings, lengths: Sequence[int]) -> Any:
    wrong = [key for key in expected if not agree(expected[key], got[key], settings)]
    for key in wrong[:MAX_ITEMS]:
        other = _same_elsewhere(key, got[key], expected, settings)
        if other is not None:
            swapped = agree(expected[key], got[other], settings)
            words = "have been swapped" if swapped else "hold the same"
            sentence = f"The entry {key!r} holds what belongs to {other!r}"
            return Diagnosis("swapped", f"{sentence}.", f"{sentence}: in your dict the two {words}.")
    alone = len(wrong) == 1 < len(expected)
    return _first_clear(
        _within(_place(f"the entry {key!r}", alone), diagnose(expected[key], got[key], settings, lengths))
        for key in wrong
    )


def _place(what: str, alone: bool) -> str:
    """What is wrong, and whether it is all that is."""
    return f"Only {what} is wrong" if alone else what[0].upper() + what[1:]


def _same_elsewhere(own: Hashable, value: Any, expected: dict[Any, Any], settings: Settings) -> Any:
    """The one other key whose expected value `value` is, if that is no accident; else None."""
    if not _is_distinctive(value):
        return None
    found = [key for key in list(expected)[:MAX_ITEMS] if key != own and agree(expected[key], value, settings)]
    return found[0] if len(found) == 1 else None


def _is_distinctive(value: Any) -> bool:
    """Whether it is an array (or holds one) with several numbers, so that no other equals it by accident."""
    if isinstance(value, np.ndarray):
        return value.size > 1 and value.dtype.kind in "fiu" and np.unique(value).size > 1
    if isinstance(value, float):
        return not (value * 8).is_integer()
    return isinstance(value, tuple | list | dict) and any(
        map(_is_distinctive, value.values() if isinstance(value, dict) else value)
    )


def _diagnose_items(expected: Any, got: Any, settings: Settings, lengths: Sequence[int]) -> Diagnosis:
    wrong = [i for i, (e, g) in enumerate(zip(expected, got, strict=True)) if not agree(e, g, settings)]
    if not wrong:
        kinds = type(expected).__name__, type(got).__name__
        sentence = f"It returned a {kinds[1]} where a {kinds[0]} is asked for."
        return Diagnosis("type", sentence, sentence)
    found = _other_order(expected, got, wrong, settings)
    if found is not None:
        return found
    if isinstance(expected, list) and _numbers(expected) and _numbers(got):
        found = _series(np.array(expected, float), np.array(got, float), settings, lengths)
        if found is not None:
            return found
    return _first_clear(_item(expected, got, i, len(wrong), settings, lengths) for i in wrong)


def _item(expected: Any, got: Any, i: int, wrong: int, settings: Settings, lengths: Sequence[int]) -> Diagnosis:
    values = f"the {nth(i)} of the {len(expected)} values" if len(expected) > 1 else "the only value"
    what = f"entry {i} of the list" if isinstance(expected, list) else values
    place = _place(what, wrong == 1 < len(expected))
    if _are_whole(expected[i]) and _are_whole(got[i]) and len(expected[i]) == len(got[i]):
        values = f"Expected {show(expected[i])}, got {show(got[i])}."
        return _within(place, Diagnosis("values", "The numbers are not right.", values))
    return _within(place, diagnose(expected[i], got[i], settings, lengths))


def _numbers(values: Any) -> bool:
    return 2 < len(values) <= 10_000 and all(
        isinstance(value, float | np.floating) or (type(value) is int and abs(value) < 2**53) for value in values
    )


def _series(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    """A list of numbers, looked at as an array."""
    with np.errstate(all="ignore"):
        for look in (*FIRST_LOOKS[2:], *FUNCTION_LOOKS, *ORDER_LOOKS, *TERM_LOOKS):
            found = look(want, have, settings, lengths)
            if found is not None:
                return _within("The list", found)
    return None


def _other_order(expected: Any, got: Any, wrong: list[int], settings: Settings) -> Diagnosis | None:
    """The right values in another order, or one at the place of another."""
    if len(expected) > MAX_ITEMS:
        return None
    places = [
        [
            j
            for j in range(len(expected))
            if _kind(expected[j]) == _kind(got[i]) and agree(expected[j], got[i], settings)
        ]
        for i in wrong
    ]
    unique = [found[0] for found in places if len(found) == 1]
    plain = any(map(_is_distinctive, (got[i] for i in wrong))) or len({_kind(got[i]) for i in wrong}) > 1
    if len(wrong) > 1 and sorted(unique) == sorted(wrong) and plain:
        what = "entries of the list" if isinstance(expected, list) else "values"
        gist = f"The right {what} are there, but in another order."
        return Diagnosis("order", gist, f"{gist} {_order_text(dict(zip(wrong, unique, strict=True)), len(expected))}")
    for i, found in zip(wrong, places, strict=True):
        if len(found) == 1 and _is_distinctive(got[i]):
            what = "entry" if isinstance(expected, list) else "value"
            gist = f"One {what} stands at the place of another."
            return Diagnosis("order", gist, f"The {nth(i)} {what} is the one that is asked for as the {nth(found[0])}.")
    return None


def _order_text(moved: dict[int, int], count: int) -> str:
    """Which of `count` values are swapped, or in which order all of them come; `moved` says what stands where."""
    if len(moved) == 2 < count:
        return "The {} and the {} are swapped.".format(*map(nth, sorted(moved)))
    return f"Yours come in the order {', '.join(nth(moved.get(place, place)) for place in range(count))}."


def _kind(value: Any) -> str:
    return "number" if is_number(value) else type(value).__name__


def _are_whole(value: Any) -> bool:
    """Whether it is a short sequence of integers, such as an index or a shape."""
    few = isinstance(value, tuple | list) and 0 < len(value) <= 6
    return few and all(is_number(item) and np.asarray(item).dtype.kind in "iu" for item in value)
