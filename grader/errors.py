"""Errors that authors and instructors may meet.

Problem
 ├── BuildError     a lesson that cannot be built: file, line and reason
 └── GradingError   submissions that cannot be graded as asked
      └── KernelLost  a kernel ended through no fault of the code in it
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["BuildError", "GradingError", "KernelLost", "Problem", "reason_of"]


class Problem(Exception):
    """Something that the person at the keyboard can put right."""


class BuildError(Problem):
    """A lesson that cannot be built."""

    def __init__(self, reason: str, path: Path | str | None = None, line: int | None = None):
        self.reason, self.path, self.line = reason, path, line
        place = "" if path is None else f"{path}:{line}: " if line else f"{path}: "
        super().__init__(f"{place}{reason}")


class GradingError(Problem):
    """Grading cannot go on as asked."""


class KernelLost(GradingError):
    """A kernel ended together with the process that made it."""


def reason_of(problem: BaseException) -> str:
    """What a library says of a problem, in one line; of a database's, what the database said."""
    said = str(getattr(problem, "orig", None) or problem).splitlines() or [""]
    return f"{type(problem).__name__}: {said[0]}"
