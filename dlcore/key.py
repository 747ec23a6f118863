"""The answer key that lies beside a notebook: what its visible checks expect.

The build writes it from the reference solutions and the misconceptions.
Hidden checks are not in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlcore.codec import decode
from dlcore.compare import Settings, agree
from dlcore.errors import CodecError, SetupError
from dlcore.evidence import Outcome
from dlcore.judge import Misconception

__all__ = ["SUFFIX", "Exercise", "Key", "KnownCheck", "read_key"]

SUFFIX = ".key.json"
VERSION = 1
SAME_ARGUMENTS = Settings(rtol=1e-6)


@dataclass(frozen=True)
class KnownCheck:
    """One visible check: its arguments, and what the reference did with them."""

    arguments: Any
    label: str
    settings: Settings
    lengths: tuple[int, ...]
    expected: Outcome
    misconceptions: tuple[Misconception, ...]


@dataclass(frozen=True)
class Exercise:
    """A graded exercise: its name, its points and its visible checks."""

    name: str
    points: float
    checks: tuple[KnownCheck, ...]

    def find(self, arguments: Any) -> int | None:
        """Which check has these arguments (up to rounding), if any."""
        for number, check in enumerate(self.checks):
            if agree(check.arguments, arguments, SAME_ARGUMENTS):
                return number
        return None


@dataclass(frozen=True)
class Key:
    """The answer key of one lesson."""

    lesson: str
    title: str
    exercises: dict[str, Exercise]


def read_key(lesson: str, folder: str | Path = ".") -> Key:
    """The answer key of `lesson` in `folder`.

    Raises:
        SetupError: no such file, or it is damaged.
    """
    path = Path(folder) / f"{lesson}{SUFFIX}"
    try:
        form = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SetupError(
            f"The answer key `{path.name}` is not beside this notebook (looked in {path.parent.resolve()}).\n"
            "Was the notebook moved? Copy the whole folder of the lesson, or put the notebook back."
        ) from None
    except (OSError, ValueError) as problem:
        raise SetupError(f"The answer key `{path.name}` cannot be read: {problem}") from None
    try:
        if form["version"] != VERSION:
            raise SetupError(f"The answer key `{path.name}` is of another version of dlcore; get both anew.")
        exercises = [_exercise(item) for item in form["exercises"]]
        return Key(lesson, form["title"], {exercise.name: exercise for exercise in exercises})
    except (KeyError, TypeError, CodecError) as problem:
        raise SetupError(f"The answer key `{path.name}` is damaged ({problem!r}); get it anew.") from None


def _exercise(form: dict[str, Any]) -> Exercise:
    return Exercise(form["name"], form["points"], tuple(map(_check, form["checks"])))


def _check(form: dict[str, Any]) -> KnownCheck:
    wrong = [
        Misconception(item["name"], item["hint"], Outcome.from_json(item["outcome"])) for item in form["misconceptions"]
    ]
    return KnownCheck(
        decode(form["arguments"]),
        form["label"],
        Settings(**form["settings"]),
        tuple(form["lengths"]),
        Outcome.from_json(form["expected"]),
        tuple(wrong),
    )
