"""A limit on how long a piece of code may take, in whatever thread it runs."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["OutOfTime", "time_limit"]


class OutOfTime(BaseException):
    """Raised in the code that takes too long. No `except Exception` in it catches this."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` in the `with` block if it still runs after so many seconds.

    Signals would reach the main thread only, and JupyterLab lets widgets work
    in another one. Python raises the exception between two of its own
    instructions, so an endless loop ends, but a long call into C does not.

    >>> with time_limit(60):
    ...     print("done in time")
    done in time
    """
    thread, lock, running = ctypes.c_ulong(threading.get_ident()), threading.Lock(), [True]

    def ring() -> None:
        with lock:
            if running:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(OutOfTime))

    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            running.clear()
        timer.cancel()  # had the bell rung just before, this call would raise; to take it back would upset tracers
