"""What an encoded value may hold: so many bytes, entries and levels, and arrays of these types."""

from __future__ import annotations

import numpy as np

from dlcore.errors import CodecError

__all__ = [
    "DTYPES",
    "MAX_AXES",
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_DIGITS",
    "MAX_ITEMS",
    "MAX_KEYS",
    "Budget",
    "refuse_many_keys",
    "text_within",
]

MAX_BYTES = 2_000_000  # of array data and text in one value
MAX_DEPTH = 48
MAX_ITEMS = 10_000  # entries of lists, tuples and dicts in one value
MAX_DIGITS = 4_000  # of one integer; below Python's limit for conversion from strings
MAX_KEYS = 200  # of one dict; keys crafted to collide take time quadratic in their number
MAX_AXES = 32
DTYPES = {
    np.dtype(code).str.replace("|", "<"): np.dtype(code)
    for code in ("?", "<i1", "<i2", "<i4", "<i8", "<u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16")
}


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


def text_within(text: str, budget: Budget) -> str:
    """The text, spent from the budget; raises CodecError if that is too little, or if the text cannot be UTF-8."""
    try:
        budget.spend(size=len(text.encode("utf-8")))
    except UnicodeEncodeError:
        raise CodecError("The text holds half a character (a lone surrogate).") from None
    return text


def refuse_many_keys(count: int) -> None:
    """Raise CodecError if a dict has more keys than it may have."""
    if count > MAX_KEYS:
        raise CodecError(f"A dict holds more than {MAX_KEYS:,} keys.")
