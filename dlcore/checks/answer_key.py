"""The answer key beside a notebook: the expected outcomes of its visible checks.

The build writes it from the reference solutions and the misconceptions. Hidden
checks are in a separate file that stays in source/.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dlcore.checks.codec import decode
from dlcore.checks.compare import Settings, agree
from dlcore.checks.evidence import Outcome
from dlcore.checks.verdict import Misconception
from dlcore.errors import SetupError

__all__ = ["HIDDEN_SUFFIX", "SUFFIX", "Key", "KeyExercise", "KnownCheck", "read_key"]

SUFFIX = ".key.json"
HIDDEN_SUFFIX = ".hidden.key.json"
VERSION = 1
SAME_ARGUMENTS = Settings(rtol=1e-6)


@dataclass(frozen=True)
class KnownCheck:
    """One check: its arguments, and the outcomes of the reference and the misconceptions."""

    arguments: Any
    label: str
    settings: Settings
    lengths: tuple[int, ...]
    expected: Outcome
    misconceptions: tuple[Misconception, ...]


@dataclass(frozen=True)
class KeyExercise:
    """A graded exercise.

    Attributes:
        name, points, checks: its own.
        uses: the exercises that it builds on.
        hints: those to ask for.
        reason: why a quiz question's answer is right, shown to who gave it; "" if that is not said.
    """

    name: str
    points: float
    checks: tuple[KnownCheck, ...]
    uses: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    reason: str = ""

    def find(self, arguments: Any, label: str = "") -> int | None:
        """The number of the check with these arguments (up to rounding) and, if several match, this label."""
        same = [n for n, check in enumerate(self.checks) if agree(check.arguments, arguments, SAME_ARGUMENTS)]
        return next((n for n in same if self.checks[n].label == label), same[0] if same else None)


@dataclass(frozen=True)
class Key:
    """The answer key of one lesson.

    Attributes:
        lesson: the notebook's name.
        title: the lesson's title.
        exercises: those with checks, by name, in the lesson's order.
        written: the points of manually graded questions, by name.
    """

    lesson: str
    title: str
    exercises: dict[str, KeyExercise]
    written: dict[str, float] = field(default_factory=dict)


def read_key(lesson: str, folder: str | Path = ".") -> Key:
    """The answer key of `lesson` in `folder`.

    If the file with the hidden checks is there, as in source/, its checks are included.

    Raises:
        SetupError: the file is missing or damaged.
    """
    path = Path(folder) / f"{lesson}{SUFFIX}"
    if not path.is_file():
        raise SetupError(
            f"The answer key `{path.name}` is not beside this notebook (looked in {path.parent.resolve()}).\n"
            "Was the notebook moved? Copy the whole folder of the lesson, or put the notebook back."
        )
    key = _read_file(lesson, path)
    hidden = Path(folder) / f"{lesson}{HIDDEN_SUFFIX}"
    if hidden.is_file():
        for name, more in _read_file(lesson, hidden).exercises.items():
            key.exercises[name] = replace(key.exercises[name], checks=key.exercises[name].checks + more.checks)
    return key


def _read_file(lesson: str, path: Path) -> Key:
    try:
        form = json.loads(path.read_text(encoding="utf-8"))
        if form["version"] != VERSION:
            raise SetupError(f"The answer key `{path.name}` is of another version of dlcore; get both anew.")
        exercises = {item["name"]: _exercise(item) for item in form["exercises"]}
        return Key(lesson, form["title"], exercises, {item["name"]: item["points"] for item in form.get("written", ())})
    except (OSError, KeyError, TypeError, ValueError, RecursionError) as problem:
        if isinstance(problem, SetupError):
            raise
        raise SetupError(f"The answer key `{path.name}` is damaged; get it anew. ({problem!r})") from None


def _exercise(form: dict[str, Any]) -> KeyExercise:
    checks = tuple(map(_check, form["checks"]))
    uses, hints = tuple(form.get("uses", ())), tuple(map(str, form.get("hints", ())))
    return KeyExercise(form["name"], form["points"], checks, uses, hints, str(form.get("reason", "")))


def _check(form: dict[str, Any]) -> KnownCheck:
    wrong = [
        Misconception(item["name"], item["hint"], Outcome.from_json(item["outcome"])) for item in form["misconceptions"]
    ]
    return KnownCheck(
        decode(form["arguments"]),
        form["label"],
        Settings.from_json(form["settings"]),
        tuple(form["lengths"]),
        Outcome.from_json(form["expected"]),
        tuple(wrong),
    )
