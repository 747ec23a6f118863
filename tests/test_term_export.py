"""All weeks in one table: what each student has, together and in each week."""

import csv
import io
import json

import pytest

from grader.cli import main
from grader.reports.term_export import write_term_csv, write_term_json
from grader.reports.week_results import NOT_GRADED, NOTHING
from tests.classroom import WEEK, make_course
from tests.term_class import made_up_term


def table(term):
    stream = io.StringIO()
    write_term_csv(term, stream)
    return {row["student"]: row for row in csv.DictReader(io.StringIO(stream.getvalue()))}


def data(term):
    stream = io.StringIO()
    write_term_json(term, stream)
    return json.loads(stream.getvalue())


def test_each_student_has_a_row_with_each_week_and_the_sums():
    term = made_up_term()
    rows = table(term)
    assert list(rows) == [f"s{number:02}" for number in range(24)]
    for name, row in rows.items():
        results = [next(item for item in week.students if item.student == name) for week in term.weeks]
        weeks = [week.week for week in term.weeks]
        assert [float(row[f"{week}_score"]) for week in weeks] == [result.score for result in results]
        assert [float(row[f"{week}_late_penalty"]) for week in weeks] == [result.late_penalty for result in results]
        assert float(row["score"]) == sum(result.score for result in results)
    assert (rows["s00"]["score"], rows["s00"]["max_score"], rows["s00"]["not_final"]) == ("30", "30", "")
    assert rows["s02"]["week1_late_penalty"] == "1"
    assert (rows["s01"]["first_name"], rows["s01"]["section"]) == ("First1", "B")


def test_a_missed_week_is_0_of_its_points_with_a_note_and_not_final():
    rows = table(made_up_term())
    assert (rows["s23"]["score"], rows["s23"]["max_score"]) == ("0", "30")
    assert rows["s23"]["week2_note"] == NOTHING
    assert (rows["s05"]["week3_note"], rows["s05"]["not_final"]) == (NOT_GRADED, "week3")


def test_what_waits_for_a_person_is_said():
    term = made_up_term()
    term.weeks[0].students[3].to_grade = True  # marked, and graded again since
    row = table(term)["s03"]
    assert (row["week1_note"], row["week2_note"]) == ("marks to be reviewed", "")
    assert (row["week3_note"], row["not_final"]) == ("2 points to be marked", "week1 week3")


def test_json_has_the_same_numbers():
    term = made_up_term()
    term.weeks[1].students[4].score = 1 / 3
    found, rows = data(term), table(term)
    assert [week["week"] for week in found["weeks"]] == ["week1", "week2", "week3"]
    for student in found["students"]:
        row = rows[student["student"]]
        assert float(row["score"]) == pytest.approx(student["score"], rel=1e-5)
        assert row["not_final"].split() == student["not_final"]
        for week, result in student["weeks"].items():
            assert row[f"{week}_note"] in (result["note"], f"{result['to_mark']:g} points to be marked")
    assert found["students"][4]["weeks"]["week2"]["score"] == 1 / 3


def test_a_student_whom_a_week_does_not_know_has_empty_cells_there():
    term = made_up_term()
    del term.weeks[0].students[7]
    row = table(term)["s07"]
    assert (row["week1_score"], row["week1_max_score"], row["max_score"]) == ("", "", "20")
    assert "week1" not in data(term)["students"][7]["weeks"]


def test_names_are_no_formulas():
    term = made_up_term()
    for week in term.weeks:
        week.students[0].first_name = "=1+1"
    assert table(term)["s00"]["first_name"] == "'=1+1"


def test_the_command_asks_for_one_week_for_an_lms_and_for_something_graded(tmp_path, capsys):
    course = make_course(tmp_path / "course")
    for weeks in ([], [WEEK, "week2"]):
        assert main(["--root", str(course.root), "export", *weeks, "--format", "canvas"]) == 2
        assert "name one week: a table for Canvas has the grades of one assignment" in capsys.readouterr().err
    assert main(["--root", str(course.root), "export"]) == 2
    assert "nothing is graded in any week" in capsys.readouterr().err
