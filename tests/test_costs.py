"""Choices that are judged by what they cost, which no student's code can read."""

import json

import nbformat
import pytest

from dlcore.checks.answer_key import read_key
from dlcore.checks.compare import Settings, agree
from dlcore.checks.evidence import Outcome, OutcomeKind
from dlcore.checks.verdict import Misconception, judge
from grader.errors import BuildError
from grader.execution.sandbox import Limits
from grader.grading.pipeline import run_and_judge
from tests.classroom import with_solutions
from tests.small_lesson import HEADER, QUESTIONS, reference_of, write_key

LESSON = '''
```{code-cell} ipython3
:exercise: plan
:role: solution

def plan(state):
    """Return "wait" or "go" or "run" for a dict with a "light"."""
    ### BEGIN SOLUTION
    return "go" if state["light"] > 5 else "wait"
    ### END SOLUTION
```

```{code-cell} ipython3
:exercise: plan
:points: 8
:role: check

check(plan, {"light": 3.0}, compare="cost", atol=1, label="red")
check(plan, {"light": 8.0}, compare="cost", atol=1, label="green")
### BEGIN HIDDEN TESTS
check(plan, {"light": 7.25}, compare="cost", atol=1, label="one, within 1")
check(plan, {"light": 7.25}, compare="cost", atol=20, label="one, within 20")
### END HIDDEN TESTS
```
'''
VARIANTS = """
## plan

### misconception: waits

You always wait.

- `"go" if state["light"] > 5 else "wait"` → `"wait"`

### misconception: reversed

You go where you should wait.

- `>` → `<`

### misconception: goes

You always go.

- `"go" if state["light"] > 5 else "wait"` → `"go"`

### misconception: silent

You return nothing.

- `return "go"` → `"go"`

### alternative: runs-sometimes

- `"go" if` → `"run" if state["light"] > 7.5 else "go" if`

### alternative: other-limit

- `5` → `6`
"""
ROWS = [
    {"arguments": [{"light": 3.0}], "costs": {"wait": 1.0, "go": 60.0, "run": 61.0}},
    {"arguments": [{"light": 8.0}], "costs": {"wait": 9.0, "go": 3.0, "run": 2.5}},
    {"arguments": [{"light": 7.25}], "costs": {"wait": 14.0, "go": 4.0, "run": 4711.25}},
]
KNOWN = Settings("cost", atol=1.0, costs=(("wait", 9.0), ("go", 3.0), ("run", 2.5)))


def returned(value):
    return Outcome(OutcomeKind.RETURNED, value)


def priced(folder, rows=ROWS, text=LESSON):
    path = folder / "course" / "week1" / "small.costs.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(rows if isinstance(rows, str) else json.dumps({"plan": rows}))
    return reference_of(folder, HEADER + text + QUESTIONS, VARIANTS)


@pytest.mark.parametrize(
    ("choice", "right"), [("run", True), ("go", True), ("wait", False), ("fly", False), (1, False)]
)
def test_a_choice_passes_if_it_costs_little_more_than_the_best(choice, right):
    assert agree("go", choice, KNOWN) is right
    assert judge(returned("go"), returned(choice), KNOWN).passed is right


def test_a_choice_that_equals_the_references_does_not_pass_for_that():
    assert not judge(returned("wait"), returned("wait"), KNOWN).passed
    same = returned("wait")
    assert not judge(same, same, KNOWN).passed


def test_a_message_names_both_costs_and_a_hidden_ones_gist_neither():
    verdict = judge(returned("go"), returned("wait"), KNOWN)
    assert verdict.message == "'wait' comes to 9, the best choice to 2.5. Up to 3.5 would pass."
    assert verdict.gist == "Another choice would have been much better here."
    assert "none of the choices: wait, go, run" in judge(returned("go"), returned("fly"), KNOWN).message


def test_a_misconception_is_named_by_its_choice_and_not_by_its_cost():
    wrong = [
        Misconception("flies", "You fly.", returned("fly")),
        Misconception("waits", "You wait.", returned("wait")),
    ]
    assert judge(returned("go"), returned("wait"), KNOWN, wrong).misconception == "waits"


def test_settings_survive_the_way_through_json():
    assert Settings.from_json(json.loads(json.dumps(KNOWN.to_json()))) == KNOWN
    assert "costs" not in Settings().to_json()


@pytest.mark.usefixtures("needs_sandbox")
class TestALesson:
    def test_the_key_has_the_costs_of_what_is_visible_alone(self, tmp_path):
        path = write_key(tmp_path, priced(tmp_path))
        assert "4711.25" not in path.read_text()
        checks = read_key("small", tmp_path).exercises["plan"].checks
        assert [dict(check.settings.costs)["go"] for check in checks] == [60.0, 3.0]

    def test_a_check_without_costs_and_a_damaged_file_are_refused(self, tmp_path):
        with pytest.raises(BuildError, match=r"has no costs in small\.costs\.json"):
            priced(tmp_path, ROWS[:2])
        with pytest.raises(BuildError, match=r"small\.costs\.json is damaged"):
            priced(tmp_path, '{"plan": [{"arguments": 3}]}')

    def test_a_reference_that_chooses_badly_is_refused(self, tmp_path):
        dear = [*ROWS[:2], {"arguments": [{"light": 7.25}], "costs": {"wait": 1.0, "go": 4.0, "run": 2.0}}]
        with pytest.raises(BuildError, match=r"one, within 1: the reference's 'go' costs 3 more"):
            priced(tmp_path, dear)

    def test_points_follow_the_regret_and_costs_are_not_in_the_kernel(self, tmp_path):
        reference = priced(tmp_path)
        source = nbformat.read(tmp_path / "source" / "week1" / "small.ipynb", as_version=4)
        assert points_of(reference, source, 'def plan(state):\n    return "wait"') == 4
        assert points_of(reference, source, 'def plan(state):\n    return "go" if state["light"] > 5 else "wait"') == 8
        assert points_of(reference, source, SPY) == 0


SPY = """
def plan(state):
    import gc, sys
    frame, seen = sys._getframe(), []
    while frame is not None:
        seen += [repr(frame.f_locals)[:100000], repr(frame.f_globals)[:100000]]
        frame = frame.f_back
    seen += [repr(item)[:1000] for item in gc.get_objects() if isinstance(item, dict | list | tuple)]
    needle = str(int("4711") + 0.25)  # not in this source
    if any(needle in text for text in seen):
        return "go" if state["light"] > 5 else "wait"
    return "blind"
"""


def points_of(reference, source, solution):
    """The points for `plan` of a student's notebook."""
    submission = with_solutions(source, {"plan": solution})
    reports = run_and_judge(submission, reference, Limits(), sandboxed=True, follow_through=False)
    return next(report.score for report in reports.values() if report.exercise == "plan")
