"""Real errors of Python and NumPy are recognised; others are left alone."""

import math

import numpy as np
import pytest

from dlcore.checks.hints import HINTS, hint_for

MISTAKES = {
    "an `if` on an array": (lambda: 1 if np.arange(3) > 1 else 0, "entry by entry"),
    "inner lengths differ": (lambda: np.ones((2, 3)) @ np.ones((2, 3)), "columns of the left factor"),
    "dot of shapes that do not fit": (lambda: np.dot(np.ones((2, 3)), np.ones((2, 3))), "columns of the left factor"),
    "shapes that do not broadcast": (lambda: np.ones((2, 3)) + np.ones((3, 2)), "two shapes do not fit"),
    "an array for a number": (lambda: np.zeros(3).__setitem__(0, [1.0, 2.0]), "where one number belongs"),
    "reshape to another size": (lambda: np.ones(6).reshape(4, 2), "keeps the number of entries"),
    "math on an array": (lambda: math.exp(np.ones(3)), "given an array"),
    "a missing argument": (lambda: (lambda a, b: a)(1), "other arguments"),
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


MISTAKES["a variable that hides a function"] = (shadowed, "called like a function")
MISTAKES["a variable that no branch sets"] = (skipped, "skipped, by an `if`")


@pytest.mark.parametrize("name", MISTAKES)
def test_a_real_error_gets_its_hint(name):
    mistake, part = MISTAKES[name]
    with pytest.raises(Exception) as raised:
        mistake()
    assert part in hint_for(type(raised.value).__name__, str(raised.value))


def test_an_error_of_ones_own_gets_no_hint():
    assert hint_for("ValueError", "`A` should have shape (1, m), but it has shape (4,).") == ""
    assert hint_for("RuntimeError", "The truth value of an array") == ""


def test_every_hint_is_short():
    assert all(len(hint) < 200 for _, _, hint in HINTS)
