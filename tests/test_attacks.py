"""No student code gains a point that it did not earn."""

import json

import pytest

from grader.notebooks import is_check
from tests.attacks import ATTACKS
from tests.classroom import (
    WEEK,
    feedback_page,
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

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("attacks"), pytest.mark.usefixtures("needs_sandbox")]
HARMLESS = ("takes over IPython's display hook", "updates the displays of other cells")


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """A class in which everyone attacks, graded once."""
    course = make_course(tmp_path_factory.mktemp("attacks"), cell_seconds=5.0)
    blank = released(course)
    for number, source in enumerate(ATTACKS.values()):
        hand_in(course, f"attack{number}", with_cell(blank, source))
    honest = with_solutions(blank, {"to_column": reference_solutions(course)["to_column"]})
    for number, name in enumerate(HARMLESS):
        hand_in(course, f"mixed{number}", with_cell(honest, ATTACKS[name]))
    hand_in(course, "prefilled", _prefilled(blank))
    hand_in(course, "delegates", with_solutions(blank, _delegates(course)))
    hand_in(course, "honest", with_solutions(blank, reference_solutions(course)))
    for folder in ("attack0", "prefilled"):
        (course.submitted / folder / WEEK / "numpy.py").write_text("raise SystemExit('shadowed')\n")
    result = grader(course, "grade", WEEK)
    assert result.returncode == 0, result.stderr
    return course


def _prefilled(blank):
    """Outputs, points and check cells as a cheat would like them."""
    notebook = json.loads(json.dumps(blank))
    for cell in notebook["cells"]:
        if is_check(cell):
            cell["source"] = "100"
            cell["metadata"]["nbgrader"] |= {"points": 1000, "locked": False}
            cell["metadata"]["course"]["report"] = {"score": 100}
            cell["outputs"] = [
                {"output_type": "execute_result", "data": {"text/plain": "100"}, "metadata": {}, "execution_count": 1}
            ]
    return notebook


def _delegates(course):
    """Fails one exercise on purpose, and lets the next call it."""
    return {
        "propagate_loop": "def propagate_loop(w, b, X, Y):\n    return None",
        "propagate": "def propagate(w, b, X, Y):\n    return propagate_loop(w, b, X, Y)",
    }


@pytest.mark.parametrize("number", range(len(ATTACKS)), ids=list(ATTACKS))
def test_an_attack_gains_no_point(attacked, number):
    assert scores(attacked)[f"attack{number}"] == 0


def test_filled_in_outputs_points_and_checks_gain_no_point(attacked):
    assert scores(attacked)["prefilled"] == 0
    assert (
        gradebook_rows(attacked)["prefilled"]["sigmoid-check"] == gradebook_rows(attacked)["attack0"]["sigmoid-check"]
    )


def test_follow_through_is_no_way_to_have_another_exercise_done_for_you(attacked):
    assert scores(attacked)["delegates"] == 0


@pytest.mark.parametrize("number", range(len(HARMLESS)), ids=HARMLESS)
def test_an_exercise_done_honestly_keeps_its_points(attacked, number):
    rows = gradebook_rows(attacked)[f"mixed{number}"]
    assert rows["to_column-check"][0] == rows["to_column-check"][3] > 0
    assert scores(attacked)[f"mixed{number}"] == rows["to_column-check"][0]


def test_the_others_are_graded_as_if_nothing_had_happened(attacked):
    rows = gradebook_rows(attacked)["honest"]
    assert all(row[0] == row[3] for name, row in rows.items() if name.endswith("-check"))


def test_files_of_a_submission_go_nowhere(attacked):
    for folder in (attacked.autograded / "attack0" / WEEK, attacked.feedback / "attack0" / WEEK):
        assert not list(folder.glob("*.py"))


def test_no_kernel_is_left_behind(attacked):
    import psutil

    kernels = [p for p in psutil.process_iter(["cmdline"]) if "/run/bootstrap.py" in (p.info["cmdline"] or [])]
    here = [p for p in kernels if any(parent.pid == psutil.Process().pid for parent in p.parents())]
    assert not here


def test_feedback_on_an_attack_is_inert(attacked):
    assert grader(attacked, "feedback", WEEK).returncode == 0
    for number in range(len(ATTACKS)):
        assert "<script" not in feedback_page(attacked, f"attack{number}")
