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

from dlcore.checks.codec.decoding import decode
from dlcore.checks.codec.encoding import encode
from dlcore.checks.codec.limits import MAX_BYTES, MAX_DEPTH, MAX_ITEMS, Budget
from dlcore.checks.codec.moments import only_moments

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_ITEMS", "Budget", "decode", "encode", "only_moments"]
