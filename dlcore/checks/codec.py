"""Encode values as plain JSON, and decode them safely.

Numbers, strings, None, arrays, and tuples, lists and dicts of those round-trip
exactly: floats as hexadecimal, arrays as little-endian bytes. Nothing is
unpickled, and `decode` rejects input that is too large, too deep or malformed, so
data from an untrusted process is safe to read.

An encoded value is one of::

    null, true, false, "text"
    {"int": "12"}                     {"float": "0x1.8p+1"}
    {"complex": [real, imag]}         (both hexadecimal)
    {"scalar": "<f8", "data": b64}    a NumPy scalar
    {"array": "<f8", "shape": [2, 3], "data": b64}
    {"moments": [2, 3], "mean": hex, "std": hex, "flatness": hex}  (a stand-in for random numbers)
    {"tuple": [...]}  {"list": [...]}  {"dict": [[key, value], ...]}
"""

from __future__ import annotations

import base64
import binascii
import math
import sys
from typing import Any

import numpy as np

from dlcore.checks.compare import flatness
from dlcore.errors import CodecError

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_ITEMS", "Budget", "decode", "encode", "only_moments"]

MAX_BYTES = 2_000_000  # of array data and text in one value
MAX_DEPTH = 48
MAX_ITEMS = 10_000  # entries of lists, tuples and dicts in one value
MAX_DIGITS = 4_000  # of one integer; below Python's limit for conversion from strings
MAX_KEYS = 200  # of one dict; keys crafted to collide take time quadratic in their number
MAX_AXES = 32
KINDS = "biufc"
MANY = 16  # entries above which an array of random numbers is stored by its moments


class Budget:
    """The bytes and entries that are still allowed while values are traversed."""

    def __init__(self, size: int = MAX_BYTES, items: int = MAX_ITEMS) -> None:
        self.bytes, self.items = size, items

    def spend(self, size: int = 0, items: int = 0) -> None:
        """Take what one more value needs; raises CodecError if that is more than is left."""
        self.bytes -= size
        self.items -= items
        if self.bytes < 0:
            raise CodecError(f"The value holds more than {MAX_BYTES:,} bytes.")
        if self.items < 0:
            raise CodecError(f"The value holds more than {MAX_ITEMS:,} entries.")


def encode(value: Any) -> Any:
    """The JSON form of `value`.

    Args:
        value: None, bool, int, float, complex, str, a NumPy scalar or array of
            bool, int, uint, float or complex entries, or tuples, lists and
            dicts (with str, int or tuple keys) of those. Instances of subclasses,
            such as OrderedDict, named tuples or np.matrix, become the class itself.

    Returns:
        A structure for `json.dumps`, without NaN or infinity.

    Raises:
        CodecError: the value has an unsupported type, or is too large or deep.

    >>> encode((1, 0.5))
    {'tuple': [{'int': '1'}, {'float': '0x1.0000000000000p-1'}]}
    """
    return _encode(value, Budget(), 0)


def _encode(value: Any, budget: Budget, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise CodecError(f"The value is nested deeper than {MAX_DEPTH} levels.")
    kind = type(value)
    if kind is str:
        return _encode_text(value, budget)
    if kind is tuple or kind is list:
        budget.spend(items=len(value))
        return {kind.__name__: [_encode(item, budget, depth + 1) for item in value]}
    if value is None or kind is bool:
        return value
    if kind is int:
        return _encode_int(value, budget)
    if kind is float:
        return {"float": value.hex()}
    if kind is complex:
        return {"complex": [value.real.hex(), value.imag.hex()]}
    if isinstance(value, np.str_) or (isinstance(value, np.ndarray) and value.dtype.kind == "U" and not value.ndim):
        return _encode_text(str(value), budget)
    if isinstance(value, np.generic | np.ndarray):
        return _encode_array(value, budget)
    for container in (tuple, list):  # of a subclass, such as a named tuple, which is read as the container that it is
        if isinstance(value, container):
            items = list[Any](container.__iter__(value))  # type: ignore[arg-type]
            budget.spend(items=len(items))
            return {container.__name__: [_encode(item, budget, depth + 1) for item in items]}
    if isinstance(value, dict):  # OrderedDict, defaultdict and Counter, too
        pairs = list(dict.items(value))
        _refuse_many_keys(len(pairs))
        budget.spend(items=2 * len(pairs))
        return {"dict": [[_encode(k, budget, depth + 1), _encode(v, budget, depth + 1)] for k, v in pairs]}
    if isinstance(value, str):
        return _encode_text(str.__str__(value), budget)
    if isinstance(value, int):  # members of an IntEnum, too
        return _encode_int(int.__index__(value), budget)
    if isinstance(value, float):
        return {"float": float.hex(value)}
    raise CodecError(f"A value of type {kind.__name__} cannot be compared; return numbers, texts or arrays.")


def _encode_text(text: str, budget: Budget) -> str:
    try:
        budget.spend(size=len(text.encode("utf-8")))
    except UnicodeEncodeError:
        raise CodecError("The text holds half a character (a lone surrogate).") from None
    return text


def _encode_int(number: int, budget: Budget) -> dict[str, str]:
    if number.bit_length() > 3 * MAX_DIGITS:
        raise CodecError(f"The whole number has more than about {MAX_DIGITS:,} digits.")
    digits = str(number)
    budget.spend(size=len(digits))
    return {"int": digits}


def _refuse_many_keys(count: int) -> None:
    if count > MAX_KEYS:
        raise CodecError(f"A dict holds more than {MAX_KEYS:,} keys.")


def _encode_array(value: Any, budget: Budget) -> dict[str, Any]:
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise CodecError("An array with masked entries cannot be compared; return a plain array.")
    array = np.asarray(value)
    if array.dtype.kind not in KINDS:
        raise CodecError(f"An array with entries of type {array.dtype} cannot be compared; use numbers.")
    if array.ndim > MAX_AXES or max(array.shape, default=0) > MAX_BYTES:
        raise CodecError("An array's shape is too large.")
    budget.spend(size=array.nbytes, items=array.ndim)
    code = _CODES.get(array.dtype)
    if code is None:
        array = _in_common_dtype(array)
        code = array.dtype.str.replace("|", "<")
    data = base64.b64encode(array.tobytes()).decode("ascii")
    if isinstance(value, np.generic):
        return {"scalar": code, "data": data}
    return {"array": code, "shape": list(array.shape), "data": data}


def _in_common_dtype(array: np.ndarray) -> np.ndarray:
    """The array in little-endian order, and without long doubles, which differ between processors."""
    if array.dtype.char in "gG":
        with np.errstate(over="ignore"):
            array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    return array.astype(array.dtype.newbyteorder("<"))


_DTYPES = {
    np.dtype(code).str.replace("|", "<"): np.dtype(code)
    for code in ("?", "<i1", "<i2", "<i4", "<i8", "<u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16")
}
_CODES = {dtype: code for code, dtype in _DTYPES.items() if sys.byteorder == "little"}  # stored as they are


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
        return _encode_text(form, budget)
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
    dtype = _DTYPES.get(code) if isinstance(code, str) else None
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


def only_moments(form: Any) -> Any:
    """An encoded value with larger float arrays reduced to shape, mean, standard deviation and flatness.

    Random numbers are compared by these alone, which take far less space.
    """
    if isinstance(form, list):
        return [only_moments(item) for item in form]
    if not isinstance(form, dict):
        return form
    if form.get("array") == "<f8" and math.prod(form["shape"]) > MANY:
        array = decode(form)
        with np.errstate(all="ignore"):
            mean, std = float(array.mean()), float(array.std())
            flat = flatness(array) if std else 1.0
        if np.isfinite(std) and flat**2 > 0.5:  # otherwise `_decode_moments` cannot reproduce them
            return {"moments": form["shape"], "mean": mean.hex(), "std": std.hex(), "flatness": flat.hex()}
    return {name: only_moments(item) for name, item in form.items()}


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
    _refuse_many_keys(len(pairs))
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
