"""Start a kernel's process: warm, cold, or without a sandbox.

Warm is the default: a fork of a parent with everything imported (see
`grader.execution.warm`). Where namespaces cannot be nested, each kernel runs in
its own bubblewrap; without a sandbox, it is a plain process with resource limits.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil

import dlcore
from grader.errors import GradingError
from grader.execution.sandbox import (
    EVIDENCE,
    HOME,
    LIBRARY,
    SOCKETS,
    Limits,
    kernel_environment,
    library_folders,
    sandbox_command,
    writable_folders,
)
from grader.execution.warm.parent import KernelRequest, WarmError, WarmParent

__all__ = [
    "BATCH_RUNNER",
    "BATCH_RUNNER_SOURCE",
    "Launched",
    "Process",
    "connection",
    "launch",
    "warm_parent",
    "warm_up",
]

IN_KERNEL = Path(__file__).parent / "in_kernel"
BOOTSTRAP = {name: (IN_KERNEL / name).read_bytes() for name in ("bootstrap.py", "kernel_options.py")}
BOOTSTRAP_FILE, CONNECTION_FILE = "/run/bootstrap.py", "/run/connection.json"
BATCH_RUNNER = "_grader_batch_runner"  # the batch runner's module name in warm kernels
BATCH_RUNNER_SOURCE = (IN_KERNEL / "batch_runner.py").read_text()
WARM_MODULES = ("numpy", "numpy.random", "dlcore", "matplotlib.pyplot", BATCH_RUNNER)
ADDRESS_SPACE = 4_000_000_000  # bytes beyond resident memory that libraries map and never touch


class Process(Protocol):
    """A kernel's process."""

    pid: int
    lost: bool  # whether it was ended by something other than its own code

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait until it ends, at most `seconds`."""

    def kill(self) -> None:
        """End it and every process that it started."""


@dataclass
class Launched:
    """A started kernel.

    Attributes:
        process: its process.
        sockets: the path prefix of its sockets, as seen from outside.
        evidence: the path of the evidence pipe, as seen from inside.
        folder: a folder to remove afterwards.
        warm: whether it was forked from a warm parent, with BATCH_RUNNER loaded.
    """

    process: Process
    sockets: str
    evidence: str = EVIDENCE
    folder: str | None = None
    warm: bool = False

    def clean(self) -> None:
        """Remove its temporary folder, if any."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class _ColdProcess:
    """A process started by `_popen`; `pid` is that of the kernel, not of bubblewrap."""

    popen: subprocess.Popen[bytes]
    pid: int
    boxed: bool
    lost: bool = False

    def poll(self) -> int | None:
        code = self.popen.poll()
        return code if code is None or code < 128 or not self.boxed else 128 - code

    def wait(self, seconds: float | None = None) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(seconds)
        return self.poll()

    def kill(self) -> None:
        """In a sandbox, all processes die with PID 1; without one, its descendants are killed one by one."""
        if self.popen.poll() is not None:
            return
        family: list[psutil.Process] = []
        if not self.boxed:
            with contextlib.suppress(psutil.Error):
                family = psutil.Process(self.pid).children(recursive=True)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        for process in family:
            with contextlib.suppress(psutil.Error):
                process.kill()


def connection(sockets: str, key: str) -> dict[str, Any]:
    """A kernel's connection info: sockets in the file system, so no network is needed."""
    ports = {"shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5}
    return {"transport": "ipc", "ip": sockets, "key": key, "signature_scheme": "hmac-sha256", **ports}


def launch(limits: Limits, key: str, files: Mapping[str, bytes], *, sandboxed: bool) -> Launched:
    """A newly started kernel.

    Args:
        limits: its resource limits.
        key: the key that signs its messages.
        files: the files in its working folder, by name.
        sandboxed: whether it runs in a sandbox.

    Raises:
        GradingError: it could not be started.
    """
    if not sandboxed:
        return _launch_plain(limits, key, files)
    try:
        parent = warm_parent()
    except WarmError:
        return _launch_boxed(limits, key, files)
    return _launch_warm(parent, limits, key, files)


def _resource_limits(limits: Limits, *, count_processes: bool) -> dict[str, int]:
    numbers = {
        "CPU": limits.cpu_seconds,
        "FSIZE": limits.file_mb * 1_000_000,
        "NOFILE": limits.open_files,
        "CORE": 0,
        "AS": limits.memory_mb * 1_000_000 + ADDRESS_SPACE,
    }
    # One below the limit: Linux refuses a process only above RLIMIT_NPROC, where the watcher would kill the kernel.
    return numbers | ({"NPROC": limits.processes - 1} if count_processes else {})


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
        probe = parent.fork(_request(Limits(), "probe", {}))
    except WarmError as problem:
        parent.close()
        return problem
    probe.kill()
    probe.wait(10)
    atexit.register(parent.close)
    return parent


def _request(limits: Limits, key: str, files: Mapping[str, bytes]) -> KernelRequest:
    connection_file = f"{SOCKETS}/connection.json"
    texts = {f"{HOME}/{name}": data.decode("latin-1") for name, data in files.items()}
    return KernelRequest(
        files=texts | {connection_file: json.dumps(connection(f"{SOCKETS}/k", key))},
        connection_file=connection_file,
        folders=writable_folders(limits),
        limits=_resource_limits(limits, count_processes=True),
        environment=kernel_environment(HOME, LIBRARY),
        home=HOME,
    )


def _launch_warm(parent: WarmParent, limits: Limits, key: str, files: Mapping[str, bytes]) -> Launched:
    try:
        process = parent.fork(_request(limits, key, files))
    except WarmError as problem:
        raise GradingError(str(problem)) from None
    return Launched(process, f"/proc/{process.pid}/root{SOCKETS}/k", warm=True)


def _launch_boxed(limits: Limits, key: str, files: Mapping[str, bytes]) -> Launched:
    given = (
        {
            CONNECTION_FILE: json.dumps(connection(f"{SOCKETS}/k", key)).encode(),
        }
        | {f"/run/{name}": data for name, data in BOOTSTRAP.items()}
        | {f"{HOME}/{name}": data for name, data in files.items()}
    )
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    numbers = [f"{name}={value}" for name, value in _resource_limits(limits, count_processes=True).items()]
    command = sandbox_command([sys.executable, "-s", BOOTSTRAP_FILE, CONNECTION_FILE, *numbers], limits, given, writer)
    try:
        popen = _popen(command.arguments, command.environment, [*command.descriptors, writer])
    finally:
        command.close()
        os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        text = stream.read()
    try:
        pid = int(json.loads(text)["child-pid"])
    except (ValueError, KeyError):
        popen.kill()
        popen.wait()
        raise GradingError("bubblewrap did not start a kernel; `python -m grader doctor` says why") from None
    return Launched(_ColdProcess(popen, pid, boxed=True), f"/proc/{pid}/root{SOCKETS}/k")


def _launch_plain(limits: Limits, key: str, files: Mapping[str, bytes]) -> Launched:
    folder = tempfile.mkdtemp(prefix="kernel-")
    work = Path(folder, "work")
    work.mkdir()
    for name, data in files.items():
        (work / name).write_bytes(data)
    for name, data in BOOTSTRAP.items():
        Path(folder, name).write_bytes(data)
    Path(folder, "connection.json").write_text(json.dumps(connection(f"{folder}/k", key)))
    numbers = [f"{name}={value}" for name, value in _resource_limits(limits, count_processes=False).items()]
    arguments = [sys.executable, "-s", f"{folder}/bootstrap.py", f"{folder}/connection.json", *numbers]
    environment = kernel_environment(str(work), str(Path(dlcore.__file__).parent.parent), f"{folder}/k-evidence")
    popen = _popen(arguments, environment, [], cwd=str(work))
    return Launched(_ColdProcess(popen, popen.pid, boxed=False), f"{folder}/k", f"{folder}/k-evidence", folder)


def _popen(
    arguments: list[str], environment: dict[str, str], descriptors: list[int], cwd: str | None = None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        arguments,
        env=environment,
        cwd=cwd,
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
