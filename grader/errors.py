"""Errors for authors and instructors.

Problem
 ├── BuildError     a lesson cannot be built: file, line and reason
 └── GradingError   submissions cannot be graded
      └── KernelLost  a kernel was ended by something other than its own code
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["BuildError", "GradingError", "KernelLost", "Problem", "reason_of"]


class Problem(Exception):
    """An error that the user can fix; the CLI shows its message without a traceback."""


class BuildError(Problem):
    """A lesson cannot be built."""

    def __init__(self, reason: str, path: Path | str | None = None, line: int | None = None):
        self.reason, self.path, self.line = reason, path, line
        place = "" if path is None else f"{path}:{line}: " if line else f"{path}: "
        super().__init__(f"{place}{reason}")


class GradingError(Problem):
    """Submissions cannot be graded."""


class KernelLost(GradingError):
    """A kernel ended because its warm parent did, or none began because every warm parent ended that was asked."""


def reason_of(problem: BaseException) -> str:
    """A library's exception in one line; for SQLAlchemy's, the database driver's message."""
    said = str(getattr(problem, "orig", None) or problem).splitlines() or [""]
    return f"{type(problem).__name__}: {said[0]}"
