"""Messages to and from an untrusted kernel.

Messages are bounded in size, any failure to read one is reported and ends the
connection, and sockets never reconnect.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Callable
from typing import Any

import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.session import Session

from grader.execution.cell_run import brackets_in
from grader.execution.kernel_process import connection

__all__ = ["KernelConnection", "is_listening"]

RECONNECT_DISABLED_MS = 1_000_000_000
YIELD_EVERY = 100  # messages between two yields to the event loop
MESSAGE_OVERHEAD = 2_000_000  # bytes of a message beyond the output limit
# Reading a message takes time, and more of it for each object in it: what that counts for, in characters of output.
MESSAGE_COST = 4000
BRACKET_COST = 200
MAX_DEPTH = 8  # nesting level up to which a message's size is counted


class KernelConnection:
    """The shell and iopub channels of one kernel.

    Args:
        sockets: the path prefix of its sockets.
        key: the key that signs its messages.
        output_bytes: the output limit, which also bounds the size of a message.
        on_published: called with the size of each message.
        on_message: called with the type and content of each reply to the last request.
        on_change: called when `ready` or `idle` may have changed.
        on_damage: called when a message cannot be read.

    Attributes:
        ready: whether the kernel has sent anything yet.
        idle: whether the last request is done.
        is_closing: once it is set, no more messages are read.
    """

    def __init__(
        self,
        sockets: str,
        key: str,
        output_bytes: int,
        *,
        on_published: Callable[[int], None],
        on_message: Callable[[str, dict[str, Any]], None],
        on_change: Callable[[], None],
        on_damage: Callable[[], None],
    ):
        self.ready = self.idle = self.is_closing = False
        self._request = ""
        self._on_published, self._on_message = on_published, on_message
        self._on_change, self._on_damage = on_change, on_damage
        self._context = zmq.asyncio.Context()
        self._context.setsockopt(zmq.MAXMSGSIZE, output_bytes + MESSAGE_OVERHEAD)
        self._context.setsockopt(zmq.LINGER, 0)
        # Student code could replace a socket by a symlink, which a reconnect would follow in the host's file system.
        # -1 disables reconnects, but then libzmq aborts the process if a peer closes amid a multipart message.
        self._context.setsockopt(zmq.RECONNECT_IVL, RECONNECT_DISABLED_MS)
        self._client = AsyncKernelClient(context=self._context)
        self._client.load_connection_info(connection(sockets, key) | {"key": key.encode()})
        self._client.start_channels(stdin=False, hb=False, control=False)
        # The replies on the shell channel are not used, but would queue up if they were not read.
        channels = (self._client.iopub_channel, self._client.shell_channel)
        self._tasks = [asyncio.create_task(self._listen(channel.socket, channel.session)) for channel in channels]

    def ask_for_info(self) -> None:
        """Request the kernel's info, which every kernel answers."""
        self._client.kernel_info()

    def send(self, kind: str, content: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        """Send a request; it is done when `idle` is true."""
        message = self._client.session.msg(kind, content, metadata=metadata)
        self._request, self.idle = message["header"]["msg_id"], False
        self._client.shell_channel.send(message)

    async def close(self) -> None:
        """Stop listening and close the sockets.

        `stop_channels` of the client would first connect the channels that were never opened.
        """
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._context.destroy(linger=0)

    async def _listen(self, source: zmq.asyncio.Socket, session: Session) -> None:
        """Read messages until the connection is closed or damaged."""
        for number in itertools.count():
            try:
                _, parts = session.feed_identities(await source.recv_multipart())
                if self.is_closing:
                    return
                cost = MESSAGE_COST + BRACKET_COST * sum(map(brackets_in, parts))
                self._receive(session.deserialize(parts), cost)
                if number % YIELD_EVERY == 0:
                    await asyncio.sleep(0)  # under a flood `recv` never suspends, which would starve other tasks
            except Exception:  # noqa: BLE001 (a hostile message may raise anything)
                self._on_damage()
                return

    def _receive(self, message: dict[str, Any], cost: int) -> None:
        """Handle a message; `cost` is added to its size."""
        kind, content = message["header"]["msg_type"], message["content"]
        if not self.ready:
            self.ready = True
            self._on_change()
        size = _size(content) + _size(message["metadata"])
        self._on_published(size + cost + sum(len(memoryview(part)) for part in message.get("buffers", ())))
        if message["parent_header"].get("msg_id") != self._request:
            return
        if kind == "status":
            self.idle = content.get("execution_state") == "idle"
            self._on_change()
        else:
            self._on_message(kind, content)


def is_listening(path: str) -> bool:
    """Whether a process accepts connections at a socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def _size(content: Any, depth: int = 0) -> int:
    """The approximate number of characters in a message."""
    if isinstance(content, str):
        return len(content)
    if isinstance(content, dict) and depth < MAX_DEPTH:
        return 16 + sum(len(str(key)) + _size(value, depth + 1) for key, value in content.items())
    if isinstance(content, list) and depth < MAX_DEPTH:
        return 16 + sum(_size(value, depth + 1) for value in content)
    return 16
