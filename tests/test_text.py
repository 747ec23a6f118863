"""What students chose is printed visibly, and acts on no terminal, spreadsheet or page."""

import csv
import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.text import harmless, visible, visible_lines
from tests.classroom import WEEK, grader, hand_in, make_course, released

EVE = "eve\x1b[2J"
REVERSED = "rev\u202eerse"
NOT_UTF8 = "bad\udcff"


@given(st.text(st.characters()))
def test_whatever_a_text_holds_it_is_shown_on_one_line_that_any_terminal_takes(text):
    shown = visible(text)
    assert shown.splitlines() in ([], [shown])
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in shown)
    shown.encode("utf-8")


def test_texts_in_any_script_are_shown_as_they_are():
    for text in ("José Núñez", "李雷", "Ωμέγα", "a b", "narrow\u202fspace"):
        assert visible(text) == text


def test_escape_sequences_and_reordering_are_written_out():
    assert visible("a\x1b]0;b\x07") == r"a\x1b]0;b\x07"
    assert visible("a\u202egnp.exe\u2028") == r"a\u202egnp.exe\u2028"


def test_lines_of_a_message_stay_lines():
    assert visible_lines("one\n\ttwo\r\x1b[1mthree\n") == "one\n two\\r\\x1b[1mthree\n"


def test_a_name_is_neither_a_formula_nor_an_escape_in_a_spreadsheet():
    assert harmless("=1+\x1b[2J") == r"'=1+\x1b[2J"


def is_plain(text: str) -> bool:
    return all(letter.isprintable() or letter == "\n" for letter in text)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A course whose students chose hostile names, graded."""
    course = make_course(tmp_path_factory.mktemp("hostile"))
    hand_in(course, EVE, released(course), "les\x1b]0;owned\x07son\n\u202eb.ipynb")
    hand_in(course, REVERSED, released(course))
    hand_in(course, NOT_UTF8, released(course))
    (course.submitted / "empty\nfolder" / WEEK).mkdir(parents=True)
    return course, grader(course, "grade", WEEK)


@pytest.mark.usefixtures("needs_sandbox")
def test_grading_prints_hostile_names_on_their_own_lines(hostile):
    _, result = hostile
    assert result.returncode == 1
    assert is_plain(result.stdout + result.stderr)
    lines = result.stdout.splitlines()
    assert any(line.startswith(r"eve\x1b[2J ") and r"les\x1b]0;owned\x07son\n\u202eb.ipynb" in line for line in lines)
    assert any(line.startswith(r"rev\u202eerse ") for line in lines)
    assert r"empty\nfolder: the folder holds no notebook; nothing was graded" in lines


@pytest.mark.usefixtures("needs_sandbox")
def test_a_folder_whose_name_is_not_utf8_is_reported_and_the_others_are_graded(hostile):
    course, result = hostile
    line = next(line for line in result.stdout.splitlines() if line.startswith(r"bad\udcff "))
    assert "failed" in line
    assert "not UTF-8" in line
    assert len(list(course.autograded.glob(f"*/{WEEK}/*.ipynb"))) == 2


@pytest.mark.usefixtures("needs_sandbox")
def test_feedback_export_and_report_show_hostile_names_too(hostile):
    course, _ = hostile
    feedback, export = grader(course, "feedback", WEEK), grader(course, "export", WEEK)
    report = grader(course, "report", WEEK, "--output", "report.html")
    assert [feedback.returncode, export.returncode, report.returncode] == [0, 0, 0]
    assert is_plain(feedback.stdout + feedback.stderr + export.stdout + report.stdout)
    assert {row["student"] for row in csv.DictReader(io.StringIO(export.stdout))} == {
        visible(name) for name in (EVE, REVERSED, NOT_UTF8)
    }
    page = (course.root / "report.html").read_text(encoding="utf-8")
    assert is_plain(page)
    assert r"<td>eve\x1b[2J</td>" in page.replace("\n", "")
    assert all(is_plain(path.read_text(encoding="utf-8")) for path in course.feedback.glob("eve*/*/*.html"))


def test_an_error_that_names_a_hostile_student_is_printed_visibly(tmp_path):
    course = make_course(tmp_path)
    hand_in(course, "someone", released(course))
    result = grader(course, "grade", WEEK, "--student", EVE, "--student", os.fsdecode(b"\xff"))
    assert result.returncode == 2
    assert result.stderr.startswith(rf"grader: there is no notebook for {WEEK} of eve\x1b[2J, \udcff (looked in")
    assert is_plain(result.stderr)
