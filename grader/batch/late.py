"""Compute late penalties again, from what the gradebook holds: no student code runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nbgrader.api import Grade, Gradebook, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import case, func, select, update

from grader.batch.gradebook import sole_owner
from grader.lessons.course import Course
from grader.nbgrader_plugins.deadlines import Deadline, read_deadline
from grader.nbgrader_plugins.late import LatePenalties, note_dates, seconds_late
from grader.text import did_you_mean

__all__ = ["LateStudent", "LateWeek", "penalize", "update_penalties"]

SUBMISSIONS, NOTEBOOKS, GRADES = (kind.__table__ for kind in (SubmittedAssignment, SubmittedNotebook, Grade))


@dataclass
class LateStudent:
    """A submission's lateness in seconds, its points before the penalty, and the penalty now and before."""

    student: str
    seconds: float
    score: float = 0.0
    penalty: float = 0.0
    before: float = 0.0


@dataclass
class LateWeek:
    """The late submissions of a week.

    Attributes:
        due: when it was due, UTC; None if that is not known.
        deadline: what deadlines.toml says.
        late: who was late, or has another penalty than before.
        unknown: who handed in at a time that is not known.
        said: dates that changed, and extensions of students whom nobody knows.
    """

    due: datetime | None
    deadline: Deadline
    late: list[LateStudent] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def changed(self) -> list[LateStudent]:
        """Those whose penalty is another one than before."""
        return [item for item in self.late if abs(item.penalty - item.before) > 1e-9]


def update_penalties(course: Course, week: str) -> LateWeek:
    """The late submissions of a week, after computing all penalties again.

    Raises:
        GradingError: deadlines.toml is wrong, or something has to change while another run is grading.
    """
    course.need_week(week)
    penalties = LatePenalties(read_deadline(course, week), course.config)
    with course.gradebook() as gradebook:
        differing = note_dates(gradebook, penalties.deadline, write=False)
        found, changes = _computed(gradebook, penalties)
    if not changes and not differing:
        return found
    with sole_owner(course), course.gradebook() as gradebook:
        return penalize(gradebook, penalties)


def penalize(gradebook: Gradebook, penalties: LatePenalties) -> LateWeek:
    """The same for the owner of the gradebook."""
    said = note_dates(gradebook, penalties.deadline)
    found, changes = _computed(gradebook, penalties)
    found.said[:0] = said
    gradebook.db.remove()  # so that SQLite lets another connection write
    with gradebook.engine.begin() as connection:
        for key, penalty in changes.items():
            change = update(NOTEBOOKS).where(NOTEBOOKS.c.id == key)
            connection.execute(change.values(late_submission_penalty=penalty))
    return found


def _computed(gradebook: Gradebook, penalties: LatePenalties) -> tuple[LateWeek, dict[str, float | None]]:
    """The late submissions, and the penalties that differ from the gradebook's, by notebook."""
    deadline = penalties.deadline
    assignment = gradebook.find_assignment(deadline.week)
    due = assignment.duedate if deadline.due is None else deadline.due
    found, changes = LateWeek(due, deadline), {}
    late: dict[str, LateStudent] = {}
    for row in gradebook.db.execute(_scores(assignment.id)):
        extension = row.extension if deadline.due is None else deadline.extension(row.student_id)
        seconds = seconds_late(row.timestamp, due, extension)
        penalty = penalties.penalty(row.student_id, row.score, row.timestamp, due, extension)
        item = late.setdefault(row.student_id, LateStudent(row.student_id, seconds))
        item.score, item.penalty = item.score + row.score, item.penalty + (penalty or 0.0)
        item.before += row.late_submission_penalty or 0.0
        if abs((penalty or 0.0) - (row.late_submission_penalty or 0.0)) > 1e-9:
            changes[row.id] = penalty
        if row.timestamp is None and row.student_id not in found.unknown:
            found.unknown.append(row.student_id)
    found.late = [item for _, item in sorted(late.items()) if item.seconds or item.before]
    found.said = _unknown_students(gradebook, deadline)
    return found, changes


def _scores(assignment: str) -> Any:
    """The query for each submitted notebook's points, when it was handed in, and its penalty so far."""
    given = func.coalesce(GRADES.c.manual_score, GRADES.c.auto_score)
    points = case((given.is_(None), 0.0), else_=given + func.coalesce(GRADES.c.extra_credit, 0.0))
    of_notebook = (NOTEBOOKS.c.id, NOTEBOOKS.c.late_submission_penalty)
    columns = (*of_notebook, SUBMISSIONS.c.student_id, SUBMISSIONS.c.timestamp, SUBMISSIONS.c.extension)
    joined = NOTEBOOKS.join(SUBMISSIONS, NOTEBOOKS.c.assignment_id == SUBMISSIONS.c.id)
    joined = joined.outerjoin(GRADES, GRADES.c.notebook_id == NOTEBOOKS.c.id)
    query = select(*columns, func.coalesce(func.sum(points), 0.0).label("score")).select_from(joined)
    return query.where(SUBMISSIONS.c.assignment_id == assignment).group_by(*columns).order_by(NOTEBOOKS.c.id)


def _unknown_students(gradebook: Gradebook, deadline: Deadline) -> list[str]:
    known = {student.id for student in gradebook.students}
    return [
        f"extension of {name}: there is no such student yet.{did_you_mean(name, known)}"
        for name in sorted(set(deadline.extensions) - known)
    ]
