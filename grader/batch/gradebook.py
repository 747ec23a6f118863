"""Write results to the gradebook, one transaction per submission.

The rows are exactly those that nbgrader's own autograder writes (a test compares
them), but in one transaction instead of some fifty: nbgrader's Gradebook commits
each change by itself, and has no way to do otherwise, hence SQL on its tables. The graded notebook is
written after that and renamed into place. So if a run is interrupted, each
submission is either graded, with a complete notebook, or will be graded by the
next run.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nbgrader.api import Comment, Grade, Gradebook, Student, SubmittedAssignment, SubmittedNotebook, new_uuid
from sqlalchemy import Connection, Table, bindparam, insert, select, update

from grader.errors import GradingError
from grader.grading.pipeline import GradedNotebook
from grader.lessons.course import Course
from grader.nbgrader_plugins.deadlines import read_deadline
from grader.nbgrader_plugins.late import LatePenalties, note_dates
from grader.submissions.timestamps import SECRET, TIMESTAMP, read_secret, timestamp_text

__all__ = ["Points", "Recorder", "put_time", "sole_owner"]

STUDENTS, SUBMISSIONS, NOTEBOOKS, GRADES, COMMENTS = (
    kind.__table__ for kind in (Student, SubmittedAssignment, SubmittedNotebook, Grade, Comment)
)
READ_ONLY = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH


@contextlib.contextmanager
def sole_owner(course: Course) -> Iterator[None]:
    """Lock the course against concurrent grading runs; the lock ends with this process at the latest.

    Raises:
        GradingError: another run holds the lock.
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


@dataclass
class Points:
    """A submission's points.

    Attributes:
        earned: before the late penalty.
        penalty: the late penalty.
        best: the best possible ones.
        unmarked: those of them that wait for a person.
    """

    earned: float = 0.0
    penalty: float = 0.0
    best: float = 0.0
    unmarked: float = 0.0

    @property
    def score(self) -> float:
        """The points that count."""
        return max(0.0, self.earned - self.penalty)

    def __add__(self, other: Points) -> Points:
        """The points of both together."""
        return Points(
            self.earned + other.earned,
            self.penalty + other.penalty,
            self.best + other.best,
            self.unmarked + other.unmarked,
        )


@dataclass
class _Submission:
    """A submission in the gradebook: its notebooks' names by id, and its timestamp."""

    notebooks: dict[str, str]
    timestamp: datetime | None
    extension: timedelta | None = None


def _change(connection: Connection, table: Table, changes: list[dict[str, Any]]) -> None:
    """Update the rows whose ids are given as `key`."""
    if changes:
        names = [name for name in changes[0] if name != "key"]
        statement = update(table).where(table.c.id == bindparam("key"))
        connection.execute(statement.values({name: bindparam(name) for name in names}), changes)


class Recorder:
    """Writes results to the gradebook and to autograded/.

    Use it as a context manager; it keeps the gradebook open.

    Args:
        course: the course.
        week: nbgrader's assignment.
    """

    def __init__(self, course: Course, week: str):
        self.course, self.week = course, week
        self.deadline = read_deadline(course, week)
        self.penalties = LatePenalties(self.deadline, course.config)
        self._gradebook: Gradebook = course.gradebook()
        note_dates(self._gradebook, self.deadline)
        assignment = self._gradebook.find_assignment(week)
        self._assignment: str = assignment.id
        self._due: datetime | None = assignment.duedate
        self._names = {notebook.id: notebook.name for notebook in assignment.notebooks}
        self._cells: dict[str, str] = {}  # names by id
        self._points: dict[str, float] = {}
        self._graded: dict[str, list[str]] = {}  # ids of the cells with a score, by notebook; then those with a comment
        self._commented: dict[str, list[str]] = {}
        for notebook in assignment.notebooks:
            tasks = list(notebook.task_cells)
            scored, solved = [*notebook.grade_cells, *tasks], [*notebook.solution_cells, *tasks]
            self._cells |= {cell.id: cell.name for cell in (*scored, *solved)}
            self._points |= {cell.id: float(cell.max_score or 0) for cell in scored}
            self._graded[notebook.id] = [cell.id for cell in scored]
            self._commented[notebook.id] = [cell.id for cell in solved]
        self._gradebook.db.remove()  # release the connection, which may be lost during a long run

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self._gradebook.close()

    def record(
        self,
        student: str,
        timestamp: datetime | None,
        results: Sequence[GradedNotebook],
        *,
        same_work: bool = False,
    ) -> Points:
        """Record one submission; returns its points.

        Points given by hand are kept. They are marked for review, as nbgrader does, unless it is
        the `same_work` that they were given for, and the automatic points are the same.
        """
        by_name = {result.name: result for result in results}
        # Core statements: nbgrader's ORM objects would take three times as long.
        with self._gradebook.engine.begin() as connection:
            submission = self._submission(connection, student, timestamp)
            points = Points()
            for notebook, name in submission.notebooks.items():
                own = self._fill(connection, notebook, by_name[name], same_work)
                handed_in, extension = submission.timestamp, submission.extension
                penalty = self.penalties.penalty(student, own.earned, handed_in, self._due, extension)
                change = update(NOTEBOOKS).where(NOTEBOOKS.c.id == notebook).values(late_submission_penalty=penalty)
                connection.execute(change)
                own.penalty = penalty or 0.0
                points += own
        self._put_in_place(student, timestamp, results)
        return points

    def _submission(self, connection: Connection, student: str, timestamp: datetime | None) -> _Submission:
        """The submission's row, created if needed, with an empty grade or comment for each graded or solution cell."""
        columns = SUBMISSIONS.c
        wanted = (columns.assignment_id == self._assignment) & (columns.student_id == student)
        found = connection.execute(select(columns.id, columns.timestamp, columns.extension).where(wanted)).first()
        if found is None:
            if connection.execute(select(STUDENTS.c.id).where(STUDENTS.c.id == student)).first() is None:
                connection.execute(insert(STUDENTS).values(id=student))
            own = {"id": new_uuid(), "assignment_id": self._assignment, "student_id": student}
            extension = self.deadline.extension(student)
            connection.execute(insert(SUBMISSIONS).values(**own, timestamp=timestamp, extension=extension))
            made = {self._new_notebook(connection, own["id"], key): name for key, name in self._names.items()}
            return _Submission(made, timestamp, extension)
        if timestamp != found.timestamp:  # also to none: the time of an earlier attempt is not this one's
            connection.execute(update(SUBMISSIONS).where(columns.id == found.id).values(timestamp=timestamp))
        rows = connection.execute(
            select(NOTEBOOKS.c.id, NOTEBOOKS.c.notebook_id).where(NOTEBOOKS.c.assignment_id == found.id)
        )
        notebooks = {row.id: self._names[row.notebook_id] for row in rows if row.notebook_id in self._names}
        return _Submission(notebooks, timestamp, found.extension)

    def _new_notebook(self, connection: Connection, submission: str, notebook: str) -> str:
        own = new_uuid()
        connection.execute(insert(NOTEBOOKS).values(id=own, assignment_id=submission, notebook_id=notebook))
        for table, cells in ((GRADES, self._graded[notebook]), (COMMENTS, self._commented[notebook])):
            if cells:
                connection.execute(insert(table), [{"notebook_id": own, "cell_id": cell} for cell in cells])
        return own

    def _fill(self, connection: Connection, notebook: str, result: GradedNotebook, same_work: bool) -> Points:
        """Write a notebook's scores and comments; returns its points, before the late penalty."""
        points = Points()
        changes = []
        columns = GRADES.c
        scores = (columns.auto_score, columns.manual_score, columns.extra_credit)
        wanted = select(columns.id, columns.cell_id, *scores, columns.needs_manual_grade)
        for row in connection.execute(wanted.where(columns.notebook_id == notebook)):
            name, auto, by_hand = self._cells[row.cell_id], row.auto_score, row.needs_manual_grade
            if name in result.grades:
                auto = result.grades[name]
                by_hand = row.manual_score is not None or auto is None
                if same_work and row.manual_score is not None and auto == row.auto_score:
                    by_hand = row.needs_manual_grade
                changes.append({"key": row.id, "auto_score": auto, "needs_manual_grade": by_hand})
            given = row.manual_score if row.manual_score is not None else auto
            points.best += self._points[row.cell_id]
            if given is not None:
                points.earned += float(given) + float(row.extra_credit or 0)
            elif by_hand:
                points.unmarked += self._points[row.cell_id]
        _change(connection, GRADES, changes)
        rows = connection.execute(select(COMMENTS.c.id, COMMENTS.c.cell_id).where(COMMENTS.c.notebook_id == notebook))
        named = [(row.id, self._cells[row.cell_id]) for row in rows]
        comments = [
            {"key": key, "auto_comment": result.comments[name]} for key, name in named if name in result.comments
        ]
        _change(connection, COMMENTS, comments)
        return points

    def _put_in_place(self, student: str, timestamp: datetime | None, results: Sequence[GradedNotebook]) -> None:
        """Write the graded notebooks and rename them into place; other files in the folder are removed."""
        folder = self.course.autograded / student / self.week
        folder.mkdir(parents=True, exist_ok=True)
        files = {f"{result.name}.ipynb": result.text for result in results}
        if timestamp is not None:
            files[TIMESTAMP] = timestamp_text(timestamp)
        secret = read_secret(self.course.submitted / student / self.week)
        if secret:
            files[SECRET] = secret
        for path in folder.iterdir():
            if path.name not in files:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for name, text in files.items():
            _put(folder, name, text)


def put_time(course: Course, week: str, student: str, time: datetime | None) -> None:
    """Note beside a result when it was handed in, where nbgrader compares the times."""
    folder = course.autograded / student / week
    if time is None:
        (folder / TIMESTAMP).unlink(missing_ok=True)
    elif folder.is_dir():
        _put(folder, TIMESTAMP, timestamp_text(time))


def _put(folder: Path, name: str, text: str) -> None:
    partial = folder / f".{name}.{os.getpid()}"
    partial.write_text(text, encoding="utf-8")
    partial.chmod(READ_ONLY)
    partial.replace(folder / name)
