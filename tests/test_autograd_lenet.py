"""Convolution and LeNet on the engine of week 9, against loops, differences and the package `autograd`."""

import sys

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

from dlcore import data
from dlcore.gradients import gradient_check
from tests.solutions import load_support
from tests.test_autograd_engine import CLOSE, SPACE, WEEK, Tensor, support

pytestmark = pytest.mark.week9


@pytest.fixture
def lenet(monkeypatch):
    """The module with LeNet, which finds the engine beside it."""
    monkeypatch.setitem(sys.modules, "support_autograd", support)
    return load_support(WEEK / "support_autograd_lenet.py")


@pytest.mark.parametrize(
    ("shape", "f", "filters", "stride", "pad"),
    [
        pytest.param((2, 5, 6, 3), 3, 2, 1, 1, id="the side stays"),
        pytest.param((1, 7, 4, 1), 2, 3, 2, 0, id="stride 2, a rest"),
        pytest.param((2, 3, 5, 2), 3, 1, 3, 2, id="stride 3, pad 2"),
        pytest.param((2, 1, 1, 1), 1, 1, 1, 0, id="one pixel"),
    ],
)
def test_a_convolution_of_tensors_agrees_with_differences_and_with_loops(shape, f, filters, stride, pad):
    rng = np.random.default_rng(f)
    theta = {
        "X": rng.normal(size=shape),
        "W": rng.normal(size=(f, f, shape[3], filters)),
        "b": rng.normal(size=filters),
    }
    conv2d = SPACE["conv2d"]
    maps = conv2d(theta["X"], theta["W"], theta["b"], stride, pad)
    padded = np.pad(theta["X"], ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    for e, i, j in np.ndindex(maps.shape[:3]):
        window = padded[e, i * stride : i * stride + f, j * stride : j * stride + f]
        np.testing.assert_allclose(maps[e, i, j], np.tensordot(window, theta["W"], 3) + theta["b"], **CLOSE)
    G = rng.normal(size=maps.shape)
    tensors = {name: Tensor(value) for name, value in theta.items()}
    (support.tanh(conv2d(*tensors.values(), stride, pad)) * G).sum().backward()
    error = gradient_check(
        lambda theta: float(np.sum(np.tanh(conv2d(*theta.values(), stride, pad)) * G)),
        {name: tensor.grad for name, tensor in tensors.items()},
        theta,
        rng,
    )
    assert error < 1e-6


@pytest.mark.parametrize(("stride", "pad"), [(1, 0), (2, 1), (3, 2)])
def test_until_the_optional_convolution_is_written_lenet_uses_its_own(lenet, stride, pad):
    rng = np.random.default_rng(8)
    theta = rng.normal(size=(2, 5, 6, 3)), rng.normal(size=(3, 3, 3, 2)), rng.normal(size=2)
    support.use({name: value for name, value in SPACE.items() if name != "conv2d"})
    try:
        own = lenet.convolve(*map(Tensor, theta), stride, pad)
    finally:
        support.use(SPACE)
    np.testing.assert_allclose(own.value, SPACE["conv2d"](*theta, stride, pad), **CLOSE)
    support.use(SPACE | {"conv2d": lambda *arguments: arguments[3:]})
    try:
        assert lenet.convolve(*theta, stride, pad) == (stride, pad)
    finally:
        support.use(SPACE)


def test_lenet_agrees_with_differences(lenet):
    rng = np.random.default_rng(1)
    parameters = lenet.initialize_lenet(rng)
    X, labels = rng.normal(size=(2, 28, 28, 1)), np.array([3, 8])

    def cost(P):
        return lenet.cross_entropy(lenet.lenet(X, P, SPACE["conv2d"]), labels)

    cost(parameters).backward()
    assert sum(tensor.value.size for tensor in parameters.values()) == 61_706
    error = gradient_check(
        lambda values: float(cost({name: Tensor(value) for name, value in values.items()}).value),
        {name: tensor.grad for name, tensor in parameters.items()},
        {name: tensor.value for name, tensor in parameters.items()},
        rng,
    )
    assert error < 1e-5


def cost_of_package(P, images, labels):
    """The cost of the same LeNet, written for the package, with its windows stacked place by place."""
    A, m = images, len(images)
    for layer, pad in (("1", 2), ("2", 0)):
        padded = anp.pad(A, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode="constant")
        side, filters = padded.shape[1] - 4, P["W" + layer].shape[3]
        windows = [padded[:, i : i + side, j : j + side] for i in range(5) for j in range(5)]
        rows = anp.reshape(anp.stack(windows, axis=3), (m, side, side, -1))
        Z = rows @ anp.reshape(P["W" + layer], (-1, filters)) + P["b" + layer]
        pools = anp.reshape(Z * (Z > 0), (m, side // 2, 2, side // 2, 2, filters))
        A = anp.max(pools, axis=(2, 4))
    A = anp.reshape(A, (m, -1))
    for layer in ("3", "4"):
        Z = A @ P["W" + layer] + P["b" + layer]
        A = Z * (Z > 0)
    scores = A @ P["W5"] + P["b5"]
    top = anp.max(scores, axis=1, keepdims=True)
    logs = scores - top - anp.log(anp.sum(anp.exp(scores - top), axis=1, keepdims=True))
    return -anp.mean(logs[np.arange(m), labels])


def test_lenet_has_the_gradients_of_the_package_autograd_on_digits(lenet):
    images, labels = data.digits()
    images, labels = images[:16, :, :, np.newaxis] / 255, labels[:16]
    parameters = lenet.initialize_lenet(np.random.default_rng(4))  # biases of 0: many pixels are equal, many exactly 0
    lenet.cross_entropy(lenet.lenet(images, parameters, SPACE["conv2d"]), labels).backward()
    values = {name: tensor.value for name, tensor in parameters.items()}
    for name, truth in autograd.grad(cost_of_package)(values, images, labels).items():
        np.testing.assert_allclose(parameters[name].grad, truth, err_msg=name, rtol=1e-9, atol=1e-13)


def test_lenet_learns_a_few_digits(lenet):
    rng = np.random.default_rng(2)
    images, labels = data.digits()
    images, labels = images[:96, :, :, np.newaxis] / 255, labels[:96]
    parameters = lenet.initialize_lenet(rng)
    batches = [batch for _ in range(12) for batch in lenet.mini_batches(images, labels, 32, rng)]
    costs, values = SPACE["train"](
        list(parameters.values()),
        lambda batch: lenet.cross_entropy(lenet.lenet(batch[0], parameters, SPACE["conv2d"]), batch[1]),
        batches,
        0.1,
    )
    assert len(costs) == 36
    assert np.mean(costs[-3:]) < 0.6 * np.mean(costs[:3])
    assert all(value is tensor.value for value, tensor in zip(values, parameters.values(), strict=True))


def test_mini_batches_hold_each_example_at_most_once(lenet):
    X = np.arange(10.0).reshape(10, 1)
    batches = lenet.mini_batches(X, np.arange(10), 3, np.random.default_rng(3))
    together = np.concatenate([labels for _, labels in batches])
    assert [len(labels) for _, labels in batches] == [3, 3, 3]
    assert len(set(together)) == 9
    for examples, labels in batches:
        np.testing.assert_array_equal(examples[:, 0], labels)
