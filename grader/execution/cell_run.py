"""What running a cell comes to, and what is known of it while it runs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from dlcore.checks.evidence import MIME

__all__ = ["Cause", "CellRun", "CellTracker", "RunningCell", "Status"]

MAX_RECORDS = 500  # pieces of evidence from one cell
MAX_NAME, MAX_TEXT = 100, 2000  # characters kept of an error's class and message
CONTROL_PREFIXES = (b'{"begin": ', b'{"end": ')  # how lines begin that are no evidence
REFUSALS = ("can't start new thread", "Resource temporarily unavailable")  # of one thread or process more


class Status(StrEnum):
    """How a cell ended."""

    OK = "ok"
    ERROR = "error"  # it raised
    TIMEOUT = "timeout"  # it was interrupted
    DIED = "died"  # the kernel went down
    NOT_RUN = "not run"


class Cause(StrEnum):
    """Why a kernel died, or why a cell was not run."""

    NONE = ""
    MEMORY = "memory"
    PROCESSES = "processes"
    TIME = "time"
    OUTPUT = "output"
    EVIDENCE = "evidence"
    PROTOCOL = "protocol"
    EXIT = "exit"
    SIGNAL = "signal"
    EARLIER = "earlier"  # a step of the same group was cut short


@dataclass(frozen=True)
class CellRun:
    """What running one cell came to.

    Attributes:
        status: how it ended.
        error: the class of what it raised.
        text: the error's message.
        cause: why the kernel died, or why the cell was not run.
        evidence: what `check` emitted, in order, unverified: lines from the pipe, or JSON data from messages.
        seconds: wall-clock time.
    """

    status: Status = Status.NOT_RUN
    error: str = ""
    text: str = ""
    cause: Cause = Cause.NONE
    evidence: tuple[Any, ...] = ()
    seconds: float = 0.0


@dataclass
class RunningCell:
    """What has come from the kernel about the cell that runs now."""

    key: str
    begun: float
    deadline: float
    evidence: list[Any] = field(default_factory=list)
    error: str = ""
    text: str = ""
    published: int = 0  # characters of messages
    piped: int = 0  # bytes in the pipe before it began
    interrupted: bool = False

    def ended(self, status: Status, error: str = "", text: str = "", cause: Cause = Cause.NONE) -> CellRun:
        """The run as it is reported."""
        seconds = time.monotonic() - self.begun
        return CellRun(
            status, _writable(error[:MAX_NAME]), _writable(text[:MAX_TEXT]), cause, tuple(self.evidence), seconds
        )


class CellTracker:
    """Follows a kernel through the cells that it was asked to run.

    Attributes:
        cell: the cell that runs now, if one does.
        runs: what those that have ended came to, by key.
    """

    def __init__(self) -> None:
        self.cell: RunningCell | None = None
        self.runs: dict[str, CellRun] = {}
        self._following: Iterator[tuple[str, str]] = iter(())
        self._seconds, self._total = 0.0, float("inf")
        self._stray = False  # an interrupt was sent that the cell did not live to see

    def expect(self, cells: Sequence[tuple[str, str]], seconds: float, total: float = float("inf")) -> None:
        """Begin anew, with cells of which each may take `seconds`, up to the time `total` of `time.monotonic`."""
        self.cell, self.runs = None, {}
        self._following = iter(cells)
        self._seconds, self._total = seconds, total

    def begin(self, key: str, piped: int) -> None:
        """A cell begins; `piped` bytes have come through the pipe by now."""
        now = time.monotonic()
        self.cell = RunningCell(key, now, min(now + self._seconds, self._total), piped=piped)

    def finish(self, error: str = "", text: str = "") -> None:
        """The cell has come to its end by itself, or by an interrupt."""
        cell, self.cell = self.cell, None
        if cell is None:
            return
        if error == "KeyboardInterrupt" and self._stray and not cell.interrupted:
            self._stray = False
            return  # it was meant for the cell before; this one is run again
        self._stray = cell.interrupted and error != "KeyboardInterrupt"
        cut = cell.interrupted and error in ("KeyboardInterrupt", "")
        self.runs[cell.key] = cell.ended(Status.TIMEOUT if cut else Status.ERROR if error else Status.OK, error, text)

    def die(self, cause: Cause) -> None:
        """The kernel has died; the cell that is to blame for it is the one that ran, or had been refused a thread."""
        cell, self.cell = self.cell, None
        refused = next((key for key, run in self.runs.items() if any(text in run.text for text in REFUSALS)), None)
        if cause == Cause.PROCESSES and refused is not None:  # it had ended before anybody counted
            self.runs[refused] = replace(self.runs[refused], status=Status.DIED, error="", text="", cause=cause)
        elif cell is not None:
            self.runs[cell.key] = cell.ended(Status.DIED, cause=cause)

    def on_published(self, size: int) -> int:
        """The kernel sent a message; returns what its cell has sent so far."""
        if self.cell is None:
            return 0
        self.cell.published += size
        return self.cell.published

    def on_message(self, kind: str, content: dict[str, Any]) -> None:
        """Take in a message that answers the request: an error, or evidence."""
        if kind == "error" and self.cell is not None:
            self.cell.error = str(content.get("ename", "Error"))
            self.cell.text = str(content.get("evalue", ""))
        elif kind == "display_data" and isinstance(content.get("data"), dict) and MIME in content["data"]:
            self._append_evidence(content["data"][MIME])

    def on_line(self, line: bytes, piped: int) -> None:
        """Take in a line from the pipe: where a run of several cells stands, or evidence, which is read later."""
        if not line.startswith(CONTROL_PREFIXES):
            self._append_evidence(line)
            return
        try:
            form = json.loads(line)
        except (ValueError, RecursionError):
            return
        if "begin" in form:
            following = next(self._following, None)
            if following is not None and following[0] == form["begin"]:
                self.begin(following[0], piped)
        elif self.cell is not None and self.cell.key == form["end"]:
            self.finish(str(form.get("error", "")), str(form.get("text", "")))

    def _append_evidence(self, evidence: Any) -> None:
        if self.cell is not None and len(self.cell.evidence) < MAX_RECORDS:
            self.cell.evidence.append(evidence)


def _writable(text: str) -> str:
    """The text without lone surrogates, which no file can hold."""
    return text.encode("utf-8", "replace").decode()
