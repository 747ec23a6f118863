"""Which points of a submission wait for a person."""

from __future__ import annotations

from typing import Any

from nbgrader.api import Grade, Gradebook, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import func

__all__ = ["is_unmarked", "unmarked_points"]


def is_unmarked(grade: Any) -> bool:
    """Whether a grade, or a row with its columns, has no points yet, because a person gives them."""
    return bool(grade.needs_manual_grade) and grade.auto_score is None and grade.manual_score is None


def unmarked_points(gradebook: Gradebook, week: str) -> dict[str, float]:
    """How many points of a week wait for a person, by student; students without any are missing."""
    rows = (
        gradebook.db.query(SubmittedAssignment.student_id, func.sum(Grade.max_score))
        .select_from(Grade)
        .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .filter(SubmittedAssignment.assignment_id == gradebook.find_assignment(week).id)
        .filter(Grade.needs_manual_grade, Grade.auto_score.is_(None), Grade.manual_score.is_(None))
        .group_by(SubmittedAssignment.student_id)
    )
    return {student: float(points) for student, points in rows}
