"""What is watched from outside while attacks are graded: calls to this machine, and processes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from tests.processes import descendants

__all__ = ["Ear", "adopt", "survivors"]

LINGER = 60  # seconds that a killed process may take to be gone where the machine is busy


class Ear:
    """Listens where an attack might call; notes who does."""

    def __init__(self, home: Path, secret: str):
        self.calls: list[str] = []
        self.secret = secret
        self.sockets = [socket.socket(), *(socket.socket(socket.AF_UNIX) for _ in range(2))]
        self.sockets[0].bind(("127.0.0.1", 0))
        self.port = self.sockets[0].getsockname()[1]
        self.sockets[1].bind(f"\0canary-{self.port}")
        folder = os.open(home, os.O_RDONLY)  # the name of a socket must be short
        self.sockets[2].bind(f"/proc/self/fd/{folder}/socket")
        os.close(folder)
        for item in self.sockets:
            item.listen()
            threading.Thread(target=self._answer, args=(item,), daemon=True).start()

    def _answer(self, item: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, address = item.accept()
                self.calls.append(f"{item.getsockname()} from {address}: {_caller(address)}")
                with connection:
                    connection.sendall(self.secret.encode())

    def close(self) -> None:
        for item in self.sockets:
            with contextlib.suppress(OSError):
                item.shutdown(socket.SHUT_RDWR)
            item.close()


def _caller(address: Any) -> str:
    """The command line of the process that holds the other end."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if address and any(end.laddr == address for end in process.net_connections("inet")):
                return " ".join(process.cmdline())
    return "who cannot be told"


def adopt(on: bool) -> None:
    """Whether orphans among our descendants become our children, so that none is lost sight of."""
    ctypes.CDLL(None).prctl(36, int(on), 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def survivors(earlier: set[int]) -> list[str]:
    """The processes that are ours now and do not end."""
    deadline = time.monotonic() + LINGER
    while True:
        alive = []
        for process in descendants(os.getpid()):
            with contextlib.suppress(psutil.Error, ChildProcessError):
                if process.pid in earlier:
                    continue
                if process.status() == psutil.STATUS_ZOMBIE:
                    os.waitpid(process.pid, os.WNOHANG)
                else:
                    alive.append(" ".join(process.cmdline()))
        if not alive or time.monotonic() > deadline:
            return alive
        time.sleep(0.1)
