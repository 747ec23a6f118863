"""No graded answer lies where students can read it before they have to give it."""

import ast
import re

import pytest

from grader.lessons.given_away import answer_of, answers_given_away, held_by_students, places_of
from grader.lessons.parser import read_lesson
from grader.lessons.variants import lesson_files
from tests.conftest import ROOT

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
