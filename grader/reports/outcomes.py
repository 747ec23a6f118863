"""What became of an exercise: right, wrong, not attempted, or not run to the end, and then why, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from grader.grading.cell_report import CellReport
from grader.grading.failures import FailureKind, Place, RunFailure, first_cause
from grader.text import visible

__all__ = ["Failure", "Outcome", "failure_of", "is_unattempted"]


class Outcome(StrEnum):
    """What became of a student's exercise."""

    RIGHT = "right"
    PARTLY = "partly right"
    WRONG = "wrong"
    UNATTEMPTED = "not attempted"
    SYNTAX = "no Python"
    ENDLESS = "never ends"
    CRASH = "crashes"
    ERROR = "stops with an error"
    WAITS = "to be marked"
    UNREADABLE = "no file that can be read"

    @property
    def is_failure(self) -> bool:
        """Whether the code did not run to the end."""
        return self in (Outcome.SYNTAX, Outcome.ENDLESS, Outcome.CRASH, Outcome.ERROR)


@dataclass(frozen=True)
class Failure:
    """Code that did not run to the end: of which kind, and what happened."""

    kind: Outcome
    text: str


def failure_of(reports: Iterable[CellReport]) -> Failure | None:
    """Why the code of an exercise did not run to the end; None if it did. `reports` are its check cells'."""
    failure = first_cause(report.failure for report in reports if report.failure is not None)
    return None if failure is None else _told(failure)


def is_unattempted(reports: Iterable[CellReport]) -> bool:
    """Whether an exercise's solution is as it was released."""
    checks = [check for report in reports for check in report.checks]
    return (
        bool(checks)
        and all(check.kind == "unattempted" for check in checks if not check.passed)
        and not any(check.passed for check in checks)
    )


def _told(failure: RunFailure) -> Failure:
    """A failure as an instructor reads it."""
    said, place = visible(failure.said), failure.place
    where = "when it is defined" if place is Place.SOLUTION else f"in the {place}"
    match failure.kind:
        case FailureKind.SYNTAX:
            return Failure(Outcome.SYNTAX, f"The cell is no Python, so nothing in it ran. {said}")
        case FailureKind.ERROR:
            return Failure(Outcome.ERROR, f"The cell stopped before the function was there. {said}")
        case FailureKind.MISSING:
            return Failure(Outcome.ERROR, f"There is no function of this name. {said}")
        case FailureKind.TIME:
            return Failure(Outcome.ENDLESS, f"An endless loop, or far too slow: {said} {where}.")
        case FailureKind.UNREACHED:
            return Failure(Outcome.ENDLESS, "The cells before it used up the time of the whole notebook.")
        case FailureKind.KILLED:
            return Failure(Outcome.CRASH, f"Its kernel was ended: {said} {where}.")
