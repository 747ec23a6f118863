"""Load what workers need in another process, while this one still loads its own.

Workers are forked from one process that has everything imported, and whose
warm parent makes the kernels of them all. It takes a second or two to get
there, so whoever will need workers starts it first of all; this module imports
next to nothing for that reason.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing import forkserver

__all__ = ["FEW", "METHOD", "load_early"]

FEW = 4  # submissions for which another process is not worth its start
METHOD = "forkserver"  # by which Dask is to start workers
ONE_THREAD = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}


def load_early() -> None:
    """Start the process from which workers are forked, and do not wait; nothing happens if it is there."""
    multiprocessing.get_context(METHOD).set_forkserver_preload(["grader.origin"])
    with _environment(ONE_THREAD):  # it is forked, so no library may start threads in it
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
                del os.environ[name]
            else:
                os.environ[name] = value
