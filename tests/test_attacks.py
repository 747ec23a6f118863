"""No submission gains a point that it did not earn, harms anybody, or leaves anything behind.

All attacks are handed in by one class, beside an honest student, and graded in
one run. Canaries lie wherever an attack might look.
"""

import functools
import hashlib
import os
import secrets
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from dlcore.checks.answer_key import HIDDEN_SUFFIX
from grader.lessons.course import Course
from tests.attacks import (
    EXERCISES,
    HONEST,
    Attack,
    Place,
    accidents,
    channel,
    files,
    forging,
    host,
    metadata,
    resources,
)
from tests.attacks.watch import Ear, adopt, survivors
from tests.classroom import (
    LESSON,
    WEEK,
    feedback_page,
    gradebook_rows,
    hand_in,
    make_course,
    reference_solutions,
    released,
    with_cell,
    with_solutions,
)
from tests.processes import descendants

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("attacks"), pytest.mark.usefixtures("needs_sandbox")]
CLASSES = {
    module.__name__.rpartition(".")[2]: module.ATTACKS
    for module in (forging, channel, metadata, files, resources, host, accidents)
}
ATTACKS = {f"{kind}{number:02}": attack for kind, attacks in CLASSES.items() for number, attack in enumerate(attacks)}
NAMES = {student: f"{student}: {attack.name}" for student, attack in ATTACKS.items()}
# Those that are tried with every change: some of each class, and what single tests look at. The sweep tries all.
EVERY = 6
CORE = {student for number, student in enumerate(ATTACKS) if number % EVERY == 0}
CORE |= {student for student, attack in ATTACKS.items() if "script" in attack.name}
CORE |= {student for student, attack in ATTACKS.items() if "reads the hidden checks" in attack.name}
LIMITS = {
    "cell_seconds": 2.0,
    "total_seconds": 40.0,
    "memory_mb": 600,
    "processes": 40,
    "file_mb": 20,
    "output_kb": 500,
    "evidence_kb": 2000,
}
SECRET = f"canary-{secrets.token_hex(8)}"
ENDURE = 1800  # seconds for all of it, on however busy a machine


@dataclass
class Aftermath:
    """A class that was attacked, and what was seen from outside."""

    course: Course
    output: str
    before: dict[str, str]
    after: dict[str, str]
    left: list[str]
    called: list[str]
    seconds: float

    @functools.cached_property
    def rows(self) -> dict[str, dict[str, tuple]]:
        """The gradebook."""
        return gradebook_rows(self.course)

    def points(self, student: str) -> dict[str, float]:
        """What a student's checks got, without those that got nothing."""
        rows = self.rows[student].items()
        return {name: row[0] for name, row in rows if not name.startswith("comment") and row[0]}


def params(students):
    """Attacks to try, those beyond the core as part of the sweep."""
    return [
        pytest.param(student, id=NAMES[student], marks=() if student in CORE else pytest.mark.sweep)
        for student in students
    ]


@pytest.fixture(scope="module")
def attacks(request):
    """The attacks that tests were selected for."""
    chosen = {
        item.callspec.params["student"]
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    }
    return {student: attack for student, attack in ATTACKS.items() if student in chosen | CORE}


@pytest.fixture(scope="module")
def aftermath(attacks, tmp_path_factory):
    """The class, after the attacks."""
    folder = tmp_path_factory.mktemp("attacks")
    course = make_course(folder / "course", **LIMITS)
    home = folder / "home"
    home.mkdir()
    note = Path("/tmp") / f"{SECRET}.txt"
    ear = Ear(home, SECRET)
    place = Place(course.root, home, note, ear.port)
    try:
        _lay_canaries(place)
        _hand_in_all(course, place, attacks)
        before = _fingerprints(place)
        begun = time.monotonic()
        output, left = _grade(course, home)
        seconds = time.monotonic() - begun
        yield Aftermath(course, output, before, _fingerprints(place), left, ear.calls, seconds)
    finally:
        ear.close()
        note.unlink(missing_ok=True)


def _lay_canaries(place: Place) -> None:
    spots = [place.home / ".ssh" / "id_rsa", place.course / "canary.txt", place.course / "source" / "canary.txt"]
    spots += [place.course / "submitted" / "honest" / WEEK / "canary.txt", place.course / ".cache" / "canary.txt"]
    spots += [place.course / "release" / "canary.txt", place.home / ".ipython" / "canary.txt", place.note]
    for spot in spots:
        spot.parent.mkdir(parents=True, exist_ok=True)
        spot.write_text(SECRET)
    with sqlite3.connect(place.home / "gradebook.db") as book:
        book.execute("CREATE TABLE grade (manual_score)")
        book.execute("INSERT INTO grade VALUES (1)")
    book.close()


def _hand_in_all(course: Course, place: Place, attacks: dict[str, Attack]) -> None:
    blank, solutions = released(course), reference_solutions(course)
    for student, attack in attacks.items():
        wanted = {name: place.fill(source) for name, source in attack.all_solutions().items()}
        notebook = with_solutions(blank, {HONEST: solutions[HONEST]} | wanted)
        if attack.source:
            notebook = with_cell(notebook, place.fill(attack.source))
        path = hand_in(course, student, attack.change(notebook) if attack.change else notebook)
        if attack.lay is not None:
            attack.lay(path.parent, place)
    hand_in(course, "honest", with_solutions(blank, solutions))
    hand_in(course, "zealous", with_solutions(blank, solutions))


def _fingerprints(place: Place) -> dict[str, str]:
    """What every file is that grading has no business with: contents, and for all else the kind and target."""
    found = {}
    for root in (place.course, place.home, place.note):
        for path in sorted([root, *root.rglob("*")]):
            parts = path.relative_to(root).parts[:1] if path.is_relative_to(place.course) else ()
            if parts in (("autograded",), (".cache",), ("gradebook.db",)) and path.name != "canary.txt":
                continue
            status = path.lstat()
            text = f"{status.st_mode} {status.st_size if path.is_file() else ''}"
            if path.is_symlink():
                text += os.readlink(path)
            elif path.is_file() and status.st_size < 10**9:
                text += hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(path)] = text
    return found


def _grade(course: Course, home: Path) -> tuple[str, list[str]]:
    """Grade all; what it printed, and the processes that it left."""
    earlier = {process.pid for process in descendants(os.getpid())}
    environment = os.environ | {"HOME": str(home), "CANARY": SECRET, "AWS_SECRET_ACCESS_KEY": SECRET}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = [sys.executable, "-m", "grader", "grade", WEEK, "--workers", "2"]
    adopt(True)
    try:
        done = subprocess.run(
            command, cwd=course.root, env=environment, capture_output=True, text=True, timeout=ENDURE, check=False
        )
        left = survivors(earlier)
    finally:
        adopt(False)
    told = done.stdout + done.stderr
    assert done.returncode == 0, "\n".join(line for line in told.splitlines() if not line.endswith(" of 100"))
    return told, left


def graded_text(course: Course, student: str) -> str:
    return (course.autograded / student / WEEK / f"{LESSON}.ipynb").read_text()


@pytest.mark.parametrize("student", params(ATTACKS))
def test_it_gains_no_point_and_its_honest_exercise_keeps_its_own(aftermath, student):
    attack, points = ATTACKS[student], aftermath.points(student)
    earned = {f"{name}-check": aftermath.rows["honest"][f"{name}-check"][3] for name in attack.keeps}
    if attack.harms_itself:
        assert points.items() <= earned.items() or points[f"{HONEST}-check"] < earned[f"{HONEST}-check"]
        assert points.keys() <= earned.keys()
    else:
        assert points == earned


@pytest.mark.parametrize("student", params(name for name, attack in ATTACKS.items() if attack.told))
def test_it_was_tried_and_found_nothing(aftermath, student):
    assert ATTACKS[student].told in graded_text(aftermath.course, student)


def test_there_are_as_many_attacks_as_we_want():
    assert len(ATTACKS) >= 60
    assert len(set(NAMES.values())) == len(NAMES)
    assert {student[:-2] for student in CORE} == set(CLASSES)
    assert all(len(attacks) >= 10 for attacks in CLASSES.values())


def test_no_attack_replaces_its_own_honest_solution():
    """Or the points that it has to keep would be those of the attack."""
    assert HONEST not in EXERCISES
    assert [attack.name for attack in ATTACKS.values() if HONEST in attack.all_solutions()] == []


@pytest.mark.parametrize("student", ["honest", "zealous"])
def test_the_others_are_graded_as_if_nothing_had_happened(aftermath, student):
    rows = aftermath.rows[student]
    assert all(row[0] == row[3] for name, row in rows.items() if name.endswith("-check"))


def test_everybody_is_graded(aftermath, attacks, record_property):
    record_property("seconds", round(aftermath.seconds))
    assert set(aftermath.rows) == {*attacks, "honest", "zealous"}
    assert "Traceback" not in aftermath.output


def test_canaries_are_unchanged_and_nothing_was_planted(aftermath):
    changed = {path for path in aftermath.before if aftermath.before[path] != aftermath.after.get(path)}
    assert not changed
    assert not set(aftermath.after) - set(aftermath.before)
    assert not Path("/tmp/planted").exists()


def test_canaries_are_unread(aftermath):
    places = [*aftermath.course.autograded.rglob("*"), aftermath.course.root / "gradebook.db"]
    for path in places:
        if path.is_file() and not path.is_symlink():
            assert f"{SECRET}".encode() not in path.read_bytes().replace(f"/tmp/{SECRET}.txt".encode(), b"")
    assert SECRET not in aftermath.output


def test_nobody_on_this_machine_was_called(aftermath):
    assert not aftermath.called


def test_no_process_is_left_behind(aftermath):
    assert not aftermath.left


def test_files_of_a_submission_go_nowhere(aftermath):
    for folder in aftermath.course.autograded.glob(f"*/{WEEK}"):
        assert [path.name for path in folder.iterdir()] == [f"{LESSON}.ipynb"]


def test_hidden_checks_stay_hidden(aftermath):
    """They could be told through the errors of the visible ones, if they were known by then."""
    number = next(name for name, attack in ATTACKS.items() if "reads the hidden checks" in attack.name)
    text = graded_text(aftermath.course, number)
    assert "raised Exception: hidden: " in text or "Exception: hidden: " in text
    assert "hidden: from dlcore" not in text


@pytest.mark.parametrize(
    "student", params([*(name for name in ATTACKS if "script" in ATTACKS[name].name), "forging00"])
)
def test_feedback_on_an_attack_is_inert(aftermath, student):
    assert aftermath.course.api.generate_feedback(WEEK, student)["success"]
    page = feedback_page(aftermath.course, student)
    assert "<script" not in page
    assert "onerror=alert" not in page.replace("&lt;img src=x onerror=alert(1)&gt;", "")
    assert not list((aftermath.course.feedback / student / WEEK).glob(f"*{HIDDEN_SUFFIX}"))
