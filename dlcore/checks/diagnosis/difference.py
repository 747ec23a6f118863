"""Say where two values differ, without guessing why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcore.checks.compare import Settings, agree, is_number, near
from dlcore.checks.diagnosis.kinds import wrong_kind
from dlcore.checks.diagnosis.words import first_difference, moments_text, noun, nth, show

__all__ = ["difference"]


def difference(expected: Any, got: Any, settings: Settings) -> str:
    """The first difference between two values that do not agree: what was expected there, and what came."""
    if isinstance(expected, dict) and isinstance(got, dict) and expected.keys() == got.keys():
        key = next((key for key in expected if not agree(expected[key], got[key], settings)), None)
        return "" if key is None else f"The entry {key!r}: {difference(expected[key], got[key], settings)}"
    if isinstance(expected, tuple | list) and isinstance(got, tuple | list) and len(expected) == len(got):
        return _first_item(expected, got, settings)
    if isinstance(expected, np.ndarray) and isinstance(got, np.ndarray):
        return _arrays(expected, got, settings)
    if isinstance(expected, list) and isinstance(got, list) and _are_large(expected):
        return wrong_kind(expected, got, settings).detail
    if is_number(expected) and is_number(got) and _is_truth(expected) == _is_truth(got):
        return f"Expected {show(expected)}, got {show(got)}."
    if isinstance(expected, dict | tuple) or noun(got) != noun(expected):
        return wrong_kind(expected, got, settings, guess=False).detail
    return f"Expected {show(expected)}, got {show(got)}."


def _is_truth(value: Any) -> bool:
    return noun(value) == noun(True)


def _first_item(expected: Sequence[Any], got: Sequence[Any], settings: Settings) -> str:
    wrong = [i for i, pair in enumerate(zip(expected, got, strict=True)) if not agree(*pair, settings)]
    if not wrong or (isinstance(expected, list) and not _are_large(expected)):
        return f"Expected {show(expected)}, got {show(got)}."
    inner = difference(expected[wrong[0]], got[wrong[0]], settings)
    if isinstance(expected, list):
        return f"Entry {wrong[0]} of the list: {inner}"
    place = f"{nth(wrong[0])} of the {len(expected)} values" if len(expected) > 1 else "only value"
    return f"The {place}: {inner}"


def _are_large(items: Sequence[Any]) -> bool:
    """Whether the items are themselves made of several values, so that all of them are too much to compare by eye."""
    return any(isinstance(item, np.ndarray | tuple | list | dict) for item in items)


def _arrays(want: np.ndarray, have: np.ndarray, settings: Settings) -> str:
    if want.shape != have.shape:
        return f"The shape should be {want.shape}, but it is {have.shape}."
    shown = f"Expected {show(want)}, got {show(have)}."
    if settings.compare == "moments" and want.size > 1 and want.dtype.kind == have.dtype.kind == "f":
        return moments_text(want, have) if want.std() > 0 else shown
    if want.ndim == 0 or settings.compare == "moments":
        return shown
    wrong: np.ndarray = np.logical_not(near(want, have, settings))
    if wrong.all() or not wrong.any():
        return shown
    return first_difference(want, have, wrong)
