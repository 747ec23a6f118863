"""How much memory and how many threads a process and all that it started use."""

from __future__ import annotations

import contextlib
import os

import psutil

__all__ = ["family", "usage"]

PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
KNOWS_CHILDREN = os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def usage(pid: int) -> tuple[int, int]:
    """Resident bytes and threads of a process and all its descendants; zeros if it has ended."""
    if not KNOWS_CHILDREN:
        return _slow_usage(pid)
    memory = threads = 0
    for member in family(pid):
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{member}/statm", "rb") as stream:
                memory += int(stream.read().split()[1]) * PAGE
            threads += len(os.listdir(f"/proc/{member}/task"))
    return memory, threads


def family(pid: int) -> list[int]:
    """A process and all its descendants, the process first.

    The system lists each thread's children, which takes microseconds where
    looking through all processes would take milliseconds.
    """
    found, queue = [], [pid]
    while queue:
        member = queue.pop()
        found.append(member)
        with contextlib.suppress(OSError, ValueError):
            for thread in os.listdir(f"/proc/{member}/task"):
                with open(f"/proc/{member}/task/{thread}/children", "rb") as stream:
                    queue += map(int, stream.read().split())
    return found


def _slow_usage(pid: int) -> tuple[int, int]:
    memory = threads = 0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for member in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                memory += member.memory_info().rss
                threads += member.num_threads()
    return memory, threads
