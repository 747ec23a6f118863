"""The roles of a lesson's cells."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Role"]


class Role(StrEnum):
    """A cell's role, as written in a lesson and in a notebook's metadata."""

    NONE = ""
    SETUP = "setup"
    SOLUTION = "solution"
    CHECK = "check"
    MISCONCEPTION = "misconception"
    ALTERNATIVE = "alternative"
    DEMO = "demo"
    QUIZ = "quiz"
    HINT = "hint"
    WRITTEN = "written"
    TEXT = "text"  # in notebooks only: a Markdown or code cell without a role in the lesson
    CODE = "code"
