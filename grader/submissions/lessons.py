"""Tell a notebook of another week from one of the week that is graded, by the exercises that it holds."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from grader.lessons.notebooks import course_metadata
from grader.submissions.reader import NONE_OF_IT, Fetched, Submission, SubmittedCell, mentioned, understand

__all__ = ["Lessons", "released_lessons"]


@dataclass(frozen=True)
class Lessons:
    """The exercises of a course's released lessons.

    Attributes:
        week: the week that is graded.
        here: the exercises of the week's lessons, by lesson.
        elsewhere: those of the other weeks' lessons, by `week/lesson`.
    """

    week: str = ""
    here: dict[str, frozenset[str]] = field(default_factory=dict)
    elsewhere: dict[str, frozenset[str]] = field(default_factory=dict)

    def why_not_here(self, cells: Collection[SubmittedCell]) -> str:
        """Why a notebook belongs to another week, to complete a sentence; "" if it may be one of this week.

        It holds at least half of another lesson's exercises, and a larger part of them than of any lesson here.
        """
        if not self.elsewhere or not cells:
            return ""
        own = max((_share(cells, names) for names in self.here.values()), default=0.0)
        if own >= 0.5:
            return ""
        share, lesson = max((_share(cells, names), lesson) for lesson, names in self.elsewhere.items())
        return f"is {lesson}, which is no lesson of {self.week}." if share >= 0.5 else ""

    def understand(self, fetched: Fetched, said: Collection[str]) -> Submission:
        """The cells in a fetched file, of which none are taken if it belongs to another week; never raises.

        Args:
            fetched: the file.
            said: the problems that are known already.
        """
        submission = understand(fetched)
        reason = self.why_not_here(submission.cells)
        if reason:
            return Submission(problems=[f"The file {fetched.name} {reason} {NONE_OF_IT}"])
        submission.problems[:0] = said
        return submission


def _share(cells: Collection[SubmittedCell], names: frozenset[str]) -> float:
    return len(mentioned(cells, set(names))) / len(names) if names else 0.0


def released_lessons(release: Path, week: str) -> Lessons:
    """The lessons in a course's release folder; a file there that is no notebook has no exercises."""
    found: dict[str, frozenset[str]] = {}
    for path in sorted(release.glob("*/*.ipynb")):
        found[f"{path.parent.name}/{path.stem}"] = _exercises(path)
    here = {name.partition("/")[2]: names for name, names in found.items() if name.startswith(f"{week}/")}
    return Lessons(week, here, {name: names for name, names in found.items() if not name.startswith(f"{week}/")})


def _exercises(path: Path) -> frozenset[str]:
    """The exercises of a released notebook, read without nbformat, whose validation takes fifty times as long."""
    try:
        cells = json.loads(path.read_bytes())["cells"]
        return frozenset(course_metadata(cell)["exercise"] for cell in cells if course_metadata(cell).get("exercise"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return frozenset()
