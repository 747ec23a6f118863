"""Which number of a student goes to an LMS: none before it is final, as an LMS shows it to the student at once."""

from __future__ import annotations

from collections.abc import Iterable

from grader.lms.sheets import Export, number
from grader.reports.week_results import NOT_GRADED, NOTHING, UNREADABLE, StudentResult
from grader.text import first_of, visible

__all__ = ["add_notes", "comment", "final_score"]

WAITS, REVIEW = "waits", "review"
REASONS = {
    NOTHING: "handed in nothing; --zero-missing gives 0",
    NOT_GRADED: "handed in, and not graded: grade first",
    UNREADABLE: "the file could not be used; --zero-missing gives 0",
    WAITS: "answers wait to be marked in the formgrader",
    REVIEW: "marks are to be reviewed in the formgrader, as the work was graded again",
}
NAMED = 10  # students that a note names


def final_score(student: StudentResult, *, zero_missing: bool) -> float | None:
    """The score after the late penalty; None if it is not known yet, or if there is nothing to grade."""
    if student.note in (NOTHING, UNREADABLE):
        return 0.0 if zero_missing else None
    return student.score if student.is_final else None


def comment(student: StudentResult) -> str:
    """What the score consists of, in one line for the student."""
    if student.note == NOTHING:
        return "Nothing was handed in."
    if student.note == UNREADABLE:
        return "The file could not be used: it is damaged, or no lesson of this week."
    late = f", after {number(student.late_penalty)} for lateness" if student.late_penalty else ""
    return f"{number(student.score)} of {number(student.max_score)} points{late}."


def add_notes(export: Export, students: Iterable[StudentResult]) -> None:
    """Say whose grade was left out, and why."""
    left = list(students)
    for kind, reason in REASONS.items():
        names = [visible(student.student) for student in left if kind == _why(student)]
        if names:
            export.notes.append(f"left out: {first_of(names, NAMED)}: {reason}")


def _why(student: StudentResult) -> str:
    """The key of the reason for which a grade is left out."""
    return student.note or (WAITS if student.waits else REVIEW)
