"""What passed is kept beside the notebooks, and is believed only for the code that passed."""

import contextlib
import datetime
import json
import os
import re
import shutil

import nbformat
import pytest
from nbclient import NotebookClient

from dlcore import start
from dlcore.checks import api as checking
from dlcore.checks.answer_key import SUFFIX
from dlcore.errors import CheckFailed
from dlcore.study.definitions import answer_digest, source_digest
from dlcore.study.kept import keep, kept_path, read_kept, spoken_day
from dlcore.study.lessons import next_lesson, read_lesson, read_lessons
from tests.conftest import ROOT
from tests.small_lesson import NAME, write_key

RIGHT = "def double(z):\n    return 2 * np.asarray(z)\n"
SAME = "def double(z):\n    # twice\n\n    return 2 * np.asarray( z )\n"
WRONG = "def double(z):\n    return 3 * np.asarray(z)\n"
STUB = "def double(z):\n    raise NotImplementedError()\n"
CHECKS = [
    'check(double, 1.5)\ncheck(double, np.array([[1.0, -2.0, 3.0]]), label="a row")',
    'check(double, np.array([0.25, 3.0]), fresh=True, label="memory of its own")',
]
QUIZ = 'quiz_sign = "b"\ncheck_choice("quiz_sign", quiz_sign, "abc")'
TOP = 'import numpy as np\nfrom dlcore import begin, check, check_choice, progress\nbegin("small")'


@pytest.fixture
def week(tmp_path, small_reference):
    """A working folder's first week, with the small lesson as students get it."""
    folder = tmp_path / "week1"
    folder.mkdir()
    write_key(folder, small_reference)
    notebook = small_reference.notebook
    text = json.loads(nbformat.writes(notebook))
    for cell in text["cells"]:
        if cell["metadata"]["course"].get("role") == "solution":
            cell["source"] = "raise NotImplementedError()"
    (folder / f"{NAME}.ipynb").write_text(json.dumps(text), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def a_kernel(monkeypatch):
    """No lesson has begun; whatever a test begins ends with it."""
    for name in ("_lessons", "_results", "_outcomes", "_folders"):
        monkeypatch.setattr(checking, name, {})
    monkeypatch.delenv("DLCORE_MODE", raising=False)


def kernel(week, *cells):
    """The names after running cells as one kernel does, from its start; cells whose checks fail are passed over."""
    for name in ("_lessons", "_results", "_outcomes", "_folders"):
        getattr(checking, name).clear()
    names = {}
    before = os.getcwd()
    os.chdir(week)
    try:
        for number, source in enumerate((TOP, *cells)):
            path = week.parent / f"cell-{number}.py"  # a function's source is read again from its file
            path.write_text(source)
            with contextlib.suppress(CheckFailed):
                exec(compile(source, path, "exec"), names)
    finally:
        os.chdir(before)
    return names


def write(week, name, source):
    """Type a solution into the saved notebook."""
    path = week / f"{NAME}.ipynb"
    notebook = json.loads(path.read_text())
    (cell,) = [c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name]
    cell["source"] = source
    path.write_text(json.dumps(notebook))


def cells_of(week):
    return json.loads((week / f"{NAME}.ipynb").read_text())["cells"]


def row(names, exercise="double"):
    exec("table = progress()", names)
    return next(item for item in names["table"].rows if item.exercise == exercise)


def test_what_passed_is_known_to_the_next_kernel_with_its_day_and_not_as_passing(week):
    write(week, "double", RIGHT)
    assert row(kernel(week, RIGHT, *CHECKS)).state == "passes"
    names = kernel(week)
    assert row(names).state == "passed"
    today = spoken_day(datetime.date.today().isoformat())
    assert f"passed on {today}; run its cells again to be sure" in repr(names["table"])
    assert names["table"].summary.startswith("0 of 3 exercises pass their visible checks: 0 of 12.5 points.")
    assert "1 more passed before this notebook's last start." in names["table"].summary


@pytest.mark.parametrize(("source", "state"), [(RIGHT, "passed"), (SAME, "passed"), (WRONG, "changed since")])
@pytest.mark.parametrize("has_run", [True, False])
def test_a_function_that_is_another_one_now_did_not_pass(week, source, state, has_run):
    kernel(week, RIGHT, *CHECKS)
    write(week, "double", source)
    assert row(kernel(week, *([source] if has_run else []))).state == state


def test_one_check_cell_of_two_is_not_kept_as_passing_and_a_failure_is_kept(week):
    kernel(week, RIGHT, CHECKS[0])
    assert read_kept(week, NAME).answers == {}
    kernel(week, RIGHT, *CHECKS)
    assert read_kept(week, NAME).answers["double"].passed
    kernel(week, RIGHT, CHECKS[0])
    assert read_kept(week, NAME).answers["double"].passed
    kernel(week, WRONG, CHECKS[0])
    assert not read_kept(week, NAME).answers["double"].passed
    assert row(kernel(week)).state == "not run"


def test_a_placeholder_changes_nothing(week):
    kernel(week, RIGHT, *CHECKS)
    kernel(week, STUB, *CHECKS)
    assert read_kept(week, NAME).answers["double"].passed


def test_a_quiz_answer_is_kept_by_its_letter(week):
    write(week, "quiz_sign", 'quiz_sign = "(B)"')
    kernel(week, QUIZ)
    assert read_lesson(week / f"{NAME}.ipynb").done == ["quiz_sign"]
    write(week, "quiz_sign", 'quiz_sign = "c"')
    assert read_lesson(week / f"{NAME}.ipynb").done == []


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"answers": []}', '{"answers": {"double": 3}, "last": ["a", "b"]}', "\x00", "[" * 100_000],
)
def test_a_damaged_file_is_said_and_begun_anew(week, text, capsys):
    kept_path(week, NAME).write_text(text)
    assert read_kept(week, NAME).is_damaged
    names = kernel(week, RIGHT, *CHECKS)
    assert "cannot be read any more" in capsys.readouterr().out
    assert row(names).state == "passes"
    assert list(read_kept(week, NAME).answers) == ["double"]
    kernel(week)
    assert "cannot be read" not in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_keeps_no_check_from_passing(week, monkeypatch):
    kept_path(week, NAME).mkdir()  # for root, who may write everywhere, a folder is in the way
    assert row(kernel(week, RIGHT, *CHECKS)).state == "passes"
    assert list(week.glob("*.part")) == []


def test_an_interrupted_write_leaves_the_file_as_it_was(week, monkeypatch):
    keep(week, NAME, "double", True, "1")
    before = kept_path(week, NAME).read_bytes()

    def fails(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", fails)
    keep(week, NAME, "row_means", True, "2")
    assert kept_path(week, NAME).read_bytes() == before
    assert sorted(path.name for path in week.iterdir()) == sorted(
        [f".{NAME}.progress.json", f"{NAME}{SUFFIX}", f"{NAME}.ipynb"]
    )


def test_nothing_is_kept_while_grading(week, monkeypatch):
    monkeypatch.setenv("DLCORE_MODE", "evidence")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in (TOP, RIGHT, *CHECKS)])
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(week)}}).execute()
    assert not kept_path(week, NAME).exists()


def test_a_real_kernel_keeps_what_its_cells_defined(week):
    write(week, "double", RIGHT)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in (TOP, RIGHT, *CHECKS)])
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(week)}}).execute()
    assert read_lesson(week / f"{NAME}.ipynb").done == ["double"]


def test_what_is_next_is_linked_to_its_heading(week):
    names = kernel(week, RIGHT, *CHECKS)
    row(names)
    (cell,) = [item["id"] for item in cells_of(week) if re.fullmatch("row-means-[0-9a-f]+", item["id"])]
    assert names["table"].link == (f"small.ipynb#cell-id={cell}", "row_means, under “Averaging”")
    link = f'<a href="small.ipynb#cell-id={cell}">row_means, under “Averaging”</a>'
    assert f"<p>Next: {link}</p>" in names["table"]._repr_html_()


def test_progress_tells_of_the_other_lessons(week):
    shutil.copytree(week, week.with_name("week10"))
    shutil.copytree(week, week.with_name("week2"))
    keep(week.with_name("week10"), NAME, "double", True, source_digest("double", RIGHT))
    write(week.with_name("week10"), "double", RIGHT)
    names = kernel(week)
    row(names)
    assert repr(names["table"]).endswith("Week 2: A small lesson: not begun\nWeek 10: A small lesson: 1 of 3 exercises")
    assert "<a href='../week10/small.ipynb'>A small lesson</a>" in names["table"]._repr_html_()


def test_the_start_page_lists_the_lessons_and_says_where_to_begin(week):
    shutil.copytree(week, week.with_name("week2"))
    shutil.copyfile(week / "small.ipynb", week / "small-new-2.0.ipynb")
    (week.with_name("week2") / "mine.ipynb").write_text("{}")
    page = start(str(week.parent))
    assert repr(page).startswith("Begin with Week 1, A small lesson (week1/small.ipynb).")
    assert [lesson.week for lesson in page.lessons] == ["week1", "week2"]
    assert "15.5 points: ○ not begun" in repr(page)
    assert '<a href="week1/small.ipynb">Week 1, A small lesson</a>' in page._repr_html_()


def test_the_start_page_says_where_one_stopped_and_what_is_done(week):
    other = week.with_name("week2")
    shutil.copytree(week, other)
    write(week, "double", RIGHT)
    kernel(week, RIGHT, *CHECKS)
    page = start(str(week.parent))
    today = spoken_day(datetime.date.today().isoformat())
    said = f"You stopped on {today}, in A small lesson. Go on with row_means, under “Averaging”"
    assert repr(page).startswith(f"{said} (week1/small.ipynb#cell-id=row-means-")
    assert "◐ 1 of 3 exercises" in repr(page)
    for name, source in (("row_means", "def row_means(X):\n    return X"), ("quiz_sign", 'quiz_sign = "b"')):
        write(week, name, source)
        keep(week, NAME, name, True, source_digest(name, source))
    page = start(str(week.parent))
    assert "✓ done" in repr(page)
    assert "Go on with Week 2, A small lesson (week2/small.ipynb)" in repr(page)
    shutil.copyfile(week / "small.ipynb", other / "small.ipynb")
    shutil.copyfile(kept_path(week, NAME), kept_path(other, NAME))
    assert repr(start(str(week.parent))).startswith("You have done all exercises")


def test_behind_a_done_lesson_comes_the_one_after_it_and_then_what_was_left_out(week):
    for name in ("week2", "week10"):
        shutil.copytree(week, week.with_name(name))
    lessons = read_lessons(week.parent)
    after = [next_lesson(lessons, lesson.path).week for lesson in lessons]
    assert after == ["week2", "week10", "week1"]
    assert next_lesson(lessons[:1], lessons[0].path) is None


def test_a_start_page_without_lessons_or_with_damaged_ones_says_so(week, tmp_path):
    assert "There are no lessons in the folders of" in repr(start(str(tmp_path / "week1")))
    kept_path(week, NAME).write_text("{")
    assert "What you did in A small lesson cannot be read any more" in repr(start(str(tmp_path)))
    (week / "small.ipynb").write_text('{"cells": 3}')
    assert start(str(tmp_path)).lessons == []


def test_what_a_lesson_is_called_cannot_become_markup(week):
    path = week / f"{NAME}.ipynb"
    notebook = json.loads(path.read_text())
    notebook["metadata"]["course"] |= {"title": "<script>x</script>", "makes": "<b>y</b>"}
    path.write_text(json.dumps(notebook))
    page = start(str(week.parent))._repr_html_()
    assert "<script>" not in page
    assert "<b>" not in page


def test_all_lessons_of_the_course_are_listed_in_order():
    lessons = read_lessons(ROOT / "release")
    weeks = [int(lesson.week.removeprefix("week")) for lesson in lessons]
    assert weeks == sorted(weeks)
    assert weeks[-1] == 10
    assert len(lessons) == len(list((ROOT / "release").glob("*/*.ipynb")))
    listed = re.findall(r"^\| (\d+) \| `(\w+)` \|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert [(lesson.week, lesson.path.stem) for lesson in lessons] == [(f"week{week}", name) for week, name in listed]
    assert all(lesson.checked and lesson.points >= 50 for lesson in lessons)


@pytest.mark.parametrize(
    ("source", "same"),
    [("double = lambda z: 2 * z", True), ("double = abs", True), ("x = 1", False), ("def double(", False)],
)
def test_a_cell_that_defines_nothing_has_no_digest(source, same):
    assert bool(source_digest("double", source)) == same


def test_a_built_in_function_has_no_digest_and_is_never_believed(week):
    assert answer_digest("abs", abs) == ""
    keep(week, NAME, "double", True, "")
    assert not read_kept(week, NAME).passed("double", "")


def test_days_of_other_years_have_their_year():
    assert spoken_day("2019-12-01T10:00:00") == "1 December 2019"
    assert spoken_day(f"{datetime.date.today().year}-03-02") == "2 March"
