"""One lesson from its text to the points of those who hand it in, without nbgrader: the inner loop's last test."""

import json

import nbformat
import pytest

from grader.execution.sandbox import Limits
from grader.grading.pipeline import GradingContext, GradingTask, grade_submission
from grader.lessons.audit import audit
from grader.lessons.load_reference import load_reference
from grader.lessons.notebooks import compose_source, course_metadata, write_notebook
from grader.lessons.parser import read_lesson
from grader.submissions.reader import fetch
from tests.classroom import LESSON, WEEK, with_solutions

pytestmark = [pytest.mark.usefixtures("needs_sandbox"), pytest.mark.week1, pytest.mark.xdist_group("one lesson")]
FORGETS_THE_MINUS = "def sigmoid(z):\n    return 1 / (1 + np.exp(z))"


@pytest.fixture(scope="module")
def lesson(course_root):
    return read_lesson(course_root / "course" / WEEK / f"{LESSON}.md")


@pytest.fixture(scope="module")
def reference(lesson, course_root):
    return load_reference(
        course_root / "source" / WEEK / f"{LESSON}.ipynb", lesson, course_root / ".cache" / "reference"
    )


@pytest.fixture(scope="module")
def grade(reference, course_root, tmp_path_factory):
    """Grades the release with some solutions put in; returns the points of each cell, and the graded notebook."""
    released = nbformat.read(course_root / "release" / WEEK / f"{LESSON}.ipynb", as_version=4)
    material = GradingContext({LESSON: released}, [{LESSON: reference}], Limits())

    def grade(solutions):
        path = tmp_path_factory.mktemp("submitted") / f"{LESSON}.ipynb"
        path.write_text(json.dumps(with_solutions(released, solutions)))
        (graded,) = grade_submission(material, GradingTask("ada", {LESSON: (fetch(path), [])}))
        points = {name: score for name, score in graded.grades.items() if name.endswith("-check")}
        return points, nbformat.reads(graded.text, as_version=4)

    return grade


@pytest.fixture(scope="module")
def solutions(reference):
    return {name: exercise.solution for name, exercise in reference.exercises.items()}


def test_the_notebook_in_source_is_what_the_text_says(lesson, course_root):
    built = (course_root / "source" / WEEK / f"{LESSON}.ipynb").read_text(encoding="utf-8")
    assert write_notebook(compose_source(lesson)) == built


def test_its_checks_tell_right_from_wrong(lesson, reference):
    rows, problems = audit(reference, lesson)
    assert problems == []
    assert all((row.caught, row.accepted) == (row.misconceptions, row.alternatives) for row in rows)


def test_who_solves_all_has_all_points_and_who_solves_nothing_none(reference, grade, solutions):
    full = {cell.name: cell.points for exercise in reference.exercises.values() for cell in exercise.cells}
    assert grade(solutions)[0] == full
    assert set(grade({})[0].values()) == {0.0}


def test_a_misconception_costs_its_own_exercise_and_is_named(reference, grade, solutions):
    points, notebook = grade(solutions | {"sigmoid": FORGETS_THE_MINUS})
    full = {cell.name: cell.points for exercise in reference.exercises.values() for cell in exercise.cells}
    assert [name for name in full if points[name] < full[name]] == ["sigmoid-check"]
    (cell,) = (cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "sigmoid-check")
    assert "missing-minus" in {check["misconception"] for check in course_metadata(cell)["report"]["checks"]}
