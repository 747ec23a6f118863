"""Submissions that try to get points without solving anything, to do harm, or that went wrong honestly.

Each module holds one class of them as `ATTACKS`. Every one is graded for real
in tests/test_attacks.py. Beside the attack, each solves one exercise honestly
(`flatten_images`), and must get the points of just that.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["EXERCISES", "HONEST", "Attack", "Place", "forge", "spy"]

HONEST = "flatten_images"
EXERCISES = "to_column standardize sigmoid cost propagate_loop propagate gradient_descent predict accuracy".split()


@dataclass(frozen=True)
class Place:
    """Where things are on the host, for attacks that know it."""

    course: Path
    home: Path
    note: Path  # a file in /tmp
    port: int  # somebody listens there

    def fill(self, source: str) -> str:
        """The source with this place's paths and port put in."""
        words = {"@COURSE@": self.course, "@HOME@": self.home, "@NOTE@": self.note, "@PORT@": self.port}
        for word, value in words.items():
            source = source.replace(word, str(value))
        return source


@dataclass(frozen=True)
class Attack:
    """A submission.

    Attributes:
        name: what it does.
        source: a cell of the student's own, before all exercises.
        solutions: solutions by exercise.
        everywhere: the solution of each exercise but the honest one; {name} stands for its name.
        change: makes what is handed in (a notebook or bytes) from the notebook.
        lay: called with the student's folder and the place, after handing in, to lay files there.
        keeps: the exercises whose points it gets.
        harms_itself: whether it spoils the evidence of its own honest exercise, too, which may then lose points.
        told: what the graded notebook must say: proof that the attack ran.
    """

    name: str
    source: str = ""
    solutions: dict[str, str] = field(default_factory=dict)
    everywhere: str = ""
    change: Callable[[Any], Any] | None = None
    lay: Callable[[Path, Place], None] | None = None
    keeps: tuple[str, ...] = (HONEST,)
    told: str = ""
    harms_itself: bool = False

    def all_solutions(self) -> dict[str, str]:
        """The solutions that it hands in beside the honest one."""
        spread = {name: self.everywhere.replace("{name}", name) for name in EXERCISES} if self.everywhere else {}
        return spread | self.solutions


def spy(name: str, source: str) -> Attack:
    """An attack that collects in `seen` what it could reach, and tells it through an error's message."""
    body = (
        "import os\nassert os.getpid() == 1, 'only in a sandbox'\nseen = []\n"
        + source.strip()
        + "\nraise Exception('seen: ' + repr(seen)[:1500])\n"
    )
    return Attack(name, solutions={"sigmoid": body}, told="seen: []")


def forge(name: str, change: Callable[[Any], Any], **options: Any) -> Attack:
    """An attack that changes a copy of the notebook: `change` may return another thing to hand in."""

    def changed(notebook: Any) -> Any:
        notebook = copy.deepcopy(notebook)
        result = change(notebook)
        return notebook if result is None else result

    return Attack(name, change=changed, **options)
