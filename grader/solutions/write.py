"""Write a week's solutions into a folder: for each lesson a notebook and a page."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import nbformat

from grader.errors import BuildError, GradingError
from grader.lessons.course import Course
from grader.lessons.formulas import FormulaTypesetter, why_no_formulas
from grader.lessons.load_reference import load_reference
from grader.lessons.notebooks import compose_source
from grader.lessons.parser import Lesson, read_lesson
from grader.lessons.reference import Reference
from grader.lessons.sections import Heading
from grader.solutions.notebook import solution_notebook
from grader.solutions.page import solution_page

__all__ = ["write_solutions"]


def write_solutions(course: Course, week: str, output: Path, site: str = "") -> list[Path]:
    """The files written: `<output>/<week>/<lesson>.solutions.ipynb` and `.html` for each lesson.

    Args:
        course: the course, with the week built.
        week: the week.
        output: the folder for all weeks' solutions.
        site: the address of the course's website, which links lead to; "" for links to the released notebooks.

    Raises:
        BuildError: there is no such week.
        GradingError: the week is not built, or was changed since.
    """
    paths = course.lessons(week)
    if not paths:
        raise BuildError(f"{week} has no lessons; the weeks are: {', '.join(course.weeks()) or 'none'}")
    folder = output / week
    folder.mkdir(parents=True, exist_ok=True)
    typesetter = None if why_no_formulas() else FormulaTypesetter()
    written = []
    for lesson in map(read_lesson, paths):
        reference = _reference(course, lesson)
        notebook = solution_notebook(lesson, reference, _address(course, lesson, folder, site))
        page = solution_page(notebook, lesson.title, week, typesetter)
        for suffix, text in ((".ipynb", nbformat.writes(notebook, version=4) + "\n"), (".html", page)):
            path = folder / f"{lesson.name}.solutions{suffix}"
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def _reference(course: Course, lesson: Lesson) -> Reference:
    """The reference of the built lesson; raises GradingError if the lesson was changed since."""
    source = course.source / lesson.week / f"{lesson.name}.ipynb"
    reference = load_reference(source, lesson if source.is_file() else None, course.cache / "reference")
    if list(_code(reference.notebook)) != list(_code(compose_source(lesson))):
        raise GradingError(f"{source} is older than {lesson.path}; run `python -m grader build {lesson.week}` first")
    return reference


def _code(notebook: nbformat.NotebookNode) -> Iterator[str]:
    return (cell.source for cell in notebook.cells if cell.cell_type == "code")


def _address(course: Course, lesson: Lesson, folder: Path, site: str) -> Callable[[Heading], str]:
    """Where a heading of the lesson is: in the website, or in the released notebook."""
    if site:
        return lambda heading: f"{site.rstrip('/')}/{lesson.week}/{lesson.name}.html#{heading.slug}"
    notebook = course.release / lesson.week / f"{lesson.name}.ipynb"
    relative = quote(Path(os.path.relpath(notebook, folder.resolve())).as_posix())
    return lambda heading: f"{relative}#{heading.anchor}"
