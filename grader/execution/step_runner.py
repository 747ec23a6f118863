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

from grader.errors import KernelLost
from grader.execution.cell_run import Cause, CellRun, Status
from grader.execution.kernel import Kernel
from grader.execution.sandbox import Limits
from grader.execution.steps import Part, Step, StepKey

__all__ = ["run_steps", "run_steps_now"]

MAX_LOST = 3  # lost kernels (see KernelLost) before giving up on a submission


async def run_steps(
    steps: Sequence[Step], limits: Limits, *, sandboxed: bool, files: dict[str, bytes] | None = None
) -> dict[StepKey, CellRun]:
    """The results of the steps, run in order and sharing one kernel's state.

    Args:
        steps: what to run.
        limits: the kernel's limits; `total_seconds` and `kernels` apply to all steps together.
        sandboxed: whether to use bubblewrap.
        files: read-only files for the working folder, by name.

    Returns:
        The result of each step by key; steps that were not reached are "not run".

    Raises:
        GradingError: no kernel could be started, or MAX_LOST kernels were lost.
    """
    runs: dict[StepKey, CellRun] = {}
    culprits: set[StepKey] = set()
    deadline = time.monotonic() + limits.total_seconds
    used = lost = 0
    while used < limits.kernels and time.monotonic() <= deadline:
        try:
            async with Kernel(limits, sandboxed, files) as kernel:
                if await _run_in(kernel, steps, runs, culprits, deadline):
                    break
        except KernelLost:  # try again with a new kernel
            lost += 1
            if lost == MAX_LOST:
                raise
        else:
            used += 1
    return {step.key: runs.get(step.key, CellRun()) for step in steps}


async def _run_in(
    kernel: Kernel, steps: Sequence[Step], runs: dict[StepKey, CellRun], culprits: set[StepKey], deadline: float
) -> bool:
    """Run the steps that are due in a fresh kernel; False if the kernel died."""
    waiting = [step for step in steps if _is_due(step, runs, culprits)]
    last: StepKey | None = None
    while waiting:
        step = waiting[0]
        if step.key not in runs and _group_cut_short(step, steps, runs):
            runs[step.key] = CellRun(cause=Cause.EARLIER)
            waiting.pop(0)
            continue
        left = deadline - time.monotonic()
        if left <= 0:
            return True
        plain = _plain_prefix(waiting)
        came: dict[StepKey, CellRun] = {}
        if plain:
            batch = {str(item.key): item for item in _until_cut_short(plain, steps, runs)}
            cells = [(name, item.source, item.private) for name, item in batch.items()]
            came = {batch[name].key: run for name, run in (await kernel.run_together(cells, total=deadline)).items()}
        if not came and not kernel.alive:  # it died between two cells: blame the last one that ran
            culprits |= {last} if last is not None else set()
            return False
        if not came:  # not plain, or something in the kernel breaks batch execution
            # By itself, its source would stay readable in the kernel.
            skip = step.key.part is Part.REPLACED
            run = CellRun() if skip else await kernel.run(step.source, min(left, kernel.limits.cell_seconds))
            came = {step.key: run}
        for key, run in came.items():
            runs.setdefault(key, run)
            last = key
            if run.status is Status.DIED:
                culprits.add(key)
                return False
        waiting = [item for item in waiting if item.key not in came]
    return True


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
