"""Compute late penalties again, from the gradebook and the times in submitted/: no student code runs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nbgrader.api import Grade, Gradebook, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import case, func, select, update

from grader.batch.gradebook import put_time, sole_owner
from grader.batch.graded import time_of_graded
from grader.lessons.course import Course
from grader.lessons.notebooks import released_notebooks
from grader.nbgrader_plugins.deadlines import Deadline, read_deadline
from grader.nbgrader_plugins.late import LatePenalties, note_dates, seconds_late
from grader.nbgrader_plugins.marking import unmarked_points
from grader.text import did_you_mean

__all__ = ["LateStudent", "LateWeek", "penalize", "unknown_students", "update_penalties"]

SUBMISSIONS, NOTEBOOKS, GRADES = (kind.__table__ for kind in (SubmittedAssignment, SubmittedNotebook, Grade))


@dataclass
class _Changes:
    """What the gradebook does not say yet: penalties by notebook, and when students handed in."""

    penalties: dict[str, float | None] = field(default_factory=dict)
    times: dict[str, datetime | None] = field(default_factory=dict)


@dataclass
class LateStudent:
    """A submission's lateness in seconds, its points before the penalty, and the penalty now and before.

    Attributes:
        unmarked: points that wait for a person, of which the penalty takes its part when they are given.
    """

    student: str
    seconds: float
    score: float = 0.0
    penalty: float = 0.0
    before: float = 0.0
    unmarked: float = 0.0


@dataclass
class LateWeek:
    """The late submissions of a week.

    Attributes:
        due: when it was due, UTC; None if that is not known.
        deadline: what deadlines.toml says.
        late: who was late, or has another penalty than before.
        unknown: who handed in at a time that is not known.
        ungraded: who handed in, and has no grade yet.
        said: dates that changed, and extensions of students whom nobody knows.
    """

    due: datetime | None
    deadline: Deadline
    late: list[LateStudent] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    ungraded: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def in_grace(self) -> list[LateStudent]:
        """Those who are late, but by no more than the grace."""
        return [item for item in self.late if 0 < item.seconds <= 60 * self.deadline.policy.grace_minutes]

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
        found, changes = _computed(course, gradebook, penalties)
    if not changes.penalties and not changes.times and not differing:
        return found
    with sole_owner(course), course.gradebook() as gradebook:
        return penalize(course, gradebook, penalties)


def penalize(course: Course, gradebook: Gradebook, penalties: LatePenalties) -> LateWeek:
    """The same for the owner of the gradebook."""
    week = penalties.deadline.week
    said = note_dates(gradebook, penalties.deadline)
    found, changes = _computed(course, gradebook, penalties)
    found.said[:0] = said
    assignment = gradebook.find_assignment(week).id
    gradebook.db.remove()  # so that SQLite lets another connection write
    with gradebook.engine.begin() as connection:
        for key, penalty in changes.penalties.items():
            change = update(NOTEBOOKS).where(NOTEBOOKS.c.id == key)
            connection.execute(change.values(late_submission_penalty=penalty))
        for student, time in changes.times.items():
            own = (SUBMISSIONS.c.assignment_id == assignment) & (SUBMISSIONS.c.student_id == student)
            connection.execute(update(SUBMISSIONS).where(own).values(timestamp=time))
    for student, time in changes.times.items():
        put_time(course, week, student, time)
    return found


def _computed(course: Course, gradebook: Gradebook, penalties: LatePenalties) -> tuple[LateWeek, _Changes]:
    """The late submissions, and what differs from the gradebook."""
    deadline = penalties.deadline
    assignment = gradebook.find_assignment(deadline.week)
    due = assignment.duedate if deadline.due is None else deadline.due
    found, changes = LateWeek(due, deadline), _Changes()
    late: dict[str, LateStudent] = {}
    unmarked = unmarked_points(gradebook, deadline.week)
    rows = gradebook.db.execute(_scores(assignment.id)).all()
    times = _times(course, deadline.week, {row.student_id: row.timestamp for row in rows})
    for row in rows:
        time = times[row.student_id]
        extension = row.extension if deadline.due is None else deadline.extension(row.student_id)
        seconds = seconds_late(time, due, extension)
        penalty = penalties.penalty(row.student_id, row.score, time, due, extension)
        item = late.setdefault(row.student_id, LateStudent(row.student_id, seconds))
        item.unmarked = unmarked.get(row.student_id, 0.0)
        item.score, item.penalty = item.score + row.score, item.penalty + (penalty or 0.0)
        item.before += row.late_submission_penalty or 0.0
        if abs((penalty or 0.0) - (row.late_submission_penalty or 0.0)) > 1e-9:
            changes.penalties[row.id] = penalty
        if time != row.timestamp:
            changes.times[row.student_id] = time
    found.ungraded = sorted(_handed_in(course, deadline.week) - set(times))
    found.unknown = [student for student, time in times.items() if time is None]
    found.late = [item for _, item in sorted(late.items()) if item.seconds or item.before]
    before = {row.student_id: row.timestamp for row in rows}
    found.said = [
        f"{student} handed in {_said(time, deadline)} (it was {_said(before[student], deadline)})"
        for student, time in sorted(changes.times.items())
    ] + unknown_students({student.id for student in gradebook.students}, deadline)
    return found, changes


def _handed_in(course: Course, week: str) -> set[str]:
    return {path.parent.parent.name for path in course.submitted.glob(f"*/{week}/*.ipynb")}


def _times(course: Course, week: str, known: dict[str, datetime | None]) -> dict[str, datetime | None]:
    """When each student handed in what is graded, UTC; None if that is not known."""
    released = released_notebooks(course.release / week) if known else {}
    return {student: time_of_graded(course, week, student, time, released) for student, time in known.items()}


def _said(time: datetime | None, deadline: Deadline) -> str:
    return "at a time that is not known" if time is None else deadline.local(time)


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


def unknown_students(known: Collection[str], deadline: Deadline) -> list[str]:
    """A sentence about each extension of a student who is not known."""
    return [
        f"extension of {name}: there is no such student yet.{did_you_mean(name, known)}"
        for name in sorted(set(deadline.extensions) - set(known))
    ]
