import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcore import gradient_check
from dlcore.errors import CourseError


def rng(seed=0):
    return np.random.default_rng(seed)


def bowl(theta):
    return float(np.sum(theta**4) + np.sum(np.sin(theta)))


def bowl_gradient(theta):
    return 4 * theta**3 + np.cos(theta)


def layer(parameters):
    """A cost of a matrix and a vector together."""
    return np.sum(np.tanh(parameters["W1"] @ np.array([[1.0], [2.0]]) + parameters["b1"]) ** 2)


def layer_gradient(parameters):
    x = np.array([[1.0], [2.0]])
    A = np.tanh(parameters["W1"] @ x + parameters["b1"])
    dZ = 2 * A * (1 - A**2)
    return {"W1": dZ @ x.T, "b1": dZ}


def parameters():
    return {"W1": rng(1).normal(size=(3, 2)), "b1": rng(2).normal(size=(3, 1))}


@given(shape=st.sampled_from([(1,), (7,), (2, 3), (40, 1), ()]), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_right_gradients_pass(shape, seed):
    theta = rng(seed).normal(size=shape)
    assert gradient_check(bowl, bowl_gradient(theta), theta, rng(seed)) < 1e-6


@given(factor=st.sampled_from([-1.0, 0.0, 0.5, 0.99, 1.01, 2.0, 10.0]), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_gradients_off_by_a_factor_fail(factor, seed):
    theta = rng(seed).normal(size=(3, 4))
    assert gradient_check(bowl, factor * bowl_gradient(theta), theta, rng(seed)) > 1e-3


def test_a_gradient_of_the_wrong_sign_has_error_two():
    assert gradient_check(bowl, -bowl_gradient(np.ones(4)), np.ones(4), rng()) == pytest.approx(2, rel=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_one_wrong_entry_among_a_thousand_is_noticed(seed):
    theta = rng(3).normal(size=1000)
    gradient = bowl_gradient(theta)
    gradient[17] += 10
    assert gradient_check(bowl, gradient, theta, rng(seed)) > 1e-3


def test_parameters_may_be_a_dict_of_arrays():
    assert gradient_check(layer, layer_gradient(parameters()), parameters(), rng()) < 1e-7


@pytest.mark.parametrize("name", ["W1", "b1"])
def test_a_slip_in_one_array_of_a_dict_is_noticed(name):
    gradient = layer_gradient(parameters())
    gradient[name] = gradient[name] / 3
    assert gradient_check(layer, gradient, parameters(), rng()) > 1e-2


def test_theta_stays_as_it_was_and_f_may_spoil_what_it_gets():
    theta, seen = np.arange(3.0), []

    def spoiling(t):
        seen.append(t)
        value = bowl(t)
        t[:] = np.nan
        return value

    assert gradient_check(spoiling, bowl_gradient(theta), theta, rng()) < 1e-6
    assert np.array_equal(theta, [0, 1, 2])
    assert len({id(t) for t in seen}) == len(seen) == 10


def test_the_number_of_directions_can_be_chosen():
    calls = []
    gradient_check(lambda t: calls.append(t) or bowl(t), bowl_gradient(np.ones(2)), np.ones(2), rng(), directions=8)
    assert len(calls) == 16


def test_the_same_generator_gives_the_same_error():
    wrong = 1.1 * bowl_gradient(np.ones(5))
    errors = [gradient_check(bowl, wrong, np.ones(5), rng(9)) for _ in range(2)]
    assert errors[0] == errors[1]


def test_whole_numbers_will_do():
    assert gradient_check(lambda t: np.sum(t**2), [2, 4], [1, 2], rng()) < 1e-7


def test_a_constant_has_gradient_zero():
    assert gradient_check(lambda t: 3.0, np.zeros(4), np.ones(4), rng()) == 0


def test_rounding_of_a_large_cost_is_not_held_against_the_gradient():
    theta = rng(5).normal(size=6)
    assert gradient_check(lambda t: 1e7 + bowl(t), bowl_gradient(theta), theta, rng()) < 1e-4


def test_a_gradient_that_is_not_a_number_is_infinitely_wrong():
    assert gradient_check(bowl, np.full(3, np.nan), np.ones(3), rng()) == np.inf


def test_the_error_is_a_plain_float():
    assert type(gradient_check(bowl, bowl_gradient(np.ones(3)), np.ones(3), rng())) is float


@pytest.mark.parametrize(
    ("gradient", "theta", "message"),
    [
        (np.ones((3, 1)), np.ones(3), r"`gradient` should have shape \(3,\), but it has shape \(3, 1\)"),
        (
            {"W1": np.ones((2, 3)), "b1": np.ones((3, 1))},
            {"W1": np.ones((3, 2)), "b1": np.ones((3, 1))},
            r"`gradient\['W1'\]` should have shape \(3, 2\), but it has shape \(2, 3\)",
        ),
        ({"dW1": np.ones(2)}, {"W1": np.ones(2)}, "should hold the arrays 'W1', like `theta`, .* 'dW1'"),
        (np.ones(2), {"W1": np.ones(2)}, "should hold the arrays 'W1', .* it holds one array"),
        (bowl_gradient, np.ones(2), "`gradient` should be numbers, not a function.\nDid you forget to call it"),
        (["one"], np.ones(1), "`gradient` should be an array of numbers"),
        (np.ones(0), np.ones(0), "`theta` should hold at least one number"),
        ({}, {}, "`theta` should hold at least one number"),
    ],
)
def test_gradients_that_do_not_fit_are_refused_by_name(gradient, theta, message):
    with pytest.raises(CourseError, match=message):
        gradient_check(bowl, gradient, theta, rng())


def test_an_f_that_returns_an_array_is_refused():
    with pytest.raises(CourseError, match=r"`f` should return one number, but it returned shape \(2,\)"):
        gradient_check(lambda t: t, np.ones(2), np.ones(2), rng())


@pytest.mark.parametrize("how", [{"eps": 0.0}, {"eps": -1e-6}, {"directions": 0}])
def test_senseless_settings_are_refused(how):
    with pytest.raises(CourseError, match="`eps` should be above 0"):
        gradient_check(bowl, np.ones(2), np.ones(2), rng(), **how)
