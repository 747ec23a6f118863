"""A table of the examples that are shown earns nothing, and the instructor sees it."""

import base64
import pickle

import pytest

from grader.grading.cell_report import CellReport, CheckReport
from grader.lessons.audit import audit
from grader.lessons.notebooks import course_metadata, own_code_cells
from grader.lessons.parser import read_lesson
from tests.classroom import grader, hand_in, make_course, reference_solutions, released, scores, with_solutions
from tests.small_lesson import NAME, TEXT, VARIANTS, reference_of

TABLE = """
import base64, pickle
def {name}(*args, **kwargs):
    return pickle.loads(base64.b64decode({table!r}))[repr((args, sorted(kwargs.items())))]
"""


def shown_examples(course) -> dict[str, dict[str, object]]:
    """For each exercise what it returns in the checks that students see."""
    tables: dict[str, dict[str, object]] = {}

    def check(function, *args, **options):
        kwargs = {key: value for key, value in options.items() if key not in ("label", "compare", "rtol", "atol")}
        kwargs = {key: value for key, value in kwargs.items() if key not in ("quiet", "fresh")}
        key = repr((args, sorted(kwargs.items())))
        tables.setdefault(function.__name__, {})[key] = function(*args, **kwargs)

    notebook = with_solutions(released(course), reference_solutions(course))
    names: dict[str, object] = {}
    for _, cell in own_code_cells(notebook):
        source = cell.source.replace('begin("logistic_regression")', "")
        if course_metadata(cell).get("role") in ("setup", "solution", "quiz"):
            exec(source, names)
    names |= {"check": check, "check_choice": lambda *arguments: None}
    for cell in notebook.cells:
        if cell.cell_type == "code" and course_metadata(cell).get("role") == "check":
            exec(cell.source, names)
    return tables


@pytest.mark.usefixtures("needs_sandbox")
@pytest.mark.week1
def test_a_table_of_the_shown_examples_earns_nothing_and_is_reported(tmp_path):
    course = make_course(tmp_path)
    solutions = {
        name: TABLE.format(name=name, table=base64.b64encode(pickle.dumps(table)).decode())
        for name, table in shown_examples(course).items()
    }
    assert len(solutions) >= 10
    hand_in(course, "table", with_solutions(released(course), solutions))
    graded = grader(course, "grade", "week1")
    assert graded.returncode == 0, graded.stderr
    assert scores(course) == {"table": 0}
    assert grader(course, "report", "week1").returncode == 0
    page = (tmp_path / "report.html").read_text()
    counted = [name for name in solutions if name not in ("to_column", "propagate_loop")]  # optional ones: left out
    assert f"passes the examples that are shown and no hidden check: {', '.join(counted)}" in page
    text = next((course.autograded / "table" / "week1").glob("*.ipynb")).read_text()
    assert text.count("That earns no points: the function has to compute.") >= len(solutions)


def report(*checks: tuple[bool, bool]) -> CellReport:
    return CellReport("c", "e", 4, 0, [CheckReport("", hidden, passed, "") for hidden, passed in checks])


@pytest.mark.parametrize(
    "checks",
    [
        [(False, True), (True, True)],
        [(False, True), (True, False), (True, True)],
        [(False, False), (False, True), (True, False)],
        [(False, False), (True, False)],
        [(False, True)],
        [(True, False)],
    ],
)
def test_who_passes_otherwise_is_not_suspected(checks):
    assert not report(*checks).repeats_examples


def test_who_passes_all_that_is_shown_and_nothing_else_is():
    assert report((False, True), (False, True), (True, False)).repeats_examples
    assert report((True, False), (False, True)).repeats_examples


@pytest.mark.usefixtures("needs_sandbox")
def test_a_misconception_that_would_be_taken_for_a_table_is_a_defect(tmp_path):
    variants = VARIANTS.replace(
        "- `2 * np.asarray(z)` → `np.asarray(z) / 2`",
        "- `return 2 * np.asarray(z)` → `return 2 * np.asarray(z) if abs(np.ravel(z)[0]) < 10 else np.asarray(z)`",
    )
    assert variants != VARIANTS
    reference = reference_of(tmp_path, TEXT, variants)
    _, defects = audit(reference, read_lesson(tmp_path / "course" / "week1" / f"{NAME}.md"))
    wanted = "the misconception halves passes what is shown and nothing that is hidden, which earns nothing"
    assert [wanted in str(defect) for defect in defects] == [True], defects
