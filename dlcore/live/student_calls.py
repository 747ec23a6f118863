"""Call a student's function from a widget."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from typing import Any

import numpy as np

from dlcore.errors import CourseError
from dlcore.live.time_limit import OutOfTime, time_limit

__all__ = ["ask", "name_of", "not_written"]


def ask(function: Callable[..., Any], *args: Any, seconds: float | None = None) -> Any:
    """Return `function(*args)`, with any failure turned into a CourseError.

    Its output and warnings are discarded: a widget may call it a thousand times.

    Args:
        function: the student's function.
        args: its arguments.
        seconds: its time limit; None for no limit.

    Raises:
        CourseError: the function raised, returned None or took too long; the
            message names it and the likely mistake.

    >>> ask(lambda z: z + 1, 2)
    3
    """
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            with nullcontext() if seconds is None else time_limit(seconds):
                result = function(*args)
    except OutOfTime as error:
        words = f"`{name_of(function)}` was still running after {seconds:g} s, so it was stopped. Does each loop end?"
        raise CourseError(words) from error
    except NotImplementedError as error:
        raise CourseError(not_written(error)) from error
    except Exception as error:
        raise CourseError(f"`{name_of(function)}` raised {type(error).__name__}: {error}") from error
    if result is None:
        raise CourseError(f"`{name_of(function)}` returned nothing. Is a `return` missing?")
    return result


def name_of(function: Callable[..., Any]) -> str:
    """The function's name, or "your function"."""
    return getattr(function, "__name__", "your function")


def not_written(error: NotImplementedError) -> str:
    """The message for a widget that needs a function which is not written yet."""
    return f"Write {_raised_in(error)} first, then run this cell again."


def _raised_in(error: Exception) -> str:
    """The name of the function that raised, in backquotes."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = trace.tb_frame.f_code.co_name if trace is not None else "<unknown>"
    return "your function" if name.startswith("<") else f"`{name}`"
