"""Submissions graded by nbgrader for real: the same scores whichever way it is called."""

import asyncio
import csv
import html
import json
import os
import re
import shutil
import sys

import nbformat
import pytest

from grader.lessons.hidden_tests import visible_part
from grader.lessons.load_reference import load_reference
from grader.lessons.notebooks import is_check
from tests.classroom import (
    LESSON,
    REPOSITORY,
    WEEK,
    feedback_page,
    gradebook_rows,
    grader,
    hand_in,
    make_course,
    reference_solutions,
    released,
    run,
    scores,
    with_cell,
    with_solutions,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("grading"), pytest.mark.usefixtures("needs_sandbox")]

FORGETS_M = """
def propagate(w, b, X, Y):
    A = sigmoid(w.T @ X + b)
    return X @ (A - Y).T, float(np.sum(A - Y)), cost(A, Y)
"""
SCRIPT = "<script>alert('ran')</script><img src=x onerror=alert(1)> \n\n[link](javascript:alert(2)) **bold** answer"
LEAK = "def sigmoid(z):\n    SEEN.append(repr(z))\n    raise ValueError('HIDDEN ' + ' '.join(SEEN))"


def fill(course):
    blank, solutions = released(course), reference_solutions(course)
    right = with_solutions(blank, solutions)
    hand_in(course, "perfect", right)
    hand_in(course, "blank", blank)
    hand_in(course, "factor", with_solutions(right, {"propagate": FORGETS_M}))
    hand_in(course, "early", with_solutions(right, {"sigmoid": "def sigmoid(z):\n    return np.tanh(z)"}))
    hand_in(course, "unwritten", with_solutions(right, {"sigmoid": "def sigmoid(z):\n    raise NotImplementedError()"}))
    hand_in(course, "notjson", b"{ this is no notebook")
    hand_in(course, "renamed", right, "Copy of homework.ipynb")
    written = with_solutions(right, {"explain_the_gradient": SCRIPT})
    hand_in(
        course, "writer", with_cell(with_cell(written, SCRIPT, kind="markdown"), "display_html = '<script>1</script>'")
    )
    answer = "With **bold** words, and <b>more</b> of them."
    hand_in(course, "essayist", with_solutions(right, {"explain_the_gradient": answer}))
    hand_in(course, "leaker", with_cell(with_solutions(right, {"sigmoid": LEAK}), "SEEN = []"))


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A small class, graded by `python -m grader`, with feedback."""
    course = make_course(tmp_path_factory.mktemp("graded"))
    fill(course)
    result = grader(course, "grade", WEEK)
    assert result.returncode == 0, result.stderr
    assert grader(course, "feedback", WEEK).returncode == 0
    return course


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory):
    """The same class, graded by typing `nbgrader autograde`."""
    course = make_course(tmp_path_factory.mktemp("by_hand"))
    fill(course)
    result = run(course, "nbgrader", "autograde", WEEK)
    assert result.returncode == 0, result.stderr
    return course


def test_the_typed_command_leaves_the_same_gradebook(graded, by_hand):
    assert gradebook_rows(by_hand) == gradebook_rows(graded)


def test_nbgraders_python_interface_leaves_the_same_gradebook(graded, tmp_path):
    course = make_course(tmp_path / "api")
    fill(course)
    assert course.api.autograde(WEEK, "factor")["success"]
    assert gradebook_rows(course)["factor"] == gradebook_rows(graded)["factor"]


def test_the_formgraders_button_leaves_the_same_gradebook(graded, tmp_path):
    """The button calls nbgrader's interface from inside a running event loop."""
    course = make_course(tmp_path / "formgrader")
    fill(course)

    async def press():
        return course.api.autograde(WEEK, "early")

    result = asyncio.run(press())
    assert result["success"], result
    assert gradebook_rows(course)["early"] == gradebook_rows(graded)["early"]


def test_the_reference_gets_all_points_but_those_given_by_hand(graded):
    rows = gradebook_rows(graded)["perfect"]
    assert all(row[0] == row[3] for name, row in rows.items() if name.endswith("-check"))


def test_a_blank_submission_gets_nothing_and_waits_for_nobody(graded):
    assert scores(graded)["blank"] == 0
    assert not any(row[2] for name, row in gradebook_rows(graded)["blank"].items() if not name.startswith("comment"))


def test_a_mistake_costs_a_share_of_its_own_exercise_only(graded):
    rows = gradebook_rows(graded)["factor"]
    assert 0 <= rows["propagate-check"][0] < rows["propagate-check"][3]
    lost = {name for name, row in rows.items() if name.endswith("-check") and row[0] != row[3]}
    assert lost == {"propagate-check"}


def test_one_bug_costs_once(graded):
    rows = gradebook_rows(graded)["early"]
    lost = {name for name, row in rows.items() if name.endswith("-check") and row[0] != row[3]}
    assert lost == {"sigmoid-check"}
    assert "Follow-through: with sigmoid put right" in feedback_page(graded, "early")


def test_an_unwritten_function_costs_only_itself(graded):
    rows = gradebook_rows(graded)["unwritten"]
    lost = {name for name, row in rows.items() if name.endswith("-check") and row[0] != row[3]}
    assert lost == {"sigmoid-check"}
    assert "It calls sigmoid, which is not written yet." in feedback_page(graded, "unwritten")


def test_follow_through_can_be_switched_off(tmp_path):
    course = make_course(tmp_path, follow_through=False)
    solutions = reference_solutions(course) | {"sigmoid": "def sigmoid(z):\n    return np.tanh(z)"}
    hand_in(course, "early", with_solutions(released(course), solutions))
    assert grader(course, "grade", WEEK).returncode == 0
    rows = gradebook_rows(course)["early"]
    assert rows["propagate-check"][0] < rows["propagate-check"][3]


def test_a_file_that_is_no_notebook_gets_a_clear_sentence_and_no_points(graded):
    assert scores(graded)["notjson"] == 0
    assert "is not a notebook (it is not valid JSON)" in feedback_page(graded, "notjson")


def test_a_renamed_file_is_graded_and_said_so(graded):
    assert scores(graded)["renamed"] == scores(graded)["perfect"]
    assert "The file Copy of homework.ipynb was graded as logistic_regression.ipynb." in feedback_page(
        graded, "renamed"
    )


def test_a_written_answer_waits_for_a_person(graded):
    assert gradebook_rows(graded)["writer"]["explain_the_gradient"][2] is True
    assert "waits for marking" in feedback_page(graded, "writer")


def test_the_misconceptions_own_hint_is_in_the_feedback(graded):
    page = feedback_page(graded, "factor")
    notebook = graded.lesson(WEEK, LESSON)
    hints = [str(item.options["hint"]) for item in notebook.exercises["propagate"].misconceptions]
    assert any(hint.split(".")[0] in page for hint in hints)


def test_nothing_in_feedback_can_run(graded):
    for student in ("writer", "essayist", "perfect", "blank", "leaker"):
        page = feedback_page(graded, student)
        tags = re.findall(r"<[^!/][^>]*>", page)
        assert not re.search(r"<script|\bon\w+\s*=|href=\"javascript|<iframe|<object|<img", " ".join(tags), re.I)
        assert "script-src" not in page
        assert "default-src 'none'" in page
    assert "<strong>bold</strong> words, and <b>more</b> of them" in feedback_page(graded, "essayist")
    assert "&lt;script&gt;alert" in feedback_page(graded, "writer")  # shown as text, all of it
    assert "The answer to explain_the_gradient holds HTML of its own" in feedback_page(graded, "writer")


def hidden_lines(course):
    """The lines of the hidden tests that say something."""
    notebook = nbformat.read(course.source / WEEK / f"{LESSON}.ipynb", as_version=4)
    for cell in notebook.cells:
        if is_check(cell):
            visible = set(visible_part(cell.source).splitlines())
            for line in cell.source.splitlines():
                if line not in visible and "check(" in line and line.strip() != "check(":
                    yield line.strip()


def test_no_hidden_code_is_in_feedback_or_in_graded_notebooks(graded):
    lines = list(hidden_lines(graded))
    assert len(lines) > 20
    places = [*graded.feedback.glob(f"*/{WEEK}/*.html"), *graded.autograded.glob(f"*/{WEEK}/*.ipynb")]
    assert len(places) == 2 * 10
    for path in places:
        text = path.read_text()
        for line in lines:
            assert line not in text
            assert json.dumps(line)[1:-1] not in text


def test_hidden_inputs_do_not_leak_through_a_students_own_errors(graded):
    source = graded.source / WEEK / f"{LESSON}.ipynb"
    reference = load_reference(source, graded.lesson(WEEK, LESSON), graded.cache / "reference")
    page = html.unescape(feedback_page(graded, "leaker"))
    shown, secret = [], []
    for cell in reference.exercises["sigmoid"].cells:
        for record, hidden in zip(cell.records, cell.hidden, strict=True):
            arguments = record.arguments[1][0][1]  # ("tuple", [("tuple", [positional]), ("dict", [])])
            value = arguments[0][2] if isinstance(arguments[0], tuple) else arguments[0]
            (secret if hidden else shown).append(repr(value))
    assert len(secret) > 2
    assert any(text in page for text in shown)
    assert not [text for text in secret if text not in shown and len(text) > 3 and text in page]


def test_what_is_graded_is_not_graded_again_unless_asked(graded):
    before = {path: path.stat().st_mtime_ns for path in graded.autograded.rglob("*.ipynb")}
    result = grader(graded, "grade", WEEK)
    assert result.returncode == 0
    assert result.stdout.count("(graded before)") == 10
    assert {path: path.stat().st_mtime_ns for path in graded.autograded.rglob("*.ipynb")} == before


def test_a_newer_submission_is_graded_again_and_keeps_what_a_person_gave(tmp_path):
    course = make_course(tmp_path)
    right = with_solutions(released(course), reference_solutions(course))
    path = hand_in(course, "again", with_solutions(right, {"explain_the_gradient": "Because."}))
    (path.parent / "timestamp.txt").write_text("2026-01-01 10:00:00 UTC")
    with_bug = with_solutions(right, {"explain_the_gradient": "Because.", "accuracy": "accuracy = None"})
    path.write_text(json.dumps(with_bug))
    assert grader(course, "grade", WEEK).returncode == 0
    first = scores(course)["again"]
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("explain_the_gradient", LESSON, WEEK, "again")
        grade.manual_score, grade.needs_manual_grade = 5, False
        gradebook.db.commit()
    path.write_text(json.dumps(with_solutions(right, {"explain_the_gradient": "Because."})))
    (path.parent / "timestamp.txt").write_text("2026-01-02 10:00:00 UTC")
    assert grader(course, "grade", WEEK).returncode == 0
    assert scores(course)["again"] == first + 5 + 4


LATE_BY_AN_HOUR = """
from nbgrader.plugins import BasePlugin
class TenAnHour(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return 10 * total_seconds_late / 3600
c.AssignLatePenalties.plugin_class = TenAnHour
"""


@pytest.mark.sweep
def test_late_work_is_penalised_as_nbgrader_does(tmp_path):
    """Late by an hour, by less than an extension, by so much that all is lost, in time, and at no known time."""
    came = {"late": "11:00:00", "extended": "10:59:00", "overdue": "21:00:00", "intime": "09:00:00", "unknown": ""}
    found = []
    for name in ("ours", "plain"):
        course = make_course(tmp_path / name)
        with open(course.root / "nbgrader_config.py", "a") as stream:
            stream.write(LATE_BY_AN_HOUR)
        right = with_solutions(released(course), reference_solutions(course))
        with course.gradebook() as gradebook:
            gradebook.update_or_create_assignment(WEEK, duedate="2026-01-01 10:00:00 UTC")
            gradebook.update_or_create_student("extended")
            gradebook.add_submission(WEEK, "extended")
            gradebook.grant_extension(WEEK, "extended", hours=1)
        for student, time in came.items():
            path = hand_in(course, student, right)
            if time:
                (path.parent / "timestamp.txt").write_text(f"2026-01-01 {time} UTC")
        for again in ([], ["--force"]):  # the second time there is an entry for everybody
            command = (sys.executable, "-m", "grader", "grade") if name == "ours" else ("nbgrader", "autograde")
            result = run(course, *command, WEEK, *again)
            assert result.returncode == 0, result.stdout + result.stderr
            with course.gradebook() as gradebook:
                entries = gradebook.assignment_submissions(WEEK)
                penalties = {item.student.id: item.late_submission_penalty for item in entries}
            found.append((gradebook_rows(course), penalties))
    assert all(item == found[0] for item in found)
    assert found[0][1] == {"late": 10, "extended": 0, "overdue": 76, "intime": 0, "unknown": 0}


def test_report_and_export_agree_with_the_gradebook(graded, tmp_path):
    assert grader(graded, "report", WEEK, "--output", str(tmp_path / "report.html")).returncode == 0
    page = (tmp_path / "report.html").read_text()
    assert grader(graded, "export", WEEK, "--output", str(tmp_path / "grades.csv")).returncode == 0
    with open(tmp_path / "grades.csv", newline="") as stream:
        rows = {row["student"]: row for row in csv.DictReader(stream)}
    assert {student: float(row["score"]) for student, row in rows.items()} == pytest.approx(scores(graded))
    assert all(student in page for student in rows)
    assert "Cronbach's alpha needs 10 students whose answers are all marked" in page
    assert page.count("data:image/svg+xml;base64,") == 2
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "<script" not in page
    links = re.findall(r'href="([^"]+\.html)"', page)
    assert len(links) == 10
    assert all((tmp_path / link).resolve().is_file() for link in links)


def test_a_student_whose_name_needs_quoting_survives_the_export(tmp_path):
    import csv
    import io

    course = make_course(tmp_path)
    hand_in(course, 'o"hara, mary', released(course))
    hand_in(course, "=HYPERLINK(0)", released(course))
    assert grader(course, "grade", WEEK).returncode == 0
    result = grader(course, "export", WEEK)
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["student"] for row in rows] == ["'=HYPERLINK(0)", 'o"hara, mary']  # no spreadsheet runs the first
    assert float(rows[0]["score"]) == 0


def test_odd_folders_and_files_stop_nobody(tmp_path):
    course = make_course(tmp_path)
    right = with_solutions(released(course), reference_solutions(course))
    good = hand_in(course, "good", right)
    (course.submitted / "link").mkdir()
    (course.submitted / "link" / WEEK).symlink_to(good.parent)
    (course.submitted / "linked").symlink_to(good.parent.parent)
    for student, stamp in (("garbage", b"\xff\xfe yesterday"), ("overflow", b"9" * 50)):
        path = hand_in(course, student, right)
        (path.parent / "timestamp.txt").write_bytes(stamp)
    os.mkfifo(hand_in(course, "pipe", right).parent / "timestamp.txt")
    os.mkfifo(hand_in(course, "pipes", right).parent / "data.csv")
    secret = tmp_path / "secret.ipynb"
    secret.write_text(json.dumps(right))
    (course.submitted / "thief" / WEEK).mkdir(parents=True)
    (course.submitted / "thief" / WEEK / f"{LESSON}.ipynb").symlink_to(secret)
    (course.submitted / "folder" / WEEK / f"{LESSON}.ipynb").mkdir(parents=True)
    (course.submitted / "nothing" / WEEK).mkdir(parents=True)
    result = grader(course, "grade", WEEK)
    assert result.returncode == 0, result.stdout + result.stderr
    full = scores(course)["good"]
    expected = {"good": full, "garbage": full, "overflow": full, "pipe": full, "pipes": full, "thief": 0, "folder": 0}
    assert {name: score for name, score in scores(course).items() if name in expected} == expected
    assert all(score == 0 for name, score in scores(course).items() if name.startswith("link"))
    assert "nothing: the folder holds no notebook" in result.stdout
    assert "when this was handed in is not known" in result.stdout
    assert grader(course, "export", WEEK, "--output", str(tmp_path / "grades.csv")).returncode == 0
    with open(tmp_path / "grades.csv", newline="") as stream:
        notes = {row["student"]: row["note"] for row in csv.DictReader(stream)}
    assert {name for name, note in notes.items() if note == "could not be used"} == {
        "thief",
        "folder",
        "link",
        "linked",
    }
    assert notes["good"] == notes["garbage"] == ""
    lms = grader(course, "export", WEEK, "--format", "canvas")
    assert "folder, link, linked, thief: the file could not be used" in lms.stderr
    assert grader(course, "feedback", WEEK, "--student", "thief").returncode == 0
    page = feedback_page(course, "thief")
    assert "then hand in that file" in page
    assert "Begin with" not in page
    assert "Not attempted" not in page


def test_nbgraders_own_feedback_command_makes_the_same_pages(graded, by_hand):
    result = run(by_hand, "nbgrader", "generate_feedback", WEEK)
    assert result.returncode == 0, result.stderr
    for student in ("perfect", "factor", "notjson"):
        assert feedback_page(by_hand, student) == feedback_page(graded, student)


def test_another_weeks_notebook_is_graded_by_nobody_and_its_lesson_is_named(tmp_path):
    """It gets no points for the functions that both lessons have, and no grade that an LMS would take."""
    course = make_course(tmp_path / "typed")
    shutil.copytree(REPOSITORY / "release" / "week2", course.release / "week2")
    other = (course.release / "week2" / "shallow_network.ipynb").read_bytes()
    hand_in(course, "ada", other)
    hand_in(course, "ben", other, "shallow_network.ipynb")
    result = grader(course, "grade", WEEK)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("is week2/shallow_network, which is no lesson of week1.") == 2
    assert "missing" not in result.stdout
    assert scores(course) == {"ada": 0, "ben": 0}
    rows = gradebook_rows(course)
    assert course.api.autograde(WEEK, "ben", force=True)["success"]
    assert gradebook_rows(course)["ben"] == rows["ben"]
    assert grader(course, "export", WEEK, "--output", str(tmp_path / "grades.csv")).returncode == 0
    with open(tmp_path / "grades.csv", newline="") as stream:
        assert {row["note"] for row in csv.DictReader(stream)} == {"could not be used"}
