"""The commands of an author: new, check, preview."""

import shutil
import signal
import subprocess
import sys

import pytest

from grader.cli import main
from grader.lessons.check_lesson import check_lesson, find_lessons
from grader.lessons.course import Course
from grader.lessons.parser import read_lesson
from grader.lessons.variants import variants_path
from tests.conftest import ROOT
from tests.test_round_trips import opened_and_saved

pytestmark = pytest.mark.xdist_group("author commands")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with nothing but a new lesson."""
    folder = tmp_path_factory.mktemp("course")
    shutil.copyfile(ROOT / "nbgrader_config.py", folder / "nbgrader_config.py")
    (folder / "course").mkdir()
    assert main(["--root", str(folder), "new", "week8/residual", "--title", "Residual: networks"]) == 0
    return Course(folder)


@pytest.fixture
def lesson(course):
    """The new lesson's file, put back afterwards."""
    path = course.lessons_folder / "week8" / "residual.md"
    kept = {file: file.read_bytes() for file in (path, variants_path(path))}
    yield path
    for file, data in kept.items():
        file.write_bytes(data)


def replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_new_lesson_has_one_exercise_of_each_kind_and_its_own_names(lesson):
    read = read_lesson(lesson)
    assert read.title == "Residual: networks"
    assert read.is_draft
    kinds = {name: exercise.kind for name, exercise in read.exercises.items()}
    assert kinds == {"residual_range": "solution", "quiz_residual_shape": "quiz", "explain_residual": "written"}
    assert len(read.exercises["residual_range"].hints) == 3
    assert "example_" not in lesson.read_text(encoding="utf-8")


def test_a_new_lesson_is_written_as_jupyterlab_would(lesson, tmp_path):
    assert opened_and_saved(lesson, tmp_path) == lesson.read_text(encoding="utf-8")


def test_nothing_is_to_be_put_right_in_a_new_lesson(course, lesson, capsys):
    assert main(["--root", str(course.root), "check", "week8/residual"]) == 0
    said = capsys.readouterr().out
    assert "residual_range" in said
    assert "Nothing to put right." in said
    assert "the lesson lacks 4 to 6 quiz questions (it has 1)" in said
    assert f"a draft: {lesson}:1: it has 1 picture and 1 widget, not 3 and 2" in said
    found = check_lesson(course, lesson)
    assert found.sweep is not None
    assert found.sweep.counts()["missing"] == found.sweep.counts()["excused"] == 0
    assert found.mutants is not None
    assert found.mutants.survivors == []
    assert len(found.mutants.results) > 20
    assert (len(found.finished.figures), len(found.finished.panels)) == (1, 1)


@pytest.mark.sweep
def test_a_new_lesson_that_claims_to_be_finished_is_told_what_it_lacks(course, lesson):
    replace(lesson, "  draft: true\n", "")
    texts = [defect.text for defect in check_lesson(course, lesson).defects]
    assert "the lesson lacks 4 to 6 quiz questions (it has 1)" in texts
    assert "it has 1 picture and 1 widget, not 3 and 2" in texts
    assert texts.count("there is something left to write here") == 5


@pytest.mark.parametrize(
    ("where", "title", "reason"),
    [
        ("residual", "R", "does not name a lesson"),
        ("week8/Residual", "R", "does not name a lesson"),
        ("week8/../x", "R", "does not name a lesson"),
        ("week8/class", "R", "does not name a lesson"),
        ("week8/more", "  ", "a lesson needs a title"),
        ("week8/residual", "R", "there is such a lesson already"),
    ],
)
def test_a_lesson_without_a_good_name_is_not_written(course, lesson, capsys, where, title, reason):
    before = sorted(course.lessons_folder.rglob("*"))
    assert main(["--root", str(course.root), "new", where, "--title", title]) == 2
    assert reason in capsys.readouterr().err
    assert sorted(course.lessons_folder.rglob("*")) == before


@pytest.mark.sweep
def test_a_check_that_is_too_weak_is_shown_by_an_input(course, lesson, capsys):
    text = lesson.read_text(encoding="utf-8")
    start, end = text.index("check(residual_range, np"), text.index("### BEGIN HIDDEN TESTS")
    weak = "check(residual_range, np.array([[1.0, 3.0, 3.0]]), rtol=0.5)\n"
    hidden = "### BEGIN HIDDEN TESTS\ncheck(residual_range, np.array([[5.0, 7.0]]), rtol=0.5, label='two')\n"
    stop = text.index("### END HIDDEN TESTS")
    lesson.write_text(text[:start] + weak + hidden + text[stop:], encoding="utf-8")
    assert end < stop
    assert main(["--root", str(course.root), "check", "week8/residual", "--exercise", "residual_range"]) == 1
    said = capsys.readouterr().out
    assert "Wrong solutions that pass all checks" in said
    assert " gives " in said


@pytest.mark.sweep
def test_a_demo_that_raises_is_found_with_its_line(course, lesson):
    replace(lesson, "plt.show()", "plt.show(\n    nothing)")
    (defect,) = check_lesson(course, lesson).defects
    assert defect.text == "the demo cell raises NameError: name 'nothing' is not defined"
    lines = lesson.read_text(encoding="utf-8").splitlines()
    assert lines[defect.line - 1].strip() in ("plt.show(", "nothing)")


@pytest.mark.sweep
def test_pictures_and_widgets_are_complained_of_at_their_cells(course, lesson):
    replace(lesson, ', xlabel="largest minus smallest"', "")
    replace(lesson, 'alt="Two bars, one for each feature: how far it reaches."', 'alt=""')
    replace(lesson, "    ranges = ask(", "    assert value < 20\n    ranges = ask(")
    defects = check_lesson(course, lesson).defects
    text = lesson.read_text(encoding="utf-8")
    lines = [text[: text.index(mark)].count("\n") - 2 for mark in ("fig, ax", "from dlcore.live")]
    assert [(defect.line, defect.text) for defect in defects] == [
        (lines[0], "figure 1, axes 1: no x label"),
        (lines[1], "widget 1: last value of the first feature = 20.0: AssertionError()"),
        (lines[1], "widget 1: no alt"),
    ]


def test_a_fence_that_is_not_closed_is_found(course, lesson, capsys):
    replace(lesson, "plots.style()\n```\n", "plots.style()\n")
    assert main(["--root", str(course.root), "build", "week8"]) == 2
    said = capsys.readouterr().err
    assert "the demo cell is not Python: invalid syntax" in said
    lines = lesson.read_text(encoding="utf-8").splitlines()
    assert lines[int(said.split(":")[2]) - 1].startswith("<!-- WRITE: the story")


def test_what_only_ipython_understands_may_stand_in_a_demo(course, lesson):
    replace(lesson, "plt.show()", "%timeit -n 1 -r 1 sum([1])\nplt.show()")
    assert check_lesson(course, lesson, fast=True).is_right


def test_an_example_in_a_docstring_that_is_wrong_is_found(course, lesson):
    replace(lesson, "    array([[4],\n           [4]])", "    array([[4],\n           [5]])")
    (defect,) = check_lesson(course, lesson).defects
    assert defect.text.startswith("an example in the docstring of residual_range is wrong: residual_range(np.array(")
    assert defect.text.endswith("gives array([[4],")


def test_fast_leaves_out_the_mutants_and_the_notebook(course, lesson):
    found = check_lesson(course, lesson, fast=True)
    assert (found.mutants, found.finished) == (None, None)
    assert found.is_right


def test_an_answer_that_lies_about_and_a_name_that_a_demo_takes_are_found(course, lesson):
    answer = "return Z.max(axis=1, keepdims=True) - Z.min(axis=1, keepdims=True)"
    replace(lesson, "fig, ax", f"def residual_range(Z):\n    {answer}\n\n\nfig, ax")
    texts = [defect.text for defect in check_lesson(course, lesson, fast=True).defects]
    assert any(text.startswith("the answer of residual_range stands in residual.md, line") for text in texts)
    assert any("this check cell needs residual_range, which the demo cell in line" in text for text in texts)


def test_lessons_are_found_by_week_and_name(course, capsys):
    (path,) = find_lessons(course, "")
    for which in ("week8", "week8/residual", "course/week8/residual.md"):
        assert find_lessons(course, which) == [path]
    assert main(["--root", str(course.root), "check", "week9"]) == 2
    assert "no lesson is called week9; there are: week8/residual" in capsys.readouterr().err
    assert main(["--root", str(course.root), "check", "week8", "--exercise", "other"]) == 2
    assert "there is no exercise other; there are: residual_range" in capsys.readouterr().err


def test_a_preview_is_built_again_when_the_lesson_is_saved(course, lesson):
    command = [sys.executable, "-u", "-m", "grader", "--root", str(course.root), "preview", "week8/residual"]
    with subprocess.Popen(
        [*command, "--watch", "--no-browser"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            assert "week8/residual built in" in process.stdout.readline()
            assert "The notebook is" in process.stdout.readline()
            assert "Watching" in process.stdout.readline()
            replace(lesson, "Plan half an hour.", "Plan a whole hour.")
            assert "week8/residual built in" in process.stdout.readline()
            notebook = (course.release / "week8" / "residual.ipynb").read_text(encoding="utf-8")
            assert "Plan a whole hour." in notebook
            replace(lesson, ":role: check", ":role: verify")
            assert "the role 'verify' is not one of" in process.stdout.readline()
            replace(lesson, ":role: verify", ":role: check")
            assert "built in" in process.stdout.readline()
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait() == 0


def test_a_preview_of_a_lesson_that_cannot_be_built_says_why(course, lesson, capsys):
    replace(lesson, "    ### END SOLUTION\n", "")
    assert main(["--root", str(course.root), "preview", "week8/residual", "--no-browser"]) == 1
    assert "has no '### END SOLUTION' after it" in capsys.readouterr().out
