"""Encode a value as plain JSON."""

from __future__ import annotations

import base64
import sys
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

__all__ = ["encode"]

KINDS = "biufc"
_CODES = {dtype: code for code, dtype in DTYPES.items() if sys.byteorder == "little"}  # stored as they are


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
        return text_within(value, budget)
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
        return text_within(str(value), budget)
    if isinstance(value, np.generic | np.ndarray):
        return _encode_array(value, budget)
    for container in (tuple, list):  # of a subclass, such as a named tuple, which is read as the container that it is
        if isinstance(value, container):
            items = list[Any](container.__iter__(value))  # type: ignore[arg-type]
            budget.spend(items=len(items))
            return {container.__name__: [_encode(item, budget, depth + 1) for item in items]}
    if isinstance(value, dict):  # OrderedDict, defaultdict and Counter, too
        pairs = list(dict.items(value))
        refuse_many_keys(len(pairs))
        budget.spend(items=2 * len(pairs))
        return {"dict": [[_encode(k, budget, depth + 1), _encode(v, budget, depth + 1)] for k, v in pairs]}
    if isinstance(value, str):
        return text_within(str.__str__(value), budget)
    if isinstance(value, int):  # members of an IntEnum, too
        return _encode_int(int.__index__(value), budget)
    if isinstance(value, float):
        return {"float": float.hex(value)}
    raise CodecError(f"A value of type {kind.__name__} cannot be compared; return numbers, texts or arrays.")


def _encode_int(number: int, budget: Budget) -> dict[str, str]:
    if number.bit_length() > 3 * MAX_DIGITS:
        raise CodecError(f"The whole number has more than about {MAX_DIGITS:,} digits.")
    digits = str(number)
    budget.spend(size=len(digits))
    return {"int": digits}


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
