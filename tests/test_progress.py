import types

import pytest

from dlcore import progress
from dlcore.checks import api as checking
from dlcore.checks.answer_key import Key, KeyExercise, KnownCheck
from dlcore.checks.progress import Progress, Row
from dlcore.errors import CheckFailed, SetupError


def known(label):
    return KnownCheck(None, label, None, (), None, ())


@pytest.fixture
def notebook(monkeypatch):
    """A namespace in which `progress()` runs, and a lesson of two exercises with two checks and one."""
    exercises = [KeyExercise("double", 5, (known("a"), known("b"))), KeyExercise("<b>half</b>", 2.5, (known("a"),))]
    key = Key("small", "A small lesson", {exercise.name: exercise for exercise in exercises})
    monkeypatch.setattr(checking, "_lessons", {"small": key})
    monkeypatch.setattr(checking, "_results", {})
    namespace = types.ModuleType("notebook").__dict__
    exec("from dlcore import progress", namespace)
    return namespace


def rows(notebook):
    exec("table = progress()", notebook)
    return {row.exercise: (row.state, row.passed, row.checks) for row in notebook["table"].rows}


def tried(name, number, function, passed):
    checking._results[name, number] = (function, passed)


def test_at_first_nothing_has_run(notebook):
    assert rows(notebook) == {"double": ("not run", 0, 2), "<b>half</b>": ("not run", 0, 1)}
    assert notebook["table"].summary == "0 of 2 exercises pass their visible checks: 0 of 7.5 points."


def test_an_exercise_passes_only_when_all_its_checks_have(notebook):
    exec("def double(z):\n    return 2 * z", notebook)
    tried("double", 0, notebook["double"], True)
    assert rows(notebook)["double"] == ("not run", 1, 2)
    tried("double", 1, notebook["double"], True)
    assert rows(notebook)["double"] == ("passes", 2, 2)
    assert notebook["table"].summary == "1 of 2 exercises pass their visible checks: 5 of 7.5 points."


def test_one_failed_check_fails_the_exercise(notebook):
    exec("def double(z):\n    return 2 * z", notebook)
    tried("double", 0, notebook["double"], True)
    tried("double", 1, notebook["double"], False)
    assert rows(notebook)["double"] == ("fails", 1, 2)


@pytest.mark.parametrize("passed", [True, False])
def test_a_changed_function_has_to_be_checked_again_but_not_one_that_only_ran_again(notebook, passed):
    exec("def double(z):\n    return 2 * z", notebook)
    for number in range(2):
        tried("double", number, notebook["double"], passed)
    before = rows(notebook)["double"]
    exec("def double(z):\n    return 2 * z", notebook)
    assert rows(notebook)["double"] == before
    exec("def double(z):\n    return 2 + z", notebook)
    assert rows(notebook)["double"][0] == "changed since"
    assert notebook["table"].summary.startswith("0 of 2")


def test_only_placeholders_tried_is_not_attempted(notebook):
    tried("double", 0, None, None)
    assert rows(notebook)["double"] == ("not attempted", 0, 2)
    tried("double", 1, None, False)
    assert rows(notebook)["double"] == ("fails", 0, 2)


def test_a_quiz_answer_counts_as_it_was_checked(notebook):
    notebook["double"] = "b"
    for number in range(2):
        tried("double", number, "b", True)
    assert rows(notebook)["double"][0] == "passes"


def test_exercises_of_all_open_lessons_are_listed(notebook, monkeypatch):
    other = Key("other", "Another", {"third": KeyExercise("third", 1, (known("a"),))})
    monkeypatch.setitem(checking._lessons, "other", other)
    assert list(rows(notebook)) == ["double", "<b>half</b>", "third"]


def test_a_lesson_begins_with_the_number_of_exercises_that_progress_counts(
    tmp_path, monkeypatch, small_reference, capsys
):
    from tests.small_lesson import NAME, write_key

    write_key(tmp_path, small_reference)
    monkeypatch.delenv("DLCORE_MODE", raising=False)
    monkeypatch.setattr(checking, "_lessons", {})
    checking.begin(NAME, str(tmp_path))
    assert ": 3 exercises with checks and 1 to be graded by a person, 15.5 points. " in capsys.readouterr().out


def test_real_checks_move_the_progress(tmp_path, monkeypatch, small_reference):
    from tests.small_lesson import NAME, write_key

    write_key(tmp_path, small_reference)
    monkeypatch.delenv("DLCORE_MODE", raising=False)
    monkeypatch.setattr(checking, "_lessons", {})
    monkeypatch.setattr(checking, "_results", {})
    cells = small_reference.exercises["double"].cells
    namespace = types.ModuleType("notebook").__dict__
    exec(f"import numpy as np\nfrom dlcore import *\nbegin({NAME!r}, {str(tmp_path)!r})", namespace)
    assert rows(namespace)["double"] == ("not run", 0, 3)
    exec(small_reference.exercises["double"].solution, namespace)
    exec(cells[0].visible_source, namespace)
    assert rows(namespace)["double"] == ("not run", 2, 3)
    exec(cells[1].visible_source, namespace)
    assert rows(namespace)["double"] == ("passes", 3, 3)
    exec("def double(z):\n    return 3 * z", namespace)
    assert rows(namespace)["double"][0] == "changed since"
    with pytest.raises(CheckFailed):
        exec(cells[1].visible_source, namespace)
    assert (
        namespace["table"].summary
        == "0 of 3 exercises pass their visible checks: 0 of 12.5 points. Another 3 are given by a person."
    )


def test_without_a_lesson_there_is_no_progress(monkeypatch):
    monkeypatch.setattr(checking, "_lessons", {})
    with pytest.raises(SetupError, match="Run the first code cell"):
        progress()


TABLE = Progress([Row("double", 5, "passes", 2, 2), Row("<b>half</b>", 2.5, "fails", 0, 1)])


def test_the_table_reads_well_in_a_terminal():
    assert repr(TABLE).splitlines() == [
        "✓ double          5 points   2 of 2 checks, passes",
        "✗ <b>half</b>   2.5 points   0 of 1 checks, fails",
        "1 of 2 exercises pass their visible checks: 5 of 7.5 points.",
    ]


def test_the_table_in_a_notebook_escapes_what_it_shows():
    page = TABLE._repr_html_()
    assert "&lt;b&gt;half&lt;/b&gt;" in page
    assert "<b>" not in page
    assert page.count("<tr>") == 3


def test_a_lesson_without_exercises_has_an_empty_table():
    assert repr(Progress([])) == "0 of 0 exercises pass their visible checks: 0 of 0 points."


def test_a_placeholder_that_was_checked_is_not_attempted(notebook):
    exec("def double(z):\n    raise NotImplementedError()", notebook)
    tried("double", 0, notebook["double"], None)
    assert rows(notebook)["double"] == ("not attempted", 0, 2)
    tried("double", 1, notebook["double"], False)
    assert rows(notebook)["double"] == ("fails", 0, 2)


def test_optional_exercises_are_counted_apart_and_never_what_is_next():
    rows = [Row("double", 5, "passes", 2, 2), Row("more", 0, "fails", 1, 2), Row("most", 0, "passes", 1, 1)]
    table = Progress(rows)
    counted = "1 of 1 exercises pass their visible checks: 5 of 5 points."
    assert table.summary == f"{counted} So do 1 of 2 optional ones."
    assert "✗ more       optional   1 of 2 checks, fails" in repr(table)
    assert "<td>optional</td>" in table._repr_html_()
