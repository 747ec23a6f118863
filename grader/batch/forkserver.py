"""Load what workers need in another process, while this one still loads its own.

Workers are forked from one process that has everything imported, and whose
warm parent makes the kernels of them all. It takes a second or two to get
there, so whoever will need workers starts it first of all; this module imports
next to nothing for that reason. It ends with the process that started it. Should
it die before, Dask starts another, whose workers have a warm parent each.
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

MIN_PARALLEL = 4  # submissions for which another process is not worth its start
METHOD = "forkserver"  # by which Dask is to start workers
ONE_THREAD = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}


def start_forkserver() -> None:
    """Start the process from which workers are forked, and do not wait; nothing happens if it is there."""
    multiprocessing.get_context(METHOD).set_forkserver_preload(["grader.batch.forkserver_preload"])
    with _environment(ONE_THREAD), _no_interrupts():  # it is forked, so no library may start threads in it
        forkserver.ensure_running()


@contextlib.contextmanager
def _environment(names: dict[str, str]) -> Iterator[None]:
    """Variables for what is started meanwhile."""
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
    """Keep Ctrl-C from what is started meanwhile, as far as this thread may say."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
