"""Checks, points and limits change during a term; grades say when they rest on older ones."""

import csv
import io
import json

import nbformat
import pytest

from grader.lessons.notebooks import grade_id
from tests.classroom import (
    LESSON,
    WEEK,
    gradebook_rows,
    grader,
    hand_in,
    make_course,
    reference_solutions,
    released,
    run,
    with_solutions,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("grading"), pytest.mark.usefixtures("needs_sandbox")]

OVERFLOWS = "def sigmoid(z):\n    z = np.asarray(z)\n    return np.where(abs(z) > 30, 7.0, 1 / (1 + np.exp(-z)))"


def change_checks(course):
    """One more check of the sigmoid, and twice the points for the accuracy."""
    path = course.source / WEEK / f"{LESSON}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if grade_id(cell) == "sigmoid-check":
            cell.source += "\ncheck(sigmoid, 0.123, label='one more')"
        if grade_id(cell) == "accuracy-check":
            cell.metadata.nbgrader.points *= 2
    path.chmod(0o644)
    nbformat.write(notebook, path)
    course.release_week(WEEK)


def hand_in_all(course):
    right = reference_solutions(course) | {"explain_the_gradient": "Because."}
    blank = released(course)
    hand_in(course, "right", with_solutions(blank, right))
    hand_in(course, "partly", with_solutions(blank, right | {"sigmoid": OVERFLOWS}))
    hand_in(course, "anew", with_solutions(blank, right))


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A graded class, one answer of which is marked, before checks and points change and one hands in anew."""
    course = make_course(tmp_path_factory.mktemp("regrade"))
    hand_in_all(course)
    assert grader(course, "grade", WEEK).returncode == 0
    assert "stale" not in grader(course, "grade", WEEK).stdout
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("explain_the_gradient", LESSON, WEEK, "right")
        grade.manual_score, grade.needs_manual_grade = 5, False
        gradebook.find_comment("explain_the_gradient", LESSON, WEEK, "right").manual_comment = "Nice."
        gradebook.find_grade("cost-check", LESSON, WEEK, "partly").manual_score = 1
        gradebook.db.commit()
    change_checks(course)
    hand_in(course, "anew", released(course))
    return course


def state(course):
    files = {path: path.stat().st_mtime_ns for path in course.autograded.rglob("*.ipynb")}
    return gradebook_rows(course), files


def test_regrading_is_announced_shown_and_then_done(course):
    before = gradebook_rows(course)
    dry = state(course)
    result = grader(course, "regrade", WEEK, "--dry-run")
    assert result.returncode == 1
    assert state(course) == dry
    rows = [line.split() for line in result.stdout.splitlines()]
    old = before["partly"]["sigmoid-check"][0]
    assert rows[0] == ["student", "exercise", "old", "new"]
    assert ["right", "accuracy", "4", "8"] in rows
    assert ["partly", "accuracy", "4", "8"] in rows
    (sigmoid,) = [row for row in rows if row[:2] == ["partly", "sigmoid"]]
    assert float(sigmoid[2]) == old < float(sigmoid[3])
    assert not [row for row in rows if row[:2] == ["right", "sigmoid"]]
    assert "anew: another version was handed in" in result.stderr
    assert "2 stale submissions graded again, 2 with other points; nothing was written" in result.stdout

    said = grader(course, "grade", WEEK, "--student", "right", "--student", "partly").stdout
    assert "2 grades are stale; since they were given, this has changed:" in said
    assert "  checks or solutions of sigmoid (right, partly)" in said
    assert "  points of accuracy-check: 4 → 8 (right, partly)" in said
    assert "week1: answers wait to be marked in the formgrader: anew, partly" in said
    for command in ("export", "report", "feedback"):
        stale = [line for line in grader(course, command, WEEK).stderr.splitlines() if "stale" in line]
        assert [line.partition(";")[0] for line in stale] == [
            "week1: stale grades, as checks, points or limits have changed since: anew, partly, right"
        ]

    done = grader(course, "regrade", WEEK, "--student", "right", "--student", "partly")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[:-1] == [line for line in result.stdout.splitlines()[:-1] if "anew" not in line]
    after = gradebook_rows(course)
    assert after["right"]["explain_the_gradient"] == before["right"]["explain_the_gradient"]
    assert after["right"]["explain_the_gradient"][1:3] == (5, False)
    assert after["right"]["comment on explain_the_gradient"] == (None, "Nice.")
    assert after["partly"]["cost-check"][1] == 1
    assert after["partly"]["sigmoid-check"][0] == float(sigmoid[3])
    assert after["right"]["accuracy-check"][::3] == (8, 8)
    assert after["anew"] == before["anew"] | {"accuracy-check": (4, None, False, 8)}

    assert "stale" not in grader(course, "grade", WEEK, "--student", "right").stdout
    assert "changed since: anew;" in grader(course, "export", WEEK).stderr
    again = grader(course, "regrade", WEEK, "--student", "right")
    assert again.stdout == "0 stale submissions graded again, 0 with other points; all are recorded\n"
    assert grader(course, "grade", WEEK).returncode == 0  # and who handed in anew is graded as usual
    columns_add_up(course)


def columns_add_up(course):
    for row in csv.DictReader(io.StringIO(grader(course, "export", WEEK).stdout)):
        names = list(row)[list(row).index("note") + 1 :]
        points = sum(float(row[name] or 0) for name in names)
        assert points == pytest.approx(float(row["score"]) + float(row["late_penalty"])), row


def test_points_that_a_person_gave_are_in_their_column_while_they_wait_for_review(tmp_path):
    course = make_course(tmp_path)
    hand_in_all(course)
    assert grader(course, "grade", WEEK).returncode == 0
    with course.gradebook() as gradebook:
        gradebook.find_grade("explain_the_gradient", LESSON, WEEK, "right").manual_score = 5
        gradebook.db.commit()
    assert grader(course, "grade", WEEK, "--force").returncode == 0
    columns_add_up(course)


def test_a_changed_limit_is_named_and_what_nbgrader_graded_knows_its_basis_too(tmp_path):
    course = make_course(tmp_path)
    hand_in_all(course)
    assert run(course, "nbgrader", "autograde", WEEK, "--student", "right").returncode == 0
    assert "stale" not in grader(course, "grade", WEEK, "--student", "right").stdout
    with open(course.root / "nbgrader_config.py", "a") as stream:
        stream.write("c.RunSubmission.cell_seconds = 20\n")
    assert "  cell_seconds: 10 → 20 (right)" in grader(course, "grade", WEEK, "--student", "right").stdout
    path = course.autograded / "right" / WEEK / f"{LESSON}.ipynb"
    notebook = json.loads(path.read_text())
    del notebook["metadata"]["course"]["basis"]  # as an earlier version of the grader left it
    path.chmod(0o644)
    path.write_text(json.dumps(notebook))
    said = grader(course, "grade", WEEK, "--student", "right").stdout
    assert "it was graded before the grader noted what a grade rests on (right)" in said


def test_what_is_gone_from_submitted_keeps_its_grade(tmp_path):
    course = make_course(tmp_path)
    hand_in_all(course)
    assert grader(course, "grade", WEEK, "--student", "right").returncode == 0
    (course.submitted / "right" / WEEK / f"{LESSON}.ipynb").unlink()
    change_checks(course)
    before = gradebook_rows(course)
    result = grader(course, "regrade", WEEK)
    assert "right: it is no longer in submitted/, so the grade stays as it is" in result.stderr
    assert gradebook_rows(course) == before
    assert grader(course, "regrade", WEEK, "--student", "nobody").returncode == 2
