"""Written answers: what markers see, and what waits to be marked."""

import csv
import io
import re

import nbformat
import pytest

from grader.grading.model_answers import ROLE
from tests.classroom import (
    LESSON,
    WEEK,
    feedback_page,
    grader,
    hand_in,
    make_course,
    reference_solutions,
    released,
    run,
    with_solutions,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("grading"), pytest.mark.usefixtures("needs_sandbox")]

MODEL = "confident and wrong, exert no pull"  # words of the lesson's model answer


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Two right submissions, one with an answer that waits, and one that is blank; all graded, with feedback."""
    course = make_course(tmp_path_factory.mktemp("marking"))
    right = reference_solutions(course)
    hand_in(course, "waits", with_solutions(released(course), right | {"explain_the_gradient": "Because."}))
    hand_in(course, "silent", with_solutions(released(course), right))
    assert grader(course, "grade", WEEK, "--student", "waits").returncode == 0
    assert run(course, "nbgrader", "autograde", WEEK, "--student", "silent").returncode == 0
    assert grader(course, "feedback", WEEK).returncode == 0
    return course


@pytest.mark.parametrize("student", ["waits", "silent"])  # by our command, by nbgrader's
def test_the_model_answer_stands_below_the_answer_and_in_no_feedback(course, student):
    notebook = nbformat.read(course.autograded / student / WEEK / f"{LESSON}.ipynb", as_version=4)
    nbformat.validate(notebook)
    (place,) = [i for i, cell in enumerate(notebook.cells) if cell.metadata.get("course", {}).get("role") == ROLE]
    assert notebook.cells[place - 1].metadata.nbgrader.grade_id == "explain_the_gradient"
    assert notebook.cells[place].source.startswith("> **For marking explain_the_gradient** (8 points;")
    assert MODEL in notebook.cells[place].source
    assert "BEGIN SOLUTION" not in notebook.cells[place].source
    assert MODEL not in feedback_page(course, student)
    assert "For marking" not in feedback_page(course, student)


def test_the_terminal_the_feedback_and_the_export_say_what_is_to_be_marked(course):
    lines = {line.split()[0]: line for line in grader(course, "grade", WEEK).stdout.splitlines()}
    assert " 76 of 76 (8 to be marked) (graded before)" in lines["waits"]
    assert " 76 of 84 (graded before)" in lines["silent"]
    again = grader(course, "grade", WEEK, "--force", "--student", "waits").stdout
    assert " 76 of 76 (8 to be marked)\n" in again
    assert "<b>76 of 76 points</b>; 8 more to be marked" in feedback_page(course, "waits")
    assert run(course, "nbgrader", "generate_feedback", WEEK, "--student", "waits", "--force").returncode == 0
    assert "<b>76 of 76 points</b>; 8 more to be marked" in feedback_page(course, "waits")
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(grader(course, "export", WEEK).stdout))}
    assert (rows["waits"]["score"], rows["waits"]["max_score"], rows["waits"]["to_mark"]) == ("76", "84", "8")
    assert rows["silent"]["to_mark"] == "0"


def test_what_waits_counts_in_no_mean(course):
    def summary():
        assert grader(course, "report", WEEK).returncode == 0
        page = (course.root / "report.html").read_text()
        return re.search(r'<p class="soft">(.+?)</p>', page, re.DOTALL)[1], page

    said, page = summary()
    # 76 of 76 points that are marked, and 76 of 84: silence earned 0.
    assert "mean 95.2 %, median 95.2 % of the points that are marked" in said
    assert (
        "1 of these students has answers that wait to be marked in the formgrader: all their other points count" in said
    )
    assert re.search(r"76 of 76<br><span class=\"soft\">8 to be marked", page)
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("explain_the_gradient", LESSON, WEEK, "waits")
        grade.manual_score, grade.needs_manual_grade = 4, False
        gradebook.db.commit()
    said, page = summary()
    assert "mean 78, median 78 of 84 points" in said
    assert "wait" not in said
    assert "80 of 84" in page


def test_marks_of_work_that_was_graded_again_are_to_be_reviewed_before_an_lms_gets_them(course):
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("explain_the_gradient", LESSON, WEEK, "waits")
        grade.manual_score, grade.needs_manual_grade = 4, False
        gradebook.db.commit()
    before = grader(course, "export", WEEK, "--format", "canvas")
    assert ",80\n" in before.stdout
    assert grader(course, "grade", WEEK, "--force", "--student", "waits").returncode == 0
    after = grader(course, "export", WEEK, "--format", "canvas")
    assert ",80\n" not in after.stdout
    assert "left out: waits: marks are to be reviewed in the formgrader" in after.stderr
    (waits, *_) = [
        row for row in csv.DictReader(io.StringIO(grader(course, "export").stdout)) if row["student"] == "waits"
    ]
    assert (waits["score"], waits["week1_note"], waits["not_final"]) == ("80", "marks to be reviewed", "week1")
    assert grader(course, "report").returncode == 0
    assert "95&nbsp;% *" in (course.root / "term.html").read_text()
