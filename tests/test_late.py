"""Late work: when it is due, what lateness costs, and one number wherever it is shown."""

import csv
import io
import re
from datetime import datetime, timedelta

import pytest

from grader.batch.late import update_penalties
from grader.cli import main
from grader.errors import GradingError
from grader.nbgrader_plugins.deadlines import Policy, read_deadline
from grader.nbgrader_plugins.late import lateness
from grader.submissions.timestamps import read_timestamp
from tests.classroom import (
    LESSON,
    WEEK,
    feedback_page,
    gradebook_rows,
    grader,
    hand_in,
    make_course,
    reference_solutions,
    released,
    run,
    with_solutions,
)
from tests.conftest import ROOT

HOUR = 3600
DUE = """
timezone = "Europe/Berlin"
policy = "per day"
percent_per_day = 10
percent_at_most = 50
grace_minutes = 15

[week1]
due = 2026-03-09 23:59:00

[week1.extensions]
extended = "2 days"
"""


def deadlines(course, text):
    (course.root / "deadlines.toml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A course in which nothing was handed in."""
    return make_course(tmp_path_factory.mktemp("deadlines"))


@pytest.mark.parametrize(
    ("policy", "seconds", "penalty"),
    [
        (Policy("none"), 10 * HOUR, None),
        (Policy("zero"), 1, 80),
        (Policy("zero", grace_minutes=5), 300, None),
        (Policy("zero", grace_minutes=5), 301, 80),
        (Policy("per day"), 1, 8),
        (Policy("per day"), 24 * HOUR, 8),
        (Policy("per day"), 24 * HOUR + 1, 16),
        (Policy("per day", percent_at_most=30), 1000 * HOUR, 24),
        (Policy("per day", percent_per_day=33.333), 1, 26.67),
    ],
)
def test_what_lateness_costs(policy, seconds, penalty):
    assert policy.penalty(80, seconds) == penalty


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("[week1]\ndue = 2026-03-09 23:59:00", datetime(2026, 3, 9, 23, 59)),
        ("[week1]\ndue = 2026-03-09T23:59:00+01:00", datetime(2026, 3, 9, 22, 59)),
        ("[week1]\ndue = '2026-03-09 23:59'", datetime(2026, 3, 9, 23, 59)),
        ("[week1]\ndue = 2026-03-09", datetime(2026, 3, 10)),
        ("timezone = 'Europe/Berlin'\n[week1]\ndue = 2026-03-09 23:59:00", datetime(2026, 3, 9, 22, 59)),
        ("timezone = 'Europe/Berlin'\n[week1]\ndue = 2026-07-09 23:59:00", datetime(2026, 7, 9, 21, 59)),
        ("timezone = 'Europe/Berlin'\n[week1]\ndue = 2026-03-09 23:59:00Z", datetime(2026, 3, 9, 23, 59)),
        ("policy = 'zero'", None),
    ],
)
def test_a_due_date_is_in_its_own_zone_or_the_courses(text, due, empty):
    deadlines(empty, text)
    assert read_deadline(empty, WEEK).due == due


def test_a_late_student_is_told_when_it_was_due_when_it_came_and_what_that_costs(empty):
    deadlines(empty, DUE)
    deadline = read_deadline(empty, WEEK)
    came = deadline.due + timedelta(days=2, hours=3)
    said = lateness(deadline, "ada", came, None, None)
    assert said == (
        "Due 2026-03-09 23:59 +0100, handed in 2026-03-12 02:59 +0100: late by 2 d 3 h. "
        "Late work costs 10 % of what was earned for each day begun, at most 50 %, after 15 minutes of grace."
    )
    assert lateness(deadline, "extended", came, None, None).startswith(
        "Due 2026-03-11 23:59 +0100 with your extension, handed in 2026-03-12 02:59 +0100: late by 3 h."
    )
    assert lateness(deadline, "ada", deadline.due, None, None) == lateness(deadline, "ada", None, None, None) == ""
    deadlines(empty, "")
    own = lateness(read_deadline(empty, WEEK), "ada", came, came - timedelta(hours=2), timedelta(hours=1))
    assert own.endswith("late by 1 h.")  # by nbgrader's plugin: its rule is not known


def test_the_zone_is_said(empty):
    deadlines(empty, "[week1]\ndue = 2026-03-09 23:59:00")
    assert read_deadline(empty, WEEK).zone == "UTC, as deadlines.toml names no timezone"
    deadlines(empty, DUE)
    assert read_deadline(empty, WEEK).zone == "Europe/Berlin, the timezone in deadlines.toml"


def test_extensions_are_durations_or_times(empty):
    text = "[week1]\ndue = 2026-03-09 12:00:00\npolicy = 'zero'\n[week1.extensions]\n"
    deadlines(empty, text + "ada = '36 hours'\n'ben.b' = 2026-03-11\ncleo = 2026-03-10T12:00:00+01:00")
    deadline = read_deadline(empty, WEEK)
    assert deadline.policy == Policy("zero")
    assert {name: deadline.extension(name) for name in ("ada", "ben.b", "cleo", "nobody")} == {
        "ada": timedelta(hours=36),
        "ben.b": timedelta(days=2, hours=12),
        "cleo": timedelta(hours=23),
        "nobody": None,
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("due = [", " cannot be read: "),
        ("[wek1]\ndue = 2026-03-09", ": there is no week wek1. Did you mean week1?"),
        ("grace_min = 5", ": grace_min is not understood. Did you mean grace_minutes?"),
        ("[week1]\nduedate = 2026-03-09", ": [week1]: duedate is not understood. Did you mean due?"),
        ("[week1]\ndue = 'tomorrow'", ": [week1] due: tomorrow is not a time such as 2025-03-09 23:59"),
        ("[week1]\ndue = 12:00:00", ": [week1] due: 12:00:00 is not a time such as"),
        ("timezone = 'Berlin'\n[week1]", ": Berlin is no time zone such as Europe/Berlin"),
        ("policy = 'harsh'", ": [week1]: the policy harsh is not one of none, zero, per day, nbgrader"),
        ("percent_per_day = 'ten'", ': [week1]: percent_per_day is the text "ten", not a number: write it without'),
        (
            "percent_per_day = '10'",
            ': [week1]: percent_per_day is the text "10", not a number: write it without quotes',
        ),
        ("percent_per_day = -1", ": [week1]: percent_per_day is -1, not a number from 0"),
        ("[week1.extensions]\nada = '1 day'", ": [week1]: there are extensions, but it is not said when"),
        (
            "[week1]\n[week1.extensions]\nada = '1 day'\ndue = 2026-03-09",
            ": [week1] extensions: due is about the week: write it above [week1.extensions]",
        ),
        ("[week1]\ndue = 2026-03-09\nextensions = 5", ": [week1] extensions: write [week1.extensions]"),
        (
            "[week1]\ndue = 2026-03-09\nextensions.ada = 2026-03-01",
            ": [week1] extensions ada: 2026-03-02 00:00 +0000 is before the due date, 2026-03-10",
        ),
        ("[week1]\ndue = 2026-03-09\nextensions.ada = 'soon'", ": [week1] extensions ada: soon is not a time"),
        (
            "[week1]\ndue = 2026-03-09\nextensions.ada = 'two days'",
            ': [week1] extensions ada: two days is not a time such as 2025-03-09 23:59, nor a duration such as "2 day',
        ),
        (
            "timezone = 'Europe/Berlin'\n[week1]\ndue = 2026-03-09\nextensions.ada = 2026-03-01",
            ": [week1] extensions ada: 2026-03-02 00:00 +0100 is before the due date, 2026-03-10 00:00 +0100",
        ),
        (
            "[week1]\ndue = 2026-03-09\n[week1.extensions]\nbo.lind = '36 hours'",
            ': [week1] extensions bo: an id with a dot stands in quotes: "bo.lind" = "36 hours"',
        ),
        (
            "[week1]\ndue = 2026-03-09\n[week1.extensions]\nbo.l = '1 day'\nbo.m = '1 day'",
            ': [week1] extensions bo: an id with a dot stands in quotes: "bo.…"',
        ),
    ],
)
def test_what_is_wrong_with_the_file_is_said_with_its_place(text, reason, empty):
    deadlines(empty, text)
    with pytest.raises(GradingError) as refused:
        read_deadline(empty, WEEK)
    assert str(refused.value).startswith(f"{empty.root / 'deadlines.toml'}{reason}")


def test_a_time_that_toml_does_not_take_is_named_with_how_to_write_it(empty):
    deadlines(empty, "[week1]\ndue = 2026-11-20 23:59  # a Friday\n")
    with pytest.raises(GradingError) as refused:
        read_deadline(empty, WEEK)
    advice = 'Line 2: write the time in quotes, "2026-11-20 23:59", or with seconds, 2026-11-20 23:59:00'
    assert str(refused.value).endswith(advice)


def test_the_pages_example_is_read(empty):
    text = (ROOT / "docs" / "grading.md").read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    deadlines(empty, text.partition("[week2]")[0])
    deadline = read_deadline(empty, WEEK)
    assert deadline.due == datetime(2026, 3, 9, 22, 59)
    assert deadline.policy == Policy("per day", 10, 50, 15)
    assert list(deadline.extensions) == ["ada", "ben.b"]


def test_a_week_without_any_date_is_said_so(empty, capsys):
    (empty.root / "deadlines.toml").unlink(missing_ok=True)
    assert main(["--root", str(empty.root), "late", WEEK]) == 0
    assert "week1 has no due date, neither in deadlines.toml nor in the gradebook" in capsys.readouterr().out


CAME = {  # due 2026-03-09 22:59 UTC
    "intime": "2026-03-09 22:59:00",
    "grace": "2026-03-09 23:14:00",
    "late": "2026-03-09 23:14:01",
    "later": "2026-03-11 23:00:00",
    "extended": "2026-03-11 22:50:00",
    "unknown": "",
}


def fill(course):
    right = with_solutions(released(course), reference_solutions(course) | {"explain_the_gradient": "Because."})
    for student, time in CAME.items():
        path = hand_in(course, student, right)
        if time:
            (path.parent / "timestamp.txt").write_text(f"{time} UTC")


def penalties(course):
    with course.gradebook() as gradebook:
        return {item.student.id: item.late_submission_penalty for item in gradebook.assignment_submissions(WEEK)}


def numbers(course):
    """Each student's score in the gradebook, the export, the terminal and the report."""
    with course.gradebook() as gradebook:
        entries = list(gradebook.assignment_submissions(WEEK))
        book = {item.student.id: f"{item.score - item.late_submission_penalty:g}" for item in entries}
    rows = csv.DictReader(io.StringIO(grader(course, "export", WEEK).stdout))
    export = {row["student"]: row["score"] for row in rows}
    lines = [line.split() for line in grader(course, "grade", WEEK).stdout.splitlines() if "(graded before)" in line]
    terminal = {line[0]: line[1] for line in lines}
    assert grader(course, "report", WEEK).returncode == 0
    page = (course.root / "report.html").read_text()
    report = dict(re.findall(r"<td>(\w+)</td>\s*<td class=\"number\">([\d.]+) of", page))
    return book, export, terminal, report


@pytest.mark.slow
@pytest.mark.usefixtures("needs_sandbox")
@pytest.mark.xdist_group("grading")
def test_late_penalties_follow_the_file_and_every_place_has_the_same_number(tmp_path):
    course = make_course(tmp_path)
    fill(course)
    assert grader(course, "grade", WEEK).returncode == 0
    assert set(penalties(course).values()) == {0}
    before = {path: path.stat().st_mtime_ns for path in course.autograded.rglob("*.ipynb")}
    deadlines(course, DUE)
    said = grader(course, "late", WEEK)
    assert said.returncode == 0, said.stderr
    assert "week1 is due 2026-03-09 23:59 +0100 (times without an offset are in Europe/Berlin" in said.stdout
    assert "due date: none → 2026-03-09 23:59 +0100" in said.stdout
    assert "late   late by 15 min: −7.6 (it was −0), which leaves 68.4 of the 76 earned (8 to be marked)" in said.stdout
    assert "not known, so they are in time: unknown" in said.stdout
    assert "2 late, 1 more within the grace; 2 penalties changed" in said.stdout
    expected = {"intime": 0, "grace": 0, "late": 7.6, "later": 22.8, "extended": 0, "unknown": 0}
    assert penalties(course) == pytest.approx(expected)
    book, export, terminal, report = numbers(course)
    assert book == export == terminal == report
    assert book["later"] == "53.2"

    with course.gradebook() as gradebook:  # a person marks an answer, in the formgrader
        grade = gradebook.find_grade("explain_the_gradient", LESSON, WEEK, "late")
        grade.manual_score, grade.needs_manual_grade = 4, False
        gradebook.db.commit()
    deadlines(course, DUE.replace('extended = "2 days"', 'extended = "1 day"\nunknowns = "1 day"'))
    said = grader(course, "export", WEEK)
    assert "late: late penalty −7.6 → −8" in said.stderr
    assert "extension of extended: 2 days, 0:00:00 → 1 day, 0:00:00" in said.stderr
    assert "extension of unknowns: there is no such student yet. Did you mean unknown?" in said.stderr
    assert penalties(course)["extended"] == pytest.approx(7.6)
    book, export, terminal, report = numbers(course)
    assert book == export == terminal == report
    assert grader(course, "feedback", WEEK).returncode == 0
    page = feedback_page(course, "late")
    assert "<b>72 of 84 points</b> (after 8 off for handing in late)" in page
    assert re.search(
        r"Due 2026-03-09 23:59 \+0100, handed in .+ \+0100: late by .+\. Late work costs 10 % of what", page
    )
    assert book["late"] == "72"
    assert {path: path.stat().st_mtime_ns for path in course.autograded.rglob("*.ipynb")} == before


@pytest.mark.slow
@pytest.mark.usefixtures("needs_sandbox")
@pytest.mark.xdist_group("grading")
def test_nbgraders_own_commands_take_the_same_penalties_and_say_the_same_of_them(tmp_path):
    found = []
    ours, plain = ("python", "-m", "grader"), ("nbgrader",)
    commands = {"ours": [(*ours, "grade"), (*ours, "feedback")]}
    commands["plain"] = [(*plain, "autograde"), (*plain, "generate_feedback")]
    for name, (grade, feedback) in commands.items():
        course = make_course(tmp_path / name)
        fill(course)
        deadlines(course, DUE)
        for command in (grade, feedback):
            result = run(course, *command, WEEK)
            assert result.returncode == 0, result.stdout + result.stderr
        pages = {student: feedback_page(course, student) for student in CAME}
        found.append((gradebook_rows(course), penalties(course), pages))
        assert update_penalties(course, WEEK).changed == []
    assert found[0] == found[1]
    assert {student for student, page in found[1][2].items() if "Due 2026-03-09 23:59" in page} == {"late", "later"}


@pytest.mark.slow
@pytest.mark.usefixtures("needs_sandbox")
@pytest.mark.xdist_group("grading")
def test_a_policy_of_ones_own_that_fails_is_named(tmp_path):
    course = make_course(tmp_path)
    fill(course)
    deadlines(course, "[week1]\ndue = 2026-03-09 22:59:00")
    with open(course.root / "nbgrader_config.py", "a") as stream:
        stream.write(
            "from nbgrader.plugins import BasePlugin\n"
            "class Odd(BasePlugin):\n"
            "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n"
            "        return {'late': 5}[student_id]\n"
            "c.AssignLatePenalties.plugin_class = Odd\n"
        )
    result = grader(course, "grade", WEEK)
    assert result.returncode == 1
    assert "Odd, which computes late penalties, failed: 'later'" in result.stdout
    assert penalties(course)["late"] == 5


def exported(course, student):
    rows = csv.DictReader(io.StringIO(grader(course, "export", WEEK).stdout))
    return next(row for row in rows if row["student"] == student)


@pytest.mark.slow
@pytest.mark.usefixtures("needs_sandbox")
@pytest.mark.xdist_group("grading")
def test_times_that_are_put_right_count_without_grading_again(tmp_path):
    course = make_course(tmp_path)
    right = with_solutions(released(course), reference_solutions(course))
    stamps = {name: hand_in(course, name, right).parent / "timestamp.txt" for name in ("corrected", "anew", "edited")}
    for path in stamps.values():
        path.write_text("2026-03-10 00:10:00 UTC")
    deadlines(course, DUE)
    said = grader(course, "late", WEEK).stdout
    assert "0 late; no penalty changed" in said
    assert "not graded yet: 3 (`python -m grader grade week1` grades them)" in said
    assert grader(course, "grade", WEEK).returncode == 0
    assert penalties(course) == pytest.approx({"corrected": 7.6, "anew": 7.6, "edited": 7.6})
    before = {path: path.stat().st_mtime_ns for path in course.autograded.rglob("*.ipynb")}

    stamps["corrected"].write_text("2026-03-09 23:10:00 UTC")
    said = grader(course, "late", WEEK).stdout
    assert "corrected handed in 2026-03-10 00:10 +0100 (it was 2026-03-10 01:10 +0100)" in said
    assert "corrected  late by 11 min, within the grace: −0 (it was −7.6)" in said
    assert penalties(course)["corrected"] == 0
    assert read_timestamp(str(course.autograded / "corrected" / WEEK)) == datetime(2026, 3, 9, 23, 10)

    stamps["corrected"].write_text("2026-03-11 23:10:00 UTC")  # a later time alone is no other work
    hand_in(course, "anew", released(course))
    stamps["anew"].unlink()
    assert "3 late; 1 penalty changed" in grader(course, "late", WEEK).stdout
    assert penalties(course)["anew"] == pytest.approx(7.6)  # what is graded is still the first attempt
    said = grader(course, "grade", WEEK).stdout
    assert said.count("(graded before)") == 2
    assert {path for path, time in before.items() if path.stat().st_mtime_ns != time} == {
        course.autograded / "anew" / WEEK / f"{LESSON}.ipynb"
    }
    assert penalties(course)["corrected"] == pytest.approx(22.8)
    assert exported(course, "corrected")["submitted"] == "2026-03-11 23:10:00+00:00"
    assert (exported(course, "anew")["submitted"], exported(course, "anew")["late_penalty"]) == ("", "0")
    assert "not known, so they are in time: anew" in grader(course, "late", WEEK).stdout
