"""Hints for the most common error messages of Python and NumPy."""

from __future__ import annotations

import re

__all__ = ["hint_for"]

HINTS: tuple[tuple[str, str, str], ...] = (
    (
        "UnboundLocalError",
        r"local variable",
        "This name was read before it had a value. Was the line that sets it skipped, by an `if` say? "
        "Or is a variable of yours called like a function that you call?",
    ),
    (
        "ValueError",
        r"truth value of an array",
        "An `if` decides once, but an array holds many answers, one per entry. Decide entry by entry instead.",
    ),
    (
        "ValueError",
        r"matmul|not aligned|core dimension",
        "In a matrix product the columns of the left factor must be as many as the rows of the right one. "
        "Write both shapes down: is a transpose missing, or one too many?",
    ),
    (
        "ValueError",
        r"could not be broadcast|operands could not be broadcast|non-broadcastable",
        "The two shapes do not fit, entry by entry. Write both down: was an axis dropped or swapped?",
    ),
    (
        "ValueError",
        r"setting an array element with a sequence|inhomogeneous shape",
        "A whole array is put where one number belongs. Does an index lack its second axis?",
    ),
    (
        "ValueError",
        r"cannot reshape array",
        "Reshaping keeps the number of entries. Is a number written down that differs from array to array?",
    ),
    (
        "TypeError",
        r"only (length-1|0-dimensional|size-1) arrays",
        "A function for one number was given an array. NumPy's functions take arrays, those of `math` do not.",
    ),
    (
        "TypeError",
        r"positional argument|unexpected keyword",
        "The function is called with other arguments than its first line names.",
    ),
    (
        "TypeError",
        r"'NoneType'",
        "Something is None. A function without `return` returns None.",
    ),
    (
        "TypeError",
        r"not callable",
        "Something is called like a function and is none. Is a variable called like a function?",
    ),
    (
        "IndexError",
        r"out of bounds|out of range|too many indices",
        "An index points beyond the array. Is the loop over another axis, or the array of another shape?",
    ),
    (
        "AttributeError",
        r"'(list|tuple|int|float)' object has no attribute",
        "Lists and plain numbers do not have the methods of arrays. Make an array of it first.",
    ),
    (
        "RecursionError",
        r"",
        "The function calls itself without end.",
    ),
    (
        "UFuncTypeError",
        r"Cannot cast",
        "The result does not fit into the array that it is written to. An array of whole numbers stays one.",
    ),
)


def hint_for(error: str, text: str) -> str:
    """A hint at the usual cause of an error, in a sentence or two; "" if unknown.

    Args:
        error: the exception's class name.
        text: its message.

    >>> hint_for("ValueError", "The truth value of an array with more than one element is ambiguous.")[:32]
    'An `if` decides once, but an arr'
    """
    for kind, pattern, hint in HINTS:
        if error.lstrip("_") == kind and re.search(pattern, text):
            return hint
    return ""
