"""Memory and threads used by process trees, and the memory still available."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

__all__ = ["at_once", "available_memory", "family", "usage"]

MOST_AT_ONCE = 3  # submissions in one worker
GROUPS = Path("/sys/fs/cgroup")
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
    """The ids of a process and all its descendants, the process first.

    Reading each thread's children from /proc takes microseconds; scanning all
    processes would take milliseconds.
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


def available_memory() -> int:
    """The bytes still available on this machine, or within its control groups' limits if that is less."""
    return max(0, min([psutil.virtual_memory().available, *_left_in_cgroups()]))


def at_once(memory_mb: int, workers: int) -> int:
    """How many submissions each of `workers` may grade concurrently, given their memory limit."""
    room = available_memory() / 1_000_000 / memory_mb
    return max(1, min(MOST_AT_ONCE, int(room / workers)))


def _left_in_cgroups() -> Iterator[int]:
    """The bytes left in each control group of this process, for cgroup v1 and v2."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, kinds, path = line.split(":", 2)
            if kinds not in ("", "memory"):
                continue
            root = GROUPS / kinds
            for folder in {root / path.lstrip("/"), *(root / path.lstrip("/")).parents}:
                if folder.is_relative_to(root):  # in a container, its own group is the root
                    yield from _left_in_cgroup(folder)


def _left_in_cgroup(folder: Path) -> Iterator[int]:
    for limit, used in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
        with contextlib.suppress(OSError, ValueError, KeyError):  # no such file, or the limit is "max"
            most, taken = int((folder / limit).read_text()), int((folder / used).read_text())
            lines = (folder / "memory.stat").read_text().splitlines()
            numbers = {name: int(value) for name, value in map(str.split, lines)}
            yield (
                most - taken + numbers.get("total_inactive_file", numbers["inactive_file"])
            )  # the page cache is reclaimable
