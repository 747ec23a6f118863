import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dlcore.checks.codec import decode, encode, only_moments
from dlcore.checks.compare import COMPARISONS, FLOOR, SHARE, Settings, agree, is_number, near, same_flatness
from tests.test_codec import native, pairs, values

CLOSE, EXACT, MOMENTS, COST = (Settings(name) for name in COMPARISONS)
finite = st.floats(-1e100, 1e100)
shapes = hnp.array_shapes(min_dims=1, max_dims=3, max_side=4)
matrices = hnp.arrays(float, shapes, elements=finite)


def rng(seed=0):
    return np.random.default_rng(seed)


@given(values, values, st.sampled_from(COMPARISONS))
def test_any_two_values_can_be_compared(expected, got, comparison):
    assert agree(expected, got, Settings(comparison)) in (True, False)


@given(pairs, st.sampled_from(COMPARISONS))
def test_any_two_arrays_of_one_shape_can_be_compared(pair, comparison):
    assert agree(*pair, Settings(comparison)) in (True, False)


@given(values)
def test_every_value_agrees_with_itself(value):
    assert agree(value, native(value))
    assert agree(value, native(value), EXACT)


@given(finite, finite, st.floats(0, 1e-2), st.floats(0, 10))
def test_close_numbers_are_within_the_stated_tolerance(expected, got, rtol, atol):
    within = abs(got - expected) <= rtol * abs(expected) + atol
    assert agree(expected, got, Settings(rtol=rtol, atol=atol)) == within


@given(matrices, st.integers(0, 10**6))
def test_one_entry_beyond_the_tolerance_is_noticed(expected, place):
    got = expected.copy()
    place %= expected.size
    allowed = 1e-5 * abs(expected.flat[place]) + max(FLOOR, SHARE * np.abs(expected).max())
    got.flat[place] += 1.01 * allowed
    assume(abs(got.flat[place] - expected.flat[place]) > allowed)  # not lost to rounding
    assert not agree(expected, got)
    assert near(expected, got, CLOSE).sum() == expected.size - 1


@given(matrices, st.integers(0, 10**6))
def test_one_entry_within_the_tolerance_is_forgiven(expected, place):
    got = expected.copy()
    got.flat[place % expected.size] += 0.9 * (1e-5 * abs(got.flat[place % expected.size]) + FLOOR)
    assert agree(expected, got)


def test_small_entries_of_an_array_may_be_off_by_a_share_of_its_largest():
    expected = np.array([1e6, 1.0])
    assert agree(expected, np.array([1e6, 1.09]))
    assert not agree(expected, np.array([1e6, 1.12]))
    assert not agree(expected, np.array([1e6, 1.09]), Settings(atol=0))


def test_zero_is_only_as_good_as_the_floor():
    assert agree(0.0, FLOOR)
    assert not agree(0.0, 2 * FLOOR)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (1.0, 1),
        (1.0, np.float32(1)),
        (1.0, np.int8(1)),
        (1.0, np.array(1.0)),
        (0.1, np.float32(0.1)),
        (np.float64(2), 2.0),
        (2.0, 2 + 0j),
        ((1.0, 2.0), [1.0, 2.0]),
        ([1.0, 2.0], (1, 2)),
        ([1.0, 2.0], np.array([1.0, 2.0])),
        ((1.0, 2.0), np.array([1.0, 2.0])),
        (list(range(20)), np.arange(20.0)),
        ([], np.array([])),
        (np.array([1.0, 2.0]), np.array([1, 2])),
        (np.array([0.1, 0.2]), np.array([0.1, 0.2], dtype=np.float32)),
        (np.array([True]), np.array([True])),
        (True, np.bool_(True)),
        ({"a": 1.0, "b": (2.0,)}, {"b": [2], "a": 1}),
        (math.nan, np.float64("nan")),
        (math.inf, np.inf),
        (10**400, 10**400),
        ([10**400] * 9, [10**400] * 9),
        (2**70, float(2**70)),
        (None, None),
        ("a", "a"),
    ],
)
def test_how_a_value_is_written_makes_no_difference(expected, got):
    assert agree(expected, got)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (1.0, np.array([1.0])),
        (1.0, [1.0]),
        (1.0, "1.0"),
        (1.0, None),
        (1.0, True),
        (True, 1),
        (False, 0.0),
        (np.array([True]), np.array([1])),
        (np.array([1]), np.array([True])),
        ([True, *range(2, 20)], [1, *range(2, 20)]),
        ([1, *range(2, 20)], [True, *range(2, 20)]),
        ([np.array(True), *range(2, 20)], [1, *range(2, 20)]),
        ({1, 2}, {1, 2}),
        (np.zeros((1, 3)), np.zeros(3)),
        (np.zeros((1, 3)), np.zeros((3, 1))),
        (np.zeros((0, 3)), np.zeros((3, 0))),
        (np.zeros(2), [0.0, 0.0]),
        ((1.0, 2.0), (1.0, 2.0, 3.0)),
        ((1.0, 2.0), np.array([[1.0, 2.0]])),
        ([1.0, "a"], np.array([1.0, 2.0])),
        ({"a": 1.0}, {"a": 2.0}),
        ({"a": 1.0, "b": 2.0}, {"a": 2.0, "b": 1.0}),
        ({"a": 1.0}, {"a": 1.0, "b": 2.0}),
        ({"a": 1.0, "b": 2.0}, {"a": 1.0}),
        ({"a": 1.0}, [("a", 1.0)]),
        (math.nan, 0.0),
        (0.0, math.nan),
        (math.inf, -math.inf),
        (math.inf, 1e308),
        (1e308, math.inf),
        (10**400, 10**401),
        (10**400, math.inf),
        (10**400, math.nan),
        ([10**400] * 9, [10**400] * 8 + [10**401]),
        (1 + 1j, 1.0),
        ("a", "b"),
        ("1", 1),
        (None, 0),
        (None, False),
        ("", None),
    ],
)
def test_values_that_differ_do_not_agree(expected, got):
    for settings in (CLOSE, EXACT, MOMENTS):
        assert not agree(expected, got, settings)


def test_a_nan_agrees_only_in_its_place():
    assert agree(np.array([math.nan, 1.0]), np.array([math.nan, 1.0]))
    assert not agree(np.array([math.nan, 1.0]), np.array([1.0, math.nan]))
    assert not agree(np.array([math.nan, 1.0]), np.array([math.nan, math.nan]))


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (1.0, 1.0 + 1e-12),
        (1.0, 1),
        ((1.0,), [1.0]),
        (np.array([1.0]), np.array([1])),
        (np.array([0.1]), np.array([0.1], dtype=np.float32)),
    ],
)
def test_exact_forgives_neither_rounding_nor_kind(expected, got):
    assert agree(expected, got)
    assert not agree(expected, got, EXACT)


@pytest.mark.parametrize("draw", ["normal", "uniform"])
def test_another_draw_from_the_same_distribution_has_the_same_moments(draw):
    for seed in range(200):
        size = (seed % 7 + 2, seed % 5 + 3)
        expected, got = (getattr(rng(number), draw)(size=size) for number in (seed, seed + 1000))
        assert agree(expected, got, MOMENTS), seed


@given(st.integers(0, 1000), st.sampled_from([0.5, 2.0, -2.0]), st.sampled_from([(40, 30), (2000,)]))
def test_a_draw_with_another_spread_or_mean_does_not_agree(seed, factor, shape):
    expected, got = rng(seed).normal(size=shape), rng(seed + 1).normal(size=shape)
    assert not agree(expected, factor * got, MOMENTS)
    assert not agree(expected, got + 0.5, MOMENTS)
    assert not agree(expected, got.ravel()[:-1], MOMENTS)


DRAWS = {
    "normal": lambda g, n: g.normal(2, 3, size=n),
    "uniform": lambda g, n: 2 + 3 * g.uniform(-np.sqrt(3), np.sqrt(3), size=n),
    "two values": lambda g, n: 2 + 3 * np.sign(g.normal(size=n)),
    "few ones": lambda g, n: (g.random(n) < 0.2).astype(float),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize("n", [1000, 5000])
def test_many_draws_from_one_distribution_agree_and_their_stand_in_too(draw, n):
    for seed in range(100):
        expected, got = draw(rng(seed), n), draw(rng(seed + 1000), n)
        assert agree(expected, got, MOMENTS), seed
        assert agree(decode(only_moments(encode(expected))), got, MOMENTS), seed


@pytest.mark.parametrize(("draw", "other"), [("normal", "uniform"), ("uniform", "normal"), ("normal", "two values")])
def test_many_draws_of_another_kind_do_not_agree(draw, other):
    for seed in range(50):
        expected, got = DRAWS[draw](rng(seed), 2000), DRAWS[other](rng(seed + 1000), 2000)
        assert not agree(expected, got, MOMENTS), seed
        assert not agree(decode(only_moments(encode(expected))), got, MOMENTS), seed


def test_the_flatness_of_skewed_draws_agrees_as_well():
    for seed in range(100):
        assert same_flatness(rng(seed).exponential(size=1000), rng(seed + 1000).exponential(size=1000)), seed


def test_few_draws_of_another_kind_cannot_be_told():
    assert agree(DRAWS["normal"](rng(1), 100), DRAWS["uniform"](rng(2), 100), MOMENTS)


def test_moments_of_a_constant_are_the_constant():
    assert agree(np.zeros((3, 1)), np.zeros((3, 1)), MOMENTS)
    assert not agree(np.zeros((3, 1)), rng().normal(size=(3, 1)) * 1e-3, MOMENTS)
    assert not agree(rng().normal(size=(3, 1)), np.zeros((3, 1)), MOMENTS)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_draw_that_is_not_finite_does_not_agree(bad):
    expected = rng().normal(size=100)
    got = expected.copy()
    got[3] = bad
    assert not agree(expected, got, MOMENTS)


def test_complex_numbers_are_not_mistaken_for_a_real_draw():
    expected = rng().normal(size=1000)
    assert not agree(expected, rng(1).normal(size=1000) * 1j + 3, MOMENTS)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, True),
        (1.0, True),
        (1j, True),
        (True, True),
        (np.float16(1), True),
        (np.bool_(False), True),
        (np.array(1), True),
        (np.array([1]), False),
        (np.array("1"), False),
        ("1", False),
        (None, False),
        ([1], False),
    ],
)
def test_single_numbers_and_truth_values_are_numbers(value, number):
    assert is_number(value) is number
