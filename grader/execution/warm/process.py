"""The process of a warm kernel, seen from outside: whether it runs, how it ended, and its end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time

__all__ = ["WarmProcess"]


class WarmProcess:
    """A kernel's process: `pid` is its id in the caller's namespace, /proc/<pid>/root its file system.

    The process is killed when this object is garbage-collected. `lost` is true if it
    ended with its parent rather than by itself or by a signal.
    """

    def __init__(self, pid: int, channel: socket.socket):
        self.pid = pid
        self.returncode: int | None = None
        self.lost = False
        self._channel = channel
        self._received = b""

    def poll(self) -> int | None:
        """Its exit code, negative for a signal, or None while it runs."""
        if self.returncode is None:
            self._receive(0.0)
        return self.returncode

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait until it ends, at most `seconds`; returns the same as `poll`."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while self.returncode is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                break
            self._receive(left)
        return self.returncode

    def _receive(self, seconds: float | None) -> None:
        self._channel.settimeout(seconds)
        try:
            data = self._channel.recv(4096)
        except (TimeoutError, BlockingIOError):
            return
        except OSError:
            data = b""
        self._received += data
        if not data or b"\n" in self._received:
            words = self._received.split()
            self.lost = len(words) != 2 or words[0] != b"ended"
            self.returncode = -signal.SIGKILL if self.lost else int(words[1])
            self._channel.close()

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it and every process that it started."""
        self.send_signal(signal.SIGKILL)
