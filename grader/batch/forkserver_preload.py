"""Preload module of the forkserver; see `grader.batch.forkserver`.

The imports run one after the other rather than in threads: the main process is
importing at the same time, and a machine may have only two cores.
"""

from __future__ import annotations

import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is handled by the main process
from grader.execution.shared_parent import share_parent  # noqa: E402

share_parent()

import distributed.nanny  # noqa: E402, F401

import grader.batch.dask_preload  # noqa: E402, F401
from grader.batch.gc_tuning import tune_gc  # noqa: E402

tune_gc()
