import json
import re
import sys
import types

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

import dlcore
from dlcore.checks import api as checking
from dlcore.checks import requested_hints
from dlcore.checks.answer_key import SUFFIX, read_key
from dlcore.checks.requested_hints import hint
from dlcore.errors import SetupError
from grader.errors import BuildError
from grader.lessons.build import answer_key, compose_lesson
from grader.lessons.notebooks import compose_source
from grader.lessons.parser import read_lesson
from grader.lessons.variants import lesson_files
from tests.conftest import ROOT
from tests.small_lesson import NAME, TEXT, lesson_file, write_key

LESSONS = [
    pytest.param(path, marks=getattr(pytest.mark, path.parent.name), id=f"{path.parent.name}-{path.stem}")
    for path in lesson_files(ROOT / "course")
]
FIRST = "**row_means, hint 1 of 2.** Which axis do the numbers of one row lie along?"
SECOND = "**row_means, hint 2 of 2.** `mean` takes an axis, and `keepdims=True`\nkeeps $(n, 1)$."
NO_MORE = "**row_means** has no more hints. `hint(row_means, 1)` shows the first one again."
CELL = """\
+++ {"exercise": "row_means", "role": "hint"}

1. Which axis do the numbers of one row lie along?
2. `mean` takes an axis, and `keepdims=True`
   keeps $(n, 1)$.

+++
"""


@pytest.fixture(autouse=True)
def a_fresh_notebook(monkeypatch):
    """No lesson has begun, no hint was shown, and nothing is said about the mode."""
    monkeypatch.setattr(checking, "_lessons", {})
    monkeypatch.setattr(checking, "_results", {})
    monkeypatch.setattr(requested_hints, "_shown", {})
    monkeypatch.delenv("DLCORE_MODE", raising=False)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a cell as in JupyterLab; gives back what it shows, as Markdown, and raises what it raises."""
    monkeypatch.setattr(checking, "follow_cells", lambda: None)  # which would show the error, too
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    config = Config()
    config.HistoryManager.enabled = False
    hooks = sys.displayhook, sys.excepthook
    shell = InteractiveShell.instance(config=config, user_module=types.ModuleType("notebook"))

    def run(cell):
        with capture_output() as captured:
            error = shell.run_cell(cell).error_in_exec
        if error is not None:
            raise error
        assert captured.stdout == captured.stderr == ""
        shown = [output.data for output in captured.outputs]
        assert all(data == dict.fromkeys(("text/markdown", "text/plain"), data["text/plain"]) for data in shown)
        return [data["text/markdown"] for data in shown]

    shell.run_cell("import functools\nfrom dlcore import hint")
    shell.run_cell("def row_means(X):\n    raise NotImplementedError")
    yield run
    InteractiveShell.clear_instance()
    sys.modules.pop("notebook", None)
    sys.displayhook, sys.excepthook = hooks


@pytest.fixture
def lesson(tmp_path, small_reference, capsys):
    """The small lesson has begun."""
    write_key(tmp_path, small_reference)
    dlcore.begin(NAME, str(tmp_path))
    return small_reference


def begin(folder, lesson, **hints):
    """Begin a lesson that consists of exercises with hints."""
    exercises = [{"name": name, "points": 1, "checks": [], "hints": texts} for name, texts in hints.items()]
    form = {"version": 1, "lesson": lesson, "title": "By hand", "exercises": exercises}
    (folder / f"{lesson}{SUFFIX}").write_text(json.dumps(form))
    dlcore.begin(lesson, str(folder))


# For students


def test_hints_come_one_after_the_other_and_end(lesson, run):
    assert [run("hint(row_means)") for _ in range(4)] == [[FIRST], [SECOND], [NO_MORE], [NO_MORE]]


def test_a_hint_can_be_shown_again_and_those_after_it_wait(lesson, run):
    assert run("hint(row_means)\nhint(row_means, 1)\nhint(row_means)\nhint(row_means, 1)") == [
        FIRST,
        FIRST,
        SECOND,
        FIRST,
    ]
    assert run("hint(row_means)\nhint(row_means, number=2)") == [NO_MORE, SECOND]


def test_who_asks_for_a_later_hint_goes_on_from_there(lesson, run):
    assert run("hint(row_means, 2)\nhint(row_means)\nhint(row_means, 1)") == [SECOND, NO_MORE, FIRST]


FUNCTIONS = {
    "a name": ("", "'row_means'"),
    "a function": ("def row_means(X):\n    return X", "row_means"),
    "a lambda": ("row_means = lambda X: X", "row_means"),
    "a partial": ("row_means = functools.partial(max, 0)", "row_means"),
    "a function under a second name": ("def mean(X):\n    return X\n\nrow_means = mean", "row_means"),
    "a function under its first name": ("def row_means(X):\n    return X\n\nmean = row_means", "mean"),
    "a name that is not defined": ("del row_means", "'row_means'"),
}


@pytest.mark.parametrize(("cell", "exercise"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_an_exercise_is_found_by_its_name_or_its_function(lesson, run, cell, exercise):
    run(cell)
    assert run(f"hint({exercise})\nhint('row_means')") == [FIRST, SECOND]


@pytest.mark.parametrize("number", ["0", "3", "-1", "1.5", "'1'"])
def test_a_number_that_no_hint_has_is_refused_with_those_that_there_are(lesson, run, number):
    with pytest.raises(SetupError, match=rf"row_means has the hints 1 to 2, not {number.strip(chr(39))}\."):
        run(f"hint(row_means, {number})")
    assert run("hint(row_means)") == [FIRST]


@pytest.mark.parametrize(
    ("exercise", "name"),
    [
        ("'rows'", "rows"),
        ("''", ""),
        ("max", "max"),
        ("lambda X: X", "<lambda>"),
        ("3", "that"),
        ("'explain'", "explain"),
    ],
)
def test_what_is_no_exercise_is_refused_with_those_that_have_hints(lesson, run, exercise, name):
    with pytest.raises(SetupError) as refused:
        run(f"hint({exercise})")
    assert str(refused.value) == f"No exercise is called {name}. There are hints for: row_means."


@pytest.mark.parametrize("name", ["double", "quiz_sign"])
def test_an_exercise_or_a_question_without_hints_says_so(lesson, run, name):
    with pytest.raises(SetupError, match=rf"^{name} has no hints\.$"):
        run(f"hint('{name}')")


def test_without_a_lesson_one_is_told_to_begin(run):
    with pytest.raises(SetupError, match=re.escape("The lesson has not begun. Run the first code cell")):
        run("hint(row_means)")


def test_a_lesson_without_any_hints_has_begun_all_the_same(tmp_path, run):
    begin(tmp_path, "plain", double=[])
    with pytest.raises(SetupError, match=re.escape("No exercise is called row_means. There are hints for: none.")):
        run("hint(row_means)")


def test_an_answer_key_from_before_there_were_hints_has_none(tmp_path, run):
    begin(tmp_path, "plain", double=[])
    path = tmp_path / f"plain{SUFFIX}"
    path.write_text(path.read_text().replace(', "hints": []', ""))
    assert "hints" not in path.read_text()
    assert read_key("plain", tmp_path).exercises["double"].hints == ()


def test_of_two_lessons_the_one_that_began_last_is_asked_first(tmp_path, lesson, run):
    assert run("hint(row_means)") == [FIRST]
    begin(tmp_path, "other", row_means=["Another."], triple=["Three."])
    assert run("hint(row_means)\nhint('triple')") == [
        "**row_means, hint 1 of 1.** Another.",
        "**triple, hint 1 of 1.** Three.",
    ]
    with pytest.raises(SetupError, match="hints for: row_means, row_means, triple"):
        run("hint('rows')")


@pytest.mark.parametrize("cell", ["hint(row_means)", "hint(row_means, 9)", "hint('rows')", "hint('double')", "hint(3)"])
def test_nothing_is_shown_refused_or_counted_while_grading(lesson, run, monkeypatch, cell):
    monkeypatch.setenv("DLCORE_MODE", "evidence")
    assert run(cell) == []
    monkeypatch.setenv("DLCORE_MODE", "practice")
    assert run("hint(row_means)") == [FIRST]


def test_no_lesson_need_begin_while_grading(run, monkeypatch):
    monkeypatch.setenv("DLCORE_MODE", "evidence")
    assert run("hint(row_means)") == []


def test_an_unknown_mode_is_an_error(lesson, run, monkeypatch):
    monkeypatch.setenv("DLCORE_MODE", "grading")
    with pytest.raises(SetupError, match="DLCORE_MODE is 'grading'"):
        run("hint(row_means)")


def test_lessons_import_hint_from_the_package():
    assert dlcore.hint is hint


# In a lesson's text


def changed(*replacements):
    text = TEXT
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def with_hints(source):
    return changed((CELL, f'+++ {{"exercise": "row_means", "role": "hint"}}\n\n{source}\n\n+++\n'))


LIST = "hints are a numbered list, and nothing else: “1. …”, “2. …”"
QUIZ_HINT = '+++ {"exercise": "quiz_sign", "role": "hint"}'
EARLY_HINT = '+++ {"exercise": "row_means", "role": "hint"}\n\n1. Early.\n\n+++\n\n'

# What is wrong, the lesson with it, a text at which the line is named, and the reason.
REFUSED = {
    "a text": (with_hints("Think of\nthe axis."), "Think of", LIST),
    "a text before the list": (with_hints("There are two.\n\n1. One.\n2. Two."), "There are two.", LIST),
    "a text after the list": (with_hints("1. One.\n2. Two.\n\nThose are\nall."), "Those are", LIST),
    "a line that is not indented": (with_hints("1. One\n   is\nenough.\n2. Two."), "enough.", LIST),
    "a line that is indented by too little": (with_hints("1. One\n  is enough."), "  is enough.", LIST),
    "a list without numbers": (with_hints("1. One.\n- Two."), "- Two.", LIST),
    "an item without a text": (with_hints("1. One.\n2."), "2.\n\n+++", LIST),
    "a heading": (with_hints("### Hints\n\n1. One.\n2. Two."), "### Hints", LIST),
    "a marker": (
        with_hints("1. One.\n\n### BEGIN SOLUTION"),
        "### BEGIN SOLUTION\n\n+++",
        "a cell of role hint takes no line '### BEGIN SOLUTION'",
    ),
    "two cells of hints": (
        changed((CELL, f"{CELL}\nSome text.\n\n{CELL.replace('1. ', '3. ')}")),
        f"{CELL[:45]}\n\n3. ",
        "row_means has two cells with hints",
    ),
    "hints before the exercise": (
        changed(("## Averaging\n\n", f"## Averaging\n\n{EARLY_HINT}"), (CELL, "")),
        CELL[:45],
        "the hints of row_means have no solution cell before them",
    ),
    "hints for a question": (
        changed((CELL, ""), ("**Question 2.**", f"{QUIZ_HINT}\n\n1. Think.\n\n+++\n\n**Question 2.**")),
        QUIZ_HINT,
        "the hints of quiz_sign have no solution cell before them",
    ),
    "hints for nothing": (
        changed((CELL, CELL.replace("row_means", "rows"))),
        '+++ {"exercise": "rows"',
        "the hints of rows have no solution cell before them",
    ),
    "hints without an exercise": (
        changed((CELL, CELL.replace('"exercise": "row_means", ', ""))),
        '+++ {"role": "hint"}',
        "the hint cell needs an exercise name (lower case, digits, _)",
    ),
    "hints with points": (
        changed((CELL, CELL.replace('"role"', '"points": 1, "role"'))),
        '+++ {"exercise": "row_means", "points": 1',
        "unknown option 'points'; a hint cell takes: exercise, role",
    ),
    "hints as code": (
        changed((CELL, "```{code-cell} ipython3\n:exercise: row_means\n:role: hint\n\n1.\n```\n")),
        "```{code-cell} ipython3\n:exercise: row_means\n:role: hint",
        "a hint cell cannot be a code cell",
    ),
}


@pytest.mark.parametrize(("text", "mark", "reason"), REFUSED.values(), ids=REFUSED)
def test_hints_are_refused_with_file_line_and_reason(tmp_path, text, mark, reason):
    path = lesson_file(tmp_path, text)
    with pytest.raises(BuildError) as caught:
        read_lesson(path)
    assert text.count(mark) == 1
    assert (caught.value.path, caught.value.line) == (path, text[: text.index(mark)].count("\n") + 1)
    assert caught.value.reason == reason


LISTS = {
    "1. One.": ["One."],
    "1) One.\n2) Two.": ["One.", "Two."],
    "1. One.\n\n2. Two.\n\n\n3. Three.": ["One.", "Two.", "Three."],
    "1. One.\n1. Two.": ["One.", "Two."],
    "1. One\n   and more.\n\n   A paragraph.\n2. Two.": ["One\nand more.\n\nA paragraph.", "Two."],
    "1. One:\n   - a\n     - b\n\n   ```python\n   for x in X:\n       f(x)\n   ```\n2. Two.": [
        "One:\n- a\n  - b\n\n```python\nfor x in X:\n    f(x)\n```",
        "Two.",
    ],
    "9. One\n10. Two,\n    and $n$.": ["One", "Two,\n and $n$."],
    "1. 2. is no hint of its own.": ["2. is no hint of its own."],
}


@pytest.mark.parametrize(("source", "hints"), LISTS.items())
def test_hints_are_the_items_of_a_numbered_list(tmp_path, source, hints):
    lesson = read_lesson(lesson_file(tmp_path, with_hints(source)))
    assert lesson.exercises["row_means"].hints == hints
    assert [name for name, exercise in lesson.exercises.items() if exercise.hints] == ["row_means"]


# In what is built


def test_the_answer_key_has_the_hints_and_that_of_hidden_checks_has_none(small_reference):
    shown = {item["name"]: item["hints"] for item in answer_key(small_reference, hidden=False)["exercises"]}
    assert shown.keys() == {"double", "row_means", "quiz_sign"}
    assert [len(shown[name]) for name in ("double", "row_means", "quiz_sign")] == [0, 2, 0]
    assert shown["row_means"][1] == "`mean` takes an axis, and `keepdims=True`\nkeeps $(n, 1)$."
    assert "Which axis" not in json.dumps(answer_key(small_reference, hidden=True))


def test_hints_are_written_into_the_key_and_not_into_the_notebook(tmp_path):
    folder = tmp_path / "week1"
    folder.mkdir()
    lesson = read_lesson(lesson_file(tmp_path))
    compose_lesson(lesson, folder, tmp_path / "cache")
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert len(texts) == 3
    assert [name for name, text in texts.items() if "Which axis" in text] == [f"{NAME}{SUFFIX}"]
    assert read_key(NAME, folder).exercises["row_means"].hints == tuple(lesson.exercises["row_means"].hints)


def test_a_changed_hint_leaves_the_notebook_as_it_is(tmp_path):
    first, second = (
        compose_source(read_lesson(lesson_file(tmp_path / name, text)))
        for name, text in (("one", TEXT), ("two", changed((CELL, ""))))
    )
    assert first == second


@pytest.mark.parametrize("path", LESSONS)
def test_students_find_the_hints_in_the_key_and_in_no_notebook(path, course_root):
    lesson = read_lesson(path)
    written = {name: tuple(exercise.hints) for name, exercise in lesson.exercises.items() if exercise.hints}
    assert written
    for folder in ("source", "release"):
        folder = course_root / folder / path.parent.name
        key = read_key(path.stem, folder)
        assert {name: exercise.hints for name, exercise in key.exercises.items() if exercise.hints} == written
        notebook = json.loads((folder / f"{path.stem}.ipynb").read_text(encoding="utf-8"))
        texts = [" ".join("".join(cell["source"]).split()) for cell in notebook["cells"]]
        for hints in written.values():
            assert not [text for text in hints if any(" ".join(text.split()) in source for source in texts)]
