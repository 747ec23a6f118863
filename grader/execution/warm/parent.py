"""The warm parent, controlled from outside: start it once, fork kernels from it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from grader.execution.warm.bubblewrap import command_line
from grader.execution.warm.process import WarmProcess

__all__ = ["KernelRequest", "WarmError", "WarmParent"]

ZYGOTE_FILE = "/run/zygote.py"
SOURCES = ("warm/zygote.py", "warm/prepared_kernel.py", "in_kernel/kernel_options.py")
FILES = {f"/run/{Path(name).name}": (Path(__file__).parents[1] / name).read_bytes() for name in SOURCES}
SO_PASSCRED = getattr(socket, "SO_PASSCRED", 16)
SCM_CREDENTIALS = getattr(socket, "SCM_CREDENTIALS", 2)
CREDENTIALS = struct.Struct("3i")
START_SECONDS = 60
FORK_SECONDS = 20
TRIES = 3


class WarmError(Exception):
    """The warm parent, or a kernel forked from it, could not be started."""


@dataclass(frozen=True)
class KernelRequest:
    """The files, folders, limits and environment of one kernel.

    Attributes:
        files: files to write before it starts, by path (bytes decoded as Latin-1).
        connection_file: the path of the connection file, one of `files`.
        folders: private tmpfs folders, with their sizes in bytes; they must exist
            in the parent's sandbox.
        limits: resource limits by name without ``RLIMIT_``.
        environment: its complete environment. Values that libraries read in the
            parent, such as the folders of IPython and matplotlib, stay as they are.
        home: its working folder.
    """

    files: dict[str, str]
    connection_file: str
    folders: dict[str, int]
    limits: dict[str, int] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    home: str = "/tmp"


class WarmParent:
    """A sandboxed process with `modules` imported, from which kernels are forked.

    Args:
        modules: what to import and share between all kernels.
        sources: the source of modules that are not installed, by name.
        folders: tmpfs folders that kernels may mount their own copies of.
        read_only: folders of the host, and where they are mounted inside.
        environment: the environment while the modules are imported.
        home: the working folder; one of `folders`.

    It is thread-safe. Processes forked after it has started share it, provided that
    no thread held its lock during the fork. End it with `close`; it also ends with
    the process that started it, and each kernel ends with the process that requested it.
    """

    def __init__(
        self,
        modules: Sequence[str],
        *,
        sources: Mapping[str, bytes] | None = None,
        folders: Mapping[str, int],
        read_only: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        home: str,
    ):
        self.modules = tuple(modules)
        self._files = FILES | {f"/run/{name}.py": source for name, source in (sources or {}).items()}
        self._folders, self._home = dict(folders), home
        self._read_only, self._environment = dict(read_only or {}), dict(environment or {})
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._owner = 0  # the process that started it

    @property
    def alive(self) -> bool:
        """Whether it is running."""
        if self._control is None:
            return False
        listening = select.poll()
        listening.register(self._control, 0)
        return not listening.poll(0)  # with an empty event mask, only a hang-up or an error is reported

    def start(self) -> None:
        """Start it unless it is running; raises WarmError."""
        with self._lock:
            self._start()

    def _start(self) -> None:
        if self.alive:
            return
        self._close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        os.set_inheritable(theirs.fileno(), True)
        command = command_line(
            [sys.executable, "-s", ZYGOTE_FILE, str(theirs.fileno()), *self.modules],
            files=self._files,
            folders=self._folders,
            read_only=self._read_only,
            environment=self._environment,
            home=self._home,
            nested=True,
        )
        try:
            self._process = _popen_in_thread(
                command.arguments, command.environment, [*command.descriptors, theirs.fileno()]
            )
        finally:
            command.close()
            theirs.close()
        self._control, self._owner = ours, os.getpid()
        ours.settimeout(START_SECONDS)
        try:
            word = ours.recv(16)
        except OSError:
            word = b""
        if word != b"warm":
            reason = self._last_error_line()
            self._close()
            raise WarmError(f"the warm parent did not start: {reason}")
        if self._process.stderr is not None:
            self._process.stderr.close()  # the parent has redirected its own to /dev/null

    def _last_error_line(self) -> str:
        assert self._process is not None
        assert self._process.stderr is not None
        self._process.kill()
        lines = self._process.stderr.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "no reason given"

    def fork(self, request: KernelRequest) -> WarmProcess:
        """A new kernel's process; a parent that has ended is replaced. Raises WarmError after several failures."""
        for _ in range(TRIES - 1):
            with contextlib.suppress(WarmError):
                return self._fork(request)
        return self._fork(request)

    def _fork(self, request: KernelRequest) -> WarmProcess:
        with self._lock:
            self._start()
            assert self._control is not None
            ours, theirs = socket.socketpair()
            ours.setsockopt(socket.SOL_SOCKET, SO_PASSCRED, 1)
            try:
                socket.send_fds(self._control, [b"fork"], [theirs.fileno()])
            except OSError as problem:
                ours.close()
                raise WarmError(f"the warm parent has ended: {problem}") from None
            finally:
                theirs.close()
        data = json.dumps(asdict(request)).encode()
        ours.settimeout(FORK_SECONDS)
        try:
            ours.sendall(struct.pack("!I", len(data)) + data)
            message, ancillary, _, _ = ours.recvmsg(1000, socket.CMSG_SPACE(CREDENTIALS.size))
        except OSError as problem:
            ours.close()
            raise WarmError(f"no kernel was forked: {problem}") from None
        if message != b"ready\n":
            ours.close()
            raise WarmError(f"no kernel was forked: {message.decode('utf-8', 'replace').strip() or 'the child died'}")
        return WarmProcess(_sender(ancillary), ours)

    def close(self) -> None:
        """End it and all its kernels."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None and self._owner != os.getpid():
            self._process = None  # inherited through a fork, so not this process's to kill
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()
            self._process = None


def _popen_in_thread(
    arguments: list[str], environment: dict[str, str], descriptors: list[int]
) -> subprocess.Popen[bytes]:
    """Start a process from a thread that outlives it.

    Bubblewrap dies with its parent (PR_SET_PDEATHSIG), and Linux takes that to be
    the thread that started it.
    """
    if threading.current_thread() is threading.main_thread():
        return _popen(arguments, environment, descriptors)
    started: queue.Queue[subprocess.Popen[bytes] | WarmError] = queue.Queue()

    def keep() -> None:
        try:
            process = _popen(arguments, environment, descriptors)
        except WarmError as problem:
            started.put(problem)
            return
        started.put(process)
        process.wait()

    threading.Thread(target=keep, name="warm parent", daemon=True).start()
    process = started.get()
    if isinstance(process, WarmError):
        raise process
    return process


def _popen(arguments: list[str], environment: dict[str, str], descriptors: list[int]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            arguments,
            env=environment,
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as problem:
        raise WarmError(f"bubblewrap cannot be started: {problem}") from None


def _sender(ancillary: list[Any]) -> int:
    """The sender's process id in the caller's PID namespace."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SCM_CREDENTIALS:
            return int(CREDENTIALS.unpack(data[: CREDENTIALS.size])[0])
    raise WarmError("no kernel was forked: its message carries no credentials")
