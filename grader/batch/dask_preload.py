"""Dask preload module: prepare a worker for its first submission.

Workers started by hand load it with ``dask worker --preload grader.batch.dask_preload``.
"""

from __future__ import annotations

import signal
import threading

import grader.grading.pipeline  # noqa: F401 (needed by every submission)
from grader.batch.gc_tuning import tune_gc
from grader.execution.shared_parent import warm_up

__all__ = ["dask_setup"]


def dask_setup(_worker: object) -> None:
    """Ignore Ctrl-C, which the client handles, and start the warm parent."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=warm_up, name="warm up", daemon=True).start()
    tune_gc()
