"""Explain NumPy's errors about shapes that do not fit together."""

from __future__ import annotations

import re

__all__ = ["explain_shapes"]

SHAPE = r"\((\d+(?:,\s?\d+)*,?|)\)"
BROADCAST = re.compile(rf"^operands could not be broadcast together .*?{SHAPE}(?:->\S+)? {SHAPE}")
WRITTEN = re.compile(rf"^could not broadcast input array from shape {SHAPE} into shape {SHAPE}")
IN_PLACE = re.compile(rf"^non-broadcastable output operand with shape {SHAPE} .* broadcast shape {SHAPE}")
PRODUCT = re.compile(r"^matmul: .*\(size (\d+) is different from (\d+)\)")
DOT = re.compile(rf"^shapes {SHAPE} and {SHAPE} not aligned")
RESHAPE = re.compile(rf"^cannot reshape array of size (\d+) into shape {SHAPE}")

TRANSPOSE = (
    "In a matrix product (`@`) the columns of the left factor must be as many as the rows of the right one. "
    "Is a transpose missing or one too many, are the factors in the wrong order, or is `*` meant, entry by entry?"
)
SWAPPED = "Rows and columns of one of them are swapped: is a transpose missing, or one too many?"
DROPPED = (
    "The one with fewer axes was summed or averaged without `keepdims=True`, so it counts as a row where a column is "
    "needed, or was taken over the wrong axis."
)
OTHER_AXIS = (
    "One of them is a row where a column is needed, or the other way round: was it summed or averaged "
    "over the wrong axis, or transposed?"
)
CUT_OFF = (
    "One is smaller: a slice beyond the end of an array is cut off there. Does the loop go too far, so that the "
    "window sticks out over the edge, or are height and width (or `h` and `w`) exchanged?"
)
AXIS_LESS = (
    "One has an axis that the other lacks: was it dropped by a sum, a maximum or an index (`keepdims=True` keeps it), "
    "or is one axis summed too late?"
)
UNFIT = (
    "Is one of them another array than you meant, or sliced along the wrong axis; or is it a window that was cut off "
    "at the edge, because the loop goes too far?"
)


def explain_shapes(text: str) -> tuple[str, str] | None:
    """What a message about two shapes means, without numbers and with them; None for other messages."""
    for pattern, explain in (
        (BROADCAST, _broadcast),
        (WRITTEN, _written),
        (IN_PLACE, _in_place),
        (PRODUCT, _product),
        (DOT, _dot),
        (RESHAPE, _reshape),
    ):
        found = pattern.search(text)
        if found is not None:
            return explain(*found.groups())
    return None


def _shape(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",") if part.strip())


def _fits(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    """Whether two shapes can be combined entry by entry."""
    return all(a == b or 1 in (a, b) for a, b in zip(first[::-1], second[::-1], strict=False))


def _broadcast(one: str, other: str) -> tuple[str, str]:
    first, second = _shape(one), _shape(other)
    cause = _cause(first, second)
    general = "Two shapes do not fit, entry by entry."
    return f"{general} {cause}", f"The shapes {first} and {second} do not fit, entry by entry. {cause}"


def _cause(first: tuple[int, ...], second: tuple[int, ...]) -> str:
    if len(first) == len(second) == 2:
        if first == second[::-1] or _fits(first, second[::-1]):
            return OTHER_AXIS if 1 in first + second else SWAPPED
        return OTHER_AXIS if 1 in first + second else UNFIT
    if len(first) <= 2 and len(second) <= 2:
        return DROPPED if len(first) != len(second) else UNFIT
    window, other = sorted((first, second), key=len, reverse=True)
    if len(other) > 2 and any(_cut(window[start:], other) for start in range(len(window) - 1)):
        return CUT_OFF
    return AXIS_LESS if len(first) != len(second) else UNFIT


def _cut(window: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether a window is as the other, or its first axes, but for height or width, where it is smaller."""
    pairs = list(zip(window, other, strict=False))
    smaller = [a < b for a, b in pairs]
    return len(pairs) >= 2 and any(smaller) and all(a <= b for a, b in pairs) and not any(smaller[2:])


def _written(one: str, other: str) -> tuple[str, str]:
    value, place = _shape(one), _shape(other)
    words = "A value is written into a place of another shape."
    if not place:
        cause = "The place holds one number: does an index lack an axis, or the value a sum?"
    elif len(value) == len(place) and sorted(value) == sorted(place):
        cause = SWAPPED if len(value) == 2 else "Its axes are in another order."
    elif len(value) < len(place):
        cause = "The value lacks an axis: was it summed over one axis too many?"
    else:
        cause = (
            "Was it summed, averaged or sliced along the wrong axis, or is the array of zeros too small or too large?"
        )
    return f"{words} {cause}", f"A value of shape {value} is written into a place of shape {place}. {cause}"


def _in_place(one: str, other: str) -> tuple[str, str]:
    words = "`+=` and the like keep an array's shape, but the sum has a larger one."
    cause = "Is what you add summed over the examples, with `keepdims=True`?"
    return f"{words} {cause}", f"{words} The array is {_shape(one)}, the sum {_shape(other)}. {cause}"


def _product(rows: str, columns: str) -> tuple[str, str]:
    return TRANSPOSE, f"The left factor has {columns} columns, the right one {rows} rows. {TRANSPOSE}"


def _dot(one: str, other: str) -> tuple[str, str]:
    return TRANSPOSE, f"The factors have the shapes {_shape(one)} and {_shape(other)}. {TRANSPOSE}"


def _reshape(size: str, shape: str) -> tuple[str, str]:
    words = (
        "Reshaping keeps the number of entries. Is a number written down that differs from array to array, "
        "or a factor missing, such as the channels?"
    )
    return words, f"{size} entries do not fill the shape {_shape(shape)}. {words}"
