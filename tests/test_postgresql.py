"""A gradebook on a PostgreSQL server holds the same as one in SQLite, whichever way it is filled."""

import contextlib
import csv
import io
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, text

from grader.batch.grade_week import grade_week
from grader.doctor.environment import GOOD, POOR, check_gradebook
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
    scores,
    with_cell,
    with_solutions,
)
from tests.processes import PATIENCE, descendants

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("postgresql"),
    pytest.mark.usefixtures("needs_sandbox"),
]
LATE = "2026-01-03 10:00:00 UTC"


class Server:
    """A PostgreSQL server of our own, in a folder of its own, reached through a socket in it.

    The server refuses to be run by root; then it is run by `nobody`.
    """

    def __init__(self, programs: Path, folder: Path):
        self.programs, self.folder, self.data = programs, folder, folder / "data"
        folder.mkdir()
        self.prefix: list[str] = []
        if os.geteuid() == 0:
            other = pwd.getpwnam("nobody")
            os.chown(folder, other.pw_uid, other.pw_gid)
            self.prefix = ["setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups", "--"]

    def call(self, program: str, *arguments: str) -> None:
        command = [*self.prefix, str(self.programs / program), *arguments]
        result = subprocess.run(
            command, cwd=self.folder, env={"LC_ALL": "C"}, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert result.returncode == 0, f"{program}: {result.stdout} {result.stderr}"

    def make(self) -> None:
        self.call("initdb", "-D", str(self.data), "-U", "grader", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off"
        log = str(self.folder / "log")
        self.call("pg_ctl", "-D", str(self.data), "-l", log, "-o", options, "-w", "start")

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped since."""
        return (self.data / "postmaster.pid").exists()

    @contextlib.contextmanager
    def restarted_in_the_end(self) -> Iterator[None]:
        """Let it be stopped meanwhile; whatever happens, the next test finds it running."""
        try:
            yield
        finally:
            if not self.running:
                self.start()

    def stop(self) -> None:
        """Stop it, and wait for all its processes: one that lingers keeps the next start from its shared memory."""
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        family = descendants(postmaster)
        self.call("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")
        _, alive = psutil.wait_procs(family, PATIENCE)
        assert not alive

    def url(self, database: str) -> str:
        return f"postgresql://grader@/{database}?host={self.folder}"

    def create(self, database: str) -> str:
        """A new, empty database; returns its URL."""
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {database}"))
        engine.dispose()
        return self.url(database)


def why_no_server() -> str | None:
    """Why no PostgreSQL server can be started here, or None."""
    if not programs():
        return "no PostgreSQL server: nothing was tried with one (on Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return "no PostgreSQL server: it does not run as root, and there is no setpriv to run it as another user"
    return None


def programs() -> Path | None:
    """Where the newest server's programs are."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    own = shutil.which("initdb")
    return max(found, key=lambda path: int(path.parent.name), default=Path(own).parent if own else None)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    reason = why_no_server()
    if reason is not None:
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:  # short, since names of sockets must be
        Path(folder).chmod(0o755)
        server = Server(programs(), Path(folder, "server"))
        server.make()
        server.start()
        try:
            yield server
        finally:
            if server.running:
                server.stop()


def fill(course) -> None:
    """A small class: right, blank, one mistake, not a notebook, a dead kernel, an answer to be read, late work."""
    blank, solutions = released(course), reference_solutions(course)
    right = with_solutions(blank, solutions)
    written = with_solutions(right, {"explain_the_gradient": "Because it points uphill: ∇J, naïve \u0000 – 勾配."})
    hand_in(course, "perfect", right)
    hand_in(course, "blank", blank)
    hand_in(course, "early", with_solutions(right, {"sigmoid": "def sigmoid(z):\n    return np.tanh(z)"}))
    hand_in(course, "broken", b"{ this is no notebook")
    hand_in(course, "o'hara; DROP TABLE grade", with_cell(right, "import os\nos._exit(1)"))
    path = hand_in(course, "writer", written)
    (path.parent / "timestamp.txt").write_text(LATE)


def make(folder: Path, url: str | None):
    course = make_course(folder, db_url=url) if url else make_course(folder)
    fill(course)
    return course


@pytest.fixture(scope="module")
def in_sqlite(tmp_path_factory):
    """The class, graded into SQLite."""
    course = make(tmp_path_factory.mktemp("sqlite"), None)
    assert grader(course, "grade", WEEK, "--workers", "0").returncode == 0
    return course


@pytest.fixture(scope="module")
def on_server(server, tmp_path_factory):
    """The class, graded onto the server."""
    course = make(tmp_path_factory.mktemp("server"), server.create("graded"))
    result = grader(course, "grade", WEEK)
    assert result.returncode == 0, result.stdout + result.stderr
    assert not (course.root / "gradebook.db").exists()
    return course


def timestamps(course) -> dict:
    with course.gradebook() as gradebook:
        return {
            item.student.id: (item.timestamp, item.late_submission_penalty)
            for item in gradebook.assignment_submissions(WEEK)
        }


def test_grading_leaves_the_same_on_a_server(in_sqlite, on_server):
    assert len(gradebook_rows(on_server)) == 6
    assert gradebook_rows(on_server) == gradebook_rows(in_sqlite)
    assert scores(on_server) == scores(in_sqlite)
    assert timestamps(on_server) == timestamps(in_sqlite)


@pytest.mark.sweep
def test_plain_nbgrader_leaves_the_same_on_a_server(in_sqlite, server, tmp_path):
    course = make(tmp_path / "plain", server.create("plain"))
    result = run(course, "nbgrader", "autograde", WEEK)
    assert result.returncode == 0, result.stderr
    assert gradebook_rows(course) == gradebook_rows(in_sqlite)


@pytest.mark.sweep
def test_several_workers_leave_the_same_on_a_server(in_sqlite, server, tmp_path):
    course = make(tmp_path / "workers", server.create("workers"))
    result = grader(course, "grade", WEEK, "--workers", "2")
    assert result.returncode == 0, result.stdout + result.stderr
    assert gradebook_rows(course) == gradebook_rows(in_sqlite)


@pytest.mark.sweep
def test_what_a_person_gave_is_kept_when_all_is_graded_again(server, tmp_path):
    course = make(tmp_path / "manual", server.create("manual"))
    assert grader(course, "grade", WEEK).returncode == 0
    before = scores(course)["writer"]
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("explain_the_gradient", LESSON, WEEK, "writer")
        grade.manual_score, grade.extra_credit = 3.5, 0.25
        gradebook.find_comment("explain_the_gradient", LESSON, WEEK, "writer").manual_comment = "Well put: ∇J."
        gradebook.db.commit()
    assert "graded before" in grader(course, "grade", WEEK).stdout
    assert grader(course, "grade", WEEK, "--force").returncode == 0
    assert scores(course)["writer"] == before + 3.75
    rows = gradebook_rows(course)["writer"]
    assert rows["explain_the_gradient"][1:3] == (3.5, True)
    assert rows["comment on explain_the_gradient"][1] == "Well put: ∇J."


@pytest.mark.sweep
def test_feedback_report_and_export_read_from_a_server(in_sqlite, on_server, tmp_path):
    for course, name in ((in_sqlite, "sqlite"), (on_server, "server")):
        assert grader(course, "feedback", WEEK).returncode == 0
        assert grader(course, "report", WEEK, "--output", str(tmp_path / f"{name}.html")).returncode == 0
    for student in ("perfect", "early", "broken", "writer"):
        assert feedback_page(on_server, student) == feedback_page(in_sqlite, student)
    tables = [grader(course, "export", WEEK).stdout for course in (in_sqlite, on_server)]
    assert tables[0] == tables[1]
    rows = {row["student"]: float(row["score"]) for row in csv.DictReader(io.StringIO(tables[1]))}
    assert rows == pytest.approx(scores(on_server))
    pages = [(tmp_path / f"{name}.html").read_text() for name in ("sqlite", "server")]
    shared = [page.count("o&#39;hara") for page in pages]
    assert shared[0] == shared[1] > 0


def test_a_name_that_does_not_fit_fails_alone(server, tmp_path):
    """A server minds the length of names, which SQLite does not."""
    course = make_course(tmp_path / "long", db_url=server.create("long"))
    hand_in(course, "a" * 200, released(course))
    hand_in(course, "b", with_solutions(released(course), reference_solutions(course)))
    result = grader(course, "grade", WEEK)
    assert result.returncode == 1
    assert "value too long" in result.stdout
    assert list(scores(course)) == ["b"]
    assert scores(course)["b"] > 0


@pytest.mark.sweep
def test_a_server_that_is_stopped_and_started_again_costs_no_grade(in_sqlite, server, tmp_path):
    course = make(tmp_path / "stopped", server.create("stopped"))
    assert grader(course, "grade", WEEK, "--student", "perfect").returncode == 0
    with server.restarted_in_the_end():
        server.stop()
        result = grader(course, "grade", WEEK)
    assert result.returncode == 2, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert "the gradebook cannot be used" in result.stderr
    assert grader(course, "grade", WEEK).returncode == 0
    assert gradebook_rows(course) == gradebook_rows(in_sqlite)


def test_a_server_that_goes_away_during_a_run_costs_what_came_meanwhile(in_sqlite, server, tmp_path):
    course = make(tmp_path / "away", server.create("away"))

    def progress(items, _total):
        for number, student in enumerate(items):
            if number == 0:
                server.stop()
            elif number == 1:
                server.start()
            yield student

    with server.restarted_in_the_end():
        graded = grade_week(course, WEEK, workers=0, progress=progress)
    assert [item.state for item in graded] == ["graded", "failed", "graded", "graded", "graded", "graded"]
    assert [item.state for item in grade_week(course, WEEK, workers=0)].count("graded") == 1
    assert gradebook_rows(course) == gradebook_rows(in_sqlite)


def test_the_doctor_looks_at_a_server(on_server, server, tmp_path):
    assert check_gradebook(on_server).mark == GOOD
    text = f"c = get_config()\nc.CourseDirectory.db_url = {server.create('empty')!r}\n"
    (tmp_path / "nbgrader_config.py").write_text(text)
    assert check_gradebook(type(on_server)(tmp_path)).mark == POOR
