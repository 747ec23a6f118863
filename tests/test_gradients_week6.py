"""The backward passes of batch and layer normalisation, as the lesson solves them, against central differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from grader.lessons.parser import read_lesson
from tests.classroom import REPOSITORY

pytestmark = pytest.mark.week6

LESSON = REPOSITORY / "course" / "week6" / "batch_normalization.md"
SHAPES = [(3, 5), (1, 7), (4, 2), (1, 2), (6, 3), (2, 64), (5, 1)]
EPS = [1e-5, 0.3]


@pytest.fixture(scope="module")
def lesson() -> dict[str, Any]:
    """The lesson's reference solutions by name."""
    names: dict[str, Any] = {"np": np}
    for exercise in read_lesson(LESSON).exercises.values():
        if exercise.kind == "solution":
            exec(exercise.solution.source, names)
    return names


def drawn(shape, seed=0):
    """Scores, gamma, beta and weights for the outputs; the weighted sum of the outputs is the cost."""
    rng = np.random.default_rng(seed)
    n, m = shape
    gamma, beta = rng.normal(1, 0.8, size=(n, 1)), rng.normal(size=(n, 1))
    return rng.normal(2, rng.uniform(0.5, 3, size=(n, 1)), size=shape), gamma, beta, rng.normal(size=(n, m))


def central_differences(f, array, eps=1e-6):
    slopes = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        step = np.zeros(array.shape)
        step[index] = eps
        slopes[index] = (f(array + step) - f(array - step)) / (2 * eps)
    return slopes


def batch_layer(lesson, eps):
    """The forward pass in training mode, of scores, gamma and beta."""

    def layer(Z, gamma, beta):
        start = {"mean": np.zeros((len(Z), 1)), "var": np.ones((len(Z), 1))}
        return lesson["batchnorm_forward"](Z, gamma, beta, start, 0.9, True, eps)[:2]

    return layer


def layer_layer(lesson, eps):
    return lambda Z, gamma, beta: lesson["layernorm_forward"](Z, gamma, beta, eps)


CASES = [
    pytest.param(batch_layer, "batchnorm_backward", id="batch, steps"),
    pytest.param(batch_layer, "batchnorm_backward_simplified", id="batch, simplified"),
    pytest.param(layer_layer, "layernorm_backward", id="layer"),
]


@pytest.mark.parametrize("eps", EPS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("make", "backward"), CASES)
def test_the_gradients_are_the_slopes(lesson, make, backward, shape, eps):
    layer = make(lesson, eps)
    Z, gamma, beta, weights = drawn(shape)
    claimed = lesson[backward](weights, layer(Z, gamma, beta)[1])
    measured = (
        central_differences(lambda moved: np.sum(weights * layer(moved, gamma, beta)[0]), Z),
        central_differences(lambda moved: np.sum(weights * layer(Z, moved, beta)[0]), gamma),
        central_differences(lambda moved: np.sum(weights * layer(Z, gamma, moved)[0]), beta),
    )
    for claim, slope in zip(claimed, measured, strict=True):
        assert claim.shape == slope.shape
        assert claim == pytest.approx(slope, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_two_backward_passes_agree_to_the_last_digits(lesson, shape):
    Z, gamma, beta, dout = drawn(shape, seed=1)
    _, cache = batch_layer(lesson, 1e-5)(Z, gamma, beta)
    steps = lesson["batchnorm_backward"](dout, cache)
    short = lesson["batchnorm_backward_simplified"](dout, {name: cache[name] for name in ("Z_hat", "std", "gamma")})
    for a, b in zip(steps, short, strict=True):
        assert a == pytest.approx(b, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("shape", [(3, 5), (1, 7), (6, 3)])
def test_the_gradient_of_the_scores_runs_along_the_circle(lesson, shape):
    Z, gamma, beta, dout = drawn(shape, seed=2)
    _, cache = batch_layer(lesson, 1e-12)(Z, gamma, beta)
    dZ, _, _ = lesson["batchnorm_backward"](dout, cache)
    assert dZ.sum(axis=1) == pytest.approx(0, abs=1e-12)
    assert (dZ * cache["Z_hat"]).sum(axis=1) == pytest.approx(0, abs=1e-8)


def test_a_unit_that_says_the_same_to_all_has_finite_gradients(lesson):
    Z, gamma, beta, dout = drawn((3, 4), seed=3)
    Z[1] = 2.0
    _, cache = batch_layer(lesson, 1e-5)(Z, gamma, beta)
    dZ, _, _ = lesson["batchnorm_backward"](dout, cache)
    expected = gamma[1] / np.sqrt(1e-5) * (dout[1] - dout[1].mean())
    assert dZ[1] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("shape", "n_prev"), [((3, 5), 4), ((1, 6), 2), ((4, 1), 3)])
def test_a_folded_layer_says_the_same_as_both_layers_in_test_mode(lesson, shape, n_prev):
    rng = np.random.default_rng(4)
    n, m = shape
    W, b, A = rng.normal(size=(n, n_prev)), rng.normal(size=(n, 1)), rng.normal(size=(n_prev, m))
    gamma, beta = rng.normal(size=(n, 1)), rng.normal(size=(n, 1))
    running = {"mean": rng.normal(size=(n, 1)), "var": rng.uniform(0, 2, size=(n, 1))}
    out, cache, _ = lesson["batchnorm_forward"](W @ A + b, gamma, beta, running, 0.9, False, 1e-3)
    W_folded, b_folded = lesson["fold_batchnorm"](W, b, gamma, beta, running, 1e-3)
    assert cache is None
    assert W_folded @ A + b_folded == pytest.approx(out, rel=1e-10, abs=1e-12)


def test_running_statistics_come_to_those_of_the_population(lesson):
    rng, running = np.random.default_rng(5), {"mean": np.zeros((1, 1)), "var": np.ones((1, 1))}
    one, none = np.ones((1, 1)), np.zeros((1, 1))
    for _ in range(3000):
        batch = rng.normal(3, 2, size=(1, 4))
        _, _, running = lesson["batchnorm_forward"](batch, one, none, running, 0.99, True, 1e-5)
    assert running["mean"][0, 0] == pytest.approx(3, abs=0.3)
    assert running["var"][0, 0] == pytest.approx(4 * (1 - 1 / 4), abs=0.5)  # a batch of 4, with 1/m
