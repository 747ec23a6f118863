"""Run a submission's steps, surviving cells that kill their kernel.

Such a cell loses only its own result: the kernel is replaced, the earlier
cells are replayed without the culprit, and the remaining ones continue.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from grader.errors import KernelLost
from grader.execution.cell_run import Allowance, Cause, CellRun, Status
from grader.execution.kernel import Kernel
from grader.execution.sandbox import Limits
from grader.execution.steps import Part, Step, StepKey

__all__ = ["run_steps", "run_steps_now"]

UNCLEAR = (Cause.MEMORY, Cause.PROCESSES)
MAX_LOST = 3  # lost kernels (see KernelLost) before giving up on a submission


async def run_steps(
    steps: Sequence[Step], limits: Limits, *, sandboxed: bool, files: dict[str, bytes] | None = None
) -> dict[StepKey, CellRun]:
    """The results of the steps, run in order and sharing one kernel's state.

    Args:
        steps: what to run.
        limits: the kernel's limits; `total_seconds`, `extra_seconds` and `kernels` apply to all steps together.
        sandboxed: whether to use bubblewrap.
        files: read-only files for the working folder, by name.

    Returns:
        The result of each step by key; steps that were not reached are "not run".

    Raises:
        GradingError: no kernel could be started, or MAX_LOST kernels were lost.
    """
    runner = _Runner(steps, limits)
    used = lost = 0
    while used < limits.kernels and time.monotonic() <= runner.deadline:
        try:
            async with Kernel(limits, sandboxed, files) as kernel:
                if await runner.run_in(kernel):
                    break
        except KernelLost:  # try again with a new kernel
            lost += 1
            if lost == MAX_LOST:
                raise
        else:
            used += 1
    return {step.key: runner.runs.get(step.key, CellRun()) for step in steps}


class _Runner:
    """The steps of one submission, and how far they are."""

    def __init__(self, steps: Sequence[Step], limits: Limits):
        self.steps = steps
        self.runs: dict[StepKey, CellRun] = {}
        self.deadline = time.monotonic() + limits.total_seconds
        self._culprits: set[StepKey] = set()
        self._extra = Allowance(limits.extra_seconds)
        # A kernel that uses too much is noticed a little later, in another cell: then the rest runs step by step.
        self._careful = False

    async def run_in(self, kernel: Kernel) -> bool:
        """Run the steps that are due in a fresh kernel; False if the kernel died."""
        waiting = [step for step in self.steps if _is_due(step, self.runs, self._culprits)]
        last: StepKey | None = None
        while waiting:
            skipped = self._why_skipped(waiting[0])
            if skipped:
                self.runs.setdefault(waiting[0].key, CellRun(cause=skipped))
                waiting.pop(0)
                continue
            if time.monotonic() >= self.deadline:
                return True
            came = await self._run_first(kernel, waiting)
            if not came and kernel.cause in UNCLEAR and not self._careful:
                self._careful = True
                return False
            if not came:  # it died between two cells: blame the last one that ran
                self._culprits |= {last} if last is not None else set()
                return False
            for key, run in came.items():
                if run.status is Status.DIED and run.cause in UNCLEAR and not self._careful:
                    self._careful = True
                    return False
                self.runs.setdefault(key, run)
                last = key
                if run.status is Status.DIED:
                    self._culprits.add(key)
                    return False
            waiting = [item for item in waiting if item.key not in came]
        return True

    def _why_skipped(self, step: Step) -> Cause:
        if step.key not in self.runs and _group_cut_short(step, self.steps, self.runs):
            return Cause.EARLIER
        return Cause.EXTRA if step.extra and self._extra.seconds <= 0 else Cause.NONE

    async def _run_first(self, kernel: Kernel, waiting: Sequence[Step]) -> dict[StepKey, CellRun]:
        """The results of the first steps, as many as can run together; empty if the kernel is dead."""
        step = waiting[0]
        plain = [step] if self._careful and step.plain else _plain_prefix(waiting)
        came: dict[StepKey, CellRun] = {}
        if plain:
            batch = {str(item.key): item for item in _until_cut_short(plain, self.steps, self.runs)}
            cells = [(name, item.source, item.private) for name, item in batch.items()]
            allowances = {name: self._extra for name, item in batch.items() if item.extra}
            runs = await kernel.run_together(cells, total=self.deadline, allowances=allowances)
            came = {batch[name].key: run for name, run in runs.items()}
        if not came and kernel.alive:  # not plain, or something in the kernel breaks batch execution
            came = {step.key: await self._run_alone(kernel, step)}
        if came and self._careful and kernel.enforce_usage():
            came = {key: replace(run, status=Status.DIED, cause=kernel.cause) for key, run in came.items()}
        return came

    async def _run_alone(self, kernel: Kernel, step: Step) -> CellRun:
        if step.key.part is Part.REPLACED:  # by itself, its source would stay readable in the kernel
            return CellRun()
        left = min(self.deadline - time.monotonic(), kernel.limits.cell_seconds)
        start = time.monotonic()
        run = await kernel.run(step.source, min(left, self._extra.seconds) if step.extra else left)
        self._extra.seconds -= time.monotonic() - start if step.extra else 0
        return run


def _is_due(step: Step, runs: dict[StepKey, CellRun], culprits: set[StepKey]) -> bool:
    """Whether a step has to run in a new kernel: for the first time, or to restore its state."""
    if step.key in culprits:
        return False
    return step.key not in runs or (step.replay and runs[step.key].status in (Status.OK, Status.ERROR))


def _plain_prefix(waiting: Sequence[Step]) -> list[Step]:
    """The leading steps that can be sent to the kernel in one batch."""
    return list(itertools.takewhile(lambda item: item.plain and item.stage == waiting[0].stage, waiting))


def _until_cut_short(plain: Sequence[Step], steps: Sequence[Step], runs: dict[StepKey, CellRun]) -> list[Step]:
    """The leading steps whose group has not been cut short."""
    return list(itertools.takewhile(lambda step: step.key in runs or not _group_cut_short(step, steps, runs), plain))


def _group_cut_short(step: Step, steps: Sequence[Step], runs: dict[StepKey, CellRun]) -> bool:
    """Whether an earlier step of the same group timed out or killed its kernel."""
    return bool(step.group) and any(
        other.group == step.group and other.key in runs and runs[other.key].status in (Status.TIMEOUT, Status.DIED)
        for other in steps
    )


def run_steps_now(
    steps: Iterable[Step], limits: Limits, *, sandboxed: bool, files: dict[str, bytes] | None = None
) -> dict[StepKey, CellRun]:
    """`run_steps` for synchronous callers, even inside a running event loop, as in the formgrader."""

    def run() -> dict[StepKey, CellRun]:
        return asyncio.run(run_steps(list(steps), limits, sandboxed=sandboxed, files=files))

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return run()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result()
