"""What the process loads from which workers are forked; see `grader.batch.forkserver`.

It comes to all this beside a process that loads, too, and two cores have no room
for three: hence one after the other.
"""

from __future__ import annotations

import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that gives out the work
import grader.fast_imports  # noqa: E402
from grader.execution.launch import share_parent  # noqa: E402

share_parent()

import distributed.nanny  # noqa: E402, F401

import grader.batch.dask_preload  # noqa: E402, F401
from grader.batch.gc_tuning import tune_gc  # noqa: E402

tune_gc()
