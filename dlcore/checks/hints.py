"""Explain the most common error messages of Python and NumPy.

A hint says what an error means in the course's words. Its `gist` reveals no numbers and so
may be shown for a hidden check; `detail` names the shapes and names of the message.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from dlcore.checks.numpy_errors import NUMPY_ERRORS
from dlcore.checks.python_errors import PYTHON_ERRORS
from dlcore.checks.shape_words import explain_shapes

__all__ = ["RULES", "Hint", "explain_error", "hint_for"]

RULES = (*PYTHON_ERRORS, *NUMPY_ERRORS)
NOTHING = ""


class Hint(NamedTuple):
    """What an error means: without the message's numbers, and with them."""

    gist: str = NOTHING
    detail: str = NOTHING


def explain_error(error: str, text: str) -> Hint:
    """The usual cause of an error, in a sentence or two; empty if unknown.

    Args:
        error: the exception's class name.
        text: its message.

    >>> explain_error("IndexError", "index 3 is out of bounds for axis 0 with size 3").detail[:48]
    'Axis 0 has 3 entries, numbered 0 to 2, so there '
    """
    shapes = explain_shapes(text) if error == "ValueError" else None
    if shapes is not None:
        return Hint(*shapes)
    for kinds, pattern, words, said in RULES:
        if error.lstrip("_") not in kinds.split("|"):
            continue
        found = re.search(pattern, text)
        if found is not None:
            return Hint(words, f"{_fill(said, found)} {words}".strip())
    return Hint()


def hint_for(error: str, text: str) -> str:
    """The gist of the hint at an error; "" if unknown.

    >>> hint_for("ValueError", "The truth value of an array with more than one element is ambiguous.")[:8]
    'An `if` '
    """
    return explain_error(error, text).gist


def _fill(template: str, found: re.Match[str]) -> str:
    """The template with the groups of the match; {last} is one less than the group `size`."""
    groups = {name: value for name, value in found.groupdict().items() if value is not None}
    if "size" in groups:
        groups["last"] = str(int(groups["size"]) - 1)
    return template.format(**groups) if template else ""
