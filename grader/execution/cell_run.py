"""The result of running a cell, and its state while it runs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from dlcore.checks.evidence import MIME

__all__ = ["MAX_LINES", "Allowance", "Cause", "CellRun", "CellTracker", "RunningCell", "Status", "brackets_in"]

MAX_RECORDS = 100  # evidence records kept per cell
MAX_LINES = 1000  # lines that a cell may write to the pipe
MAX_BRACKETS = 30_000  # opening brackets in them: reading JSON takes time for each object and list
MAX_NAME, MAX_TEXT = 100, 2000  # characters kept of an error's class and message
CONTROL_PREFIXES = (b'{"begin": ', b'{"end": ')  # lines with these prefixes are not evidence
REFUSALS = ("can't start new thread", "Resource temporarily unavailable")  # errors raised at the process limit


class Status(StrEnum):
    """How a cell ended."""

    OK = "ok"
    ERROR = "error"  # it raised
    TIMEOUT = "timeout"  # it was interrupted
    DIED = "died"  # the kernel died
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
    EXTRA = "extra"  # the cells that are not the lesson's have used up their time


@dataclass(frozen=True)
class CellRun:
    """The result of running one cell.

    Attributes:
        status: how it ended.
        error: the class name of the exception it raised.
        text: the exception's message.
        cause: why the kernel died, or why the cell was not run.
        evidence: what `check` emitted, in order and unverified: lines from the pipe, or JSON data from messages.
        seconds: wall-clock time.
    """

    status: Status = Status.NOT_RUN
    error: str = ""
    text: str = ""
    cause: Cause = Cause.NONE
    evidence: tuple[Any, ...] = ()
    seconds: float = 0.0


@dataclass
class Allowance:
    """Time that several cells share, in seconds."""

    seconds: float


@dataclass
class RunningCell:
    """What the kernel has sent about the running cell."""

    key: str
    started: float
    deadline: float
    evidence: list[Any] = field(default_factory=list)
    error: str = ""
    text: str = ""
    published: int = 0  # characters in messages
    piped: int = 0  # bytes read from the pipe before it started
    lines: int = 0
    brackets: int = 0  # in these lines
    interrupted: bool = False
    allowance: Allowance | None = None

    def ended(self, status: Status, error: str = "", text: str = "", cause: Cause = Cause.NONE) -> CellRun:
        """The result, with the error's name and message cut to length."""
        seconds = time.monotonic() - self.started
        return CellRun(
            status, _writable(error[:MAX_NAME]), _writable(text[:MAX_TEXT]), cause, tuple(self.evidence), seconds
        )


class CellTracker:
    """Tracks a kernel's progress through the cells of a request.

    Attributes:
        cell: the running cell, if any.
        runs: the results of the cells that have ended, by key.
    """

    def __init__(self) -> None:
        self.cell: RunningCell | None = None
        self.runs: dict[str, CellRun] = {}
        self._upcoming: Iterator[tuple[str, str, bool]] = iter(())
        self._allowances: Mapping[str, Allowance] = {}
        self._seconds, self._total = 0.0, float("inf")
        self._late_interrupt = False  # an interrupt was sent, but the cell ended before it arrived

    def expect(
        self,
        cells: Sequence[tuple[str, str, bool]],
        seconds: float,
        total: float = float("inf"),
        allowances: Mapping[str, Allowance] | None = None,
    ) -> None:
        """Reset for new cells.

        Args:
            cells: what will run: key, source, whether it is private.
            seconds: the time limit of each.
            total: the deadline of all, as a `time.monotonic` value.
            allowances: by key, the time that cells share with others.
        """
        self._allowances = allowances or {}
        self.cell, self.runs = None, {}
        self._upcoming = iter(cells)
        self._seconds, self._total = seconds, total

    def begin(self, key: str, piped: int) -> None:
        """Record the start of a cell; `piped` bytes have been read from the pipe so far."""
        now, allowance = time.monotonic(), self._allowances.get(key)
        seconds = min(self._seconds, allowance.seconds) if allowance else self._seconds
        self.cell = RunningCell(key, now, min(now + seconds, self._total), piped=piped, allowance=allowance)

    def finish(self, error: str = "", text: str = "") -> None:
        """Record the end of the running cell, by itself or by an interrupt."""
        cell, self.cell = self.cell, None
        if cell is None:
            return
        if cell.allowance is not None:
            cell.allowance.seconds -= time.monotonic() - cell.started
        if error == "KeyboardInterrupt" and self._late_interrupt and not cell.interrupted:
            self._late_interrupt = False
            return  # meant for the previous cell; this one is run again
        self._late_interrupt = cell.interrupted and error != "KeyboardInterrupt"
        cut = cell.interrupted and error in ("KeyboardInterrupt", "")
        self.runs[cell.key] = cell.ended(Status.TIMEOUT if cut else Status.ERROR if error else Status.OK, error, text)

    def die(self, cause: Cause) -> None:
        """Record the kernel's death, attributed to the running cell, or to one that had been refused a thread."""
        cell, self.cell = self.cell, None
        refused = next((key for key, run in self.runs.items() if any(text in run.text for text in REFUSALS)), None)
        if cause == Cause.PROCESSES and refused is not None:  # it ended before the next usage check
            self.runs[refused] = replace(self.runs[refused], status=Status.DIED, error="", text="", cause=cause)
        elif cell is not None:
            self.runs[cell.key] = cell.ended(Status.DIED, cause=cause)

    def on_published(self, size: int) -> int:
        """The size of all messages of the running cell so far, including one of `size`."""
        if self.cell is None:
            return 0
        self.cell.published += size
        return self.cell.published

    def on_message(self, kind: str, content: dict[str, Any]) -> None:
        """Handle a message that answers the request: an error, or evidence."""
        if kind == "error" and self.cell is not None:
            self.cell.error = str(content.get("ename", "Error"))
            self.cell.text = str(content.get("evalue", ""))
        elif kind == "display_data" and isinstance(content.get("data"), dict) and MIME in content["data"]:
            self._append_evidence(content["data"][MIME])

    def is_flooded(self, line: bytes) -> bool:
        """Whether one more line is too much for the running cell."""
        if self.cell is None:
            return False
        self.cell.lines += 1
        self.cell.brackets += brackets_in(line)
        return self.cell.lines > MAX_LINES or self.cell.brackets > MAX_BRACKETS

    def on_line(self, line: bytes, piped: int) -> None:
        """Handle a line from the pipe: the start or end of a cell in a batch, or evidence, which is parsed later."""
        if not line.startswith(CONTROL_PREFIXES):
            self._append_evidence(line)
            return
        try:
            form = json.loads(line)
        except (ValueError, RecursionError):
            return
        if "begin" in form:
            following = next(self._upcoming, None)
            if following is not None and following[0] == form["begin"]:
                self.begin(following[0], piped)
        elif self.cell is not None and self.cell.key == form["end"]:
            self.finish(str(form.get("error", "")), str(form.get("text", "")))

    def _append_evidence(self, evidence: Any) -> None:
        if self.cell is not None and len(self.cell.evidence) < MAX_RECORDS:
            self.cell.evidence.append(evidence)


def brackets_in(text: bytes) -> int:
    """The number of objects and lists that JSON may hold, at most."""
    return text.count(b"{") + text.count(b"[")


def _writable(text: str) -> str:
    """The text without lone surrogates, which cannot be encoded."""
    return text.encode("utf-8", "replace").decode()
