"""The sweep says along which dimensions the inputs of an exercise's checks vary, and the excuses it accepts."""

import sys
import textwrap

import numpy as np
import pytest

from grader.cli import main
from grader.errors import BuildError
from grader.lessons.excuses import DIMENSIONS
from grader.lessons.mutation.bench import Bench, Stage
from grader.lessons.parser import read_lesson
from grader.lessons.sweep import sweep_lesson
from grader.lessons.sweep.cases import Cases
from grader.lessons.sweep.dimensions import FINDERS
from grader.lessons.variants import variants_path
from tests.conftest import ROOT
from tests.small_lesson import HEADER

EXERCISE = '''
```{{code-cell}} ipython3
:exercise: f
:role: solution

def f({arguments}):
    """{doc}"""
    ### BEGIN SOLUTION
{solution}
    ### END SOLUTION
```

```{{code-cell}} ipython3
:exercise: f
:points: 1
:role: check

{checks}
```
'''
VARIANT = """
### {role}: v{number}
{hint}
```python
def f(*arguments): return {number}
```
"""
SIGMOID = """
```{code-cell} ipython3
def sigmoid(z):
    power = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, power) / (1 + power)
```
"""


def lesson_of(folder, solution, checks, *, arguments="X", doc="Return something.", excuses="", before=""):
    """A lesson with one exercise f, whose variants do not matter."""
    text = EXERCISE.format(
        arguments=arguments, doc=doc, solution=textwrap.indent(solution, "    "), checks="\n".join(checks)
    )
    variants = [VARIANT.format(role="misconception", number=number, hint="\nNo.\n") for number in range(4)]
    variants += [VARIANT.format(role="alternative", number=number, hint="") for number in (5, 6)]
    path = folder / "course" / "week1" / "small.md"
    path.parent.mkdir(parents=True)
    path.write_text(HEADER + before + text)
    variants_path(path).write_text(
        excuses + "".join(variants) if "## f" in excuses else excuses + "\n## f\n" + "".join(variants)
    )
    return read_lesson(path)


@pytest.fixture
def found(tmp_path, monkeypatch):
    """A function that says what is found for one dimension, with other checks each time."""
    monkeypatch.setenv("DLCORE_MODE", "evidence")

    def look(dimension, *arguments, number=iter(range(100)), **options):
        lesson = lesson_of(tmp_path / str(next(number)), *arguments, **options)
        with np.errstate(all="ignore"):
            return FINDERS[dimension](Cases(Bench(Stage(lesson), lesson.exercises["f"])))

    return look


MEAN = "return X.mean(axis=1, keepdims=True)"
COUNT = "return np.sum(X == Y)"
MASK = "return rng.random(shape) < p"
PICK = "return X.argmax(axis=0)"
ZEROS = "return {f'W{n}': np.zeros(3) for n in range(1, n + 1)}"
PLANTED_GAPS = [
    ("whole", MEAN, {}, "check(f, np.array([[0.5, 2.0]]))", "check(f, np.array([[1, 2]]))"),
    (
        "whole",  # a result that is whole shows nothing
        "return X @ W",
        {"arguments": "X, W"},
        "check(f, np.array([[1, -2]]), np.array([[-3], [4]]))",
        "check(f, np.array([[1, 2]]), np.array([[0.5], [2]])); check(f, np.array([[0.5, 2]]), np.array([[1], [2]]))",
    ),
    (
        "uint8",
        COUNT,
        {"arguments": "X, Y"},
        "L = np.array([[1, 0, 1]]); check(f, L, 1 - L)",
        "check(f, np.uint8(L), np.uint8(L))",
    ),
    ("bool", COUNT, {"arguments": "X, Y"}, "L = np.array([[1, 0, 1]]); check(f, L, 1 - L)", "check(f, L == 1, L == 0)"),
    (
        "many",
        COUNT,
        {"arguments": "X, Y"},
        "L = np.ones((1, 300), dtype=np.uint8); L[0, 0] = 0; check(f, L[:, :9], 1 - L[:, :9])",
        "check(f, L, L)",
    ),
    ("float32", MEAN, {}, "check(f, np.array([[0.5, 2.0]]))", "check(f, np.array([[0.5, 2.0]], dtype=np.float32))"),
    ("one", MEAN, {}, "check(f, np.ones((3, 2))); check(f, np.ones((1, 4)))", "check(f, np.ones((3, 1)))"),
    ("wide", MEAN, {}, "check(f, np.ones((2, 4))); check(f, np.ones((3, 5)))", "check(f, np.ones((4, 2)))"),
    ("zero", MEAN, {}, "check(f, np.array([[0.5, 2.0]]))", "check(f, np.array([[0.5, 0.0]]))"),
    (
        "huge",
        "return sigmoid(W @ X)",
        {"arguments": "X, W", "before": SIGMOID},
        "check(f, np.array([[30.0]]), np.array([[-20.0], [20.0]]))",
        "check(f, np.array([[30.0]]), np.array([[-40.0], [40.0]]))",
    ),
    ("huge", "return np.tanh(X)", {}, "check(f, np.array([3.0, 300.0]))", "check(f, np.array([3.0, 800.0]))"),
    (
        "huge",
        "return X.var(axis=1)",
        {},
        "check(f, np.array([[0.5, 2.0]]))",
        "check(f, 1e9 + np.array([[0.5, 2.0]]))",
    ),
    (
        "tiny",
        "return X / np.linalg.norm(X)",
        {},
        "check(f, np.array([3.0, 4.0]))",
        "check(f, np.array([3e-9, 4e-9]), atol=0)",
    ),
    ("ties", PICK, {}, "check(f, np.array([[1, 5], [2, 3]]))", "check(f, np.array([[1, 5], [1, 5]]))"),
    ("ties", "return X > 0.5", {}, "check(f, np.array([0.25, 3.0]))", "check(f, np.array([0.25, 0.5]))"),
    ("keys", ZEROS, {"arguments": "n"}, "check(f, 2); check(f, 3)", "check(f, 11)"),
    (
        "kept",
        "return 2 * X",
        {"doc": "Return a new array."},
        "check(f, np.ones(3))",
        "check(f, np.ones(4), fresh=True)",
    ),
    (
        "draws",
        MASK,
        {"arguments": "shape, p, rng"},
        "check(f, (4, 5), 0.5, np.random.default_rng(1), compare='moments')",
        "",
    ),
    (
        "type",
        "index = np.unravel_index(X.argmax(), X.shape)\nreturn tuple(int(i) for i in index)",
        {"doc": "Return a place.\n\n    Returns:\n        A tuple.\n    "},
        "check(f, np.array([[1, 5], [2, 3]]))",
        "check(f, np.array([[1, 5], [2, 7]]), compare='exact')",
    ),
]


def test_the_planted_lessons_lack_each_dimension_once():
    assert {dimension for dimension, *_ in PLANTED_GAPS} == set(DIMENSIONS) == set(FINDERS)


@pytest.mark.parametrize(("dimension", "solution", "options", "weak", "more"), PLANTED_GAPS)
def test_a_dimension_is_missing_until_a_check_covers_it(found, dimension, solution, options, weak, more):
    lacking = found(dimension, solution, [weak], **options)
    assert lacking.state == "missing", lacking
    if more:
        assert found(dimension, solution, [weak, more], **options).state == "covered"


@pytest.mark.parametrize(
    ("dimension", "solution", "checks", "options"),
    [
        ("whole", "return X.shape[1]", "check(f, np.ones((3, 2)))", {}),  # only the shape counts
        ("whole", "return np.log(X * (1 - X))", "check(f, np.array([0.3, 0.4]))", {}),  # log of 0
        ("float32", "return X.shape[1]", "check(f, np.ones((3, 2)))", {}),
        ("uint8", MEAN, "check(f, np.array([[0.5, 2.0]]))", {}),
        ("uint8", "return -X / 2", "check(f, np.array([[1, -2]]))", {}),
        ("one", "return X @ X.T", "check(f, np.ones((3, 2)))", {}),
        ("wide", "return X @ X", "check(f, np.ones((3, 3)))", {}),
        ("zero", "return 1 / X", "check(f, np.array([2.0, 4.0]))", {}),
        ("huge", "return 3 * X", "check(f, np.array([2.0, 4.0]))", {}),
        ("tiny", "return X / 4", "check(f, np.array([2.0, 4.0]))", {}),
        ("ties", "return 3 * X", "check(f, np.array([2.0, 4.0]))", {}),
        ("keys", "return {'W1': X}", "check(f, np.array([2.0, 4.0]))", {}),
        ("draws", "return 3 * X", "check(f, np.array([2.0, 4.0]))", {}),
        ("type", "return X.shape", "check(f, np.array([2.0, 4.0]))", {}),  # the docstring names no tuple
        ("kept", "return X + 1", "check(f, 2.0)", {}),
    ],
)
def test_what_cannot_be_asked_does_not_apply(found, dimension, solution, checks, options):
    result = found(dimension, solution, [checks], **options)
    assert result.state == "inapplicable"
    assert result.why


def test_a_reference_that_fails_for_labels_of_eight_bits_is_not_excused_by_that(found):
    checks = ["check(f, np.array([1, 0, 1]))", "check(f, np.array([0, 1]))"]
    result = found("uint8", "return (-X).sum() / 2", checks)
    assert result.state == "missing"
    assert "the reference's result is another one" in result.why


@pytest.mark.parametrize(
    ("lesson", "exercise", "misconception"),
    [
        ("week1/logistic_regression", "cost", "minus-labels"),
        ("week1/logistic_regression", "accuracy", "short-counter"),
        ("week1/logistic_regression", "accuracy", "unsigned-dot-products"),
        ("week2/shallow_network", "forward", "sigmoid-written-out"),
        ("week2/shallow_network", "forward", "tanh-written-out"),
        ("week3/deep_network", "activation_forward", "sigmoid-written-out"),
        ("week3/deep_network", "activation_forward", "tanh-written-out"),
        ("week4/gradient_checking", "gradient_check", "index-as-an-array"),
        ("week4/regularization", "dropout_mask", "exact-count"),
        ("week5/optimizers", "clip_by_norm", "extra-epsilon"),
        ("week6/softmax", "confusion_matrix", "short-counter"),
        ("week7/convolution", "conv_forward", "type-of-the-image"),
    ],
)
def test_a_wrong_solution_that_once_passed_is_a_misconception_and_fails(monkeypatch, lesson, exercise, misconception):
    path = ROOT / "course" / f"{lesson}.md"
    monkeypatch.setenv("DLCORE_MODE", "evidence")
    monkeypatch.chdir(path.parent)
    monkeypatch.syspath_prepend(str(path.parent))
    read = read_lesson(path)
    cells = {cell.options["name"]: cell for cell in read.exercises[exercise].misconceptions}
    with np.errstate(all="ignore"):
        stage = Stage(read)
        bench = Bench(stage, read.exercises[exercise])
        verdict, _ = bench.passed_or_not(stage.with_code(cells[misconception].source))
    monkeypatch.delitem(sys.modules, "support", raising=False)
    assert verdict == "caught"


WEAK = ["check(f, np.array([[0.5, 2.0]]))"]


def test_an_excuse_for_one_exercise_or_the_whole_lesson_is_accepted(tmp_path):
    excuses = (
        "- not zero: a mean cares for no number.\n\n## f\n\n- not whole, float32: these come from our own\n  loader.\n"
    )
    sweep = sweep_lesson(lesson_of(tmp_path, MEAN, WEAK, excuses=excuses))
    states = {place.dimension: (place.state, place.why) for place in sweep.places}
    assert states["zero"] == ("excused", "a mean cares for no number.")
    assert states["whole"] == states["float32"] == ("excused", "these come from our own loader.")
    assert sweep.defects == []


def test_what_is_missing_is_a_defect_at_the_check_cell(tmp_path):
    lesson = lesson_of(tmp_path, MEAN, WEAK)
    sweep = sweep_lesson(lesson)
    assert {defect.line for defect in sweep.defects} == {lesson.exercises["f"].checks[-1].line}
    assert any("no check of f covers whole (whole numbers in every array" in defect.text for defect in sweep.defects)


def test_an_excuse_for_what_is_covered_or_does_not_apply_is_a_defect(tmp_path):
    excuses = "## f\n\n- not kept: why not.\n- not ties: why not.\n- not zero, whole, float32: these come from us.\n"
    lesson = lesson_of(tmp_path, MEAN, WEAK, excuses=excuses)
    defects = sweep_lesson(lesson).defects
    assert [defect.line for defect in defects] == [3, 4]
    assert all(defect.path == variants_path(lesson.path) for defect in defects)
    assert "f needs no excuse for kept: it is covered" in defects[0].text
    assert "f needs no excuse for ties: it is inapplicable" in defects[1].text


@pytest.mark.parametrize(
    ("excuses", "line", "reason"),
    [
        ("# Words\n\n- not width: it is narrow.\n", 3, "there is no dimension 'width'"),
        ("## f\n\n- zero: no.\n", 3, "is not an excuse like"),
        ("## f\n\n- not zero:\n", 3, "is not an excuse like"),
        ("## g\n\n- not zero: no.\n\n## f\n", 3, "has no exercise g"),
    ],
)
def test_an_excuse_that_is_none_is_refused_with_its_line(tmp_path, excuses, line, reason):
    with pytest.raises(BuildError, match=reason) as caught:
        lesson_of(tmp_path, MEAN, WEAK, excuses=excuses)
    assert caught.value.path.name == "small.variants.md"
    assert caught.value.line == line


def test_the_table_has_a_row_for_each_exercise_and_a_column_for_each_dimension(tmp_path):
    table = str(sweep_lesson(lesson_of(tmp_path, MEAN, WEAK))).splitlines()
    assert table[0].split() == ["exercise", *DIMENSIONS]
    assert table[1].split()[:5] == ["f", "✗", "·", "·", "✗"]
    assert len(table[1].split()) == 1 + len(DIMENSIONS)
    assert "✗ missing" in table[2]


def test_the_sweep_of_one_exercise_names_the_checks_and_the_reasons(tmp_path):
    lesson = lesson_of(tmp_path, MEAN, [*WEAK, 'check(f, np.array([[1, 2]]), label="whole")'])
    lines = str(sweep_lesson(lesson, "f")).splitlines()
    assert "  whole    ✓ X: “whole”" in lines
    assert "  draws    · nothing random is drawn" in lines


def test_code_that_ends_the_process_is_reported(tmp_path):
    lesson = lesson_of(
        tmp_path, "import os\nif len(X) < 3:\n    os._exit(3)\nreturn X[0]", ["check(f, np.ones((3, 2)))"]
    )
    with pytest.raises(BuildError, match="ended with code 3"):
        sweep_lesson(lesson)


def test_check_prints_the_table_and_fails_for_what_is_missing(tmp_path, capsys):
    lesson_of(
        tmp_path, MEAN, [*WEAK, '### BEGIN HIDDEN TESTS\ncheck(f, np.ones((2, 2)), label="a")\n### END HIDDEN TESTS']
    )
    (tmp_path / "nbgrader_config.py").write_text("")
    assert main(["--root", str(tmp_path), "check", "week1/small", "--exercise", "f", "--fast"]) == 1
    printed = capsys.readouterr().out
    assert "exercise  whole  uint8" in printed
    assert "no check of f covers whole" in printed
