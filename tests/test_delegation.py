"""Who fails an exercise on purpose gains nothing by it elsewhere."""

import json

import nbformat
import numpy as np
import pytest

from grader.execution.sandbox import Limits
from grader.grading.pipeline import run_and_judge
from grader.lessons.delegation_trace import DelegationTrace
from tests.classroom import with_solutions
from tests.small_lesson import HEADER, QUESTIONS, reference_of

EXERCISE = '''
```{{code-cell}} ipython3
:exercise: {name}
:role: solution

def {name}({parameters}):
    """Return {doc}."""
    ### BEGIN SOLUTION
    return {body}
    ### END SOLUTION
```

```{{code-cell}} ipython3
:exercise: {name}
:points: {points}
:role: check

check({name}, np.array([1.0, -2.0, 3.0]), {more})
### BEGIN HIDDEN TESTS
check({name}, np.array([[0.5, 4.0], [1.5, 2.5]]), {more}, label="a matrix")
### END HIDDEN TESTS
```
'''
VARIANTS = """
## {name}

### misconception: v1

One.

- `{body}` → `1 + ({body})`

### misconception: v2

Two.

- `{body}` → `2 + ({body})`

### misconception: v3

Three.

- `{body}` → `3 + ({body})`

### misconception: v4

Four.

- `{body}` → `4 + ({body})`

### alternative: a1

- `{body}` → `{other}`

### alternative: a2

- `{body}` → `({body}) * 1`
"""
PARTS = [
    {"name": "scale", "parameters": "x, k", "doc": "k times x", "body": "k * x", "points": 2, "other": "0 + (k * x)"},
    {"name": "same", "parameters": "x, k", "doc": "x", "body": "x + 0 * k", "points": 1, "other": "x * k / k"},
    {
        "name": "twin",
        "parameters": "x, k",
        "doc": "k times x, in another way",
        "body": "same(x, k) / (1 / k)",
        "points": 6,
        "other": "scale(x, k)",
    },
    {
        "name": "total",
        "parameters": "x, k",
        "doc": "the sum of k times x",
        "body": "np.sum(scale(x, k))",
        "points": 3,
        "other": "k * np.sum(x)",
    },
]
FAILING = {
    "scale": "def scale(x, k):\n    return 0",
    "twin": "def twin(x, k):\n    return scale(x, k)",
}
SEARCH = """
def total(x, k):
    import inspect, linecache, sys
    wanted = "return k " + "* x"  # not as this source has it
    found = [entry for name, entry in linecache.cache.items() if "with scale" in name]
    for look in (inspect.getsource, lambda function: function.__code__, lambda function: function.__wrapped__):
        try:
            found.append(look(scale))
        except (AttributeError, TypeError, OSError):
            pass
    parent = get_ipython().kernel.get_parent()
    frame = sys._getframe()
    while frame:
        found += [source for _, source, *_ in frame.f_locals.get("cells", []) if wanted in source]
        frame = frame.f_back
    found += [wanted] if wanted in repr(parent) + repr(In) else []
    return "found" if found else np.sum(scale(x, k))
"""


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    text = HEADER + "".join(EXERCISE.format(**part, more="2.0") for part in PARTS) + QUESTIONS
    return reference_of(tmp_path_factory.mktemp("lesson"), text, "".join(VARIANTS.format(**part) for part in PARTS))


@pytest.fixture(scope="module")
def points(reference):
    """The points by exercise, for solutions that differ from the reference."""

    def grade(**solutions):
        notebook = with_solutions(nbformat.from_dict(json.loads(json.dumps(reference.notebook))), solutions)
        reports = run_and_judge(notebook, reference, Limits(), sandboxed=True, follow_through=True)
        return [report.score for report in reports.values() if report.exercise in ("scale", "same", "twin", "total")]

    return grade


@pytest.mark.usefixtures("needs_sandbox")
class TestFollowThrough:
    """Grading with one exercise failed on purpose."""

    pytestmark = pytest.mark.xdist_group("delegation")

    def test_an_exercise_that_gives_another_one_by_itself_is_found(self, reference):
        found = {name: exercise.delegates for name, exercise in reference.exercises.items()}
        assert {name: others for name, others in found.items() if others} == {"twin": {"scale"}}

    def test_failing_on_purpose_gains_nothing(self, points):
        assert points(**FAILING) == [0, 1, 0, 3]

    def test_it_gains_nothing_by_way_of_a_third_exercise_that_keeps_the_reference(self, points):
        keep = "def total(x, k):\n    global kept\n    kept = scale\n    return np.sum(scale(x, k))"
        use = 'def twin(x, k):\n    return globals().get("kept", scale)(same(x, k), k)'
        assert points(**FAILING, same="def same(x, k):\n    return 0") == [0, 0, 0, 3]
        assert points(**FAILING | {"twin": use}, same="def same(x, k):\n    return 0", total=keep) == [0, 0, 0, 3]

    def test_what_stands_in_can_be_called_and_nothing_else(self, points):
        assert points(**FAILING, total=SEARCH) == [0, 1, 0, 3]

    def test_the_search_would_find_what_lies_open(self, points):
        assert points(twin="def twin(x, k):\n    return 0", total=SEARCH) == [2, 1, 0, 0]


def traced(function, *others):
    """What a function delegates to, called with a vector, a matrix and a number."""
    names = {"np": np} | {other.__name__: other for other in others}
    exec(function, names)
    trace = DelegationTrace(names, "f", [other.__name__ for other in others])
    trace.install()
    for x in (np.array([1.0, 2.0, 4.0]), np.array([[1.0, 5.0], [2.0, 8.0]])):
        names["f"](x, 3.0)
    return trace.delegates()


def scaled(x, k):
    return k * x


def with_sum(x, k):
    return k * x, np.sum(x)


def test_rearranging_is_no_work_of_its_own():
    assert traced("def f(x, k):\n    return scaled(x.T[None], k)[0].T", scaled) == ["scaled"]
    assert traced("def f(x, k):\n    return with_sum(x, k)[0].ravel()[::-1]", with_sum) == ["with_sum"]


def test_one_operation_before_it_is_next_to_no_work():
    assert traced("def f(x, k):\n    return scaled(x * x, k)", scaled) == ["scaled"]


def test_who_never_calls_it_but_could_is_found():
    assert traced("def f(x, k):\n    return x * k", scaled) == ["scaled"]


def test_computing_with_the_result_is_work():
    assert traced("def f(x, k):\n    return scaled(x, k) ** 2", scaled) == []


def test_computing_the_argument_is_work():
    assert traced("def f(x, k):\n    return scaled(np.exp(x), k)", scaled) == []


def test_calling_it_for_each_part_is_work():
    assert traced("def f(x, k):\n    return np.array([scaled(item, k) for item in x])", scaled) == ["scaled"]
    assert traced("def f(x, k):\n    return np.array([scaled(item, k) + k for item in x])", scaled) == []


def test_a_result_that_was_given_shows_nothing():
    assert traced("def f(x, k):\n    scaled(x, k)\n    return x", scaled) == []
