"""Submissions examined side by side, by the workers of a Dask cluster.

A worker examines several submissions at once, since kernels wait more than
they work. No more are under way than the workers can take, so results are
recorded as fast as they come and nothing piles up. A worker that dies is
replaced; what it was busy with is tried again, from the second time on by
itself, so that a submission which brings workers down is found out and takes
no other with it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import resource
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from grader.batch.forkserver import METHOD, load_early
from grader.errors import GradingError
from grader.execution.resource_usage import available_memory
from grader.grading.pipeline import Examined, Material, Task, examine

__all__ = ["TRIES", "Outcome", "examine_all"]

TRIES = 3
MOST_AT_ONCE = 3  # submissions in one worker
START_SECONDS = 60
WORKER_MEMORY = 2_000_000_000  # bytes that a worker may have of its own


@dataclass
class Outcome:
    """What examining one submission came to: results, or why there are none."""

    task: Task
    results: list[Examined]
    problem: str = ""


def examine_all(
    material: Material, tasks: Iterable[Task], *, workers: int | None = None, scheduler: str | None = None
) -> Iterator[Outcome]:
    """Examine submissions, and yield each as it is done.

    Args:
        material: what they are examined with.
        tasks: the submissions; taken one by one, as there is room.
        workers: processes on this machine; 0 means this process, one by one.
        scheduler: the address of a Dask scheduler to use instead.

    Raises:
        GradingError: the scheduler cannot be reached, or has no workers.
    """
    if workers == 0 and scheduler is None:
        for task in tasks:
            yield _examine_here(material, task)
        return
    with _client(material, workers, scheduler) as client:
        yield from _Run(client, material).outcomes(tasks)


def _examine_here(material: Material, task: Task) -> Outcome:
    try:
        return Outcome(task, examine(material, task))
    except Exception as problem:  # noqa: BLE001 (one submission must not stop the others)
        return Outcome(task, [], _words(problem))


def _words(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {problem}".splitlines()[0][:300]


def at_once(memory_mb: int, workers: int) -> int:
    """How many submissions one of `workers` may have under way, by the memory that they may use."""
    room = available_memory() / 1_000_000 / memory_mb
    return max(1, min(MOST_AT_ONCE, int(room / workers)))


@contextlib.contextmanager
def _client(material: Material, workers: int | None, scheduler: str | None) -> Iterator[Any]:
    """A client of the cluster named, or of one made for the occasion."""
    if scheduler is None:
        load_early()
    import dask
    from distributed import Client, LocalCluster
    from distributed.security import Security

    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=START_SECONDS)
            client.wait_for_workers(1, timeout=START_SECONDS)
        except (OSError, TimeoutError, ValueError) as problem:
            raise GradingError(f"the Dask scheduler {scheduler} cannot be used: {_words(problem)}") from None
        with client:
            yield client
        return
    count = workers or os.cpu_count() or 1
    settings = {
        "distributed.scheduler.allowed-failures": 0,  # who tries again, and how often, is decided here
        "distributed.admin.log-length": 0,
        "distributed.scheduler.http.routes": [],  # pages about the run, which anybody here could read
        "distributed.worker.http.routes": [],
        "distributed.worker.memory.terminate": False,
        "distributed.worker.multiprocessing-method": METHOD,
        "distributed.worker.profile.enabled": False,  # it looks at every thread a hundred times a second
        "distributed.admin.tick.interval": "1s",
        "distributed.scheduler.work-stealing": False,  # no worker has more than it can do at once
        "logging": {"distributed": "critical"},
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=count,
            threads_per_worker=at_once(material.limits.memory_mb, count),
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # another run may have the usual port
            security=Security.temporary(),  # other users of this machine cannot talk to the workers
            protocol="tls://",
            silence_logs=50,
            preload=["grader.batch.dask_preload"],
        ) as cluster,
        Client(cluster) as client,
    ):
        most = material.limits.memory_mb * 1_000_000 + WORKER_MEMORY
        client.register_worker_callbacks(functools.partial(_bound_memory, most))  # of replacements, too
        yield client


def _bound_memory(most: int) -> None:
    """End before a flood of messages takes all of the machine's memory.

    ZeroMQ takes in a message whatever its length. A worker that ends so is
    replaced, and the culprit found, as after any other death. Where kernels are
    no forks of the warm parent they inherit the limit, hence it is larger than theirs.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


class _Run:
    """One pass over all submissions."""

    def __init__(self, client: Any, material: Material):
        self.client = client
        self.material, self.copies = material, self._spread(material)
        self.most = sum(client.nthreads().values()) + len(client.nthreads())
        self.tries: dict[str, int] = {}

    def _spread(self, material: Material) -> Any:
        """Copies of the material on all workers that there are, or the first that come."""
        try:
            self.client.wait_for_workers(1, timeout=START_SECONDS)
            return self.client.scatter(material, broadcast=True, hash=False)
        except TimeoutError:
            raise GradingError(f"all workers have ended, and none came back within {START_SECONDS} s") from None

    def outcomes(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """All outcomes: first side by side, then one by one those on which a worker died."""
        suspects: list[Task] = []
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

    def _finished(self, tasks: Iterator[Task], most: int) -> Iterator[tuple[Task, Any]]:
        from distributed import as_completed

        waiting: dict[str, Task] = {}
        done = as_completed(raise_errors=False)

        def start() -> None:
            task = next(tasks, None)
            if task is not None:
                if self.copies.status != "finished":  # all workers that had one have died
                    self.copies = self._spread(self.material)
                future = self.client.submit(examine, self.copies, task, pure=False, retries=0)
                waiting[future.key] = task
                done.add(future)

        for _ in range(most):
            start()
        while waiting:
            future = next(done)
            start()
            yield waiting.pop(future.key), future

    def _outcome(self, task: Task, future: Any) -> Outcome | None:
        """What a finished task came to; None if its worker died and it is tried again."""
        from distributed import CancelledError, KilledWorker

        try:
            if future.status != "error":
                return Outcome(task, future.result())
            problem = future.exception()
        except (Exception, CancelledError) as lost:  # noqa: BLE001 (with the worker that had the result)
            problem = lost
        if isinstance(problem, CancelledError | KilledWorker):
            self.tries[task.student] = self.tries.get(task.student, 0) + 1
            if self.tries[task.student] < TRIES:
                return None
            return Outcome(task, [], f"the worker process died {TRIES} times while it was examined")
        return Outcome(task, [], _words(problem))
