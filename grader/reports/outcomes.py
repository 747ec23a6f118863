"""What became of an exercise: right, wrong, not attempted, or not run to the end, and then why, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from grader.grading.cell_report import CellReport
from grader.text import visible

__all__ = ["Failure", "Outcome", "failure_of", "is_unattempted"]

# The sentences that `grading/scoring.py` notes in a report; a test runs such submissions.
STOPPED = re.compile(
    r"The (?P<what>solution cell|checks|hidden checks) (?:was|were) stopped: (?P<cause>.*)\.", re.DOTALL
)
RAISED = re.compile(r"The solution cell stopped with (?P<error>\w+): (?P<text>.*)", re.DOTALL)
NOT_FOUND = re.compile(r"The checks did not find the function \((?P<text>.*)\)\.", re.DOTALL)
NO_TIME = "The checks were not reached"
TOO_LONG = re.compile(r"it (?:took longer than|ran too long)")
SYNTAX = ("SyntaxError", "IndentationError", "TabError")


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
    found = [failure for report in reports for note in report.notes if (failure := _read(note)) is not None]
    order = [Outcome.SYNTAX, Outcome.CRASH, Outcome.ENDLESS, Outcome.ERROR]
    return min(found, key=lambda failure: order.index(failure.kind), default=None)


def is_unattempted(reports: Iterable[CellReport]) -> bool:
    """Whether an exercise's solution is as it was released."""
    checks = [check for report in reports for check in report.checks]
    return (
        bool(checks)
        and all(check.kind == "unattempted" for check in checks if not check.passed)
        and not any(check.passed for check in checks)
    )


def _read(note: str) -> Failure | None:
    if raised := RAISED.fullmatch(note):
        said = f"{raised['error']}: {visible(raised['text'])}"
        if raised["error"] in SYNTAX:
            return Failure(Outcome.SYNTAX, f"The cell is no Python, so nothing in it ran. {said}")
        return Failure(Outcome.ERROR, f"The cell stopped before the function was there. {said}")
    if stopped := STOPPED.fullmatch(note):
        where = "when it is defined" if stopped["what"] == "solution cell" else f"in the {stopped['what']}"
        if TOO_LONG.match(stopped["cause"]):
            return Failure(Outcome.ENDLESS, f"An endless loop, or far too slow: {stopped['cause']} {where}.")
        return Failure(Outcome.CRASH, f"Its kernel was ended: {stopped['cause']} {where}.")
    if missing := NOT_FOUND.fullmatch(note):
        return Failure(Outcome.ERROR, f"There is no function of this name. {visible(missing['text'])}")
    if note.startswith(NO_TIME):
        return Failure(Outcome.ENDLESS, "The cells before it used up the time of the whole notebook.")
    return None
