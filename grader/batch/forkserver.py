"""Start the forkserver early, so that it imports what workers need while this process imports its own modules.

Workers are forked from the forkserver, which has everything imported and owns
the warm parent that all their kernels come from. Its start takes a second or two,
so the caller should start it before anything else; therefore this module imports
very little. It ends with the process that started it. If it dies earlier, Dask
starts another, whose workers each start their own warm parent.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing import forkserver

__all__ = ["METHOD", "MIN_PARALLEL", "start_forkserver"]

MIN_PARALLEL = 4  # submissions per worker below which starting one does not pay
METHOD = "forkserver"  # Dask's multiprocessing method
ONE_THREAD = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}


def start_forkserver() -> None:
    """Start the forkserver without waiting for it. Idempotent."""
    multiprocessing.get_context(METHOD).set_forkserver_preload(["grader.batch.forkserver_preload"])
    with _environment(ONE_THREAD), _no_interrupts():  # libraries must not start threads in a process that forks
        forkserver.ensure_running()


@contextlib.contextmanager
def _environment(names: dict[str, str]) -> Iterator[None]:
    """Set environment variables for processes started within the block."""
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _no_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C in processes started within the block, if this is the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
