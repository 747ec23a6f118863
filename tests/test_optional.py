"""Optional exercises are checked and explained like the others, and count nothing."""

import csv
import re

import nbformat
import pytest

from grader.lessons.notebooks import grade_id
from tests.classroom import (
    LESSON,
    WEEK,
    feedback_page,
    grader,
    hand_in,
    make_course,
    reference_solutions,
    released,
    with_solutions,
)

OPTIONAL = "accuracy"
SLIP = "def accuracy(P, Y):\n    return float(np.sum((P > 0.5) == (Y > 0.5)))"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A graded class whose last exercise is optional: right, without it, and with a slip in it."""
    course = make_course(tmp_path_factory.mktemp("optional"))
    path = course.source / WEEK / f"{LESSON}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if grade_id(cell).startswith(f"{OPTIONAL}-check"):
            cell.metadata.nbgrader.points = 0
    path.chmod(0o644)
    nbformat.write(notebook, path)
    course.release_week(WEEK)
    right = reference_solutions(course) | {"explain_the_gradient": "Because."}
    blank = released(course)
    hand_in(course, "all", with_solutions(blank, right))
    hand_in(course, "core", with_solutions(blank, {name: code for name, code in right.items() if name != OPTIONAL}))
    hand_in(course, "slip", with_solutions(blank, right | {OPTIONAL: SLIP}))
    hand_in(course, "nothing", blank)
    graded = grader(course, "grade", WEEK)
    assert graded.returncode == 0, graded.stdout + graded.stderr
    return course


pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("grading"), pytest.mark.usefixtures("needs_sandbox")]


def exported(course, folder):
    """The rows of the export, by student."""
    path = folder / "grades.csv"
    assert grader(course, "export", WEEK, "--output", str(path)).returncode == 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_who_leaves_them_out_has_all_points(course, tmp_path):
    rows = exported(course, tmp_path)
    scores = {name: (float(row["score"]), float(row["max_score"])) for name, row in rows.items()}
    assert scores["all"] == scores["core"] == scores["slip"] > scores["nothing"]
    best = {max_score for _, max_score in scores.values()}
    assert len(best) == 1
    assert OPTIONAL not in rows["all"]
    assert "cost" in rows["all"]


def test_they_are_no_row_of_the_report(course, tmp_path):
    path = tmp_path / "report.html"
    assert grader(course, "report", WEEK, "--output", str(path)).returncode == 0
    page = path.read_text(encoding="utf-8")
    assert f"<code>{OPTIONAL}</code>" not in page
    assert "<code>cost</code>" in page


def test_their_mistakes_are_explained_in_the_feedback(course):
    assert grader(course, "feedback", WEEK).returncode == 0
    pages = {name: feedback_page(course, name) for name in ("all", "core", "slip", "nothing")}
    assert re.search(rf'<h2 [^>]*><code>{OPTIONAL}</code> <span class="score">optional', pages["slip"])
    assert f"<code>{OPTIONAL}</code>" in pages["all"]
    assert f"<code>{OPTIONAL}</code>" not in pages["core"] + pages["nothing"]
    assert not any(re.search(r"\d of 0\b", page) for page in pages.values())
