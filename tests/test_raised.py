"""Where an error arose, and what the names in that line stood for."""

import numpy as np
import pytest

from dlcore.checks.evidence import observe

X, W, B = np.ones((2, 4)), np.ones((1, 3)), np.ones((3, 1))
PARAMETERS = {"W1": W, "b1": B}


def product(X, parameters):
    return parameters["W1"] @ X


def numbered(X, parameters):
    for layer in (1, 2):
        X = X.T @ parameters[f"W{layer}"].T
    return X


def comprehension(X, parameters):
    return [parameters[name] @ X for name in ("W1",)]


def looped(X, parameters):
    total = 0.0
    for i in range(5):
        total = total + X[0, i]
    return total


def missing(X, parameters):
    empty = None
    return empty[0] + parameters["W3"]


def keys(X, parameters):
    return X + parameters["W3"]


def several_lines(X, parameters):
    return (
        X
        + parameters["b1"]
    )  # fmt: skip


SAID = {
    product: ("line 13 of product: return", "`parameters['W1']` has the shape (1, 3) and `X` has the shape (2, 4)."),
    numbered: ("line 18 of numbered: X =", "`X.T` has the shape (4, 2) and `parameters[f'W{layer}'].T` has"),
    comprehension: ("line 23 of comprehension: return [", "`X` has the shape (2, 4)."),
    looped: ("line 29 of looped: total =", "There `X` has the shape (2, 4) and `i` is 4."),
    missing: ("line 35 of missing: return", "There `empty` is None."),
    keys: ("line 39 of keys: return X", "There `parameters` has the entries 'W1', 'b1'."),
    several_lines: ("of several_lines: X", "`X` has the shape (2, 4) and `parameters['b1']` has the shape (3, 1)."),
}


@pytest.mark.parametrize("function", SAID, ids=lambda function: function.__name__)
def test_the_line_and_the_shapes_in_it_are_named(function):
    outcome = observe(function, (X, PARAMETERS), {})
    line, _, facts = outcome.where.partition("\n")
    assert (outcome.kind, SAID[function][0] in line, SAID[function][1] in facts) == ("raised", True, True), outcome


def test_an_error_in_a_function_that_was_called_is_placed_in_both():
    space = {"np": np}  # as in a notebook, where each cell is a file of its own
    exec(compile("def helper(pair):\n    return np.clip(pair, 0, 1)", "<another cell>", "exec"), space)

    def nested(X):
        pair = (X, 1.5)
        return space["helper"](pair)

    where = observe(nested, (X,), {}).where
    assert "of nested: return space" in where
    assert where.endswith("; from there, line 2 of helper\nThere `pair` is a tuple of 2.")


@pytest.mark.parametrize(
    ("function", "failed"), [(product, "W1 X"), (several_lines, "X b1"), (looped, ""), (numbered, "")]
)
def test_the_operands_of_what_failed_are_kept(function, failed):
    assert observe(function, (X, PARAMETERS), {}).failed == failed


def test_what_is_empty_is_said_to_be_empty():
    def asks_a_dict(X):
        options: dict[str, float] = {}
        return options["beta"]

    where = observe(asks_a_dict, (X,), {}).where
    assert where.endswith("There `options` is an empty dict.")


class Loud:
    """A value whose every part runs code."""

    def __getattr__(self, name):
        raise AssertionError(f"{name} was asked for")

    def __repr__(self):
        raise AssertionError("it was shown")


class Keys(dict):
    def __getitem__(self, key):
        raise AssertionError("it was looked into")


def test_nothing_of_the_students_is_called_to_describe_a_line():
    loud, table = Loud(), Keys(W1=W)

    def loudly(X):
        return X @ W + undefined + loud.T + table["W1"]  # noqa: F821

    def quietly(X):
        return np.add(X, W, loud, table)

    assert "Loud" not in observe(quietly, (X,), {}).where
    assert observe(loudly, (X,), {}).error == "ValueError"


def test_code_without_a_file_is_placed_without_words():
    space = {}
    exec("def divide(a, b):\n    return a / b", space)
    outcome = observe(space["divide"], (1, 0), {})
    assert (outcome.where, outcome.failed) == ("line 2 of divide", "")


def test_a_name_without_a_value_is_not_taken_for_one_outside():
    def unpacks(images):
        X, W, B = images.shape  # outside, these names are arrays
        return X, W, B

    def adds_too_early(X):
        total = X + W + B  # noqa: F823
        B = total  # makes B a local name
        return B

    where = observe(unpacks, (np.ones((7, 2, 2, 3)),), {}).where
    assert where.endswith(
        "X, W, B = images.shape  # outside, these names are arrays\nThere `images` has the shape (7, 2, 2, 3)."
    )
    assert "`B`" not in observe(adds_too_early, (np.ones((1, 3)),), {}).where.partition("\n")[2]


def test_names_that_are_unpacked_again_are_not_described_by_what_they_held():
    def unpacks(images):
        h, w = 1, 2
        h, w = images.shape
        return h, w

    assert observe(unpacks, (X[None],), {}).where.endswith("\nThere `images` has the shape (1, 2, 4).")


def test_an_argument_is_named_that_is_indexed_and_was_passed_in_as_a_number():
    def by_masks(z):
        out = np.zeros_like(z)
        out[z >= 0] = 1 / (1 + np.exp(-z[z >= 0]))
        return out

    def summed(z):
        z = float(np.sum(z))
        return z[0]

    assert observe(by_masks, (2.0,), {}).where.endswith("\nThere the argument `z` is the number 2.")
    assert observe(summed, (X,), {}).where.endswith("\nThere `z` is 8.")
