"""The engine of week 9, with the lesson's solutions, against the package `autograd`, differences and closed forms."""

import gc
import weakref

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.classroom import REPOSITORY
from tests.solutions import load_support, references

pytestmark = pytest.mark.week9

WEEK = REPOSITORY / "course" / "week9"
support = load_support(WEEK / "support_autograd.py")
SPACE = references(WEEK / "autograd.md")
SPACE["support"] = support
support.use(SPACE)
Tensor = support.Tensor

CLOSE = {"rtol": 1e-9, "atol": 1e-9}


def behind(tensor):
    return SPACE["topological_order"](tensor, lambda node: node.parents)


# random graphs


UNARY = {
    "tanh": (support.tanh, anp.tanh),
    "exp of tanh": (lambda a: support.exp(support.tanh(a)), lambda a: anp.exp(anp.tanh(a))),
    "log": (lambda a: support.log(1.5 + a * a), lambda a: anp.log(1.5 + a * a)),
    "relu": (lambda a: support.relu(a - 0.1), lambda a: anp.maximum(a - 0.1, 0)),
    "cube": (lambda a: support.tanh(a) ** 3, lambda a: anp.tanh(a) ** 3),
    "one over": (lambda a: 1 / (2 + a * a), lambda a: 1 / (2 + a * a)),
    "turned": (lambda a: a.T, lambda a: a.T),
    "reshaped": (lambda a: a.reshape(-1, 1), lambda a: anp.reshape(a, (-1, 1))),
    "axes swapped": (lambda a: a.transpose(1, 0), lambda a: anp.transpose(a, (1, 0))),
    "row sums": (lambda a: a.sum(axis=1, keepdims=True), lambda a: anp.sum(a, axis=1, keepdims=True)),
    "mean of columns": (lambda a: a.mean(axis=0, keepdims=True), lambda a: anp.mean(a, axis=0, keepdims=True)),
    "sum of all": (lambda a: a.sum().reshape(1, 1), lambda a: anp.reshape(anp.sum(a), (1, 1))),
    "sum, then back": (lambda a: a.sum(axis=-1).reshape(-1, 1), lambda a: anp.reshape(anp.sum(a, axis=-1), (-1, 1))),
    "largest": (lambda a: support.maximum_over(a, 0).reshape(1, -1), lambda a: anp.reshape(anp.max(a, 0), (1, -1))),
    "log-softmax": (
        lambda a: support.log_softmax(a, 1),
        lambda a: a - anp.log(anp.sum(anp.exp(a - anp.max(a, 1, keepdims=True)), 1, keepdims=True))
        - anp.max(a, 1, keepdims=True),
    ),
    "rows picked": (lambda a: a[np.array([0, -1, 0])], lambda a: a[np.array([0, -1, 0])]),
    "columns backwards": (lambda a: a[:, ::-1], lambda a: a[:, ::-1]),
}  # fmt: skip
BINARY = {
    "+": (lambda a, b: a + b, lambda a, b: a + b),
    "-": (lambda a, b: a - b, lambda a, b: a - b),
    "·": (lambda a, b: a * b, lambda a, b: a * b),
    "/": (lambda a, b: a / (1.5 + b * b), lambda a, b: a / (1.5 + b * b)),
    "product of matrices": (lambda a, b: a @ b, lambda a, b: a @ b),
}


def fits(name, a, b):
    """Whether two shapes suit a binary operation."""
    if name == "product of matrices":
        return a[1] == b[0]
    return all(m == n or 1 in (m, n) for m, n in zip(a, b, strict=True))


@st.composite
def programs(draw):
    """The shapes of leaves, and steps (operation, operands) of which each uses values made before."""
    shapes = draw(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=3))
    known, steps = [np.ones(shape) for shape in shapes], []
    for _ in range(draw(st.integers(1, 12))):
        a = draw(st.integers(0, len(known) - 1))
        partners = [
            (name, a, b) for name in BINARY for b in range(len(known)) if fits(name, known[a].shape, known[b].shape)
        ]
        step = draw(st.sampled_from([*((name, a) for name in UNARY), *partners]))
        result = (UNARY | BINARY)[step[0]][1](*(known[place] for place in step[1:]))
        known.append(np.ones(np.shape(result)))
        steps.append(step)
    return shapes, steps


def run(steps, leaves, which, tanh, total):
    """The sum of squares of the last values; each goes through tanh, so that long chains do not overflow."""
    values = list(leaves)
    for name, *operands in steps:
        values.append(tanh((UNARY | BINARY)[name][which](*(values[place] for place in operands))))
    result = 0.0
    for value in values[-3:]:
        result = result + total(value * value)
    return result


@given(programs(), st.integers(0, 999))
@settings(max_examples=150, deadline=None)
def test_gradients_of_any_graph_are_those_of_the_package_autograd(program, seed):
    shapes, steps = program
    leaves = [np.random.default_rng(seed + k).normal(size=shape) for k, shape in enumerate(shapes)]
    tensors = [Tensor(leaf) for leaf in leaves]
    result = run(steps, tensors, 0, support.tanh, lambda a: a.sum())
    result.backward()

    def of_package(leaves):
        return run(steps, leaves, 1, anp.tanh, anp.sum)

    assert float(result.value) == pytest.approx(float(of_package(leaves)), rel=1e-9)
    for tensor, truth in zip(tensors, autograd.grad(of_package)(leaves), strict=True):
        mine = np.zeros(tensor.shape) if tensor.grad is None else tensor.grad
        np.testing.assert_allclose(mine, truth, **CLOSE)


@given(st.integers(0, 999), st.sampled_from([None, 0, 1, 2, (0, 2), (1, -1), (0, 1, 2)]))
@settings(max_examples=60, deadline=None)
def test_shares_of_equal_maxima_are_those_of_the_package(seed, axis):
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 2, size=(2, 3, 2)).astype(float)
    weights = rng.normal(size=np.shape(a.max(axis=axis)))
    tensor = Tensor(a)
    (support.maximum_over(tensor, axis) * weights).sum().backward()
    np.testing.assert_allclose(
        tensor.grad, autograd.grad(lambda a: anp.sum(anp.max(a, axis=axis) * weights))(a), **CLOSE
    )


@given(programs(), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_every_node_is_visited_once_and_after_all_that_uses_it(program, seed):
    shapes, steps = program
    tensors = [Tensor(np.random.default_rng(seed + k).normal(size=shape)) for k, shape in enumerate(shapes)]
    result = run(steps, tensors, 0, support.tanh, lambda a: a.sum())
    order, visited = behind(result), []

    def back(node, g):
        visited.append(node)
        assert all(child in visited for child in order if node in child.parents)
        return node.back(g) if node.back else ()

    SPACE["backward"](order, lambda node: node.parents, back, np.ones(result.shape))
    assert visited == order
    assert len(set(order)) == len(order)


@given(programs(), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_a_step_along_a_direction_is_the_same_forwards_and_backwards(program, seed):
    """The rate of a scalar graph in forward mode is the gradient times the direction."""
    rng = np.random.default_rng(seed)
    count = len(program[1]) + 2
    parents = {0: (), 1: ()} | {n: tuple(rng.integers(0, n, size=rng.integers(1, 4)).tolist()) for n in range(2, count)}
    slopes = {n: rng.normal(size=len(made_of)).tolist() for n, made_of in parents.items()}
    order = SPACE["topological_order"](count - 1, parents.__getitem__)
    grads = SPACE["backward"](order, parents.__getitem__, lambda n, g: [g * s for s in slopes[n]], 1.0)
    rates = SPACE["push_forward"](order, parents.__getitem__, slopes.__getitem__, {0: 0.7, 1: -1.3})
    assert rates[count - 1] == pytest.approx(0.7 * grads.get(0, 0.0) - 1.3 * grads.get(1, 0.0), rel=1e-9, abs=1e-12)


# the engine


def test_a_graph_of_ten_thousand_steps_needs_no_recursion():
    x = Tensor(1.0)
    y = x
    for _ in range(10_000):
        y = y * 1.0001
    y.backward()
    assert len(behind(y)) == 10_001
    assert x.grad == pytest.approx(1.0001**10_000)


def test_sixty_doublings_are_sixty_visits():
    x = Tensor(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert len(behind(y)) == 61
    assert x.grad == 2.0**60


def test_a_second_backward_pass_adds():
    x = Tensor([1.0, 2.0])
    y = (x * x).sum()
    y.backward()
    y.backward()
    np.testing.assert_array_equal(x.grad, [4.0, 8.0])


def test_constants_are_no_part_of_the_graph():
    w = Tensor(np.ones((2, 1)))
    product = np.array([[1.0, 2.0]]) @ w
    assert [tensor.kind for tensor in behind(product)] == ["matmul", "leaf"]
    assert behind(np.ones(3) * w)[-1] is w


def test_nothing_is_recorded_within_no_grad_even_if_it_raises():
    w = Tensor(2.0)

    @support.no_grad()
    def failing():
        assert len(behind(w * w + w)) == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert len(behind(w * w + w)) == 3


def test_backward_starts_at_one_number():
    with pytest.raises(ValueError, match=r"this has the shape \(2,\)"):
        Tensor([1.0, 2.0]).backward()


@pytest.mark.parametrize("shape", [(3, 2), ((3, 2),), ([3, -1],), (-1,), (6,)])
def test_a_tensor_takes_a_new_shape_as_numbers_or_as_a_tuple(shape):
    a = np.arange(6.0).reshape(2, 3)
    x = Tensor(a)
    y = x.reshape(*shape)
    np.testing.assert_array_equal(y.value, a.reshape(*shape))
    (y * y).sum().backward()
    np.testing.assert_array_equal(x.grad, 2 * a)


def test_a_tensors_length_is_that_of_its_array():
    assert len(Tensor(np.ones((2, 3)))) == 2


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: np.reshape(x, (3, 2)), "reshape"),
        (lambda x: np.dot(np.ones((1, 2)), x), "dot"),
        (lambda x: np.pad(x, 1), "pad"),
    ],
)
def test_a_function_of_numpy_that_would_not_be_recorded_is_refused(call, name):
    with pytest.raises(TypeError, match=rf"np\.{name} cannot record .* such as X\.reshape\(…\) and @"):
        call(Tensor(np.ones((2, 3))))


def test_operations_on_a_subclass_stay_in_it():
    class Mine(Tensor):
        pass

    x = Mine([[1.0, 2.0]])
    assert type(np.ones((1, 2)) + x @ Tensor([[1.0], [1.0]])) is Mine
    with support.no_grad():
        assert type(x * 2.0) is Mine


OPTIONAL_RULES = ["matmul_back", "sum_back", "max_back", "getitem_back", "log_softmax_back"]


def empty(*arguments, **options):
    """Stand for an exercise that nobody has done."""
    raise NotImplementedError


@given(programs(), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_without_the_optional_rules_the_engine_uses_its_own(program, seed):
    shapes, steps = program
    leaves = [np.random.default_rng(seed + k).integers(-2, 3, size=shape) / 2 for k, shape in enumerate(shapes)]
    found = []
    for space in (SPACE, SPACE | dict.fromkeys(OPTIONAL_RULES, empty)):
        support.use(space)
        tensors = [Tensor(leaf) for leaf in leaves]
        run(steps, tensors, 0, support.tanh, lambda a: a.sum()).backward()
        support.use(SPACE)
        found.append([tensor.grad for tensor in tensors])
    for mine, own in zip(*found, strict=True):
        assert (mine is None) == (own is None)
        if mine is not None:
            np.testing.assert_allclose(mine, own, **CLOSE)


def test_a_rule_that_is_not_optional_has_no_substitute():
    x = Tensor([1.0, 2.0])
    support.use(SPACE | {"multiply_back": empty})
    try:
        with pytest.raises(NotImplementedError):
            (x * x).sum().backward()
    finally:
        support.use(SPACE)


def test_a_missing_function_is_named():
    support.use({})
    try:
        with pytest.raises(NotImplementedError, match="topological_order is not there"):
            Tensor(1.0).backward()
    finally:
        support.use(SPACE)


def test_a_graph_is_given_back_with_its_result():
    x = Tensor(np.ones(3))
    middle = x * 2.0
    kept, result = weakref.ref(middle), middle.sum()
    del middle
    result.backward()
    assert kept() is not None
    del result
    gc.collect()
    assert kept() is None
