"""Errors that a student may meet.

CourseError (a ValueError)
 ├── SetupError      the notebook is not set up: no answer key, unknown mode
 ├── CodecError      a value that cannot travel between processes
 └── CheckFailed     an exercise's function is not right yet
      └── NotAttempted   …because it is not written yet
"""

from __future__ import annotations

__all__ = ["CheckFailed", "CodecError", "CourseError", "NotAttempted", "SetupError"]


class CourseError(ValueError):
    """Something that a student can put right; the message says how."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback: the message alone."""
        return [str(self)]


class SetupError(CourseError):
    """The notebook is not set up as the lesson needs it."""


class CodecError(CourseError):
    """A value that is not numbers, texts, arrays, or lists, tuples and dicts of those."""


class CheckFailed(CourseError):
    """A function did not return what its exercise asks for."""


class NotAttempted(CheckFailed):
    """A function is still the placeholder that the lesson came with."""
