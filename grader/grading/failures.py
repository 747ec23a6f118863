"""Why code did not run to the end, as a report notes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

__all__ = ["SYNTAX_ERRORS", "FailureKind", "Place", "RunFailure", "failure_in_notes", "first_cause"]

SYNTAX_ERRORS = ("SyntaxError", "IndentationError", "TabError")


class FailureKind(StrEnum):
    """Why code did not run to the end; those that explain others stand first."""

    SYNTAX = "syntax"  # the cell is no Python
    KILLED = "killed"  # its kernel was ended
    TIME = "time"  # it took too long
    UNREACHED = "unreached"  # what ran before took the time of the whole notebook
    ERROR = "error"  # the solution cell raised
    MISSING = "missing"  # there is no function of this name


class Place(StrEnum):
    """Which code did not run to the end."""

    SOLUTION = "solution cell"
    CHECKS = "checks"
    HIDDEN = "hidden checks"


@dataclass(frozen=True)
class RunFailure:
    """Code that did not run to the end.

    Attributes:
        kind: why.
        place: which code.
        said: the error's name and message, or which limit was exceeded; it may be a student's text.
    """

    kind: FailureKind
    place: Place
    said: str = ""

    def to_json(self) -> dict[str, Any]:
        """The failure as plain data."""
        return {name: str(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, form: dict[str, Any]) -> RunFailure:
        """The failure from the output of `to_json`."""
        return cls(FailureKind(form["kind"]), Place(form["place"]), form["said"])


def first_cause(failures: Iterable[RunFailure]) -> RunFailure | None:
    """The failure that explains the others; None if there is none."""
    order = list(FailureKind)
    return min(failures, key=lambda failure: order.index(failure.kind), default=None)


# The sentences of reports that were written before they had the field `failure`.
STOPPED = re.compile(
    r"The (?P<place>solution cell|checks|hidden checks) (?:was|were) stopped: (?P<said>.*)\.", re.DOTALL
)
RAISED = re.compile(r"The solution cell stopped with (?P<said>(?P<error>\w+): .*)", re.DOTALL)
NOT_FOUND = re.compile(r"The checks did not find the function \((?P<said>.*)\)\.", re.DOTALL)
TOO_LONG = ("it took longer than", "it ran too long")


def failure_in_notes(notes: Sequence[str]) -> RunFailure | None:
    """What the notes of an older report say of code that did not run to the end."""
    return first_cause(failure for note in notes if (failure := _read(note)) is not None)


def _read(note: str) -> RunFailure | None:
    if raised := RAISED.fullmatch(note):
        kind = FailureKind.SYNTAX if raised["error"] in SYNTAX_ERRORS else FailureKind.ERROR
        return RunFailure(kind, Place.SOLUTION, raised["said"])
    if stopped := STOPPED.fullmatch(note):
        kind = FailureKind.TIME if stopped["said"].startswith(TOO_LONG) else FailureKind.KILLED
        return RunFailure(kind, Place(stopped["place"]), stopped["said"])
    if missing := NOT_FOUND.fullmatch(note):
        return RunFailure(FailureKind.MISSING, Place.CHECKS, missing["said"])
    if note.startswith("The checks were not reached"):
        return RunFailure(FailureKind.UNREACHED, Place.CHECKS)
    return None
