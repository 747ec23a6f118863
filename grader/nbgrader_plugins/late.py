"""Late penalties: one computation for `nbgrader autograde` and for the grader's own commands."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import BasePlugin
from nbgrader.preprocessors import AssignLatePenalties
from traitlets.config import Config

from grader.errors import GradingError
from grader.lessons.course import Course
from grader.nbgrader_plugins.deadlines import Deadline, read_deadline
from grader.text import duration_of

__all__ = ["AssignPenalties", "LatePenalties", "lateness", "note_dates", "seconds_late"]


class LatePenalties:
    """The penalties of a week, from the course's deadlines.toml, or from nbgrader's plugin where that says so."""

    def __init__(self, deadline: Deadline, config: Config):
        self.deadline = deadline
        self._nbgrader = AssignLatePenalties(config=config)
        self._nbgrader.init_plugin()

    def penalty(
        self, student: str, score: float, handed_in: datetime | None, due: datetime | None, extension: timedelta | None
    ) -> float | None:
        """The penalty on a notebook's score, between 0 and the score; None if it came in time or the time is unknown.

        Raises:
            GradingError: nbgrader's plugin fails or returns no number.
        """
        seconds = seconds_late(handed_in, due, extension)
        return None if seconds <= 0 else self.of_lateness(student, score, seconds)

    def of_lateness(self, student: str, score: float, seconds: float) -> float | None:
        """The penalty of work that is late by so much."""
        policy = self.deadline.policy
        if seconds <= 60 * policy.grace_minutes:
            return None
        if policy.kind != "nbgrader":
            return policy.penalty(score, seconds)
        plugin = self._nbgrader.plugin_inst
        try:
            penalty = plugin.late_submission_penalty(student, score, seconds)
            penalty = None if penalty is None else float(penalty)
        except Exception as problem:
            raise GradingError(
                f"{type(plugin).__name__}, which computes late penalties, failed: {problem}"
            ) from problem
        if penalty is not None and not math.isfinite(penalty):
            raise GradingError(f"{type(plugin).__name__}, which computes late penalties, returned {penalty}")
        return None if penalty is None else min(max(penalty, 0.0), score)


def seconds_late(handed_in: datetime | None, due: datetime | None, extension: timedelta | None) -> float:
    """By how much work is late; 0 if it is not, or if a time is not known."""
    if handed_in is None or due is None:
        return 0.0
    return max(0.0, (handed_in - due - (extension or timedelta())).total_seconds())


def lateness(
    deadline: Deadline, student: str, handed_in: datetime | None, due: datetime | None, extension: timedelta | None
) -> str:
    """When late work was due and came, and what that costs, in words for its student; "" if it is not late.

    Args:
        deadline: what deadlines.toml says.
        student: whose work it is.
        handed_in: when it came, UTC; None if that is not known.
        due, extension: what the gradebook says, for weeks of which deadlines.toml says nothing.
    """
    if deadline.due is not None:
        due, extension = deadline.due, deadline.extension(student)
    seconds = seconds_late(handed_in, due, extension)
    if not seconds or handed_in is None or due is None:
        return ""
    until = f"Due {deadline.local(due + extension)} with your extension" if extension else f"Due {deadline.local(due)}"
    said = f"{until}, handed in {deadline.local(handed_in)}: late by {duration_of(seconds)}."
    rule = str(deadline.policy)
    return said if deadline.policy.kind == "nbgrader" else f"{said} {rule[0].upper()}{rule[1:]}."


def note_dates(gradebook: Gradebook, deadline: Deadline, *, write: bool = True) -> list[str]:
    """What differs, in the gradebook, from the file's due date and extensions; it is then written there.

    The formgrader and nbgrader's own commands read them in the gradebook.
    """
    if deadline.due is None:
        return []
    said = []
    assignment = gradebook.find_assignment(deadline.week)
    if assignment.duedate != deadline.due:
        before = deadline.local(assignment.duedate) if assignment.duedate else "none"
        said.append(f"due date: {before} → {deadline.local(deadline.due)}")
        assignment.duedate = deadline.due
    for submission in assignment.submissions:
        wanted = deadline.extension(submission.student_id)
        if submission.extension != wanted:
            said.append(f"extension of {submission.student_id}: {submission.extension or 'none'} → {wanted or 'none'}")
            submission.extension = wanted
    if write:
        gradebook.db.commit()
    else:
        gradebook.db.rollback()
    return said


class _Penalties(BasePlugin):
    """The same as nbgrader's plugin."""

    def __init__(self, penalties: LatePenalties, **kwargs: Any):
        super().__init__(**kwargs)
        self._penalties = penalties

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """The penalty."""
        return self._penalties.of_lateness(student_id, score, total_seconds_late)


class AssignPenalties(AssignLatePenalties):
    """nbgrader's preprocessor, with the course's deadlines."""

    def init_plugin(self) -> None:
        """Ask the course's deadlines, after writing them into the gradebook."""
        course = Course(Path(self.parent.parent.coursedir.root))
        deadline = read_deadline(course, self.assignment_id)
        with Gradebook(self.db_url) as gradebook:
            try:
                note_dates(gradebook, deadline)
            except MissingEntry:
                self.log.warning("%s is not in the gradebook", self.assignment_id)
        self.plugin_inst = _Penalties(LatePenalties(deadline, self.config))
