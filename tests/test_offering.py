"""A course has numbers of its own in the hidden checks, and whoever knows the public ones gains nothing."""

import base64
import json
import pickle
import re
import stat
import subprocess
from types import SimpleNamespace

import nbformat
import pytest

from grader.commands.offering import _say_missing
from grader.doctor.environment import BAD, GOOD, POOR
from grader.doctor.offering import check_offering
from grader.errors import GradingError
from grader.lessons.audit import audit
from grader.lessons.load_reference import load_reference
from grader.lessons.notebooks import course_metadata, own_code_cells
from grader.lessons.parser import read_lesson
from grader.offering.draw import draw_lesson
from grader.offering.redraw import Amount
from grader.offering.secret import FOLDER, MAX_VERSIONS, find_offering, set_offering, version_of
from grader.offering.store import references_of
from tests.classroom import (
    LESSON,
    WEEK,
    feedback_page,
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
from tests.small_lesson import NAME, TEXT, VARIANTS, reference_of

TABLE = """
import base64, pickle
def {name}(*args, **kwargs):
    return pickle.loads(base64.b64decode({table!r}))[repr((args, sorted(kwargs.items())))]
"""
READS = """
import pathlib
for path in [{path!r}, *map(str, pathlib.Path("/").glob("*/.offering/*"))]:
    try:
        print(pathlib.Path(path).read_text())
    except OSError as problem:
        print("unread", problem.strerror)
"""
ONE_NUMBER = """
### misconception: one-number

You are wrong for one number.

- `2 * np.asarray(z)` → `2 * np.asarray(z) + np.all(np.equal(z, 0.6875))`
"""


# The secret


def test_a_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    offering = set_offering(tmp_path)
    path = tmp_path / FOLDER / "secret.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert find_offering(tmp_path) == set_offering(tmp_path) == offering
    assert offering.secret.hex() in path.read_text()
    assert len({set_offering(tmp_path / name).secret for name in ("a", "b") if not (tmp_path / name).mkdir()}) == 2


def test_a_lost_secret_is_an_error_and_no_offering_is_none(tmp_path):
    assert find_offering(tmp_path) is None
    assert version_of(tmp_path, "ada") == 0
    set_offering(tmp_path)
    (tmp_path / FOLDER / "secret.json").unlink()
    with pytest.raises(GradingError, match=r"secret\.json is gone.*Put your copy back"):
        find_offering(tmp_path)
    with pytest.raises(GradingError, match="is gone"):
        set_offering(tmp_path)  # no other secret takes its place unasked


def test_weeks_that_are_not_drawn_are_said_not_to_be_gradable(tmp_path, capsys):
    course = make_course(tmp_path)
    _say_missing(course, set_offering(course.root))
    said = "week1: cannot be graded until drawn, too: `python -m grader offering week1`\n"
    assert capsys.readouterr().out == said


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_secret_that_others_can_read_is_an_error(tmp_path, mode):
    set_offering(tmp_path)
    path = tmp_path / FOLDER / "secret.json"
    path.chmod(mode)
    with pytest.raises(GradingError, match=f"can be read by others on this machine .mode {mode:o}.*chmod 600"):
        find_offering(tmp_path)


def test_a_folder_that_others_can_read_is_an_error(tmp_path):
    set_offering(tmp_path)
    (tmp_path / FOLDER).chmod(0o755)
    with pytest.raises(GradingError, match="can be read by others: chmod 700"):
        find_offering(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"secret": "ab", "versions": 1}', '{"secret": "x", "versions": 1}', "\x00"]
)
def test_a_damaged_secret_is_an_error(tmp_path, text):
    set_offering(tmp_path)
    path = tmp_path / FOLDER / "secret.json"
    path.write_text(text)
    with pytest.raises(GradingError, match="is damaged; put your copy back"):
        find_offering(tmp_path)


def test_students_are_spread_over_the_versions_and_keep_theirs(tmp_path):
    set_offering(tmp_path, 4)
    students = [f"student{number}" for number in range(400)]
    versions = [version_of(tmp_path, student) for student in students]
    assert versions == [version_of(tmp_path, student) for student in students]
    assert all(60 < versions.count(version) < 140 for version in range(4))
    assert set_offering(tmp_path).versions == 4
    assert set_offering(tmp_path, 2).secret == find_offering(tmp_path).secret
    for count in (0, MAX_VERSIONS + 1):
        with pytest.raises(GradingError, match="there can be 1 to"):
            set_offering(tmp_path, count)


def test_keys_and_fingerprint_do_not_hold_the_secret(tmp_path):
    offering = set_offering(tmp_path)
    assert offering.key("a") != offering.key("b")
    assert offering.key("a", "b") != offering.key("ab")
    assert offering.fingerprint not in offering.secret.hex()


def test_git_ignores_the_folder_of_the_secret(course_root):
    answer = subprocess.run(["git", "-C", course_root, "check-ignore", "-q", f"{FOLDER}/secret.json"], check=False)
    assert answer.returncode == 0


# Drawing


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small lesson with its reference, and one hidden check more, which alone catches a misconception."""
    folder = tmp_path_factory.mktemp("small")
    text = TEXT.replace(
        'label="a column of whole numbers")', 'label="whole numbers")\ncheck(double, 0.6875, label="x")'
    )
    variants = VARIANTS.replace("\n### alternative: adds", ONE_NUMBER + "\n### alternative: adds", 1)
    reference = reference_of(folder, text, variants)
    return SimpleNamespace(reference=reference, lesson=read_lesson(folder / "course" / "week1" / f"{NAME}.md"))


@pytest.mark.usefixtures("needs_sandbox")
@pytest.mark.parametrize("key", [b"one", b"two", b"three"])
def test_the_audit_holds_for_the_numbers_of_any_secret(small, tmp_path, key):
    drawn = draw_lesson(small.reference, small.lesson, key, tmp_path / WEEK, tmp_path / "cache")
    made = load_reference(tmp_path / WEEK / f"{NAME}.ipynb", small.lesson, tmp_path / "cache")
    rows, defects = audit(made, small.lesson)
    assert not defects
    assert all(row.caught == row.misconceptions and row.accepted == row.alternatives for row in rows)
    found = {item.exercise: item for item in drawn}
    assert set(found) == {"double", "row_means"}
    assert (found["row_means"].anew, found["row_means"].amount) == (1, Amount.ALL)


@pytest.mark.usefixtures("needs_sandbox")
def test_numbers_that_let_a_misconception_pass_are_refused_and_said(small, tmp_path):
    drawn = draw_lesson(small.reference, small.lesson, b"key", tmp_path / WEEK, tmp_path / "cache")
    (item,) = (item for item in drawn if item.exercise == "double")
    assert item.attempts > 3
    assert item.amount < Amount.ALL
    assert item.reason == "no hidden check catches the misconception one-number any more"


@pytest.mark.slow
@pytest.mark.week10
@pytest.mark.usefixtures("needs_sandbox")
def test_a_name_among_random_things_may_be_another_one_and_that_of_a_written_case_stays(course_root, tmp_path):
    lesson = read_lesson(course_root / "course" / "week10" / "project_strategy.md")
    public = load_reference(course_root / "source" / "week10" / "project_strategy.ipynb", lesson, tmp_path / "cache")
    drawn = draw_lesson(public, lesson, b"key", tmp_path / "week10", tmp_path / "cache")
    found = {item.exercise: item for item in drawn}
    assert (found["choose"].amount, found["choose"].anew) == (Amount.SEEDS, 2)
    assert (found["decompose"].amount, found["decompose"].anew) == (Amount.SEEDS, 3)


# A class


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A class before and after it got numbers of its own; one student has a table of all public answers."""
    course = make_course(tmp_path_factory.mktemp("offering"))
    right, blank = reference_solutions(course), released(course)
    hand_in(course, "right", with_solutions(blank, right))
    hand_in(course, "table", with_solutions(blank, right | tables(course)))
    path = course.root / FOLDER / "secret.json"
    hand_in(course, "reads", with_cell(with_solutions(blank, right), READS.format(path=str(path))))
    assert grader(course, "grade", WEEK).returncode == 0
    return course


def tables(course) -> dict[str, str]:
    """For each exercise a function that knows what all public checks want, and nothing else."""
    found: dict[str, dict[str, object]] = {}

    def check(function, *args, **options):
        controls = ("label", "compare", "rtol", "atol", "quiet", "fresh")
        kwargs = {key: value for key, value in options.items() if key not in controls}
        found.setdefault(function.__name__, {})[repr((args, sorted(kwargs.items())))] = function(*args, **kwargs)

    notebook = nbformat.read(course.source / WEEK / f"{LESSON}.ipynb", as_version=4)
    names: dict[str, object] = {}
    for _, cell in own_code_cells(notebook):
        if course_metadata(cell).get("role") in ("setup", "solution", "quiz"):
            exec(cell.source.replace(f'begin("{LESSON}")', ""), names)
    names |= {"check": check, "check_choice": lambda *arguments: None}
    for cell in notebook.cells:
        if cell.cell_type == "code" and course_metadata(cell).get("role") == "check":
            exec(cell.source, names)
    return {
        name: TABLE.format(name=name, table=base64.b64encode(pickle.dumps(table)).decode())
        for name, table in found.items()
    }


def graded(course, student):
    return nbformat.read(course.autograded / student / WEEK / f"{LESSON}.ipynb", as_version=4)


@pytest.mark.slow
@pytest.mark.xdist_group("grading")
@pytest.mark.usefixtures("needs_sandbox")
def test_whoever_knows_the_public_numbers_gains_nothing(course, tmp_path):
    before = scores(course)
    assert before["table"] == before["right"] > 0

    drawn = grader(course, "offering", WEEK)
    assert "cannot be graded" not in drawn.stdout
    assert drawn.returncode == 0, drawn.stderr
    assert "Keep a copy" in drawn.stdout
    anew, hidden = map(int, re.search(r"(\d+) of (\d+) hidden checks have other numbers", drawn.stdout).groups())
    assert 0.8 * hidden < anew <= hidden

    offering = find_offering(course.root)
    said = grader(course, "grade", WEEK).stdout
    assert "3 grades are stale" in said
    assert f"numbers of the hidden checks: the lessons' own → {offering.fingerprint}-1 (reads, right, table)" in said
    assert scores(course) == before

    assert grader(course, "regrade", WEEK).returncode == 0
    after = scores(course)
    assert after["right"] == after["reads"] == before["right"]
    assert after["table"] < before["table"] / 3
    assert "stale" not in grader(course, "grade", WEEK).stdout

    # The same by nbgrader's own command.
    assert run(course, "nbgrader", "autograde", WEEK, "--force").returncode == 0
    assert scores(course) == after
    assert "stale" not in grader(course, "grade", WEEK).stdout

    # Neither the secret nor the numbers are told.
    (reference,) = (found[LESSON] for found in references_of(course, WEEK, [LESSON]))
    hidden_text = "\n".join(cell.hidden_source for item in reference.exercises.values() for cell in item.cells)
    public = (course.source / WEEK / f"{LESSON}.ipynb").read_text()
    numbers = [text for text in re.findall(r"\d+\.\d{4,}|\d{12,}", hidden_text) if text not in public]
    assert len(numbers) > 30
    assert grader(course, "feedback", WEEK).returncode == 0
    for student in ("table", "reads"):
        page = feedback_page(course, student)
        assert not [text for text in (*numbers, offering.secret.hex()) if text in page]
        assert offering.secret.hex() not in json.dumps(graded(course, student))
    assert not [text for text in numbers if text in (course.release / WEEK / f"{LESSON}.ipynb").read_text()]


@pytest.mark.slow
@pytest.mark.xdist_group("grading")
@pytest.mark.usefixtures("needs_sandbox")
def test_versions_give_students_different_numbers_and_a_changed_lesson_asks_to_draw_again(course):
    first = find_offering(course.root) or set_offering(course.root)
    assert grader(course, "offering", WEEK, "--versions", "2").returncode == 0
    offering = find_offering(course.root)
    assert offering.secret == first.secret
    one, two = (found[LESSON] for found in references_of(course, WEEK, [LESSON]))
    sources = [[cell.source for item in found.exercises.values() for cell in item.cells] for found in (one, two)]
    assert sources[0] != sources[1]
    assert grader(course, "regrade", WEEK).returncode == 0
    for student in ("right", "table", "reads"):
        numbers = graded(course, student).metadata["course"]["basis"]["numbers"]
        assert numbers == f"{offering.fingerprint}-{offering.version_of(student) + 1}"
    assert check_offering(course).mark == GOOD

    source = course.source / WEEK / f"{LESSON}.ipynb"
    source.chmod(0o644)
    source.write_text(source.read_text().replace("np.random.default_rng(13)", "np.random.default_rng(131)"))
    result = grader(course, "grade", WEEK)
    assert result.returncode == 2
    assert f"{WEEK}/{LESSON} has changed since the numbers of this offering were drawn" in result.stderr
    assert f"run `python -m grader offering {WEEK}`" in result.stderr
    finding = check_offering(course)
    assert (finding.mark, finding.advice) == (POOR, f"`python -m grader offering {WEEK}`")

    (course.root / FOLDER / "secret.json").chmod(0o644)
    assert check_offering(course).mark == BAD
    result = grader(course, "grade", WEEK)
    assert (result.returncode, "can be read by others" in result.stderr) == (2, True)
