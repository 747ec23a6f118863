"""The reference backward passes of week 8 against central differences: odd shapes, strides, rests, deep stacks."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.classroom import REPOSITORY
from tests.solutions import load_support, references
from tests.test_gradients_week7 import measured, without_ties

pytestmark = pytest.mark.week8

WEEK = REPOSITORY / "course" / "week8"
CLOSE = {"rtol": 1e-6, "atol": 1e-7}
sides, few, strides = st.integers(1, 5), st.integers(1, 3), st.integers(1, 3)

SPACE = references(WEEK / "residual_networks.md")
support = SPACE["support"] = load_support(WEEK / "support_residual.py")
with pytest.MonkeyPatch.context() as beside:  # it finds the other module beside it
    beside.syspath_prepend(str(WEEK))
    ready = SPACE["ready"] = load_support(WEEK / "support_residual_maps.py")


@pytest.fixture
def lenet(monkeypatch):
    """The module with LeNet, which finds the other one beside it."""
    monkeypatch.syspath_prepend(str(WEEK))
    return load_support(WEEK / "support_residual_lenet.py")


def block(n, n_hidden, rng):
    return {
        "W1": rng.normal(size=(n_hidden, n)),
        "b1": rng.normal(size=(n_hidden, 1)),
        "W2": rng.normal(size=(n, n_hidden)),
        "b2": rng.normal(size=(n, 1)),
    }


def filters(n_in, n_out, stride, rng):
    start = support.block_parameters(n_in, n_out, stride, rng)
    return {name: value + 0.3 * rng.normal(size=value.shape) for name, value in start.items()}


def assert_gradients(forward, backward, X, p, seed=0):
    """Compare dX and every gradient with the slopes of a cost of the result; `forward` is (X, p) → (out, cache)."""
    out, cache = forward(X, p)
    G = np.random.default_rng(seed).normal(size=out.shape)
    dX, grads = backward(G * np.cos(out), cache)

    def cost(X, p):
        return np.sum(G * np.sin(forward(X, p)[0]))

    np.testing.assert_allclose(dX, measured(lambda x: cost(x, p), X), **CLOSE)
    assert set(grads) == {"d" + name for name in p}
    for name, value in p.items():
        truth = measured(lambda x, name=name: cost(X, p | {name: x}), value)
        np.testing.assert_allclose(grads["d" + name], truth, err_msg=name, **CLOSE)


@pytest.mark.parametrize(
    ("n", "n_hidden", "m"),
    [
        pytest.param(3, 4, 5, id="wider inside"),
        pytest.param(5, 2, 3, id="narrower inside"),
        pytest.param(4, 4, 1, id="one example"),
        pytest.param(1, 1, 6, id="one unit"),
    ],
)
def test_the_residual_block_agrees_with_central_differences(n, n_hidden, m):
    rng = np.random.default_rng(n)
    X = rng.normal(size=(n, m))
    assert_gradients(SPACE["residual_forward"], SPACE["residual_backward"], X, block(n, n_hidden, rng))


def test_the_plain_block_agrees_with_central_differences():
    rng = np.random.default_rng(2)
    assert_gradients(support.plain_forward, support.plain_backward, rng.normal(size=(3, 4)), block(3, 5, rng))


@pytest.mark.parametrize(
    ("shape", "n_out", "stride"),
    [
        pytest.param((2, 4, 6, 3), 3, 1, id="the shape stays"),
        pytest.param((2, 5, 4, 2), 4, 2, id="a rest, more channels"),
        pytest.param((1, 7, 3, 3), 2, 3, id="stride 3, fewer channels"),
        pytest.param((2, 1, 1, 2), 2, 2, id="one pixel"),
        pytest.param((2, 3, 4, 2), 3, 1, id="a projection without a stride"),
        pytest.param((1, 1, 6, 1), 1, 4, id="one row, one channel"),
    ],
)
def test_the_block_on_maps_agrees_with_central_differences(shape, n_out, stride):
    rng = np.random.default_rng(3)
    assert_gradients(
        lambda X, p: SPACE["block_forward"](X, p, stride),
        SPACE["block_backward"],
        rng.normal(size=shape),
        filters(shape[3], n_out, stride, rng),
    )


def projection(stride):
    """The projection in the form of a block with the parameter "Ws"."""

    def forward(X, p):
        return SPACE["projection_forward"](X, p["Ws"], stride)

    def backward(dS, cache):
        dX, dW = SPACE["projection_backward"](dS, cache)
        return dX, {"dWs": dW}

    return forward, backward


@given(few, sides, sides, few, few, strides, st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_the_projection_agrees_for_any_shape(m, n_H, n_W, n_in, n_out, stride, seed):
    rng = np.random.default_rng(seed)
    p = {"Ws": rng.normal(size=(n_in, n_out))}
    assert_gradients(*projection(stride), rng.normal(size=(m, n_H, n_W, n_in)), p)


@given(few, sides, sides, few, few, st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_both_paths_of_a_block_have_the_same_shape_for_any_size_and_stride(m, n_H, n_W, n_in, n_out, stride):
    rng = np.random.default_rng(n_H)
    X = rng.normal(size=(m, n_H, n_W, n_in))
    out, cache = SPACE["block_forward"](X, filters(n_in, n_out, stride, rng), stride)
    assert out.shape == (m, -(-n_H // stride), -(-n_W // stride), n_out)
    assert (cache[2] is None) == (n_in == n_out and stride == 1)


@given(few, sides, sides, few, st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_the_average_and_its_way_back_are_transposes(m, n_H, n_W, n_C, seed):
    rng = np.random.default_rng(seed)
    A, dV = rng.normal(size=(m, n_H, n_W, n_C)), rng.normal(size=(n_C, m))
    back = SPACE["global_average_pool_backward"](dV, A.shape)
    assert np.sum(SPACE["global_average_pool"](A) * dV) == pytest.approx(np.sum(A * back), abs=1e-10)


@pytest.mark.parametrize(
    ("shape", "channels", "steps"),
    [
        pytest.param((2, 6, 7, 1), (1, 2, 2, 3), [2, 1, 2], id="two blocks"),
        pytest.param((1, 5, 4, 3), (3, 2, 4), [1, 3], id="one block, one example"),
        pytest.param((2, 3, 3, 1), (1,) + (2,) * 7, [1] + [1] * 6, id="six blocks"),
    ],
)
@pytest.mark.parametrize(
    "backward",
    [pytest.param(SPACE["resnet_backward"], id="reference"), pytest.param(ready.resnet_backward, id="ready")],
)
def test_the_whole_network_agrees_with_central_differences(shape, channels, steps, backward):
    rng = np.random.default_rng(4)
    start = support.initialize_resnet(rng, channels, steps, 3)
    parameters = {name: value + 0.2 * rng.normal(size=value.shape) for name, value in start.items()}
    X, labels = rng.normal(size=shape), np.arange(shape[0])

    def cost(parameters):
        return support.loss_and_gradient(SPACE["resnet_forward"](X, parameters, steps)[0], labels)[0]

    scores, caches = SPACE["resnet_forward"](X, parameters, steps)
    grads = backward(support.loss_and_gradient(scores, labels)[1], caches)
    assert set(grads) == {"d" + name for name in parameters}
    for name, value in parameters.items():
        truth = measured(lambda x, name=name: cost(parameters | {name: x}), value)
        np.testing.assert_allclose(grads["d" + name], truth, err_msg=name, **CLOSE)


# batch normalization on maps


def knobs(n_C, rng):
    return {"gamma": rng.normal(size=(1, 1, 1, n_C)), "beta": rng.normal(size=(1, 1, 1, n_C))}


@given(few, sides, sides, few, st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_batch_normalization_on_maps_agrees_for_any_shape(m, n_H, n_W, n_C, seed):
    rng = np.random.default_rng(seed)

    def backward(dout, cache):
        dZ, dgamma, dbeta = SPACE["batchnorm_maps_backward"](dout, cache)
        return dZ, {"dgamma": dgamma, "dbeta": dbeta}

    assert_gradients(
        lambda Z, p: SPACE["batchnorm_maps_forward"](Z, p["gamma"], p["beta"], 0.3),
        backward,
        rng.normal(size=(m, n_H, n_W, n_C)),
        knobs(n_C, rng),
    )


def test_batch_normalization_on_maps_is_that_of_dense_layers_with_a_place_for_an_example():
    rng = np.random.default_rng(12)
    week6 = references(WEEK.parent / "week6" / "batch_normalization.md")
    Z, dout, p = rng.normal(size=(2, 3, 4, 2)), rng.normal(size=(2, 3, 4, 2)), knobs(2, rng)
    columns = {name: value.reshape(2, 1) for name, value in p.items()}
    running = {"mean": np.zeros((2, 1)), "var": np.ones((2, 1))}
    rows, cache, _ = week6["batchnorm_forward"](Z.reshape(-1, 2).T, *columns.values(), running, 0.9, True, 1e-5)
    out, of_maps = SPACE["batchnorm_maps_forward"](Z, *p.values(), 1e-5)
    np.testing.assert_allclose(out, rows.T.reshape(Z.shape))
    expected = week6["batchnorm_backward"](dout.reshape(-1, 2).T, cache)
    for got, truth in zip(SPACE["batchnorm_maps_backward"](dout, of_maps), expected, strict=True):
        np.testing.assert_allclose(got.reshape(-1, 2), truth.T if truth.shape[1] > 1 else truth.reshape(1, 2))


# the start


@given(few, few, few, st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_a_block_begins_as_the_identity_on_what_a_relu_returns_and_hands_the_gradient_on(n, n_hidden, m, seed):
    rng = np.random.default_rng(seed)
    X, p = np.abs(rng.normal(size=(n, m))), SPACE["initialize_residual"](n, n_hidden, rng)
    out, cache = SPACE["residual_forward"](X, p)
    np.testing.assert_array_equal(out, X)
    dout = rng.normal(size=(n, m))
    np.testing.assert_array_equal(SPACE["residual_backward"](dout, cache)[0], dout)


def test_gradient_reach_is_the_norm_of_what_arrives():
    rng = np.random.default_rng(5)
    A, caches = rng.normal(size=(4, 3)), []
    for _ in range(3):
        A, cache = SPACE["residual_forward"](A, block(4, 2, rng))
        caches.append(cache)
    dout = rng.normal(size=(4, 3))
    reach = SPACE["gradient_reach"](dout, caches, SPACE["residual_backward"])
    for cache, norm in zip([*caches[::-1], None], reach[::-1], strict=True):
        assert norm == pytest.approx(np.sqrt(np.sum(dout**2)))
        dout = SPACE["residual_backward"](dout, cache)[0] if cache else dout


# counting


def test_lenet_and_the_residual_network_are_counted_as_they_are(lenet):
    layers = [("conv", 5, 6, 1, 2), ("pool", 2, 2, 0), ("conv", 5, 16, 1, 0), ("pool", 2, 2, 0)]
    layers += [("dense", 120), ("dense", 84), ("dense", 10)]
    parameters = lenet.initialize_lenet(np.random.default_rng(6))
    _, (count, work) = SPACE["count_layers"](28, 1, layers)
    assert (count, work) == (sum(value.size for value in parameters.values()), 416_520)
    resnet = [("conv", 3, 8, 2, 1), ("conv", 3, 8, 1, 1), ("conv", 3, 8, 1, 1), ("conv", 3, 16, 2, 1)]
    resnet += [("conv", 3, 16, 1, 1), ("pool", 7, 7, 0), ("dense", 10)]
    _, (count, work) = SPACE["count_layers"](28, 1, resnet)
    parameters = support.initialize_resnet(np.random.default_rng(7))
    assert count + 8 * 16 == sum(value.size for value in parameters.values()) == 5_034
    assert work + 7 * 7 * 8 * 16 == 415_680


def test_what_stands_in_for_count_layers_counts_as_it_does():
    layers = [
        ("pool", 3, 2, 1),
        ("conv", 5, 6, 1, 2),
        ("pool", 2, 2, 0),
        ("conv", 3, 4, 3, 1),
        ("dense", 9),
        ("dense", 2),
    ]
    for side in (9, 28):
        assert support.layer_costs(side, 3, layers) == SPACE["count_layers"](side, 3, layers)


def test_vgg_16_has_the_parameters_that_its_authors_report():
    layers = []
    for channels, times in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        layers += [("conv", 3, channels, 1, 1)] * times + [("pool", 2, 2, 0)]
    _, (parameters, work) = SPACE["count_layers"](224, 3, [*layers, ("dense", 4096), ("dense", 4096), ("dense", 1000)])
    assert (parameters, work) == (138_357_544, 15_470_264_320)


@given(st.integers(1, 9), st.tuples(few, few, few), st.integers(1, 4), strides, st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_a_bottleneck_and_a_separable_convolution_cost_what_their_layers_cost(side, channels, f, stride, pad):
    assume(side + 2 * pad >= f)
    n_in, n_narrow, n_out = channels

    def work(side, n_in, *layers):
        return SPACE["count_layers"](side, n_in, list(layers))[1][1]

    large, one = ("conv", f, n_out, stride, pad), ("conv", f, 1, stride, pad)
    bottleneck = work(side, n_in, ("conv", 1, n_narrow, 1, 0), large)
    assert SPACE["bottleneck_cost"](side, channels, f, stride, pad) == (work(side, n_in, large), bottleneck)
    behind = (side + 2 * pad - f) // stride + 1
    separable = n_in * work(side, 1, one) + work(behind, n_in, ("conv", 1, n_out, 1, 0))
    assert SPACE["separable_cost"](side, (n_in, n_out), f, stride, pad) == (work(side, n_in, large), separable)


# depthwise


@given(few, sides, sides, few, few, strides, st.integers(0, 2), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_depthwise_then_pointwise_is_a_convolution_whose_filters_are_products(m, n_H, n_W, n_C, n_out, stride, pad, f):
    assume(min(n_H, n_W) + 2 * pad >= f)
    rng = np.random.default_rng(m)
    X, W, P = rng.normal(size=(m, n_H, n_W, n_C)), rng.normal(size=(f, f, n_C)), rng.normal(size=(n_C, n_out))
    Z, _ = SPACE["depthwise_forward"](X, W, stride, pad)
    truth, _ = support.conv_forward(X, W[..., np.newaxis] * P, np.zeros((1, 1, 1, n_out)), stride, pad)
    np.testing.assert_allclose(Z @ P, truth, atol=1e-12)


@given(few, sides, sides, few, strides, st.integers(0, 2), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_the_depthwise_convolution_agrees_for_any_shape(m, n_H, n_W, n_C, stride, pad, f):
    assume(min(n_H, n_W) + 2 * pad >= f)
    rng = np.random.default_rng(n_H)

    def backward(dZ, cache):
        dX, dW = SPACE["depthwise_backward"](dZ, cache)
        return dX, {"dW": dW}

    assert_gradients(
        lambda X, p: SPACE["depthwise_forward"](X, p["W"], stride, pad),
        backward,
        rng.normal(size=(m, n_H, n_W, n_C)),
        {"W": rng.normal(size=(f, f, n_C))},
    )


# inception


def an_inception(n_in, sizes, rng):
    p = ready.inception_parameters(n_in, sizes, rng)
    return {name: value + 0.2 * rng.normal(size=value.shape) for name, value in p.items()}


def test_each_branch_of_an_inception_block_has_its_channels_in_the_order_of_the_table():
    rng = np.random.default_rng(13)
    sizes = (2, 3, 4, 1, 3, 5)
    X, p = rng.normal(size=(2, 5, 4, 3)), an_inception(3, sizes, rng)
    whole, _ = SPACE["inception_forward"](X, p)
    for name, channels in (("1", slice(0, 2)), ("3", slice(2, 6)), ("5", slice(6, 9)), ("pool", slice(9, 14))):
        gone, _ = SPACE["inception_forward"](X, p | {"W_" + name: 0 * p["W_" + name], "b_" + name: 0 * p["b_" + name]})
        kept = np.ones(14, dtype=bool)
        kept[channels] = False
        np.testing.assert_array_equal(gone[..., kept], whole[..., kept])
        assert not gone[..., channels].any()


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        pytest.param((2, 4, 5, 3), (2, 3, 4, 2, 3, 1), id="ten channels"),
        pytest.param((1, 3, 2, 2), (2, 2, 2, 2, 2, 2), id="equal branches, one example"),
        pytest.param((2, 1, 1, 1), (1, 1, 1, 1, 1, 1), id="one pixel, one channel"),
    ],
)
def test_the_inception_block_agrees_with_central_differences(shape, sizes):
    rng = np.random.default_rng(14)
    p = an_inception(shape[3], sizes, rng)
    assert_gradients(SPACE["inception_forward"], SPACE["inception_backward"], rng.normal(size=shape), p)


@given(few, sides, sides, few, st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_pooling_that_keeps_the_side_takes_the_maximum_of_the_neighbours_and_its_way_back_agrees(
    m, n_H, n_W, n_C, seed
):
    A = without_ties((m, n_H, n_W, n_C), seed)  # nor near ties: a step must not make another entry the largest
    dout = np.random.default_rng(seed).normal(size=A.shape)
    out, cache = ready.pool_same_forward(A)
    for h, w in np.ndindex(n_H, n_W):
        around = A[:, max(h - 1, 0) : h + 2, max(w - 1, 0) : w + 2]
        np.testing.assert_array_equal(out[:, h, w], around.max(axis=(1, 2)))
    truth = measured(lambda A: np.sum(dout * ready.pool_same_forward(A)[0]), A)
    np.testing.assert_allclose(ready.pool_same_backward(dout, cache), truth, **CLOSE)


# the support module


def test_lenet_agrees_with_central_differences(lenet):
    rng = np.random.default_rng(8)
    parameters = lenet.initialize_lenet(rng, filters=(2, 2), sizes=(2, 3, 3, 2))
    parameters = {name: value + 0.1 * rng.normal(size=value.shape) for name, value in parameters.items()}
    X, labels = rng.normal(size=(2, 12, 12, 1)), np.array([1, 0])
    scores, caches = lenet.lenet_forward(X, parameters)
    grads = lenet.lenet_backward(support.loss_and_gradient(scores, labels)[1], caches)
    for name, value in parameters.items():
        truth = measured(
            lambda x, name=name: support.loss_and_gradient(lenet.lenet_forward(X, parameters | {name: x})[0], labels)[
                0
            ],
            value,
        )
        np.testing.assert_allclose(grads["d" + name], truth, err_msg=name, **CLOSE)


@pytest.mark.parametrize("kind", ["plain", "residual"])
def test_training_a_stack_lowers_the_cost_and_leaves_the_start_alone(kind):
    rng = np.random.default_rng(9)
    pair = {
        "plain": (support.plain_forward, support.plain_backward),
        "residual": (SPACE["residual_forward"], SPACE["residual_backward"]),
    }[kind]
    X, labels = rng.normal(size=(5, 12)), np.arange(12) % 3
    start = support.stack_start(5, 3, [block(6, 6, rng) for _ in range(2)], rng)
    start = {name: 0.3 * value for name, value in start.items()}
    before = {name: value.copy() for name, value in start.items()}
    trained, costs = support.train(start, X, labels, *support.stack(*pair), 150, 0.02, rng, size=4)
    assert np.mean(costs[-5:]) < 0.5 * np.mean(costs[:5])
    assert support.accuracy(X, labels, trained, support.stack(*pair)[0]) > 60
    for name, value in before.items():
        np.testing.assert_array_equal(start[name], value)


def test_training_ends_early_when_the_cost_is_not_finite():
    rng = np.random.default_rng(10)
    start = {"W": np.array([[np.nan], [1.0]])}
    forward = lambda X, P: (P["W"] @ X, X)  # noqa: E731
    _, costs = support.train(start, np.ones((1, 4)), np.zeros(4, dtype=int), forward, None, 5, 0.1, rng, size=2)
    assert len(costs) == 1


@given(st.integers(-5, 5))
def test_shifting_moves_and_leaves_paper_behind(right):
    images = np.random.default_rng(11).normal(size=(2, 3, 6, 1))
    moved = support.shift(images, right)
    for j in range(6):
        inside = 0 <= j - right < 6
        np.testing.assert_array_equal(moved[:, :, j], images[:, :, j - right] if inside else np.zeros((2, 3, 1)))
