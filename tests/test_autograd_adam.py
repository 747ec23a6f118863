"""Adam on the tensors of week 9's engine, against its formula, step by step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_autograd_engine import CLOSE, SPACE, Tensor

pytestmark = pytest.mark.week9


@given(st.integers(0, 999), st.lists(st.lists(st.booleans(), min_size=2, max_size=2), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_each_tensor_moves_as_if_it_were_alone(seed, turns):
    """Tensors get gradients at some steps only; each has to be where Adam takes it with its own gradients."""
    rng = np.random.default_rng(seed)
    tensors = [Tensor(rng.normal(size=shape)) for shape in ((2, 3), (4,))]
    alone = [(tensor.value, np.zeros(tensor.shape), np.zeros(tensor.shape), 0) for tensor in tensors]
    state = {}
    for gets in turns:
        for place, (tensor, has) in enumerate(zip(tensors, gets, strict=True)):
            tensor.grad = rng.normal(size=tensor.shape) if has else None
            if has:
                value, m, v, t = alone[place]
                m, v, t = 0.9 * m + 0.1 * tensor.grad, 0.999 * v + 0.001 * tensor.grad**2, t + 1
                step = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
                alone[place] = value - 0.05 * step, m, v, t
        values, state = SPACE["adam_step"](tensors, state, 0.05)
    for value, tensor, (truth, *_) in zip(values, tensors, alone, strict=True):
        assert value is tensor.value
        np.testing.assert_allclose(value, truth, **CLOSE)


def test_moved_tensors_are_leaves_and_learn():
    W = Tensor(np.full((3, 1), 4.0))
    state, costs = {}, []
    for _ in range(200):
        W.grad = None
        cost = ((W - 1.0) ** 2).sum()
        cost.backward()
        costs.append(float(cost.value))
        _, state = SPACE["adam_step"]([W], state, 0.1)
    assert W.parents == ()
    assert state[0][0] == 200
    assert costs[-1] < 1e-3 * costs[0]
