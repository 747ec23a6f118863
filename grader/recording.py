"""The one owner of the gradebook: results go in as they arrive, each in one piece.

It leaves in the gradebook exactly what nbgrader's own autograder would (a test
compares them), but with one transaction for a submission instead of some
fifty. The graded notebook is put into place after that, by renaming it. So
whenever a run is cut off, a submission is either graded, with its notebook
there and complete, or will be graded by the next run.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from nbgrader.api import Comment, Grade, Gradebook, Student, SubmittedAssignment, SubmittedNotebook
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy.orm import scoped_session, selectinload, sessionmaker

from grader.course import Course
from grader.errors import GradingError
from grader.examine import Examined

__all__ = ["Recorder", "sole_owner"]

READ_ONLY = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH


@contextlib.contextmanager
def sole_owner(course: Course) -> Iterator[None]:
    """Keep other runs from grading the same course at the same time; ends with this process at the latest.

    Raises:
        GradingError: another run is at work.
    """
    course.cache.mkdir(parents=True, exist_ok=True)
    with open(course.cache / "grading.lock", "a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise GradingError(
                f"another run is grading {course.root}; wait for it to end, or stop it (what is done is kept)"
            ) from None
        yield


class Recorder:
    """Writes results into the gradebook and into autograded/.

    Args:
        course: the folders.
        week: nbgrader's assignment.

    Use it in a `with`; it holds the gradebook open.
    """

    def __init__(self, course: Course, week: str):
        self.course, self.week = course, week
        self._gradebook: Gradebook = course.gradebook()
        # What was read stays valid after a commit: nobody else writes meanwhile.
        self._gradebook.db = scoped_session(sessionmaker(bind=self._gradebook.engine, expire_on_commit=False))
        self._assignment = self._gradebook.find_assignment(week)
        self._notebooks = {notebook.name: notebook for notebook in self._assignment.notebooks}
        notebooks = self._notebooks.values()
        scored = [cell for notebook in notebooks for cell in (*notebook.grade_cells, *notebook.task_cells)]
        solved = [cell for notebook in notebooks for cell in notebook.solution_cells]
        self._cells = {cell.id: cell.name for cell in (*scored, *solved)}
        self._points = {cell.id: float(cell.max_score or 0) for cell in scored}
        self._late = AssignLatePenalties(config=course.config)
        self._late.init_plugin()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self._gradebook.close()

    def record(self, student: str, timestamp: datetime | None, results: Sequence[Examined]) -> tuple[float, float]:
        """Record one submission; returns its score and the best possible one."""
        db = self._gradebook.db
        try:
            submission = self._submission(student, timestamp)
            score = best = 0.0
            for result in results:
                notebook = self._notebook(submission, result.name)
                gained, possible = self._fill(notebook, result)
                self._penalise(submission, notebook, student, gained)
                score, best = score + gained, best + possible
            db.commit()
        except BaseException:
            db.rollback()
            raise
        self._put_in_place(student, timestamp, results)
        return score, best

    def _submission(self, student: str, timestamp: datetime | None) -> SubmittedAssignment:
        db = self._gradebook.db
        if db.get(Student, student) is None:
            db.add(Student(id=student))
        found = (
            db.query(SubmittedAssignment)
            .filter_by(assignment_id=self._assignment.id, student_id=student)
            .options(
                selectinload(SubmittedAssignment.notebooks).selectinload(SubmittedNotebook.grades),
                selectinload(SubmittedAssignment.notebooks).selectinload(SubmittedNotebook.comments),
            )
            .one_or_none()
        )
        if found is None:
            found = SubmittedAssignment(assignment_id=self._assignment.id, student_id=student)
            found.notebooks = [self._new_notebook(notebook) for notebook in self._notebooks.values()]
            db.add(found)
        if timestamp is not None:
            found.timestamp = timestamp
        return found

    def _new_notebook(self, notebook: Any) -> SubmittedNotebook:
        """A submitted notebook with an empty grade and comment for every cell that has one."""
        tasks = list(notebook.task_cells)
        return SubmittedNotebook(
            notebook_id=notebook.id,
            grades=[Grade(cell_id=cell.id) for cell in (*notebook.grade_cells, *tasks)],
            comments=[Comment(cell_id=cell.id) for cell in (*notebook.solution_cells, *tasks)],
        )

    def _notebook(self, submission: SubmittedAssignment, name: str) -> SubmittedNotebook:
        wanted = self._notebooks[name].id
        return next(item for item in submission.notebooks if item.notebook_id == wanted)

    def _fill(self, notebook: SubmittedNotebook, result: Examined) -> tuple[float, float]:
        score = best = 0.0
        for grade in notebook.grades:
            name = self._cells[grade.cell_id]
            if name in result.grades:
                grade.auto_score = result.grades[name]
                grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
            given = grade.manual_score if grade.manual_score is not None else grade.auto_score
            score += 0.0 if given is None else float(given) + float(grade.extra_credit or 0)
            best += self._points[grade.cell_id]
        for comment in notebook.comments:
            name = self._cells[comment.cell_id]
            if name in result.comments:
                comment.auto_comment = result.comments[name]
        return score, best

    def _penalise(
        self, submission: SubmittedAssignment, notebook: SubmittedNotebook, student: str, score: float
    ) -> None:
        notebook.late_submission_penalty = None
        due = submission.duedate if submission.id else self._assignment.duedate
        if submission.timestamp is None or due is None or submission.timestamp <= due:
            return
        seconds = (submission.timestamp - due).total_seconds()
        penalty = self._late.plugin_inst.late_submission_penalty(student, score, seconds)
        if penalty is not None:
            notebook.late_submission_penalty = min(max(penalty, 0), score)

    def _put_in_place(self, student: str, timestamp: datetime | None, results: Sequence[Examined]) -> None:
        """Write the graded notebooks, each under another name first; what else lies there goes."""
        folder = self.course.autograded / student / self.week
        folder.mkdir(parents=True, exist_ok=True)
        files = {f"{result.name}.ipynb": result.text for result in results}
        if timestamp is not None:
            files["timestamp.txt"] = timestamp.isoformat(sep=" ") + " UTC\n"
        for path in folder.iterdir():
            if path.name not in files:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for name, text in files.items():
            partial = folder / f".{name}.{os.getpid()}"
            partial.write_text(text, encoding="utf-8")
            partial.chmod(READ_ONLY)
            partial.replace(folder / name)
