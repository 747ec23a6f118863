"""The commands as people and scripts use them."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from dlcore.lab import lab_environment
from grader.cli import main
from grader.execution.sandbox import find_bwrap
from tests.classroom import REPOSITORY, WEEK, grader, hand_in, make_course, released

COMMANDS = (
    *("build", "lab", "bundle", "roster", "collect", "grade", "regrade", "late", "feedback", "report", "similar"),
    "export",
    *("solutions", "site", "doctor", "demo"),
)


def test_help_names_every_command_and_the_exit_codes(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(command in text for command in COMMANDS)
    assert "Exit codes" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert len(capsys.readouterr().out) > 100


def test_a_folder_that_is_no_course_is_refused_by_name(tmp_path, capsys):
    assert main(["--root", str(tmp_path), "grade", WEEK]) == 2
    error = capsys.readouterr().err
    assert "nbgrader_config.py" in error
    assert str(tmp_path) in error


def test_a_week_that_does_not_exist_is_refused_with_those_that_do(tmp_path, capsys):
    course = make_course(tmp_path)
    assert main(["--root", str(course.root), "grade", "week99"]) == 2
    error = capsys.readouterr().err
    assert "The weeks are: week1" in error
    assert "Did you mean week1?" in error
    assert "make build" not in error
    shutil.copytree(course.lessons_folder / WEEK, course.lessons_folder / "week2")
    assert main(["--root", str(course.root), "grade", "week2"]) == 2
    assert "week2 is not built. Run `make build` first." in capsys.readouterr().err
    shutil.rmtree(course.lessons_folder / "week2")
    assert main(["--root", str(course.root), "build", "week99"]) == 2
    assert "the weeks are: week1" in capsys.readouterr().err


@pytest.mark.usefixtures("needs_sandbox")
def test_nothing_handed_in_is_said_so(tmp_path, capsys):
    course = make_course(tmp_path)
    assert main(["--root", str(course.root), "grade", WEEK]) == 2
    assert "nothing to grade" in capsys.readouterr().err
    assert main(["--root", str(course.root), "grade", WEEK, "--student", "nobody"]) == 2
    assert "there is no notebook for week1 of nobody" in capsys.readouterr().err
    for command in ("feedback", "report", "similar", "export"):
        assert main(["--root", str(course.root), command, WEEK]) == 2
        assert "nothing is graded for week1" in capsys.readouterr().err


def no_namespaces(*command: str, cwd):
    """Run a command where, as in many containers, no namespaces can be made."""
    prefix = [find_bwrap(), "--dev-bind", "/", "/", "--unshare-user", "--disable-userns", "--"]
    return subprocess.run([*prefix, *command], cwd=cwd, capture_output=True, text=True, timeout=900, check=False)


@pytest.mark.parametrize(
    ("new", "arguments", "starts"),
    [
        (5, [], True),
        (4, [], True),
        (3, [], False),
        (0, [], False),
        (0, ["--force"], True),
        (5, ["--workers", "0"], False),
        (5, ["--student", "s1", "--student", "s2", "--student", "s3"], False),
    ],
)
def test_processes_are_started_early_only_where_enough_seems_new(tmp_path, monkeypatch, new, arguments, starts):
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    for number in range(5):
        for stage, changed in (("submitted", 300 if number < new else 100), ("autograded", 200)):
            path = tmp_path / stage / f"s{number}" / WEEK / "lesson.ipynb"
            path.parent.mkdir(parents=True)
            path.touch()
            os.utime(path, (changed, changed))
    started = []
    monkeypatch.setattr("grader.commands.grading.start_forkserver", lambda: started.append(1))
    assert main(["--root", str(tmp_path), "grade", WEEK, *arguments]) == 2  # no such week
    assert bool(started) == starts


@pytest.mark.usefixtures("needs_sandbox")
def test_without_namespaces_grading_refuses_unless_told(tmp_path):
    course = make_course(tmp_path)
    hand_in(course, "someone", released(course))
    command = (sys.executable, "-m", "grader", "grade", WEEK)
    refused = no_namespaces(*command, cwd=course.root)
    assert refused.returncode == 2
    assert "without a sandbox" in refused.stderr
    assert "--unsafe-without-sandbox" in refused.stderr
    assert not list(course.autograded.glob("*"))
    allowed = no_namespaces(*command, "--unsafe-without-sandbox", cwd=course.root)
    assert allowed.returncode == 0, allowed.stderr
    assert "someone" in allowed.stdout


@pytest.mark.slow
@pytest.mark.sweep
@pytest.mark.usefixtures("needs_sandbox")
@pytest.mark.xdist_group("demo")
def test_without_namespaces_the_demo_succeeds_and_says_what_it_leaves_out(tmp_path):
    result = no_namespaces(sys.executable, "-m", "grader", "demo", "--folder", str(tmp_path / "demo"), cwd=REPOSITORY)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "the hostile one is left out" in result.stdout
    assert "hugo" not in result.stdout


@pytest.mark.slow
@pytest.mark.usefixtures("needs_sandbox")
@pytest.mark.xdist_group("demo")
def test_the_demo_gives_every_sample_the_score_that_it_must_get(tmp_path):
    course = make_course(tmp_path / "course")
    result = grader(course, "demo")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "hugo" in result.stdout
    assert "scores as expected" in result.stdout
    mistakes = [line.split() for line in result.stdout.splitlines() if line.startswith("misc")]
    assert len(mistakes) > 20
    assert all(float(line[-1]) < 76 for line in mistakes)  # 84 less the written answer: each mistake costs points
    assert "Written answers: 2 are marked, 2 wait for you in the formgrader" in result.stdout
    page = (course.root / "demo" / "report.html").read_text()
    assert "2 of these students have answers that wait to be marked" in page
    for name in ("report.html", "grades.csv", "feedback/hugo/week1/logistic_regression.html"):
        assert (course.root / "demo" / name).is_file()


def test_the_demo_does_not_write_over_a_folder_that_it_did_not_make(tmp_path, capsys):
    course = make_course(tmp_path / "course")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious").write_text("keep")
    assert main(["--root", str(course.root), "demo", "--folder", str(tmp_path / "mine")]) == 2
    assert "was not made by the demo" in capsys.readouterr().err
    assert (tmp_path / "mine" / "precious").read_text() == "keep"


def test_a_students_lab_has_no_instructors_panels():
    command = [sys.executable, "-m", "jupyter", "labextension", "list"]
    result = subprocess.run(command, env=lab_environment(), capture_output=True, text=True, timeout=120, check=True)
    disabled = set(re.findall(r"@jupyter/nbgrader:[a-z-]+", result.stdout + result.stderr))
    panels = ("assignment-list", "course-list", "create-assignment", "formgrader", "menu")
    assert disabled == {f"@jupyter/nbgrader:{name}" for name in panels}  # but not its button Validate


@pytest.mark.parametrize("path", ["submitted/ada/week1/x.ipynb", "downloaded/week1/attempts/ada/1/x.ipynb"])
def test_git_ignores_what_students_handed_in(path):
    assert subprocess.run(["git", "check-ignore", "-q", path], cwd=REPOSITORY, check=False).returncode == 0
