"""Lists of students, as spreadsheets and learning management systems write them, and who is in the results."""

import csv
import io

import pytest

from grader.batch.roster import merge_roster, read_sections
from grader.cli import main
from grader.errors import GradingError
from grader.submissions.names import read_names
from grader.submissions.roster import read_roster
from tests.classroom import WEEK, grader, hand_in, make_course, released

ADA = {"last_name": "Lovelace", "first_name": "Ada", "email": "ada@example.org", "lms": "34", "section": "A"}
PLAIN = "id,last_name,first_name,email,lms,section\nada,Lovelace,Ada,ada@example.org,34,A\n"


def saved(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "class.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (PLAIN, "utf-8"),
        (PLAIN, "utf-8-sig"),
        (PLAIN, "utf-16"),
        (PLAIN.replace("\n", "\r\n"), "utf-8"),
        (PLAIN.replace(",", ";"), "utf-8-sig"),
        (PLAIN.replace(",", "\t"), "utf-16"),
        ("sep=;\n" + PLAIN.replace(",", ";"), "utf-8"),
        (PLAIN.replace(",34,", ',="34",'), "utf-8"),
        (
            "\n" + PLAIN.replace("last_name,first_name", "first name,Surname").replace("Lovelace,Ada", "Ada,Lovelace"),
            "utf-8",
        ),
        ("ID,Name,E-Mail,LMS,Section\nada,'Lovelace, Ada',ada@example.org,34,A\n".replace("'", '"'), "utf-8"),
        ("id,name,email,lms,section\nada,Ada Lovelace,ada@example.org,34,A\n,,,,\n", "utf-8"),
        (
            'Student,ID,SIS User ID,SIS Login ID,Section,email\n"Lovelace, Ada",34,X7,ada,A,ada@example.org\n',
            "utf-8",
        ),
    ],
)
def test_one_list_is_read_however_it_was_saved(text, encoding, tmp_path):
    roster = read_roster(saved(tmp_path, text, encoding))
    assert roster.students == {"ada": ADA}
    assert roster.notes == []


def test_a_list_that_is_not_utf8_is_read_and_said_so(tmp_path):
    roster = read_roster(saved(tmp_path, "id,name\nzoe,Zoë Müller\n", "cp1252"))
    assert roster.students == {"zoe": {"first_name": "Zoë", "last_name": "Müller"}}
    assert "was read as Windows-1252" in roster.notes[0]


def test_a_line_without_an_id_is_left_out_and_said_so(tmp_path):
    path = saved(tmp_path, "id,name,lms\nada,Ada,34\n,Ben,\n")
    roster = read_roster(path)
    assert list(roster.students) == ["ada"]
    assert roster.notes == [f"{path}:3: there is no id in column id; the line was left out"]


def test_columns_that_are_not_taken_over_are_named(tmp_path):
    path = saved(tmp_path, "id,name,section,group,submitted,team\nada,Ada,A,7,,x\n")
    roster = read_roster(path)
    assert roster.students == {"ada": {"last_name": "Ada", "section": "A"}}
    assert roster.notes == [f"{path}:1: not taken over: the columns group, team"]


def test_canvas_own_lines_are_no_students_without_an_id(tmp_path):
    lines = [
        "Student,ID,SIS User ID,SIS Login ID,Section,week1 (77)",
        ",,,,,Manual Posting",
        "    Points Possible,,,,,94",
        '"Lovelace, Ada",34,X7,ada,A,80',
        '"Student, Test",99,,,A,',
    ]
    path = saved(tmp_path, "\n".join(lines) + "\n")
    roster = read_roster(path)
    assert list(roster.students) == ["ada"]
    assert roster.notes == [f"{path}:1: not taken over: the columns week1 (77)"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name,lms\nAda,1\n", ":1: a column id is needed, with the names of students' folders; there is name, lms"),
        ("", " is empty: its first line has to name the columns"),
        ("id,name\n", " names no student"),
        ("id,name,name\nada,Ada,Ada\n", ":1: the column name is there twice"),
        ("id,name\nada,Lovelace, Ada\n", ":2: there are 3 cells for 2 columns"),
        ("id,name\n../x,Ada\n", ":2, column id: ../x cannot be a student's id"),
        ("id,name\nada,Ada\nben,Ben\nada,Ada\n", ":4, column id: ada is on line 2, too"),
        ("id,name\nzoë,Zoë\nzoe\u0308,Zoë\n", ":3, column id: zoë is on line 2, too"),
        ("id,lms\nada,5\nben,5\n", ":3, column lms: 5 is on line 2, too"),
        ("id,email\nada,ada at home\n", ":2, column email: ada at home is no e-mail address"),
        ("id,name\nada,A\x1b[2J\n", r":2, column name: 'A\x1b[2J' has characters that do not print"),
        (f"id,section\nada,{'s' * 129}\n", ":2, column section: there are more than 128 characters"),
        ("id,name\nada,A\0da\n", ":2: this is no text that can be read"),
        ("PK\x03\x04rest", " is a spreadsheet; save it as “CSV UTF-8”"),
    ],
)
def test_what_is_wrong_in_a_list_is_said_with_line_and_column(text, reason, tmp_path):
    path = saved(tmp_path, text)
    with pytest.raises(GradingError) as refused:
        read_roster(path)
    assert str(refused.value).startswith(f"{path}{reason}")


def test_merging_says_what_was_added_and_changed_and_who_is_missing(tmp_path):
    course = make_course(tmp_path / "course")
    first = merge_roster(course, read_roster(saved(tmp_path, PLAIN + "ben,Bitdiddle,Ben,,,B\n")))
    assert (first.added, first.changed, first.missing) == (["ada", "ben"], {}, [])
    text = "id,last_name,email,section\nada,King,,C\ncleo,Cara,c@example.org,\n"
    second = merge_roster(course, read_roster(saved(tmp_path, text)))
    assert second.added == ["cleo"]
    assert second.changed == {"ada": [("last_name", "Lovelace", "King"), ("section", "A", "C")]}
    assert second.missing == ["ben"]
    with course.gradebook() as gradebook:
        ada, ben = gradebook.find_student("ada"), gradebook.find_student("ben")
        assert (ada.last_name, ada.first_name, ada.email, ada.lms_user_id) == ("King", "Ada", "ada@example.org", "34")
        assert ben.last_name == "Bitdiddle"
    assert read_sections(course) == {"ada": "C", "ben": "B"}
    third = merge_roster(course, read_roster(saved(tmp_path, text)))
    assert (third.added, third.changed, third.missing) == ([], {}, ["ben"])


def test_the_courses_own_list_can_be_merged_again_and_gives_ids_to_collected_files(tmp_path):
    course = make_course(tmp_path / "course")
    merge_roster(course, read_roster(saved(tmp_path, PLAIN + "eve,=1+1,-Eve,,,@B\n")))
    own = course.root / "roster.csv"
    assert "eve,'=1+1,'-Eve,,,'@B" in own.read_text().splitlines()  # which no spreadsheet computes
    again = merge_roster(course, read_roster(own))
    assert (again.added, again.changed, again.missing) == ([], {}, [])
    assert read_names(own).by_name["adalovelace"] == {"ada"}
    assert read_names(own).by_user == {"34": "ada"}


def test_the_command_says_what_it_did(tmp_path, capsys):
    course = make_course(tmp_path / "course")
    path = str(saved(tmp_path, PLAIN))
    assert main(["--root", str(course.root), "roster", path]) == 0
    assert "added: ada\n1 student in" in capsys.readouterr().out
    saved(tmp_path, "id,section\nada,B\n")
    assert main(["--root", str(course.root), "roster", path]) == 0
    assert "changed: ada: section A → B" in capsys.readouterr().out
    saved(tmp_path, "id,name\nben,Ben\n")
    assert main(["--root", str(course.root), "roster", path]) == 0
    assert "not in the file, and kept: ada" in capsys.readouterr().out
    assert main(["--root", str(course.root), "roster", str(tmp_path / "none.csv")]) == 2
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("needs_sandbox")
@pytest.mark.xdist_group("grading")
def test_everybody_on_the_roster_is_in_export_and_report(tmp_path):
    course = make_course(tmp_path / "course")
    text = "id,name,email,section\nada,Ada Lovelace,ada@example.org,A\nben,Ben Bitdiddle,,=B\nlate,Cara Spät,,\n"
    merge_roster(course, read_roster(saved(tmp_path, text)))
    hand_in(course, "ada", released(course))
    assert grader(course, "grade", WEEK).returncode == 0
    hand_in(course, "late", released(course))  # after the run
    with course.gradebook() as gradebook:
        gradebook.add_submission(WEEK, "ben")  # as nbgrader does to note an extension
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(grader(course, "export", WEEK).stdout))}
    assert {student: row["note"] for student, row in rows.items()} == {
        "ada": "",
        "ben": "nothing handed in",
        "late": "handed in, not graded",
    }
    assert (rows["ada"]["email"], rows["ada"]["section"]) == ("ada@example.org", "A")
    assert (rows["ben"]["score"], rows["ben"]["max_score"]) == ("0", rows["ada"]["max_score"])
    assert rows["ben"]["section"] == "'=B"
    assert grader(course, "report", WEEK).returncode == 0
    page = (course.root / "report.html").read_text()
    assert "1 graded submission, 1 student: nothing handed in, 1 student: handed in, not graded" in page
    assert "Ben Bitdiddle" in page
