"""Words for values and places, shared by all diagnoses."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dlcore.checks.compare import is_number

__all__ = ["Diagnosis", "axes_text", "entries", "first_difference", "index_text", "moments_text", "noun", "nth", "show"]

MATRIX, VOLUME = 60, 24  # entries up to which arrays of at most two, or of more, axes are shown whole
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


class Diagnosis(NamedTuple):
    """A likely mistake.

    Attributes:
        kind: what kind of mistake.
        gist: one sentence without numbers.
        detail: the same with numbers.
    """

    kind: str
    gist: str
    detail: str


def show(value: Any, limit: int = 300) -> str:
    """`value` as a student would type it, shortened to about `limit` characters."""
    if isinstance(value, np.ndarray) and value.ndim:
        value = value + 0.0 if value.dtype.kind == "f" else value  # turns -0.0 into 0.0
        if value.size > (MATRIX if value.ndim <= 2 else VOLUME):
            corner = np.array2string(value.ravel()[:4], precision=6, separator=", ")[1:-1]
            return f"an array of shape {value.shape} that begins {corner}, …"
        return f"array({np.array2string(value, precision=6, separator=', ', prefix='array(')})"
    if isinstance(value, np.generic | np.ndarray):
        value = value.item()
    if isinstance(value, float):
        text = f"{value + 0.0:.8g}"
        return f"{text}.0" if text.lstrip("-").isdigit() else text
    if isinstance(value, tuple | list) and len(value) <= 12:
        inner = ", ".join(show(item, limit // 2) for item in value)
        text = f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    elif isinstance(value, dict) and len(value) <= 12:
        text = "{" + ", ".join(f"{key!r}: {show(item, limit // 2)}" for key, item in value.items()) + "}"
    else:
        text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def noun(value: Any) -> str:
    """What kind of thing a value is."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array with {value.ndim} axes" if value.ndim != 1 else "an array with one axis"
    if isinstance(value, bool | np.bool_):
        return "a truth value"
    if is_number(value):
        return "a number"
    nouns: dict[type, str] = {str: "a text", dict: "a dict", list: "a list", tuple: "a tuple"}
    return nouns.get(type(value), f"a {type(value).__name__}")


def nth(place: int) -> str:
    """The ordinal of a place that is counted from 0."""
    return ORDINALS[place] if place < len(ORDINALS) else f"{place + 1}th"


def entries(count: int) -> str:
    """That many entries."""
    return f"{count} entry" if count == 1 else f"{count} entries"


def first_difference(want: np.ndarray, have: np.ndarray, wrong: np.ndarray) -> str:
    """How many entries are wrong, and what the first of them should be and is."""
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    return (
        f"{int(wrong.sum())} of {wrong.size} entries differ, the first at index {index_text(index)}: "
        f"expected {show(want[index])}, got {show(have[index])}."
    )


def moments_text(want: np.ndarray, have: np.ndarray) -> str:
    """Mean and standard deviation of random numbers: no entry is expected to be what the reference drew."""
    with np.errstate(all="ignore"):
        numbers = [f"{number:.2g}" for number in (want.mean(), want.std(), have.mean(), have.std())]
    return (
        f"The random numbers should have a mean of about {numbers[0]} and a standard deviation of about "
        f"{numbers[1]}; theirs are {numbers[2]} and {numbers[3]}."
    )


def index_text(index: tuple[int, ...]) -> str:
    """An index as a student would type it."""
    return f"[{', '.join(map(str, index))}]"


def axes_text(axes: list[int], ndim: int) -> str:
    """ "axis 1" or "axes 1 and 2", with what they are in an array of images."""
    names = ("examples", "height", "width", "channels")
    words = [f"{axis} ({names[axis]} of images)" if ndim == 4 and axis in (1, 2) else str(axis) for axis in axes]
    if len(words) == 1:
        return f"axis {words[0]}"
    return f"axes {', '.join(words[:-1])} and {words[-1]}"
