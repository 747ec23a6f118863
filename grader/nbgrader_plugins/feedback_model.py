"""What a feedback page says about each exercise, read from a graded notebook.

The notebook's check cells hold reports, and nbgrader's preprocessors have added scores
and comments. Of a mistake that several checks show, the page gives the hint once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.grading.cell_report import CellReport, CheckReport
from grader.lessons.notebooks import course_metadata, grade_id, is_check
from grader.lessons.roles import Role
from grader.lessons.sections import Heading, headings_of

__all__ = ["ExerciseFeedback", "Mistake", "read_exercises"]

NO_ANSWER = "No response."  # nbgrader's comment on an answer that was left as it was
SECTION = 3  # the deepest level of a heading that is named


@dataclass
class Mistake:
    """One mistake: what to do about it, and the checks that it makes fail.

    Attributes:
        hint: the sentence that explains it; "" if nothing is known but that the checks fail.
        named: whether the hint is a misconception's.
        checks: the checks, each with what came and what was expected, or "".
    """

    hint: str
    named: bool
    checks: list[tuple[CheckReport, str]] = field(default_factory=list)


@dataclass
class ExerciseFeedback:
    """An exercise of the page.

    Attributes:
        anchor: the id of its part of the page.
        section: the heading that it stands under in the lesson.
        score: its points, by hand or not.
        waits: whether a person has yet to grade it, or to review the points given to an earlier version.
        unmarked: whether it has no points yet, so that its points count in no total.
        followed: whether points were given because only an earlier exercise is wrong.
    """

    name: str
    anchor: str = ""
    role: str = ""
    source: str = ""
    comment: str = ""
    section: Heading | None = None
    score: float = 0.0
    points: float = 0.0
    waits: bool = False
    unmarked: bool = False
    followed: bool = False
    reports: list[CellReport] = field(default_factory=list)

    @property
    def checks(self) -> list[CheckReport]:
        """All its checks."""
        return [check for report in self.reports for check in report.checks]

    @property
    def notes(self) -> list[str]:
        """What is to be said about its cells as a whole."""
        return list(dict.fromkeys(note for report in self.reports for note in report.notes))

    @property
    def is_optional(self) -> bool:
        """Whether it gives no points."""
        return not self.points

    @property
    def state(self) -> str:
        """ "waits", "right", "unattempted" or "wrong"; "marked": an answer that has some of its points; or
        "followed": code with a check that fails, but with all points, as only an earlier mistake makes it fail.
        """
        if self.waits:
            return "waits"
        if self.comment == NO_ANSWER and not self.score:
            return "unattempted"
        failing = [check for check in self.checks if not check.passed]
        if not failing and self.score >= self.points:
            return "right"
        if self.role == Role.WRITTEN and self.score:
            return "marked"
        if failing and all(check.kind == "unattempted" for check in failing):
            return "unattempted"
        return "followed" if self.followed and self.score >= self.points > 0 else "wrong"

    @property
    def mistakes(self) -> list[Mistake]:
        """Its mistakes, in the order of the checks that show them first; those without an explanation last."""
        found: dict[tuple[str, str], Mistake] = {}
        for check in self.checks:
            if check.passed:
                continue
            hint, detail = _split(check)
            key = (check.misconception, hint) if check.message else ("", "")
            found.setdefault(key, Mistake(hint, bool(check.misconception))).checks.append((check, detail))
        return sorted(found.values(), key=lambda mistake: not mistake.hint)


def _split(check: CheckReport) -> tuple[str, str]:
    """A message's explanation, which checks may share, and what only this check says."""
    hint, newline, detail = check.message.partition("\n")
    if check.misconception:
        return hint, detail
    for word in ("Expected ", "It was "):  # a diagnosis ends with the values, of which arrays take several lines
        before, found, values = f" {hint}".rpartition(f" {word}")
        if found and before.endswith(":"):  # it only names the part that the values are of
            return "", check.message
        if found:
            return before.strip(), f"{word}{values}{newline}{detail}"
    torn = hint.count("[") > hint.count("]")
    return (check.message, "") if torn else (hint, detail)


def read_exercises(cells: Sequence[Any]) -> list[ExerciseFeedback]:
    """The exercises of a graded notebook, in its order."""
    found: dict[str, ExerciseFeedback] = {}
    section = None
    for cell in cells:
        data = course_metadata(cell)
        name = data.get("exercise")
        if not name:
            named = headings_of(cell.source) if data.get("role") == Role.TEXT else []
            section = next((heading for heading in reversed(named) if 1 < heading.level <= SECTION), section)
            continue
        item = found.setdefault(name, ExerciseFeedback(name))
        grades = cell.metadata.nbgrader
        if is_check(cell):
            item.reports += [CellReport.from_json(data["report"])] if "report" in data else []
            item.followed = any(report.followed for report in item.reports)
        else:
            item.role, item.source, item.comment = data["role"], cell.source, grades.get("comment") or ""
            item.anchor, item.section = grade_id(cell), section
        if grades.get("grade"):
            item.score += float(grades.get("score") or 0)
            item.points += float(grades.get("points") or 0)
            item.waits |= data.get("role") == Role.WRITTEN and bool(grades.get("needs_manual_grade", False))
            item.unmarked |= bool(grades.get("unmarked", False))
    return list(found.values())
