"""What a cell of a lesson is for."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Role"]


class Role(StrEnum):
    """A cell's role, as it stands in a lesson's text and in a notebook's metadata."""

    NONE = ""
    SETUP = "setup"
    SOLUTION = "solution"
    CHECK = "check"
    MISCONCEPTION = "misconception"
    ALTERNATIVE = "alternative"
    DEMO = "demo"
    QUIZ = "quiz"
    WRITTEN = "written"
    TEXT = "text"  # in notebooks only: what has no role in the lesson's text
    CODE = "code"
