import math
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dlcore.checks.compare import COMPARISONS, Settings, agree
from dlcore.checks.diagnosis import diagnose, difference, show
from tests.test_codec import pairs, values

CLOSE = Settings()


def rng(seed=0):
    return np.random.default_rng(seed)


Z = rng(1).normal(size=(3, 5))  # 3 rows and 5 columns, no two entries alike
SQUARE = rng(2).normal(size=(4, 4))
INF_AT_23 = Z.copy()
INF_AT_23[2, 3] = np.inf
NAN_TWICE = Z.copy()
NAN_TWICE[0, 1] = NAN_TWICE[2, 2] = np.nan
ONE_OFF = Z.copy()
ONE_OFF[1, 2] += 1

# What was expected, what came, the kind of slip, and a part of the sentence that a student reads.
PLANTED = {
    "None for a number": (1.5, None, "none", "Is the `return` missing?"),
    "None for an array": (Z, None, "none", "Is the `return` missing?"),
    "None for a tuple": ((1.5, Z), None, "none", "Is the `return` missing?"),
    "None where no `if` is true": (1.5, None, "none", "in an `if` that is never true, for a name that is spelt"),
    "0 for an array of zeros": (np.zeros((2, 3)), 0, "type", "All entries of the array have this value, but an array"),
    "0.5 for whole zeros": (np.zeros((2, 3), int), 0.5, "type", "Was everything added up, so that the sum"),
    "arrays in an array": (np.ones((2, 3)), np.ones((7, 2, 2)), "shape", "was one made, by `np.newaxis`, a `reshape`"),
    "an axis lost": (np.ones((2, 3, 2)), np.ones((7, 4)), "shape", "was one lost by a sum or an index?"),
    "None inside a tuple": (
        (1.5, Z),
        (1.5, None),
        "none",
        "Only the second of the 2 values is wrong: It is None. Was it given",
    ),
    "a number for None": (None, 1.5, "type", "a number where None is asked for"),
    "a text for a number": (1.5, "1.5", "type", "It returned a text where a number is asked for. It was '1.5'."),
    "a number for an array": (Z, 1.5, "type", "a number where an array with 2 axes"),
    "a list for an array": (Z, Z.tolist(), "type", "a list where an array with 2 axes"),
    "an array for a text": ("yes", np.zeros(3), "type", "an array with one axis where a text"),
    "an array for a tuple": ((1.5, 2.5), Z, "type", "an array with 2 axes where 2 values (a tuple)"),
    "a number for a dict": ({"W1": Z}, 1.5, "type", "a number where a dict"),
    "another text": ("yes", "no", "values", "Expected 'yes', got 'no'."),
    "too few values": ((1.5, 2.5, 3.5), (1.5, 2.5), "count", "2 values where 3 are asked for"),
    "too many values": ([1.5], [1.5, 2.5], "count", "The list should have 1 entry, but it has 2 entries."),
    "a missing key": ({"dW1": Z, "db1": 1.5}, {"dW1": Z}, "keys", "It lacks 'db1'."),
    "an extra key": ({"dW1": Z}, {"dW1": Z, "W1": Z}, "keys", "It also has 'W1'."),
    "another key": ({"dW1": Z}, {"W1": Z}, "keys", "It lacks 'dW1'. It also has 'W1'."),
    "numbers for truth": (Z > 0, (Z > 0).astype(int), "truth", "numbers where True and False"),
    "truth for numbers": ((Z > 0).astype(float), Z > 0, "truth", "True and False where numbers"),
    "one number for True": (True, 1, "truth", "numbers where True and False"),
    "a wrong shape": (
        Z,
        Z[:2] + 1,
        "one-off",
        "The shape should be (3, 5), but it is (2, 5). It has one entry too few",
    ),
    "another wrong shape": (Z, np.ones((3, 8)), "shape", "It has too many or too few columns"),
    "an array for a number": (1.5, np.array([1.5]), "shape", "A plain number is asked for"),
    "a matrix for a number": (1.5, np.array([[1.5]]), "shape", "A plain number is asked for"),
    "all in one sum": (Z, np.asarray(Z.sum()), "shape", "Does the sum or mean need an axis?"),
    "rank 1 for a row": (Z[:1], Z[0], "rank-1", "(1, 5), but it is (5,). It is a rank-1 array"),
    "rank 1 for a column": (Z[:, :1], Z[:, 0], "rank-1", "neither a row nor a column"),
    "rows and columns swapped": (
        Z,
        Z.T,
        "transposed",
        "should be (3, 5), but it is (5, 3). The result is transposed. Rows and columns",
    ),
    "a square swapped": (SQUARE, SQUARE.T, "transposed", "rows and columns are swapped"),
    "NaN": (1.5, math.nan, "not-finite", "NaN (not a number), where 1.5 is expected"),
    "NaN in an array": (Z, NAN_TWICE, "not-finite", "NaN (not a number) at index [0, 1], and 1 more"),
    "infinity in an array": (Z, INF_AT_23, "not-finite", f"infinity at index [2, 3], where {show(Z[2, 3])}"),
    "minus infinity": (1.5, -math.inf, "not-finite", "infinity, where 1.5"),
    "the wrong sign": (Z, -Z, "negated", "The sign is wrong"),
    "the wrong sign of a number": (1.5, -1.5, "negated", "The sign is wrong"),
    "the wrong sign of small whole numbers": (
        np.array([1, 128]),
        np.array([-1, -128], np.int8),
        "negated",
        "The sign is wrong",
    ),
    "the wrong sign of bytes": (np.array([-1, -2]), np.array([1, 2], np.uint8), "negated", "The sign is wrong"),
    "a sum for a mean": (Z, 7 * Z, "factor-m", "7 times too large, and 7 is the length of an axis"),
    "a sum for a mean of one number": (1.5, 10.5, "factor-m", "7 times too large"),
    "divided once too often": (Z, Z / 7, "factor-1/m", "7 times too small, and 7 is the length of an axis"),
    "another factor": (Z, 3.25 * Z, "factor", "All numbers are 3.25 times what is expected"),
    "half of a number": (1.5, 0.75, "factor", "a factor of two: is a two too many, or a half missing?"),
    "a count for another": (3, 1, "values", "Expected 3, got 1."),
    "a count 7 times too large": (np.int64(2), 14, "values", "Expected 2, got 14."),
    "counts 7 times too large": (np.array([1, 3]), np.array([7, 21]), "factor", "All numbers are 7 times"),
    "the sum of whole numbers for their mean": (1.5, 7.5, "factor-m", "A sum for a mean?"),
    "a share for a count": (21, 3.0, "factor-1/m", "7 times too small"),
    "an index": (
        ("W1", (1, 0), 0.5),
        ("W1", (2, 0), 0.5),
        "values",
        "Only the second of the 3 values is wrong: Expected (1, 0), got (2",
    ),
    "an index of another length": ((1.5, (1, 0)), (1.5, (1,)), "count", "1 value where 2 are asked for"),
    "percent": (0.9, 90.0, "factor", "Is it in percent, or not?"),
    "cut to whole numbers": (Z, Z.astype(int), "integer", "cut to whole numbers"),
    "rounded": (Z, np.rint(Z).astype(int), "integer", "cut to whole numbers"),
    "rounded down": (Z, np.floor(Z).astype(int), "integer", "cut to whole numbers"),
    "rounded, but not to whole numbers": (Z, np.rint(Z), "rounded", "right but for rounding. Return them as they are."),
    "infinity where it belongs": (np.array([np.inf, 1.5]), np.array([np.inf, 4.0]), "some-entries", "index [1]"),
    "one wrong entry": (Z, ONE_OFF, "some-entries", "1 of 15 entries differ, the first at index [1, 2]"),
    "half of the entries": (
        Z,
        np.where(Z > 0.5, 9 - Z**2, Z),
        "some-entries",
        f"{(Z > 0.5).sum()} of 15 entries differ",
    ),
    "other numbers": (Z, Z**2 + 10, "values", "Expected array([["),
    "another number": (1.5, 4.0, "values", "Expected 1.5, got 4."),
    "a slip inside a tuple": ((1.5, Z), (1.5, -Z), "negated", "Only the second of the 2 values is wrong: The sign is"),
    "a slip inside a dict": ({"dW1": Z}, {"dW1": Z.T}, "transposed", "The entry 'dW1': The shape should be"),
    "a slip inside a list": ([1.0] * 9, [1.0] * 8 + [-1.0], "negated", "Only entry 8 of the list is wrong"),
    "a slip far inside": (
        {"c": [(1.5, Z)]},
        {"c": [(1.5, 7 * Z)]},
        "factor-m",
        "The entry 'c': Entry 0 of the list: Only",
    ),
}
planted = pytest.mark.parametrize(("expected", "got", "kind", "words"), PLANTED.values(), ids=PLANTED)


@planted
def test_a_planted_mistake_gets_its_diagnosis(expected, got, kind, words):
    assert not agree(expected, got)
    found = diagnose(expected, got, CLOSE, lengths=[5, 7])
    assert found.kind == kind
    assert words in found.detail


def allowed_numbers(expected, got):
    """What a gist may mention: how many values and axes there are, and the 1 of "rank-1" and "1/m"."""
    found = {"1"}
    for value in (expected, got):
        if isinstance(value, np.ndarray):
            found.add(str(value.ndim))
        if isinstance(value, dict):
            found |= allowed_numbers(list(value.values()), None) | set(re.findall(r"\d+", str(list(value))))
        if isinstance(value, list | tuple):
            found.add(str(len(value)))
            found |= {number for item in value for number in allowed_numbers(item, None)}
            found |= {str(place) for place in range(6, len(value))}
    return found | {"0"}  # "a division by 0"


@planted
def test_a_gist_holds_no_numbers_of_the_values(expected, got, kind, words):
    gist = diagnose(expected, got, CLOSE, lengths=[5, 7]).gist
    assert set(re.findall(r"\d+", gist)) <= allowed_numbers(expected, got)
    assert "(3, 5)" not in gist
    assert "'no'" not in gist


SLIPS = {
    "negated": lambda Z: -Z,
    "transposed": lambda Z: Z.T,
    "factor": lambda Z: 3.25 * Z,
    "factor-m": lambda Z: 7 * Z,
    "factor-1/m": lambda Z: Z / 7,
    "not-finite": lambda Z: np.where(np.median(Z) < Z, np.nan, Z),
    "some-entries": lambda Z: np.where(np.arange(15).reshape(3, 5) % 4 == 1, 1.5 * Z**3 + 1, Z),
    "values": lambda Z: Z**2 + 3 * np.abs(Z),
    "frame": lambda Z: Z[1:],
}


@given(st.floats(1, 1e6), st.integers(0, 1000), st.sampled_from(sorted(SLIPS)))
def test_a_gist_is_the_same_whatever_the_numbers_are(scale, seed, kind):
    other, slip = rng(seed).normal(size=Z.shape) * scale, SLIPS[kind]
    found = diagnose(other, slip(other), CLOSE, lengths=[5, 7])
    assert found.kind == kind
    assert found.gist == diagnose(Z, slip(Z), CLOSE, lengths=[5, 7]).gist


@given(values, values, st.sampled_from(COMPARISONS), st.lists(st.integers(2, 9), max_size=3))
@example([0, 1], [0, -(2**63) - 1], "close", [])
def test_any_two_values_that_differ_get_a_diagnosis(expected, got, comparison, lengths):
    settings = Settings(comparison)
    if not agree(expected, got, settings):
        found = diagnose(expected, got, settings, lengths)
        assert found.kind
        assert found.gist
        assert len(found.detail) < 5000


@given(pairs, st.sampled_from(COMPARISONS), st.lists(st.integers(2, 9), max_size=3))
def test_any_two_arrays_of_one_shape_that_differ_get_a_diagnosis(pair, comparison, lengths):
    settings = Settings(comparison)
    if not agree(*pair, settings):
        assert diagnose(*pair, settings, lengths).gist


@given(st.integers(2, 50), st.integers(0, 1000))
def test_the_factor_m_is_named_for_every_m(m, seed):
    expected = rng(seed).normal(size=(3, 2))
    assert diagnose(expected, expected * m, CLOSE, [m]).kind == "factor-m"
    assert diagnose(expected, expected / m, CLOSE, [m]).kind == "factor-1/m"
    assert diagnose(expected, expected * (m + 0.5), CLOSE, [m]).kind == "factor"


def test_a_factor_of_a_single_number_is_named_only_if_it_is_a_usual_one():
    assert diagnose(1.5, 1.5 * 1.7, CLOSE).kind == "values"
    assert diagnose(1.5, 3.0, CLOSE).kind == "factor"


def test_a_list_for_a_tuple_is_named_where_types_count():
    found = diagnose((1.5, 2.5), [1.5, 2.5], Settings("exact"))
    assert found.kind == "type"
    assert found.detail == "It returned a list where a tuple is asked for."


def test_a_draw_with_the_wrong_spread_is_not_said_to_be_right_in_some_entries():
    expected = rng(1).normal(size=(30, 30))
    got = expected * rng(2).uniform(2, 9, size=(30, 30))
    got[0, 0] = expected[0, 0]
    assert diagnose(expected, got, Settings("moments")).kind == "moments"


def test_a_draw_from_another_distribution_is_not_said_to_have_the_wrong_spread():
    expected, got = rng(1).normal(size=3000), rng(2).uniform(-np.sqrt(3), np.sqrt(3), size=3000)
    found = diagnose(expected, got, Settings("moments"))
    assert found.kind == "distribution"
    assert "another distribution" in found.detail


IMAGES = rng(3).normal(size=(2, 4, 5, 3))
PROBABILITIES = np.exp(Z) / np.exp(Z).sum(axis=0)
COUNTS = np.array([[1, 1, 0, 0], [0, 2, 0, 2], [0, 0, 0, 0], [1, 0, 0, 1]])
FRAMED = np.pad(IMAGES, ((0, 0), (1, 1), (1, 1), (0, 0)))
NOISE = rng(4).normal(size=Z.shape)
EMPTY_AT_THE_END = np.where(np.arange(5) == 4, 0, Z)
ROW_ONLY = np.where(np.arange(3)[:, None] == 0, Z, 0)


# What was expected, what came, the kind of mistake, and a part of the sentence.
CAUSES = {
    "summed over the other axis": (np.ones((3, 1)), np.ones((1, 5)), "axis", "over the wrong axis. It is axis 1 that"),
    "not summed at all": (Z.sum(axis=1), Z, "axis", "Its sum over this axis is the right result"),
    "one mean for each row": (Z.mean(), Z.mean(axis=1), "axis", "Their mean is the right number"),
    "an axis lost": (Z, Z.sum(axis=0), "axis", "An axis is gone that should stay"),
    "an axis of length one too many": (Z, Z[np.newaxis], "shape", "an axis of length one too many"),
    "along the other axis": (np.arange(5.0), np.arange(3.0), "axis", "as long as another axis of the argument"),
    "channels first": (IMAGES, IMAGES.transpose(0, 3, 1, 2), "transposed", "`transpose(0, 2, 3, 1)` mends it"),
    "height and width exchanged": (
        IMAGES,
        np.ones((2, 5, 4, 3)),
        "transposed",
        "height and width, if these are images",
    ),
    "one window too few": (IMAGES, np.ones((2, 3, 4, 3)), "one-off", "one place too few for the window"),
    "one window too many": (IMAGES, np.ones((2, 5, 6, 3)), "one-off", "one place too many for the window"),
    "another stride": (IMAGES, np.ones((2, 2, 2, 3)), "shape", "(n + 2·pad − f) // stride + 1"),
    "the frame left": (
        IMAGES,
        FRAMED,
        "frame",
        "there are more of them around it. It concerns axes 1 (height of images)",
    ),
    "the frame lost": (FRAMED, IMAGES, "frame", "the frame is missing"),
    "the last one lost": (Z, Z[:, :-1], "frame", "the last ones are missing. It concerns axis 1"),
    "a reshape forgotten": (Z, Z.reshape(15, 1), "shape", "they only lack a `reshape`"),
    "nothing left": (Z, Z[:, 2:2], "shape", "It is empty"),
    "values exchanged": ((Z, 2.25), (2.25, Z), "order", "Yours come in the order second, first."),
    "two of three exchanged": (
        (Z, NOISE, 2.25),
        (Z, 2.25, NOISE),
        "order",
        "in another order. The second and the third are swapped.",
    ),
    "three of four moved on": (
        [Z, 2.25, 7.5, NOISE],
        [Z, NOISE, 2.25, 7.5],
        "order",
        "Yours come in the order first, fourth, second, third.",
    ),
    "one in place of another": ((Z, NOISE), (NOISE, NOISE), "order", "The first value is the one that is asked for as"),
    "the others missing": ((Z, NOISE), Z, "type", "It is the first of them; the others are missing."),
    "one too many": (Z, (Z, NOISE), "type", "Only its first value is asked for."),
    "the last one missing": ((Z, NOISE, 2.25), (Z, NOISE), "count", "the last one is missing"),
    "one in the middle missing": (
        [Z, NOISE, SQUARE],
        [Z, SQUARE],
        "count",
        "The second is missing; the others are right",
    ),
    "a tuple unpacked": ((Z, (NOISE, SQUARE)), (Z, NOISE, SQUARE), "count", "a tuple within the tuple"),
    "a list where an array": (Z, Z.tolist(), "type", "Make an array of it with `np.array`."),
    "a number where an array": (Z, 1.25, "type", "the function return in the first turn of a loop?"),
    "right values, other names": ({"dW": Z, "b": 1.5}, {"W": Z, "b": 1.5}, "keys", "'W' is to be called 'dW'"),
    "one entry for another": ({"Z": Z, "A": NOISE}, {"Z": Z, "A": Z}, "swapped", "holds what belongs to 'Z'"),
    "entries exchanged": ({"Z": Z, "A": NOISE}, {"Z": NOISE, "A": Z}, "swapped", "have been swapped"),
    "squares": (Z, Z**2, "square", "is a square root missing?"),
    "roots": (PROBABILITIES, np.sqrt(PROBABILITIES), "root", "is a root too many"),
    "a fraction upside down": (0.37, 1 / 0.37, "reciprocal", "upside down"),
    "the other share": (PROBABILITIES, 1 - PROBABILITIES, "complement", "one minus the right ones"),
    "a ReLU too many": (Z, np.maximum(Z, 0), "relu", "is a maximum with 0 too many?"),
    "a ReLU missing": (np.maximum(Z, 0), Z, "relu", "is a maximum with 0 (ReLU) missing?"),
    "signs lost": (Z, np.abs(Z), "absolute", "the minus signs are lost"),
    "tanh missing": (np.tanh(Z), Z, "tanh", "The tanh of your numbers is the right result"),
    "a slope for a value": (0.88079708, 0.88079708 * (1 - 0.88079708), "slope", "it is the slope for the value"),
    "a logarithm": (PROBABILITIES, np.log(PROBABILITIES), "log", "the logarithms of the right ones"),
    "one added": (Z, Z + 1, "plus-one", "the right ones plus one"),
    "another base": (0.37, 0.37 / np.log(2), "factor", "Is the logarithm to another base?"),
    "m for m − 1": (Z, Z * 7 / 6, "factor", "divided by m − 1 where m is asked for?"),
    "the wrong m": (Z, Z * 7 / 5, "factor", "It is 7/5 times what is expected"),
    "two decimals": (Z, np.round(Z, 2), "rounded", "right but for rounding"),
    "complex numbers": (Z, NOISE + 1j * Z, "complex", "Take its `.imag`."),
    "everything shifted": (Z, Z + 0.375, "shifted", "off by the same amount"),
    "each row shifted": (
        Z,
        Z + np.array([[1.5], [2.25], [-3]]),
        "shifted",
        "Each index of axis 0 has an amount of its own",
    ),
    "each row scaled": (
        Z,
        Z * np.array([[1.5], [2.25], [-3]]),
        "scaled",
        "Each index of axis 0 has a factor of its own",
    ),
    "each row stretched": (
        Z,
        Z * np.array([[1.5], [2.25], [3]]) + np.array([[1], [0], [2]]),
        "stretched",
        "Each row is right but for a factor",
    ),
    "softmax over the rows": (
        PROBABILITIES,
        np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True),
        "axis",
        "should sum to one, but in yours the rows do: it is the wrong axis",
    ),
    "a sum of one missing": (PROBABILITIES, PROBABILITIES + NOISE**2, "axis", "should sum to one, and yours do not"),
    "a length for another": (5, 7, "length", "the length of another axis"),
    "a count one too small": (3, 2, "one-off", "It is one too small"),
    "positions": (Z, Z.argsort(axis=1), "positions", "`argmax` says where"),
    "backwards": (Z, Z[:, ::-1], "order", "in reverse order. That is along axis 1"),
    "turned by half": (SQUARE, SQUARE[::-1, ::-1], "order", "in reverse order. That is along axes 0 and 1"),
    "one place too late": (Z, np.roll(Z, 1, axis=1), "moved", "one place too late. That is along axis 1"),
    "one place too early": (Z, np.roll(Z, -1, axis=1), "moved", "one place too early"),
    "rows in another order": (Z, Z[[2, 0, 1]], "moved", "one place too late"),
    "columns in another order": (
        Z,
        Z[:, [2, 0, 1, 4, 3]],
        "order",
        "The right columns are there, but in another order",
    ),
    "sorted": (np.array([3, 1, 4, 1, 5]), np.array([1, 1, 3, 4, 5]), "order", "they are sorted"),
    "read in another order": (Z, Z.T.reshape(Z.shape), "mixed", "a `reshape` reads the entries in another order"),
    "a sum never begun anew": (Z, Z.cumsum(axis=0), "accumulated", "something is added to that should start anew"),
    "nothing added up": (Z.cumsum(axis=1), Z, "accumulated", "what should be added to is set anew"),
    "one list in all rows": (COUNTS, np.array([COUNTS.sum(axis=0)] * 4), "alike", "`[[0] * n] * n` repeats one"),
    "the last row in all": (Z, np.array([Z[-1]] * 3), "alike", "each is the last one"),
    "the first row in all": (Z, np.array([Z[0]] * 3), "alike", "each is the first one"),
    "one mean for all": (Z, np.full(Z.shape, Z.mean()), "constant", "one mean over everything"),
    "never filled": (Z, np.zeros(Z.shape), "constant", "does the loop that fills the array never run"),
    "the first entry nearly right": (
        Z,
        Z * np.where(np.arange(15).reshape(3, 5) == 0, 1.005, 1),
        "nearly",
        "nearly right: is a small number, such as ε, another one",
    ),
    "the last column never filled": (Z, EMPTY_AT_THE_END, "unset", "Only the last row, column or entry is wrong"),
    "only the first row filled": (Z, ROW_ONLY, "unset", "Only the first row, column or entry is filled"),
    "negative ones wrong": (Z, np.where(Z < 0, Z**2 + 9, Z), "sign", "Exactly those are wrong that should be negative"),
    "some signs wrong": (Z, np.where(Z > 0.5, -Z, Z), "negated", "The wrong ones have the wrong sign."),
    "some twice too large": (Z, np.where(Z > 0.5, 2 * Z, Z), "factor", "The factor is 2."),
    "only the diagonal wrong": (SQUARE, SQUARE * (1 - 2.5 * np.eye(4) * SQUARE), "place", "on the diagonal are wrong"),
    "only the border wrong": (
        IMAGES,
        np.pad(IMAGES[:, 1:-1, 1:-1], ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=9),
        "place",
        "Only entries at the border are wrong",
    ),
    "a list never begun anew": (
        [1.51, 2.27, 4.01, 1.79],
        [1.51, 3.78, 7.79, 9.58],
        "accumulated",
        "The list: Each number",
    ),
}


@pytest.mark.parametrize(("expected", "got", "kind", "words"), CAUSES.values(), ids=CAUSES)
def test_a_cause_that_the_numbers_prove_is_named(expected, got, kind, words):
    assert not agree(expected, got)
    found = diagnose(expected, got, CLOSE, lengths=[3, 5, 7])
    assert (found.kind, words in found.detail) == (kind, True), found.detail
    assert set(re.findall(r"\d+", found.gist)) <= {"0", "1", "2"} | allowed_numbers(expected, got)


PROVEN = ("shifted", "scaled", "stretched", "moved", "mixed", "accumulated", "alike", "frame", "order", "swapped")
NUMBERS = {
    name: (expected, got, kind)
    for name, (expected, got, kind, _) in CAUSES.items()
    if isinstance(expected, np.ndarray) and isinstance(got, np.ndarray) and got.dtype.kind == "f" and got.size > 4
    if kind in PROVEN or expected.shape == got.shape
}


@pytest.mark.parametrize(("expected", "got", "kind"), NUMBERS.values(), ids=NUMBERS)
def test_a_cause_is_not_named_where_the_numbers_are_others(expected, got, kind):
    noise = rng(9).normal(size=got.shape) * (np.abs(got).max() + 1)
    if kind in ("unset", "sign", "factor", "negated", "place"):  # where it is wrong, not what
        noise = np.where(got == 0, 0, noise)
    found = diagnose(expected, got + noise, CLOSE, lengths=[3, 5, 7])
    assert found.kind in ("values", "shape", "one-off", "axis"), found.detail


@pytest.mark.parametrize("got", [np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0]), np.array([1.0, 1.0, 0.0])])
def test_few_zeros_and_ones_prove_nothing(got):
    found = diagnose(np.array([0.0, 1.0, 0.0]), got, CLOSE)
    assert found.kind not in (*PROVEN, "complement", "square")


def test_a_single_simple_number_proves_no_function():
    assert diagnose(4.0, 16.0, CLOSE).kind == "values"
    assert diagnose(2.0, 0.5, CLOSE).kind == "values"


def test_lengths_of_one_and_none_explain_no_factor():
    assert diagnose(Z, Z * 3.25, CLOSE, lengths=[0, 1]).kind == "factor"


def test_where_one_value_of_several_has_a_clear_cause_it_is_told():
    expected, got = {"A": Z, "B": NOISE}, {"A": Z**3 - 4, "B": -NOISE}
    assert diagnose(expected, got, CLOSE).detail.startswith("The entry 'B': The sign is wrong")


@pytest.mark.parametrize(
    ("expected", "got", "said"),
    [
        (1.5, -1.5, "Expected 1.5, got -1.5."),
        (Z, -Z, f"Expected {show(Z)}, got {show(-Z)}."),
        (np.arange(3), np.array([0, 1, 5]), "1 of 3 entries differ, the first at index [2]: expected 2, got 5."),
        (np.ones((2, 3)), np.ones((3, 2)), "The shape should be (2, 3), but it is (3, 2)."),
        ((1.0, 2.0), (1.0, 4.0), "The second of the 2 values: Expected 2.0, got 4.0."),
        ((1.0,), (4.0,), "The only value: Expected 1.0, got 4.0."),
        ({"A": 1.0, "B": 2.0}, {"A": 1.0, "B": 0.5}, "The entry 'B': Expected 2.0, got 0.5."),
        ([1.0, 2.0], [2.0, 2.0], "Expected [1.0, 2.0], got [2.0, 2.0]."),
        ("left", "right", "Expected 'left', got 'right'."),
        (np.float64(1.5), 2.0, "Expected 1.5, got 2.0."),
        (np.float64(1.5), 2, "Expected 1.5, got 2."),
        (4, 3.5, "Expected 4, got 3.5."),
        (np.int64(4), np.array(5), "Expected 4, got 5."),
        (Z, 1.0, "It returned a number where an array with 2 axes is asked for. It was 1.0."),
        (
            [(Z, 1.0), (Z, 2.0)],
            [(Z, 1.0), (Z[:2], 2.0)],
            "Entry 1 of the list: The first of the 2 values: The shape should be (3, 5), but it is (2, 5).",
        ),
        (
            [Z, Z],
            [Z, Z, -Z],
            "The list should have 2 entries, but it has 3 entries. Of these the last one is too many; "
            "the rest is right.",
        ),
    ],
)
def test_a_difference_is_told_without_a_guess(expected, got, said):
    assert difference(expected, got, CLOSE) == said


@pytest.mark.parametrize(("expected", "got"), [(1.0, None), ({"A": 1.0}, {"B": 1.0}), ((1.0, 2.0), (1.0,)), ("a", 1)])
def test_a_difference_of_kinds_is_told(expected, got):
    assert difference(expected, got, CLOSE) == diagnose(expected, got, CLOSE).detail


def test_a_large_array_is_diagnosed_without_search():
    expected = rng(5).normal(size=(700, 300))
    assert diagnose(expected, expected[::-1], CLOSE).kind == "values"
    assert diagnose(expected[:600], expected[:600][::-1], CLOSE).kind == "order"


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (rng(6).random(500), "Yours are never negative"),
        (rng(6).normal(size=5000) * np.sqrt(0.5), "Your variance is half of what it should be."),
        (rng(6).normal(size=500) * 7, "spread too widely"),
        (np.full(500, 0.25), "never negative"),
    ],
)
def test_a_draw_with_another_spread_gets_its_cause(draw, words):
    assert words in diagnose(rng(1).normal(size=draw.size), draw, Settings("moments")).detail


def test_a_deviation_that_is_the_variance_lacks_a_root():
    found = diagnose(0.2 * rng(1).normal(size=9000), 0.04 * rng(6).normal(size=9000), Settings("moments"))
    assert "a square root is missing" in found.gist


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.5, "1.5"),
        (1 / 3, "0.33333333"),
        (np.float64(1.5), "1.5"),
        (np.int64(3), "3"),
        (True, "True"),
        (None, "None"),
        ("a", "'a'"),
        ((1.5,), "(1.5,)"),
        ((1.5, "a"), "(1.5, 'a')"),
        ([], "[]"),
        ({"W": 1.5}, "{'W': 1.5}"),
        (np.array(1.5), "1.5"),
        (np.array([1 / 3]), "array([0.333333])"),
        (np.array([[1.0, 2.5]]), "array([[1. , 2.5]])"),
        (np.zeros((100, 2)), "an array of shape (100, 2) that begins 0., 0., 0., 0., …"),
    ],
)
def test_values_are_shown_as_a_student_would_type_them(value, text):
    assert show(value) == text


@given(values)
def test_what_is_shown_is_short(value):
    assert len(show(value)) < 2500


def test_of_random_numbers_mean_and_spread_are_compared_and_not_the_draws():
    rng = np.random.default_rng(4)
    want, have = rng.normal(0, 0.5, 40), rng.normal(1, 2, 40)
    found = difference(want, have, Settings(compare="moments"))
    assert found.endswith(f"theirs are {have.mean():.2g} and {have.std():.2g}.")
    assert str(want[0])[:5] not in found
