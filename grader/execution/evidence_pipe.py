"""The pipe through which evidence leaves a kernel, line by line."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Callable

__all__ = ["EvidencePipe"]

CHUNK_BYTES = 1 << 16
PIPE_BYTES = 1 << 20  # bytes; the default maximum for unprivileged processes
POLL_SECONDS = 0.01  # seconds between reads: waking up for every line costs more than handling it
MAX_CHUNKS = 20  # per read, more than the pipe holds; bounded so that a constant writer cannot block the loop


class EvidencePipe:
    """A named pipe in a kernel's mount namespace, read from outside a hundred times a second.

    Its content is untrusted, and the caller must enforce a limit on `size`.

    Args:
        path: where to create the pipe, before any student code runs.
        most: the maximum length of a line in bytes.
        take: called with each line, without its newline.
    """

    def __init__(self, path: str, most: int, take: Callable[[bytes], None]):
        os.mkfifo(path, 0o600)
        # Opened for reading and writing, so that it never reaches end of file and no open blocks.
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._timer = self._loop.call_later(POLL_SECONDS, self._poll)
        self._max_line, self._take = most, take
        self._rest = b""
        self.size = 0
        self.is_closing = False  # once it is set, nothing more is read

    def _poll(self) -> None:
        self.drain()
        self._timer = self._loop.call_later(POLL_SECONDS, self._poll)

    def drain(self) -> None:
        """Read what has arrived."""
        for _ in range(MAX_CHUNKS):
            if self.is_closing:
                return
            try:
                chunk = os.read(self._descriptor, CHUNK_BYTES)
            except BlockingIOError:
                return
            self.size += len(chunk)
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            for line in lines:
                self._take(line)
            if len(self._rest) > self._max_line:
                self._rest = b""
            if len(chunk) < CHUNK_BYTES:
                return

    def close(self) -> None:
        """Stop reading. Idempotent."""
        if self._descriptor >= 0:
            self._timer.cancel()
            os.close(self._descriptor)
            self._descriptor = -1
