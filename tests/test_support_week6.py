"""The network that the lesson on batch normalisation trains: its gradients, with and without a norm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlcore import gradient_check
from grader.lessons.parser import read_lesson
from tests.classroom import REPOSITORY
from tests.solutions import load_support

pytestmark = pytest.mark.week6

WEEK = REPOSITORY / "course" / "week6"


@pytest.fixture(scope="module")
def support() -> Any:
    return load_support(WEEK / "support_batch_normalization.py")


@pytest.fixture(scope="module")
def norms(support) -> dict[str, Any]:
    names: dict[str, Any] = {"np": np}
    for exercise in read_lesson(WEEK / "batch_normalization.md").exercises.values():
        if exercise.kind == "solution":
            exec(exercise.solution.source, names)
    return {
        "none": lambda: None,
        "batch": lambda: support.BatchNorm(names["batchnorm_forward"], names["batchnorm_backward"]),
        "layer": lambda: support.LayerNorm(names["layernorm_forward"], names["layernorm_backward"]),
    }


@pytest.mark.parametrize("kind", ["none", "batch", "layer"])
def test_all_gradients_are_right(support, norms, kind):
    rng = np.random.default_rng(1)
    parameters = support.initialize([7, 6, 5, 10], rng, 1.0, kind != "none")
    parameters = {name: array + 0.1 * rng.normal(size=array.shape) for name, array in parameters.items()}
    X, Y = rng.normal(size=(7, 9)), np.eye(10)[:, rng.integers(0, 10, 9)]
    norm = norms[kind]()
    _, caches = support.forward(X, parameters, norm, training=True)
    grads = support.backward(Y, parameters, caches, norm)
    assert {name.removeprefix("d") for name in grads} == set(parameters)

    def cost(moved):
        return support.cost(support.forward(X, moved, norms[kind](), training=True)[0], Y)

    claimed = {name: grads["d" + name] for name in parameters}
    assert gradient_check(cost, claimed, parameters, np.random.default_rng(2)) < 1e-6


@pytest.mark.parametrize("kind", ["none", "batch", "layer"])
def test_it_learns_and_changes_nothing_that_it_is_given(support, norms, kind):
    X, labels, X_held, labels_held = support.digits(1000, np.random.default_rng(3))
    start = support.initialize([100, 30, 10], np.random.default_rng(1), 1.0, kind != "none")
    before, norm = {name: array.copy() for name, array in start.items()}, norms[kind]()
    found, costs = support.train(X, labels, start, 0.3, np.random.default_rng(2), 60, norm=norm)
    assert all(np.array_equal(start[name], before[name]) for name in start)
    assert len(costs) == 60
    assert support.share_right(X_held[:, :500], labels_held[:500], found, norm) > 0.8


def test_a_test_leaves_the_running_statistics_alone(support, norms):
    X, labels, _, _ = support.digits(100, np.random.default_rng(3))
    start, norm = support.initialize([100, 8, 10], np.random.default_rng(1), 1.0, True), norms["batch"]()
    support.train(X, labels, start, 0.1, np.random.default_rng(2), 3, norm=norm)
    kept = norm.running[1]["mean"].copy()
    support.share_right(X, labels, start, norm)
    assert np.array_equal(norm.running[1]["mean"], kept)


def test_a_network_that_explodes_ends_with_infinite_costs(support):
    X, labels, _, _ = support.digits(200, np.random.default_rng(3))
    start = support.initialize([100, 30, 30, 10], np.random.default_rng(1), 30.0)
    _, costs = support.train(X, labels, start, 1e4, np.random.default_rng(2), 12)
    assert len(costs) == 12
    assert not np.isnan(costs).any()


def test_the_inputs_are_standardised_as_a_whole(support):
    X, labels, X_held, labels_held = support.digits(3500, np.random.default_rng(3))
    assert X.shape == (100, 3500)
    assert X_held.shape == (100, 1500)
    assert len(labels) + len(labels_held) == 5000
    assert X.mean() == pytest.approx(0, abs=1e-12)
    assert np.mean(X**2) == pytest.approx(1)


@pytest.mark.parametrize(("A", "expected"), [([[2.0, -2.0]], 4), ([[1.0, -1.0]], 1), ([[3.0, 1.0]], 17 + 12 * 2**0.5)])
def test_kappa_is_the_ratio_of_the_curvatures_of_the_bowl(support, A, expected):
    assert support.kappa(np.array(A)) == pytest.approx(expected)
