import copy
import json
import os
import socket
import warnings

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.lessons.notebooks import compose_source, course_metadata, grade_id
from grader.lessons.parser import read_lesson
from grader.submissions import reader as submissions
from grader.submissions.lessons import Lessons
from grader.submissions.reader import (
    MAX_CELLS,
    MAX_FILE,
    MAX_SOURCE,
    Fetched,
    find_submissions,
    is_unreadable,
    read_submission,
)
from grader.submissions.rebuild import MAX_EXTRA, rebuild
from tests.small_lesson import TEXT, VARIANTS, lesson_file
from tests.test_codec import json_values

STUB = "raise NotImplementedError()"
SECRET = "the contents of a file that is none of the student's business"
DOUBLE = "def double(z):\n    return 2 * z  # mine"
ROW_MEANS = "def row_means(X):\n    return X.mean(axis=1, keepdims=True)  # mine"
QUIZ = 'quiz_sign = "c"'
WRITTEN = "Because I say so."
SOLVED = {"double": DOUBLE, "row_means": ROW_MEANS, "quiz_sign": QUIZ, "explain": WRITTEN}


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """The small lesson as students get it (hidden tests and solutions are of no concern here)."""
    notebook = compose_source(read_lesson(lesson_file(tmp_path_factory.mktemp("lesson"))))
    for cell in notebook.cells:
        if course_metadata(cell).get("role") in ("solution", "quiz", "written"):
            cell.source = f"def {course_metadata(cell)['exercise']}(*arguments):\n    {STUB}"
    return notebook


@pytest.fixture
def solved(released):
    """A student's notebook, as plain JSON data."""
    notebook = json.loads(json.dumps(released))
    for cell in notebook["cells"]:
        if is_solution(cell):
            cell["source"] = SOLVED[cell["metadata"]["course"]["exercise"]]
    return notebook


def is_solution(cell):
    return cell["metadata"]["course"]["role"] in ("solution", "quiz", "written")


def place(notebook, name):
    return next(i for i, cell in enumerate(notebook["cells"]) if grade_id(cell) == name)


def own(source, **parts):
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None} | parts


def handed_in(folder, data):
    path = folder / "small.ipynb"
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return read_submission(path)


def regraded(folder, released, data):
    """What is made of a submission, after checking what must hold for any."""
    rebuilt = rebuild(released, handed_in(folder, data))
    check_rebuilt(rebuilt, released)
    return rebuilt


def check_rebuilt(rebuilt, released):
    """The lesson's cells are all there, in order, and nothing but solutions differs; the rest are extras."""
    nbformat.validate(rebuilt.notebook)
    roles = [course_metadata(cell).get("role") for cell in rebuilt.notebook.cells]
    lesson = [cell for cell, role in zip(rebuilt.notebook.cells, roles, strict=True) if role != "extra"]
    assert len(lesson) == len(released.cells)
    for cell, original in zip(lesson, released.cells, strict=True):
        changed = cell | {"source": original.source} if is_solution(original) else cell
        assert changed == original
    ids = [cell.id for cell in rebuilt.notebook.cells]
    assert len(set(ids)) == len(ids)
    for cell, role in zip(rebuilt.notebook.cells, roles, strict=True):
        assert role != "extra" or set(cell.metadata) == {"course"}
        assert not cell.get("outputs")
    for problem in rebuilt.problems:
        assert problem.endswith((".", ")."))
        assert problem.encode("utf-8")
        assert "\n" not in problem
    assert nbformat.writes(rebuilt.notebook).encode("utf-8")


def solutions(rebuilt):
    return {course_metadata(cell)["exercise"]: cell.source for cell in rebuilt.notebook.cells if is_solution(cell)}


def extras(rebuilt):
    return [cell.source for cell in rebuilt.notebook.cells if course_metadata(cell)["role"] == "extra"]


def nothing_done(released):
    return {course_metadata(cell)["exercise"]: cell.source for cell in released.cells if is_solution(cell)}


# As it should be


def test_a_notebook_as_it_should_be_is_graded_without_remark(tmp_path, released, solved):
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED
    assert rebuilt.problems == []
    assert extras(rebuilt) == []


def test_a_notebook_as_it_was_released_comes_back_as_it_was(tmp_path, released):
    rebuilt = regraded(tmp_path, released, released)
    assert rebuilt.notebook == released
    assert rebuilt.problems == []


def test_rebuilding_leaves_the_released_notebook_alone(tmp_path, released, solved):
    before = copy.deepcopy(released)
    regraded(tmp_path, released, solved)
    assert released == before


def test_outputs_and_attachments_of_a_student_are_never_taken_over(tmp_path, released, solved):
    for cell in solved["cells"]:
        cell["attachments"] = {"image.png": {"image/png": "AAAA"}}
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": SECRET}]
    assert SECRET not in nbformat.writes(regraded(tmp_path, released, solved).notebook)


# Files that are no notebooks

UNUSABLE = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\n", "is empty"),
    "text": (b"Dear professor, my dog", "not valid JSON"),
    "cut off": (b'{"cells": [{"cell_type": "code", "source": "1 +', "not valid JSON"),
    "deeply nested": (b"[" * 100_000, "not valid JSON"),
    "deeply nested dicts": (b'{"cells":' * 100_000, "not valid JSON"),
    "nested to the end": (b"[" * 100_000 + b"]" * 100_000, "not valid JSON"),
    "a number that is too long": (b'{"cells": ' + b"9" * 5000 + b"}", "not valid JSON"),
    "UTF-16": ('{"cells": []}'.encode("utf-16"), "is not UTF-8 text"),
    "Latin-1": ('{"cells": ["ü"]}'.encode("latin-1"), "is not UTF-8 text"),
    "zeros": (bytes(1000), "not valid JSON"),
    "a zero inside": (b'{"cells": [\x00]}', "not valid JSON"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "is not UTF-8 text"),
    "an archive": (b"PK\x03\x04\x14\x00\x00\x00\x08\x00", "not valid JSON"),
    "a web page": (b"<!DOCTYPE html><html></html>", "not valid JSON"),
    "null": (b"null", "no list of cells"),
    "a number": (b"3", "no list of cells"),
    "a text": (b'"cells"', "no list of cells"),
    "a list": (b"[]", "no list of cells"),
    "a list of cells": (b'[{"cell_type": "code", "source": "1"}]', "no list of cells"),
    "a dict without cells": (b"{}", "no list of cells"),
    "a dict of cells": (b'{"cells": {"0": {}}}', "no list of cells"),
    "a text for cells": (b'{"cells": "all of them"}', "no list of cells"),
    "null for cells": (b'{"cells": null}', "no list of cells"),
    "a dict for worksheets": (b'{"worksheets": {}}', "no list of cells"),
    "too large": (b'{"cells": []}' + b" " * MAX_FILE, "is larger than 20"),
}


@pytest.mark.parametrize(("data", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_is_no_notebook_is_graded_as_nothing_with_one_sentence(tmp_path, released, data, reason):
    rebuilt = regraded(tmp_path, released, data)
    assert solutions(rebuilt) == nothing_done(released)
    (problem,) = rebuilt.problems
    assert problem.startswith("The file small.ipynb ")
    assert reason in problem
    assert problem.endswith("None of it could be graded.")


def test_a_missing_file_is_said_not_to_be_handed_in(tmp_path):
    submission = read_submission(tmp_path / "small.ipynb")
    assert submission.problems == ["The notebook was not handed in."]
    assert submission.cells == []


def test_a_byte_order_mark_does_no_harm(tmp_path, released, solved):
    rebuilt = regraded(tmp_path, released, json.dumps(solved).encode("utf-8-sig"))
    assert solutions(rebuilt) == SOLVED
    assert rebuilt.problems == []


def make_folder(path, secret):
    path.mkdir()


def make_pipe(path, secret):
    os.mkfifo(path)


def make_socket(path, secret):
    here = os.getcwd()
    os.chdir(path.parent)  # names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


def make_link(path, secret):
    path.symlink_to(secret)


def make_broken_link(path, secret):
    path.symlink_to("nowhere")


def make_endless_link(path, secret):
    path.symlink_to(path)


SPECIAL = {
    "a folder": (make_folder, "is a folder or a device"),
    "a pipe": (make_pipe, "is a folder or a device"),
    "a socket": (make_socket, "is a folder or a device"),
    "a link": (make_link, "is a link, which is not followed"),
    "a link to nowhere": (make_broken_link, "is a link, which is not followed"),
    "a link to itself": (make_endless_link, "is a link, which is not followed"),
}


@pytest.mark.parametrize(("make", "reason"), SPECIAL.values(), ids=SPECIAL)
@pytest.mark.parametrize("name", ["small.ipynb", "renamed.ipynb"])
def test_what_is_no_plain_file_is_neither_opened_nor_followed(tmp_path, released, solved, make, reason, name):
    secret = tmp_path / "secret.ipynb"
    solved["cells"].append(own(SECRET))
    secret.write_text(json.dumps(solved))
    folder = tmp_path / "submitted"
    folder.mkdir()
    make(folder / name, secret)
    path, _ = find_submissions(folder, {"small": released})["small"]
    rebuilt = rebuild(released, read_submission(path))
    check_rebuilt(rebuilt, released)
    assert solutions(rebuilt) == nothing_done(released)
    assert SECRET not in nbformat.writes(rebuilt.notebook) + str(rebuilt.problems)
    assert reason in rebuilt.problems[0]


def test_a_file_that_may_not_be_read_is_reported(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "small.ipynb").write_text("{}")
    monkeypatch.setattr(os, "open", refuse)
    submission = read_submission(tmp_path / "small.ipynb")
    assert submission.problems == [
        "The file small.ipynb cannot be read (Permission denied). None of it could be graded."
    ]


# Odd notebooks

ODD = [None, True, 3, -0.5, "", "text", [], [1], {}, {"a": 1}, "\x00", "half \ud800", [["a"]], 10**30, "x" * 1000]
FIELDS = ["cell_type", "source", "metadata", "id", "outputs", "execution_count", "attachments"]


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_any_type_in_any_cell_costs_only_what_it_holds(tmp_path, released, solved, field, value):
    for cell in solved["cells"]:
        cell[field] = value
    rebuilt = regraded(tmp_path, released, solved)
    if field != "source":
        assert solutions(rebuilt) | {"explain": WRITTEN} == SOLVED


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize("field", ["nbgrader", "course", "collapsed", "tags", "jupyter"])
def test_hostile_metadata_of_cells_cost_nothing(tmp_path, released, solved, field, value):
    for cell in solved["cells"]:
        cell["metadata"][field] = value
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) | {"explain": WRITTEN} == SOLVED


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize("field", ["grade_id", "grade", "points", "locked", "schema_version", "checksum", "solution"])
def test_hostile_marks_of_nbgrader_give_no_points_and_take_none(tmp_path, released, solved, field, value):
    for cell in solved["cells"]:
        cell["metadata"].setdefault("nbgrader", {})[field] = value
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) | {"explain": WRITTEN} == SOLVED


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize("field", ["metadata", "nbformat", "nbformat_minor", "worksheets", "more"])
def test_the_notebooks_own_fields_do_not_matter(tmp_path, released, solved, field, value):
    rebuilt = regraded(tmp_path, released, solved | {field: value})
    assert solutions(rebuilt) == SOLVED
    del solved["metadata"]
    assert solutions(regraded(tmp_path, released, solved)) == SOLVED


@pytest.mark.parametrize("version", [(4, 0), (4, 4), (4, 5), (4, 99), (5, 0), (17, 3)])
def test_every_version_with_cells_is_read(tmp_path, released, solved, version):
    solved["nbformat"], solved["nbformat_minor"] = version
    if version < (4, 5):
        for cell in solved["cells"]:
            del cell["id"]
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED
    assert rebuilt.problems == []


def test_version_three_is_read(tmp_path, released, solved):
    for cell in solved["cells"]:
        del cell["id"]
        if cell["cell_type"] == "code":
            cell["input"] = cell.pop("source")
    heading = {"cell_type": "heading", "level": 2, "metadata": {}, "source": "My notes"}
    old = {"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [heading, *solved["cells"]]}, {"cells": []}]}
    rebuilt = regraded(tmp_path, released, old)
    assert solutions(rebuilt) == SOLVED
    assert rebuilt.problems == []
    assert [cell.cell_type for cell in rebuilt.notebook.cells if cell.source == "My notes"] == ["markdown"]


@pytest.mark.parametrize("sheet", ODD, ids=lambda value: repr(value)[:12])
def test_odd_worksheets_are_left_out(tmp_path, released, solved, sheet):
    sheets = [sheet, {"cells": sheet}, {"cells": solved["cells"]}, {"cells": [sheet]}]
    assert solutions(regraded(tmp_path, released, {"worksheets": sheets})) == SOLVED


def test_a_source_in_lines_is_one_text(tmp_path, released, solved):
    for cell in solved["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    assert solutions(regraded(tmp_path, released, solved)) == SOLVED


@pytest.mark.parametrize("damaged", [None, 3, "text", []])
def test_damaged_cells_are_left_out_by_number(tmp_path, released, solved, damaged):
    solved["cells"].insert(2, damaged)
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED
    assert rebuilt.problems == ["Cell 3 is damaged and was left out."]


@pytest.mark.parametrize("source", [3, {"a": 1}, ["a", 1], True])
def test_cells_without_readable_text_are_left_out_by_number(tmp_path, released, solved, source):
    solved["cells"].insert(0, own(source))
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED
    assert rebuilt.problems == ["Cell 1 has no readable text and was left out."]


def test_zeros_and_half_characters_in_a_source_stay_harmless(tmp_path, released, solved):
    solved["cells"][place(solved, "double")]["source"] = DOUBLE + "\x00\ud800"
    solved["cells"].append(own("\x00\ud800\x1b[31m\u202e"))
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt)["double"] == DOUBLE + "\x00?"
    assert solutions(rebuilt)["row_means"] == ROW_MEANS


def test_a_huge_cell_is_left_out_by_number(tmp_path, released, solved):
    solved["cells"].insert(1, own("x" * (MAX_SOURCE + 1)))
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED
    assert rebuilt.problems == ["Cell 2 is longer than 200,000 characters and was left out."]


def test_thousands_of_cells_are_read_up_to_a_bound(tmp_path, released, solved):
    solved["cells"] += [own(f"note_{number} = {number}") for number in range(MAX_CELLS)]
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED
    assert len(extras(rebuilt)) == MAX_EXTRA
    assert len(rebuilt.problems) == 2
    assert f"those after the first {MAX_CELLS} were not read" in rebuilt.problems[0]
    assert f"those after the first {MAX_EXTRA} were left out" in rebuilt.problems[1]


NASTY_CODE = {
    "brackets": "(" * 100_000,
    "minus signs": "-" * 100_000 + "1",
    "a long sum": "1" + "+1" * 50_000,
    "attributes": "a" + ".a" * 50_000,
    "blocks": "".join(" " * depth + "if 1:\n" for depth in range(120)),
    "a long number": "x = " + "9" * 100_000,
    "an odd escape": r"double = '\d'",
    "a comparison by is": "double = 1 is 1",
    "not Python": "def double(z:\n    return 2 * z",
    "a zero": "double = 3\x00",
}


@pytest.mark.parametrize("source", NASTY_CODE.values(), ids=NASTY_CODE)
def test_code_that_troubles_the_parser_troubles_nobody_else(tmp_path, released, solved, source):
    solved["cells"][place(solved, "double")]["source"] = source
    solved["cells"].append(own(source + "\n"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt)["double"] == source
    assert solutions(rebuilt)["row_means"] == ROW_MEANS


def test_code_is_parsed_once_however_many_exercises_there_are(tmp_path, released, solved, monkeypatch):
    """A file of 20 MB that names all exercises in each cell would else take an hour."""
    parsed, defined = [], submissions._defined
    monkeypatch.setattr(submissions, "_defined", lambda source: parsed.append(source) or defined(source))
    names = " ".join(SOLVED)
    solved["cells"] += [own(f"note = {number}  # {names}") for number in range(30)]
    regraded(tmp_path, released, solved)
    assert parsed == [cell["source"] for cell in solved["cells"]]


# Rearranged cells


def test_a_deleted_solution_counts_as_not_attempted(tmp_path, released, solved):
    del solved["cells"][place(solved, "double")]
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED | {"double": nothing_done(released)["double"]}
    assert rebuilt.problems == ["The cell for double is missing; it counts as not attempted."]


@pytest.mark.parametrize("role", ["setup", "check", "text", "code", "demo"])
def test_deleted_cells_of_the_lesson_come_back(tmp_path, released, solved, role):
    solved["cells"] = [cell for cell in solved["cells"] if cell["metadata"]["course"]["role"] != role]
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED
    assert rebuilt.problems == []


@pytest.mark.parametrize("role", ["setup", "check", "code"])
def test_changed_cells_of_the_lesson_are_run_as_released_and_that_is_said(tmp_path, released, solved, role):
    number = next(i for i, cell in enumerate(solved["cells"]) if cell["metadata"]["course"]["role"] == role)
    solved["cells"][number]["source"] = "check = print"
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED
    assert rebuilt.problems == [f"Cell {number + 1} is the lesson's own; it was run as released, without the changes."]


@pytest.mark.parametrize("role", ["demo", "text"])
def test_playing_with_a_demo_or_a_text_needs_no_remark(tmp_path, released, solved, role):
    for cell in solved["cells"]:
        if cell["metadata"]["course"]["role"] == role:
            cell["source"] += "\n# what if?"
    assert regraded(tmp_path, released, solved).problems == []


def test_changed_white_space_is_no_change(tmp_path, released, solved):
    for cell in solved["cells"]:
        if not is_solution(cell):
            cell["source"] = "\n" + cell["source"].replace("\n", "  \n") + "\n\n"
    assert regraded(tmp_path, released, solved).problems == []


def test_cells_in_any_order_are_put_in_the_lessons(tmp_path, released, solved):
    solved["cells"].reverse()
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED
    assert rebuilt.problems == []


def test_of_a_duplicated_cell_the_last_changed_one_counts(tmp_path, released, solved):
    at = place(solved, "double")
    stub, first = copy.deepcopy(solved["cells"][at]), copy.deepcopy(solved["cells"][at])
    stub["source"] = nothing_done(released)["double"]
    first["source"] = "def double(z):\n    return z"
    solved["cells"][at : at + 1] = [first, solved["cells"][at], stub]
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED
    assert extras(rebuilt) == []
    numbers = f"{at + 1} and {at + 2} and {at + 3}"
    assert rebuilt.problems == [f"The cell for double is there 3 times (cells {numbers}); cell {at + 2} was graded."]


@pytest.mark.parametrize("first", [True, False])
def test_a_solution_that_was_split_keeps_both_parts(tmp_path, released, solved, first):
    """JupyterLab gives both halves of a split cell the same mark."""
    at = place(solved, "double")
    helper = copy.deepcopy(solved["cells"][at]) | {"source": "def helper(z):\n    return z"}
    solved["cells"].insert(at if first else at + 1, helper)
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED
    sources = [cell.source for cell in rebuilt.notebook.cells]
    assert sources.index(helper["source"]) - sources.index(DOUBLE) == (-1 if first else 1)


def test_swapped_contents_are_found_by_what_they_define(tmp_path, released, solved):
    a, b = solved["cells"][place(solved, "double")], solved["cells"][place(solved, "row_means")]
    a["source"], b["source"] = b["source"], a["source"]
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED
    assert len(rebuilt.problems) == 2


def test_swapped_marks_are_found_by_what_they_define(tmp_path, released, solved):
    a, b = solved["cells"][place(solved, "double")], solved["cells"][place(solved, "row_means")]
    a["metadata"], b["metadata"] = b["metadata"], a["metadata"]
    assert solutions(regraded(tmp_path, released, solved)) == SOLVED


def test_a_solution_that_lost_its_mark_is_found_by_what_it_defines(tmp_path, released, solved):
    at = place(solved, "double")
    solved["cells"][at]["metadata"] = {}
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED
    assert rebuilt.problems == [f"The solution of double was found in cell {at + 1}, which has lost its mark."]


def test_a_notebook_without_any_metadata_is_graded_all_the_same(tmp_path, released, solved):
    for cell in solved["cells"]:
        cell["metadata"] = {}
        del cell["id"]
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED | {"explain": nothing_done(released)["explain"]}
    assert extras(rebuilt) == [WRITTEN]


def test_a_solution_marked_as_a_check_is_no_solution(tmp_path, released, solved):
    solved["cells"][place(solved, "double-check")]["source"] = "def double(z):\n    return 'from the check'"
    assert solutions(regraded(tmp_path, released, solved)) == SOLVED


@pytest.mark.parametrize("kind", ["markdown", "raw", "heading", None])
def test_a_solution_turned_into_another_kind_of_cell_is_read_as_code(tmp_path, released, solved, kind):
    at = place(solved, "double")
    solved["cells"][at]["cell_type"] = kind
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED
    if kind:
        assert f"Cell {at + 1}, the solution of double, was turned into a" in rebuilt.problems[0]


def test_a_written_answer_turned_into_code_is_read_as_text(tmp_path, released, solved):
    solved["cells"][place(solved, "explain")]["cell_type"] = "code"
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == SOLVED
    assert rebuilt.notebook.cells[place(rebuilt.notebook, "explain")].cell_type == "markdown"


def test_all_solutions_in_one_cell_are_found(tmp_path, released, solved):
    merged = "\n\n".join([DOUBLE, ROW_MEANS, QUIZ])
    solved["cells"][place(solved, "double")]["source"] = merged
    for name in ("row_means", "quiz_sign"):
        del solved["cells"][place(solved, name)]
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt) == dict.fromkeys(("double", "row_means", "quiz_sign"), merged) | {"explain": WRITTEN}
    assert len(rebuilt.problems) == 2


def test_renamed_marks_do_not_hide_a_solution(tmp_path, released, solved):
    for cell in solved["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["grade_id"] += "-old"
    assert solutions(regraded(tmp_path, released, solved)) | {"explain": WRITTEN} == SOLVED


@pytest.mark.parametrize(
    "source",
    [
        "double = lambda z: 2 * z",
        "double: object = lambda z: 2 * z",
        "double, other = lambda z: 2 * z, 1",
        "@print\ndef double(z): pass",
        "class double: pass",
        "def double(z):\n    return (",
        "double = (",
    ],
)
def test_a_solution_may_be_written_in_many_ways(tmp_path, released, solved, source):
    solved["cells"][place(solved, "double")] = own(source)
    assert solutions(regraded(tmp_path, released, solved))["double"] == source


@pytest.mark.parametrize(
    "source", ["double(3)", "double == 3", "# def double(z): pass", "def outer():\n    double = 1"]
)
def test_a_use_of_a_name_is_no_solution(tmp_path, released, solved, source):
    solved["cells"][place(solved, "double")] = own(source)
    rebuilt = regraded(tmp_path, released, solved)
    assert solutions(rebuilt)["double"] == nothing_done(released)["double"]
    assert extras(rebuilt) == [source]


# A student's own cells


def test_own_cells_stay_where_they_were(tmp_path, released, solved):
    solved["cells"].insert(0, own("first = 1"))
    at = place(solved, "double")
    solved["cells"].insert(at, own("before = 1"))
    solved["cells"].insert(at + 2, own("after = 1", cell_type="markdown"))
    solved["cells"].append(own("last = 1", cell_type="raw"))
    rebuilt = regraded(tmp_path, released, solved)
    *sources, last = [cell.source for cell in rebuilt.notebook.cells]
    assert sources == [cell["source"] for cell in solved["cells"][:-1]]
    assert last == "```\nlast = 1\n```"  # pages would show a raw cell as HTML
    assert [cell.cell_type for cell in rebuilt.notebook.cells if course_metadata(cell)["role"] == "extra"] == [
        "code",
        "code",
        "markdown",
        "markdown",
    ]
    assert rebuilt.problems == []


def test_answers_and_cells_with_html_of_their_own_are_shown_as_text(tmp_path, released, solved):
    solved["cells"][place(solved, "explain")]["source"] = "Because <script>alert(1)</script>"
    solved["cells"].append(own("<b>bold</b> <img src=x onerror=alert(1)>", cell_type="markdown"))
    rebuilt = regraded(tmp_path, released, solved)
    cells = rebuilt.notebook.cells
    assert cells[-1].source == "```\n<b>bold</b> <img src=x onerror=alert(1)>\n```"
    (answer,) = [cell for cell in cells if grade_id(cell) == "explain"]
    assert answer.source == "```\nBecause <script>alert(1)</script>\n```"
    assert rebuilt.problems == ["The answer to explain holds HTML of its own; it is shown as text."]


def test_empty_own_cells_are_dropped(tmp_path, released, solved):
    solved["cells"] += [own(""), own("  \n")]
    assert extras(regraded(tmp_path, released, solved)) == []


def test_own_cells_cannot_pass_for_cells_of_the_lesson(tmp_path, released, solved):
    forged = [
        own("points = 100", metadata={"nbgrader": {"grade": True, "grade_id": "bonus", "points": 100}}),
        own("points = 101", metadata={"course": {"role": "check", "exercise": "double", "report": {"score": 5}}}),
        own("points = 102", id=released.cells[0].id),
    ]
    solved["cells"] += forged
    rebuilt = regraded(tmp_path, released, solved)
    assert "points = 10" not in nbformat.writes(rebuilt.notebook)


def damaged(draw, notebook):
    """A notebook after a few arbitrary accidents."""
    cells = notebook["cells"]
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(cells) - 1)) if cells else 0
        how = draw(st.sampled_from(["delete", "double", "move", "junk", "field", "metadata", "own"]))
        if how == "own" or not cells:
            cells.insert(at, own(draw(st.sampled_from([DOUBLE, "double(1)", "x = 1", "(", ""]))))
        elif how == "junk":
            cells.insert(at, draw(json_values))
        elif how == "delete":
            del cells[at]
        elif how == "double":
            cells.insert(at, copy.deepcopy(cells[at]))
        elif how == "move":
            cells.insert(draw(st.integers(0, len(cells))), cells.pop(at))
        elif isinstance(cells[at], dict) and how == "field":
            cells[at][draw(st.sampled_from(FIELDS))] = draw(json_values)
        elif isinstance(cells[at], dict) and isinstance(cells[at].get("metadata"), dict):
            cells[at]["metadata"][draw(st.sampled_from(["nbgrader", "course", "x"]))] = draw(json_values)
    return notebook


@given(st.data())
def test_after_any_accident_the_lesson_is_whole_and_the_rest_is_kept(tmp_path_factory, released, data):
    notebook = json.loads(json.dumps(released))
    for cell in notebook["cells"]:
        if is_solution(cell):
            cell["source"] = SOLVED[cell["metadata"]["course"]["exercise"]]
    notebook = damaged(data.draw, notebook)
    rebuilt = regraded(tmp_path_factory.getbasetemp(), released, notebook)
    handed = {cell.source for cell in handed_in(tmp_path_factory.getbasetemp(), notebook).cells}
    assert solutions(rebuilt).keys() == SOLVED.keys()
    for name, source in solutions(rebuilt).items():
        assert source in handed or source == nothing_done(released)[name]
    for name in ("row_means", "quiz_sign"):
        assert solutions(rebuilt)[name] == SOLVED[name] or SOLVED[name] not in handed


@given(form=json_values | st.fixed_dictionaries({"cells": st.lists(json_values)}))
def test_arbitrary_json_never_stops_the_batch(tmp_path_factory, released, form):
    rebuilt = regraded(tmp_path_factory.getbasetemp(), released, form)
    assert solutions(rebuilt) == nothing_done(released)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_never_stop_the_batch(tmp_path_factory, released, data):
    rebuilt = regraded(tmp_path_factory.getbasetemp(), released, data)
    assert rebuilt.notebook == released
    assert rebuilt.problems


@given(st.floats(0, 0.999))
def test_a_notebook_that_was_cut_off_is_reported(tmp_path_factory, released, cut):
    data = json.dumps(released).encode()
    rebuilt = regraded(tmp_path_factory.getbasetemp(), released, data[: int(cut * len(data))])
    assert len(rebuilt.problems) == 1


# Which file is which


@pytest.fixture
def two_released(tmp_path_factory, released):
    """Two notebooks of one week, with exercises of their own."""
    text, variants = TEXT, VARIANTS
    for name in ("double", "row_means", "quiz_sign", "explain"):
        text, variants = (part.replace(name, f"{name}_two") for part in (text, variants))
    other = compose_source(read_lesson(lesson_file(tmp_path_factory.mktemp("lesson"), text, "other", variants)))
    return {"small": released, "other": other}


def files(folder, **notebooks):
    for name, notebook in notebooks.items():
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook))


def test_a_file_with_the_right_name_is_taken_whatever_it_holds(tmp_path, released, solved):
    files(tmp_path, small={}, better=solved)
    assert find_submissions(tmp_path, {"small": released}) == {"small": (tmp_path / "small.ipynb", [])}


@pytest.mark.parametrize(
    "name", ["my homework (2).ipynb", "small.IPYNB", "Small.ipynb", "small (1).ipynb", "_.ipynb", "ü <b>.ipynb"]
)
def test_the_only_file_is_the_notebook_whatever_it_is_called(tmp_path, released, solved, name):
    (tmp_path / name).write_text(json.dumps(solved))
    (tmp_path / "notes.txt").write_text(SECRET)
    found = find_submissions(tmp_path, {"small": released})
    assert found == {"small": (tmp_path / name, [f"The file {name} was graded as small.ipynb."])}


@pytest.mark.parametrize("name", [b"\xff.ipynb", b"a\nb.ipynb", b"\x1b[31m.ipynb"])
def test_a_name_that_cannot_be_written_down_is_no_obstacle(tmp_path, released, solved, name):
    with open(os.fsencode(tmp_path) + b"/" + name, "w") as stream:
        json.dump(solved, stream)
    path, said = find_submissions(tmp_path, {"small": released})["small"]
    assert solutions(rebuild(released, read_submission(path))) == SOLVED
    assert all(line.isprintable() and line.encode("utf-8") for line in said)
    path.write_text("no notebook")
    assert all(line.isprintable() for line in read_submission(path).problems)


def test_two_renamed_notebooks_are_told_apart_by_their_exercises(tmp_path, two_released):
    files(tmp_path, a=two_released["other"], b=two_released["small"])
    found = find_submissions(tmp_path, two_released)
    assert found["small"] == (tmp_path / "b.ipynb", ["The file b.ipynb was graded as small.ipynb."])
    assert found["other"] == (tmp_path / "a.ipynb", ["The file a.ipynb was graded as other.ipynb."])


def test_one_renamed_notebook_of_two_is_told_from_the_missing_one(tmp_path, two_released):
    files(tmp_path, a=two_released["other"])
    found = find_submissions(tmp_path, two_released)
    assert found["other"][0] == tmp_path / "a.ipynb"
    assert found["small"] == (tmp_path / "small.ipynb", [])
    assert read_submission(found["small"][0]).problems == ["The notebook was not handed in."]


def test_a_notebook_of_another_course_is_not_taken_for_one_of_two(tmp_path, two_released):
    files(tmp_path, a={"cells": [own("x = 1")]})
    assert {path.name for path, _ in find_submissions(tmp_path, two_released).values()} == {
        "small.ipynb",
        "other.ipynb",
    }


def test_of_several_renamed_files_the_one_with_most_exercises_is_taken(tmp_path, released, solved):
    half = {"cells": [cell for cell in solved["cells"] if "double" not in cell["source"]]}
    files(tmp_path, a={"cells": []}, b=half, c=solved)
    assert find_submissions(tmp_path, {"small": released})["small"][0] == tmp_path / "c.ipynb"


@pytest.mark.parametrize(("kept", "taken"), [(1, False), (2, True), (3, True)])
def test_a_renamed_file_is_taken_if_it_holds_half_of_the_exercises(tmp_path, two_released, solved, kept, taken):
    names = list(SOLVED)[:kept]
    cells = [cell for cell in solved["cells"] if cell["metadata"]["course"].get("exercise") in names]
    files(tmp_path, homework={"cells": cells})
    assert (find_submissions(tmp_path, two_released)["small"][0].name == "homework.ipynb") is taken


def test_as_many_own_cells_as_are_allowed_are_kept_without_remark(tmp_path, released, solved):
    solved["cells"] += [own(f"note_{number} = {number}") for number in range(MAX_EXTRA)]
    rebuilt = regraded(tmp_path, released, solved)
    assert len(extras(rebuilt)) == MAX_EXTRA
    assert rebuilt.problems == []


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()], ids=["missing", "empty"])
def test_a_folder_with_nothing_in_it_holds_no_submission(tmp_path, released, make):
    make(tmp_path / "folder")
    path, said = find_submissions(tmp_path / "folder", {"small": released})["small"]
    assert said == []
    assert read_submission(path).problems == ["The notebook was not handed in."]


def test_a_folder_that_is_a_link_is_not_followed(tmp_path, released, solved):
    (tmp_path / "ada" / "week1").mkdir(parents=True)
    files(tmp_path / "ada" / "week1", small=solved)
    (tmp_path / "bert").symlink_to(tmp_path / "ada")
    (tmp_path / "cleo").mkdir()
    (tmp_path / "cleo" / "week1").symlink_to(tmp_path / "ada" / "week1")
    for student in ("bert", "cleo"):
        path, said = find_submissions(tmp_path / student / "week1", {"small": released})["small"]
        assert read_submission(path).cells == []
        assert said == ["The folder is a link, which is not followed. Nothing in it was graded."]


def test_each_spare_file_is_read_once(tmp_path, two_released, monkeypatch):
    read = []
    monkeypatch.setattr(submissions, "read_submission", lambda path: read.append(path) or read_submission(path))
    files(tmp_path, a={"cells": []}, b=two_released["small"], c={})
    find_submissions(tmp_path, two_released)
    assert len(read) == 3


def test_answers_are_shown_as_meant_however_much_is_written_beside_them(released, solved, tmp_path):
    long = {"cell_type": "markdown", "metadata": {}, "source": "a " * 9000}
    solved["cells"][1:1] = [long] * 8
    answer = next(cell for cell in solved["cells"] if cell["metadata"].get("course", {}).get("role") == "written")
    answer["source"] = "a *right* answer"
    rebuilt = rebuild(released, handed_in(tmp_path, solved)).notebook
    sources = [cell.source for cell in rebuilt.cells]
    assert "a *right* answer" in sources
    assert sum(source.startswith("```") for source in sources) == 8 - 5


def test_what_is_folded_or_unfolded_is_graded_alike(tmp_path):
    text = TEXT.replace(":role: demo\n", ":fold: true\n:role: demo\n")
    released = compose_source(read_lesson(lesson_file(tmp_path, text)))
    demo = next(number for number, cell in enumerate(released.cells) if "jupyter" in cell.metadata)
    handed_in = []
    for metadata in ({"source_hidden": True}, {"source_hidden": False, "outputs_hidden": True}, {}, None, 7):
        notebook = json.loads(json.dumps(released))
        notebook["cells"][demo]["metadata"]["jupyter"] = metadata
        path = tmp_path / "small.ipynb"
        path.write_text(json.dumps(notebook), encoding="utf-8")
        result = rebuild(released, read_submission(path))
        assert result.problems == []
        handed_in.append(json.dumps(result.notebook))
    assert set(handed_in) == {json.dumps(released)}


def test_a_guess_that_was_filled_in_is_no_change_of_the_lesson(tmp_path):
    text = TEXT.replace("offset = 1.0", 'guess("offset", ...)')
    released = compose_source(read_lesson(lesson_file(tmp_path, text)))
    notebook = json.loads(json.dumps(released).replace('guess(\\"offset\\", ...)', 'guess(\\"offset\\", 3)'))
    assert notebook != json.loads(json.dumps(released))
    path = tmp_path / "small.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    result = rebuild(released, read_submission(path))
    assert result.problems == []
    assert json.dumps(result.notebook) == json.dumps(released)


WEEKS = Lessons(
    "week1",
    {"small": frozenset({"double", "halve"})},
    {"week2/large": frozenset({"double", "cost", "update", "train"})},
)


def cells_of(*names):
    code = "\n".join(f"def {name}(x):\n    return x\n" for name in names)
    return json.dumps({"cells": [{"cell_type": "code", "source": code}]}).encode()


@pytest.mark.parametrize(
    ("names", "is_refused"),
    [
        (("cost", "update"), True),
        (("cost",), False),  # less than half of the other lesson
        (("double", "cost", "update"), False),  # half of this one
        ((), False),
    ],
)
def test_a_notebook_that_is_another_weeks_lesson_is_not_graded_and_the_lesson_is_named(names, is_refused):
    submission = WEEKS.understand(Fetched("mine.ipynb", cells_of(*names)), ["known"])
    said = "The file mine.ipynb is week2/large, which is no lesson of week1. None of it could be graded."
    assert submission.problems == ([said] if is_refused else ["known"])
    assert bool(submission.cells) is not is_refused
    assert is_unreadable(submission.problems) is is_refused
