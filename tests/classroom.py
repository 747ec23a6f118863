"""A course in a temporary folder, and students who hand things in."""

from __future__ import annotations

import atexit
import copy
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from grader.lessons.course import Course
from grader.lessons.load_reference import load_reference
from grader.lessons.notebooks import course_metadata
from tests.preloaded import run_preloaded

REPOSITORY = Path(__file__).parent.parent
WEEK, LESSON = "week1", "logistic_regression"
TIMEOUT = 600  # seconds


@functools.cache
def _released_course() -> Path:
    """A course with week 1 released; made once, as nbgrader takes seconds to make a gradebook and to release."""
    folder = Path(tempfile.mkdtemp(prefix="released-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for part in ("course", "source", "release"):
        shutil.copytree(REPOSITORY / part / WEEK, folder / part / WEEK)
    shutil.copyfile(REPOSITORY / "nbgrader_config.py", folder / "nbgrader_config.py")
    course = Course(folder)
    course.release_week(WEEK)
    # Once for all copies, too: what the reference returns, which has to be computed where no cache is.
    load_reference(course.source / WEEK / f"{LESSON}.ipynb", course.lesson(WEEK, LESSON), course.cache / "reference")
    return folder


def make_course(folder: Path, db_url: str | None = None, **settings: object) -> Course:
    """A course with week 1 released, as an instructor's folder would be."""
    without = shutil.ignore_patterns("gradebook.db*") if db_url else None
    shutil.copytree(_released_course(), folder, ignore=without, dirs_exist_ok=True)
    lines = [f"c.RunSubmission.{name} = {value!r}" for name, value in settings.items()]
    lines += [f"c.CourseDirectory.db_url = {db_url!r}"] if db_url else []
    config = (REPOSITORY / "nbgrader_config.py").read_text() + "\n" + "\n".join(lines) + "\n"
    (folder / "nbgrader_config.py").write_text(config)
    course = Course(folder)
    if db_url:
        course.release_week(WEEK)
    return course


def released(course: Course):
    return nbformat.read(course.release / WEEK / f"{LESSON}.ipynb", as_version=4)


def reference_solutions(course: Course) -> dict[str, str]:
    notebook = nbformat.read(course.source / WEEK / f"{LESSON}.ipynb", as_version=4)
    return {
        course_metadata(cell)["exercise"]: cell.source
        for cell in notebook.cells
        if course_metadata(cell).get("role") in ("solution", "quiz")
    }


def with_solutions(notebook, solutions: dict[str, str]):
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if (
            course_metadata(cell).get("role") in ("solution", "quiz", "written")
            and course_metadata(cell)["exercise"] in solutions
        ):
            cell.source = solutions[course_metadata(cell)["exercise"]]
    return notebook


def with_cell(notebook, source: str, after: str = "setup", kind: str = "code"):
    """The notebook with a cell of the student's own after the (last) cell with a role or an exercise's check."""
    notebook = copy.deepcopy(notebook)
    places = [
        i
        for i, cell in enumerate(notebook.cells)
        if after in (course_metadata(cell).get("role"), cell.metadata.get("nbgrader", {}).get("grade_id"))
    ]
    cell = {"cell_type": kind, "metadata": {}, "source": source}
    if kind == "code":
        cell |= {"outputs": [], "execution_count": None}
    notebook.cells.insert(places[-1] + 1, nbformat.from_dict(cell))
    return notebook


def hand_in(course: Course, student: str, notebook, filename: str = f"{LESSON}.ipynb") -> Path:
    """Put a notebook, or bytes, where nbgrader collects it."""
    folder = course.submitted / student / WEEK
    folder.mkdir(parents=True, exist_ok=True)
    data = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
    (folder / filename).write_bytes(data)
    return folder / filename


def run(course: Course, *arguments: str, **options):
    """A command in the course's folder, with the environment's programs."""
    programs = str(Path(sys.executable).parent)
    environment = os.environ | {"PATH": os.pathsep.join([programs, os.environ["PATH"]])}
    environment |= options.pop("environment", {})
    if not options and (arguments[0] == "nbgrader" or arguments[1:3] == ("-m", "grader")):
        return run_preloaded(arguments, course.root, environment, TIMEOUT)
    return subprocess.run(
        arguments,
        cwd=course.root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
        **options,
    )


def grader(course: Course, *arguments: str, **options):
    return run(course, sys.executable, "-m", "grader", *arguments, **options)


def gradebook_rows(course: Course, week: str = WEEK) -> dict[str, dict[str, tuple]]:
    """All that the gradebook holds about a week: each student's every grade and comment."""
    rows: dict[str, dict[str, tuple]] = {}
    with course.gradebook() as gradebook:
        for submission in gradebook.assignment_submissions(week):
            rows[submission.student.id] = {
                grade.name: (grade.auto_score, grade.manual_score, grade.needs_manual_grade, grade.max_score)
                for notebook in submission.notebooks
                for grade in notebook.grades
            } | {
                f"comment on {comment.name}": (comment.auto_comment, comment.manual_comment)
                for notebook in submission.notebooks
                for comment in notebook.comments
            }
    return rows


def scores(course: Course, week: str = WEEK) -> dict[str, float]:
    """Each student's score."""
    with course.gradebook() as gradebook:
        return {item.student.id: item.score for item in gradebook.assignment_submissions(week)}


def feedback_page(course: Course, student: str) -> str:
    return (course.feedback / student / WEEK / f"{LESSON}.html").read_text()
