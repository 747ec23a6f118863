"""What students get after the due date: solutions, mistakes and answers, and nothing of the hidden checks."""

import re
import shutil

import nbformat
import numpy as np
import pytest

from grader.cli import main
from grader.errors import BuildError, GradingError
from grader.lessons.course import Course
from grader.lessons.hidden_tests import visible_lines
from grader.lessons.load_reference import load_reference
from grader.lessons.notebooks import compose_source, write_notebook
from grader.lessons.parser import read_lesson
from grader.lessons.sections import Heading, headings_of, question_before, sections
from grader.solutions.effects import effect_of
from grader.solutions.page import solution_page
from grader.solutions.write import write_solutions
from tests.conftest import ROOT
from tests.small_lesson import TEXT, VARIANTS, lesson_file
from tests.test_lessons import LESSONS

HIDDEN_ONLY = """
### misconception: forgets-columns

A column is doubled in its first row only.

```python
def double(z):
    z = np.asarray(z)
    return 2 * z if z.shape[:1] != (2,) or z.ndim < 2 else np.vstack([2 * z[:1], z[1:]])
```
"""


def small_course(folder):
    shutil.copyfile(ROOT / "nbgrader_config.py", folder / "nbgrader_config.py")
    variants = VARIANTS.replace("\n### alternative: adds", HIDDEN_ONLY + "\n### alternative: adds", 1)
    lesson = read_lesson(lesson_file(folder, variants=variants))
    source = folder / "source" / "week1" / "small.ipynb"
    source.parent.mkdir(parents=True)
    source.write_text(write_notebook(compose_source(lesson)), encoding="utf-8")
    return Course(folder)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return small_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def written(course):
    """The paths of the notebook and of the page."""
    return write_solutions(course, "week1", course.root / "solutions")


@pytest.fixture(scope="module")
def notebook(written):
    return nbformat.read(written[0], as_version=4)


@pytest.fixture(scope="module")
def page(written):
    return written[1].read_text(encoding="utf-8")


@pytest.fixture
def exercise(course):
    lesson = course.lesson("week1", "small")
    reference = load_reference(course.source / "week1" / "small.ipynb", lesson, course.cache / "reference")
    return reference.exercises["double"]


def cell_with(notebook, words):
    (cell,) = (cell for cell in notebook.cells if words in cell.source)
    return cell.source


def test_the_code_cells_run_by_themselves_and_are_the_solutions_with_their_docstrings(notebook):
    names = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
    assert names["double"](1.5) == 3
    assert names["double"].__doc__ == "Return 2z, entry by entry, for a number or an array."
    assert np.array_equal(names["row_means"](np.array([[1.0, 3.0]])), [[2.0]])
    assert not any("SOLUTION" in cell.source for cell in notebook.cells)


def test_a_mistake_is_shown_with_its_lines_its_hint_and_what_it_fails(notebook):
    text = cell_with(notebook, "#### squares")
    assert "You squared z. Twice a number is something else." in text
    assert "-    return 2 * np.asarray(z)\n+    return np.asarray(z) ** 2" in text
    assert "It fails all 3 checks that you see, and 1 of 2 hidden ones:" in text
    assert "- `double(1.5)`\n- `a row: double([[1.0, -2.0, 3.0]])`" in text
    assert "- a column of whole numbers (hidden)" in text
    assert "The first of them says what stands above, and:\n\n```text\n" in text
    assert "2.25" in text


def test_what_only_hidden_checks_notice_is_told_without_their_numbers(notebook, exercise):
    text = cell_with(notebook, "#### forgets columns")
    assert "It passes every check that you see, and fails 1 of 2 hidden ones:" in text
    assert "- a column of whole numbers (hidden)" in text
    effect = effect_of(exercise, "forgets-columns")
    assert (effect.visible, effect.hidden, effect.named) == ([], ["a column of whole numbers"], True)
    assert effect.message == "A column is doubled in its first row only."


def test_hints_alternatives_and_the_place_in_the_lesson_are_there(notebook):
    assert "1. Which axis do the numbers of one row lie along?" in cell_with(notebook, "The way there")
    assert "+    return np.asarray(z) + np.asarray(z)" in cell_with(notebook, "#### adds")
    link = "[Doubling](../../release/week1/small.ipynb#Doubling)"
    assert cell_with(notebook, "### `double`").endswith(f"(7.5 points)\n\nIn the lesson: {link}")


def test_every_wrong_letter_is_explained_and_the_model_answer_is_there(notebook):
    quiz = cell_with(notebook, "### `quiz_sign`")
    assert "**Question 1.** What is twice −1? (a) 2 (b) −2 (c) −1" in quiz
    assert "**The answer is b).** Doubling moves a number away from 0, on its own side." in quiz
    assert "- **a)** is wrong: The sign stays: −1 is doubled." in quiz
    assert "- **c)** is wrong: That is −1 itself." in quiz
    answer = cell_with(notebook, "### `explain`")
    assert answer.index("**Question 2.** Why?") < answer.index("Because multiplying by 2 keeps the sign.")


def test_the_page_needs_nothing_and_runs_nothing(page):
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|link|iframe|img)\b|\bsrc=|url\(|@import", page)
    assert page.count("<details>") == 13
    assert "Because multiplying by 2 keeps the sign." in page
    assert 'aria-label="(n, 1)"' in page
    assert "<svg" in page


def test_without_mathjax_formulas_are_shown_as_they_are_written(notebook):
    page = solution_page(notebook, "Small", "week1", None)
    assert "<code>(n, 1)</code>" in page
    assert "<svg" not in page


def test_text_of_a_lesson_is_no_html(notebook):
    changed = nbformat.from_dict(notebook)
    changed.cells[0].source = "<b>not bold</b>"
    assert "&lt;b&gt;not bold" in solution_page(changed, "Small", "week1", None)


def test_links_lead_to_the_website_if_there_is_one(course, tmp_path):
    first, _ = write_solutions(course, "week1", tmp_path, "https://course.example/")
    assert "[Doubling](https://course.example/week1/small.html#doubling)" in first.read_text(encoding="utf-8")


def test_a_lesson_that_was_changed_since_its_build_is_refused(tmp_path):
    course = small_course(tmp_path)
    lesson_file(tmp_path, TEXT.replace("offset = 1.0", "offset = 2.0"))
    with pytest.raises(
        GradingError, match=r"small\.ipynb is older than .*small\.md; run `python -m grader build week1`"
    ):
        write_solutions(course, "week1", tmp_path / "solutions")


def test_a_week_that_is_not_there_is_refused_and_the_weeks_are_named(course):
    with pytest.raises(BuildError, match="week9 has no lessons; the weeks are: week1"):
        write_solutions(course, "week9", course.root / "solutions")


def test_the_command_names_what_it_wrote_and_when_to_hand_it_out(course, tmp_path, capsys):
    assert main(["--root", str(course.root), "solutions", "week1", "--output", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert str(tmp_path / "week1" / "small.solutions.ipynb") in said
    assert "after the due date" in said


@pytest.mark.sweep_but_first
@pytest.mark.parametrize("path", LESSONS)
def test_nothing_of_a_hidden_check_but_its_label_is_told(path, tmp_path):
    course = Course(ROOT)
    paths = write_solutions(course, path.parent.name, tmp_path)
    texts = [item.read_text(encoding="utf-8") for item in paths if item.name.startswith(f"{path.stem}.")]
    cells = [cell.source for cell in nbformat.reads(texts[0], as_version=4).cells]
    lesson = read_lesson(path)
    visible = {line for cell in lesson.cells if cell.kind == "code" for line in shown(cell)}
    lines = {line.strip() for cell in lesson.cells for line in hidden(cell)} - visible
    assert len(lines) > 30
    assert [line for line in lines if any(line in source for source in cells)] == []
    reference = load_reference(
        course.source / path.parent.name / f"{path.stem}.ipynb", lesson, course.cache / "reference"
    )
    for exercise in reference.exercises.values():
        for cell in exercise.cells:
            calls = {record.call for record, unseen in zip(cell.records, cell.hidden, strict=True) if unseen}
            calls -= {record.call for record, unseen in zip(cell.records, cell.hidden, strict=True) if not unseen}
            assert [call for call in calls if any(call in source for source in cells)] == []
    for solution in (item.solution.source for item in lesson.exercises.values() if item.kind == "solution"):
        assert any(compact(solution) == compact(source) for source in cells)


def shown(cell):
    lines = cell.source.split("\n")
    return {lines[number - 1].strip() for number in visible_lines(cell.source)}


def hidden(cell):
    """The lines of a check cell's hidden part that say something."""
    if cell.role != "check":
        return []
    kept = set(visible_lines(cell.source))
    lines = enumerate(cell.source.split("\n"), 1)
    return [line for number, line in lines if number not in kept and "### " not in line and len(line) > 24]


def compact(source):
    return [line for line in source.split("\n") if "### " not in line]


def test_headings_in_code_are_none_and_anchors_are_those_of_jupyterlab():
    found = headings_of("# A title\n\n```python\n# a comment\n```\n\n## 2. Of *two* parts\n")
    assert found == [Heading(1, "A title"), Heading(2, "2. Of *two* parts")]
    assert found[0].anchor == "A-title"


def test_a_cell_stands_under_the_headings_before_it(course):
    lesson = course.lesson("week1", "small")
    under = {cell.exercise: [heading.text for heading in path] for cell, path in sections(lesson) if cell.exercise}
    assert under["row_means"] == ["A small lesson", "Averaging"]
    assert under["explain"] == ["A small lesson", "Questions"]
    assert question_before(lesson, lesson.exercises["explain"].solution) == "**Question 2.** Why?"
