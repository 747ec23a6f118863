"""The checks of every lesson notice (nearly) every small change of a solution."""

import ast
import textwrap
from pathlib import Path

import numpy as np
import pytest

from grader.lessons.mutation import judge_lesson, mutants
from grader.lessons.mutation.inputs import derived_inputs
from grader.lessons.parser import read_lesson
from grader.lessons.variants import lesson_files, variants_path

REPOSITORY = Path(__file__).parent.parent
LESSONS = [
    pytest.param(path, marks=getattr(pytest.mark, path.parent.name), id=f"{path.parent.name}-{path.stem}")
    for path in lesson_files(REPOSITORY / "course")
]
SHARE = 0.01  # of the wrong mutants that may pass all checks

HEADER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
course:
  title: A lesson
---

```{code-cell} ipython3
:role: setup
import os
import numpy as np
from dlcore import begin, check
begin("lesson")
```
"""
EXERCISE = """
```{{code-cell}} ipython3
:role: solution
:exercise: spread
{solution}
```
```{{code-cell}} ipython3
:role: check
:exercise: spread
:points: 1
check(spread, np.array([1.0, 2.0, 4.0]))
{checks}
```
"""
VARIANT = """
### {role}: v{number}

A hint.

```python
def spread(x): return {number}
```
"""


def small_lesson(folder, solution, *checks):
    """A lesson with one exercise."""
    body = textwrap.indent(f"### BEGIN SOLUTION\n{solution}\n### END SOLUTION", "    ")
    variants = [VARIANT.format(role="misconception", number=number) for number in range(4)]
    variants += [VARIANT.format(role="alternative", number=number).replace("A hint.\n", "") for number in (5, 6)]
    path = folder / "week1" / "lesson.md"
    path.parent.mkdir()
    path.write_text(HEADER + EXERCISE.format(solution=f"def spread(x):\n{body}", checks="\n".join(checks)))
    variants_path(path).write_text("## spread\n" + "".join(variants))
    return path


def verdict(report, after):
    """What became of the mutant whose changed line is `after`."""
    return next(result.verdict for result in report.results if result.mutant.endswith(f"→  {after}"))


@pytest.mark.slow
@pytest.mark.sweep_but_first
@pytest.mark.parametrize("path", LESSONS)
def test_at_most_one_wrong_mutant_in_a_hundred_passes_all_checks(path):
    report = judge_lesson(path)
    print(report)
    assert report.running > 100 or read_lesson(path).is_draft
    assert len(report.survivors) <= SHARE * report.running, str(report)


def test_a_check_sorts_mutants_into_caught_equivalent_and_surviving(tmp_path):
    report = judge_lesson(small_lesson(tmp_path, "return np.sum(x[1:-1])"))
    assert verdict(report, "return np.sum(x[:-1])") == "caught"
    assert verdict(report, "return x[1:-1]") == "caught"
    assert verdict(report, "return np.sum(x[1:-1]).T") == "equivalent"
    slip = next(result for result in report.survivors if result.mutant.endswith("return np.mean(x[1:-1])"))
    assert " gives " in slip.why
    assert "return np.mean(x[1:-1])" in str(report)


def test_a_second_check_catches_what_survives_the_first(tmp_path):
    more = 'check(spread, np.array([1.0, 2.0, 4.0, 7.0]), label="four")'
    report = judge_lesson(small_lesson(tmp_path, "return np.sum(x[1:-1])", more))
    assert verdict(report, "return np.mean(x[1:-1])") == "caught"


@pytest.mark.slow
@pytest.mark.sweep
def test_mutants_that_hang_or_end_the_process_stop_nothing(tmp_path):
    solution = "n = 0\nwhile n < len(x):\n    n += 1\nif not n:\n    os._exit(1)\nreturn n * x[0]"
    report = judge_lesson(small_lesson(tmp_path, solution))
    whys = {result.mutant: result.why for result in report.results}
    assert next(why for mutant, why in whys.items() if mutant.endswith("→  n -= 1")) == "its time"
    assert list(whys.values()).count("the end of its process") > 0
    assert max(result.line for result in report.results) == len(HEADER.splitlines()) + 12


def test_a_lesson_that_takes_long_to_start_is_not_taken_for_a_mutant_that_hangs(tmp_path, monkeypatch):
    path = small_lesson(tmp_path, "return x[0]")
    path.write_text(path.read_text().replace("import os\n", "import os, time\ntime.sleep(3)\n"))
    monkeypatch.setattr("grader.lessons.mutation.judge.PATIENCE", 2)
    assert len(judge_lesson(path).results) == len(mutants("def spread(x):\n    return x[0]"))


def test_every_mutant_is_python_and_differs():
    body = "c = {'W': a, 'b': b}\nc['W'] -= b\nreturn c['W'][:, 1:] @ a.T, c['b']"
    source = "def f(a, b=1):\n" + textwrap.indent(body, "    ")
    found = mutants(source)
    texts = [mutant.source for mutant in found]
    assert len(set(texts)) == len(texts) > 40
    assert ast.unparse(ast.parse(source)) not in texts


def test_a_docstring_makes_no_mutant_and_the_lines_are_those_of_the_source():
    source = "def f(a):\n    {}return a + 1"
    plain, told = mutants(source.format("")), mutants(source.format('"""Words.\n\n    >>> f(1)\n    2\n    """\n    '))
    assert [(mutant.source, mutant.line + 5) for mutant in plain] == [(mutant.source, mutant.line) for mutant in told]


@pytest.mark.parametrize(
    ("source", "after"),
    [
        ("y = a + b", "y = a - b"),
        ("y = a + b", "y = b"),
        ("y = a * b", "y = a"),
        ("y = -a", "y = a"),
        ("y = f(a)", "y = f(-a)"),
        ("y = a < b", "y = a <= b"),
        ("y = 0", "y = 1"),
        ("y = 1e-8", "y = 1e-05"),
        ("y = x.sum(axis=0, keepdims=True)", "y = x.sum(axis=1, keepdims=True)"),
        ("y = x.sum(axis=0, keepdims=True)", "y = x.sum(keepdims=True)"),
        ("y = x.sum(axis=0, keepdims=True)", "y = x.sum(axis=0)"),
        ("y = x.sum(axis=0, keepdims=True)", "y = x.sum(axis=0, keepdims=False)"),
        ("y = a.T @ b", "y = a @ b"),
        ("y = a @ b", "y = a @ b.T"),
        ("y = a @ b", "y = a * b"),
        ("y = np.log(a)", "y = np.log1p(a)"),
        ("y = np.std(a)", "y = np.var(a)"),
        ("y = np.maximum(a, 0)", "y = np.minimum(a, 0)"),
        ("y = a.copy()", "y = a"),
        ("y = a.astype(float)", "y = a"),
        ("y = np.array(a)", "y = a"),
        ("y = f(a, b)", "y = f(b, a)"),
        ("y += a", "y = a"),
        ("y = y - a", "y -= a"),
        ("def f(a, b):\n    return a, b", "return (b, a)"),
        ("def f(A, Y):\n    return A.T", "return Y.T"),
        ("def f(a, b=0.5):\n    return a", "1.5"),
        ("def f(a):\n    del a", "pass"),
        ("y = c['W1'] + c['b1']", "y = c['b1'] + c['b1']"),
        ("def f(X):\n    Z = np.zeros(3)", "Z = np.zeros(3, dtype=X.dtype)"),
        ("def f(X):\n    Z = np.zeros(X.shape)", "Z = np.zeros_like(X)"),
        ("def f(X):\n    Z = np.zeros(3)", "Z = np.zeros(3, dtype=int)"),
        ("def f(X):\n    Z = np.zeros(3, dtype=int)", "Z = np.zeros(3, dtype=np.uint8)"),
        ("y = a.astype(int)", "y = a.astype(np.uint8)"),
        ("y = np.sum(a)", "y = np.sum(a, dtype=np.asarray(a).dtype)"),
        ("y = a.sum(axis=0)", "y = a.sum(axis=0, dtype=np.asarray(a).dtype)"),
        ("y = np.sum(a == b)", "y = np.sum(a == b, dtype=np.uint8)"),
        ("y = a / norm", "y = a / (norm + 1e-08)"),
        ("y = a / np.sqrt(v + eps)", "y = a / (np.sqrt(v) + eps)"),
        ("y = a / (np.sqrt(v) + eps)", "y = a / np.sqrt(v + eps)"),
        ("y = np.sqrt(v)", "y = np.sqrt(v + 1e-08)"),
        ("y = np.log(a)", "y = np.log(a + 1e-08)"),
        ("y = np.tanh(z)", "y = (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))"),
        ("y = np.logaddexp(0, z)", "y = np.log(np.exp(0) + np.exp(z))"),
        ("y = np.log1p(np.exp(z))", "y = np.log(1 + np.exp(z))"),
        ("y = np.exp(z - z.max())", "y = np.exp(z)"),
        ("y = np.where(z >= 0, a, b)", "y = a"),
        ("y = a.var(axis=1)", "y = np.mean(a ** 2, axis=1) - np.mean(a, axis=1) ** 2"),
        ("y = np.std(a)", "y = np.sqrt(np.mean(a ** 2) - np.mean(a) ** 2)"),
        ("y = a.argmax()", "y = np.size(a) - 1 - np.argmax(np.ravel(a)[::-1])"),
        ("y = np.argmin(a, axis=0)", "y = np.shape(a)[0] - 1 - np.argmin(np.flip(a, 0), axis=0)"),
        ("y = max(a, key=f)", "y = max(list(a)[::-1], key=f)"),
        (
            "y = rng.random(s) < p",
            "y = rng.permutation(np.prod(s, dtype=int)).reshape(s) < np.rint(p * np.prod(s))",
        ),
        ("y = rng.normal(size=s)", "y = (lambda x: x - x + x[:1] if np.ndim(x) else x)(rng.normal(size=s))"),
        ("y = tuple(a)", "y = np.array(a)"),
        ("def f(a, b):\n    return a, b", "return np.array((a, b))"),
    ],
)
def test_a_slip_that_students_make_is_among_the_mutants(source, after):
    assert after in [mutant.after for mutant in mutants(source)]


@pytest.mark.parametrize(
    ("source", "wrong", "arguments"),
    [
        ("y = np.tanh(z)", "np.exp(z) - np.exp(-z)", {"z": np.array([0.5, -2.0])}),
        ("y = np.logaddexp(a, z)", "np.log(np.exp", {"a": 0.25, "z": np.array([0.5, -2.0])}),
        ("y = z.std(axis=1, keepdims=True)", "np.mean(z ** 2", {"z": np.array([[0.5, -2.0, 4.0]])}),
        ("y = np.var(z, axis=0)", "np.mean(z ** 2", {"z": np.array([[0.5, -2.0, 4.0], [1.0, 2.0, 3.0]])}),
        ("y = np.argmax(z, axis=1)", "np.flip(z", {"z": np.array([[0.5, -2.0, 4.0], [7.0, 2.0, 3.0]])}),
        ("y = z.argmin()", "np.ravel(z", {"z": np.array([[0.5, -2.0, 4.0], [7.0, 2.0, 3.0]])}),
    ],
)
def test_a_naive_formula_is_right_for_moderate_numbers(source, wrong, arguments):
    mutant = next(item for item in mutants(source) if wrong in item.after)
    spaces = [{"np": np, **arguments} for _ in range(2)]
    for code, space in zip((source, mutant.source), spaces, strict=True):
        exec(code, space)
    np.testing.assert_allclose(spaces[0]["y"], spaces[1]["y"])


def test_changes_know_what_kind_of_input_shows_them():
    source = "def f(z, p, rng):\n    return np.tanh(z), z / p, z > p, rng.random(z.shape) < p"
    families = {mutant.family for mutant in mutants(source)}
    assert families == {"", "huge", "tiny", "ties", "draws"}


def test_a_buffer_with_the_inputs_type_is_equivalent_only_where_no_input_is_whole(tmp_path):
    solution = "y = np.zeros(x.shape)\ny[:] = x / 2\nreturn y"
    report = judge_lesson(small_lesson(tmp_path, solution))
    assert verdict(report, "y = np.zeros(x.shape, dtype=x.dtype)") == "survives"


def test_an_epsilon_that_only_tiny_inputs_show_survives(tmp_path):
    report = judge_lesson(small_lesson(tmp_path, "return x / x.max()"))
    assert verdict(report, "return x / (x.max() + 1e-08)") == "survives"


def test_a_counter_of_eight_bits_survives_until_there_are_many_examples(tmp_path):
    weak = 'check(spread, np.array([[1, 0, 1]]), label="three")'
    report = judge_lesson(small_lesson(tmp_path, "return np.sum(x == 1) / x.size", weak))
    assert verdict(report, "return np.sum(x == 1, dtype=np.uint8) / x.size") == "survives"


def test_derived_inputs_with_a_long_axis_keep_labels_of_eight_bits():
    labels = np.array([[0, 1, 1, 0, 1]], dtype=np.uint8)
    for (given,), _ in derived_inputs((labels,), {}, 3, seed=1, styles=("many",)):
        assert given.dtype == np.uint8
        assert given.size > 255


def test_derived_inputs_can_be_tiny():
    for (given,), _ in derived_inputs((np.array([[0.5, 3.0], [2.0, -1.0]]),), {}, 3, seed=1, styles=("tiny",)):
        assert 0 < np.abs(given).max() < 1e-7


def test_derived_inputs_stay_what_they_are():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(3, 5)), np.array([[0, 1, 1, 0, 1]])
    A, one_hot = rng.uniform(size=(1, 5)), np.eye(3)[:, [0, 2, 1, 1, 0]]
    for (X2, Y2, A2, hot), options in derived_inputs((X, Y, A, one_hot), {"steps": 2, "flag": True}, 50, seed=1):
        assert X2.shape[1:] == Y2.shape[1:] == A2.shape[1:] == hot.shape[1:]
        assert Y2.shape[0] == A2.shape[0] == 1
        assert hot.shape[0] == X2.shape[0]
        assert set(Y2.ravel()) <= {0, 1}
        assert ((A2 >= 0) & (A2 <= 1)).all()
        assert (hot.sum(axis=0) == 1).all()
        assert options["steps"] >= 1
        assert options["flag"] is True
