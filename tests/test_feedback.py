"""The feedback page: what was missed first, each hint once, and nothing written twice."""

import itertools
import re

import nbformat
import pytest

from grader.batch.feedback import make_feedback
from grader.batch.grade_week import State
from grader.errors import GradingError
from grader.grading.cell_report import CellReport, CheckReport
from grader.nbgrader_plugins.feedback import feedback_page
from grader.nbgrader_plugins.feedback_model import read_exercises
from tests.classroom import LESSON, WEEK, grader, hand_in, make_course, reference_solutions, released, with_solutions

PLACE = {
    "student": "ada",
    "assignment": "week1",
    "notebook": "small",
    "score": 4.0,
    "max_score": 12.0,
    "late_penalty": 0,
    "lateness": "",
}
HINT = "The exponent is −z, not z."


def check(label, message="", *, hidden=False, passed=False, misconception="", kind="values"):
    return CheckReport(label, hidden, passed, "passed" if passed else kind, message, misconception)


def exercise(name, checks, score=0.0, points=4.0, notes=(), followed=False):
    """The cells of one exercise as nbgrader's GetGrades leaves them."""
    solution = nbformat.v4.new_code_cell(f"def {name}(z):\n    return z")
    solution.metadata = nbformat.from_dict(
        {"course": {"exercise": name, "role": "solution"}, "nbgrader": {"grade_id": name, "solution": True}}
    )
    report = CellReport(f"{name}-check", name, points, score, checks, list(notes), followed)
    cell = nbformat.v4.new_code_cell("")
    marks = {"grade_id": f"{name}-check", "grade": True, "score": score, "points": points}
    cell.metadata = nbformat.from_dict(
        {"course": {"exercise": name, "role": "check", "report": report.to_json()}, "nbgrader": marks}
    )
    return [solution, cell]


def page_of(*parts, lessons_url="", problems=()):
    text = nbformat.v4.new_markdown_cell("# Small\n## 2. A neuron\n### The sigmoid")
    text.metadata = nbformat.from_dict({"course": {"role": "text"}})
    cells = [text, *itertools.chain(*parts)]
    notebook = nbformat.v4.new_notebook(
        cells=cells, metadata={"course": {"title": "Small", "problems": list(problems)}}
    )
    return feedback_page(notebook, PLACE, lessons_url)


WRONG = [
    check("an array", f"{HINT}\nExpected 1.0, got 2.0.", misconception="sign"),
    check("a number", "Too large. Expected 3.0, got 4.0."),
    check("a list", f"{HINT}\nExpected 5.0, got 6.0.", misconception="sign"),
    check("zeros", passed=True),
    check("hidden one", "", hidden=True, kind="negated"),
]


def test_a_hint_is_given_once_with_the_checks_that_it_explains():
    (item,) = read_exercises(exercise("sigmoid", WRONG))
    said = [(mistake.hint, [(found.label, detail) for found, detail in mistake.checks]) for mistake in item.mistakes]
    assert said == [
        (HINT, [("an array", "Expected 1.0, got 2.0."), ("a list", "Expected 5.0, got 6.0.")]),
        ("Too large.", [("a number", "Expected 3.0, got 4.0.")]),
        ("", [("hidden one", "")]),
    ]
    assert page_of(exercise("sigmoid", WRONG)).count(HINT) == 1


ARRAYS = "Expected array([[0.25],\n       [0.5]]), got array([[1.],\n       [2.]])."


@pytest.mark.parametrize(
    ("message", "hint", "detail"),
    [
        (ARRAYS, "", ARRAYS),
        (f"The first of the 3 values: {ARRAYS}", "", f"The first of the 3 values: {ARRAYS}"),
        (f"The sign is wrong. {ARRAYS}", "The sign is wrong.", ARRAYS),
        ("It returned a list. It was [1,\n 2].", "It returned a list.", "It was [1,\n 2]."),
        ("It should raise here, but it returned [1,\n 2].", "It should raise here, but it returned [1,\n 2].", ""),
        ("It raised ValueError: no\n(line 2 of f)", "It raised ValueError: no", "(line 2 of f)"),
    ],
)
def test_an_array_of_several_lines_stays_in_one_piece(message, hint, detail):
    (item,) = read_exercises(exercise("dev", [check("an array", message)]))
    assert [(found.hint, found.checks[0][1]) for found in item.mistakes] == [(hint, detail)]


def test_what_is_wrong_comes_first_and_what_is_right_is_folded():
    right = exercise("to_column", [check("a row", passed=True)], score=4.0)
    blank = exercise("predict", [check("a row", "Not attempted yet.", kind="unattempted")])
    page = page_of(right, exercise("sigmoid", WRONG), blank)
    texts = ("Begin with", "<code>sigmoid</code> <span", ">Not attempted<", ">Right<")
    places = [page.index(text) for text in texts]
    assert places == sorted(places)
    assert "1 of 3 exercises is right" in page
    assert page.index("Right</h2>") < page.index('<details id="to_column">')


def beginning(*parts, problems=()):
    """The sentences below the points, as text."""
    page = page_of(*parts, problems=problems)
    found = re.search(r"</b>.*?</p>\s*(?:<p>(.*?)</p>)?\s*</header>", page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", found[1] or "").split())


RIGHT = [check("a row", passed=True)]
BLANK = [check("a row", "Not attempted yet.", kind="unattempted")]
TO_COLUMN = exercise("to_column", BLANK)


def test_of_an_untouched_notebook_nothing_is_called_right():
    begins = "You have not written anything yet. Begin with to_column. In the lesson: The sigmoid."
    assert beginning(TO_COLUMN, exercise("predict", BLANK), exercise("extra", BLANK, points=0.0)) == begins
    other = beginning(TO_COLUMN, problems=["The cell for to_column is missing."])
    assert other.startswith("In your file there is no work on these exercises. Is it the right one?")


def test_marks_for_an_answer_alone_make_no_code_right():
    next_one = "Next: to_column. In the lesson: The sigmoid."
    assert beginning(TO_COLUMN, written("why", 3.0)) == f"What was missing in your answers is below. {next_one}"
    assert beginning(TO_COLUMN, written("why", 0.0, waits=True)) == f"Your answers wait for marking. {next_one}"
    assert beginning(TO_COLUMN, written("why", 8.0)) == f"What you wrote is right. {next_one}"


def test_a_mistake_in_what_is_optional_is_said_as_such():
    right, optional = exercise("cost", RIGHT, score=4.0), exercise("nesterov", WRONG, points=0.0)
    assert beginning(right, optional) == "All that gives points is right. In what is optional, begin with nesterov."
    wrong = exercise("sigmoid", WRONG)
    assert beginning(right, optional, wrong) == "1 of 2 exercises is right. Begin with sigmoid."
    blank = exercise("extra", BLANK, points=0.0)
    assert beginning(right, blank) == "Everything is right."
    assert beginning(TO_COLUMN, optional) == (
        "You have not written anything yet that gives points. Next: to_column. In the lesson: The sigmoid. "
        "In what is optional, begin with nesterov."
    )


def test_what_has_its_points_by_follow_through_is_counted_as_such_and_comes_after_what_has_not():
    right, wrong = exercise("cost", RIGHT, score=4.0), exercise("sigmoid", WRONG)
    followed = exercise("neuron", WRONG, score=4.0, followed=True)
    assert beginning(right, followed, wrong) == (
        "1 of 3 exercises is right, and 1 more has all its points by follow-through. Begin with sigmoid."
    )
    assert beginning(right, followed) == "Everything is right or has all its points by follow-through."
    in_part = exercise("neuron", WRONG, score=2.0, followed=True)
    assert beginning(right, in_part) == "1 of 2 exercises is right. Begin with neuron."
    assert re.findall(r'<h2 id="([\w-]+)"', page_of(right, followed, wrong))[:2] == ["sigmoid", "neuron"]


def test_an_answer_that_waits_does_not_hide_that_the_rest_is_right():
    assert beginning(exercise("cost", RIGHT, score=4.0), written("why", 0.0, waits=True)) == (
        "All that is graded so far is right."
    )


def written(name, score, waits=False, unmarked=False):
    """The cell of a written answer."""
    cell = nbformat.v4.new_markdown_cell("Because.")
    marks = {"grade_id": name, "solution": True, "grade": True, "score": score, "points": 8.0}
    marks |= {"needs_manual_grade": waits, "unmarked": unmarked, "comment": "Why downhill?"}
    cell.metadata = nbformat.from_dict({"course": {"exercise": name, "role": "written"}, "nbgrader": marks})
    return [cell]


def test_an_answer_with_part_of_the_points_is_not_called_wrong():
    right = exercise("right", [check("zeros", passed=True)], score=4.0)
    page = page_of(right, written("why", 6.0))
    assert "Begin with" not in page
    assert "Answers with part of the points" in page
    assert "6 of 8 points" in page
    assert "Why downhill?" in page
    assert "Begin with" in page_of(right, written("why", 0.0))


def test_the_score_is_of_the_points_that_are_marked():
    right = exercise("right", [check("zeros", passed=True)], score=4.0)
    header = re.compile(r"<p><b>(.+?)</p>", re.DOTALL)
    waits = header.search(page_of(right, written("why", 0.0, waits=True, unmarked=True)))[1]
    assert waits.strip() == "4 of 4 points</b>; 8 more to be marked"
    reviewed = header.search(page_of(right, written("why", 2.0, waits=True)))[1]
    assert reviewed.strip() == "4 of 12 points</b>; 8 of them to be reviewed"


def test_a_file_that_could_not_be_read_is_to_be_handed_in_again():
    notebook = nbformat.v4.new_notebook(cells=exercise("neuron", WRONG))
    said = "The file a.ipynb is empty. None of it could be graded."
    notebook.metadata["course"] = {"title": "Small", "problems": [said]}
    page = feedback_page(notebook, PLACE)
    assert "then hand in that file" in page
    assert "The file a.ipynb is empty." in page
    assert "Begin with" not in page
    assert "neuron" not in page


def test_the_section_of_the_lesson_is_named_and_linked_if_its_address_is_known():
    assert "In the lesson: The sigmoid." in page_of(exercise("sigmoid", WRONG))
    linked = page_of(exercise("sigmoid", WRONG), lessons_url="https://example.org/course/")
    assert '<a href="https://example.org/course/week1/small.html#the-sigmoid">The sigmoid</a>' in linked


def test_points_by_follow_through_are_said_where_the_points_are():
    page = page_of(exercise("sigmoid", WRONG, score=4.0, notes=["With cost put right, this is right."], followed=True))
    assert '4 of 4 <span class="soft">by follow-through</span>' in page
    assert "With cost put right, this is right." in page


def test_of_a_single_check_the_page_speaks_in_the_singular():
    assert "1 check passed: <code>a row</code>" in page_of(exercise("cost", RIGHT, score=4.0))
    assert "1 of 5 checks passed</summary>" in page_of(exercise("sigmoid", WRONG))


def test_long_code_is_shortened():
    cells = exercise("sigmoid", WRONG)
    cells[0].source = "x = 1\n" * 20_000
    page = page_of(cells)
    assert len(page) < 150_000
    assert "more characters, which are in your notebook" in page


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A class in which three students are graded."""
    course = make_course(tmp_path_factory.mktemp("feedback"))
    right = reference_solutions(course)
    hand_in(course, "right", with_solutions(released(course), right))
    hand_in(course, "wrong", with_solutions(released(course), right | {"sigmoid": "def sigmoid(z):\n    return z"}))
    hand_in(course, "blank", released(course))
    result = grader(course, "grade", WEEK)
    assert result.returncode == 0, result.stderr
    return course


def state_of(results):
    return {result.student: result.state for result in results}


@pytest.mark.week1
@pytest.mark.usefixtures("needs_sandbox")
@pytest.mark.xdist_group("feedback")
class TestWriting:
    """Pages of a graded class; each test begins with all of them written."""

    @pytest.fixture(autouse=True)
    def written(self, graded):
        make_feedback(graded, WEEK)

    def page(self, graded, student):
        return graded.feedback / student / WEEK / f"{LESSON}.html"

    def test_what_would_not_change_is_not_written(self, graded):
        before = self.page(graded, "right").stat().st_mtime_ns
        assert set(state_of(make_feedback(graded, WEEK)).values()) == {State.ALREADY_GRADED}
        assert self.page(graded, "right").stat().st_mtime_ns == before
        assert set(state_of(make_feedback(graded, WEEK, force=True)).values()) == {State.GRADED}

    def test_a_comment_or_a_missing_page_makes_a_page_due(self, graded):
        with graded.gradebook() as gradebook:
            gradebook.find_comment("explain_the_gradient", LESSON, WEEK, "wrong").manual_comment = "Well said."
            gradebook.db.commit()
        self.page(graded, "blank").unlink()
        states = state_of(make_feedback(graded, WEEK))
        assert states == {"right": State.ALREADY_GRADED, "wrong": State.GRADED, "blank": State.GRADED}
        assert "Well said." in self.page(graded, "wrong").read_text()

    def test_only_the_students_asked_for_get_pages(self, graded):
        made = make_feedback(graded, WEEK, students=["wrong"], force=True)
        assert state_of(made) == {"wrong": State.GRADED}
        with pytest.raises(GradingError, match="nothing is graded for week1 of nobody"):
            make_feedback(graded, WEEK, students=["nobody"])

    def test_processes_write_the_same_pages(self, graded):
        before = {path: path.read_text() for path in graded.feedback.rglob("*.html")}
        made = make_feedback(graded, WEEK, force=True, workers=2)
        assert set(state_of(made).values()) == {State.GRADED}
        assert {path: path.read_text() for path in graded.feedback.rglob("*.html")} == before
        assert len(before) == 3

    def test_a_damaged_result_stops_nobody_else(self, graded):
        path = graded.autograded / "blank" / WEEK / f"{LESSON}.ipynb"
        text = path.read_text()
        try:
            path.chmod(0o644)
            path.write_text("{")
            made = {result.student: result for result in make_feedback(graded, WEEK, force=True)}
            assert (made["blank"].state, made["right"].state) == (State.FAILED, State.GRADED)
            assert "JSONDecodeError" in made["blank"].problem
        finally:
            path.write_text(text)

    def test_a_page_is_small_and_holds_what_its_student_missed_first(self, graded):
        page = self.page(graded, "wrong").read_text()
        assert len(page) < 150_000
        assert re.findall(r'<h2 id="([\w-]+)"', page)[0] == "sigmoid"
