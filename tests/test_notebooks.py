import json
import re

import nbformat
import pytest
from hypothesis import given

from grader.lessons.notebooks import compose_source, course_metadata, grade_id, is_check, is_folded, write_notebook
from grader.lessons.parser import read_lesson
from tests.small_lesson import TEXT, VARIANTS, lesson_file
from tests.test_codec import json_values


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return compose_source(read_lesson(lesson_file(tmp_path_factory.mktemp("lesson"))))


def named(notebook, name):
    (cell,) = [cell for cell in notebook.cells if grade_id(cell) == name]
    return cell


def test_cells_keep_the_lessons_order_without_misconceptions_and_alternatives(source):
    assert [(course_metadata(cell)["role"], grade_id(cell)) for cell in source.cells] == [
        ("text", ""),
        ("setup", "setup"),
        ("code", ""),
        ("demo", ""),
        ("text", ""),
        ("solution", "double"),
        ("check", "double-check"),
        ("check", "double-check-2"),
        ("text", ""),
        ("solution", "row_means"),
        ("check", "row_means-check"),
        ("text", ""),
        ("quiz", "quiz_sign"),
        ("check", "quiz_sign-check"),
        ("text", ""),
        ("written", "explain"),
    ]


MARKS = {
    "setup": {"grade": False, "locked": True, "solution": False},
    "double": {"grade": False, "locked": False, "solution": True},
    "double-check": {"grade": True, "locked": True, "solution": False, "points": 5},
    "double-check-2": {"grade": True, "locked": True, "solution": False, "points": 2.5},
    "row_means": {"grade": False, "locked": False, "solution": True},
    "row_means-check": {"grade": True, "locked": True, "solution": False, "points": 4},
    "quiz_sign": {"grade": False, "locked": False, "solution": True},
    "quiz_sign-check": {"grade": True, "locked": True, "solution": False, "points": 1},
    "explain": {"grade": True, "locked": False, "solution": True, "points": 3},
}


def test_graded_cells_carry_nbgraders_marks_of_version_three(source):
    marks = {grade_id(cell): dict(cell.metadata.nbgrader) for cell in source.cells if "nbgrader" in cell.metadata}
    common = {"schema_version": 3, "task": False}
    assert marks == {name: mark | common | {"grade_id": name} for name, mark in MARKS.items()}


def test_whole_points_are_whole_numbers(source):
    assert type(named(source, "double-check").metadata.nbgrader.points) is int
    assert type(named(source, "double-check-2").metadata.nbgrader.points) is float


def test_every_cell_says_its_role_and_exercises_say_their_name(source):
    for cell in source.cells:
        name = grade_id(cell).partition("-check")[0]
        expected = {"role", "exercise"} if name not in ("", "setup") else {"role"}
        assert set(cell.metadata.course) == expected
        assert cell.metadata.course.get("exercise", name) == name


def test_a_question_becomes_a_choice_and_a_check_of_it(source):
    assert named(source, "quiz_sign").source == 'quiz_sign = "b"'
    assert named(source, "quiz_sign-check").source == 'check_choice("quiz_sign", quiz_sign, "abc")'


def test_the_notebook_is_valid_and_names_its_lesson(source):
    nbformat.validate(source)
    assert source.metadata.course == {"lesson": "small", "title": "A small lesson"}
    assert (source.nbformat, source.nbformat_minor) == (4, 5)


def test_ids_of_cells_are_the_same_each_time_and_differ_from_each_other(source, tmp_path):
    again = compose_source(read_lesson(lesson_file(tmp_path)))
    ids = [cell.id for cell in source.cells]
    assert ids == [cell.id for cell in again.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-zA-Z0-9-]{1,64}", name) for name in ids)
    assert write_notebook(source) == write_notebook(again)


def test_a_cells_id_does_not_change_when_text_is_changed_or_checks_are_added(source, tmp_path):
    text = TEXT.replace("## Averaging", "## Averages").replace(
        "check(double, 1.5)", "check(double, 1.5)\ncheck(double, 2)"
    )
    changed = compose_source(read_lesson(lesson_file(tmp_path, text)))
    assert [cell.id for cell in changed.cells] == [cell.id for cell in source.cells]


def test_long_names_get_short_ids(tmp_path):
    name = "a_function_with_a_name_that_is_much_longer_than_any_that_a_lesson_would_use"
    text, variants = (part.replace("double", name) for part in (TEXT, VARIANTS))
    notebook = compose_source(read_lesson(lesson_file(tmp_path, text, variants=variants)))
    nbformat.validate(notebook)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


def test_a_notebook_is_written_with_an_end_of_line_and_read_back_the_same(source):
    text = write_notebook(source)
    assert text.endswith("}\n")
    assert nbformat.reads(text, as_version=4) == source


@given(json_values, json_values, json_values)
def test_marks_are_read_from_anything(metadata, course, nbgrader):
    for cell in (
        {},
        {"metadata": metadata},
        {"metadata": {"course": course, "nbgrader": nbgrader}},
        {"metadata": {"course": {"role": course}, "nbgrader": {"grade_id": nbgrader}}},
    ):
        assert isinstance(course_metadata(cell), dict)
        assert isinstance(grade_id(cell), str)
        assert is_check(cell) in (True, False)
        assert json.dumps(cell)


LONG = "\n".join(f"print({number})" for number in range(11))


@pytest.mark.parametrize(
    ("lines", "option", "folded"),
    [(11, "", True), (10, "", False), (11, ":fold: false\n", False), (1, ":fold: true\n", True)],
)
def test_a_long_demo_is_folded_unless_its_author_says_otherwise(tmp_path, lines, option, folded):
    code = "\n".join(LONG.splitlines()[:lines])
    text = TEXT.replace(
        ':role: demo\n\nraise SystemExit("demo cells are not run while grading")', f"{option}:role: demo\n\n{code}"
    )
    notebook = compose_source(read_lesson(lesson_file(tmp_path, text)))
    nbformat.validate(notebook)
    (cell,) = [cell for cell in notebook.cells if course_metadata(cell)["role"] == "demo"]
    assert is_folded(cell) == folded
    assert [other for other in notebook.cells if is_folded(other) and other is not cell] == []


@pytest.mark.parametrize(("option", "folded"), [("", False), (":fold: true\n", True)])
def test_a_check_is_folded_only_if_its_author_says_so(tmp_path, option, folded):
    text = TEXT.replace(":points: 5\n:role: check\n\n", f"{option}:points: 5\n:role: check\n\n{LONG}\n", 1)
    assert text != TEXT
    notebook = compose_source(read_lesson(lesson_file(tmp_path, text)))
    nbformat.validate(notebook)
    (cell,) = [cell for cell in notebook.cells if is_check(cell) and LONG in cell.source]
    assert is_folded(cell) == folded


def test_the_notebook_says_how_long_the_lesson_takes_and_what_one_makes(tmp_path):
    said = "  makes: A function that doubles.\n  minutes: 90\n  optional_minutes: 20\n  place: 2\n  title:"
    lesson = read_lesson(lesson_file(tmp_path, TEXT.replace("  title:", said)))
    assert compose_source(lesson).metadata["course"] == {
        "lesson": "small",
        "title": "A small lesson",
        "makes": "A function that doubles.",
        "minutes": 90,
        "optional_minutes": 20,
        "place": 2,
    }
