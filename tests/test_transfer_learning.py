"""What the lesson on transfer learning computes, against other ways to the same numbers."""

import numpy as np
import pytest

from tests.classroom import REPOSITORY
from tests.solutions import load_support, references
from tests.test_gradients_week7 import measured

pytestmark = pytest.mark.week8

WEEK = REPOSITORY / "course" / "week8"
SPACE = references(WEEK / "transfer_learning.md")


@pytest.fixture
def support(monkeypatch):
    """The lesson's support module, which finds the others beside it."""
    monkeypatch.syspath_prepend(str(WEEK))
    return load_support(WEEK / "support_transfer.py")


def test_the_layers_one_by_one_are_the_network_without_its_scores(support):
    rng = np.random.default_rng(1)
    parameters, images = support.random_lenet(5, rng), rng.random((7, 28, 28, 1))
    behind = SPACE["extract_features"](images, support.layers_of(parameters), 6, batch=3)
    scores, _ = support.forward(images, parameters)
    np.testing.assert_allclose(parameters["W5"] @ behind + parameters["b5"], scores)


@pytest.mark.parametrize("keep", [2, 3, 4])
def test_gradients_of_a_network_with_a_new_head_are_right(support, keep):
    rng = np.random.default_rng(2)
    parameters = SPACE["replace_head"](support.random_lenet(5, rng), keep, 3)
    parameters = {name: value + 0.02 * rng.normal(size=value.shape) for name, value in parameters.items()}
    images, labels = rng.random((4, 28, 28, 1)), np.array([0, 2, 1, 2])
    _, grads = support.loss_and_slopes(images, labels, parameters)
    assert set(grads) == {"d" + name for name in parameters}
    for name in ("W1", "b2", f"b{keep + 1}"):
        truth = measured(
            lambda x, name=name: support.loss_and_slopes(images, labels, parameters | {name: x})[0], parameters[name]
        )
        np.testing.assert_allclose(grads["d" + name], truth, err_msg=name, rtol=1e-4, atol=5e-5)  # near a kink


def test_the_head_alone_has_the_gradients_of_the_whole_network(support):
    rng = np.random.default_rng(3)
    parameters = SPACE["replace_head"](support.random_lenet(5, rng), 2, 5)
    parameters["W3"] = rng.normal(size=parameters["W3"].shape)
    images, labels = rng.random((6, 28, 28, 1)), np.arange(6) % 5
    F = SPACE["extract_features"](images, support.layers_of(support.random_lenet(5, np.random.default_rng(3))), 4)
    alone = support.head_slopes(F, labels, {"W1": parameters["W3"], "b1": parameters["b3"]})
    _, grads = support.loss_and_slopes(images, labels, parameters)
    np.testing.assert_allclose(alone["dW1"], grads["dW3"])
    np.testing.assert_allclose(alone["db1"], grads["db3"])


def test_a_head_of_zeros_sends_nothing_into_the_body(support):
    rng = np.random.default_rng(4)
    parameters = SPACE["replace_head"](support.random_lenet(5, rng), 2, 5)
    _, grads = support.loss_and_slopes(rng.random((5, 28, 28, 1)), np.arange(5), parameters)
    assert not any(np.any(grads[name]) for name in ("dW1", "db1", "dW2", "db2"))
    assert np.any(grads["dW3"])


def test_the_gradient_of_the_multitask_loss_is_measured_at_the_scores():
    rng = np.random.default_rng(5)
    Z, Y = rng.normal(size=(4, 6)), rng.integers(0, 2, (4, 6)).astype(float)
    Y[rng.random(Y.shape) < 0.4] = np.nan

    def loss(Z):
        return SPACE["multitask_loss"](1 / (1 + np.exp(-Z)), Y)

    gradient = SPACE["multitask_gradient"](1 / (1 + np.exp(-Z)), Y)
    np.testing.assert_allclose(gradient, measured(loss, Z), atol=1e-8)


def test_whitened_training_data_have_mean_zero_and_covariance_one():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(4, 4)) @ rng.normal(size=(4, 200)) + 5
    white = SPACE["whiten"](X, X, 1e-12)
    np.testing.assert_allclose(white.mean(axis=1), 0, atol=1e-9)
    np.testing.assert_allclose(white @ white.T / 200, np.eye(4), atol=1e-6)
