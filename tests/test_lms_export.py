"""Grades as Canvas and Moodle import them: read back by the rules of their importers."""

import csv
import io
import json
import re

import pytest

from grader.cli import main
from grader.errors import GradingError
from grader.lms.canvas import canvas_table, filled_canvas_table
from grader.lms.moodle import filled_moodle_table, moodle_table
from grader.lms.sheets import read_sheet
from grader.reports.json_export import as_data
from grader.reports.week_results import NOT_GRADED, NOTHING, ExerciseResult, StudentResult, WeekResults
from grader.submissions.roster import read_roster
from tests.classroom import WEEK, grader, hand_in, make_course, reference_solutions, released, with_solutions


def student(name, score=0.0, *, note="", penalty=0.0, written=2.0, **about):
    exercises = {"f": ExerciseResult("f", score, 10.0), "why": ExerciseResult("why", written, 2.0)}
    about = {"first_name": "", "last_name": ""} | about
    return StudentResult(
        name, score=score, max_score=12.0, late_penalty=penalty, submitted="", to_grade=written is None, note=note,
        exercises={} if note else exercises, **about,
    )  # fmt: skip


ADA = student("ada", 7.125, first_name="Ada", last_name="Lovelace", email="ada@example.org", lms="34", section="A")
BEN = student("ben", 9.0, penalty=1.5, first_name="Ben", last_name="Bitdiddle", email="Ben@example.org", lms="35")
EVE = student("eve", 3.0, first_name="=1+1", last_name="", email="+eve@example.org", lms="36", section="@B")
CARA = student("cara", note=NOTHING, first_name="Cara", last_name="Cole", email="cara@example.org", lms="37")
DAN = student("dan", note=NOT_GRADED, first_name="Dan", last_name="Dee", email="dan@example.org", lms="38")
FAY = student("fay", 5.0, written=None, first_name="Fay", last_name="Fox", email="fay@example.org", lms="39")
CLASS = [ADA, BEN, EVE, CARA, DAN, FAY]
LOGINS = {"34": "ada", "35": "ben", "36": "eve", "37": "cara", "38": "dan", "39": "fay"}


def results(*students):
    return WeekResults("week1", ["Logistic regression"], {"f": 10.0, "why": 2.0}, list(students or CLASS))


CANVAS = '''Student,ID,SIS User ID,SIS Login ID,Section,Week 0 (10),Week 1 (11),Final Score,Unposted Final Score
,,,,,,Manual Posting,,
    Points Possible,,,,,5,12,(read only),(read only)
"Lovelace, Ada",34,S34,ada,"A, and B",4.5,,90,90
"Bitdiddle, Ben",35,S35,ben,A,3,2,60,60
"=""=1+1""",36,S36,eve,B,N/A,,1,1
"Cole, Cara",37,S37,cara,A,1,4,20,20
"Dee, Dan",38,S38,dan,A,1,3,20,20
"Fox, Fay",39,S39,fay,A,1,6,20,20
"Noether, Emmy",40,S40,emmy,A,1,,20,20
"Student, Test",99,,,A,,,,
'''


@pytest.fixture
def saved(tmp_path):
    """Saves a table that was downloaded, and reads it."""

    def save(text, encoding="utf-8"):
        path = tmp_path / "template.csv"
        path.write_bytes(text.encode(encoding))
        return read_sheet(path)

    return save


def imported_by_canvas(text, users=LOGINS, assignments=(("10", "Week 0"), ("11", "Week 1"))):
    """What Canvas would take from a table: grades by user and assignment's number, or title if it is new."""
    header, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert "Student" in header[0]
    assert "ID" in header[1]
    about = 5 if header[2:4] == ["SIS User ID", "SIS Login ID"] else 4 if header[2] == "SIS Login ID" else 3
    assert "Section" in header[about - 1]
    login = header.index("SIS Login ID")
    points, found = [""] * len(header), {}
    for row in rows:
        if "Points Possible" in row[0]:
            points = row
        elif not all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", cell, re.IGNORECASE) for cell in row):
            user = row[1] if row[1] in users else next((key for key, name in users.items() if name == row[login]), None)
            for place in range(about, len(header)):
                if "Final Score" in header[place] or "read only" in points[place]:
                    continue
                named = re.fullmatch(r"(.*)\s\((\d+)\)", header[place])
                ids = [key for key, title in assignments if (named and named[2] == key) or title == header[place]]
                found.setdefault(user or row[0], {})[ids[0] if ids else header[place]] = row[place].strip()
    return found


def test_canvas_takes_back_its_own_table_with_one_column_filled_in(saved):
    before = imported_by_canvas(CANVAS)
    export = filled_canvas_table(results(), saved(CANVAS), "", zero_missing=False)
    after = imported_by_canvas(export.text)
    assert {user: grades["11"] for user, grades in after.items()} == {
        "34": "7.12", "35": "9", "36": "3", "37": "4", "38": "3", "39": "6", "Noether, Emmy": "", "Student, Test": "",
    }  # fmt: skip
    assert {user: grades["10"] for user, grades in after.items()} == {user: row["10"] for user, row in before.items()}
    assert export.problems == []


def test_nothing_but_the_grades_of_one_column_differs_from_canvas_table(saved):
    export = filled_canvas_table(results(), saved(CANVAS), "11", zero_missing=False)
    old, new = ([*csv.reader(io.StringIO(text))] for text in (CANVAS, export.text))
    changed = {(row, place) for row in range(len(old)) for place in range(9) if old[row][place] != new[row][place]}
    assert changed == {(3, 6), (4, 6), (5, 6)}


def test_whoever_waits_for_marks_or_handed_in_nothing_keeps_the_grade_in_canvas_and_is_named(saved):
    export = filled_canvas_table(results(), saved(CANVAS), "Week 1", zero_missing=False)
    assert [note for note in export.notes if note.startswith("left out")] == [
        "left out: cara: handed in nothing; --zero-missing gives 0",
        "left out: dan: handed in, and not graded: grade first",
        "left out: fay: answers wait to be marked in the formgrader",
    ]
    zero = imported_by_canvas(filled_canvas_table(results(), saved(CANVAS), "", zero_missing=True).text)
    assert (zero["37"]["11"], zero["38"]["11"], zero["39"]["11"]) == ("0", "3", "6")


def test_who_is_not_in_canvas_is_a_problem_and_who_is_only_there_is_left_alone(saved):
    gil = student("gil", 1.0, first_name="Gil", last_name="Gee")
    export = filled_canvas_table(results(*CLASS, gil), saved(CANVAS), "", zero_missing=False)
    assert any("gil is graded, and no row of" in problem for problem in export.problems)
    (said,) = [problem for problem in export.problems if problem.startswith("gil")]
    assert "(looked for Gil Gee): give the roster Canvas's number" in said


def test_for_whom_the_roster_has_what_the_lms_goes_by_it_is_not_asked_for_again(saved):
    gil = student("gil", 1.0, first_name="Gil", last_name="Gee", lms="987")
    export = filled_canvas_table(results(*CLASS, gil), saved(CANVAS), "", zero_missing=False)
    (said,) = [problem for problem in export.problems if problem.startswith("gil")]
    assert said.endswith("(looked for 987, Gil Gee): it lacks their row, or calls them otherwise")
    assert any("Noether, Emmy; Student, Test" in note for note in export.notes)


def test_a_grade_whose_marks_are_to_be_reviewed_goes_to_no_lms_and_is_named(saved):
    hal = student("hal", 8.0, first_name="Hal", last_name="Hay", email="hal@example.org", lms="34")
    hal.to_grade = True  # marked, and graded again since
    said = ["left out: hal: marks are to be reviewed in the formgrader, as the work was graded again"]
    tables = [
        filled_canvas_table(results(hal), saved(CANVAS), "", zero_missing=True),
        canvas_table(results(hal), "", zero_missing=True),
        moodle_table(results(hal), "", by="email", zero_missing=True),
        filled_moodle_table(results(hal), saved(WORKSHEET.replace("ada@", "hal@")), "", zero_missing=True),
    ]
    assert [[note for note in table.notes if note.startswith("left out")] for table in tables] == 4 * [said]
    assert imported_by_canvas(tables[0].text)["34"]["11"] == ""
    assert "hal" not in tables[1].text + tables[2].text
    assert [row["Grade"] for row in csv.DictReader(io.StringIO(tables[3].text))] == ["", "2.00", "", ""]
    assert [table.problems for table in tables] == 4 * [[]]


def without_sis_user(text):
    """Canvas's table as instructors export it who may not see SIS numbers."""
    stream = io.StringIO()
    csv.writer(stream).writerows([*row[:2], *row[3:]] for row in csv.reader(io.StringIO(text)))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(CANVAS, "utf-8-sig"), (CANVAS.replace("\n", "\r\n"), "utf-8"), (without_sis_user(CANVAS), "utf-8")],
    ids=["mark", "lines", "no-sis"],
)
def test_canvas_table_is_read_however_it_was_saved(text, encoding, saved):
    export = filled_canvas_table(results(), saved(text, encoding), "Week 1 (11)", zero_missing=False)
    assert export.text.startswith("\ufeff") == (encoding == "utf-8-sig")
    assert imported_by_canvas(export.text)["34"]["11"] == "7.12"


def test_a_table_with_semicolons_stays_one(saved):
    text = "Student;ID;SIS Login ID;Section;Week 1 (11)\n    Points Possible;;;;12,00\nAda;34;ada;A;\n"
    export = filled_canvas_table(results(ADA), saved(text), "", zero_missing=False)
    assert (
        export.text
        == "Student;ID;SIS Login ID;Section;Week 1 (11)\r\n    Points Possible;;;;12,00\r\nAda;34;ada;A;7.12\r\n"
    )
    assert export.notes == []


def test_excused_students_and_those_to_whom_it_is_not_assigned_stay_so(saved):
    text = "Student,ID,SIS Login ID,Section,Week 1 (11)\nPoints Possible,,,,10\nAda,34,ada,A,EX\nBen,35,ben,A,N/A\n"
    export = filled_canvas_table(results(ADA, BEN), saved(text), "", zero_missing=False)
    assert "Ada,34,ada,A,EX" in export.text
    assert "Ben,35,ben,A,N/A" in export.text
    assert [note.partition(":")[0] for note in export.notes] == [
        "ada",
        "ben",
        "Week 1 (11) has 10 points in Canvas, and 12 here",
    ]


def test_canvas_table_with_names_in_two_columns_is_filled_in(saved):
    text = "LastName,FirstName,ID,SIS Login ID,Section,Week 1 (11)\nLovelace,Ada,,x,A,\nBitdiddle,Ben,35,y,A,\n"
    export = filled_canvas_table(results(ADA, BEN), saved(text), "", zero_missing=False)
    assert [row[5] for row in csv.reader(io.StringIO(export.text))][1:] == ["7.12", "9"]
    assert export.problems == []


def test_a_name_that_two_have_is_told_apart_by_the_numbers(saved):
    text = 'Student,ID,SIS Login ID,Section,Week 1 (11)\n"Lee, Kim",51,x1,A,\n"Lee, Kim",50,x2,A,\n'
    first = student("kim1", 1.0, first_name="Kim", last_name="Lee", lms="50")
    second = student("kim2", 2.0, first_name="Kim", last_name="Lee", lms="51")
    export = filled_canvas_table(results(first, second), saved(text), "", zero_missing=False)
    assert imported_by_canvas(export.text, {"50": "x2", "51": "x1"})["51"]["11"] == "2"
    assert imported_by_canvas(export.text, {"50": "x2", "51": "x1"})["50"]["11"] == "1"
    first.lms = second.lms = ""
    unknown = filled_canvas_table(results(first, second), saved(text), "", zero_missing=False)
    assert len(unknown.problems) == 2
    with pytest.raises(GradingError, match="are both kim1's"):
        filled_canvas_table(results(first), saved(text), "", zero_missing=False)


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("Week 7", r"is called Week 7; name one with --column \(Week 0 \(10\), Week 1 \(11\)\)$"),
        ("Final Score", "no column that can be filled in is called Final Score"),
        ("Section", "no column that can be filled in is called Section"),
    ],
)
def test_a_column_that_is_not_there_or_read_only_is_refused_with_those_that_are(column, reason, saved):
    with pytest.raises(GradingError, match=reason):
        filled_canvas_table(results(), saved(CANVAS), column, zero_missing=False)


def test_two_columns_of_one_name_are_told_apart_by_their_number(saved):
    text = CANVAS.replace("Week 0 (10)", "Week 1 (10)")
    with pytest.raises(GradingError, match="several columns are called week1; name one with --column"):
        filled_canvas_table(results(), saved(text), "", zero_missing=False)
    export = filled_canvas_table(results(), saved(text), "11", zero_missing=False)
    assert imported_by_canvas(export.text)["34"]["11"] == "7.12"


def test_without_a_template_canvas_gets_those_whose_grade_is_known():
    export = canvas_table(results(), "", zero_missing=False)
    assert imported_by_canvas(export.text) == {
        "34": {"week1": "7.12"}, "35": {"week1": "9"}, "36": {"week1": "3"},
    }  # fmt: skip
    rows = list(csv.reader(io.StringIO(export.text)))
    assert rows[1] == ["    Points Possible", "", "", "", "", "12"]
    assert rows[2][0] == "Lovelace, Ada"
    assert rows[4][0] == "'=1+1"
    assert rows[4][4] == "'@B"
    assert "made anew" in export.notes[0]
    assert imported_by_canvas(canvas_table(results(), "Week 1", zero_missing=True).text)["37"] == {"11": "0"}


def test_what_was_exported_is_a_template_in_which_nothing_changes(saved):
    text = canvas_table(results(), "Week 1", zero_missing=True).text
    export = filled_canvas_table(results(), saved(text), "", zero_missing=True)
    assert (export.text, export.problems) == (text, [])
    text = moodle_table(results(ADA, BEN), "Week 1", by="email", zero_missing=True).text
    export = filled_moodle_table(results(ADA, BEN), saved(text), "Week 1", zero_missing=True)
    assert (export.text, export.problems) == (text, [])


def test_a_roster_taken_from_canvas_gradebook_finds_every_row_of_it_again(saved, tmp_path):
    sheet = saved(CANVAS)
    roster = read_roster(tmp_path / "template.csv")
    taken = [student(name, float(place), **about) for place, (name, about) in enumerate(roster.students.items())]
    export = filled_canvas_table(results(*taken), sheet, "", zero_missing=False)
    assert export.problems == []
    found = imported_by_canvas(export.text, LOGINS | {"40": "emmy"})
    assert {user: grades["11"] for user, grades in found.items()} == {
        "34": "0", "35": "1", "36": "2", "37": "3", "38": "4", "39": "5", "40": "6", "Student, Test": "",
    }  # fmt: skip
    assert any(note.endswith("not here, left as they were: Student, Test") for note in export.notes)


def imported_by_moodle(text, emails, column="Email address", grade="week1"):
    """What Moodle's gradebook would take from a table; one unknown user ends it all."""
    found = {}
    for row in csv.DictReader(io.StringIO(text)):
        assert row[column] in emails, f"Moodle knows no {row[column]!r}"
        found[row[column]] = (None if row[grade] in ("", "-") else float(row[grade]), row[f"{grade} (Feedback)"])
    return found


def test_moodle_takes_each_row_or_the_row_is_not_there():
    export = moodle_table(results(), "", by="email", zero_missing=False)
    assert imported_by_moodle(export.text, {item.email for item in CLASS}) == {
        "ada@example.org": (7.12, "7.12 of 12 points."),
        "Ben@example.org": (9.0, "9 of 12 points, after 1.5 for lateness."),
    }
    assert export.problems == [
        "left out, though graded: eve: the address begins like a formula or does not print; enter the grades in Moodle"
    ]
    by_id = moodle_table(results(), "Week 1", by="id", zero_missing=True)
    found = imported_by_moodle(by_id.text, {item.student for item in CLASS}, "ID number", "Week 1")
    assert {name: grade for name, (grade, _) in found.items()} == {"ada": 7.12, "ben": 9.0, "eve": 3.0, "cara": 0.0}
    assert by_id.problems == []
    assert list(csv.reader(io.StringIO(by_id.text)))[3][0] == "'=1+1"


def test_whoever_has_no_address_is_left_out_as_moodle_would_give_the_grade_to_the_row_before():
    gil = student("gil", 1.0, first_name="Gil", last_name="Gee")
    export = moodle_table(results(ADA, gil), "", by="email", zero_missing=False)
    assert "Gil" not in export.text
    assert export.problems == [
        "left out, though graded: gil: the roster has no e-mail address; enter the grades in Moodle"
    ]


WORKSHEET = """Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,\
Last modified (submission),Last modified (grade),Feedback comments
Participant 701,Ada Lovelace,ada@example.org,Submitted for grading,,12.00,Yes,"Friday, 6 March 2026, 9:00 AM",-,
Participant 702,Ben Bitdiddle,ben@example.org,Submitted for grading,2.00,12.00,Yes,-,"Friday, 6 March 2026",Well said
Participant 703,Fay Fox,fay@example.org,Submitted for grading,,12.00,Yes,-,-,
Participant 704,Cara Cole,cara@example.org,No submission,,12.00,No,-,-,
"""


def test_moodles_worksheet_is_filled_in_and_a_persons_words_stay(saved):
    export = filled_moodle_table(results(ADA, BEN, FAY, CARA), saved(WORKSHEET), "", zero_missing=False)
    old, new = ([*csv.DictReader(io.StringIO(text))] for text in (WORKSHEET, export.text))
    assert [row["Grade"] for row in new] == ["7.12", "9", "", ""]
    assert [row["Feedback comments"] for row in new] == ["7.12 of 12 points.", "Well said", "", ""]
    for row in (*old, *new):
        del row["Grade"], row["Feedback comments"]
    assert old == new
    assert export.problems == ["cara: the worksheet says that the grade cannot be changed"]
    assert any("fay" in note for note in export.notes)
    other = filled_moodle_table(results(ADA), saved(WORKSHEET.replace("12.00", "100.00")), "", zero_missing=False)
    assert "the maximum grade is 100.00 in Moodle, and 12 here: change it in the assignment" in other.notes


def test_moodles_gradebook_is_filled_in(saved):
    text = (
        '"First name","Last name","ID number",Institution,"Email address","Assignment: Week 0 (Real)",'
        '"Assignment: Week 1 (Real)","Assignment: Week 1 (Feedback)","Course total (Real)",'
        '"Last downloaded from this course"\n'
        "Ada,Lovelace,ada,,other@example.org,4,-,,4,1750000000\nEmmy,Noether,emmy,,e@example.org,5,6,,11,1750000000\n"
    )
    export = filled_moodle_table(results(ADA), saved(text), "", zero_missing=False)
    rows = list(csv.reader(io.StringIO(export.text)))
    assert rows[1] == [
        "Ada",
        "Lovelace",
        "ada",
        "",
        "other@example.org",
        "4",
        "7.12",
        "7.12 of 12 points.",
        "4",
        "1750000000",
    ]
    assert rows[2][5:9] == ["5", "6", "", "11"]
    assert any("Emmy Noether" in note for note in export.notes)


@pytest.mark.parametrize(("fill", "what"), [(filled_canvas_table, "Canvas"), (filled_moodle_table, "Moodle")])
def test_a_table_of_something_else_is_refused(fill, what, saved):
    with pytest.raises(GradingError, match=f"is not {what}'s table"):
        fill(results(), saved("name,week1\nada,3\n"), "", zero_missing=False)
    with pytest.raises(GradingError, match="is empty"):
        saved("\n")


def test_json_has_the_numbers_as_they_are():
    data = json.loads(json.dumps(as_data(results())))
    ada, *_, fay = data["students"]
    assert (data["format"], data["week"], data["exercises"]) == (1, "week1", {"f": 10.0, "why": 2.0})
    assert (ada["score"], ada["waits"], ada["exercises"]["f"]) == (7.125, False, {"score": 7.125, "max_score": 10.0})
    assert (fay["waits"], fay["exercises"]["why"]["score"]) == (True, None)
    assert data["students"][2]["first_name"] == "=1+1"  # no spreadsheet reads it


@pytest.mark.parametrize("name", ["\udcff", "a\u202eb", "x\x1b[2J"])
def test_a_students_folder_may_have_any_name(name):
    some = results(student(name, 3.0, email="e@example.org"))
    assert canvas_table(some, "", zero_missing=False).text.encode()
    assert moodle_table(some, "", by="email", zero_missing=False).text.encode()
    by_id = moodle_table(some, "", by="id", zero_missing=False)
    assert by_id.text.count("\n") == 1
    assert len(by_id.problems) == 1
    assert json.dumps(as_data(some)).encode()


@pytest.mark.slow
@pytest.mark.usefixtures("needs_sandbox")
@pytest.mark.xdist_group("grading")
def test_every_format_has_the_number_that_the_terminal_shows(tmp_path, capsys):
    course = make_course(tmp_path / "course")
    (course.root / "deadlines.toml").write_text('policy = "per day"\npercent_per_day = 10\n[week1]\ndue = 2026-03-09\n')
    path = tmp_path / "class.csv"
    path.write_text("id,name,email,lms\nada,Ada Lovelace,ada@example.org,34\nben,Ben Bitdiddle,ben@example.org,35\n")
    assert main(["--root", str(course.root), "roster", str(path)]) == 0
    late = hand_in(course, "ada", with_solutions(released(course), reference_solutions(course)))
    (late.parent / "timestamp.txt").write_text("2026-03-11 12:00:00 UTC\n")
    assert grader(course, "grade", WEEK, "--workers", "0").returncode == 0
    capsys.readouterr()

    def exported(*options, weeks=(WEEK,)):
        code = main(["--root", str(course.root), "export", *weeks, *options])
        return code, capsys.readouterr()

    row = next(csv.DictReader(io.StringIO(exported()[1].out)))
    data = json.loads(exported("--format", "json")[1].out)["students"][0]
    assert data["late_penalty"] == float(row["late_penalty"]) > 0
    assert data["score"] == pytest.approx(float(row["score"]), rel=1e-5)
    term = json.loads(exported("--format", "json", weeks=())[1].out)["students"][0]
    assert term["score"] == term["weeks"][WEEK]["score"] == data["score"]
    assert term["weeks"][WEEK]["late_penalty"] == data["late_penalty"]
    with course.gradebook() as gradebook:
        submission = gradebook.find_submission(WEEK, "ada")
        assert data["score"] == submission.score - submission.late_submission_penalty
        waits = submission.needs_manual_grade
    table = tmp_path / "canvas.csv"
    table.write_text(
        'Student,ID,SIS Login ID,Section,Week 1 (11)\n"Lovelace, Ada",34,x,A,\n"Bitdiddle, Ben",35,y,A,5\n'
    )
    code, said = exported("--format", "canvas", "--template", str(table))
    rows = list(csv.reader(io.StringIO(said.out)))
    assert code == 0
    assert rows[1][4] == ("" if waits else f"{data['score']:.2f}".rstrip("0").rstrip("."))
    assert rows[2][4] == "5"
    assert "ben: handed in nothing" in said.err
    out = tmp_path / "moodle.csv"
    code, said = exported("--format", "moodle", "--output", str(out), "--zero-missing")
    assert "ben@example.org,0,Nothing was handed in." in out.read_text()
    code, said = exported("--column", "x")
    assert (code, "are for --format canvas" in said.err) == (2, True)
