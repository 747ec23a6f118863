"""The pipe through which evidence leaves a kernel, line by line."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Callable

__all__ = ["EvidencePipe"]

PIECE = 1 << 16
ROOM = 1 << 20  # bytes that it may hold; the system allows no more to everybody
TICK = 0.01  # seconds between looks: to be woken by every line costs more than the line
PIECES = 20  # taken in one go, which is more than a pipe holds; who writes without end must not keep us reading


class EvidencePipe:
    """A named pipe in a kernel's world, read on this side a hundred times a second.

    Nothing that comes out of it is trusted, and who uses it must look at `size`.

    Args:
        path: where the pipe is made, before any code of a student runs.
        most: bytes that one line may have.
        take: called with each line, without its end.
    """

    def __init__(self, path: str, most: int, take: Callable[[bytes], None]):
        os.mkfifo(path, 0o600)
        # Opened for both, so that it never ends and nobody waits for the other side.
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._descriptor, fcntl.F_SETPIPE_SZ, ROOM)
        self._timer = self._loop.call_later(TICK, self._look)
        self._most, self._take = most, take
        self._rest = b""
        self.size = 0

    def _look(self) -> None:
        self.drain()
        self._timer = self._loop.call_later(TICK, self._look)

    def drain(self) -> None:
        """Take in what has arrived."""
        for _ in range(PIECES):
            try:
                piece = os.read(self._descriptor, PIECE)
            except BlockingIOError:
                return
            self.size += len(piece)
            *lines, self._rest = (self._rest + piece).split(b"\n")
            for line in lines:
                self._take(line)
            if len(self._rest) > self._most:
                self._rest = b""
            if len(piece) < PIECE:
                return

    def close(self) -> None:
        """Stop reading; does nothing the second time."""
        if self._descriptor >= 0:
            self._timer.cancel()
            os.close(self._descriptor)
            self._descriptor = -1
