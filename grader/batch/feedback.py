"""Write a week's feedback pages: only those that changed, in parallel for a large class.

The pages are those of `nbgrader generate_feedback` (a test compares them), but the scores
and comments of all students are read in two queries instead of some fifty a page.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
)

from grader.batch.forkserver import METHOD, start_forkserver
from grader.batch.grade_week import GradingResult, State, graded_students
from grader.errors import GradingError, reason_of
from grader.lessons.course import Course
from grader.lessons.notebooks import grade_id
from grader.nbgrader_plugins import feedback, feedback_model, feedback_summary
from grader.nbgrader_plugins.deadlines import Deadline, read_deadline
from grader.nbgrader_plugins.feedback import FeedbackExporter, feedback_page
from grader.nbgrader_plugins.late import lateness
from grader.nbgrader_plugins.marking import is_unmarked
from grader.submissions.timestamps import EXCHANGE_FILES
from grader.templating import TEMPLATES

__all__ = ["make_feedback"]

MIN_PARALLEL = 60  # pages below which starting workers does not pay
CHUNK = 10  # pages handed to a worker at once


@dataclass
class _Page:
    """What one page is made from, and where it goes.

    Attributes:
        scores: by cell, what GetGradesAndState notes in it.
        comments: by cell.
    """

    source: str
    target: str
    place: dict[str, Any]
    scores: dict[str, dict[str, Any]] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)

    def digest(self, basis: str) -> str:
        """Of everything that the page depends on; `basis` is what all pages do."""
        data = json.dumps([basis, asdict(self)], sort_keys=True).encode() + Path(self.source).read_bytes()
        return hashlib.sha256(data).hexdigest()


def make_feedback(
    course: Course,
    week: str,
    *,
    students: Iterable[str] = (),
    force: bool = False,
    workers: int | None = None,
    progress: Callable[[Iterable[str], int], Iterable[str]] = lambda items, total: items,
) -> list[GradingResult]:
    """Write the feedback pages of graded submissions of a week, except those that would not change.

    Args:
        course: the course.
        week: nbgrader's assignment.
        students: whose pages; everyone's if empty.
        force: whether to write also what would not change.
        workers: the number of processes; by default one per core for a large class, else none.
        progress: wraps the iterable of finished students; also gets their number.

    Returns:
        One result per student: GRADED if a page was written, ALREADY_GRADED if it stands, or FAILED.

    Raises:
        GradingError: nothing is graded, or not these students.
    """
    course.need_week(week)
    pages = _pages(course, week, graded_students(course, week, students), read_deadline(course, week))
    memory = course.cache / "feedback" / f"{week}.json"
    before, now = _read(memory), {}
    exporter = FeedbackExporter(config=course.config)
    basis = _basis(exporter.lessons_url)
    results = {page.place["student"]: GradingResult(page.place["student"], State.ALREADY_GRADED) for page in pages}
    due = []
    for page in pages:
        now[page.target] = page.digest(basis)
        if force or before.get(page.target) != now[page.target] or not Path(page.target).is_file():
            due.append(page)
    mode = 0o664 if course.api.coursedir.groupshared else 0o644
    written = _written(due, exporter.lessons_url, mode, workers)
    for student in progress(_noted(written, results, now), len(due)):
        assert student in results
    memory.parent.mkdir(parents=True, exist_ok=True)
    memory.write_text(json.dumps(before | now))
    return list(results.values())


def _pages(course: Course, week: str, students: Sequence[str], deadline: Deadline) -> list[_Page]:
    """A page for each graded notebook of the students, with its scores and comments."""
    found = {}
    for student in students:
        for path in sorted((course.autograded / student / week).glob("*.ipynb")):
            target = course.feedback / student / week / f"{path.stem}.html"
            place = {"student": student, "assignment": week, "notebook": path.stem, "lateness": ""}
            page = _Page(str(path), str(target), place | {"score": 0.0, "max_score": 0.0, "late_penalty": 0.0})
            found[student, path.stem] = page
    with course.gradebook() as gradebook:
        for row in _grades(gradebook, week):
            if (row.student_id, row.notebook) in found:
                page = found[row.student_id, row.notebook]
                page.scores[row.cell] = {
                    "score": float(row.score or 0),
                    "points": float(row.max_score or 0),
                    "needs_manual_grade": bool(row.needs_manual_grade),
                    "unmarked": is_unmarked(row),
                }
                page.place["late_penalty"] = float(row.late_submission_penalty or 0)
                page.place["lateness"] = lateness(deadline, row.student_id, row.timestamp, row.duedate, row.extension)
        for student, name, cell, comment in _comments(gradebook, week):
            if (student, name) in found and comment:
                found[student, name].comments[cell] = comment
    for page in found.values():
        scores = page.scores.values()
        page.place["score"] = sum(item["score"] for item in scores) - page.place["late_penalty"]
        page.place["max_score"] = sum(item["points"] for item in scores)
    return list(found.values())


def _grades(gradebook: Gradebook, week: str) -> list[Any]:
    """Every grade of a week, with its student, notebook and cell, when they were handed in, and the penalty."""
    points = (Grade.score, Grade.max_score, Grade.auto_score, Grade.manual_score)
    dates = (SubmittedAssignment.timestamp, SubmittedAssignment.extension, Assignment.duedate)
    columns = (*points, *dates, Grade.needs_manual_grade, SubmittedNotebook.late_submission_penalty)
    return list(_of_week(gradebook, Grade, week, *columns))


def _comments(gradebook: Gradebook, week: str) -> list[Any]:
    """Every comment of a week: student, notebook, cell and text."""
    return list(_of_week(gradebook, Comment, week, Comment.comment))


def _of_week(gradebook: Gradebook, kind: Any, week: str, *columns: Any) -> Any:
    names = (SubmittedAssignment.student_id, Notebook.name.label("notebook"), BaseCell.name.label("cell"))
    return (
        gradebook.db.query(*names, *columns)
        .select_from(kind)
        .join(BaseCell, kind.cell_id == BaseCell.id)
        .join(SubmittedNotebook, kind.notebook_id == SubmittedNotebook.id)
        .join(Notebook, SubmittedNotebook.notebook_id == Notebook.id)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .filter(Assignment.name == week)
    )


def _basis(lessons_url: str) -> str:
    """A digest of what all pages depend on: the templates, the code that fills them, and where the lessons are."""
    digest = hashlib.sha256(lessons_url.encode())
    modules = (feedback.__file__, feedback_model.__file__, feedback_summary.__file__)
    for path in [*sorted(TEMPLATES.glob("*.j2")), *map(Path, modules)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _read(memory: Path) -> dict[str, str]:
    try:
        found = json.loads(memory.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _written(pages: Sequence[_Page], lessons_url: str, mode: int, workers: int | None) -> Iterator[tuple[_Page, str]]:
    """Each page, once it is written, with the reason if it could not be."""
    count = workers if workers is not None else (os.cpu_count() or 1) * (len(pages) >= MIN_PARALLEL)
    if count < 2:
        for page in pages:
            yield page, _write(page, lessons_url, mode)
        return
    start_forkserver()
    with ProcessPoolExecutor(count, multiprocessing.get_context(METHOD)) as executor:
        problems = executor.map(_write, pages, repeat(lessons_url), repeat(mode), chunksize=CHUNK)
        try:
            yield from zip(pages, problems, strict=True)
        except BrokenProcessPool:
            raise GradingError("a process that wrote feedback was killed, maybe for want of memory") from None


def _noted(
    written: Iterable[tuple[_Page, str]], results: dict[str, GradingResult], digests: dict[str, str]
) -> Iterator[str]:
    """Note what became of each page, and yield its student."""
    for page, problem in written:
        result = results[page.place["student"]]
        if problem:
            result.state, result.problem = State.FAILED, problem
            del digests[page.target]
        elif result.state is not State.FAILED:
            result.state = State.GRADED
        yield result.student


def _write(page: _Page, lessons_url: str, mode: int) -> str:
    """Write one page; the reason if it cannot be written, else ""."""
    try:
        notebook = nbformat.v4.reads(Path(page.source).read_text(encoding="utf-8"))  # nbformat.read validates, slowly
        for cell in notebook.cells:
            _fill(cell, page)
        text = feedback_page(notebook, page.place, lessons_url)
        target = Path(page.target)
        target.parent.mkdir(parents=True, exist_ok=True)
        for name in EXCHANGE_FILES:
            if (Path(page.source).parent / name).is_file():
                shutil.copy(Path(page.source).parent / name, target.parent / name)
        new = target.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.chmod(mode)
        new.replace(target)
    except Exception as problem:  # noqa: BLE001 (one page must not stop the others)
        return reason_of(problem)
    return ""


def _fill(cell: Any, page: _Page) -> None:
    """Add a cell's score and comment, as nbgrader's GetGrades does."""
    marks = cell.metadata.get("nbgrader")
    if not marks:
        return
    name = grade_id(cell)
    if marks.get("grade") and name in page.scores:
        marks.update(page.scores[name])
    if marks.get("solution") or marks.get("task"):
        marks["comment"] = page.comments.get(name)
