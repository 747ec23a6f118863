"""One kernel for one submission: start it, run cells in it, kill it.

The kernel is not trusted: nothing but evidence, the class of an error and
timing is taken from it, what it sends is bounded in size and number, and
every wait has an end.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import secrets
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.session import Session

from dlcore.checks.evidence import MIME
from grader.errors import GradingError, KernelLost
from grader.execution.evidence_pipe import EvidencePipe
from grader.execution.launch import TOGETHER, TOGETHER_SOURCE, Launched, connection, launch
from grader.execution.resource_usage import usage
from grader.execution.sandbox import Limits

__all__ = ["CellRun", "Kernel"]

START_SECONDS = 60
ASK_SECONDS = 0.25
END_SECONDS = 20
GRACE_SECONDS = 2  # from an interrupt to the kill
STUCK_SECONDS = 10  # between two cells, where nothing takes time
WATCH_SECONDS = 0.1
NEVER = 1_000_000_000  # milliseconds
MAX_RECORDS = 500  # pieces of evidence from one cell
MAX_NAME, MAX_TEXT = 100, 2000  # characters kept of an error's class and message
MARKS = (b'{"begin": ', b'{"end": ')  # how lines begin that are no evidence
REFUSALS = ("can't start new thread", "Resource temporarily unavailable")  # of one thread or process more
SOME = 100  # messages taken in at once, at most
FLOOD = 5  # times the allowed output
# For kernels that are no forks. The cells travel beside the request: IPython looks through its code several times.
RUN_TOGETHER = """
(lambda own, given: (exec(given["code"], own), own["run"](get_ipython(), *given["arguments"])) and None)(
    {}, get_ipython().kernel.get_parent()["metadata"]
)
"""


@dataclass(frozen=True)
class CellRun:
    """What running one cell came to.

    Attributes:
        status: "ok", "error" (it raised), "timeout" (it was interrupted),
            "died" (the kernel went down), or "not run".
        error: the class of what it raised, or the cause of a death: "memory",
            "processes", "time", "exit", "signal", "output", "evidence" or "protocol".
        text: the error's message.
        evidence: what `check` handed over, in order, unverified: lines from the pipe, or JSON data from messages.
        seconds: wall-clock time.
    """

    status: str = "not run"
    error: str = ""
    text: str = ""
    evidence: tuple[Any, ...] = ()
    seconds: float = 0.0


@dataclass
class _Cell:
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

    def ended(self, status: str, error: str = "", text: str = "") -> CellRun:
        """The run as it is reported."""
        seconds = time.monotonic() - self.begun
        return CellRun(status, _writable(error[:MAX_NAME]), _writable(text[:MAX_TEXT]), tuple(self.evidence), seconds)


class Kernel:
    """An IPython kernel in a sandbox, or with process limits only.

    Use as ``async with Kernel(...) as kernel: run = await kernel.run(source)``.

    Args:
        limits: what it may use.
        sandboxed: whether to run it in bubblewrap.
        files: read-only files to lay into its working folder, by name.
    """

    def __init__(self, limits: Limits, sandboxed: bool = True, files: dict[str, bytes] | None = None):
        self.limits, self.sandboxed, self.files = limits, sandboxed, files or {}
        self.cause = ""
        self._launched: Launched | None = None
        self._client: AsyncKernelClient | None = None
        self._context: zmq.asyncio.Context | None = None
        self._pipe: EvidencePipe | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._news = asyncio.Event()
        self._request = ""
        self._idle = self._ready = False
        self._cell: _Cell | None = None
        self._order: Iterator[tuple[str, str]] = iter(())
        self._runs: dict[str, CellRun] = {}
        self._seconds = self._total = 0.0
        self._stray = False  # an interrupt was sent that the cell did not live to see

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.kill()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    # Starting and stopping

    async def _start(self) -> None:
        key = secrets.token_hex(16)
        self._launched = launch(self.limits, key, self.files, sandboxed=self.sandboxed)
        sockets = self._launched.sockets
        deadline = time.monotonic() + START_SECONDS
        while not (_listens(f"{sockets}-1") and _listens(f"{sockets}-2")):
            self._check_starting(deadline)
            await asyncio.sleep(0.002)
        self._pipe = EvidencePipe(f"{sockets}-evidence", self.limits.evidence_kb * 1000, self._take)
        self._context = zmq.asyncio.Context()
        self._context.setsockopt(zmq.MAXMSGSIZE, self.limits.output_kb * 1000 + 2_000_000)
        self._context.setsockopt(zmq.LINGER, 0)
        # Student code may put a link in a socket's place, and a second connection would follow it on this machine.
        # "Never again" (-1) would do, but then libzmq aborts the process if a peer ends amid the parts of a message.
        self._context.setsockopt(zmq.RECONNECT_IVL, NEVER)
        self._client = AsyncKernelClient(context=self._context)
        self._client.load_connection_info(connection(sockets, key) | {"key": key.encode()})
        self._client.start_channels(stdin=False, hb=False, control=False)
        # Nobody needs replies, but who does not take them in lets them pile up.
        channels = (self._client.iopub_channel, self._client.shell_channel)
        self._tasks = [asyncio.create_task(self._listen(channel.socket, channel.session)) for channel in channels]
        self._tasks.append(asyncio.create_task(self._keep_watch()))
        asking = time.monotonic() + ASK_SECONDS
        while not self._ready:  # the kernel greets whoever begins to listen
            self._check_starting(deadline)
            await self._wait(0.05)
            if time.monotonic() > asking:  # unless they began before it looked; whatever it publishes will do
                self._client.kernel_info()
                asking = time.monotonic() + ASK_SECONDS

    def _check_starting(self, deadline: float) -> None:
        if not self.alive:
            self._refuse_loss()
            raise GradingError(f"the kernel ended before it was ready ({self.cause or self._exit_cause()})")
        if time.monotonic() > deadline:
            raise GradingError(f"the kernel was not ready after {START_SECONDS} s")

    @property
    def pid(self) -> int:
        """The process's id, as seen from here; 0 before it is there."""
        return self._launched.process.pid if self._launched else 0

    @property
    def alive(self) -> bool:
        """Whether the kernel's process is running."""
        return self._launched is not None and self._launched.process.poll() is None

    def _refuse_loss(self) -> None:
        """Raise KernelLost if it was not the code in the kernel that ended it."""
        if self._launched is not None and self._launched.process.lost:
            raise KernelLost("the kernel ended with the process that made it")

    def _exit_cause(self) -> str:
        code = self._launched.process.poll() if self._launched else None
        return "exit" if code is not None and code >= 0 else "signal"

    async def kill(self) -> None:
        """End the kernel and everything that it started; does nothing the second time."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._client = None  # to stop its channels would connect those that were never needed, and see above
        if self._context is not None:
            self._context.destroy(linger=0)
            self._context = None
        if self._pipe is not None:
            self._pipe.close()
        if self._launched is not None:
            self._launched.process.kill()
            self._launched.process.wait(END_SECONDS)  # not in a thread: to start one takes longer than the wait
            self._launched.clean()

    def _end(self, cause: str) -> None:
        self.cause = self.cause or cause
        if self._launched is not None:
            self._launched.process.kill()
        self._news.set()

    # Watching and listening, all the time

    async def _keep_watch(self) -> None:
        """Kill a kernel that uses more memory or processes than it may."""
        while self.alive:
            memory, threads = usage(self.pid)
            if memory > self.limits.memory_mb * 1_000_000:
                self._end("memory")
            elif threads > self.limits.processes:
                self._end("processes")
            await asyncio.sleep(WATCH_SECONDS)
        self._news.set()

    async def _listen(self, source: zmq.asyncio.Socket, session: Session) -> None:
        """Take in what the kernel sends."""
        for number in itertools.count():
            try:
                _, parts = session.feed_identities(await source.recv_multipart())
                self._hear(session.deserialize(parts))
                if number % SOME == 0:
                    await asyncio.sleep(0)  # what has arrived is received without a pause, and others wait for one
            except Exception:  # noqa: BLE001 (whatever a hostile message can set off in the reader)
                self._end("protocol")
                return

    def _hear(self, message: dict[str, Any]) -> None:
        kind, content = message["header"]["msg_type"], message["content"]
        if not self._ready:
            self._ready = True
            self._news.set()
        cell = self._cell
        if cell is not None:
            cell.published += _size(content) + _size(message["metadata"])
            cell.published += sum(len(memoryview(part)) for part in message.get("buffers", ()))
            if cell.published > self.limits.output_kb * 1000:
                self._news.set()
        if message["parent_header"].get("msg_id") != self._request:
            return
        if kind == "status":
            self._idle = content.get("execution_state") == "idle"
            self._news.set()
        elif kind == "error" and cell is not None:
            cell.error = str(content.get("ename", "Error"))
            cell.text = str(content.get("evalue", ""))
        elif kind == "display_data" and isinstance(content.get("data"), dict) and MIME in content["data"]:
            self._note(content["data"][MIME])

    def _take(self, line: bytes) -> None:
        """Take in a line from the pipe: where a run of several cells stands, or evidence, which is read later."""
        if not line.startswith(MARKS):
            self._note(line)
            return
        try:
            form = json.loads(line)
        except (ValueError, RecursionError):
            return
        if "begin" in form:
            following = next(self._order, None)
            if following is not None and following[0] == form["begin"]:
                self._begin(following[0])
        elif self._cell is not None and self._cell.key == form["end"]:
            self._finish(str(form.get("error", "")), str(form.get("text", "")))

    def _note(self, evidence: Any) -> None:
        if self._cell is not None and len(self._cell.evidence) < MAX_RECORDS:
            self._cell.evidence.append(evidence)

    def _begin(self, key: str) -> None:
        now = time.monotonic()
        piped = self._pipe.size if self._pipe else 0
        self._cell = _Cell(key, now, min(now + self._seconds, self._total), piped=piped)

    def _finish(self, error: str = "", text: str = "") -> None:
        """The cell has come to its end by itself, or by an interrupt."""
        cell, self._cell = self._cell, None
        if cell is None:
            return
        if error == "KeyboardInterrupt" and self._stray and not cell.interrupted:
            self._stray = False
            return  # it was meant for the cell before; this one is run again
        self._stray = cell.interrupted and error != "KeyboardInterrupt"
        cut = cell.interrupted and error in ("KeyboardInterrupt", "")
        status = "timeout" if cut else "error" if error else "ok"
        self._runs[cell.key] = cell.ended(status, error, text)

    # Running

    async def run(self, source: str, seconds: float | None = None) -> CellRun:
        """Run one cell, by a request of its own.

        Args:
            source: its code.
            seconds: its time; the limits' `cell_seconds` by default.

        Returns:
            What it came to. After the status "died" the kernel is of no more use.
        """
        assert self._pipe is not None
        self._prepare([], seconds, None)
        self._begin("")
        await self._perform("execute_request", _cell_request(source, store_history=True))
        self._pipe.drain()
        if self._cell is not None:
            self._finish(self._cell.error, self._cell.text)
        return self._runs.get("", CellRun("error", "KeyboardInterrupt"))

    async def run_together(
        self, cells: Sequence[tuple[str, str]], seconds: float | None = None, total: float | None = None
    ) -> dict[str, CellRun]:
        """Run plain cells, one after the other by a single request.

        Args:
            cells: the key and source of each.
            seconds: the time of each; the limits' `cell_seconds` by default.
            total: when all must have ended, in the time of `time.monotonic`.

        Returns:
            What they came to. It ends early where one was interrupted or the
            kernel died; cells that were not reached are not in it.

        Raises:
            KernelLost: the kernel ended through no fault of the cells.
        """
        assert self._pipe is not None
        assert self._launched is not None
        self._prepare(cells, seconds, total)
        arguments = ([list(cell) for cell in cells], self._launched.evidence, self.limits.output_kb * 1000)
        if self._launched.warm:
            await self._perform("call_request", {"module": TOGETHER, "function": "run", "arguments": arguments})
        else:
            given = {"code": TOGETHER_SOURCE, "arguments": arguments}
            await self._perform("execute_request", _cell_request(RUN_TOGETHER, store_history=False), given)
        self._pipe.drain()
        if self._cell is not None:  # begun and not ended: an interrupt came at a bad moment
            self._finish("KeyboardInterrupt")
        return self._runs

    def _prepare(self, cells: Sequence[tuple[str, str]], seconds: float | None, total: float | None) -> None:
        self._runs, self._cell, self._idle = {}, None, False
        self._order = iter(cells)
        self._seconds = seconds or self.limits.cell_seconds
        self._total = total if total is not None else float("inf")

    async def _perform(self, kind: str, content: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        """Send a request and wait for its end; a cell that is at fault is interrupted, then killed."""
        assert self._client is not None
        if self.alive:
            message = self._client.session.msg(kind, content, metadata=metadata)
            self._request = message["header"]["msg_id"]
            self._client.shell_channel.send(message)
        waiting = time.monotonic() + self._seconds + STUCK_SECONDS
        while not self._idle:
            if not self.alive:
                await self._bury()
                return
            cell, now = self._cell, time.monotonic()
            if cell is None and now > waiting:  # the code that runs the cells is itself stuck
                self._end("time")
                continue
            if cell is not None:
                waiting = now + self._seconds + STUCK_SECONDS
                self._judge_progress(cell, now)
            await self._wait(0.1 if cell is None else min(0.1, max(0.001, cell.deadline - now)))

    def _judge_progress(self, cell: _Cell, now: float) -> None:
        """Interrupt a cell that takes or sends too much; kill one that goes on."""
        assert self._pipe is not None
        if self._pipe.size - cell.piped > self.limits.evidence_kb * 1000:
            self._end("evidence")
        too_much = cell.published > self.limits.output_kb * 1000
        if cell.published > FLOOD * self.limits.output_kb * 1000:  # there is no time for an interrupt
            self._end("output")
            return
        if now <= cell.deadline and not (too_much and not cell.interrupted):
            return
        if cell.interrupted:
            self._end("output" if too_much else "time")
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)
        cell.interrupted, cell.deadline = True, now + GRACE_SECONDS

    async def _bury(self) -> None:
        """Say of the cell that ran when the kernel died why it did."""
        assert self._launched is not None
        await asyncio.to_thread(self._launched.process.wait, GRACE_SECONDS)
        self._refuse_loss()
        if self._pipe is not None:
            self._pipe.drain()
        cell, self._cell = self._cell, None
        refused = next((key for key, run in self._runs.items() if any(text in run.text for text in REFUSALS)), None)
        if self.cause == "processes" and refused is not None:  # it had ended before anybody counted
            self._runs[refused] = replace(self._runs[refused], status="died", error=self.cause, text="")
        elif cell is not None:
            run = cell.ended("died", self.cause or self._exit_cause())
            self._runs[cell.key] = replace(run, text="")

    async def _wait(self, seconds: float) -> None:
        """Until there is something to decide, but not longer than `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()


def _cell_request(source: str, *, store_history: bool) -> dict[str, Any]:
    """The content of a request to run a cell."""
    content = {"code": source, "silent": False, "store_history": store_history, "user_expressions": {}}
    return content | {"allow_stdin": False, "stop_on_error": False}


def _listens(path: str) -> bool:
    """Whether somebody accepts connections at a socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def _writable(text: str) -> str:
    """The text without half characters (lone surrogates), which no file can hold."""
    return text.encode("utf-8", "replace").decode()


def _size(content: Any, depth: int = 0) -> int:
    """Roughly how many characters a message holds."""
    if isinstance(content, str):
        return len(content)
    if isinstance(content, dict) and depth < 8:
        return 16 + sum(len(str(key)) + _size(value, depth + 1) for key, value in content.items())
    if isinstance(content, list) and depth < 8:
        return 16 + sum(_size(value, depth + 1) for value in content)
    return 16
