import copy
import functools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcore.checks.answer_key import SAME_ARGUMENTS
from dlcore.checks.compare import Settings, agree
from dlcore.checks.evidence import Outcome, bound_names, describe, observe
from dlcore.errors import CodecError, CourseError
from tests.test_codec import json_values, native, same, values

EXACT = Settings("exact")


def rng(seed=0):
    return np.random.default_rng(seed)


def outcome_of(function, *args, quiet=False, fresh=False, **kwargs):
    return observe(function, args, kwargs, quiet=quiet, fresh=fresh)


@given(values)
def test_what_a_function_returns_is_its_outcome(value):
    outcome = outcome_of(lambda x: x, value)
    assert outcome.kind == "returned"
    assert agree(value, outcome.value, EXACT)
    assert outcome.changed == outcome.shared == ()


@given(values)
def test_arguments_arrive_by_position_and_by_name(value):
    outcome = outcome_of(lambda first, *, second: [first, second], value, second=1.5)
    assert agree([value, 1.5], outcome.value, EXACT)


def set_entry(v):
    v[0] = 99


def deep_write(parameters):
    parameters["layers"][1]["W"][0, 0] += 1


MUTATIONS = {
    "an entry of an array": (set_entry, np.zeros(3)),
    "an entry that becomes NaN": (lambda v: v.__setitem__(0, math.nan), np.zeros(3)),
    "a view of an array": (lambda v: v.T[0].fill(5), np.zeros((2, 2))),
    "an entry of an integer array": (set_entry, np.arange(3)),
    "the shape of an array": (lambda v: v.resize(4, refcheck=False), np.arange(3)),
    "an entry of a list of numbers": (set_entry, [1, 2, 3]),
    "the order of a list of numbers": (lambda v: v.reverse(), [1, 2, 3]),
    "the type of an entry": (lambda v: v.__setitem__(0, 1.0), [1, 2, 3]),
    "the length of a list": (lambda v: v.append(4), [1, 2, 3]),
    "an entry of a list of texts": (set_entry, ["a", "b"]),
    "an array in a list": (lambda v: v[1].fill(9), [np.zeros(2), np.zeros(2)]),
    "an array in a tuple": (lambda v: v[1].fill(9), (np.zeros(2), np.zeros(2))),
    "a number in a dict": (lambda v: v.update(b=2.5), {"b": 1.5}),
    "a new key in a dict": (lambda v: v.update(c=1), {"b": 1.5}),
    "a lost key in a dict": (lambda v: v.pop("b"), {"b": 1.5, "c": 2.5}),
    "an array deep inside": (deep_write, {"layers": [None, {"W": np.zeros((2, 2))}]}),
}


@pytest.mark.parametrize(("change", "value"), MUTATIONS.values(), ids=MUTATIONS)
def test_a_changed_argument_is_noticed_and_the_original_is_left_alone(change, value):
    before = json.dumps(describe_fully(value))

    def careless(untouched, v):
        change(v)
        return 1.5

    outcome = outcome_of(careless, np.ones(2), value)
    assert outcome.changed == ("v",)
    assert outcome.value == 1.5
    assert json.dumps(describe_fully(value)) == before


def describe_fully(value):
    return Outcome("returned", value).to_json()["value"]


@given(values)
def test_an_argument_that_is_only_read_counts_as_unchanged(value):
    assert outcome_of(lambda x, y: repr((x, y)), value, native(value)).changed == ()


@pytest.mark.parametrize("value", [np.array([math.nan, 1.0]), [math.nan], {"a": math.nan}, np.array([1j * math.nan])])
def test_a_nan_that_stays_where_it_is_counts_as_unchanged(value):
    assert outcome_of(lambda x: 1.5, value).changed == ()


def test_the_copies_of_one_call_are_not_seen_by_the_next():
    v = np.zeros(3)
    for _ in range(2):
        outcome_of(set_entry, v)
        assert outcome_of(lambda v: v.copy(), v).value.tolist() == [0, 0, 0]


def test_changes_of_named_and_surplus_arguments_are_named():
    def careless(*rows, bias):
        rows[1][0] = bias[0] = 7

    outcome = outcome_of(careless, np.zeros(1), np.zeros(1), bias=np.zeros(1))
    assert outcome.changed == ("argument 2", "bias")


def test_a_result_keeps_its_value_when_the_function_changes_it_later():
    kept = np.zeros(2)

    def leaky():
        kept[:] += 1
        return kept

    first, second = outcome_of(leaky), outcome_of(leaky)
    assert first.value.tolist() == [1, 1]
    assert second.value.tolist() == [2, 2]


@pytest.mark.parametrize(
    "function",
    [
        lambda v: v,
        lambda v: v.T,
        lambda v: v[::-1],
        lambda v: v.reshape(-1, 1),
        lambda v: (1.5, [v[1:]]),
        lambda v: {"v": v},
        lambda v: np.asarray(v),
    ],
)
def test_a_result_in_an_arguments_memory_is_noticed_if_asked_for(function):
    v = np.arange(4.0)
    assert outcome_of(function, v, fresh=True).shared == ("v",)
    assert outcome_of(function, v).shared == ()


def test_arrays_inside_arguments_count_as_their_memory():
    outcome = outcome_of(lambda params, x: params["W"][0], {"W": [np.zeros(3)]}, np.zeros(3), fresh=True)
    assert outcome.shared == ("params",)


@pytest.mark.parametrize("function", [lambda v: v.copy(), lambda v: v + 0, lambda v: np.array(v), lambda v: v.sum()])
def test_a_result_with_memory_of_its_own_is_fresh(function):
    assert outcome_of(function, np.arange(4.0), fresh=True).shared == ()


@pytest.mark.parametrize(
    ("function", "argument"),
    [(np.exp, 1e4), (np.log, 0.0), (np.sqrt, -1.0), (lambda z: 1 / (1 + np.exp(-z)), np.array([-1e4]))],
)
def test_numerical_warnings_are_errors_where_care_is_asked_for(function, argument):
    outcome = outcome_of(lambda z: function(z), argument, quiet=True)
    assert (outcome.kind, outcome.error) == ("raised", "FloatingPointError")
    with np.errstate(all="ignore"):
        assert outcome_of(lambda z: function(z), argument).kind == "returned"


def test_being_careful_in_one_call_does_not_last():
    before = np.geterr()
    outcome_of(lambda: np.log(np.zeros(1)), quiet=True)
    assert np.geterr() == before


def test_underflow_is_no_lack_of_care():
    assert outcome_of(lambda z: np.exp(z), np.array([-1e4]), quiet=True).kind == "returned"


def test_an_error_is_noted_with_its_line():
    def divide(a, b):
        if b == 0:
            raise ZeroDivisionError("b is 0")
        return a / b

    outcome = outcome_of(divide, 1, 0)
    assert (outcome.kind, outcome.error, outcome.text) == ("raised", "ZeroDivisionError", "b is 0")
    assert outcome.where.endswith('of divide: raise ZeroDivisionError("b is 0")')


def test_an_error_in_code_without_a_file_is_placed_by_its_line_number():
    namespace = {}
    exec("def divide(a, b):\n    return a / b", namespace)
    assert outcome_of(namespace["divide"], 1, 0).where == "line 2 of divide"


def test_an_error_inside_a_library_is_placed_in_the_students_line():
    outcome = outcome_of(lambda: np.linalg.inv(np.zeros((2, 2))))
    assert outcome.error == "LinAlgError"
    assert "of <lambda>: outcome = outcome_of(" in outcome.where


def test_an_error_inside_compiled_code_is_placed_in_the_students_line():
    outcome = outcome_of(lambda rng: rng.uniform(1, 0, 3), np.random.default_rng(0))
    assert outcome.error == "ValueError"
    assert "of <lambda>: outcome = outcome_of(" in outcome.where


def test_a_wrong_number_of_arguments_is_an_error_of_the_call():
    outcome = outcome_of(lambda a, b: a, 1)
    assert (outcome.kind, outcome.error, outcome.where) == ("raised", "TypeError", "")


def test_the_placeholder_is_not_attempted():
    def sigmoid(z):
        raise NotImplementedError

    outcome = outcome_of(sigmoid, 0.0)
    assert (outcome.kind, outcome.where) == ("unattempted", "sigmoid")


def test_a_placeholder_that_is_called_is_named():
    def sigmoid(z):
        raise NotImplementedError()

    def predict(z):
        return sigmoid(z) > 0.5

    outcome = outcome_of(predict, 0.0)
    assert (outcome.kind, outcome.where) == ("unattempted", "sigmoid")


class Clumsy(Exception):
    def __str__(self):
        raise RuntimeError("not even this works")


class Verbose(Exception):
    def __str__(self):
        return "half \ud800 and " + "x" * 10_000


@pytest.mark.parametrize("error", [Clumsy, Verbose, ExceptionGroup("many", [ValueError()]), AssertionError])
def test_whatever_is_raised_becomes_an_outcome_that_can_be_written_to_a_file(error):
    def fails():
        raise error

    outcome = outcome_of(fails)
    assert outcome.kind == "raised"
    assert len(json.dumps(outcome.to_json(), ensure_ascii=False).encode("utf-8")) < 1500


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_a_wish_to_stop_passes_through(stop):
    def stops():
        raise stop

    with pytest.raises(stop):
        outcome_of(stops)


FOREIGN = [object(), {1, 2}, range(3), b"bytes", print, np.array(["a"]), np.array([None]), iter([]), 10**9000, "\ud800"]


@pytest.mark.parametrize("value", FOREIGN, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: (1.5, v), lambda v: {"W": [v]}], ids=["bare", "tuple", "dict"])
def test_a_result_that_cannot_be_compared_is_foreign(value, wrap):
    outcome = outcome_of(lambda v: wrap(value), np.zeros(1))
    assert outcome.kind == "foreign"
    assert outcome.error == type(wrap(value)).__name__
    assert outcome.value is None
    assert Outcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome


def circle_of_lists():
    circle = []
    circle.append(circle)
    return circle


def circle_of_dicts():
    circle = {}
    circle["inner"] = circle
    return circle


@pytest.mark.parametrize("make", [circle_of_lists, circle_of_dicts])
def test_a_result_that_holds_itself_is_foreign(make):
    assert outcome_of(lambda v: make(), np.zeros(2), fresh=True).kind == "foreign"
    assert outcome_of(lambda: 1.5).kind == "returned"
    json.dumps(outcome_of(lambda: describe(make())).to_json())


def test_a_foreign_result_does_not_hide_a_changed_argument():
    def careless(v):
        v[0] = 1
        return {1, 2}

    assert outcome_of(careless, np.zeros(2)).changed == ("v",)


def test_random_generators_are_copied_in_their_state():
    def draw(n, rng):
        return rng.normal(size=n)

    generator = rng(7)
    first, second = outcome_of(draw, 3, generator), outcome_of(draw, 3, generator)
    assert first.value.tolist() == second.value.tolist() == rng(7).normal(size=3).tolist()
    assert first.changed == ()
    assert generator.normal() == rng(7).normal()


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.MT19937, np.random.Philox])
@pytest.mark.parametrize(
    ("function", "undrawn"),
    [
        (lambda n, g: g.normal(size=n), ()),
        (lambda n, g: g.spawn(1)[0].normal(size=n), ()),
        (lambda n, g: g.integers(0, 2, size=n), ()),
        (lambda n, g: np.random.Generator(g.bit_generator).random(n), ()),
        (lambda n, g: rng(3).normal(size=n), ("g",)),
        (lambda n, g: copy.deepcopy(g).normal(size=n), ("g",)),
        (lambda n, g: np.zeros(n), ("g",)),
    ],
)
def test_a_generator_that_nobody_drew_from_is_named(function, undrawn, kind):
    outcome = outcome_of(function, 3, np.random.Generator(kind(7)))
    assert outcome.undrawn == undrawn
    assert Outcome.from_json(json.loads(json.dumps(outcome.to_json()))).undrawn == undrawn
    assert outcome_of(function, 3, g=np.random.Generator(kind(7))).undrawn == undrawn


def test_builtins_and_numpy_functions_can_be_observed():
    assert outcome_of(max, 1, 2).value == 2
    assert outcome_of(np.add, np.ones(2), 1).value.tolist() == [2, 2]
    assert outcome_of(functools.partial(pow, 2), 3).value == 8


outcomes = st.builds(
    Outcome,
    kind=st.sampled_from(["returned", "raised", "unattempted", "foreign"]),
    error=st.text(st.characters(codec="utf-8"), max_size=10),
    text=st.text(st.characters(codec="utf-8"), max_size=10),
    where=st.text(st.characters(codec="utf-8"), max_size=10),
    changed=st.lists(st.text(st.characters(codec="ascii"), max_size=5), max_size=3).map(tuple),
    shared=st.lists(st.text(st.characters(codec="ascii"), max_size=5), max_size=3).map(tuple),
)


@given(outcomes, values)
def test_outcomes_travel_as_json(outcome, value):
    if outcome.kind == "returned":
        outcome = Outcome(**(vars(outcome) | {"value": native(value)}))
    back = Outcome.from_json(json.loads(json.dumps(outcome.to_json(), allow_nan=False)))
    assert same(back.value, outcome.value)
    assert vars(back) | {"value": None} == vars(outcome) | {"value": None}


@given(json_values, st.dictionaries(st.sampled_from(["kind", "value", "error", "changed", "seconds"]), json_values))
def test_arbitrary_json_is_an_outcome_or_refused(form, fields):
    for candidate in (form, fields, {"kind": "returned", "value": form}, {"kind": "raised"} | fields):
        try:
            outcome = Outcome.from_json(candidate)
        except CodecError:
            continue
        assert json.dumps(outcome.to_json(), ensure_ascii=False).encode("utf-8")


arguments = st.tuples(values, values)


@given(arguments)
def test_equal_arguments_have_equal_descriptions(pair):
    assert agree(describe(pair), describe(native(pair)), SAME_ARGUMENTS)


@given(arguments)
def test_descriptions_can_travel(pair):
    assert agree(describe(pair), outcome_of(lambda: describe(pair)).value, EXACT)


SIZES = [(3,), (4, 5), (40, 30)]


@pytest.mark.parametrize("shape", SIZES)
def test_rounding_in_the_last_bit_makes_no_other_argument(shape):
    array = rng().normal(size=shape)
    assert agree(describe(array), describe(np.nextafter(array, np.inf)), SAME_ARGUMENTS)


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize(
    "change",
    [
        lambda X: X.T,
        lambda X: X.ravel()[::-1].reshape(X.shape),
        lambda X: -X,
        lambda X: 1.01 * X,
        lambda X: X.ravel(),
        lambda X: X.tolist(),
        lambda X: X.astype(int),
        lambda X: X.astype(complex),
        lambda X: X > 0,
        lambda X: None,
        lambda X: X[1:],
        lambda X: np.where(np.max(X) == X, 0, X),
        lambda X: np.where(np.max(X) == X, np.nan, X),
    ],
    ids=range(13),
)
def test_other_arrays_have_other_descriptions(shape, change):
    X = rng().normal(size=shape)
    unchanged = same(change(X), X)  # as a single axis is by transposing
    assert agree(describe(X), describe(change(X)), SAME_ARGUMENTS) == unchanged


DIFFERENT = [
    None,
    True,
    1,
    2,
    "text",
    "other",
    [1, 2],
    (1, 2),
    [2, 1],
    range(2, 9),
    range(2, 8),
    range(2, 9, 2),
    {"a": 1},
    {"b": 1},
    {"a": 2},
    {"a": 1, "b": 1},
    np.tanh,
    object(),
    rng(1),
    np.zeros(3),
    np.zeros((3, 1)),
    np.zeros(50),
    np.zeros((50, 1)),
    np.zeros(50, dtype=int),
]


@pytest.mark.parametrize("first", range(len(DIFFERENT)))
def test_different_arguments_have_different_descriptions(first):
    for second, value in enumerate(DIFFERENT):
        assert agree(describe(DIFFERENT[first]), describe(value), SAME_ARGUMENTS) == (first == second)


def test_two_generators_are_described_alike_and_two_functions_too():
    assert describe(rng(1)) == describe(rng(2))
    assert describe(np.tanh) == describe(lambda z: z)


def test_arrays_that_are_not_finite_are_described_without_a_warning():
    for value in (np.inf, -np.inf, np.nan, 1e308):
        assert describe(np.full(100, value))[0] == "array"
        assert describe(np.array([value, *range(99)]))[0] == "array"


def test_a_function_is_found_by_the_names_that_it_is_bound_to():
    def original(z):
        return z

    square = lambda z: z**2  # noqa: E731
    cube = functools.partial(pow, exp=3)
    namespace = {"f": original, "_hidden": original, "square": square, "cube": cube, "array": np.zeros(3)}
    assert bound_names(original, namespace) == ["f", "original"]
    assert bound_names(square, namespace) == ["square", "<lambda>"]
    assert bound_names(cube, namespace) == ["cube"]
    assert bound_names(len, namespace) == ["len"]
    assert bound_names(functools.partial(len), {}) == []


def test_errors_of_the_course_keep_their_class_name():
    def fails():
        raise CourseError("no")

    assert outcome_of(fails).error == "CourseError"
