"""nbgrader's exchange from release to feedback, as an instructor and two students with accounts of their own."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from grader.execution.sandbox import find_bwrap
from tests.classroom import (
    LESSON,
    REPOSITORY,
    WEEK,
    feedback_page,
    hand_in,
    make_course,
    reference_solutions,
    released,
    scores,
    with_solutions,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sweep,
    pytest.mark.xdist_group("grading"),
    pytest.mark.usefixtures("needs_sandbox"),
]

INSTRUCTOR, ADA, BEN = "daemon", "nobody", "games"  # accounts that each Linux has
COURSE = "deep-learning-from-scratch"


class Place:
    """A folder for all of them, with an exchange."""

    def __init__(self, root: Path):
        self.root, self.exchange = root, root / "exchange"
        self.exchange.mkdir()
        self.exchange.chmod(0o777)
        for user in (INSTRUCTOR, ADA, BEN):
            (root / user).mkdir()
            self.give(user, root / user)

    def give(self, user: str, folder: Path) -> None:
        """Make a folder, with all in it, a user's."""
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, user)

    def run(self, user: str, *command: str) -> str:
        """What a command says, run by a user in the user's folder."""
        account, home = pwd.getpwnam(user), self.root / user
        switch = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {"HOME": str(home), "PATH": programs, "PYTHONPATH": str(REPOSITORY), "LANG": "C.UTF-8"}
        result = subprocess.run(
            [*readable_python(), *switch, *command],
            cwd=home,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        said = result.stdout + result.stderr
        assert result.returncode == 0, f"{user}: {' '.join(command)}\n{said}"
        return said

    def nbgrader(self, user: str, command: str) -> str:
        """What nbgrader says."""
        return self.run(user, "nbgrader", command, WEEK, "--course", COURSE, f"--Exchange.root={self.exchange}")


def readable_python() -> list[str]:
    """What lets others run this Python where it lies in a folder of root's own."""
    python = Path(sys.executable).resolve()
    closed = [path for path in python.parents if not path.stat().st_mode & stat.S_IXOTH]
    if not closed:
        return []
    shown = str(closed[0] / python.relative_to(closed[0]).parts[0])
    hidden = ["--perms", "0755", "--tmpfs", str(closed[0]), "--ro-bind", shown, shown]
    return [str(find_bwrap()), "--dev-bind", "/", "/", *hidden, "--cap-add", "ALL", "--"]


@pytest.fixture(scope="module")
def accounts() -> None:
    """Skip where no other user's commands can be run."""
    reason = None
    if os.getuid() != 0:
        reason = "only root can run commands as an instructor and as students"
    elif shutil.which("setpriv") is None:
        reason = "no setpriv (on Debian: apt-get install util-linux)"
    else:
        known = {account.pw_name for account in pwd.getpwall()}
        missing = {INSTRUCTOR, ADA, BEN} - known
        reason = f"no accounts {', '.join(sorted(missing))}" if missing else None
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="module")
def place(accounts):
    """A class in which two submit through the exchange and one by hand; graded, with feedback that is released."""
    root = Path(tempfile.mkdtemp(prefix="exchange-"))  # pytest's own folders are closed to others
    try:
        root.chmod(0o755)
        place = Place(root)
        course = make_course(root / INSTRUCTOR)
        place.give(INSTRUCTOR, root / INSTRUCTOR)
        place.course = course
        place.nbgrader(INSTRUCTOR, "release_assignment")
        right = with_solutions(released(course), reference_solutions(course))
        for student in (ADA, BEN):
            place.nbgrader(student, "fetch_assignment")
        (root / ADA / WEEK / f"{LESSON}.ipynb").write_text(json.dumps(right))
        for student in (ADA, BEN):
            place.nbgrader(student, "submit")
        for student in ("byhand", "byhand, too"):
            hand_in(course, student, right)
        place.give(INSTRUCTOR, course.submitted)
        place.nbgrader(INSTRUCTOR, "collect")
        place.run(INSTRUCTOR, sys.executable, "-m", "grader", "grade", WEEK)
        place.run(INSTRUCTOR, sys.executable, "-m", "grader", "feedback", WEEK)
        place.said = place.nbgrader(INSTRUCTOR, "release_feedback")
        yield place
    finally:
        shutil.rmtree(root, ignore_errors=True)


def fetched(place: Place, student: str) -> str:
    shutil.rmtree(place.root / student / WEEK / "feedback", ignore_errors=True)
    place.nbgrader(student, "fetch_feedback")
    (page,) = (place.root / student / WEEK / "feedback").glob(f"*/{LESSON}.html")
    return page.read_text()


@pytest.mark.usefixtures("accounts")
def test_each_student_gets_ones_own_feedback(place):
    assert scores(place.course)[BEN] == 0 < scores(place.course)[ADA] == scores(place.course)["byhand"]
    for student in (ADA, BEN):
        assert fetched(place, student) == feedback_page(place.course, student)
    assert fetched(place, ADA) != fetched(place, BEN)


@pytest.mark.usefixtures("accounts")
def test_who_submitted_by_hand_stops_nobody_and_is_named(place):
    assert "byhand/week1 has no timestamp.txt and no submission_secret.txt" in place.said
    assert "byhand, too/week1 has no timestamp.txt" in place.said


@pytest.mark.usefixtures("accounts")
def test_no_answers_are_fetched(place):
    names = {path.name for path in (place.root / ADA / WEEK).iterdir()}
    assert f"{LESSON}.key.json" in names
    assert not [name for name in names if "hidden" in name]


@pytest.mark.usefixtures("accounts")
def test_what_nbgrader_grades_is_released_too_and_a_second_version_gets_its_own_feedback(place):
    before = fetched(place, BEN)
    right = with_solutions(released(place.course), {"sigmoid": reference_solutions(place.course)["sigmoid"]})
    file = place.root / BEN / WEEK / f"{LESSON}.ipynb"
    file.write_text(json.dumps(right))
    place.nbgrader(BEN, "submit")
    place.run(INSTRUCTOR, "nbgrader", "collect", WEEK, "--update", f"--Exchange.root={place.exchange}")
    place.run(INSTRUCTOR, "nbgrader", "autograde", WEEK, "--student", BEN)
    place.run(INSTRUCTOR, "nbgrader", "generate_feedback", WEEK, "--student", BEN, "--force")
    place.nbgrader(INSTRUCTOR, "release_feedback")
    place.nbgrader(BEN, "fetch_feedback")
    pages = sorted((place.root / BEN / WEEK / "feedback").glob(f"*/{LESSON}.html"))
    assert [page.read_text() for page in pages] == [before, feedback_page(place.course, BEN)]
    assert scores(place.course)[BEN] > 0
