"""What repeated hand-ins can learn about hidden checks is bounded."""

import json

import pytest

from dlcore.checks.compare import Settings
from dlcore.checks.evidence import Outcome, OutcomeKind
from dlcore.checks.verdict import judge
from grader.batch.grade_week import cell_reports, graded_notebooks
from tests.classroom import grader, hand_in, make_course, released, run, with_solutions

pytestmark = [pytest.mark.week1, pytest.mark.xdist_group("hand-ins")]

# Overflows, and returns NaN, for scores of -1000; more than one hidden check of the cost fails, too.
SOLUTIONS = {
    "sigmoid": "def sigmoid(z):\n    return np.exp(z) / (1 + np.exp(z))",
    "cost": "def cost(A, Y):\n    return -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A)) if A.size < 9 else 1.0",
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("hand-ins"), explained_hand_ins=2)


@pytest.fixture(scope="module", params=["python -m grader grade", "nbgrader autograde"])
def reports(request, course):
    """The reports on three versions and on a second grading of the third, by command."""

    def graded(version: int):
        student = request.param.split()[0]
        solutions = SOLUTIONS | {"accuracy": f"def accuracy(A, Y):\n    return -{version}"}
        hand_in(course, student, with_solutions(released(course), solutions))
        if student == "python":
            done = grader(course, "grade", "week1", "--student", student)
        else:
            done = run(course, "nbgrader", "autograde", "week1", "--student", student)
        assert done.returncode == 0, done.stderr
        return {
            report.name: report
            for report in cell_reports(graded_notebooks(course, "week1", student)["logistic_regression"])
        }

    return [graded(1), graded(2), graded(2), graded(3)]


def reasons(reports) -> list[str]:
    return [check.message for report in reports.values() for check in report.checks if check.hidden and check.message]


@pytest.mark.usefixtures("needs_sandbox")
def test_reasons_are_told_for_as_many_versions_as_the_course_allows(reports):
    first, second, again, third = reports
    assert len(reasons(first)) == len(reasons(second)) == len(reasons(again)) > 0
    assert reasons(third) == []
    assert any("After 2 versions of this notebook" in note for report in third.values() for note in report.notes)
    assert not any("After 2 versions" in note for report in again.values() for note in report.notes)


@pytest.mark.usefixtures("needs_sandbox")
def test_one_reason_is_told_for_each_cell(reports):
    failing = [
        [check.message for check in report.checks if check.hidden and not check.passed]
        for report in reports[0].values()
    ]
    assert any(len(messages) > 1 for messages in failing)
    assert all(bool(messages[0]) and not any(messages[1:]) for messages in failing if messages)


@pytest.mark.usefixtures("needs_sandbox")
def test_scores_do_not_depend_on_it(reports):
    points = [{name: report.score for name, report in graded.items()} for graded in reports]
    assert points[0] == points[1] == points[2] == points[3]


@pytest.mark.parametrize(
    "name", ["BlockingIOError", "LookupError", "UnicodeTranslateError", "ZeroDivisionError", "Seven"]
)
def test_a_hidden_check_names_few_errors(name):
    right = Outcome(OutcomeKind.RETURNED, 1.0)
    verdict = judge(right, Outcome(OutcomeKind.RAISED, error=name, text="7 of 9"), Settings())
    assert verdict.gist == "It raised an error."
    assert name in verdict.message


def test_the_message_of_an_error_chooses_no_hint_in_a_hidden_check():
    right = Outcome(OutcomeKind.RETURNED, 1.0)
    gists = {
        judge(right, Outcome(OutcomeKind.RAISED, error="ValueError", text=text), Settings()).gist
        for text in (
            "operands could not be broadcast together with shapes (2,3) (3,2)",
            "matmul: Input operand 1 has a mismatch in its core dimension 0",
            json.dumps({"seen": [1, 0, 1]}),
        )
    }
    assert gists == {"It raised ValueError."}
