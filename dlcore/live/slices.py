"""Work that takes longer than a picture may, done in slices between the messages of the page."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

__all__ = ["Slices"]

FIRST = 0.005  # seconds of work before the first picture
SLICE, PAUSE = 0.01, 0.005  # seconds of work, and without, by turns: what the page asks waits no longer than a slice
LULL = 0.08  # seconds in which the page shows the first picture undisturbed
EVERY = 0.15  # seconds between two pictures on the way


class Slices:
    """Work for a picture, begun at once and gone on with in the event loop of the thread that began it.

    Where no event loop runs, as in a script, all work is done before the first picture.
    """

    def __init__(
        self,
        work: Callable[[float], bool],
        show: Callable[[bool], None],
        run: Callable[[Callable[[], None]], None],
    ):
        """Take note of what is to be done.

        Args:
            work: does about so many seconds' work, and returns whether none is left.
            show: shows how far the work is; it is told whether none is left.
            run: runs a slice. If it fails, `run` says so, and nothing follows.
        """
        self._work, self._show, self._run = work, show, run
        self._begun = 0

    def begin(self, whole: bool = False) -> None:
        """Show a picture after a moment's work, or of the whole work; what was begun earlier is left as it is."""
        self._begun += 1
        loop = None if whole else _running_loop()
        self._run(lambda: self._first(loop, self._begun))

    def _first(self, loop: asyncio.AbstractEventLoop | None, number: int) -> None:
        done = self._work(math.inf if loop is None else FIRST)
        self._show(done)
        if loop is not None and not done:
            self._later(loop, number, time.perf_counter(), LULL)

    def _later(self, loop: asyncio.AbstractEventLoop, number: int, shown: float, pause: float = PAUSE) -> None:
        loop.call_later(pause, self._run, lambda: self._next(loop, number, shown))

    def _next(self, loop: asyncio.AbstractEventLoop, number: int, shown: float) -> None:
        if number != self._begun:
            return
        done = self._work(SLICE)
        if done or time.perf_counter() - shown > EVERY:
            self._show(done)
            shown = time.perf_counter()
        if not done:
            self._later(loop, number, shown)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
