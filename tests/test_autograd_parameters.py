"""The parameters of networks in week 9's engine: found once, in a fixed order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_autograd_engine import SPACE, Tensor

pytestmark = pytest.mark.week9


class Module:
    """The base class of layers, as the lesson defines it."""


@pytest.fixture(autouse=True)
def modules(monkeypatch):
    monkeypatch.setitem(SPACE, "Module", Module)


def module(parts):
    made = Module()
    vars(made).update({f"part{number}": part for number, part in enumerate(parts)})
    return made


LEAVES = [Tensor(np.ones(2)) for _ in range(4)]  # of equal numbers: only identity tells them apart
OTHERS = [LEAVES[0] * 2.0, 0.5, None, "text", np.ones(3), np.tanh]
nested = st.recursive(
    st.sampled_from([*LEAVES, *OTHERS]),
    lambda parts: st.lists(parts, max_size=3).flatmap(
        lambda found: st.sampled_from([found, tuple(found), dict(enumerate(found)), module(found)])
    ),
    max_leaves=12,
)


def met(part):
    """All leaves in the order in which one meets them, with repetitions."""
    if isinstance(part, Tensor):
        return [part] if part.kind == "leaf" else []
    inside = vars(part) if isinstance(part, Module) else part
    inside = inside.values() if isinstance(inside, dict) else inside
    return [leaf for item in inside for leaf in met(item)] if isinstance(part, list | tuple | dict | Module) else []


@given(nested)
@settings(max_examples=150, deadline=None)
def test_each_parameter_is_found_once_in_the_order_of_its_first_place(part):
    found = SPACE["find_parameters"](part)
    assert list(map(id, found)) == list(dict.fromkeys(map(id, met(part))))


def test_two_tensors_with_the_same_numbers_are_two_parameters():
    W, V = Tensor(np.zeros(3)), Tensor(np.zeros(3))
    found = SPACE["find_parameters"](module([W, V, [W]]))
    assert found[0] is W
    assert found[1] is V
    assert len(found) == 2
