"""Whatever is killed while a class is graded: no grade is lost, none is doubled, nothing is half written."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from grader.batch.cluster import TRIES
from grader.batch.gradebook import sole_owner
from grader.execution.resource_usage import at_once
from grader.grading.pipeline import GradedNotebook
from tests.classroom import (
    WEEK,
    gradebook_rows,
    grader,
    hand_in,
    make_course,
    reference_solutions,
    released,
    scores,
    with_cell,
    with_solutions,
)
from tests.processes import PATIENCE, command_line, descendants, ended_with_its_children, eventually, named

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("parallel"), pytest.mark.usefixtures("needs_sandbox")]
SIZE = 24
TOLD = "told.txt"  # what a run printed
SLEEP = 5  # seconds that the last submission takes, so that no run is over before it is disturbed


def fill(course):
    """A class of which every sixth submission is hostile or broken."""
    blank, solutions = released(course), reference_solutions(course)
    names = list(solutions)
    for number in range(SIZE):
        done = {name: solutions[name] for name in names[: 1 + number % len(names)]}
        notebook = with_solutions(blank, done)
        if number % 12 == 5:
            notebook = with_cell(notebook, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\nos._exit(1)")
        if number % 12 == 11:
            notebook = b'{"cells": [1, 2'
        if number == SIZE - 2:
            notebook = with_cell(notebook, f"import time\ntime.sleep({SLEEP})")
        hand_in(course, f"s{number:02}", notebook)
    return course


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What the gradebook holds after a run of one process that nothing disturbed."""
    course = fill(make_course(tmp_path_factory.mktemp("undisturbed")))
    result = grader(course, "grade", WEEK, "--workers", "0")
    assert result.returncode == 0, result.stderr
    return gradebook_rows(course)


@pytest.fixture
def start():
    """Starts a run on a course; it ends with the test."""
    with contextlib.ExitStack() as stack:

        def start(course) -> subprocess.Popen:
            command = [sys.executable, "-m", "grader", "grade", WEEK, "--workers", "2"]
            told = stack.enter_context(open(course.root / TOLD, "w"))
            run = subprocess.Popen(command, cwd=course.root, stdout=told, stderr=subprocess.STDOUT)
            return stack.enter_context(ended_with_its_children(run))

        yield start


def graded(course) -> list[Path]:
    return sorted(course.autograded.glob(f"*/{WEEK}/*.ipynb"))


def forkservers(pid: int) -> list[psutil.Process]:
    """The children of a process that are a forkserver, or a fork of one."""
    return [child for child in descendants(pid, recursive=False) if "forkserver" in command_line(child)]


def workers(run: subprocess.Popen) -> list[psutil.Process]:
    """The worker processes of a run: forks of one that it started."""
    return [child for server in forkservers(run.pid) for child in forkservers(server.pid)]


def test_a_run_cut_off_by_kill_is_finished_by_the_next_one(undisturbed, start, tmp_path):
    course = fill(make_course(tmp_path / "killed"))
    run = start(course)
    eventually(lambda: len(graded(course)) >= 3, run)
    family = descendants(run.pid)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert len(graded(course)) < SIZE
    for path in graded(course):
        assert json.loads(path.read_text())["metadata"]["course"]["graded"] is True
    assert eventually(lambda: not any(process.is_running() for process in family)), "something goes on running"
    done = {path: path.stat().st_mtime_ns for path in graded(course)}
    result = grader(course, "grade", WEEK, "--workers", "2")
    assert result.returncode == 0, result.stderr
    assert "graded before" in result.stdout
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert gradebook_rows(course) == undisturbed


@pytest.mark.sweep
def test_a_worker_that_is_killed_is_replaced_and_its_submissions_run_again(undisturbed, start, tmp_path):
    course = fill(make_course(tmp_path / "worker"))
    run = start(course)
    eventually(lambda: len(graded(course)) >= 2, run)
    (forkserver,) = forkservers(run.pid)  # the run itself has one, too, if no reference was kept
    assert len(named(forkserver.pid, "bwrap")) == 1, "each worker has a warm parent of its own"
    workers(run)[0].send_signal(signal.SIGKILL)
    assert run.wait(PATIENCE) == 0, (course.root / TOLD).read_text()
    assert gradebook_rows(course) == undisturbed


def test_the_end_of_the_warm_parent_costs_no_student_anything(undisturbed, start, tmp_path):
    course = fill(make_course(tmp_path / "parent"))
    run = start(course)
    for done in (2, 4):
        eventually(lambda done=done: len(graded(course)) >= done, run)
        for process in eventually(lambda: named(run.pid, "bwrap"), run):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
    assert run.wait(PATIENCE) == 0, (course.root / TOLD).read_text()
    assert gradebook_rows(course) == undisturbed


@pytest.mark.sweep
def test_the_end_of_the_forkserver_costs_no_student_anything(undisturbed, start, tmp_path):
    course = fill(make_course(tmp_path / "forkserver"))
    run = start(course)
    eventually(lambda: len(graded(course)) >= 2, run)
    (forkserver,) = forkservers(run.pid)
    forkserver.kill()
    assert run.wait(PATIENCE) == 0, (course.root / TOLD).read_text()
    assert gradebook_rows(course) == undisturbed


def test_a_result_that_a_killed_run_left_unfinished_is_made_again_by_plain_nbgrader(undisturbed, tmp_path):
    course = make_course(tmp_path / "half")
    hand_in(course, "s00", with_solutions(released(course), {}))
    assert course.api.autograde(WEEK, "s00")["success"]
    (path,) = graded(course)
    path.chmod(0o644)
    path.write_text(path.read_text()[:1000])
    assert course.api.autograde(WEEK, "s00", force=False)["success"]
    assert json.loads(path.read_text())["metadata"]["course"]["graded"] is True


def test_another_file_is_graded_again_and_the_same_file_is_not(tmp_path):
    course = make_course(tmp_path / "again")
    blank, solutions = released(course), reference_solutions(course)
    hand_in(course, "ada", blank)
    assert grader(course, "grade", WEEK).returncode == 0
    (path,) = graded(course)
    before = path.stat().st_mtime_ns
    assert "graded before" in grader(course, "grade", WEEK).stdout
    assert path.stat().st_mtime_ns == before
    hand_in(course, "ada", with_solutions(blank, {"sigmoid": solutions["sigmoid"]}))
    assert "graded before" not in grader(course, "grade", WEEK).stdout
    assert scores(course)["ada"] > 0


def test_two_runs_on_one_course_are_refused(tmp_path):
    course = make_course(tmp_path / "two")
    hand_in(course, "ada", released(course))
    with sole_owner(course):
        result = grader(course, "grade", WEEK)
    assert result.returncode == 2
    assert "another run is grading" in result.stderr


def test_a_scheduler_that_is_not_there_is_named(tmp_path, monkeypatch):
    course = make_course(tmp_path / "nowhere")
    hand_in(course, "ada", released(course))
    monkeypatch.setattr("grader.batch.cluster.START_SECONDS", 1)
    from grader.batch.grade_week import grade_week
    from grader.errors import GradingError

    with pytest.raises(GradingError, match=r"tcp://127\.0\.0\.1:9 cannot be used"):
        grade_week(course, WEEK, scheduler="tcp://127.0.0.1:9")
    with pytest.raises(GradingError, match=r"tls://127\.0\.0\.1:9 cannot be used: .*TLS configuration"):
        grade_week(course, WEEK, scheduler="tls://127.0.0.1:9")


def test_what_kills_its_worker_every_time_is_reported_and_takes_no_other_along():
    """Real workers, and tasks that end them, as a fault of ours might."""
    from distributed import Client, LocalCluster

    from grader.batch import cluster
    from grader.grading.pipeline import GradingTask

    def deadly(_material, task):
        if task.student == "deadly":
            time.sleep(0.2)
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.05)
        return [GradedNotebook(task.student, "text")]

    import dask

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(
            n_workers=2,
            threads_per_worker=2,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # another process may have the usual port
            silence_logs=50,
        ) as dask_cluster,
        Client(dask_cluster) as client,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(cluster, "grade_submission", deadly)
        run = cluster._Run(client, "material")
        names = [*(f"s{number}" for number in range(12)), "deadly", "last"]
        outcomes = {item.task.student: item for item in run.outcomes(GradingTask(name, {}) for name in names)}
    assert sorted(outcomes) == sorted(names)
    assert outcomes.pop("deadly").problem == f"the worker process died {TRIES} times while it was graded"
    assert all(item.problem == "" and item.results for item in outcomes.values())


def test_less_memory_means_fewer_submissions_at_once():
    assert at_once(10**9, 2) == 1
    assert at_once(1, 2) == 3
