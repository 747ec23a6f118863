"""Draw a lesson's hidden checks anew, until they are of the same kind and the audit holds."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.errors import BuildError
from grader.lessons.load_reference import load_reference
from grader.lessons.notebooks import course_metadata, is_check, write_notebook
from grader.lessons.parser import Lesson
from grader.lessons.reference import Reference
from grader.lessons.variants import variants_path
from grader.offering.kinds import count_anew, why_unlike
from grader.offering.redraw import Amount, redraw

__all__ = ["Drawn", "basis_digest", "draw_lesson"]

# What is tried in turn, each time with other numbers, for each exercise on its own.
TWICE_EACH = (Amount.ARRAYS, Amount.COLUMNS, Amount.SEEDS)
ATTEMPTS = (*[Amount.ALL] * 3, *(amount for amount in TWICE_EACH for _ in range(2)), Amount.NOTHING)
LAST = len(ATTEMPTS) - 1


@dataclass(frozen=True)
class Drawn:
    """An exercise's hidden checks after drawing.

    Attributes:
        anew, hidden: how many hidden checks have other numbers, and how many there are.
        attempts: how often numbers were drawn.
        amount: what was drawn anew, an `Amount`.
        reason: why what was tried last before was not taken.
    """

    exercise: str
    anew: int
    hidden: int
    attempts: int
    amount: int
    reason: str = ""


def draw_lesson(public: Reference, lesson: Lesson, key: bytes, folder: Path, cache: Path) -> list[Drawn]:
    """What became of each exercise with hidden checks, after writing the notebook with other numbers into a folder.

    Args:
        public: the reference with the lesson's own numbers.
        lesson: the lesson.
        key: what the numbers depend on.
        folder: a folder named like the week; the support modules are copied there, too.
        cache: the folder for evidence.

    Raises:
        BuildError: the lesson's own numbers do not pass, either.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in public.files.items():
        (folder / name).write_bytes(data)
    path = folder / f"{lesson.name}.ipynb"
    attempts = {name: 0 for name, item in public.exercises.items() if any(any(cell.hidden) for cell in item.cells)}
    reasons: dict[str, str] = {}
    open_names = list(attempts)
    while True:
        path.write_text(write_notebook(_with_numbers(public.notebook, attempts, key)), encoding="utf-8")
        amounts = {name: ATTEMPTS[attempts[name]] for name in open_names}
        drawn, refused = _tried(public, lesson, path, cache, amounts)
        if drawn is not None and not refused:
            return [_drawn(public, drawn, name, count, reasons) for name, count in attempts.items()]
        open_names = list(refused) if drawn is not None else open_names
        for name, reason in refused.items():
            if attempts[name] == LAST:
                raise BuildError(f"{name}: its own numbers are refused: {reason}", lesson.path)
            attempts[name] = _next(public, name, attempts[name], key)
            reasons[name] = reason


def _tried(
    public: Reference, lesson: Lesson, path: Path, cache: Path, amounts: Mapping[str, Amount]
) -> tuple[Reference | None, dict[str, str]]:
    """The reference with other numbers, if it runs, and by exercise in `amounts` why they are refused."""
    try:
        drawn = load_reference(path, lesson, cache)
    except BuildError as problem:
        owner = _owner(lesson, problem)
        return None, dict.fromkeys([owner] if owner in amounts else amounts, problem.reason)
    reasons = {
        name: why_unlike(public.exercises[name], drawn, lesson, by_seeds=amount is Amount.SEEDS)
        for name, amount in amounts.items()
    }
    return drawn, {name: reason for name, reason in reasons.items() if reason}


def _owner(lesson: Lesson, problem: BuildError) -> str:
    """The exercise whose cell a problem is in; empty if it is not known."""
    found = ""
    for name, exercise in lesson.exercises.items():
        cells = [exercise.solution, *exercise.checks, *exercise.misconceptions, *exercise.alternatives]
        lines = [cell.line for cell in cells if cell.path == problem.path and cell.line <= (problem.line or 0)]
        found = name if lines else found
    return found


def _next(public: Reference, name: str, attempt: int, key: bytes) -> int:
    """The next attempt that differs from what the author wrote, or the last."""
    cells = public.exercises[name].cells
    for later in range(attempt + 1, LAST):
        if any(redraw(cell.source, _key(key, name, later), ATTEMPTS[later]) != cell.source for cell in cells):
            return later
    return LAST


def _key(key: bytes, exercise: str, attempt: int) -> bytes:
    return hashlib.sha256(key + f"{exercise} {attempt}".encode()).digest()


def _with_numbers(notebook: Any, attempts: Mapping[str, int], key: bytes) -> Any:
    """A copy of the instructor's notebook with other numbers in the hidden checks."""
    made = copy.deepcopy(notebook)
    for cell in made.cells:
        name = course_metadata(cell).get("exercise", "")
        if is_check(cell) and name in attempts:
            cell.source = redraw(cell.source, _key(key, name, attempts[name]), ATTEMPTS[attempts[name]])
    return made


def _drawn(public: Reference, drawn: Reference, name: str, attempt: int, reasons: Mapping[str, str]) -> Drawn:
    anew, hidden = count_anew(public.exercises[name], drawn.exercises[name])
    return Drawn(name, anew, hidden, attempt + 1, ATTEMPTS[attempt], reasons.get(name, ""))


def basis_digest(source: Path, files: Mapping[str, bytes], lesson: Lesson) -> str:
    """A digest of what a lesson's numbers were drawn for: its notebook, support modules and variants."""
    variants = variants_path(lesson.path)
    parts = [source.read_bytes(), variants.read_bytes() if variants.is_file() else b""]
    parts += [name.encode() + b"\0" + data for name, data in sorted(files.items())]
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
