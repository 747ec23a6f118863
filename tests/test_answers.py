"""No graded answer lies where students can read it before they have to give it."""

import ast
import re

import pytest

from grader.lessons.given_away import answer_of, answers_given_away, held_by_students, places_of
from grader.lessons.parser import read_lesson
from grader.lessons.variants import lesson_files
from tests.conftest import ROOT
from tests.small_lesson import lesson_file

LESSONS = lesson_files(ROOT / "course")


@pytest.mark.parametrize("path", LESSONS, ids=[f"{path.parent.name}/{path.stem}" for path in LESSONS])
def test_no_answer_lies_about(path):
    lesson = read_lesson(path)
    held = held_by_students(ROOT / "release", lesson)
    assert len(held) > 30
    assert answers_given_away(lesson, held) == []


def test_the_search_finds_an_answer_under_other_names():
    lesson = read_lesson(ROOT / "course" / "week1" / "logistic_regression.md")
    answer = answer_of(lesson.exercises["propagate"].solution)
    planted = "def helper(weights, bias, inputs, truth):\n    '''Innocent.'''\n    unrelated = 1\n" + "\n".join(
        f"    {line}" for node in answer[0] for line in ast.unparse(node).splitlines()
    )
    renamed = re.sub(r"\bA\b", "probabilities", re.sub(r"\bdZ\b", "delta", planted))
    assert places_of(answer, {"planted": renamed}) == ["planted"]
    (defect,) = answers_given_away(lesson, {"dlcore/planted.py": renamed})
    assert defect.text == "the answer of propagate stands in dlcore/planted.py, which students have"
    other = "def helper(x):\n    return x.mean(axis=0) + np.ones(3) * 5 - x.T @ x"
    assert places_of(answer, {"other": other}) == []


def test_what_a_student_of_week_10_holds_is_that_of_weeks_1_to_9_and_not_of_week_11(tmp_path):
    for week in ("week2", "week9", "week10", "week11"):
        (tmp_path / week).mkdir()
        (tmp_path / week / "support.py").write_text("x = 1\n")
    lesson = read_lesson(lesson_file(tmp_path))
    lesson.path = tmp_path / "course" / "week10" / "small.md"
    held = {place for place in held_by_students(tmp_path, lesson) if place.startswith("week")}
    assert held == {"week2/support.py", "week9/support.py", "week10/support.py"}


def test_week_10_comes_after_week_9(tmp_path):
    for week in ("week10", "week9", "week1"):
        (tmp_path / week).mkdir()
        (tmp_path / week / "lesson.md").write_text("")
    assert [path.parent.name for path in lesson_files(tmp_path)] == ["week1", "week9", "week10"]
