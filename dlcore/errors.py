"""Errors for students.

CourseError (a ValueError)
 ├── SetupError      the notebook is not set up: no answer key, unknown mode
 ├── CodecError      a value cannot be encoded or decoded
 └── CheckFailed     an exercise's function is not right yet
      └── NotAttempted   …because it is not written yet
"""

from __future__ import annotations

__all__ = ["CheckFailed", "CodecError", "CourseError", "NotAttempted", "SetupError"]


class CourseError(ValueError):
    """An error that a student can fix; the message says how."""

    def _render_traceback_(self) -> list[str]:
        """The message alone, which IPython shows instead of a traceback."""
        return [str(self)]


class SetupError(CourseError):
    """The notebook is not set up for the lesson."""


class CodecError(CourseError):
    """A value other than numbers, strings, arrays, or lists, tuples and dicts of those."""


class CheckFailed(CourseError):
    """A function does not do what its exercise asks for.

    Args:
        text: the whole message.
        title: the check that failed.
        message: why.
        table: the differing entries as HTML.
        hint: the exercise, if it has hints to offer.
    """

    def __init__(self, text: str, title: str = "", message: str = "", table: str = "", hint: str = ""):
        super().__init__(text)
        self.title, self.message, self.table, self.hint = title, message, table, hint


class NotAttempted(CheckFailed):
    """A function is still the lesson's placeholder."""
