import math
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dlcore.checks.compare import COMPARISONS, Settings, agree
from dlcore.checks.diagnosis import diagnose, show
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
    "None inside a tuple": ((1.5, Z), (1.5, None), "none", "The second of the 2 values: It is None. Was it given"),
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
    "a wrong shape": (Z, Z[:2], "shape", "The shape should be (3, 5), but it is (2, 5)."),
    "an array for a number": (1.5, np.array([1.5]), "shape", "A plain number is asked for"),
    "a matrix for a number": (1.5, np.array([[1.5]]), "shape", "A plain number is asked for"),
    "all in one sum": (Z, np.asarray(Z.sum()), "shape", "Does the sum or mean need an axis?"),
    "rank 1 for a row": (Z[:1], Z[0], "rank-1", "(1, 5), but it is (5,). It is a rank-1 array"),
    "rank 1 for a column": (Z[:, :1], Z[:, 0], "rank-1", "neither a row nor a column"),
    "rows and columns swapped": (Z, Z.T, "transposed", "should be (3, 5), but it is (5, 3). Rows and columns"),
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
    "half of a number": (1.5, 0.75, "factor", "The number is 0.5 times"),
    "a count for another": (3, 1, "values", "Expected 3, got 1."),
    "a count 7 times too large": (np.int64(2), 14, "values", "Expected 2, got 14."),
    "counts 7 times too large": (np.array([1, 3]), np.array([7, 21]), "factor", "All numbers are 7 times"),
    "the sum of whole numbers for their mean": (1.5, 7.5, "factor-m", "A sum for a mean?"),
    "a share for a count": (21, 3.0, "factor-1/m", "7 times too small"),
    "an index": (
        ("W1", (1, 0), 0.5),
        ("W1", (2, 0), 0.5),
        "values",
        "The second of the 3 values: Expected (1, 0), got (2",
    ),
    "an index of another length": ((1.5, (1, 0)), (1.5, (1,)), "count", "1 value where 2 are asked for"),
    "percent": (0.9, 90.0, "factor", "100 times"),
    "cut to whole numbers": (Z, Z.astype(int), "integer", "cut to whole numbers"),
    "rounded": (Z, np.rint(Z).astype(int), "integer", "cut to whole numbers"),
    "rounded down": (Z, np.floor(Z).astype(int), "integer", "cut to whole numbers"),
    "rounded, but not to whole numbers": (Z, np.rint(Z), "values", "Expected array([["),
    "infinity where it belongs": (np.array([np.inf, 1.5]), np.array([np.inf, 4.0]), "some-entries", "index [1]"),
    "one wrong entry": (Z, ONE_OFF, "some-entries", "1 of 15 entries differ, the first at index [1, 2]"),
    "half of the entries": (Z, np.abs(Z), "some-entries", f"{(Z < 0).sum()} of 15 entries differ"),
    "other numbers": (Z, Z**2 + 10, "values", "Expected array([["),
    "another number": (1.5, 4.0, "values", "Expected 1.5, got 4."),
    "a slip inside a tuple": ((1.5, Z), (1.5, -Z), "negated", "The second of the 2 values: The sign is wrong"),
    "a slip inside a dict": ({"dW1": Z}, {"dW1": Z.T}, "transposed", "The entry 'dW1': The shape should be"),
    "a slip inside a list": ([1.0] * 9, [1.0] * 8 + [-1.0], "negated", "Entry 8 of the list"),
    "a slip far inside": ({"c": [(1.5, Z)]}, {"c": [(1.5, 7 * Z)]}, "factor-m", "'c': Entry 0 of the list: The s"),
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
    "some-entries": lambda Z: np.where(np.median(Z) < Z, 1.5 * Z, Z),
    "values": lambda Z: Z**2 + 10,
    "shape": lambda Z: Z[1:],
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
