"""Diagnose a wrong return value in one sentence.

`diagnose` looks for the likely mistake: a wrong type or shape, a sign, a factor, a
transposition, NaN. Each diagnosis has a *gist*, which reveals no numbers and so may
be shown for a hidden check, and a *detail*, which does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlcore.checks.compare import Settings, agree, is_number, near, same_moments

__all__ = ["Diagnosis", "diagnose", "show"]

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


class Diagnosis(NamedTuple):
    """A likely mistake: its kind, one sentence without numbers, and one with them."""

    kind: str
    gist: str
    detail: str


def show(value: Any, limit: int = 300) -> str:
    """`value` as a student would type it, shortened to about `limit` characters."""
    if isinstance(value, np.ndarray) and value.ndim:
        value = value + 0.0 if value.dtype.kind == "f" else value  # turns -0.0 into 0.0
        if value.size > 60:
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
        keys = [key for key in expected if not agree(expected[key], got[key], settings)]
        inner = diagnose(expected[keys[0]], got[keys[0]], settings, lengths)
        return _within(f"The entry {keys[0]!r}", inner)
    if not (_is_numeric(expected) and _is_numeric(got)) or isinstance(expected, np.ndarray) > isinstance(
        got, np.ndarray
    ):
        return _diagnose_type(expected, got)
    want, have = np.asarray(expected), np.asarray(got)
    for look in (_truth, _shape, _not_finite, _moments, _sign, _transposed, _factor, _whole, _some_entries):
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


def _diagnose_items(expected: Any, got: Any, settings: Settings, lengths: Sequence[int]) -> Diagnosis:
    wrong = [i for i, (e, g) in enumerate(zip(expected, got, strict=True)) if not agree(e, g, settings)]
    if not wrong:
        kinds = type(expected).__name__, type(got).__name__
        sentence = f"It returned a {kinds[1]} where a {kinds[0]} is asked for."
        return Diagnosis("type", sentence, sentence)
    first = wrong[0]
    if isinstance(expected, list):
        place = f"Entry {first} of the list"
    else:
        place = f"The {ORDINALS[first] if first < len(ORDINALS) else f'{first + 1}th'} of the {len(expected)} values"
    if _are_whole(expected[first]) and _are_whole(got[first]) and len(expected[first]) == len(got[first]):
        values = f"Expected {show(expected[first])}, got {show(got[first])}."
        return _within(place, Diagnosis("values", "The numbers are not right.", values))
    return _within(place, diagnose(expected[first], got[first], settings, lengths))


def _are_whole(value: Any) -> bool:
    """Whether it is a short sequence of integers, such as an index or a shape."""
    few = isinstance(value, tuple | list) and 0 < len(value) <= 6
    return few and all(is_number(item) and np.asarray(item).dtype.kind in "iu" for item in value)


def _entries(count: int) -> str:
    return f"{count} entry" if count == 1 else f"{count} entries"


def _noun(value: Any) -> str:
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


def _diagnose_type(expected: Any, got: Any) -> Diagnosis:
    if got is None:
        sentence = "It returned None. Is the `return` missing?"
        return Diagnosis("none", sentence, sentence)
    if isinstance(expected, dict) and isinstance(got, dict):
        missing, extra = (
            ", ".join(sorted(map(repr, keys))) for keys in (expected.keys() - got.keys(), got.keys() - expected.keys())
        )
        parts = [text for text in (missing and f"It lacks {missing}.", extra and f"It also has {extra}.") if text]
        wanted = ", ".join(map(repr, expected))
        detail = f"The dict should have exactly these entries: {wanted}. {' '.join(parts)}"
        return Diagnosis("keys", "The dict does not have the right keys.", detail)
    if isinstance(expected, tuple | list) and isinstance(got, tuple | list):
        if isinstance(expected, list):
            sentence = f"The list should have {_entries(len(expected))}, but it has {_entries(len(got))}."
        else:
            values = "1 value" if len(got) == 1 else f"{len(got)} values"
            sentence = f"It returned {values} where {len(expected)} are asked for."
        return Diagnosis("count", sentence, sentence)
    want, have = _noun(expected), _noun(got)
    if isinstance(expected, tuple) and len(expected) > 1:
        want = f"{len(expected)} values (a tuple)"
    if isinstance(expected, str) and isinstance(got, str):
        return Diagnosis("values", "The text is not right.", f"Expected {show(expected)}, got {show(got)}.")
    gist = f"It returned {have} where {want} is asked for."
    return Diagnosis("type", gist, f"{gist} It was {show(got)}.")


def _truth(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if (want.dtype.kind == "b") == (have.dtype.kind == "b"):
        return None
    words = ("True and False", "numbers")
    asked, returned = words if want.dtype.kind == "b" else words[::-1]
    sentence = f"It returned {returned} where {asked} are asked for."
    return Diagnosis("truth", sentence, sentence)


def _shape(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if want.shape == have.shape:
        return None
    detail = f"The shape should be {want.shape}, but it is {have.shape}."
    if have.ndim == 2 and want.shape == have.shape[::-1]:
        return Diagnosis("transposed", "The result is transposed.", f"{detail} Rows and columns are swapped.")
    if want.ndim == 0 and have.size == 1:
        hint = "A plain number is asked for, not an array that holds one."
        return Diagnosis("shape", hint, f"{detail} {hint}")
    if have.ndim == 1 and want.ndim == 2 and want.size == have.size:
        hint = "It is a rank-1 array, neither a row nor a column. It lacks an axis."
        return Diagnosis("rank-1", hint, f"{detail} {hint}")
    if have.ndim == 0:
        hint = "Everything was added up into one number. Does the sum or mean need an axis?"
        return Diagnosis("shape", hint, f"{detail} {hint}")
    return Diagnosis("shape", "The shape is wrong.", detail)


def _not_finite(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if have.dtype.kind not in "fc":
        return None
    bad = ~np.isfinite(have) & (np.isfinite(want) if want.dtype.kind in "fc" else True)
    if not bad.any():
        return None
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    word = "NaN (not a number)" if np.isnan(have[index]) else "infinity"
    place = f" at index {_index(index)}" if index else ""
    more = f", and {int(bad.sum()) - 1} more" if bad.sum() > 1 else ""
    gist = f"The result holds {word}. Look for a division by 0, a logarithm of 0, or an overflow."
    return Diagnosis(
        "not-finite", gist, f"The result holds {word}{place}{more}, where {show(want[index])} is expected."
    )


def _moments(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if settings.compare != "moments" or want.size < 2 or want.dtype.kind != "f":
        return None
    with np.errstate(all="ignore"):
        numbers = [f"{number:.2g}" for number in (want.mean(), want.std(), have.mean(), have.std())]
        fits = same_moments(want, have)
    if want.min() == want.max():
        return None
    if fits:
        gist = "The random numbers have the right mean and standard deviation, but are drawn from another distribution."
        return Diagnosis("distribution", gist, gist)
    gist = "The random numbers do not have the mean and the standard deviation that are asked for."
    detail = (
        f"The random numbers should have a mean of about {numbers[0]} and a standard deviation of about "
        f"{numbers[1]}; theirs are {numbers[2]} and {numbers[3]}."
    )
    return Diagnosis("moments", gist, detail)


def _index(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]"


def _sign(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if have.dtype.kind == "b" or not np.any(want) or not near(want, -_signed(have), settings).all():
        return None
    gist = "The sign is wrong; otherwise the numbers are right."
    return Diagnosis("negated", gist, f"{gist} Expected {show(want)}, got {show(have)}.")


def _signed(array: np.ndarray) -> np.ndarray:
    return array.astype(float) if array.dtype.kind in "biu" else array


def _transposed(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if have.ndim != 2 or have.shape[0] != have.shape[1] or have.size < 4 or not near(want, have.T, settings).all():
        return None
    gist = "The result is transposed: rows and columns are swapped."
    return Diagnosis("transposed", gist, f"{gist} Expected {show(want)}, got {show(have)}.")


def _factor(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if want.dtype.kind not in "iuf" or have.dtype.kind not in "iuf" or not np.any(want) or not np.any(have):
        return None
    counts = want.dtype.kind in "iu" and have.dtype.kind in "iu"
    if counts and want.size == 1:  # the ratio of two counts is accidental
        return None
    want, have = want.astype(float), have.astype(float)
    where = np.unravel_index(int(np.argmax(np.abs(want))), want.shape)
    with np.errstate(all="ignore"):
        factor = float(have[where] / want[where])
        if not np.isfinite(factor) or factor == 0 or not near(want, have / factor, settings).all():
            return None
    gist = "The number is off by a factor." if want.size == 1 else "All numbers are off by the same factor."
    for length in () if counts else lengths:  # integers are not means
        if np.isclose(factor, length, rtol=1e-4):
            hint = f"The result is {length} times too large, and {length} is the length of an axis of an argument."
            return Diagnosis("factor-m", f"{gist} Is it a sum where a mean is asked for?", f"{hint} A sum for a mean?")
        if np.isclose(factor * length, 1, rtol=1e-4):
            hint = f"The result is {length} times too small, and {length} is the length of an axis of an argument."
            return Diagnosis(
                "factor-1/m", f"{gist} Is it divided by m once too often?", f"{hint} Divided once too often?"
            )
    if want.size == 1 and not any(np.isclose(factor, simple) for simple in (2, 0.5, 100, 0.01)):
        return None
    what = "The number is" if want.size == 1 else "All numbers are"
    return Diagnosis("factor", gist, f"{what} {factor:.6g} times what is expected. Expected {show(want)}.")


def _whole(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if want.dtype.kind != "f" or have.dtype.kind not in "iu":
        return None
    roundings: tuple[Callable[..., np.ndarray], ...] = (np.trunc, np.rint, np.floor)
    if not any(np.array_equal(rounding(want), have) for rounding in roundings):
        return None
    gist = "The numbers were cut to whole numbers. An integer array stays one, whatever is written into it."
    return Diagnosis("integer", gist, f"{gist} Expected {show(want)}, got {show(have)}.")


def _some_entries(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if want.ndim == 0 or settings.compare == "moments":
        return None
    wrong = ~near(want, have, settings)
    if wrong.all() or not wrong.any():
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    detail = (
        f"{int(wrong.sum())} of {wrong.size} entries differ, the first at index {_index(index)}: "
        f"expected {show(want[index])}, got {show(have[index])}."
    )
    return Diagnosis("some-entries", "Some entries are right and some are not.", detail)
