"""The reference backward passes of week 7 against central differences: odd shapes, strides, frames, rests, ties."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.solutions import references

pytestmark = pytest.mark.week7

LESSON = Path(__file__).parent.parent / "course" / "week7" / "convolution.md"
EPS = 1e-5
sides, few = st.integers(1, 6), st.integers(1, 3)


SPACE = references(LESSON)
conv_forward, conv_backward = SPACE["conv_forward"], SPACE["conv_backward"]
pool_forward, pool_backward = SPACE["pool_forward"], SPACE["pool_backward"]


def measured(f, theta):
    slopes = np.zeros(theta.shape)
    for place in np.ndindex(theta.shape):
        step = np.zeros(theta.shape)
        step[place] = EPS
        slopes[place] = (f(theta + step) - f(theta - step)) / (2 * EPS)
    return slopes


def assert_conv_gradients(shape, f, n_C, stride, pad, seed=0):
    rng = np.random.default_rng(seed)
    A, W, b = rng.normal(size=shape), rng.normal(size=(f, f, shape[3], n_C)), rng.normal(size=(1, 1, 1, n_C))
    Z, cache = conv_forward(A, W, b, stride, pad)
    G = rng.normal(size=Z.shape)

    def cost(A, W, b):
        return np.sum(G * np.sin(conv_forward(A, W, b, stride, pad)[0]))

    gradients = conv_backward(G * np.cos(Z), cache)
    close = {"rtol": 1e-6, "atol": 1e-7}
    np.testing.assert_allclose(gradients[0], measured(lambda x: cost(x, W, b), A), **close)
    np.testing.assert_allclose(gradients[1], measured(lambda x: cost(A, x, b), W), **close)
    np.testing.assert_allclose(gradients[2], measured(lambda x: cost(A, W, x), b), **close)


@pytest.mark.parametrize(
    ("shape", "f", "n_C", "stride", "pad"),
    [
        pytest.param((2, 5, 7, 3), 3, 2, 1, 0, id="not square"),
        pytest.param((2, 4, 6, 2), 3, 4, 1, 1, id="same"),
        pytest.param((2, 6, 5, 2), 3, 2, 2, 0, id="a rest below"),
        pytest.param((1, 7, 8, 2), 2, 3, 3, 0, id="gaps, and a rest on both sides"),
        pytest.param((3, 3, 4, 1), 4, 2, 2, 2, id="an even window, a wide frame"),
        pytest.param((2, 1, 1, 3), 3, 2, 1, 2, id="one pixel, full padding"),
        pytest.param((2, 3, 5, 2), 1, 3, 2, 1, id="windows of one pixel that fall on the frame"),
        pytest.param((3, 4, 4, 2), 4, 1, 5, 0, id="one place"),
        pytest.param((1, 1, 6, 1), 1, 1, 4, 0, id="one row"),
    ],
)
def test_convolution_backward_agrees_with_central_differences(shape, f, n_C, stride, pad):
    assert_conv_gradients(shape, f, n_C, stride, pad)


@given(few, sides, sides, few, st.integers(1, 4), few, st.integers(1, 4), st.integers(0, 3), st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_convolution_backward_agrees_for_any_shape(m, n_H, n_W, n_C_prev, f, n_C, stride, pad, seed):
    assume(f <= min(n_H, n_W) + 2 * pad)
    assert_conv_gradients((m, n_H, n_W, n_C_prev), f, n_C, stride, pad, seed)


@given(few, sides, sides, few, st.integers(1, 4), st.integers(1, 4), st.integers(0, 2), st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_the_way_back_is_the_transpose_of_the_way_there(m, n_H, n_W, n_C_prev, f, stride, pad, seed):
    assume(f <= min(n_H, n_W) + 2 * pad)
    rng = np.random.default_rng(seed)
    A, W = rng.normal(size=(m, n_H, n_W, n_C_prev)), rng.normal(size=(f, f, n_C_prev, 2))
    Z, cache = conv_forward(A, W, np.zeros((1, 1, 1, 2)), stride, pad)
    dZ = rng.normal(size=Z.shape)
    dA, dW, _ = conv_backward(dZ, cache)
    assert np.sum(dZ * Z) == pytest.approx(np.sum(dA * A), abs=1e-8)
    assert np.sum(dZ * Z) == pytest.approx(np.sum(dW * W), abs=1e-8)


def test_parameter_gradients_add_up_over_examples():
    rng = np.random.default_rng(3)
    A, W, b = rng.normal(size=(3, 5, 4, 2)), rng.normal(size=(3, 3, 2, 2)), rng.normal(size=(1, 1, 1, 2))
    Z, cache = conv_forward(A, W, b, 1, 1)
    dZ = rng.normal(size=Z.shape)
    _, dW, db = conv_backward(dZ, cache)
    one_by_one = [conv_backward(dZ[e : e + 1], (A[e : e + 1], W, b, 1, 1)) for e in range(3)]
    np.testing.assert_allclose(dW, sum(part[1] for part in one_by_one))
    np.testing.assert_allclose(db, sum(part[2] for part in one_by_one))


def assert_pool_gradient(A, f, stride, mode, seed=0):
    pooled, cache = pool_forward(A, f, stride, mode)
    G = np.random.default_rng(seed).normal(size=pooled.shape)
    claim = pool_backward(G * np.cos(pooled), cache, mode)
    truth = measured(lambda x: np.sum(G * np.sin(pool_forward(x, f, stride, mode)[0])), A)
    np.testing.assert_allclose(claim, truth, rtol=1e-6, atol=1e-7)


def without_ties(shape, seed):
    """Numbers in random order that are far apart."""
    rng = np.random.default_rng(seed)
    return rng.permutation(np.linspace(-3, 3, int(np.prod(shape)))).reshape(shape)


@pytest.mark.parametrize("mode", ["max", "average"])
@pytest.mark.parametrize(
    ("shape", "f", "stride"),
    [
        pytest.param((2, 4, 6, 3), 2, 2, id="side by side"),
        pytest.param((2, 5, 7, 2), 3, 2, id="overlapping"),
        pytest.param((1, 5, 4, 2), 2, 1, id="stride 1"),
        pytest.param((2, 8, 7, 1), 2, 3, id="gaps and a rest"),
        pytest.param((3, 3, 3, 2), 3, 2, id="the whole image"),
        pytest.param((2, 3, 4, 2), 1, 2, id="windows of one pixel"),
    ],
)
def test_pooling_backward_agrees_with_central_differences(mode, shape, f, stride):
    assert_pool_gradient(without_ties(shape, 1), f, stride, mode)


@given(few, sides, sides, few, st.integers(1, 4), st.integers(1, 4), st.sampled_from(["max", "average"]))
@settings(max_examples=40, deadline=None)
def test_pooling_backward_agrees_for_any_shape(m, n_H, n_W, n_C, f, stride, mode):
    assume(f <= min(n_H, n_W))
    assert_pool_gradient(without_ties((m, n_H, n_W, n_C), n_H), f, stride, mode)


@given(st.integers(2, 7), st.integers(2, 7), st.integers(1, 3), st.integers(1, 3), st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_with_ties_the_gradient_is_right_along_every_way_that_keeps_them(n_H, n_W, f, stride, seed):
    assume(f <= min(n_H, n_W))
    rng = np.random.default_rng(seed)
    A = rng.integers(0, 3, size=(2, n_H, n_W, 2)).astype(float)
    way = rng.normal(size=3)[A.astype(int)]  # equal entries move together
    pooled, cache = pool_forward(A, f, stride, "max")
    G = rng.normal(size=pooled.shape)
    ahead, back = (pool_forward(A + sign * EPS * way, f, stride, "max")[0] for sign in (1, -1))
    slope = np.sum(G * (ahead - back)) / (2 * EPS)
    assert np.sum(pool_backward(G, cache, "max") * way) == pytest.approx(slope, abs=1e-6)


def test_a_tie_goes_to_the_first_in_reading_order_and_to_no_other():
    A = np.array([[1.0, 4.0, 0.0], [4.0, 4.0, 0.0], [0.0, 0.0, 0.0]]).reshape(1, 3, 3, 1)
    dA = pool_backward(np.full((1, 2, 2, 1), 1.0), (A, 2, 1), "max")[0, :, :, 0]
    np.testing.assert_array_equal(dA, [[0, 2, 0], [1, 1, 0], [0, 0, 0]])


@pytest.mark.parametrize("mode", ["max", "average"])
def test_pooling_hands_on_as_much_as_it_gets(mode):
    A = np.random.default_rng(2).integers(0, 2, size=(3, 6, 5, 2))
    pooled, cache = pool_forward(A, 3, 1, mode)
    dA = np.random.default_rng(3).normal(size=pooled.shape)
    assert pool_backward(dA, cache, mode).sum() == pytest.approx(dA.sum())


# relatives of the convolution


@given(few, sides, sides, few, st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_a_dense_layer_and_its_convolution_say_the_same(m, n_H, n_W, n_C, n_out):
    rng = np.random.default_rng(n_out)
    A, W, b = (
        rng.normal(size=(m, n_H, n_W, n_C)),
        rng.normal(size=(n_out, n_H * n_W * n_C)),
        rng.normal(size=(n_out, 1)),
    )
    filters, biases = SPACE["dense_as_conv"](W, b, (n_H, n_W, n_C))
    by_filters = np.tensordot(A, filters, axes=3) + biases[0, 0]
    np.testing.assert_allclose(by_filters, (W @ A.reshape(m, -1).T + b).T, atol=1e-12)
    if n_H == n_W:
        np.testing.assert_allclose(conv_forward(A, filters, biases, 1, 0)[0][:, 0, 0], by_filters, atol=1e-12)


def test_one_by_one_is_a_convolution():
    rng = np.random.default_rng(1)
    A, W, b = rng.normal(size=(2, 3, 5, 4)), rng.normal(size=(1, 1, 4, 3)), rng.normal(size=(1, 1, 1, 3))
    np.testing.assert_allclose(SPACE["conv1x1"](A, W, b), conv_forward(A, W, b, 1, 0)[0])


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), max_size=3))
@settings(max_examples=25, deadline=None)
def test_the_receptive_field_reaches_from_the_first_to_the_last_pixel_that_a_unit_notices(layers):
    side = SPACE["receptive_field"](layers)
    images = np.zeros((side + 3, side + 2, side + 2, 1))
    images[np.arange(side + 2), 0, np.arange(side + 2), 0] = 1.0  # one pixel of the first row each
    for f, stride in layers:
        images, _ = conv_forward(images, np.ones((f, f, 1, 1)), np.zeros((1, 1, 1, 1)), stride, 0)
    noticed = np.flatnonzero(images[:, 0, 0, 0])  # windows with gaps between them overlook some
    assert (noticed.min(), noticed.max()) == (0, side - 1)
