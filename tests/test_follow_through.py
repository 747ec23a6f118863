"""One bug costs once, also where the exercise that has it passes."""

import json

import nbformat
import pytest

from grader.execution.sandbox import Limits
from grader.grading import pipeline
from grader.grading.failures import FailureKind
from grader.grading.pipeline import run_and_judge
from tests.classroom import with_solutions
from tests.small_lesson import HEADER, QUESTIONS, reference_of

pytestmark = [pytest.mark.usefixtures("needs_sandbox"), pytest.mark.xdist_group("follow through")]

EXERCISE = '''
```{{code-cell}} ipython3
:exercise: {name}
:role: solution

def {name}(n):
    """Return {doc}."""
    ### BEGIN SOLUTION
    return {body}
    ### END SOLUTION
```

```{{code-cell}} ipython3
:exercise: {name}
:points: {points}
:role: check

check({name}, 7)
### BEGIN HIDDEN TESTS
check({name}, 12, label="an even number")
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

- `{body}` → `0 + ({body})`

### alternative: a2

- `{body}` → `({body}) * 1`
"""
PARTS = [
    {"name": "half", "doc": "n // 2, a whole number", "body": "n // 2", "points": 2},
    {"name": "zeros", "doc": "as many zeros as half of n", "body": "np.zeros(half(n))", "points": 6},
    {"name": "pairs", "doc": "two rows of zeros", "body": "np.tile(zeros(n), (2, 1))", "points": 4},
]
SLIP = "def half(n):\n    return np.floor(n / 2)"  # a float, which is accepted, and which np.zeros does not take


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    text = HEADER + "".join(EXERCISE.format(**part) for part in PARTS) + QUESTIONS
    variants = "".join(VARIANTS.format(**part) for part in PARTS)
    return reference_of(tmp_path_factory.mktemp("lesson"), text, variants)


@pytest.fixture
def grade(reference, monkeypatch):
    """The reports by exercise, and how many kernels ran steps, for solutions that differ from the reference."""

    def grade(limits=Limits(), **solutions):
        kernels = []
        real = pipeline.run_steps_now

        def run(*arguments, **options):
            kernels.append(1)
            return real(*arguments, **options)

        monkeypatch.setattr(pipeline, "run_steps_now", run)
        notebook = with_solutions(nbformat.from_dict(json.loads(json.dumps(reference.notebook))), solutions)
        reports = run_and_judge(notebook, reference, limits, sandboxed=True, follow_through=True)
        return {report.exercise: report for report in reports.values()}, len(kernels)

    return grade


def test_who_has_all_right_is_run_once(grade):
    reports, kernels = grade()
    assert all(reports[name].passed for name in ("half", "zeros", "pairs"))
    assert kernels == 1


def test_a_slip_that_passes_costs_later_exercises_nothing(grade):
    reports, _ = grade(half=SLIP)
    assert reports["half"].passed
    assert not reports["zeros"].passed
    assert [reports[name].score for name in ("half", "zeros", "pairs")] == [2, 6, 4]
    assert "with half put right, this is right, so the earlier slip costs nothing here" in reports["zeros"].notes[-1]


def test_a_mistake_of_its_own_still_costs(grade):
    reports, _ = grade(half=SLIP, zeros="def zeros(n):\n    return np.ones(half(n))")
    assert [reports[name].score for name in ("half", "zeros", "pairs")] == [2, 0, 4]


def test_a_failure_is_not_run_again_if_what_it_needs_is_as_the_reference_has_it(grade):
    reports, kernels = grade(pairs="def pairs(n):\n    return zeros(n)")
    assert [reports[name].score for name in ("half", "zeros", "pairs")] == [2, 6, 0]
    assert kernels == 1


def test_a_mistake_costs_its_own_exercise_only(grade):
    reports, _ = grade(half="def half(n):\n    return n")
    assert [reports[name].score for name in ("half", "zeros", "pairs")] == [0, 6, 4]


def test_a_misconception_counts_where_it_is_and_not_where_it_only_shows(grade):
    # Seen alone, `pairs` does what its own misconception v1 does; with half wrong, `zeros` does what none does.
    reports, _ = grade(half="def half(n):\n    return n", zeros="def zeros(n):\n    return 1 + np.zeros(half(n))")
    assert set(reports["zeros"].misconceptions) == {"v1"}
    reports, _ = grade(zeros="def zeros(n):\n    return 1 + np.zeros(half(n))")
    assert {check.misconception for check in reports["pairs"].checks} == {"v1"}
    assert reports["pairs"].misconceptions == []


def test_a_loop_that_an_earlier_mistake_hides_is_found_with_that_put_right(grade):
    endless = "def zeros(n):\n    while half(n) >= 0:\n        pass"
    reports, _ = grade(Limits(cell_seconds=2), half="def half(n):\n    return (n", zeros=endless)
    assert "NameError" in reports["zeros"].checks[0].message
    assert reports["zeros"].score == 0
    (note,) = reports["zeros"].notes
    assert note.startswith("With half put right, the checks were stopped: it took longer than 2 seconds.")
    assert reports["zeros"].failure.kind == FailureKind.TIME
    assert reports["half"].failure.kind == FailureKind.SYNTAX
    assert reports["pairs"].score == 4


def test_an_error_in_the_text_of_a_cell_names_the_exercise(grade):
    reports, _ = grade(half="def half(n)\n    return n")
    note = reports["half"].notes[0]
    assert note == "The solution cell stopped with SyntaxError: expected ':' (line 1 of the cell of half)"
    assert reports["half"].failure.said == note.removeprefix("The solution cell stopped with ")


@pytest.mark.parametrize("answer", ['"x"', '"ab"'])
def test_an_answer_that_is_none_of_the_letters_is_said_to_be_none(grade, answer):
    reports, _ = grade(quiz_sign=f"quiz_sign = {answer}")
    (check,) = reports["quiz_sign"].checks
    assert not check.passed
    assert check.message == "It is none of the letters. Write the letter of one answer between quotes."
    reports, _ = grade(quiz_sign='quiz_sign = "c"')
    assert reports["quiz_sign"].checks[0].message == "That is −1 itself."


def test_of_the_checks_that_fail_in_a_cell_the_first_two_shown_and_the_first_hidden_are_diagnosed(tmp_path):
    cells = EXERCISE.format(name="twice", doc="twice n", body="2 * n", points=4)
    shown = "".join(f"check(twice, {n}.5)\n" for n in (1, 2, 3))
    hidden = "".join(f"check(twice, {n}.5)\n" for n in (4, 5))
    cells = cells.replace("check(twice, 7)\n", shown).replace('check(twice, 12, label="an even number")\n', hidden)
    reference = reference_of(tmp_path, f"{HEADER}\n{cells}", VARIANTS.format(name="twice", body="2 * n"))
    notebook = with_solutions(reference.notebook, {"twice": "def twice(n):\n    return -2 * n"})
    report = run_and_judge(notebook, reference, Limits(), sandboxed=True, follow_through=False)["twice-check"]
    assert [check.kind for check in report.checks] == ["negated", "negated", "values", "negated", "values"]
    assert report.checks[2].message == "Expected 7.0, got -7.0."
