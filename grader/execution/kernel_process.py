"""A started kernel: its process, and where its sockets are."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from typing import Any, Protocol

import psutil

from grader.execution.sandbox import EVIDENCE

__all__ = ["ColdProcess", "Launched", "Process", "connection"]


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
class ColdProcess:
    """A process that is no fork of a warm parent; `pid` is that of the kernel, not of bubblewrap."""

    popen: subprocess.Popen[bytes]
    pid: int
    boxed: bool
    lost: bool = False

    def poll(self) -> int | None:
        """Its exit code, negative for a signal, or None while it runs."""
        code = self.popen.poll()
        return code if code is None or code < 128 or not self.boxed else 128 - code

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait until it ends, at most `seconds`; returns the same as `poll`."""
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
