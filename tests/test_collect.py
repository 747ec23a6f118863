"""What instructors download is put where it is graded; nothing is lost, and one bad file stops nothing."""

import dataclasses
import json
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.batch.grade_week import students_with_submissions
from grader.cli import main
from grader.errors import GradingError
from grader.lessons.notebooks import released_notebooks
from grader.submissions.archives import open_archive
from grader.submissions.collect import Collected, collect
from grader.submissions.layouts import Upload
from grader.submissions.members import CLASS, UPLOAD
from grader.submissions.names import read_names
from grader.submissions.reader import find_submissions
from grader.submissions.timestamps import read_timestamp
from grader.submissions.uploads import MAX_NOTEBOOKS, unpack
from tests.archive_files import stating, tarred, zipped, zipped_link
from tests.classroom import LESSON, REPOSITORY, WEEK, grader, make_course, released

NAME = f"{LESSON}.ipynb"


def notebook(text: str = "") -> bytes:
    """A notebook that differs by its text."""
    return json.dumps({"cells": [{"cell_type": "code", "source": text}], "nbformat": 4}).encode()


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course")


@pytest.fixture
def save(tmp_path):
    """Saves a download, and says where it is."""

    def save(content: bytes, name: str = "submissions.zip") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return save


def placed(course, week: str = WEEK) -> dict[str, dict[str, bytes]]:
    """The files in submitted/, by student and name."""
    return {
        folder.parent.name: {path.name: path.read_bytes() for path in folder.iterdir()}
        for folder in course.submitted.glob(f"*/{week}")
    }


def kept(course, student: str) -> dict[str, dict[str, bytes]]:
    """The attempts of a student, by number."""
    folders = [path for path in (course.root / "downloaded" / WEEK / "attempts" / student).iterdir() if path.is_dir()]
    return {folder.name: {path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders}


def canvas(who: str, user: int, file: int, name: str = NAME, late: str = "") -> str:
    return f"{who}_{late}{user}_{file}_{name}"


# ---- layouts


def test_a_download_from_canvas_is_collected(course, save):
    archive = zipped(
        (canvas("lovelaceada", 34, 501), notebook("ada")),
        (canvas("hoppergrace", 35, 502, late="LATE_"), notebook("grace")),
        (canvas("turingalan", 36, 503, "my homework.zip"), zipped((f"week1/{NAME}", notebook("alan")))),
        ("anon_x1Y2z_504_" + NAME, notebook("anonymous")),
        ("noetheremmy_37_text.html", b"<p>text"),
    )
    found = collect(course, WEEK, [save(archive)])
    assert found.problems == []
    assert placed(course) == {
        "lovelaceada": {NAME: notebook("ada")},
        "hoppergrace": {NAME: notebook("grace")},
        "turingalan": {NAME: notebook("alan")},
        "anon_x1Y2z": {NAME: notebook("anonymous")},
    }
    assert "hoppergrace: Canvas marks this as late" in found.notes
    assert "noetheremmy: a text was handed in online; it is left out" in found.notes


def test_a_notebook_that_canvas_renamed_gets_its_name_back(course, save):
    archive = zipped(
        (canvas("ada", 34, 501, f"{LESSON}-3.ipynb"), notebook()), (canvas("bo", 35, 5, "x-1.ipynb"), b"1")
    )
    collect(course, WEEK, [save(archive)])
    assert placed(course) == {"ada": {NAME: notebook()}, "bo": {"x-1.ipynb": b"1"}}


def test_a_download_from_moodle_is_collected(course, save):
    archive = zipped(
        (f"Ada Lovelace_123_assignsubmission_file_/{NAME}", notebook("ada")),
        (f"José Núñez_124_assignsubmission_file/sub/{NAME}", notebook("josé")),
        (f"Alan Turing_125_assignsubmission_file_{NAME}", notebook("alan")),
        ("Ada Lovelace_123_assignsubmission_onlinetext_/onlinetext.html", b"text"),
    )
    found = collect(course, WEEK, [save(archive)])
    assert found.problems == []
    assert placed(course) == {
        "ada-lovelace": {NAME: notebook("ada")},
        "josé-núñez": {NAME: notebook("josé")},
        "alan-turing": {NAME: notebook("alan")},
    }
    assert found.notes == ["ada-lovelace: a text was handed in online; it is left out"]


def test_folders_and_archives_named_after_students_are_collected(course, tmp_path):
    folder = tmp_path / "downloads"
    (folder / "ada" / "deep").mkdir(parents=True)
    (folder / "ada" / "deep" / NAME).write_bytes(notebook("ada"))
    (folder / "ada" / ".ipynb_checkpoints").mkdir()
    (folder / "ada" / ".ipynb_checkpoints" / NAME).write_bytes(notebook("checkpoint"))
    (folder / "ben.zip").write_bytes(zipped((NAME, notebook("ben")), (f"__MACOSX/._{NAME}", b"junk")))
    (folder / "cy.tar.gz").write_bytes(tarred((NAME, notebook("cy"))))
    found = collect(course, WEEK, [folder])
    assert found == Collected({"ada": "collected", "ben": "collected", "cy": "collected"})
    assert placed(course) == {student: {NAME: notebook(student)} for student in ("ada", "ben", "cy")}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_of_one_folder_with_its_name_is_taken_for_that_folder(pack, course, save):
    archive = pack((f"class/ada/{NAME}", notebook("ada")), (f"class/ben/{NAME}", notebook("ben")))
    assert collect(course, WEEK, [save(archive, "class.zip")]).problems == []
    assert set(placed(course)) == {"ada", "ben"}


def test_a_notebook_that_a_browser_renamed_is_a_notebook(course, save):
    collect(course, WEEK, [save(zipped((f"ada/{NAME}.txt", notebook())))])
    assert placed(course) == {"ada": {NAME: notebook()}}


def test_which_notebook_is_which_lesson_is_left_to_the_reader(course, save):
    collect(course, WEEK, [save(zipped(("ada/my work.ipynb", json.dumps(released(course)).encode())))])
    lessons = released_notebooks(course.release / WEEK)
    path, said = find_submissions(course.submitted / "ada" / WEEK, lessons)[LESSON]
    assert path.name == "my work.ipynb"
    assert said == [f"The file my work.ipynb was graded as {NAME}."]


# ---- what cannot be collected


def test_one_bad_file_or_archive_stops_nothing_and_is_named(course, save):
    inner = zipped((NAME, notebook("x" * 3000)))
    archive = zipped(
        (canvas("cut", 1, 1, "hw.zip"), inner[:-30]),
        (canvas("locked", 2, 2, "hw.zip"), stating(inner, "flags", 1)),
        (canvas("twice", 3, 3, "hw.zip"), zipped(("inner.zip", inner))),
        (canvas("bomb", 4, 4, "hw.zip"), zipped((NAME, bytes(9_000_000)))),
        (canvas("rar", 5, 5, "hw.rar"), b"Rar!\x1a\x07\x00"),
        (canvas("linked", 6, 6, "hw.zip"), zipped_link(NAME, "/etc/passwd")),
        (canvas("paper", 7, 7, "scan.pdf"), b"%PDF"),
        (canvas("good", 8, 8), notebook("good")),
        ("readme.ipynb", notebook()),
    )
    missing = course.root / "missing.zip"
    found = collect(course, WEEK, [save(b"<html>", "login.zip"), missing, save(archive)])
    assert placed(course) == {"good": {NAME: notebook("good")}}
    expected = {
        "login.zip": "is a web page",
        "missing.zip": "cannot be read (No such file",
        "readme.ipynb": "is not named as Canvas names files",
        "cut: the file hw.zip": "is damaged, or was not downloaded completely",
        f"locked: the file {NAME} in hw.zip": "is encrypted",
        "twice: the file inner.zip": "is an archive inside the archive hw.zip",
        f"bomb: the file {NAME} in hw.zip": "unpacks to more than 200 times its size",
        "rar: the file hw.rar": "is a RAR archive",
        f"linked: the file {NAME} in hw.zip": "is a link or a device",
        "paper": "handed in no notebook, but scan.pdf",
    }
    assert len(found.problems) == len(expected)
    for name, reason in expected.items():
        assert any(f"{name} {reason}" in problem for problem in found.problems), name


def test_nothing_is_written_outside_the_courses_folders(course, tmp_path, save):
    evil = zipped(
        *(
            (f"{up}planted.ipynb", notebook())
            for up in ("../", "../../../", "..\\..\\", "/tmp/", f"{tmp_path}/", "a/../../")
        ),
        (f"ok/{NAME}", notebook("ok")),
    )
    outer = zipped((canvas("eve", 1, 1, "hw.zip"), evil), ("../../eve_2_2_planted.ipynb", notebook()))
    found = collect(course, WEEK, [save(outer)])
    assert placed(course) == {"eve": {NAME: notebook("ok")}}
    assert len(found.problems) == 7
    assert list(tmp_path.rglob("*planted*")) == list(Path("/tmp").glob("planted*")) == []


def test_a_students_archive_says_nothing_about_whose_it_is(course, tmp_path):
    """A student's own archive may look like a download of the whole class."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    names = (canvas("victim", 1, 999), f"victim_2_assignsubmission_file_/{NAME}", f"victim/{NAME}")
    for number, name in enumerate(names):
        (folder / f"eve{number}.zip").write_bytes(zipped((name, notebook("forged"))))
    collect(course, WEEK, [folder])
    assert set(placed(course)) == {"eve0", "eve1", "eve2"}


def test_a_huge_notebook_is_named_and_the_others_are_collected(course, tmp_path):
    for student in ("ada", "ben"):
        (tmp_path / "downloads" / student).mkdir(parents=True)
    (tmp_path / "downloads" / "ben" / NAME).write_bytes(notebook())
    with open(tmp_path / "downloads" / "ada" / NAME, "wb") as stream:
        stream.truncate(10**9)
    found = collect(course, WEEK, [tmp_path / "downloads"])
    assert set(placed(course)) == {"ben"}
    assert [problem.split(": ", 1)[1] for problem in found.problems] == [
        f"ada: the file {NAME} is larger than 20,000,000 bytes."
    ]


def test_of_hundreds_of_notebooks_a_hundred_are_collected(course, save):
    archive = zipped(*((f"ada/{number}.ipynb", notebook()) for number in range(103)), (f"ben/{NAME}", notebook()))
    found = collect(course, WEEK, [save(archive)])
    assert len(placed(course)["ada"]) == 100
    assert len(placed(course)["ben"]) == 1
    assert all("one of more than 100 notebooks" in problem for problem in found.problems)
    assert len(found.problems) == 3


def test_all_that_one_student_handed_in_has_a_limit(tmp_path):
    path, folder = tmp_path / "class.zip", tmp_path / "unpacked"
    folder.mkdir()
    inner = zipped(("c.ipynb", bytes(3_000)), method=zipfile.ZIP_STORED)
    path.write_bytes(zipped(("a.ipynb", bytes(4_000)), ("b.ipynb", bytes(4_000)), ("c.zip", inner), ("d.ipynb", b"1")))
    limits = dataclasses.replace(UPLOAD, total_bytes=6_000)
    with path.open("rb") as stream, open_archive(stream) as archive:
        uploads = [Upload(member, member.parts[-1]) for member in archive.members]
        found = unpack(uploads, archive, folder, [], limits)
    assert [notebook.name for notebook in found.notebooks] == ["a.ipynb"]
    assert len(found.problems) == 3
    assert "the file b.ipynb is more than 6,000 bytes together with the student's others." in found.problems


def test_a_lone_notebook_is_refused_with_advice(course, save):
    found = collect(course, WEEK, [save(notebook(), "mine.ipynb"), save(zipped((NAME, notebook())))])
    assert "is one notebook; put it in submitted/<student>/<week>/" in found.problems[0]
    assert "is not in a folder named after a student, so whose it is cannot be told." in found.problems[1]
    assert placed(course) == {}


def test_the_page_names_the_limits_of_the_code():
    page = (REPOSITORY / "docs" / "grading.md").read_text(encoding="utf-8")
    said = " ".join(page.partition("**What is refused.**")[2].partition("\n## ")[0].split())
    assert f"notebooks of more than {UPLOAD.member_bytes // 10**6} MB" in said
    assert f"more than {MAX_NOTEBOOKS} notebooks or {UPLOAD.total_bytes // 10**6} MB of one student" in said
    assert f"more than {UPLOAD.members:,} files in a student's archive ({CLASS.members:,} in a source)" in said
    assert f"more than {UPLOAD.ratio} times its size" in said


def test_an_archive_without_submissions_is_said_to_be_so(course, save):
    assert collect(course, WEEK, [save(zipped(("grades.xlsx", b"1")))]).problems[0].endswith("holds no submissions.")


# ---- students


@pytest.mark.parametrize(
    "name", ["-rf", "a*b", "[a]", "a?b", "{a}", "a,b", "$(a)", "x" * 129, "é" * 120, "eve\x1b[2J"], ids=ascii
)
def test_a_name_that_nbgrader_would_not_find_is_no_id(name, course, tmp_path):
    for student in (name, "good"):
        (tmp_path / "downloads" / student).mkdir(parents=True)
        (tmp_path / "downloads" / student / NAME).write_bytes(notebook())
    found = collect(course, WEEK, [tmp_path / "downloads"])
    assert set(placed(course)) == {"good"}
    assert "cannot be a student's id" in found.problems[0]


@pytest.mark.parametrize("name", ["ada", "Ada Lovelace", "a.b+c@d.e", "o'neil-smith", "李雷", "1234567"])
def test_a_name_that_nbgrader_takes_is_an_id(name, course, save):
    assert collect(course, WEEK, [save(zipped((f"{name}/{NAME}", notebook())))]).problems == []
    assert course.api.get_submitted_students(WEEK) == {name}
    assert students_with_submissions(course, WEEK) == ([name], [])


def test_names_that_become_equal_when_they_are_made_harmless_are_not_mixed(course, save):
    long = "x" * 210
    names = ["eve\x1b", "eve\x07", f"{long}1", f"{long}2", "eve_"]
    found = collect(course, WEEK, [save(zipped(*((f"{name}/{NAME}", notebook(name)) for name in names)))])
    assert placed(course) == {"eve_": {NAME: notebook("eve_")}}
    assert len(found.problems) == 4


def test_students_of_one_name_are_told_apart_by_their_numbers(course, save):
    archive = zipped((canvas("smithjo", 12, 1), notebook("12")), (canvas("smithjo", 34, 2), notebook("34")))
    found = collect(course, WEEK, [save(archive)])
    assert placed(course) == {"smithjo-12": {NAME: notebook("12")}, "smithjo-34": {NAME: notebook("34")}}
    assert "several students are called smithjo" in found.notes[0]


def test_another_student_of_the_same_name_replaces_nothing(course, save):
    collect(course, WEEK, [save(zipped((canvas("smithjo", 12, 1), notebook("12"))))])
    found = collect(course, WEEK, [save(zipped((canvas("smithjo", 34, 2), notebook("34"))))])
    assert placed(course) == {"smithjo": {NAME: notebook("12")}}
    assert "if two students have this name, --names tells them apart" in found.problems[0]


def test_names_that_differ_in_case_only_are_not_mixed(course, save):
    found = collect(course, WEEK, [save(zipped((f"Ada/{NAME}", notebook("1")), (f"ada/{NAME}", notebook("2"))))])
    assert placed(course) == {"Ada": {NAME: notebook("1")}}
    assert "ada differs from Ada only in how it is written" in found.problems[0]


@pytest.mark.parametrize("place", ["ada", f"ada/{WEEK}"])
def test_a_link_in_the_place_of_a_folder_is_not_followed(place, course, save, tmp_path):
    (tmp_path / "elsewhere" / WEEK).mkdir(parents=True)
    (course.submitted / place).parent.mkdir(parents=True, exist_ok=True)
    (course.submitted / place).symlink_to(tmp_path / "elsewhere")
    found = collect(course, WEEK, [save(zipped((f"ada/{NAME}", notebook()), (f"ben/{NAME}", notebook())))])
    assert "is a link or a file, not a folder" in found.problems[0]
    assert list((tmp_path / "elsewhere" / WEEK).iterdir()) == []
    assert (course.submitted / "ben" / WEEK / NAME).is_file()


def test_a_list_gives_ids_by_number_and_by_name_in_any_order(course, save, tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("ID;Name;LMS\nu1;Lovelace, Ada;34\nu2;Grace Hopper;\nu3;José Núñez;Participant 77\n;Points;\n")
    archive = zipped(
        (canvas("renamed", 34, 1), notebook("u1")),
        (canvas("hoppergrace", 35, 2), notebook("u2")),
        (canvas("stranger", 36, 3), notebook()),
    )
    moodle = zipped((f"X Y_77_assignsubmission_file_/{NAME}", notebook("u3")))
    found = collect(course, WEEK, [save(archive), save(moodle, "moodle.zip")], read_names(path))
    assert placed(course) == {student: {NAME: notebook(student)} for student in ("u1", "u2", "u3")}
    assert len(found.problems) == 1
    assert "stranger is not in roster.csv (the LMS's number is 36)" in found.problems[0]


def test_a_list_gives_ids_to_folders_too(course, save, tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("id,name\nu1,Ada Lovelace\nu2,Jo Smith\nu3,Jo Smith\n")
    archive = zipped(*((f"{name}/{NAME}", notebook(name)) for name in ("Ada Lovelace", "u2", "Jo Smith")))
    found = collect(course, WEEK, [save(archive)], read_names(path))
    assert set(placed(course)) == {"u1", "u2"}
    assert "Jo Smith is the name of several students in roster.csv: u2, u3" in found.problems[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "name\nAda\n",
            ":1: the columns id, and name or lms or submitted, are needed (or first_name",
        ),
        ("", " is empty: its first line has to name the columns"),
        ("id,name\nu1,Lovelace, Ada\n", ":2: there are 3 cells for 2 columns; text with commas has to stand in quotes"),
        ("id,name\n../../x,Ada\n", ":2: the id ../../x cannot be a student's id"),
        ("id,name\nu1,Ada\nu1,Ben\n", ":3: the id u1 is there twice"),
        ("id,lms\nu1,5\nu2,5\n", ":3: u2 and u1 have the same number, 5"),
        ("id,name,submitted\nu1,Ada,yesterday\n", ":2: yesterday is not a time such as 2025-03-01 23:59"),
        ("id,name\nu1,\0\n", ":2: this is no text that can be read; save the file as “CSV UTF-8”"),
    ],
)
def test_a_list_that_is_not_right_is_refused_naming_file_and_line(text, reason, tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(GradingError) as refused:
        read_names(path)
    assert f"{path}{reason}" in str(refused.value)


# ---- attempts


def test_collecting_again_changes_nothing(course, save):
    path = save(zipped((canvas("ada", 34, 501), notebook("1")), (canvas("ben", 35, 502), b"")))
    collect(course, WEEK, [path])
    before = (placed(course), kept(course, "ada"), kept(course, "ben"))
    found = collect(course, WEEK, [path, path])
    assert found == Collected({"ada": "unchanged", "ben": "unchanged"})
    assert (placed(course), kept(course, "ada"), kept(course, "ben")) == before


@pytest.mark.parametrize("order", [("old", "new"), ("new", "old")])
@pytest.mark.parametrize("together", [True, False])
def test_the_newest_attempt_is_in_place_in_whichever_order_they_come(order, together, course, save):
    files = {
        "old": save(zipped((canvas("ada", 34, 501), notebook("old"))), "old.zip"),
        "new": save(zipped((canvas("ada", 34, 777, f"{LESSON}-1.ipynb"), notebook("new"))), "new.zip"),
    }
    for sources in [[files[name] for name in order]] if together else [[files[name]] for name in order]:
        assert collect(course, WEEK, sources).problems == []
    assert placed(course) == {"ada": {NAME: notebook("new")}}
    assert sorted(map(str, kept(course, "ada").values())) == sorted(
        str({NAME: notebook(text)}) for text in ("old", "new")
    )


def test_a_later_download_from_moodle_is_newer(course, save):
    early, late = (
        save(
            zipped((f"Ada_5_assignsubmission_file_/{NAME}", notebook(text)), time=(2025, 3, day, 12, 0, 0)),
            f"{text}.zip",
        )
        for day, text in ((1, "early"), (2, "late"))
    )
    collect(course, WEEK, [late])
    found = collect(course, WEEK, [early])
    assert placed(course) == {"ada": {NAME: notebook("late")}}
    assert found.students["ada"].startswith("unchanged; this is an earlier attempt, kept as")
    assert {NAME: notebook("early")} in kept(course, "ada").values()


def test_notebooks_of_one_name_in_one_download_are_attempts(course, save):
    archive = zipped(
        (canvas("ada", 34, 502, f"{LESSON}-1.ipynb"), notebook("second")),
        (canvas("ada", 34, 501), notebook("first")),
        (canvas("ada", 34, 500, "other.ipynb"), notebook("other")),
    )
    collect(course, WEEK, [save(archive)])
    assert placed(course) == {"ada": {NAME: notebook("second"), "other.ipynb": notebook("other")}}
    assert kept(course, "ada")["1"] == {NAME: notebook("first")}


def test_of_names_that_differ_in_case_only_one_is_placed_and_both_are_kept(course, save):
    archive = zipped((f"ada/{NAME}", notebook("1")), (f"ada/{NAME.upper()}", notebook("2")))
    collect(course, WEEK, [save(archive)])
    assert [len(files) for files in placed(course).values()] == [1]
    assert {tuple(files.values()) for files in kept(course, "ada").values()} == {(notebook("1"),), (notebook("2"),)}


def test_an_attempt_that_came_back_is_the_newest_again(course, save):
    for file, text in ((1, "A"), (2, "B"), (3, "A")):
        collect(course, WEEK, [save(zipped((canvas("ada", 34, file), notebook(text))))])
    assert placed(course) == {"ada": {NAME: notebook("A")}}
    assert len(kept(course, "ada")) == 3


def test_what_was_put_there_by_hand_is_kept(course, save):
    folder = course.submitted / "ada" / WEEK
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(notebook("by hand"))
    (folder / "data.csv").write_bytes(b"1,2")
    found = collect(course, WEEK, [save(zipped((f"ada/{NAME}", notebook("new"))))])
    assert placed(course) == {"ada": {NAME: notebook("new")}}
    assert {NAME: notebook("by hand"), "data.csv": b"1,2"} in kept(course, "ada").values()
    assert found.students["ada"].startswith("replaced by a newer attempt; the earlier ones are in ")


def test_what_was_changed_by_hand_stays_until_something_new_comes(course, save):
    first = save(zipped((f"ada/{NAME}", notebook("1"))))
    collect(course, WEEK, [first])
    (course.submitted / "ada" / WEEK / NAME).write_bytes(notebook("mended"))
    found = collect(course, WEEK, [first])
    assert found.students == {"ada": "unchanged; this is attempt 1, and another one is in its place"}
    assert placed(course) == {"ada": {NAME: notebook("mended")}}
    collect(course, WEEK, [save(zipped((f"ada/{NAME}", notebook("2"))))])
    assert placed(course) == {"ada": {NAME: notebook("2")}}
    assert {NAME: notebook("mended")} in kept(course, "ada").values()


def test_an_attempt_with_fewer_notebooks_is_said_to_lack_them(course, save):
    collect(course, WEEK, [save(zipped((f"ada/{NAME}", notebook()), ("ada/b.ipynb", notebook())))])
    found = collect(course, WEEK, [save(zipped((f"ada/{NAME}", notebook("new"))))])
    assert found.students["ada"].startswith("replaced by a newer attempt (it lacks b.ipynb)")


def test_after_a_run_that_was_killed_the_newest_attempt_is_put_in_place(course, save):
    old = save(zipped((canvas("ada", 34, 1), notebook("old"))), "old.zip")
    new = save(zipped((canvas("ada", 34, 2), notebook("new"))), "new.zip")
    collect(course, WEEK, [old, new])
    shutil.rmtree(course.submitted / "ada" / WEEK)  # the moment before a new one is renamed into place
    attempts = course.root / "downloaded" / WEEK / "attempts" / "ada"
    (attempts / ".partial-x").mkdir()
    (attempts / ".copy").mkdir()
    (attempts / "9.json").write_text("{")
    collect(course, WEEK, [old])
    assert placed(course) == {"ada": {NAME: notebook("new")}}
    assert set(kept(course, "ada")) == {"1", "2"}


def test_attempts_are_seen_neither_by_nbgrader_nor_by_the_grader(course, save):
    for text in "12":
        collect(course, WEEK, [save(zipped((f"ada/{NAME}", notebook(text))))])
    assert course.api.get_submitted_students("*") == {"ada"}
    assert [path.name for path in (course.submitted / "ada").iterdir()] == [WEEK]
    assert students_with_submissions(course, WEEK) == (["ada"], [])


# ---- times


def test_without_a_word_no_time_is_taken_for_that_of_handing_in(course, save):
    """Canvas and Moodle write into an archive when it was downloaded, which would make everyone late."""
    collect(course, WEEK, [save(zipped((canvas("ada", 34, 1), notebook()), time=(2025, 3, 1, 12, 0, 0)))])
    assert set(placed(course)["ada"]) == {NAME}


def test_an_archives_times_are_written_for_nbgrader_if_they_are_said_to_be_right(course, save):
    archive = zipped((f"Ada_5_assignsubmission_file_/{NAME}", notebook()), time=(2025, 3, 1, 12, 0, 0))
    collect(course, WEEK, [save(archive)], archive_times=True)
    expected = datetime(2025, 3, 1, 12).astimezone(UTC).replace(tzinfo=None)
    assert read_timestamp(str(course.submitted / "ada" / WEEK)) == expected
    assert course.api.coursedir.get_existing_timestamp(str(course.submitted / "ada" / WEEK)) == expected


def test_a_list_says_when_students_handed_in(course, save, tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("id,name,submitted\nu1,Ada,2025-03-01T12:00:00+01:00\nu2,Ben,\n")
    archive = zipped((f"Ada/{NAME}", notebook()), (f"Ben/{NAME}", notebook()), ("Ben/timestamp.txt", b"1990-01-01"))
    collect(course, WEEK, [save(archive)], read_names(path))
    assert read_timestamp(str(course.submitted / "u1" / WEEK)) == datetime(2025, 3, 1, 11)
    assert set(placed(course)["u2"]) == {NAME}  # what a student says about the time does not count


def test_times_without_an_offset_are_in_the_zone_of_the_due_dates(course, save, tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("id,name,submitted\nu1,Ada,2025-03-01 00:10\n")
    (course.root / "deadlines.toml").write_text('timezone = "Europe/Berlin"\n')
    source = save(zipped((f"Ada/{NAME}", notebook())))
    said = grader(course, "collect", WEEK, str(source), "--names", str(path)).stdout
    assert "roster.csv: times without an offset are in Europe/Berlin, the timezone in deadlines.toml" in said
    assert read_timestamp(str(course.submitted / "u1" / WEEK)) == datetime(2025, 2, 28, 23, 10)
    path.write_text("id,name,submitted\nu1,Ada,2025-02-28 23:30Z\n")
    said = grader(course, "collect", WEEK, str(source), "--names", str(path)).stdout
    assert "u1: the same files; handed in 2025-03-01 00:30 +0100" in said


def test_the_same_files_with_another_time_are_no_newer_attempt(course, save, tmp_path):
    archive = save(zipped((f"Ada/{NAME}", notebook())))
    path = tmp_path / "roster.csv"

    def collected(time):
        path.write_text(f"id,name,submitted\nu1,Ada,{time}\n")
        return collect(course, WEEK, [archive], read_names(path)).students["u1"]

    assert collected("") == "collected"
    assert collected("2025-03-01T12:00:00+01:00") == "the same files; handed in 2025-03-01 11:00 +0000"
    assert collected("2025-03-01T12:00:00+01:00") == "unchanged"
    assert collected("2025-03-01T10:00:00+01:00") == "the same files; handed in 2025-03-01 09:00 +0000"
    assert collected("") == "unchanged"  # a list without times takes none away
    assert read_timestamp(str(course.submitted / "u1" / WEEK)) == datetime(2025, 3, 1, 9)
    attempts = course.root / "downloaded" / WEEK / "attempts" / "u1"
    assert sorted(item.name for item in attempts.iterdir()) == ["1", "1.json"]


# ---- the command


def test_the_command_reports_and_its_exit_code_says_whether_all_is_well(course, save, tmp_path):
    good = save(zipped((f"ada/{NAME}", notebook())), "good.zip")
    evil = save(zipped((f"eve\x1b[2J/{NAME}", notebook()), (f"ben/x\x1b[1m\n{NAME}", notebook())), "evil\x1b[3m.zip")
    result = grader(course, "collect", WEEK, str(good))
    assert (result.returncode, result.stderr) == (0, "")
    assert "\nada: collected\n1 student in " in result.stdout
    result = grader(course, "collect", WEEK, str(good), str(evil), str(tmp_path / "nothing.zip"))
    assert result.returncode == 1
    assert "ada: unchanged\nben: collected\n" in result.stdout
    assert r"evil\x1b[3m.zip: the file eve\x1b[2J/" in result.stderr
    assert "cannot be a student's id" in result.stderr
    assert "nothing.zip cannot be read (No such file or directory)." in result.stderr
    assert all(letter.isprintable() or letter == "\n" for letter in result.stdout + result.stderr)


def test_the_command_refuses_an_unknown_week_and_a_list_that_is_not_there(course, save, capsys):
    source = str(save(zipped((f"ada/{NAME}", notebook()))))
    assert main(["--root", str(course.root), "collect", "week99", source]) == 2
    assert "The weeks are: week1" in capsys.readouterr().err
    assert main(["--root", str(course.root), "collect", WEEK, source, "--names", "missing.csv"]) == 2
    assert "missing.csv cannot be read (No such file or directory)" in capsys.readouterr().err
    assert placed(course) == {}


def test_a_folder_that_cannot_be_written_costs_only_its_student(course, save):
    course.submitted.mkdir(exist_ok=True)
    (course.submitted / "ada").write_text("a file in the place of the folder")
    found = collect(course, WEEK, [save(zipped((f"ada/{NAME}", notebook()), (f"ben/{NAME}", notebook())))])
    assert "ada could not be collected (File exists: " in found.problems[0]
    assert set(placed(course)) == {"ben"}


def test_a_list_as_older_spreadsheets_save_it_is_read_and_that_is_said(tmp_path):
    path = tmp_path / "names.csv"
    path.write_text("id;name\nu1;Zoë\n", encoding="cp1252")
    names = read_names(path)
    assert names.by_name["zoë"] == {"u1"}
    assert names.notes == [f"{path} is not UTF-8 text, and was read as Windows-1252: look at names such as Zoë"]


def test_a_list_with_first_and_last_names_gives_ids(tmp_path):
    path = tmp_path / "names.csv"
    path.write_text("id,first_name,last_name\nada,Ada,Lovelace\nben.b,Ben,Brown\n")
    names = read_names(path)
    assert names.by_name["lovelaceada"] == {"ada"}
    assert names.by_name["benbrown"] == {"ben.b"}


def test_an_export_of_canvas_gives_the_ids_that_roster_takes_from_it(tmp_path):
    path = tmp_path / "canvas.csv"
    path.write_text('Student,ID,SIS Login ID\nPoints Possible,,\n"Lovelace, Ada",34,ada\n')
    names = read_names(path)
    assert names.by_user == {"34": "ada"}
    assert names.by_name["adalovelace"] == {"ada"}


def test_the_roster_of_the_course_gives_ids_unless_another_list_is_named(course, save, tmp_path, capsys):
    source = str(save(zipped((canvas("lovelaceada", 34, 1), notebook()))))
    command = ["--root", str(course.root), "collect", WEEK, source]
    assert main(command) == 0
    assert "there is no roster.csv" in capsys.readouterr().out
    shutil.rmtree(course.root / "downloaded")
    shutil.rmtree(course.submitted / "lovelaceada")
    (course.root / "class.csv").write_text("id,name,lms\nada,Ada Lovelace,34\n")
    assert main(["--root", str(course.root), "roster", str(course.root / "class.csv")]) == 0
    assert main(command) == 0
    said = capsys.readouterr().out
    assert f"students' ids are those of {course.root / 'roster.csv'}" in said
    assert set(placed(course)) == {"ada"}
    (tmp_path / "other.csv").write_text("id,lms\nother,34\n")
    assert main([*command, "--names", str(tmp_path / "other.csv")]) == 0
    assert "roster.csv" not in capsys.readouterr().out
    assert set(placed(course)) == {"ada", "other"}


@pytest.fixture
def of_three(save):
    """A download in which three students handed in files, and one a text."""
    members = [(canvas(who, user, user), notebook(who)) for who, user in (("ada", 34), ("ben", 35), ("chen", 36))]
    return str(save(zipped(*members, ("dora_37_text.html", b"<p>text"))))


def test_a_list_that_holds_only_some_is_said_to_and_then_nothing_is_wrong(course, of_three, tmp_path, capsys):
    path = tmp_path / "two.csv"
    path.write_text("id,lms\nu1,34\nu3,36\nu9,99\n")
    command = ["--root", str(course.root), "collect", WEEK, of_three, "--names", str(path)]
    assert main(command) == 1
    said = capsys.readouterr().err
    assert "ben is not in two.csv (the LMS's number is 35)" in said
    assert f"1 who handed in is not in {path}: add them to it; or say --only-listed" in said
    (course.root / "roster.csv").write_text(path.read_text())
    assert main(command[:-2]) == 1
    assert "roster.csv: add them to your list, and run `python -m grader roster` with it" in capsys.readouterr().err
    assert main([*command, "--only-listed"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert f"{of_three}: 1 left out, as they are not in the list: ben" in said.out
    assert "in the list, and without a submission here: u9" in said.out
    assert "dora" not in said.out
    assert set(placed(course)) == {"u1", "u3"}


def test_students_who_are_named_are_collected_and_nobody_else_is_a_problem(course, of_three, tmp_path, capsys):
    path = tmp_path / "names.csv"
    path.write_text("id,name,lms\nu1,Ada,34\nu2,Ben,\nu4,Ben,\n")
    command = ["--root", str(course.root), "collect", WEEK, of_three, "--names", str(path), "--student"]
    assert main([*command, "u1"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "2 left out, as --student names others: ben, chen" in said.out
    assert set(placed(course)) == {"u1"}
    assert main([*command, "u1", "--student", "u2"]) == 1  # which of the two Bens it is cannot be told
    said = capsys.readouterr().err
    assert "ben is the name of several students in names.csv: u2, u4" in said
    assert "u2: there is no submission in what was named" in said
    assert set(placed(course)) == {"u1"}


def test_a_list_of_times_alone_takes_names_and_numbers_from_the_roster(course, of_three, tmp_path, capsys):
    path = tmp_path / "times.csv"
    path.write_text("id,submitted\nu1,2025-03-01 12:00+00:00\nu2,\nu9,\n")
    (course.root / "roster.csv").write_text("id,name,lms\nu1,Ada,34\nu2,Ben,35\nu3,Chen,36\n")
    command = ["--root", str(course.root), "collect", WEEK, of_three, "--names", str(path)]
    assert main(command) == 1
    said = capsys.readouterr()
    assert "chen is not in times.csv (in the roster: u3)." in said.err
    assert "times.csv: there is no u9 in roster.csv" in said.out
    assert main([*command, "--only-listed"]) == 0
    assert set(placed(course)) == {"u1", "u2"}
    assert read_timestamp(str(course.submitted / "u1" / WEEK)) == datetime(2025, 3, 1, 12)
    (course.root / "roster.csv").unlink()
    assert main(["--root", str(course.root), "collect", WEEK, of_three, "--names", str(path)]) == 1
    assert "ada is not in times.csv" in capsys.readouterr().err


def test_a_student_who_is_named_and_not_there_is_a_problem(course, of_three, capsys):
    command = ["--root", str(course.root), "collect", WEEK, of_three]
    assert main([*command, "--student", "ada", "--student", "ida"]) == 1
    assert "ida: there is no submission in what was named" in capsys.readouterr().err
    assert set(placed(course)) == {"ada"}
    (course.root / "roster.csv").write_text("id,lms\nada,34\n")
    assert main([*command, "--student", "adda"]) == 2
    assert "there is no adda in" in (said := capsys.readouterr().err)
    assert "Did you mean ada?" in said
    (course.root / "roster.csv").unlink()
    assert main([*command, "--only-listed"]) == 2
    assert "there is no list of students" in capsys.readouterr().err


def test_where_nothing_is_collected_it_is_not_said_that_the_rest_was(course, tmp_path, capsys):
    assert main(["--root", str(course.root), "collect", WEEK, str(tmp_path / "missing.zip")]) == 1
    assert "problems: 1; nothing was collected" in capsys.readouterr().err


# ---- another week's notebook


OTHER = "shallow_network"  # of week 2


def with_week2(course) -> bytes:
    """A notebook of week 2, after that week was put into the course's release/."""
    shutil.copytree(REPOSITORY / "release" / "week2", course.release / "week2")
    return (course.release / "week2" / f"{OTHER}.ipynb").read_bytes()


def test_a_notebook_of_another_week_is_not_collected_and_its_lesson_is_named(course, save, capsys):
    other = with_week2(course)
    own = (course.release / WEEK / NAME).read_bytes()
    archive = zipped((f"ada/{NAME}", own), (f"ada/{OTHER}.ipynb", other), (f"ben/{NAME}", other))
    assert main(["--root", str(course.root), "collect", WEEK, str(save(archive))]) == 1
    assert placed(course) == {"ada": {NAME: own}}
    said = capsys.readouterr().err
    assert f"ada: the file {OTHER}.ipynb is week2/{OTHER}, which is no lesson of {WEEK}. It was not collected." in said
    assert f"ben: the file {NAME} is week2/{OTHER}, which is no lesson of {WEEK}. It was not collected." in said


def test_a_notebook_of_another_week_never_replaces_the_right_one(course, save):
    own, other = (course.release / WEEK / NAME).read_bytes(), with_week2(course)
    collect(course, WEEK, [save(zipped((f"ada/{NAME}", own)))])
    collect(course, WEEK, [save(zipped((f"ada/{NAME}", other)))])
    assert placed(course) == {"ada": {NAME: own}}
