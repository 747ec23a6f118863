"""Run a submission's cells, whatever they do.

A cell that kills its kernel costs itself alone: the kernel is replaced, the
earlier cells run again without the culprit, and the rest goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from grader.kernel import CellRun, Kernel
from grader.sandbox import Limits

__all__ = ["Step", "run_steps", "run_steps_now"]


@dataclass(frozen=True)
class Step:
    """One piece of code to run.

    Attributes:
        key: what the result is found by.
        source: the code.
        exercise: the exercise it belongs to, or "".
        replay: whether it has to run again when a kernel is replaced (checks need not).
        group: steps of one group stop with the first of them that is cut short.
    """

    key: str
    source: str
    exercise: str = ""
    replay: bool = True
    group: str = ""


async def run_steps(
    steps: Sequence[Step], limits: Limits, *, sandboxed: bool, files: dict[str, bytes] | None = None
) -> dict[str, CellRun]:
    """Run the steps in order, each in the state that those before it left.

    Args:
        steps: what to run.
        limits: what the kernel may use; `total_seconds` and `kernels` hold for all steps together.
        sandboxed: whether to use bubblewrap.
        files: read-only files for the working folder.

    Returns:
        What each step came to, by its key; steps that were not reached are "not run".
    """
    runs: dict[str, CellRun] = {}
    culprits: set[str] = set()
    deadline = time.monotonic() + limits.total_seconds
    for _ in range(limits.kernels):
        async with Kernel(limits, sandboxed, files) as kernel:
            if await _run_in(kernel, steps, runs, culprits, deadline):
                break
    return {step.key: runs.get(step.key, CellRun()) for step in steps}


async def _run_in(
    kernel: Kernel, steps: Sequence[Step], runs: dict[str, CellRun], culprits: set[str], deadline: float
) -> bool:
    """Run, in a fresh kernel, what has not run yet; False if the kernel died on the way."""
    for step in steps:
        done = step.key in runs
        if step.key in culprits or (done and not (step.replay and runs[step.key].status in ("ok", "error"))):
            continue
        if not done and _given_up(step, steps, runs):
            runs[step.key] = CellRun("not run", "earlier")
            continue
        left = deadline - time.monotonic()
        if left <= 0:
            return True
        run = await kernel.run(step.source, min(left, kernel.limits.cell_seconds))
        if not done or run.status == "died":
            runs.setdefault(step.key, run)
        if run.status == "died":
            culprits.add(step.key)
            return False
    return True


def _given_up(step: Step, steps: Sequence[Step], runs: dict[str, CellRun]) -> bool:
    """Whether an earlier step of the same group took all its time or its kernel."""
    return bool(step.group) and any(
        other.group == step.group and other.key in runs and runs[other.key].status in ("timeout", "died")
        for other in steps
    )


def run_steps_now(
    steps: Iterable[Step], limits: Limits, *, sandboxed: bool, files: dict[str, bytes] | None = None
) -> dict[str, CellRun]:
    """`run_steps` for callers who do not await, even inside a running event loop, as in the formgrader."""

    def run() -> dict[str, CellRun]:
        return asyncio.run(run_steps(list(steps), limits, sandboxed=sandboxed, files=files))

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return run()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result()
