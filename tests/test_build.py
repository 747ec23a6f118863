import ast
import json
import math
import re
import shutil

import nbformat
import numpy as np
import pytest

from dlcore.checks.answer_key import HIDDEN_SUFFIX, SUFFIX, read_key
from dlcore.checks.codec import decode
from dlcore.checks.compare import Settings, agree
from grader.errors import BuildError, GradingError
from grader.lessons import build as building
from grader.lessons.build import build, build_week
from grader.lessons.cells import BEGIN_SOLUTION, END_SOLUTION
from grader.lessons.course import Course
from grader.lessons.hidden_tests import BEGIN_HIDDEN, END_HIDDEN, visible_part
from grader.lessons.notebooks import compose_source, course_metadata, grade_id
from grader.lessons.parser import read_lesson
from grader.lessons.variants import lesson_files, variants_path
from tests.conftest import ROOT
from tests.small_lesson import TEXT, VARIANTS, lesson_file

pytestmark = pytest.mark.xdist_group("build")

LESSONS = [
    pytest.param(path, marks=getattr(pytest.mark, path.parent.name), id=f"{path.parent.name}-{path.stem}")
    for path in lesson_files(ROOT / "course")
]
NEARLY = Settings(rtol=1e-9, atol=1e-12)
MARKERS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN", "END HIDDEN")


def quietly(line):
    pass


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def notebook_of(root, folder, path):
    return nbformat.read(root / folder / path.parent.name / f"{path.stem}.ipynb", as_version=4)


# What is committed is what is built


def assert_nearly_equal(ours, theirs, place=""):
    """Two answer keys agree: encoded values up to rounding, everything else exactly."""
    value = decoded(ours)
    if value is not None:
        assert agree(value, decoded(theirs), NEARLY), place
    elif isinstance(ours, dict):
        assert isinstance(theirs, dict), place
        assert ours.keys() == theirs.keys(), place
        for key in ours:
            assert_nearly_equal(ours[key], theirs[key], f"{place}.{key}")
    elif isinstance(ours, list):
        assert isinstance(theirs, list), place
        assert len(ours) == len(theirs), place
        for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            assert_nearly_equal(mine, other, f"{place}[{number}]")
    else:
        assert ours == theirs, place


def decoded(form):
    """The value that a form encodes, or None if it is plain JSON."""
    if not isinstance(form, dict) or not form.keys() & {"int", "float", "complex", "scalar", "array", "tuple", "list"}:
        return None
    return decode(form)


def test_answer_keys_are_compared_with_a_tolerance_and_nothing_else_is():
    half, other = ({"expected": {"float": number.hex()}, "label": "a"} for number in (0.5, math.nextafter(0.5, 1)))
    assert_nearly_equal(half, other)
    for wrong in ({"expected": {"float": (0.6).hex()}, "label": "a"}, half | {"label": "b"}, {"label": "a"}):
        with pytest.raises(AssertionError):
            assert_nearly_equal(half, wrong)


def test_what_is_committed_is_what_is_built(built_course, course_root):
    for folder in ("source", "release"):
        built, committed = contents(built_course.root / folder / "week1"), contents(course_root / folder / "week1")
        assert built.keys() == committed.keys()
        for name in built:
            if name.endswith(SUFFIX):
                assert_nearly_equal(json.loads(built[name]), json.loads(committed[name]), name)
            else:
                assert built[name] == committed[name], name


@pytest.mark.parametrize("path", LESSONS)
def test_the_committed_notebooks_of_every_lesson_are_up_to_date(path, course_root):
    """What can be told without running a lesson."""
    lesson = read_lesson(path)
    assert notebook_of(course_root, "source", path) == compose_source(lesson)
    released = notebook_of(course_root, "release", path)
    for cell, original in zip(released.cells, compose_source(lesson).cells, strict=True):
        assert cell.id == original.id
        if course_metadata(cell)["role"] in ("solution", "quiz", "written"):
            continue
        assert cell.source.rstrip() == visible_part(original.source)
    keys = [path.parent / f"{path.stem}{suffix}" for suffix in (SUFFIX, HIDDEN_SUFFIX)]
    hints = {str(cell.options["hint"]) for item in lesson.exercises.values() for cell in item.misconceptions}
    reasons = {str(cell.options["right"]) for cell in lesson.cells if cell.options.get("right")}
    assert hints
    assert reasons
    text = "".join(
        (course_root / "source" / key.relative_to(course_root / "course")).read_text("utf-8") for key in keys
    )
    assert {words for words in hints | reasons if json.dumps(words, ensure_ascii=False) not in text} == set()


def test_building_again_gives_the_same_files(built_course):
    before = {folder: contents(built_course.root / folder) for folder in ("source", "release")}
    build(built_course, ["week1"], quietly, force=True)
    assert {folder: contents(built_course.root / folder) for folder in ("source", "release")} == before


# What students get


@pytest.mark.parametrize("path", LESSONS)
@pytest.mark.parametrize("folder", ["source", "release"])
def test_cells_are_marked_and_have_no_outputs(path, folder, course_root):
    notebook = notebook_of(course_root, folder, path)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert notebook.metadata.course.lesson == path.stem
    names = [grade_id(cell) for cell in notebook.cells if grade_id(cell)]
    assert len(set(names)) == len(names)
    for cell in notebook.cells:
        course = course_metadata(cell)
        assert course["role"]
        assert set(course) == ({"role", "exercise"} if grade_id(cell) not in ("", "setup") else {"role"})
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
        if grade_id(cell):
            assert re.fullmatch(rf"{course.get('exercise', 'setup')}(-check(-\d+)?)?", grade_id(cell))
            assert cell.metadata.nbgrader.schema_version == 3
            assert ("points" in cell.metadata.nbgrader) == cell.metadata.nbgrader.grade
            assert cell.metadata.nbgrader.locked == (course["role"] in ("check", "setup"))


def region(source):
    """The lines of a solution between its markers, without indentation."""
    lines = [line.strip() for line in source.splitlines()]
    return "\n".join(lines[lines.index(BEGIN_SOLUTION) + 1 : lines.index(END_SOLUTION)]).strip()


def hidden_calls(source):
    """The lines of a check cell that call hidden checks, as far as a call begins with an argument."""
    hidden = set(source.splitlines()) - set(visible_part(source).splitlines())
    return {line for line in hidden if "check(" in line and not line.endswith("check(")}


def hidden_block(source):
    lines = [line.strip() for line in source.splitlines()]
    return "\n".join(lines[lines.index(BEGIN_HIDDEN) + 1 : lines.index(END_HIDDEN)]) if BEGIN_HIDDEN in lines else None


def labels(source):
    """The labels of the checks in a piece of code."""
    keywords = [
        keyword for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) for keyword in node.keywords
    ]
    return {item.value.value for item in keywords if item.arg == "label" and isinstance(item.value, ast.Constant)}


@pytest.mark.parametrize("path", LESSONS)
def test_students_get_no_solutions_and_nothing_hidden(path, course_root):
    lesson = read_lesson(path)
    released = notebook_of(course_root, "release", path)
    stripped = ["\n".join(line.strip() for line in cell.source.splitlines()) for cell in released.cells]
    for exercise in lesson.exercises.values():
        for cell in (*exercise.misconceptions, *exercise.alternatives):
            assert all(cell.source not in text.source for text in released.cells)
            assert "hint" not in cell.options or all(cell.options["hint"] not in text for text in stripped)
    for cell in lesson.cells:
        if cell.role in ("solution", "written"):
            assert all(region(cell.source) not in text for text in stripped)
        elif cell.role == "quiz":
            assert all(cell.source.strip() not in text for text in stripped)
        elif cell.role == "check":
            for secret in hidden_calls(cell.source) | {hidden_block(cell.source) or "nothing hidden"}:
                assert all(secret.strip() not in text for text in stripped)
    assert not [text for text in stripped for marker in MARKERS if marker in text]


@pytest.mark.parametrize("path", LESSONS)
def test_solutions_are_placeholders_in_the_release(path, course_root):
    for cell in notebook_of(course_root, "release", path).cells:
        role, name = course_metadata(cell)["role"], course_metadata(cell).get("exercise")
        if role == "solution":
            namespace: dict = {"np": np}
            exec(cell.source, namespace)
            assert callable(namespace[name])
            assert "raise NotImplementedError" in cell.source
        if role == "quiz":
            assert cell.source.startswith(f'{name} = ""')


@pytest.mark.parametrize("path", LESSONS)
def test_students_get_the_visible_answers_only(path, course_root):
    folder = course_root / "release" / path.parent.name
    assert not list(folder.glob(f"*{HIDDEN_SUFFIX}"))
    key, full = read_key(path.stem, folder), read_key(path.stem, course_root / "source" / path.parent.name)
    text = (folder / f"{path.stem}{SUFFIX}").read_text(encoding="utf-8")
    for name, exercise in read_lesson(path).exercises.items():
        if exercise.kind != "solution":
            continue
        seen = set().union(*(labels(visible_part(cell.source)) for cell in exercise.checks))
        hidden = set().union(*(labels(cell.source) for cell in exercise.checks)) - seen
        shown = {check.label for check in key.exercises[name].checks}
        assert seen <= shown
        assert not hidden & shown
        assert hidden <= {check.label for check in full.exercises[name].checks}
        assert all(
            f'"label": {json.dumps(label, ensure_ascii=False)}' not in text for label in hidden - seen_anywhere(key)
        )


def seen_anywhere(key):
    return {check.label for exercise in key.exercises.values() for check in exercise.checks}


@pytest.mark.parametrize("path", LESSONS)
def test_all_points_of_a_lesson_can_be_earned(path, course_root):
    lesson = read_lesson(path)
    marks = [cell.metadata.get("nbgrader", {}) for cell in notebook_of(course_root, "release", path).cells]
    assert sum(mark.get("points", 0) for mark in marks) == sum(cell.points for cell in lesson.cells)
    key = read_key(path.stem, course_root / "release" / path.parent.name)
    by_hand = sum(cell.points for cell in lesson.cells if cell.role == "written")
    assert sum(item.points for item in key.exercises.values()) == sum(cell.points for cell in lesson.cells) - by_hand


def test_nbgrader_knows_the_released_points(built_course):
    (path,) = built_course.lessons("week1")
    with built_course.gradebook() as gradebook:
        assert gradebook.find_assignment("week1").max_score == sum(cell.points for cell in read_lesson(path).cells)


# When is a week built?


@pytest.fixture
def watched(built_course, monkeypatch):
    """The built course, and a list of the weeks that would be built again."""
    again = []
    monkeypatch.setattr(building, "build_week", lambda course, week, say: again.append(week) or {})
    written = []
    monkeypatch.setattr(Course, "write_stamp", lambda self, week, stamp: written.append(stamp))
    return built_course, again


def test_an_unchanged_week_is_not_built_again(watched):
    course, again = watched
    before = {path: path.stat().st_mtime_ns for path in (course.root / "source").rglob("*")}
    said = []
    (result,) = build(course, ["week1"], said.append)
    assert (result.unchanged, again, said) == (True, [], ["week1: unchanged"])
    assert {path: path.stat().st_mtime_ns for path in (course.root / "source").rglob("*")} == before


def append(path):
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")


CHANGES = {
    "the lesson": lambda root: append(root / "course/week1/logistic_regression.md"),
    "a support module": lambda root: (root / "course/week1/helper.py").write_text("x = 1"),
    "a built notebook": lambda root: append(root / "source/week1/logistic_regression.ipynb"),
    "a built key": lambda root: append(root / f"source/week1/logistic_regression{SUFFIX}"),
    "a released notebook": lambda root: append(root / "release/week1/logistic_regression.ipynb"),
    "a lost release": lambda root: (root / "release/week1/logistic_regression.ipynb").unlink(),
    "a lost source": lambda root: shutil.rmtree(root / "source/week1"),
    "a damaged note": lambda root: (root / ".cache/build/week1.json").write_text("[1"),
    "a lost note": lambda root: (root / ".cache/build/week1.json").unlink(),
    "a lost gradebook": lambda root: (root / "gradebook.db").unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_week_is_built_again(watched, tmp_path, change):
    course, again = watched
    parts = ("course", "source", "release")
    for part in parts:
        shutil.copytree(course.root / part, tmp_path / part)
    shutil.copytree(course.root / ".cache/build", tmp_path / ".cache/build")
    for name in ("nbgrader_config.py", "gradebook.db"):
        shutil.copyfile(course.root / name, tmp_path / name)
    copy = Course(tmp_path)
    assert build(copy, ["week1"], quietly)[0].unchanged
    change(tmp_path)
    assert not build(Course(tmp_path), ["week1"], quietly)[0].unchanged
    assert again == ["week1"]


def test_a_week_is_built_again_if_asked_for(watched):
    course, again = watched
    build(course, ["week1"], quietly, force=True)
    assert again == ["week1"]


def test_a_week_that_does_not_exist_is_refused_with_those_that_do(built_course):
    with pytest.raises(BuildError, match=r"no lessons in .*week99; the weeks are: week1"):
        build(built_course, ["week99"], quietly)


def test_a_folder_that_is_no_course_is_refused(tmp_path):
    with pytest.raises(GradingError, match=r"is not a course: it has no nbgrader_config\.py"):
        Course(tmp_path)


# Lessons that are refused


@pytest.fixture(scope="module")
def small_course(course_root, tmp_path_factory):
    """A course with nothing but the small lesson, built, with a module beside it."""
    folder = tmp_path_factory.mktemp("small-course")
    shutil.copyfile(course_root / "nbgrader_config.py", folder / "nbgrader_config.py")
    path = lesson_file(folder)
    (path.parent / "helper.py").write_text("FACTOR = 2\n")
    (path.parent / "notes.md~").write_text("not for students")
    course = Course(folder)
    build(course, [], quietly)
    return course


@pytest.fixture
def refused(small_course):
    """Builds a changed lesson that must be refused; gives the error, and checks that nothing else changed."""
    path = small_course.lessons_folder / "week1" / "small.md"

    def run(text=TEXT, variants=VARIANTS):
        before = [contents(folder) for folder in (small_course.source, small_course.release)]
        path.write_text(text, encoding="utf-8")
        variants_path(path).write_text(variants, encoding="utf-8")
        try:
            with pytest.raises(BuildError) as caught:
                build(small_course, ["week1"], quietly)
        finally:
            path.write_text(TEXT, encoding="utf-8")
            variants_path(path).write_text(VARIANTS, encoding="utf-8")
        assert [contents(folder) for folder in (small_course.source, small_course.release)] == before
        assert small_course.read_stamp("week1")
        assert build(small_course, ["week1"], quietly)[0].unchanged
        return str(caught.value)

    return run


def replaced(*replacements, text=TEXT):
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def assert_reported(message, text, mark, reason, name="small.md"):
    """The reason stands in the message, with the file and the line of the mark."""
    (line,) = [line for line in message.splitlines() if reason in line] or [message]
    number = re.match(rf".*/course/week1/{re.escape(name)}:(\d+): ", line)
    assert number, line
    assert reason in line
    assert int(number[1]) == text[: text.index(mark)].count("\n") + 1


def test_a_small_course_is_built_with_its_support_modules(small_course):
    names = {"small.ipynb", f"small{SUFFIX}", "helper.py"}
    assert contents(small_course.source / "week1").keys() == names | {f"small{HIDDEN_SUFFIX}"}
    assert contents(small_course.release / "week1").keys() == names
    assert small_course.is_released("week1")


def test_checks_that_are_too_weak_or_too_strict_are_refused_with_file_and_line(refused):
    variants = replaced(
        ("return X.mean()\n", "return X.sum(axis=1)[:, None] / X.shape[1]\n"),
        ("return X @ np.ones((X.shape[1], 1)) / X.shape[1]", "return np.ones((1, 2)) @ X"),
        text=VARIANTS,
    )
    text = replaced(
        ("wrong:\n  a:", "wrong:\n  d: It is.\n  a:"),
        ("(c) −1", "(c) −1 (d) −2"),
        (', label="no entries at all"', ""),
        ("check(double, 1.5)\n", "check(double, 1.5)\ncheck(double, 1.5)\n"),
    )
    message = refused(text, variants)
    slip, rejected = "one-mean of row_means passes all checks", "product of row_means is rejected: two rows"
    assert_reported(message, variants, "### misconception: one-mean", f"the misconception {slip}", "small.variants.md")
    assert_reported(message, variants, "### alternative: product", f"the alternative {rejected}", "small.variants.md")
    again = "check(double, 1.5)\ncheck(double, np"
    assert_reported(message, text, "check(double, np.zeros", "the hidden check “double(array (0, 2))” has no label")
    assert_reported(message, text, again, "two checks of double cannot be told apart: “double(1.5)”")
    assert len(message.splitlines()) == 4


def test_checks_without_meaning_are_refused_with_file_and_line(refused):
    text = replaced(
        ('def double(z):\n    """', 'calls = []\ndef double(z):\n    calls.append(z)\n    """'),
        (
            "    return 2 * np.asarray(z)\n    ### END",
            "    return {1} if np.size(z) == 3 else 2 * np.asarray(z) + len(calls)\n    ### END",
        ),
        (
            f'{BEGIN_HIDDEN}\ncheck(row_means, rng.normal(size=(5, 1)), label="one column")\n{END_HIDDEN}\n',
            "",
        ),
        ("    return X.mean(axis=1", "    if X.shape == (2, 3):\n        raise KeyError(3)\n    return X.mean(axis=1"),
    )
    variants = replaced(
        ("diff\n-    return 2 * np.asarray(z)\n+    z *= 2\n+    return z\n", "python\ndef double(z):\n    z *= 2\n"),
        text=VARIANTS,
    )
    message = refused(text, variants)
    random, row = "double-check-2: the checks depend on what ran before them", "check(double, np.array([[1.0"
    assert_reported(message, text, row, "is foreign (A value of")
    assert_reported(message, text, "check(double, np.array([0.25", random)
    cell = "```{code-cell} ipython3\n:exercise: row_means\n:points"
    assert_reported(message, text, cell, "row_means has no hidden checks: what is visible can be copied")
    assert_reported(message, text, "check(row_means", "row_means-check: the reference raised KeyError: 3")


def test_an_error_of_the_reference_that_its_docstring_does_not_mention_is_refused(refused):
    slip = (
        "    return X.mean(axis=1",
        "    if X.shape[1] == 1:\n        raise ValueError('one')\n    return X.mean(axis=1",
    )
    message = refused(replaced(slip))
    line = "check(row_means, rng.normal(size=(5, 1))"
    assert_reported(message, replaced(slip), line, "raised ValueError: one in")
    assert "which its docstring does not mention" in message
    promised = ("column (n, 1).", "column (n, 1), or raise ValueError.")
    assert "does not mention" not in refused(replaced(slip, promised))


def test_a_reference_that_does_not_run_is_refused_with_file_and_line(refused):
    text = replaced(("offset = 1.0", "offset = nothing"))
    message = refused(text)
    assert_reported(message, text, "offset = nothing", "a cell raises NameError: name 'nothing' is not defined")


def test_a_check_cell_that_calls_no_check_is_refused(refused):
    text = replaced(('check(double, np.array([0.25, 3.0]), fresh=True, label="memory of its own")', "print('check(')"))
    assert_reported(refused(text), text, "print('check('", "the check cell double-check-2 calls no check")


def test_a_lesson_that_cannot_be_read_is_refused_before_anything_runs(refused):
    text = replaced((":points: 5\n", ":points: -1\n"))
    assert_reported(refused(text), text, ":points: -1", "has points -1, not a number from 0")


def test_two_lessons_of_a_week_cannot_share_an_exercise(small_course):
    other = lesson_file(small_course.root, TEXT, "other")
    try:
        with pytest.raises(BuildError) as caught:
            build_week(small_course, "week1", quietly)
    finally:
        other.unlink()
    assert caught.value.path.name == "small.md"
    assert caught.value.reason == "the exercise double is also in other.md"
    assert caught.value.line


def test_files_of_a_lesson_that_was_renamed_are_removed(small_course, tmp_path):
    shutil.copytree(small_course.root, tmp_path / "course")
    course = Course(tmp_path / "course")
    for suffix in (".md", ".variants.md"):
        (course.lessons_folder / "week1" / f"small{suffix}").unlink()
    lesson_file(course.root, TEXT, "tiny")
    (course.lessons_folder / "week1" / "helper.py").unlink()
    (course.source / "week1" / "left over.txt").write_text("from long ago")
    build(course, ["week1"], quietly)
    for folder in (course.source, course.release):
        assert {name.partition(".")[0] for name in contents(folder / "week1")} == {"tiny"}
    assert course.is_released("week1")
