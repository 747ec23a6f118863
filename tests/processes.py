"""Processes that a test starts or watches. Any of them may end between two looks at it."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import psutil

__all__ = ["PATIENCE", "command_line", "descendants", "ended_with_its_children", "eventually", "gone", "named"]

PATIENCE = 300  # seconds; only what will never happen takes that long, on however slow a machine
Found = TypeVar("Found")


def eventually(what: Callable[[], Found], run: subprocess.Popen | None = None) -> Found:
    """What `what` returns once it is true; a failure if `run` ends before, or after all patience."""
    deadline = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come to that"
        assert run is None or run.poll() is None, f"the run ended before, with {run.returncode}"
        time.sleep(0.02)
    return found


def gone(pids: list[int]) -> bool:
    """Whether the processes end."""
    return eventually(lambda: not any(psutil.pid_exists(pid) for pid in pids))


def descendants(pid: int, *, recursive: bool = True) -> list[psutil.Process]:
    """The processes below one, as far as they are there; none if it has ended."""
    try:
        return psutil.Process(pid).children(recursive=recursive)
    except psutil.NoSuchProcess:
        return []


def command_line(process: psutil.Process) -> str:
    """How a process was started; "" if it has ended."""
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def named(pid: int, name: str) -> list[psutil.Process]:
    """The processes below one that have this name."""
    found = []
    for process in descendants(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.name() == name:
                found.append(process)
    return found


@contextlib.contextmanager
def ended_with_its_children(run: subprocess.Popen) -> Iterator[subprocess.Popen]:
    """A process that has ended when the `with` is left, and all that it started, too, whatever happens inside."""
    try:
        yield run
    finally:
        family = descendants(run.pid)
        run.kill()
        run.wait()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, PATIENCE)
