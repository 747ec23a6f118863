"""The fast layers of the lesson on LeNet: equal to the slow ones, and their gradients to central differences."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.classroom import REPOSITORY
from tests.solutions import load_support, references
from tests.test_gradients_week7 import SPACE as SLOW
from tests.test_gradients_week7 import measured, without_ties

pytestmark = pytest.mark.week7

WEEK = REPOSITORY / "course" / "week7"
sides, few = st.integers(1, 6), st.integers(1, 3)


SPACE = references(WEEK / "lenet.md")
support = SPACE["support"] = load_support(WEEK / "support_lenet.py")
im2col, col2im = SPACE["im2col"], SPACE["col2im"]
conv_forward_fast, conv_backward_fast = SPACE["conv_forward_fast"], SPACE["conv_backward_fast"]
pool_forward_fast, pool_backward_fast = SPACE["pool_forward_fast"], SPACE["pool_backward_fast"]
lenet_forward, lenet_backward = SPACE["lenet_forward"], SPACE["lenet_backward"]
CLOSE = {"rtol": 1e-6, "atol": 1e-7}


def layer(shape, f, n_C, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape), rng.normal(size=(f, f, shape[3], n_C)), rng.normal(size=(1, 1, 1, n_C))


def assert_convolution(shape, f, n_C, stride, pad, seed=0):
    A, W, b = layer(shape, f, n_C, seed)
    Z, cache = conv_forward_fast(A, W, b, stride, pad)
    slow, slow_cache = SLOW["conv_forward"](A, W, b, stride, pad)
    np.testing.assert_allclose(Z, slow, atol=1e-12)
    dZ = np.random.default_rng(seed + 1).normal(size=Z.shape)
    for fast_one, slow_one in zip(conv_backward_fast(dZ, cache), SLOW["conv_backward"](dZ, slow_cache), strict=True):
        np.testing.assert_allclose(fast_one, slow_one, atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "f", "n_C", "stride", "pad"),
    [
        pytest.param((2, 5, 7, 3), 3, 2, 1, 0, id="not square"),
        pytest.param((2, 4, 6, 2), 3, 4, 1, 1, id="same"),
        pytest.param((2, 6, 5, 2), 3, 2, 2, 0, id="a rest below"),
        pytest.param((1, 8, 7, 2), 2, 3, 3, 0, id="gaps"),
        pytest.param((1, 3, 4, 2), 3, 1, 1, 2, id="a wide frame"),
        pytest.param((3, 3, 4, 1), 4, 2, 2, 2, id="an even window, a wide frame"),
        pytest.param((2, 1, 1, 3), 3, 2, 1, 2, id="an image of one pixel, full padding"),
        pytest.param((2, 3, 5, 2), 1, 3, 2, 1, id="windows of one pixel that fall on the frame"),
        pytest.param((1, 1, 6, 1), 1, 1, 4, 0, id="one row"),
        pytest.param((2, 3, 5, 3), 1, 2, 2, 0, id="one pixel"),
        pytest.param((3, 4, 4, 1), 4, 2, 1, 0, id="the whole image"),
    ],
)
def test_convolution_agrees_with_central_differences(shape, f, n_C, stride, pad):
    A, W, b = layer(shape, f, n_C)
    Z, cache = conv_forward_fast(A, W, b, stride, pad)
    G = np.random.default_rng(1).normal(size=Z.shape)

    def cost(A, W, b):
        return np.sum(G * np.sin(conv_forward_fast(A, W, b, stride, pad)[0]))

    dA, dW, db = conv_backward_fast(G * np.cos(Z), cache)
    np.testing.assert_allclose(dA, measured(lambda x: cost(x, W, b), A), **CLOSE)
    np.testing.assert_allclose(dW, measured(lambda x: cost(A, x, b), W), **CLOSE)
    np.testing.assert_allclose(db, measured(lambda x: cost(A, W, x), b), **CLOSE)


@given(few, sides, sides, few, st.integers(1, 4), few, st.integers(1, 4), st.integers(0, 3), st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_fast_and_slow_convolution_are_equal_for_any_shape(m, n_H, n_W, n_C_prev, f, n_C, stride, pad, seed):
    assume(f <= min(n_H, n_W) + 2 * pad)
    assert_convolution((m, n_H, n_W, n_C_prev), f, n_C, stride, pad, seed)


@given(few, sides, sides, few, st.integers(1, 4), st.integers(1, 4), st.integers(0, 2), st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_col2im_is_the_transposed_of_im2col(m, n_H, n_W, n_C, f, stride, pad, seed):
    assume(f <= min(n_H, n_W) + 2 * pad)
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(m, n_H, n_W, n_C))
    rows = im2col(A, f, stride, pad)
    C = rng.normal(size=rows.shape)
    assert np.sum(rows * C) == pytest.approx(np.sum(A * col2im(C, A.shape, f, stride, pad)), abs=1e-9)


def test_windows_side_by_side_come_back_as_they_were():
    A = np.random.default_rng(3).normal(size=(2, 6, 9, 2))
    np.testing.assert_array_equal(col2im(im2col(A, 3, 3, 0), A.shape, 3, 3, 0), A)


@given(few, sides, sides, few, st.integers(1, 4), st.integers(1, 4), st.sampled_from(["max", "average"]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_fast_and_slow_pooling_are_equal_ties_or_not(m, n_H, n_W, n_C, f, stride, mode, ties):
    assume(f <= min(n_H, n_W))
    rng = np.random.default_rng(n_H)
    A = rng.integers(0, 3, size=(m, n_H, n_W, n_C)) if ties else rng.normal(size=(m, n_H, n_W, n_C))
    pooled, cache = pool_forward_fast(A, f, stride, mode)
    slow, slow_cache = SLOW["pool_forward"](A, f, stride, mode)
    np.testing.assert_allclose(pooled, slow)
    dA = rng.normal(size=pooled.shape)
    fast = pool_backward_fast(dA, cache, mode)
    np.testing.assert_allclose(fast, SLOW["pool_backward"](dA, slow_cache, mode), atol=1e-12)


@pytest.mark.parametrize("mode", ["max", "average"])
@pytest.mark.parametrize(
    ("shape", "f", "stride"),
    [
        pytest.param((2, 4, 6, 3), 2, 2, id="side by side"),
        pytest.param((2, 5, 7, 2), 3, 2, id="overlapping"),
        pytest.param((2, 8, 7, 1), 2, 3, id="gaps and a rest"),
        pytest.param((3, 3, 3, 2), 3, 2, id="the whole image"),
    ],
)
def test_pooling_agrees_with_central_differences(mode, shape, f, stride):
    A = without_ties(shape, 1)
    pooled, cache = pool_forward_fast(A, f, stride, mode)
    G = np.random.default_rng(2).normal(size=pooled.shape)
    truth = measured(lambda x: np.sum(G * np.sin(pool_forward_fast(x, f, stride, mode)[0])), A)
    np.testing.assert_allclose(pool_backward_fast(G * np.cos(pooled), cache, mode), truth, **CLOSE)


@given(st.integers(2, 7), st.integers(2, 7), st.integers(1, 3), st.integers(1, 3), st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_with_ties_the_gradient_is_right_along_every_way_that_keeps_them(n_H, n_W, f, stride, seed):
    assume(f <= min(n_H, n_W))
    rng = np.random.default_rng(seed)
    A = rng.integers(0, 3, size=(2, n_H, n_W, 2)).astype(float)
    way, eps = rng.normal(size=3)[A.astype(int)], 1e-5  # equal entries move together
    pooled, cache = pool_forward_fast(A, f, stride, "max")
    G = rng.normal(size=pooled.shape)
    ahead, back = (pool_forward_fast(A + step * way, f, stride, "max")[0] for step in (eps, -eps))
    slope = np.sum(G * (ahead - back)) / (2 * eps)
    assert np.sum(pool_backward_fast(G, cache, "max") * way) == pytest.approx(slope, abs=1e-6)


def test_a_tie_goes_to_the_first_in_reading_order_and_to_no_other():
    A = np.array([[1.0, 4.0, 0.0], [4.0, 4.0, 0.0], [0.0, 0.0, 0.0]]).reshape(1, 3, 3, 1)
    dA = pool_backward_fast(np.full((1, 2, 2, 1), 1.0), (A, 2, 1), "max")[0, :, :, 0]
    np.testing.assert_array_equal(dA, [[0, 2, 0], [1, 1, 0], [0, 0, 0]])


# the network


def small_network(seed):
    rng = np.random.default_rng(seed)
    parameters = support.initialize_lenet(rng, filters=(2, 3), sizes=(6, 5, 4, 3), channels=2)
    X = rng.normal(size=(3, 12, 16, 2))
    return X, {name: value + 0.3 * rng.normal(size=value.shape) for name, value in parameters.items()}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_gradients_of_lenet_agree_with_central_differences(seed):
    X, parameters = small_network(seed)
    labels = np.array([2, 0, 1])
    scores, caches = lenet_forward(X, parameters)
    grads = lenet_backward(support.loss_and_gradient(scores, labels)[1], caches)
    assert grads.keys() == {f"d{name}" for name in parameters}

    def cost(name, value):
        return support.loss_and_gradient(lenet_forward(X, parameters | {name: value})[0], labels)[0]

    for name, value in parameters.items():
        truth = measured(lambda x, name=name: cost(name, x), value)
        np.testing.assert_allclose(grads[f"d{name}"], truth, rtol=1e-5, atol=1e-6, err_msg=name)


def test_made_up_caches_have_the_shapes_of_real_ones():
    X, parameters = small_network(4)
    _, real = lenet_forward(X, parameters)
    made_up = support.made_up_caches(parameters, X.shape, np.random.default_rng(5))
    assert made_up.keys() == real.keys()
    assert made_up["shape"] == real["shape"]
    for name in real.keys() - {"shape"}:
        assert [np.shape(part) for part in made_up[name]] == [np.shape(part) for part in real[name]], name
    for layer_number in (1, 2):
        pooled = pool_forward_fast(*made_up[f"pool{layer_number}"], "max")[0]
        known = made_up["conv2"][0] if layer_number == 1 else SPACE["unflatten"](made_up["dense3"][0], made_up["shape"])
        np.testing.assert_allclose(pooled, known)


@given(few, sides, sides, few, st.integers(1, 4), st.integers(1, 4), st.sampled_from(["max", "average"]))
@settings(max_examples=40, deadline=None)
def test_what_is_given_does_the_same_as_the_optional_exercises(m, n_H, n_W, n_C, f, stride, mode):
    assume(f <= min(n_H, n_W))
    A = np.random.default_rng(n_W).normal(size=(m, n_H, n_W, n_C))
    given_maps, given_cache = support.pool_forward(A, f, stride, mode)
    np.testing.assert_allclose(given_maps, pool_forward_fast(A, f, stride, mode)[0])
    assert given_cache[0] is A
    assert given_cache[1:] == (f, stride)
    dA = np.random.default_rng(n_H).normal(size=given_maps.shape)
    for cache in (given_cache, (np.round(A), f, stride)):  # the second one with ties
        np.testing.assert_allclose(
            support.pool_backward(dA, cache, mode), pool_backward_fast(dA, cache, mode), atol=1e-12
        )
    columns = support.flatten(A)
    np.testing.assert_array_equal(columns, SPACE["flatten"](A))
    np.testing.assert_array_equal(support.unflatten(columns, A.shape), A)


def test_the_dense_network_has_the_right_gradients():
    rng = np.random.default_rng(6)
    parameters, X, labels = support.initialize_dense([5, 4, 3], rng), rng.normal(size=(5, 6)), np.arange(6) % 3
    scores, caches = support.dense_network_forward(X, parameters)
    grads = support.dense_network_backward(support.loss_and_gradient(scores, labels)[1], caches)
    for name, value in parameters.items():

        def cost(x, name=name):
            scores, _ = support.dense_network_forward(X, parameters | {name: x})
            return support.loss_and_gradient(scores, labels)[0]

        np.testing.assert_allclose(grads[f"d{name}"], measured(cost, value), **CLOSE)


@pytest.mark.parametrize(("right", "down"), [(0, 0), (1, 0), (-2, 1), (3, -1), (0, 4)])
def test_shifting_moves_and_leaves_paper_behind(right, down):
    images = np.random.default_rng(7).normal(size=(2, 5, 6, 1))
    moved = support.shift(images, right, down)
    for i, j in np.ndindex(5, 6):
        inside = 0 <= i - down < 5 and 0 <= j - right < 6
        np.testing.assert_array_equal(moved[:, i, j], images[:, i - down, j - right] if inside else np.zeros((2, 1)))


def test_training_lowers_the_cost_and_leaves_the_start_alone():
    X = np.random.default_rng(8).normal(size=(3, 12, 16, 2))
    parameters = support.initialize_lenet(np.random.default_rng(9), filters=(4, 6), sizes=(12, 16, 12, 3), channels=2)
    before = {name: value.copy() for name, value in parameters.items()}
    labels = np.array([2, 0, 1])
    rng = np.random.default_rng(9)
    trained, costs, seen = support.train(
        parameters, X, labels, lenet_forward, lenet_backward, 30, 0.01, rng, size=2, watch=lambda p: len(p)
    )
    assert len(costs) == 60
    assert seen[0] == (0, 10)
    assert seen[-1] == (90, 10)
    assert np.mean(costs[-4:]) < 0.3 * np.mean(costs[:4])
    assert support.accuracy(X, labels, trained, lenet_forward) == 100
    for name, value in before.items():
        np.testing.assert_array_equal(parameters[name], value)
