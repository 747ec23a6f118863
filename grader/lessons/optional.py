"""Find a lesson's optional sections, in which nothing is graded."""

from __future__ import annotations

import re

from grader.lessons.audit import Defect
from grader.lessons.parser import Lesson
from grader.lessons.roles import Role
from grader.lessons.sections import sections

__all__ = ["is_optional", "optional_defects"]

OPTIONAL = re.compile(r"\(optional\)\s*\Z", re.IGNORECASE)


def is_optional(heading: str) -> bool:
    """Whether a section with this heading, and all below it, is optional."""
    return OPTIONAL.search(heading) is not None


def optional_defects(lesson: Lesson) -> list[Defect]:
    """The graded exercises in optional sections: who leaves those out would lose points."""
    found, seen = [], set()
    for cell, path in sections(lesson):
        heading = next((item.text for item in path if is_optional(item.text)), "")
        if heading and cell.role in (Role.SOLUTION, Role.QUIZ, Role.WRITTEN) and cell.exercise not in seen:
            seen.add(cell.exercise)
            text = f"{cell.exercise} has points, but stands in the optional section “{heading}”"
            found.append(Defect(cell.path, cell.line, text))
    return found
