"""The warm parent that all kernels of this process are forked from, and what it is asked for one kernel."""

from __future__ import annotations

import atexit
import contextlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path

from grader.execution.kernel_process import connection
from grader.execution.sandbox import (
    HOME,
    LIBRARY,
    SOCKETS,
    Limits,
    kernel_environment,
    library_folders,
    resource_limits,
    writable_folders,
)
from grader.execution.warm.parent import KernelRequest, WarmError, WarmParent

__all__ = ["BATCH_RUNNER", "BATCH_RUNNER_SOURCE", "kernel_request", "share_parent", "warm_parent", "warm_up"]

BATCH_RUNNER = "_grader_batch_runner"  # the batch runner's module name in warm kernels
BATCH_RUNNER_SOURCE = (Path(__file__).parent / "in_kernel" / "batch_runner.py").read_text()
WARM_MODULES = ("numpy", "numpy.random", "dlcore", "matplotlib.pyplot", BATCH_RUNNER)

_shared: list[WarmParent] = []  # started before this process was forked, by `share_parent`
_parents: list[WarmParent | WarmError] = []
_starting = threading.Lock()


def share_parent() -> None:
    """Start a warm parent for this process and all processes forked from it."""
    parent = _new_parent()
    with contextlib.suppress(WarmError, OSError):  # raised again when a kernel is launched
        parent.start()
        _shared.append(parent)


def warm_up() -> None:
    """Start this process's warm parent, so that the first kernel does not wait for it."""
    with contextlib.suppress(WarmError, OSError):  # raised again when a kernel is launched
        warm_parent()


def warm_parent() -> WarmParent:
    """The warm parent of this process; raises WarmError where namespaces cannot be nested."""
    with _starting:
        if not _parents:
            _parents.append(_start_parent())
        found = _parents[0]
    if isinstance(found, WarmError):
        raise WarmError(str(found))
    return found


def _new_parent() -> WarmParent:
    return WarmParent(
        WARM_MODULES,
        sources={BATCH_RUNNER: BATCH_RUNNER_SOURCE.encode()},
        folders=writable_folders(Limits()),
        read_only=library_folders(),
        environment=kernel_environment(HOME, LIBRARY),
        home=HOME,
    )


def _start_parent() -> WarmParent | WarmError:
    parent = _shared.pop() if _shared else _new_parent()
    try:
        probe = parent.fork(kernel_request(Limits(), "probe", {}))
    except WarmError as problem:
        parent.close()
        return problem
    probe.kill()
    probe.wait(10)
    atexit.register(parent.close)
    return parent


def kernel_request(limits: Limits, key: str, files: Mapping[str, bytes]) -> KernelRequest:
    """What a warm parent is asked for to get one kernel; for the arguments see `launch`."""
    connection_file = f"{SOCKETS}/connection.json"
    texts = {f"{HOME}/{name}": data.decode("latin-1") for name, data in files.items()}
    return KernelRequest(
        files=texts | {connection_file: json.dumps(connection(f"{SOCKETS}/k", key))},
        connection_file=connection_file,
        folders=writable_folders(limits),
        limits=resource_limits(limits, count_processes=True),
        environment=kernel_environment(HOME, LIBRARY),
        home=HOME,
    )
