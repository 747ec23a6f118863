"""A time limit for a block of code, in any thread."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["OutOfTime", "time_limit"]


class OutOfTime(BaseException):
    """Raised in code that exceeds its time limit; not caught by `except Exception`."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` in the `with` block after so many seconds.

    Signals are delivered only to the main thread, and widget callbacks may run in
    another one. Python raises the exception between two bytecode instructions, so
    it interrupts an endless loop, but not a long call into C. No library does this
    for one thread without starting a process, which could not share the figure.

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
        timer.cancel()  # if it has just fired, the exception is raised here; withdrawing it would confuse tracers
