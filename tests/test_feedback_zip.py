"""Archives of feedback pages: read by the rules of Canvas's and Moodle's importers, each page is its student's."""

import json
import re
import zipfile

import pytest

from grader.cli import main
from grader.lms.feedback_zip import write_feedback_zip
from grader.submissions.collect import collect
from grader.submissions.names import read_names
from tests.archive_files import zipped
from tests.classroom import LESSON, WEEK, make_course, released

NAME, PAGE = f"{LESSON}.ipynb", f"{LESSON}.html"


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course")


def handed_in(course, text=""):
    """A notebook that differs by its text and is recognised under any name."""
    notebook = released(course)
    notebook.cells[0].source += text
    return json.dumps(notebook).encode()


def collected(course, *files, name="submissions.zip"):
    path = course.root.parent / name
    path.write_bytes(zipped(*files))
    return collect(course, WEEK, [path])


def with_pages(course):
    """The students who handed in, each with a page that has their id in it."""
    students = sorted(folder.parent.name for folder in course.submitted.glob(f"*/{WEEK}"))
    for student in students:
        folder = course.feedback / student / WEEK
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PAGE).write_text(f"page of {student}")
    return students


def written(course, system):
    output = course.root / "feedback.zip"
    done = write_feedback_zip(course, WEEK, system, with_pages(course), output)
    if not output.exists():
        return done, {}
    with zipfile.ZipFile(output) as archive:
        assert archive.testzip() is None
        return done, {name: archive.read(name).decode() for name in archive.namelist()}


def taken_by_canvas(names):
    """The user and the file that Canvas reads in each name (infer_comment_context_from_filename)."""
    found = {}
    for name in names:
        parts = [part for part in name.rpartition("/")[2].split("_") if part != "LATE"]
        if parts[0] == "anon":
            found[name] = (parts[1], parts[2])
        else:
            found[name] = tuple([part for part in parts if re.fullmatch(r"\d+", part)][:2])
    return found


def taken_by_moodle(names):
    """The participant and the file's name that Moodle reads in each path (is_valid_filename_for_import)."""
    found = {}
    for name in names:
        first, *rest = name.split("/")
        who = first.split("_", 4)
        assert len(who) >= 4
        assert who[1].isdecimal()
        assert who[2:4] == ["assignsubmission", "file"]
        found[name] = (who[1], "/".join([who[4] if len(who) > 4 else "", *rest]).strip("/"))
    return found


def test_canvas_gives_each_page_to_whoever_handed_in_the_file(course):
    collected(
        course,
        (f"lovelaceada_34_501_{NAME}", handed_in(course, "1")),
        (f"hoppergrace_LATE_35_502_{LESSON}-1.ipynb", handed_in(course, "2")),
        ("turingalan_36_503_my_2_homework.ipynb", handed_in(course, "3")),
        (f"anon_x1Y2z_504_{NAME}", handed_in(course, "4")),
        ("noetheremmy_37_505_all.zip", zipped((f"week1/{NAME}", handed_in(course, "5")))),
    )
    done, files = written(course, "canvas")
    assert (done.problems, done.pages, done.students) == ([], 5, 5)
    ids = taken_by_canvas(files)
    assert {files[name]: key for name, key in ids.items()} == {
        "page of lovelaceada": ("34", "501"),
        "page of hoppergrace": ("35", "502"),
        "page of turingalan": ("36", "503"),
        "page of anon_x1Y2z": ("x1Y2z", "504"),
        "page of noetheremmy": ("37", "505"),
    }
    assert f"turingalan_36_503_{PAGE}" in files


def test_canvas_knows_the_newest_attempt_only(course):
    collected(course, (f"lovelaceada_34_501_{NAME}", handed_in(course, "old")), name="first.zip")
    collected(course, (f"lovelaceada_34_620_{LESSON}-1.ipynb", handed_in(course, "new")), name="second.zip")
    collected(course, (f"lovelaceada_34_501_{NAME}", handed_in(course, "old")), name="first.zip")
    (course.submitted / "lovelaceada" / WEEK / NAME).write_bytes(handed_in(course, "repaired by hand"))
    _, files = written(course, "canvas")
    assert list(files) == [f"lovelaceada_34_620_{PAGE}"]


def test_moodle_gives_each_page_to_whoever_handed_in_the_folder(course):
    collected(
        course,
        (f"Ada Lovelace_123_assignsubmission_file_/{NAME}", handed_in(course, "1")),
        (f"José Núñez_124_assignsubmission_file/sub/{NAME}", handed_in(course, "2")),
        (f"Alan Turing_125_assignsubmission_file_{NAME}", handed_in(course, "3")),
    )
    done, files = written(course, "moodle")
    assert done.problems == []
    assert set(files) == {
        f"Ada Lovelace_123_assignsubmission_file_/{PAGE}",
        f"José Núñez_124_assignsubmission_file_/{PAGE}",
        f"Alan Turing_125_assignsubmission_file_/{PAGE}",
    }
    assert {files[name]: key for name, key in taken_by_moodle(files).items()} == {
        "page of ada-lovelace": ("123", PAGE),
        "page of josé-núñez": ("124", PAGE),
        "page of alan-turing": ("125", PAGE),
    }


def test_two_notebooks_of_a_student_have_two_names(course):
    collected(course, (f"Ada Lovelace_123_assignsubmission_file_/{NAME}", handed_in(course)))
    (student,) = with_pages(course)
    (course.feedback / student / WEEK / "second.html").write_text("second page")
    _, files = written(course, "moodle")
    assert {name.rpartition("/")[2] for name in files} == {PAGE, "second.html"}


def test_who_was_not_collected_from_this_system_is_left_out_and_named(course):
    collected(course, (f"Ada Lovelace_123_assignsubmission_file_/{NAME}", handed_in(course)))
    (course.submitted / "ben" / WEEK).mkdir(parents=True)
    (course.submitted / "ben" / WEEK / NAME).write_bytes(handed_in(course))
    done, files = written(course, "moodle")
    assert len(files) == done.pages == done.students == 1
    assert [problem.partition(":")[0] for problem in done.problems] == ["ben is left out"]
    (course.root / "feedback.zip").unlink()
    done, files = written(course, "canvas")
    assert files == {}
    assert len(done.problems) == 2


def test_collecting_an_archive_again_notes_the_names_that_an_earlier_version_did_not(course):
    files = (f"lovelaceada_34_501_{NAME}", handed_in(course))
    collected(course, files)
    origin = course.root / "downloaded" / WEEK / "attempts" / "lovelaceada" / "1.json"
    data = json.loads(origin.read_text())
    assert data.pop("given") == {NAME: f"lovelaceada_34_501_{NAME}"}
    origin.write_text(json.dumps(data))
    assert written(course, "canvas")[1] == {}
    assert collected(course, files).students == {"lovelaceada": "unchanged"}
    assert list(written(course, "canvas")[1]) == [f"lovelaceada_34_501_{PAGE}"]


def test_a_name_for_an_archive_that_is_not_asked_for_is_refused(course, capsys):
    assert main(["--root", str(course.root), "feedback", WEEK, "--output", "pages.zip"]) == 2
    assert "--output names the archive of --zip" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("needs_sandbox")
@pytest.mark.xdist_group("grading")
def test_the_command_writes_the_pages_and_the_archive(course, capsys, monkeypatch):
    monkeypatch.chdir(course.root)
    collected(course, (f"lovelaceada_34_501_{NAME}", handed_in(course)))
    assert main(["grade", WEEK, "--workers", "0"]) == 0
    assert main(["feedback", WEEK, "--zip", "canvas"]) == 0
    assert "1 page for 1 student in " in capsys.readouterr().out
    with zipfile.ZipFile(course.root / f"feedback-{WEEK}-canvas.zip") as archive:
        page = (course.feedback / "lovelaceada" / WEEK / PAGE).read_bytes()
        assert archive.read(f"lovelaceada_34_501_{PAGE}") == page
    assert main(["feedback", WEEK, "--zip", "moodle", "--output", "moodle.zip"]) == 1
    assert "lovelaceada is left out: what they handed in was not collected from a download of Moodle" in (
        capsys.readouterr().err
    )
    assert not (course.root / "moodle.zip").exists()


def test_what_both_systems_gave_out_goes_back_to_either(course):
    """Also if the second archive changed nothing in submitted/."""
    work = handed_in(course)
    (course.root.parent / "names.csv").write_text("id,name,lms\nada,Ada Lovelace,\n")
    names = read_names(course.root.parent / "names.csv")
    for number, name in enumerate(
        (f"lovelaceada_34_501_{NAME}", f"Ada Lovelace_123_assignsubmission_file_/{NAME}"), start=1
    ):
        path = course.root.parent / f"{number}.zip"
        path.write_bytes(zipped((name, work)))
        done = collect(course, WEEK, [path], names).students["ada"]
    assert done == "unchanged"
    for system, user in (("canvas", ("34", "501")), ("moodle", ("123", PAGE))):
        done, files = written(course, system)
        assert done.problems == []
        assert list((taken_by_canvas if system == "canvas" else taken_by_moodle)(files).values()) == [user]
