"""Forward mode on arrays, with the rule that students write, against differences and the engine's gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_autograd_engine import SPACE, Tensor, support

pytestmark = pytest.mark.week9

jvp = SPACE["jvp"]


class Forwards:
    """The operations of a small network on pairs (value, rate)."""

    @staticmethod
    def add(a, b):
        return jvp("add", (a[0], b[0]), (a[1], b[1]))

    @staticmethod
    def multiply(a, b):
        return jvp("multiply", (a[0], b[0]), (a[1], b[1]))

    @staticmethod
    def matmul(a, b):
        return jvp("matmul", (a[0], b[0]), (a[1], b[1]))

    @staticmethod
    def bend(kind, a):
        return jvp(kind, a[:1], a[1:])


class Recorded:
    """The same on tensors."""

    @staticmethod
    def add(a, b):
        return a + b

    @staticmethod
    def multiply(a, b):
        return a * b

    @staticmethod
    def matmul(a, b):
        return a @ b

    @staticmethod
    def bend(kind, a):
        return getattr(support, kind)(a)


def network(parts, ops, bends):
    """A network with a bias that is broadcast, a product entry by entry, and two bends."""
    X, W, b, V = parts
    hidden = ops.bend(bends[0], ops.add(ops.matmul(X, W), b))
    return ops.bend(bends[1], ops.matmul(ops.multiply(hidden, hidden), V))


@given(st.integers(0, 999), st.lists(st.sampled_from(["exp", "tanh", "relu"]), min_size=2, max_size=2))
@settings(max_examples=60, deadline=None)
def test_the_rate_along_a_direction_is_the_gradient_times_the_direction(seed, bends):
    rng = np.random.default_rng(seed)
    values = [0.5 * rng.normal(size=shape) for shape in ((4, 3), (3, 5), (5,), (5, 2))]
    rates = [rng.normal(size=value.shape) for value in values]
    out, rate = network(list(zip(values, rates, strict=True)), Forwards, bends)
    tensors = [Tensor(value) for value in values]
    result = network(tensors, Recorded, bends)
    np.testing.assert_allclose(out, result.value, rtol=1e-12)
    weights = rng.normal(size=out.shape)
    (result * weights).sum().backward()
    along = sum(np.sum(tensor.grad * rate) for tensor, rate in zip(tensors, rates, strict=True))
    assert np.sum(rate * weights) == pytest.approx(along, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", ["add", "multiply", "matmul"])
def test_rates_are_those_of_central_differences(kind):
    rng = np.random.default_rng(3)
    a, b, da, db = rng.normal(size=(4, 3, 3))
    operation = {"add": np.add, "multiply": np.multiply, "matmul": np.matmul}[kind]
    out, rate = jvp(kind, (a, b), (da, db))
    above, below = (operation(a + sign * 1e-6 * da, b + sign * 1e-6 * db) for sign in (1, -1))
    np.testing.assert_array_equal(out, operation(a, b))
    np.testing.assert_allclose(rate, (above - below) / 2e-6, atol=1e-8)
