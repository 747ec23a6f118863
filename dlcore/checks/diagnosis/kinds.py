"""Diagnose values of a wrong kind: another type, other keys, too many or too few values."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcore.checks.compare import Settings, agree, is_number
from dlcore.checks.diagnosis.words import Diagnosis, entries, noun, nth, show

__all__ = ["MAX_ITEMS", "wrong_kind"]

MAX_ITEMS = 40  # of a tuple, list or dict that are compared with each other


def wrong_kind(expected: Any, got: Any, settings: Settings, *, guess: bool = True) -> Diagnosis:
    """What is wrong with a value of another type, or with other keys or another number of values.

    Args:
        expected, got: the two values.
        settings: how they were compared.
        guess: whether to name causes of another type that may be others.
    """
    if got is None:
        sentence = (
            "It returned None. Is the `return` missing? "
            "Or does it stand in an `if` that is never true, for a name that is spelt otherwise, say?"
        )
        return Diagnosis("none", sentence, sentence)
    if isinstance(expected, dict) and isinstance(got, dict):
        return _diagnose_keys(expected, got, settings)
    if isinstance(expected, tuple | list) and isinstance(got, tuple | list):
        return _diagnose_count(expected, got, settings)
    want, have = noun(expected), noun(got)
    if isinstance(expected, tuple) and len(expected) > 1:
        want = f"{len(expected)} values (a tuple)"
    if isinstance(expected, str) and isinstance(got, str):
        return Diagnosis("values", "The text is not right.", f"Expected {show(expected)}, got {show(got)}.")
    gist = f"It returned {have} where {want} {'are' if want.endswith('(a tuple)') else 'is'} asked for."
    cause = _type_cause(expected, got, settings) if guess else ""
    words = f"{gist} {cause}".rstrip()
    return Diagnosis("type", words, f"{words} It was {show(got)}.")


def _type_cause(expected: Any, got: Any, settings: Settings) -> str:
    """What may have led to a value of another type, or ""."""
    if isinstance(expected, tuple) and len(expected) <= MAX_ITEMS:
        same = [i for i, value in enumerate(expected) if agree(value, got, settings)]
        return f"It is the {nth(same[0])} of them; the others are missing." if len(same) == 1 else ""
    if isinstance(got, tuple) and 1 < len(got) <= MAX_ITEMS:
        same = [i for i, value in enumerate(got) if agree(expected, value, settings)]
        return f"Only its {nth(same[0])} value is asked for." if same else "Only one value is asked for."
    if isinstance(expected, np.ndarray) and expected.ndim and is_number(got):
        if expected.size and agree(expected, np.full(expected.shape, got), settings):
            return "All entries of the array have this value, but an array has a shape."
        return (
            "Was everything added up, so that the sum or mean needs an axis? "
            "Or does the function return in the first turn of a loop?"
        )
    if isinstance(expected, np.ndarray) and isinstance(got, list):
        return "Make an array of it with `np.array`."
    return ""


def _diagnose_keys(expected: dict[Any, Any], got: dict[Any, Any], settings: Settings) -> Diagnosis:
    missing, extra = ([key for key in one if key not in other] for one, other in ((expected, got), (got, expected)))
    parts = [
        f"{verb} {', '.join(sorted(map(repr, keys)))}."
        for verb, keys in (("It lacks", missing), ("It also has", extra))
        if keys
    ]
    wanted = ", ".join(map(repr, expected))
    detail = f"The dict should have exactly these entries: {wanted}. {' '.join(parts)}"
    pairs = [
        (key, other)
        for key in extra[:MAX_ITEMS]
        for other in missing[:MAX_ITEMS]
        if agree(expected[other], got[key], settings)
    ]
    if len(pairs) == len(missing) == len(extra):
        names = ", ".join(f"{key!r} is to be called {other!r}" for key, other in pairs)
        return Diagnosis(
            "keys",
            "The dict holds the right values, but under other names.",
            f"{detail} The values are right: {names}.",
        )
    if missing and not extra:
        return Diagnosis("keys", "The dict does not have the right keys: some are missing.", detail)
    return Diagnosis("keys", "The dict does not have the right keys.", detail)


def _diagnose_count(expected: Any, got: Any, settings: Settings) -> Diagnosis:
    if isinstance(expected, list):
        sentence = f"The list should have {entries(len(expected))}, but it has {entries(len(got))}."
    else:
        values = "1 value" if len(got) == 1 else f"{len(got)} values"
        sentence = f"It returned {values} where {len(expected)} are asked for."
    return Diagnosis("count", *[f"{sentence} {_count_cause(expected, got, settings)}".rstrip()] * 2)


def _count_cause(expected: Any, got: Any, settings: Settings) -> str:
    """Which of the values are missing or too many, if the others are right; or ""."""
    if _flat(expected) == len(got) > len(expected) and _all_agree(_flattened(expected), got, settings):
        return "The values are right, but some of them belong together: a tuple within the tuple, with brackets."
    whole = [i for i, value in enumerate(got[:MAX_ITEMS]) if agree(expected, value, settings)]
    if whole:
        return f"The {nth(whole[0])} of them is all that is asked for."
    large, small, lacks = (expected, got, True) if len(expected) > len(got) else (got, expected, False)
    if not 0 < len(small) <= len(large) <= 1000:
        return ""
    spare = len(large) - len(small)
    starts = [
        start
        for start in dict.fromkeys((0, spare))
        if all(agree(*((a, b) if lacks else (b, a)), settings) for a, b in zip(large[start:], small, strict=False))
    ]
    if starts:
        side = "last" if starts[0] == 0 else "first"
        verb = "missing" if lacks else "too many"
        one = f"the {side} one is" if spare == 1 else f"the {side} ones are"
        return (
            f"Those that are there are right; {one} {verb}." if lacks else f"Of these {one} {verb}; the rest is right."
        )
    for i in range(len(large)) if spare == 1 else ():
        rest = [*large[:i], *large[i + 1 :]]
        if all(agree(*((a, b) if lacks else (b, a)), settings) for a, b in zip(rest, small, strict=True)):
            return f"The {nth(i)} is {'missing' if lacks else 'too many'}; the others are right."
    return ""


def _flattened(values: Any) -> list[Any]:
    """The values with those of inner tuples and lists in their places, one level deep."""
    return [item for value in values for item in (value if isinstance(value, tuple | list) else (value,))]


def _flat(values: Any) -> int:
    return len(_flattened(values)) if len(values) <= MAX_ITEMS else 0


def _all_agree(expected: Any, got: Any, settings: Settings) -> bool:
    return all(agree(want, have, settings) for want, have in zip(expected, got, strict=True))
