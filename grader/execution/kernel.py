"""One kernel for one submission: start it, run cells in it, kill it.

The kernel is not trusted: only evidence, the class and message of an error, and
timing are taken from it; what it sends is bounded in size and number, and every
wait has a deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from grader.errors import GradingError, KernelLost
from grader.execution.cell_run import Allowance, Cause, CellRun, CellTracker, RunningCell, Status
from grader.execution.evidence_pipe import EvidencePipe
from grader.execution.kernel_connection import KernelConnection, is_listening
from grader.execution.kernel_process import Launched
from grader.execution.kernel_requests import batch_request, cell_request
from grader.execution.launch import launch
from grader.execution.resource_usage import usage
from grader.execution.sandbox import Limits

__all__ = ["Kernel"]

START_SECONDS = 60
ASK_SECONDS = 0.25
END_SECONDS = 20
GRACE_SECONDS = 2  # between the interrupt and the kill
STUCK_SECONDS = 10  # allowed between two cells, where no student code should run
WATCH_SECONDS = 0.1
FLOOD = 5  # multiple of the output limit at which the kernel is killed without an interrupt


class Kernel:
    """An IPython kernel in a sandbox, or with process limits only.

    Use as ``async with Kernel(...) as kernel: run = await kernel.run(source)``.

    Args:
        limits: its resource limits.
        sandboxed: whether to run it in bubblewrap.
        files: read-only files to create in its working folder, by name.
    """

    def __init__(self, limits: Limits, sandboxed: bool = True, files: dict[str, bytes] | None = None):
        self.limits, self.sandboxed, self.files = limits, sandboxed, files or {}
        self.cause = Cause.NONE  # why it was killed
        self._launched: Launched | None = None
        self._connection: KernelConnection | None = None
        self._pipe: EvidencePipe | None = None
        self._watch: asyncio.Task[None] | None = None
        self._tracker = CellTracker()
        self._changed = asyncio.Event()

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

    async def _start(self) -> None:
        key = secrets.token_hex(16)
        self._launched = launch(self.limits, key, self.files, sandboxed=self.sandboxed)
        sockets = self._launched.sockets
        deadline = time.monotonic() + START_SECONDS
        while not (is_listening(f"{sockets}-1") and is_listening(f"{sockets}-2")):
            self._check_starting(deadline)
            await asyncio.sleep(0.002)
        try:
            self._pipe = EvidencePipe(f"{sockets}-evidence", self.limits.evidence_kb * 1000, self._on_line)
        except OSError:  # a kernel's file system goes with its process
            await asyncio.to_thread(self._launched.process.wait, GRACE_SECONDS)
            self._check_starting(deadline)
            raise
        self._connection = KernelConnection(
            sockets,
            key,
            self.limits.output_kb * 1000,
            on_published=self._on_published,
            on_message=self._tracker.on_message,
            on_change=self._changed.set,
            on_damage=lambda: self._end(Cause.PROTOCOL),
        )
        self._watch = asyncio.create_task(self._watch_usage())
        ask_at = time.monotonic() + ASK_SECONDS
        while not self._connection.ready:  # a kernel sends a welcome message to each new subscriber
            self._check_starting(deadline)
            await self._wait(0.05)
            if time.monotonic() > ask_at:  # it missed the subscription; any reply will do
                self._connection.ask_for_info()
                ask_at = time.monotonic() + ASK_SECONDS

    def _check_starting(self, deadline: float) -> None:
        if not self.alive:
            self._refuse_loss()
            raise GradingError(f"the kernel ended before it was ready ({self.cause or self._exit_cause()})")
        if time.monotonic() > deadline:
            raise GradingError(f"the kernel was not ready after {START_SECONDS} s")

    @property
    def pid(self) -> int:
        """The process's id in the caller's PID namespace; 0 before it starts."""
        return self._launched.process.pid if self._launched else 0

    @property
    def alive(self) -> bool:
        """Whether the kernel's process is running."""
        return self._launched is not None and self._launched.process.poll() is None

    def _refuse_loss(self) -> None:
        """Raise KernelLost if the kernel was ended by something other than its own code."""
        if self._launched is not None and self._launched.process.lost:
            raise KernelLost("the kernel ended because its warm parent did")

    def _exit_cause(self) -> Cause:
        code = self._launched.process.poll() if self._launched else None
        return Cause.EXIT if code is not None and code >= 0 else Cause.SIGNAL

    async def kill(self) -> None:
        """End the kernel and every process that it started. Idempotent."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
        if self._pipe is not None:
            self._pipe.close()
        if self._launched is not None:
            self._launched.process.kill()
            self._launched.process.wait(END_SECONDS)  # not in a thread: starting one takes longer than the wait
            self._launched.clean()

    def _end(self, cause: Cause) -> None:
        self.cause = self.cause or cause
        if self._pipe is not None and cause is Cause.EVIDENCE:
            self._pipe.is_closing = True
        if self._connection is not None and cause is Cause.OUTPUT:
            self._connection.is_closing = True
        if self._launched is not None:
            self._launched.process.kill()
        self._changed.set()

    async def _watch_usage(self) -> None:
        while self.alive:
            self.enforce_usage()
            await asyncio.sleep(WATCH_SECONDS)
        self._changed.set()

    def enforce_usage(self) -> Cause:
        """Kill the kernel if it exceeds its memory or process limit now; the limit is returned."""
        memory, threads = usage(self.pid)
        if memory > self.limits.memory_mb * 1_000_000:
            self._end(Cause.MEMORY)
            return Cause.MEMORY
        if threads > self.limits.processes:
            self._end(Cause.PROCESSES)
            return Cause.PROCESSES
        return Cause.NONE

    async def run(self, source: str, seconds: float | None = None) -> CellRun:
        """The result of running one cell in a request of its own.

        Args:
            source: its code.
            seconds: its time limit; `limits.cell_seconds` by default.

        Returns:
            The result. After the status "died" the kernel cannot be used again.
        """
        assert self._pipe is not None
        seconds = seconds or self.limits.cell_seconds
        self._tracker.expect([], seconds)
        self._tracker.begin("", self._pipe.size)
        await self._perform(seconds, "execute_request", cell_request(source, store_history=True))
        cell = self._tracker.cell
        if cell is not None:
            self._tracker.finish(cell.error, cell.text)
        return self._tracker.runs.get("", CellRun(Status.ERROR, "KeyboardInterrupt"))

    async def run_together(
        self,
        cells: Sequence[tuple[str, str, bool]],
        seconds: float | None = None,
        total: float | None = None,
        allowances: Mapping[str, Allowance] | None = None,
    ) -> dict[str, CellRun]:
        """The results of plain cells, run one after the other in a single request.

        Args:
            cells: the key and source of each, and whether the kernel must not keep the source.
            seconds: the time limit of each; `limits.cell_seconds` by default.
            total: the deadline for all of them, as a `time.monotonic` value.
            allowances: by key, the time that cells share with others.

        Returns:
            The results by key. The batch stops if a cell is interrupted or the kernel
            dies; cells that were not reached are missing.

        Raises:
            KernelLost: the kernel ended for a reason outside the cells.
        """
        assert self._launched is not None
        seconds = seconds or self.limits.cell_seconds
        self._tracker.expect(cells, seconds, total if total is not None else float("inf"), allowances)
        kind, content, metadata = batch_request(cells, self._launched, self.limits.output_kb * 1000)
        await self._perform(seconds, kind, content, metadata)
        if self._tracker.cell is not None:  # started but not ended: the interrupt hit the batch runner itself
            self._tracker.finish("KeyboardInterrupt")
        return self._tracker.runs

    async def _perform(
        self, seconds: float, kind: str, content: dict[str, Any], metadata: dict[str, Any] | None = None
    ) -> None:
        """Send a request and wait for its end; a cell over its limits is interrupted, then killed."""
        assert self._connection is not None
        assert self._pipe is not None
        self._connection.idle = False
        if self.alive:
            self._connection.send(kind, content, metadata)
        stuck_at = time.monotonic() + seconds + STUCK_SECONDS
        while not self._connection.idle:
            if not self.alive:
                await self._on_death()
                break
            cell, now = self._tracker.cell, time.monotonic()
            if cell is None and now > stuck_at:  # the batch runner itself is stuck
                self._end(Cause.TIME)
                continue
            if cell is not None:
                stuck_at = now + seconds + STUCK_SECONDS
                self._enforce_limits(cell, now)
            await self._wait(0.1 if cell is None else min(0.1, max(0.001, cell.deadline - now)))
        self._pipe.drain()
        if self.cause and self._tracker.cell is not None:  # ended for what it had written before the request was done
            await self._on_death()

    def _enforce_limits(self, cell: RunningCell, now: float) -> None:
        """Interrupt a cell that exceeds its time or output limit; kill the kernel if it continues."""
        assert self._pipe is not None
        if self._pipe.size - cell.piped > self.limits.evidence_kb * 1000:  # in lines without end, too
            self._end(Cause.EVIDENCE)
        too_much = cell.published > self.limits.output_kb * 1000
        if now <= cell.deadline and not (too_much and not cell.interrupted):
            return
        if cell.interrupted:
            self._end(Cause.OUTPUT if too_much else Cause.TIME)
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)
        cell.interrupted, cell.deadline = True, now + GRACE_SECONDS

    async def _on_death(self) -> None:
        """Record why the kernel died, for the cell that was running."""
        assert self._launched is not None
        assert self._pipe is not None
        await asyncio.to_thread(self._launched.process.wait, GRACE_SECONDS)
        self._refuse_loss()
        self._pipe.drain()
        self._tracker.die(self.cause or self._exit_cause())

    def _on_line(self, line: bytes) -> None:
        size = self._pipe.size if self._pipe else 0
        cell = self._tracker.cell
        too_long = cell is not None and size - cell.piped > self.limits.evidence_kb * 1000
        if self.cause is Cause.EVIDENCE:
            return
        if too_long or self._tracker.is_flooded(line):
            self._end(Cause.EVIDENCE)
        else:
            self._tracker.on_line(line, size)

    def _on_published(self, size: int) -> None:
        published = self._tracker.on_published(size)
        if published > FLOOD * self.limits.output_kb * 1000:  # too fast to wait for an interrupt
            self._end(Cause.OUTPUT)
        elif published > self.limits.output_kb * 1000:
            self._changed.set()

    async def _wait(self, seconds: float) -> None:
        """Wait for a state change, for at most `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()
