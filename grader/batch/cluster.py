"""Grade submissions in parallel on a Dask cluster.

A worker grades several submissions concurrently, since kernels are mostly idle.
No more are submitted than the workers can run, so results are recorded as they
arrive and no queue builds up. A worker that dies is replaced, and its
submissions are retried one at a time, so that one which kills workers is
identified and does not affect any other.
"""

from __future__ import annotations

import contextlib
import functools
import os
import resource
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from grader.batch.forkserver import METHOD, start_forkserver
from grader.errors import GradingError
from grader.execution.resource_usage import at_once
from grader.grading.pipeline import GradedNotebook, GradingContext, GradingTask, grade_submission

__all__ = ["TRIES", "TaskResult", "grade_all"]

TRIES = 3
START_SECONDS = 60
WORKER_MEMORY = 2_000_000_000  # bytes for the worker itself


@dataclass
class TaskResult:
    """The results of grading one submission, or the reason why it failed."""

    task: GradingTask
    results: list[GradedNotebook]
    problem: str = ""


def grade_all(
    context: GradingContext, tasks: Iterable[GradingTask], *, workers: int | None = None, scheduler: str | None = None
) -> Iterator[TaskResult]:
    """Grade submissions and yield each result when it is ready.

    Args:
        context: what all of them are graded with.
        tasks: the submissions; consumed lazily.
        workers: the number of local processes; 0 grades in this process, one by one.
        scheduler: the address of a Dask scheduler to use instead.

    Raises:
        GradingError: the scheduler cannot be reached, or has no workers.
    """
    if workers == 0 and scheduler is None:
        for task in tasks:
            yield _grade_here(context, task)
        return
    with _client(context, workers, scheduler) as client:
        yield from _Run(client, context).outcomes(tasks)


def _grade_here(context: GradingContext, task: GradingTask) -> TaskResult:
    try:
        return TaskResult(task, grade_submission(context, task))
    except Exception as problem:  # noqa: BLE001 (one submission must not stop the others)
        return TaskResult(task, [], _words(problem))


def _words(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {problem}".splitlines()[0][:300]


@contextlib.contextmanager
def _client(context: GradingContext, workers: int | None, scheduler: str | None) -> Iterator[Any]:
    """A client of the given cluster, or of a temporary local one."""
    if scheduler is None:
        start_forkserver()
    import dask
    from distributed import Client, LocalCluster
    from distributed.security import Security

    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=START_SECONDS)
            client.wait_for_workers(1, timeout=START_SECONDS)
        except (OSError, TimeoutError, ValueError, TypeError) as problem:  # TypeError: tls:// without certificates
            raise GradingError(f"the Dask scheduler {scheduler} cannot be used: {_words(problem)}") from None
        with client:
            yield client
        return
    count = workers or os.cpu_count() or 1
    settings = {
        "distributed.scheduler.allowed-failures": 0,  # `_Run` decides what is retried
        "distributed.admin.log-length": 0,
        "distributed.scheduler.http.routes": [],  # the dashboard would be readable by every local user
        "distributed.worker.http.routes": [],
        "distributed.worker.memory.terminate": False,
        "distributed.worker.multiprocessing-method": METHOD,
        "distributed.worker.profile.enabled": False,  # it samples every thread a hundred times a second
        "distributed.admin.tick.interval": "1s",
        "distributed.scheduler.work-stealing": False,  # workers have no queue to steal from
        "logging": {"distributed": "critical"},
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=count,
            threads_per_worker=at_once(context.limits.memory_mb, count),
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # the default port may be in use by another run
            security=Security.temporary(),  # keeps other local users from connecting to the workers
            protocol="tls://",
            silence_logs=50,
            preload=["grader.batch.dask_preload"],
        ) as cluster,
        Client(cluster) as client,
    ):
        most = context.limits.memory_mb * 1_000_000 + WORKER_MEMORY
        client.register_worker_callbacks(functools.partial(_bound_memory, most))  # also runs on replacements
        yield client


def _bound_memory(most: int) -> None:
    """Limit the worker's data segment, so that a flood of messages cannot exhaust the machine's memory.

    ZeroMQ queues messages without a bound. A worker that dies of the limit is
    handled like any other dead worker. Kernels that are not forked from a warm
    parent inherit the limit, so it must be larger than theirs.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


class _Run:
    """One pass over all submissions."""

    def __init__(self, client: Any, context: GradingContext):
        self.client = client
        self.context, self.copies = context, self._spread(context)
        self.most = sum(client.nthreads().values()) + len(client.nthreads())
        self.tries: dict[str, int] = {}

    def _spread(self, context: GradingContext) -> Any:
        """The context, scattered to all current workers; waits for the first if there are none."""
        try:
            self.client.wait_for_workers(1, timeout=START_SECONDS)
            return self.client.scatter(context, broadcast=True, hash=False)
        except TimeoutError:
            raise GradingError(f"all workers have died, and none was restarted within {START_SECONDS} s") from None

    def outcomes(self, tasks: Iterable[GradingTask]) -> Iterator[TaskResult]:
        """All results: first in parallel, then one by one for submissions during which a worker died."""
        suspects: list[GradingTask] = []
        for task, future in self._finished(iter(tasks), self.most):
            outcome = self._outcome(task, future)
            if outcome is None:
                suspects.append(task)
            else:
                yield outcome
        while suspects:
            again = suspects.pop(0)
            for task, future in self._finished(iter([again]), 1):
                outcome = self._outcome(task, future)
                if outcome is None:
                    suspects.append(task)
                else:
                    yield outcome

    def _finished(self, tasks: Iterator[GradingTask], most: int) -> Iterator[tuple[GradingTask, Any]]:
        from distributed import as_completed

        waiting: dict[str, GradingTask] = {}
        done = as_completed(raise_errors=False)

        def start() -> None:
            task = next(tasks, None)
            if task is not None:
                if self.copies.status != "finished":  # all workers that held a copy have died
                    self.copies = self._spread(self.context)
                future = self.client.submit(grade_submission, self.copies, task, pure=False, retries=0)
                waiting[future.key] = task
                done.add(future)

        for _ in range(most):
            start()
        while waiting:
            future = next(done)
            start()
            yield waiting.pop(future.key), future

    def _outcome(self, task: GradingTask, future: Any) -> TaskResult | None:
        """The result of a finished task; None if its worker died and it must be retried."""
        from distributed import CancelledError, KilledWorker

        try:
            if future.status != "error":
                return TaskResult(task, future.result())
            problem = future.exception()
        except (Exception, CancelledError) as lost:  # noqa: BLE001 (the worker that held the result has died)
            problem = lost
        if isinstance(problem, CancelledError | KilledWorker):
            self.tries[task.student] = self.tries.get(task.student, 0) + 1
            if self.tries[task.student] < TRIES:
                return None
            return TaskResult(task, [], f"the worker process died {TRIES} times while it was graded")
        return TaskResult(task, [], _words(problem))
