"""One kernel for one submission: start it, run cells in it, kill it.

The kernel is not trusted: nothing but evidence, the class of an error and
timing is taken from its messages, messages are bounded in size and number,
and every wait has an end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import time
from dataclasses import dataclass, field, replace
from queue import Empty
from types import TracebackType
from typing import Any, Self

import psutil
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient

from dlcore.evidence import MIME
from grader.errors import GradingError
from grader.processes import Launched, connection, launch
from grader.sandbox import Limits

__all__ = ["CellRun", "Kernel"]

START_SECONDS = 60
END_SECONDS = 20
GRACE_SECONDS = 2  # from an interrupt to the kill
WATCH_SECONDS = 0.2
MAX_RECORDS = 500  # pieces of evidence from one cell
MAX_TEXT = 2000


@dataclass(frozen=True)
class CellRun:
    """What running one cell came to.

    Attributes:
        status: "ok", "error" (it raised), "timeout" (it was interrupted),
            "died" (the kernel went down), or "not run".
        error: the class of what it raised, or the cause of a death: "memory",
            "processes", "time", "exit", "signal", "output" or "protocol".
        text: the error's message.
        evidence: what `check` handed over, in order, unverified.
        seconds: wall-clock time.
    """

    status: str = "not run"
    error: str = ""
    text: str = ""
    evidence: tuple[Any, ...] = ()
    seconds: float = 0.0


@dataclass
class _Seen:
    """What has come from the kernel while one cell runs."""

    evidence: list[Any] = field(default_factory=list)
    error: str = ""
    text: str = ""
    size: int = 0
    idle: bool = False


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
        self._watch: asyncio.Task[None] | None = None

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
        self._launched = await asyncio.to_thread(launch, self.limits, key, self.files, sandboxed=self.sandboxed)
        sockets = self._launched.sockets
        self._watch = asyncio.create_task(self._keep_watch())
        deadline = time.monotonic() + START_SECONDS
        while not os.path.exists(f"{sockets}-4"):  # the control socket is bound last but one
            self._check_starting(deadline)
            await asyncio.sleep(0.005)
        self._context = zmq.asyncio.Context()
        self._context.setsockopt(zmq.MAXMSGSIZE, self.limits.output_kb * 1000 + 2_000_000)
        self._context.setsockopt(zmq.LINGER, 0)
        self._client = AsyncKernelClient(context=self._context)
        self._client.load_connection_info(connection(sockets, key) | {"key": key.encode()})
        self._client.start_channels(stdin=False, hb=False, control=False)
        while not await self._answers():
            self._check_starting(deadline)

    def _check_starting(self, deadline: float) -> None:
        if not self.alive:
            raise GradingError(f"the kernel ended before it was ready ({self.cause or self._exit_cause()})")
        if time.monotonic() > deadline:
            raise GradingError(f"the kernel was not ready after {START_SECONDS} s")

    @property
    def _pid(self) -> int:
        return self._launched.process.pid if self._launched else 0

    @property
    def alive(self) -> bool:
        """Whether the kernel's process is running."""
        return self._launched is not None and self._launched.process.poll() is None

    def _exit_cause(self) -> str:
        code = self._launched.process.poll() if self._launched else None
        return "exit" if code is not None and code >= 0 else "signal"

    async def kill(self) -> None:
        """End the kernel and everything that it started; does nothing the second time."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        if self._client is not None:
            self._client.stop_channels()
            self._client = None
        if self._context is not None:
            self._context.destroy(linger=0)
            self._context = None
        if self._launched is not None:
            self._launched.process.kill()
            await asyncio.to_thread(self._launched.process.wait, END_SECONDS)
            self._launched.clean()

    # Watching

    async def _keep_watch(self) -> None:
        """Kill a kernel that uses more memory or processes than it may."""
        while self.alive:
            cause = await asyncio.to_thread(self._excess)
            if cause:
                self.cause = cause
                self._end()
                return
            await asyncio.sleep(WATCH_SECONDS)

    def _end(self) -> None:
        if self._launched is not None:
            self._launched.process.kill()

    def _excess(self) -> str:
        try:
            kernel = psutil.Process(self._pid)
            family = [kernel, *kernel.children(recursive=True)]
        except psutil.Error:
            return ""
        memory = threads = 0
        for process in family:
            with contextlib.suppress(psutil.Error):
                memory += process.memory_info().rss
                threads += process.num_threads()
        if memory > self.limits.memory_mb * 1_000_000:
            return "memory"
        return "processes" if threads > self.limits.processes else ""

    # Running

    async def _answers(self) -> bool:
        """Whether the kernel replies, and its published messages reach us."""
        assert self._client is not None
        message_id = self._client.kernel_info()
        seen = _Seen()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.25):
                while not seen.idle:
                    await self._listen(message_id, seen)
        return seen.idle

    async def run(self, source: str, seconds: float | None = None) -> CellRun:
        """Run one cell.

        Args:
            source: its code.
            seconds: its time; the limits' `cell_seconds` by default.

        Returns:
            What it came to. After the status "died" the kernel is of no more use.
        """
        assert self._client is not None
        start = time.monotonic()
        if not self.alive:
            return CellRun("died", self.cause or self._exit_cause())
        message_id = self._client.execute(source, store_history=True, allow_stdin=False, stop_on_error=False)
        seen = _Seen()
        status = await self._follow(message_id, seen, seconds or self.limits.cell_seconds)
        text = seen.text[:MAX_TEXT]
        run = CellRun(status, seen.error, text, tuple(seen.evidence), time.monotonic() - start)
        if status == "died":
            await asyncio.to_thread(self._wait_briefly)
            return replace(run, error=self.cause or self._exit_cause(), text="")
        return run

    def _wait_briefly(self) -> None:
        if self._launched is not None:
            self._launched.process.wait(GRACE_SECONDS)

    async def _follow(self, message_id: str, seen: _Seen, seconds: float) -> str:
        """Listen until the cell has ended, one way or another; its status."""
        deadline = time.monotonic() + seconds
        interrupted = False
        while not seen.idle:
            if not self.alive:
                return "died"
            too_much = seen.size > self.limits.output_kb * 1000
            if time.monotonic() > deadline or (too_much and not interrupted):
                if interrupted:
                    self.cause = self.cause or ("output" if too_much else "time")
                    self._end()
                    return "died"
                self._interrupt()
                interrupted = True
                deadline = time.monotonic() + GRACE_SECONDS
            try:
                async with asyncio.timeout(min(0.1, max(0.001, deadline - time.monotonic()))):
                    await self._listen(message_id, seen)
            except TimeoutError:
                continue
            except Exception:  # noqa: BLE001 (whatever a hostile message can set off in the reader)
                self.cause = "protocol"
                self._end()
                return "died"
        if interrupted:
            return "timeout"
        return "error" if seen.error else "ok"

    def _interrupt(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGINT)

    async def _listen(self, message_id: str, seen: _Seen) -> None:
        """Take in one published message."""
        assert self._client is not None
        try:
            message = await self._client.get_iopub_msg(timeout=1)
        except Empty:
            return
        content = message["content"]
        seen.size += _size(content)
        if message["parent_header"].get("msg_id") != message_id:
            return
        kind = message["header"]["msg_type"]
        if kind == "status":
            seen.idle = content.get("execution_state") == "idle"
        elif kind == "error":
            seen.error = str(content.get("ename", "Error"))[:100]
            seen.text = str(content.get("evalue", ""))[:MAX_TEXT]
        elif kind == "display_data" and len(seen.evidence) < MAX_RECORDS:
            data = content.get("data")
            if isinstance(data, dict) and MIME in data:
                seen.evidence.append(data[MIME])


def _size(content: Any, depth: int = 0) -> int:
    """Roughly how many characters a message holds."""
    if isinstance(content, str):
        return len(content)
    if isinstance(content, dict) and depth < 8:
        return 16 + sum(len(str(key)) + _size(value, depth + 1) for key, value in content.items())
    if isinstance(content, list) and depth < 8:
        return 16 + sum(_size(value, depth + 1) for value in content)
    return 16
