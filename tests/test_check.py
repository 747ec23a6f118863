import contextlib
import json
import os
import re
import sys
import types
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from dlcore import begin, check, check_choice
from dlcore.checks import api as checking
from dlcore.checks.answer_key import SUFFIX, read_key
from dlcore.checks.codec import encode
from dlcore.checks.evidence import MIME, describe
from dlcore.errors import CheckFailed, CourseError, NotAttempted, SetupError
from grader.execution.evidence import Record, match_records
from tests.small_lesson import NAME, write_key


@pytest.fixture(autouse=True)
def a_fresh_notebook(monkeypatch):
    """No lesson has begun, and nothing is said about the mode."""
    monkeypatch.setattr(checking, "_lessons", {})
    monkeypatch.setattr(checking, "_results", {})
    monkeypatch.delenv("DLCORE_MODE", raising=False)


@pytest.fixture
def lesson(tmp_path, monkeypatch, small_reference):
    """The small lesson has begun, with its key in the working folder."""
    write_key(tmp_path, small_reference)
    monkeypatch.chdir(tmp_path)
    begin(NAME)
    return small_reference


def plain(shown):
    """What is shown, without its colours."""
    return re.sub(r"\x1b\[\d+m", "", shown)


class Notebook:
    """Cells run as in JupyterLab; `run` gives back what is shown, and keeps the error."""

    def __init__(self, shell):
        self.shell, self.error = shell, None

    def run(self, cell):
        with capture_output() as captured:
            self.error = self.shell.run_cell(cell, store_history=True).error_in_exec
        self.displayed = [output.data for output in captured.outputs]
        return captured.stdout + captured.stderr

    def run_all(self, cells):
        shown = []
        for cell in cells:
            shown.append(self.run(cell))
            if self.error is not None:
                raise self.error
        return shown


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    config = Config()
    config.HistoryManager.enabled = False
    hooks = sys.displayhook, sys.excepthook
    shell = InteractiveShell.instance(config=config, user_module=types.ModuleType("notebook"))
    shell.run_cell("import functools\nimport numpy as np\nfrom dlcore import *")
    yield Notebook(shell)
    InteractiveShell.clear_instance()
    sys.modules.pop("notebook", None)
    sys.displayhook, sys.excepthook = hooks


def solution(reference, name):
    return reference.exercises[name].solution


def visible_checks(reference):
    return [cell.visible_source for exercise in reference.exercises.values() for cell in exercise.cells]


def write_own_key(folder, lesson, exercises):
    """A key by hand: for each exercise its checks, as arguments, what is expected, and a label."""
    items = [
        {
            "name": name,
            "points": 1,
            "checks": [
                {
                    "arguments": encode(describe((arguments, {}))),
                    "label": label,
                    "settings": {"compare": "close", "rtol": 1e-5, "atol": None},
                    "lengths": [],
                    "expected": {"kind": "returned", "value": encode(expected)},
                    "misconceptions": [],
                }
                for arguments, expected, label in checks
            ],
        }
        for name, checks in exercises.items()
    ]
    form = {"version": 1, "lesson": lesson, "title": "By hand", "exercises": items}
    (folder / f"{lesson}{SUFFIX}").write_text(json.dumps(form))


# Right solutions


def test_right_solutions_get_one_green_line_a_check(lesson, notebook):
    notebook.run_all(exercise.solution for exercise in lesson.exercises.values())
    shown = "".join(notebook.run_all(visible_checks(lesson)))
    assert plain(shown).splitlines() == [
        "✓ double(1.5)",
        "✓ a row",
        "✓ memory of its own",
        "✓ two rows",
        "✓ quiz_sign",
        "Doubling moves a number away from 0, on its own side.",
    ]
    assert shown.count("\x1b[32m✓\x1b[0m") == 5


@pytest.mark.parametrize("seed", range(5))
def test_cells_can_be_run_in_any_order_and_any_number_of_times(lesson, notebook, seed):
    notebook.run_all(exercise.solution for exercise in lesson.exercises.values())
    order = np.random.default_rng(seed).choice(visible_checks(lesson), size=12)
    assert all("✓" in shown for shown in notebook.run_all(order))


def test_every_alternative_passes_the_visible_checks(lesson, notebook):
    for source in ("double = lambda z: np.multiply(z, 2.0)", "def double(z):\n    return np.asarray(z) + z"):
        notebook.run_all([source, *visible_checks(lesson)[:2]])


FOUND_BY_NAME = {
    "a function": "def double(z):\n    return 2 * np.asarray(z)",
    "a lambda": "double = lambda z: 2 * np.asarray(z)",
    "a partial": "double = functools.partial(np.multiply, 2.0)",
    "a decorated function": (
        "def logged(f):\n    def inner(*a, **k):\n        return f(*a, **k)\n    return inner\n"
        "@logged\ndef double(z):\n    return 2 * np.asarray(z)"
    ),
    "a function with its decorator's name kept": (
        "def logged(f):\n    @functools.wraps(f)\n    def inner(*a):\n        return f(*a)\n    return inner\n"
        "@logged\ndef double(z):\n    return 2 * np.asarray(z)"
    ),
    "a function under a second name": "def twice(z):\n    return 2 * np.asarray(z)\n\ndouble = twice",
    "a method": "class Twice:\n    def __call__(self, z):\n        return 2 * np.asarray(z)\n\ndouble = Twice()",
    "a vectorized function": "double = np.vectorize(lambda z: 2.0 * z)",
}


@pytest.mark.parametrize("source", FOUND_BY_NAME.values(), ids=FOUND_BY_NAME)
def test_a_function_is_found_by_the_name_that_it_is_bound_to(lesson, notebook, source):
    notebook.run_all([source, *visible_checks(lesson)[:2]])


def test_one_function_for_two_exercises_is_checked_against_the_one_that_knows_the_inputs(tmp_path, notebook):
    write_own_key(tmp_path, "two", {"slow": [((1.0,), 2.0, "one")], "fast": [((5.0,), 10.0, "five")]})
    begin("two", str(tmp_path))
    notebook.run("def slow(z):\n    return 2 * z\n\nfast = slow")
    notebook.run("check(slow, 1.0)")
    notebook.run("check(fast, 5.0)")
    assert {key: passed for key, (_, passed) in checking.results().items()} == {("slow", 0): True, ("fast", 0): True}


def test_two_checks_with_the_same_inputs_are_told_apart_by_their_labels(tmp_path):
    checks = [((3,), 1.0, "first draw"), ((3,), 2.0, "second draw")]
    write_own_key(tmp_path, "two", {"draw": checks})
    begin("two", str(tmp_path))
    answers = iter([1.0, 2.0, 2.0])

    def draw(n):
        return next(answers)

    check(draw, 3, label="first draw")
    check(draw, 3, label="second draw")
    assert checking.results().keys() == {("draw", 0), ("draw", 1)}
    with pytest.raises(CheckFailed):
        check(draw, 3, label="first draw")


def test_inputs_that_differ_in_the_last_bit_are_the_same_inputs(lesson, notebook):
    notebook.run(solution(lesson, "double"))
    assert "✓" in notebook.run("check(double, np.nextafter(1.5, 2))")


def test_a_check_leaves_its_arguments_alone(lesson, notebook):
    notebook.run("row = np.array([[1.0, -2.0, 3.0]])\ndef double(z):\n    z *= 2\n    return z")
    shown = notebook.run("check(double, row, label='a row')")
    assert "You changed the array that you were given." in shown
    assert "the call changed its argument `z`" in shown
    assert notebook.shell.user_ns["row"].tolist() == [[1.0, -2.0, 3.0]]


# Wrong solutions

WRONG = {
    "a misconception": (
        "def double(z):\n    return np.asarray(z) ** 2",
        ["✗ double(1.5)", "You squared z.", "Expected 3.0, got 2.25."],
    ),
    "a sign": ("def double(z):\n    return -2 * np.asarray(z)", ["The sign is wrong", "Expected 3.0, got -3.0."]),
    "no return": ("def double(z):\n    2 * z", ["It returned None", "`return`"]),
    "an error": (
        "def double(z):\n    return 2 * x",
        ["It raised NameError: name 'x' is not defined", "line 2 of double: return 2 * x"],
    ),
    "a wrong signature": ("def double():\n    return 2", ["It raised TypeError", "takes 0 positional arguments"]),
    "a foreign result": ("def double(z):\n    return {2 * z}", ["type set cannot be compared"]),
    "no function": ("double = 3", ["A function was expected, but this is 3."]),
}


@pytest.mark.parametrize(("source", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_solution_gets_a_short_message_without_a_traceback(lesson, notebook, source, words):
    notebook.run(source)
    shown = notebook.run("check(double, 1.5)\nprint('and further')")
    assert isinstance(notebook.error, CheckFailed)
    assert not isinstance(notebook.error, NotAttempted)
    for part in words:
        assert part in plain(shown)
    for noise in ("Traceback", "File ", "---->", "CheckFailed", "dlcore", "and further"):
        assert noise not in shown
    assert len(shown.strip().splitlines()) <= 4


@pytest.mark.parametrize("name", ["squares", "halves", "in-place", "whole-numbers"])
def test_each_misconception_is_told_its_hint(lesson, notebook, name):
    sources = {
        "squares": "def double(z):\n    return np.asarray(z) ** 2",
        "halves": "def double(z):\n    return np.asarray(z) / 2",
        "in-place": "def double(z):\n    z *= 2\n    return z",
        "whole-numbers": "def double(z):\n    return 2 * np.asarray(z).astype(int)",
    }
    notebook.run(sources[name])
    shown = [notebook.run(line) for source in visible_checks(lesson)[:2] for line in source.splitlines()]
    assert any(lesson.exercises["double"].hints[name] in text for text in shown)


@pytest.mark.parametrize(("body", "said"), [("double(X).sum()", True), ("2 * X.sum()", False)])
def test_a_failure_points_to_an_earlier_function_only_if_it_is_called(lesson, notebook, body, said):
    exercises = checking._lessons[NAME].exercises
    exercises["row_means"] = replace(exercises["row_means"], uses=("double",))
    notebook.run("def double(z): return z")
    notebook.run("check(double, 1.5)")
    notebook.run(f"def row_means(X): return {body}")
    notebook.run(lesson.exercises["row_means"].cells[0].visible_source)
    assert isinstance(notebook.error, CheckFailed)
    assert ("row_means builds on double" in str(notebook.error)) is said


def test_the_placeholder_is_not_attempted_and_that_is_no_error_in_red(lesson, notebook):
    notebook.run("def double(z):\n    raise NotImplementedError()")
    shown = notebook.run("check(double, 1.5)")
    assert isinstance(notebook.error, NotAttempted)
    assert shown.strip() == "○ double: not attempted yet."


def test_trying_the_placeholder_is_no_failure_in_the_progress(lesson, notebook):
    notebook.run("def double(z):\n    raise NotImplementedError()")
    notebook.run("check(double, 1.5)")
    notebook.run("table = progress()")
    assert notebook.shell.user_ns["table"].rows[0].state == "not attempted"


def test_a_missing_other_function_is_named(lesson, notebook):
    notebook.run("def row_means(X):\n    raise NotImplementedError()")
    notebook.run("def double(z):\n    return row_means(z)")
    assert "It calls row_means, which is not written yet." in notebook.run("check(double, 1.5)")


def test_a_function_put_right_passes_at_once(lesson, notebook):
    notebook.run("def double(z):\n    return 3 * np.asarray(z)")
    assert "✗" in notebook.run("check(double, 1.5)")
    notebook.run(solution(lesson, "double"))
    assert "✓" in notebook.run("check(double, 1.5)")


@pytest.mark.parametrize(
    "call",
    [
        "check(double, 1.6)",
        "check(double, np.array([1.0, -2.0, 3.0]))",
        "check(double, 1.5, 2.5)",
        "check(double, z=1.5)",
        "check(double)",
        "check(double, 'text')",
        "check(double, np.array([[4711], [-4712]]), label='a column of whole numbers')",
    ],
)
def test_inputs_that_the_lesson_does_not_know_are_never_a_success(lesson, notebook, call):
    notebook.run(solution(lesson, "double"))
    shown = notebook.run(call)
    assert isinstance(notebook.error, SetupError)
    assert "is not one of the lesson's: its inputs are different" in shown
    assert "✓" not in shown
    assert checking.results() == {}


def test_a_name_that_the_lesson_does_not_know_is_refused_with_those_it_does(lesson, notebook):
    shown = notebook.run("def triple(z):\n    return 3 * z\n\ncheck(triple, 1.5)")
    assert "No exercise is called triple. The exercises are: double, row_means, quiz_sign." in shown
    assert isinstance(notebook.error, SetupError)


def test_an_unknown_comparison_is_refused(lesson):
    with pytest.raises(SetupError, match="compare='equal' is not one of close, exact, moments, cost"):
        check(lambda z: z, 1.5, compare="equal")


# Setting up


def test_a_check_before_the_lesson_begins_asks_for_the_first_cell():
    with pytest.raises(SetupError, match="Run the first code cell"):
        check(np.exp, 1.0)
    with pytest.raises(SetupError, match="Run the first code cell"):
        check_choice("quiz_sign", "b", "abc")


def test_beginning_again_forgets_what_was_tried(lesson, notebook):
    notebook.run(solution(lesson, "double"))
    notebook.run("check(double, 1.5)")
    assert checking.results()
    begin(NAME)
    assert checking.results() == {}


def test_a_missing_key_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(SetupError, match=r"`other\.key\.json` is not beside this notebook") as caught:
        begin("other", str(tmp_path))
    assert str(tmp_path) in str(caught.value)


def test_a_folder_in_place_of_the_key_is_no_key(tmp_path):
    (tmp_path / f"other{SUFFIX}").mkdir()
    with pytest.raises(SetupError):
        begin("other", str(tmp_path))


DAMAGED = {
    "empty": b"",
    "not JSON": b"{",
    "not UTF-8": b'{"version": "\xff"}',
    "a list": b"[]",
    "a number": b"1",
    "without a version": b"{}",
    "of a later version": b'{"version": 2, "title": "", "exercises": []}',
    "without exercises": b'{"version": 1, "title": ""}',
    "with a number for exercises": b'{"version": 1, "title": "", "exercises": 1}',
    "with texts for exercises": b'{"version": 1, "title": "", "exercises": ["double"]}',
    "with an exercise without checks": b'{"version": 1, "title": "", "exercises": [{"name": "a", "points": 1}]}',
    "nested without end": b"[" * 100_000,
    "cut off in a long number": b'{"version": 1' + b"0" * 5000,
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_key_is_refused_when_the_lesson_begins(tmp_path, data):
    (tmp_path / f"other{SUFFIX}").write_bytes(data)
    with pytest.raises(SetupError, match=r"`other\.key\.json`"):
        begin("other", str(tmp_path))


@given(cut=st.floats(0, 0.999))
def test_a_key_that_was_cut_off_is_refused(tmp_path_factory, small_reference, cut):
    folder = tmp_path_factory.mktemp("key")
    path = write_key(folder, small_reference)
    data = path.read_bytes()
    path.write_bytes(data[: int(cut * len(data))])
    with pytest.raises(SetupError):
        read_key(NAME, folder)


@given(st.randoms(use_true_random=False))
def test_a_key_that_lacks_a_part_is_refused_or_read(tmp_path_factory, small_reference, random):
    folder = tmp_path_factory.mktemp("key")
    path = write_key(folder, small_reference)
    form = part = json.loads(path.read_text())
    for _ in range(random.randrange(6)):
        inner = [part[key] for key in (part if isinstance(part, dict) else range(len(part)))]
        inner = [item for item in inner if isinstance(item, dict | list) and item]
        part = random.choice(inner) if inner else part
    part.pop(random.choice(list(part))) if isinstance(part, dict) else part.pop()
    path.write_text(json.dumps(form))
    with contextlib.suppress(SetupError):
        assert read_key(NAME, folder).lesson == NAME


@pytest.mark.parametrize("mode", ["", "grading", "Practice", "evidence ", "0"])
def test_an_unknown_mode_is_an_error_and_never_a_success(tmp_path, monkeypatch, lesson, capsys, mode):
    monkeypatch.setenv("DLCORE_MODE", mode)

    def double(z):
        return 2 * z

    for attempt in (
        lambda: begin(NAME),
        lambda: check(double, 1.5),
        lambda: check(3, 1.5),
        lambda: check_choice("quiz_sign", "b", "abc"),
    ):
        with pytest.raises(SetupError, match="Nothing was checked"):
            attempt()
    assert "✓" not in capsys.readouterr().out


# Choices


@pytest.mark.parametrize("choice", ["b", "B", " b ", "(b)", "b)", "b."])
def test_the_right_letter_passes_however_it_is_written(lesson, choice, capsys):
    check_choice("quiz_sign", choice, "abc")
    said = capsys.readouterr().out
    assert "✓" in said
    assert "Doubling moves a number away from 0" in said


@pytest.mark.parametrize(("choice", "why"), [("a", "The sign stays: −1 is doubled."), ("c", "That is −1 itself.")])
def test_a_wrong_letter_is_explained_and_the_right_one_not_told(lesson, choice, why):
    with pytest.raises(CheckFailed, match=why) as failed:
        check_choice("quiz_sign", choice, "abc")
    assert "'b'" not in str(failed.value)


@pytest.mark.parametrize("choice", ["", "  ", "()", None])
def test_no_letter_is_not_attempted(lesson, choice):
    with pytest.raises(NotAttempted):
        check_choice("quiz_sign", choice, "abc")


@pytest.mark.parametrize("choice", ["d", "ab", "abc", "ß", "bb", "ａ"])
def test_a_letter_that_is_no_option_is_refused_with_those_that_are(lesson, choice):
    with pytest.raises(CheckFailed, match="Choose one of the letters a, b, c"):
        check_choice("quiz_sign", choice, "abc")


@pytest.mark.parametrize("choice", [3, ["b"], True, 0.4])
def test_a_letter_without_its_quotes_is_asked_for_them(lesson, choice):
    with pytest.raises(CheckFailed, match="Put the letter between quotes") as failed:
        check_choice("quiz_sign", choice, "abc")
    assert failed.value.message == 'Put the letter between quotes, as in quiz_sign = "a".'


# Evidence


@pytest.fixture
def evidence(notebook, monkeypatch):
    """Runs a cell as while grading; gives back the records that it emitted."""
    monkeypatch.setenv("DLCORE_MODE", "evidence")

    def run(cell):
        shown = notebook.run(cell)
        assert "✓" not in shown
        assert "✗" not in shown
        assert all(list(data) == [MIME] for data in notebook.displayed)
        return [Record.from_json(json.loads(json.dumps(data[MIME]))) for data in notebook.displayed]

    return run


def test_evidence_is_what_the_function_returned_and_needs_no_key(evidence, notebook):
    notebook.run("begin('no_such_lesson')\ndef f(X, *, b):\n    return X + b")
    (record,) = evidence("check(f, np.ones((2, 3)), b=0.5, label='ones', compare='exact', rtol=0.1, atol=2)")
    assert notebook.error is None
    assert (record.label, record.call) == ("ones", "f(array (2, 3), b=0.5)")
    assert record.outcome.value.tolist() == [[1.5] * 3] * 2
    assert (record.settings.compare, record.settings.rtol, record.settings.atol) == ("exact", 0.1, 2)
    assert record.lengths == (2, 3)


@pytest.mark.parametrize(
    ("source", "kind", "error"),
    [
        ("def f(z):\n    return -z", "returned", ""),
        ("def f(z):\n    raise NotImplementedError", "unattempted", "NotImplementedError"),
        ("def f(z):\n    return nothing", "raised", "NameError"),
        ("def f():\n    return 1", "raised", "TypeError"),
        ("def f(z):\n    return {z}", "foreign", "set"),
        ("f = 3", "raised", "TypeError"),
        ("f = None", "raised", "TypeError"),
    ],
)
def test_nothing_is_judged_and_nothing_raised_while_evidence_is_taken(evidence, notebook, source, kind, error):
    notebook.run(source)
    records = evidence("check(f, 1.0)\ncheck(f, 2.0)")
    assert notebook.error is None
    assert [(record.outcome.kind, record.outcome.error) for record in records] == [(kind, error)] * 2


CALLS = {
    "check(f, 1.5, np.float64(2.5))": "f(1.5, 2.5)",
    "check(f, np.array([1.0, -2.0]))": "f([1.0, -2.0])",
    "check(f, np.arange(50))": "f(array (50,))",
    "check(f, np.ones((2, 2)))": "f(array (2, 2))",
    "check(f, {'W1': np.ones((2, 2)), 'b1': 0})": "f({'W1': …, 'b1': …})",
    "check(f, np.random.default_rng(1), n=3)": "f(rng, n=3)",
    "check(f, np.tanh)": "f(tanh)",
    "check(f, 'text')": "f('text')",
}


@pytest.mark.parametrize(("cell", "call"), CALLS.items())
def test_a_call_is_written_as_a_student_would_write_it(evidence, notebook, cell, call):
    notebook.run("def f(*args, **kwargs):\n    return 1.5")
    (record,) = evidence(cell)
    assert record.call == call


def test_lengths_of_axes_are_those_that_a_factor_can_be(evidence, notebook):
    notebook.run("def f(X, y, *, Z):\n    return 1.5")
    (record,) = evidence("check(f, np.ones((1, 3)), 7, Z=np.ones((5, 0, 3)))")
    assert record.lengths == (3, 5)


def test_side_effects_are_part_of_the_evidence(evidence, notebook):
    notebook.run("def f(v):\n    v[0] = 7\n    return v")
    plain, fresh = evidence("check(f, np.zeros(2))\ncheck(f, np.zeros(2), fresh=True)")
    assert plain.outcome.changed == fresh.outcome.changed == ("v",)
    assert (plain.outcome.shared, fresh.outcome.shared) == ((), ("v",))


def test_numerical_care_is_part_of_the_evidence(evidence, notebook):
    notebook.run("import warnings\ndef f(z):\n    with warnings.catch_warnings():\n        return np.exp(z)")
    careful, careless = evidence("warnings.simplefilter('ignore')\ncheck(f, 1e4, quiet=True)\ncheck(f, 1e4)")
    assert careful.outcome.error == "FloatingPointError"
    assert careless.outcome.value == np.inf


@pytest.mark.parametrize(("choice", "kind"), [("' B) '", "returned"), ("''", "unattempted"), ("3", "unattempted")])
def test_a_choice_is_evidence_too(evidence, choice, kind):
    (record,) = evidence(f"check_choice('quiz_sign', {choice}, 'abc')")
    assert record.outcome.kind == kind
    assert record.outcome.value in (None, "b")


@pytest.mark.parametrize(
    "argument", ["{'W1': np.zeros((2, 2)), 'b': [1, None]}", "np.random.default_rng(1)", "np.tanh", "range(3)", "set()"]
)
def test_arguments_of_all_kinds_can_be_described(evidence, notebook, argument):
    notebook.run("def f(x):\n    return 1.5")
    (first,), (second,) = evidence(f"check(f, {argument})"), evidence(f"check(f, {argument})")
    assert match_records([first], [second]) == [second]


def test_a_session_can_be_graded_and_practised_in(lesson, notebook, monkeypatch):
    """The mode is read at each check, and evidence leaves no trace in the progress."""
    notebook.run(solution(lesson, "double"))
    monkeypatch.setenv("DLCORE_MODE", "evidence")
    notebook.run("check(double, 1.5)")
    assert checking.results() == {}
    monkeypatch.setenv("DLCORE_MODE", "practice")
    notebook.run("check(double, 1.5)")
    assert len(checking.results()) == 1


def test_errors_of_the_course_show_themselves_without_a_traceback():
    assert CourseError("one\ntwo")._render_traceback_() == ["one\ntwo"]
    assert issubclass(CourseError, ValueError)
    assert os.environ.get("DLCORE_MODE") is None
