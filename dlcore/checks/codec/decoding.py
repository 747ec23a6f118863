"""Decode a value from JSON that may come from an untrusted process."""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any

import numpy as np

from dlcore.checks.codec.limits import (
    DTYPES,
    MAX_AXES,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_DIGITS,
    Budget,
    refuse_many_keys,
    text_within,
)
from dlcore.errors import CodecError

__all__ = ["decode"]


def decode(form: Any, budget: Budget | None = None) -> Any:
    """The value whose JSON form is `form`; the inverse of `encode`.

    Args:
        form: the untrusted result of `json.loads`.
        budget: what may be spent on it, if that is shared with other values.

    Returns:
        The value, with new arrays in native byte order.

    Raises:
        CodecError: `form` is not an encoded value, or exceeds the bounds.

    >>> decode({'tuple': [{'int': '1'}, {'float': '0x1.0000000000000p-1'}]})
    (1, 0.5)
    """
    return _decode(form, budget or Budget(), 0)


def _decode(form: Any, budget: Budget, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise CodecError(f"The value is nested deeper than {MAX_DEPTH} levels.")
    if form is None or isinstance(form, bool):
        return form
    if isinstance(form, str):
        return text_within(form, budget)
    if not isinstance(form, dict):
        raise CodecError(f"An encoded value cannot be a bare {type(form).__name__}.")
    tag = next((tag for tag in _DECODERS if tag in form), None)
    if tag is None or set(form) != _DECODERS[tag][0]:
        raise CodecError("This is not an encoded value: its tag is unknown or has other fields.")
    return _DECODERS[tag][1](form, budget, depth)


def _decode_int(form: dict[str, Any], budget: Budget, depth: int) -> int:
    digits = form["int"]
    if not isinstance(digits, str) or len(digits) > MAX_DIGITS or not digits.lstrip("-").isdecimal():
        raise CodecError("A whole number is not written in digits.")
    budget.spend(size=len(digits))
    try:
        return int(digits)
    except ValueError:
        raise CodecError("A whole number is not written in digits.") from None


def _real(text: Any) -> float:
    if not isinstance(text, str) or len(text) > 40:
        raise CodecError("A number is not written in hexadecimal.")
    try:
        number = float.fromhex(text)
    except (ValueError, OverflowError):
        raise CodecError("A number is not written in hexadecimal.") from None
    return number


def _decode_float(form: dict[str, Any], budget: Budget, depth: int) -> float:
    return _real(form["float"])


def _decode_complex(form: dict[str, Any], budget: Budget, depth: int) -> complex:
    parts = form["complex"]
    if not isinstance(parts, list) or len(parts) != 2:
        raise CodecError("A complex number has two parts.")
    return complex(_real(parts[0]), _real(parts[1]))


def _bytes(form: dict[str, Any], code: str, count: int, budget: Budget) -> np.ndarray:
    dtype = DTYPES.get(code) if isinstance(code, str) else None
    if dtype is None:
        raise CodecError("Array entries are of no known type.")
    budget.spend(size=count * dtype.itemsize)
    data = form["data"]
    if not isinstance(data, str) or len(data) > 4 * (count * dtype.itemsize // 3 + 2):
        raise CodecError("Array data do not fit the shape.")
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise CodecError("Array data are not base64.") from None
    if len(raw) != count * dtype.itemsize:
        raise CodecError("Array data do not fit the shape.")
    if dtype.kind == "b":
        return np.frombuffer(raw, dtype=np.uint8) != 0
    return np.frombuffer(raw, dtype=dtype).astype(dtype.newbyteorder("="))


def _decode_scalar(form: dict[str, Any], budget: Budget, depth: int) -> Any:
    return _bytes(form, form["scalar"], 1, budget)[0]


def _decode_array(form: dict[str, Any], budget: Budget, depth: int, *, empty: bool = False) -> np.ndarray:
    shape = form["shape"]
    if not isinstance(shape, list) or len(shape) > MAX_AXES:
        raise CodecError("An array's shape is not a short list.")
    if not all(type(side) is int and 0 <= side <= MAX_BYTES for side in shape):
        raise CodecError("An array's shape is not a list of lengths.")
    budget.spend(items=len(shape))
    if empty:
        budget.spend(size=8 * math.prod(shape))
        entries = np.zeros(math.prod(shape))
    else:
        entries = _bytes(form, form["array"], math.prod(shape), budget)
    try:
        return entries.reshape(shape)
    except ValueError:
        raise CodecError("An array's shape is beyond what NumPy holds.") from None


def _decode_moments(form: dict[str, Any], budget: Budget, depth: int) -> np.ndarray:
    """An array with the given mean, standard deviation and flatness, repeating four numbers."""
    zeros = _decode_array({"shape": form["moments"], "array": "<f8", "data": ""}, budget, depth, empty=True)
    flat = _real(form["flatness"])
    with np.errstate(all="ignore"):
        rest = np.sqrt(1 - np.square(flat))  # so that the mean square is 1
        deviations = np.array([flat + rest, -flat - rest, flat - rest, rest - flat])
        return _real(form["mean"]) + _real(form["std"]) * np.resize(deviations, zeros.shape)


def _items(form: dict[str, Any], tag: str, budget: Budget) -> list[Any]:
    items = form[tag]
    if not isinstance(items, list):
        raise CodecError(f"A {tag} is not written as a list.")
    budget.spend(items=len(items))
    return items


def _decode_tuple(form: dict[str, Any], budget: Budget, depth: int) -> tuple[Any, ...]:
    return tuple(_decode(item, budget, depth + 1) for item in _items(form, "tuple", budget))


def _decode_list(form: dict[str, Any], budget: Budget, depth: int) -> list[Any]:
    return [_decode(item, budget, depth + 1) for item in _items(form, "list", budget)]


def _decode_dict(form: dict[str, Any], budget: Budget, depth: int) -> dict[Any, Any]:
    pairs = _items(form, "dict", budget)
    refuse_many_keys(len(pairs))
    budget.spend(items=len(pairs))
    result: dict[Any, Any] = {}
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2:
            raise CodecError("A dict is not written as pairs.")
        key, value = (_decode(part, budget, depth + 1) for part in pair)
        try:
            result[key] = value
        except TypeError:
            raise CodecError("A dict's key is a list, a dict or an array.") from None
    return result


_DECODERS = {
    "int": ({"int"}, _decode_int),
    "float": ({"float"}, _decode_float),
    "complex": ({"complex"}, _decode_complex),
    "scalar": ({"scalar", "data"}, _decode_scalar),
    "array": ({"array", "shape", "data"}, _decode_array),
    "moments": ({"moments", "mean", "std", "flatness"}, _decode_moments),
    "tuple": ({"tuple"}, _decode_tuple),
    "list": ({"list"}, _decode_list),
    "dict": ({"dict"}, _decode_dict),
}
