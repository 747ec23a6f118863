"""Real errors of Python and NumPy are recognised; others are left alone."""

import math
import re

import numpy as np
import pytest

from dlcore.checks.hints import RULES, explain_error, hint_for

MISTAKES = {
    "an `if` on an array": (lambda: 1 if np.arange(3) > 1 else 0, "entry by entry"),
    "inner lengths differ": (lambda: np.ones((2, 3)) @ np.ones((2, 3)), "columns of the left factor"),
    "dot of shapes that do not fit": (lambda: np.dot(np.ones((2, 3)), np.ones((2, 3))), "columns of the left factor"),
    "shapes that do not broadcast": (lambda: np.ones((2, 3)) + np.ones((3, 2)), "Two shapes do not fit"),
    "an array for a number": (lambda: np.zeros(3).__setitem__(0, [1.0, 2.0]), "where one number belongs"),
    "reshape to another size": (lambda: np.ones(6).reshape(4, 2), "keeps the number of entries"),
    "math on an array": (lambda: math.exp(np.ones(3)), "given an array"),
    "a missing argument": (lambda: (lambda a, b: a)(1), "fewer arguments"),
    "None in a sum": (lambda: None + 1, "None"),
    "a number that is called": (lambda: np.pi(4), "none. Is a variable"),
    "an index too far": (lambda: np.ones(3)[3], "beyond the array"),
    "an axis too many": (lambda: np.ones(3)[0, 0], "beyond the array"),
    "a list without shape": (lambda: [1].shape, "Make an array"),
    "float into int": (lambda: np.add(np.ones(2, int), 0.5, out=np.ones(2, int)), "whole numbers stays one"),
}


def shadowed():
    total = sum([1, 2])  # noqa: F823 (the mistake)
    sum = total
    return sum


def skipped():
    for number in (0, -1):
        if number > 0:
            found = number
    return found


MISTAKES |= {
    "a name that is not there": (lambda: m, "misspelt, or does the line that sets it come later"),  # noqa: F821
    "a function that NumPy lacks": (lambda: np.sigmoid(1), "one of your own functions"),
    "an array that should grow": (lambda: np.zeros(2).append(1), "An array does not grow"),
    "an attribute for a key": (lambda: {}.W1, "found by their names"),
    "None indexed": (lambda: entry(None, 0), "returns None"),
    "layer 0": (lambda: {"W1": 1}["W0"], "counted from 1"),
    "a gradient by the parameter's name": (lambda: {"dW1": 1}["W1"], "Gradients begin with d"),
    "a numbered key that is not there yet": (lambda: {1: 1.0}[2], "is it put in only later"),
    "a key misspelt": (lambda: {"mean": 1}["means"], "misspelt"),
    "a keyword misspelt": (lambda: np.zeros(3).sum(axes=0), "misspelt, or in the wrong pair of brackets"),
    "an argument twice": (lambda: (lambda a: a)(1, a=2), "twice"),
    "an argument too many": (lambda: (lambda a: a)(1, 2), "other arguments than its first line"),
    "a shape without brackets": (lambda: np.zeros(2, 3), "needs brackets of its own"),
    "too few names": (lambda: unpack(2, 3), "fewer names"),
    "too many names": (lambda: unpack(3, 2), "more names"),
    "one value for several names": (lambda: unpack(2, None), "only one value"),
    "a tuple taken for a dict": (lambda: entry((1, 2), "A2"), "a name of its own, as in `a, b = f(x)`"),
    "a list of lists indexed twice": (lambda: entry([[1]], (0, 0)), "Make an array of it for `[i, j]`"),
    "^ for a power": (lambda: 2.0 ^ 2.0, "A power is written `**`"),
    "^ for a power of an array": (lambda: np.ones(2) ^ 2, "A power is written `**`"),
    "a dict in a product": (lambda: {} * 0.5, "take the entry that you mean"),
    "a list times a float": (lambda: [1] * 0.5, "Make an array of it first"),
    "a number in a name": (lambda: "W" + 1, "An f-string puts a number into a name"),
    "a minus before a list": (lambda: -[1], "has no sign"),
    "square brackets for a call": (lambda: entry(unpack, 1), "called with round brackets"),
    "an entry of a number": (lambda: entry(1.5, 0), "a single number"),
    "a loop over a number": (lambda: [x for x in 3], "`range(n)` counts"),
    "a tuple changed": (lambda: change((1, 2)), "A tuple cannot be changed"),
    "a float for a count": (lambda: np.zeros(6 / 2), "`//` divides whole numbers"),
    "a tuple for a count": (lambda: range((1, 2)), "A number is needed here"),
    "a list indexed by an array": (lambda: entry([1, 2], np.array([0, 1])), "takes one whole number as an index"),
    "exp of a list of arrays": (lambda: np.exp({}), "NumPy cannot calculate with this"),
    "a whole axis as an index": (lambda: np.ones((2, 3))[np.arange(2), np.arange(3)], "equally many"),
    "a mask of another shape": (lambda: np.ones(3)[np.ones(4, bool)], "another shape than the array"),
    "a float as an index": (lambda: np.ones(3)[4 / 2], "An index is a whole number"),
    "an axis that is not there": (lambda: np.ones((2, 3)).sum(axis=2), "There is no such axis"),
    "a number in a matrix product": (lambda: 2.0 @ np.ones((2, 2)), "Write `*` for a number"),
    "pieces of other lengths": (
        lambda: np.concatenate([np.ones((2, 1)), np.ones((3, 1))], axis=1),
        "put together along the wrong axis",
    ),
    "nothing to put together": (lambda: np.concatenate([]), "Is one of them a number, or the list empty"),
    "axes that are not there": (lambda: np.ones((2, 3)).transpose(0, 1, 2), "each axis of the array once"),
    "the largest of nothing": (lambda: np.ones((2, 3))[3:].max(), "array or list is empty"),
    "a frame that is negative": (lambda: np.pad(np.ones(2), -1), "negative"),
    "letters that do not fit": (
        lambda: np.einsum("ij,jk->ik", np.ones((2, 3, 4)), np.ones((4, 2))),
        "as many as the ax",
    ),
    "lists of other lengths": (lambda: list(zip([1], [1, 2], strict=True)), "not equally long"),
    "a NaN to a whole number": (lambda: int(math.nan), "cannot become a whole number"),
    "a logarithm of 0": (lambda: math.log(0), "A logarithm or root"),
    "a division by 0": (lambda: 1 / 0, "begin at 0 that should begin at 1"),
    "an exponential too large": (lambda: math.exp(1000), "grows so fast"),
    "`+=` with a larger array": (lambda: np.ones((3, 1)).__iadd__(np.ones((3, 4))), "keep an array's shape"),
    "an array in a smaller place": (
        lambda: np.zeros((1, 1)).__setitem__(0, [1.0, 2.0]),
        "written into a place of",
    ),
}


def unpack(names, count):
    values = 1.5 if count is None else (1.5,) * count
    if names == 2:
        a, b = values
    else:
        a, b, _ = values
    return a + b


def entry(values, key):
    return values[key]


def change(values):
    values[0] = 3


MISTAKES["a variable that hides a function"] = (shadowed, "called like a function")
MISTAKES["a variable that no branch sets"] = (skipped, "skipped, by an `if`")


@pytest.mark.parametrize("name", MISTAKES)
def test_a_real_error_gets_its_hint(name):
    mistake, part = MISTAKES[name]
    with pytest.raises(Exception) as raised:
        mistake()
    assert part in hint_for(type(raised.value).__name__, str(raised.value))


# Two shapes that do not fit, and the cause that is named.
SHAPES = {
    "rows and columns swapped": ((2, 3), (3, 2), "Rows and columns of one of them are swapped"),
    "a row for a column": ((3, 4), (1, 3), "a row where a column is needed"),
    "a mean over the wrong axis": ((3, 2), (1, 4), "over the wrong axis"),
    "keepdims forgotten": ((3, 4), (3,), "without `keepdims=True`"),
    "a window that is cut off": ((1, 3, 2, 1), (3, 3, 1), "a slice beyond the end of an array is cut off there"),
    "an axis lost": ((4, 1), (1, 2, 2, 3), "One has an axis that the other lacks"),
    "another array": ((2, 4), (5, 4), "another array than you meant"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_two_shapes_that_do_not_fit_get_their_cause(name):
    first, second, words = SHAPES[name]
    with pytest.raises(ValueError, match="broadcast") as raised:
        np.ones(first) * np.ones(second)
    hint = explain_error("ValueError", str(raised.value))
    assert words in hint.gist
    assert hint.detail.startswith(f"The shapes {first} and {second} do not fit")


@pytest.mark.parametrize("letters", ["mijc,ijck->mk", "mijc,ijck->m"])
def test_the_shapes_of_a_product_of_windows_are_those_of_the_arrays(letters):
    with pytest.raises(ValueError, match="remapped") as raised:
        np.einsum(letters, np.ones((1, 2, 3, 1)), np.ones((3, 3, 1, 1)))
    hint = explain_error("ValueError", str(raised.value))
    assert hint.detail.startswith("The shapes (1, 2, 3, 1) and (3, 3, 1, 1)")
    assert "cut off" in hint.gist


def test_a_matrix_product_names_columns_and_rows():
    with pytest.raises(ValueError, match="matmul") as raised:
        np.ones((2, 3)) @ np.ones((4, 5))
    assert explain_error("ValueError", str(raised.value)).detail.startswith(
        "The left factor has 3 columns, the right one 4"
    )


def test_an_index_too_far_names_the_last_one():
    with pytest.raises(IndexError) as raised:
        np.ones((2, 3))[1, 3]
    assert explain_error("IndexError", str(raised.value)).detail.startswith("Axis 1 has 3 entries, numbered 0 to 2")


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_said_for_a_hidden_check_holds_none_of_the_messages_numbers(name):
    with pytest.raises(Exception) as raised:
        MISTAKES[name][0]()
    hint = explain_error(type(raised.value).__name__, str(raised.value))
    assert set(re.findall(r"\d+", hint.gist)) <= {"0", "1", "2", "3"}  # as in `np.zeros((2, 3))`
    assert hint.detail.endswith(hint.gist) or "shape" in hint.detail


def test_an_error_of_ones_own_gets_no_hint():
    assert hint_for("ValueError", "`A` should have shape (1, m), but it has shape (4,).") == ""
    assert hint_for("RuntimeError", "The truth value of an array") == ""


def test_every_hint_is_short():
    assert all(len(words) < 260 for _, _, words, _ in RULES)
