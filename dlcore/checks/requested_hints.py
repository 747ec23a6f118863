"""`hint`: an exercise's hints, one at a time, for who asks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from dlcore.checks.answer_key import KeyExercise
from dlcore.checks.api import open_lessons
from dlcore.checks.emitting import is_graded
from dlcore.checks.evidence import bound_names
from dlcore.errors import SetupError

__all__ = ["hint"]

_shown: dict[tuple[str, str], int] = {}


def hint(exercise: Callable[..., Any] | str, number: int | None = None) -> None:
    """Show the next hint of an exercise; after the last one, say so.

    Args:
        exercise: its function, or its name.
        number: which hint to show again, from 1.

    Raises:
        SetupError: no lesson that has begun has this exercise, or it has no such hint.
    """
    if is_graded():
        return
    names = [exercise] if isinstance(exercise, str) else bound_names(exercise, sys._getframe(1).f_globals)
    lesson, found = _find(names)
    name = found.name
    if not found.hints:
        raise SetupError(f"{name} has no hints.")
    count = len(found.hints)
    if number is not None and number not in range(1, count + 1):
        raise SetupError(f"{name} has the hints 1 to {count}, not {number}.")
    shown = _shown.get((lesson, name), 0)
    place = shown + 1 if number is None else number
    if place > count:
        _say(f"**{name}** has no more hints. `hint({name}, 1)` shows the first one again.")
        return
    _shown[lesson, name] = max(shown, place)
    _say(f"**{name}, hint {place} of {count}.** {found.hints[place - 1]}")


def _find(names: Sequence[str]) -> tuple[str, KeyExercise]:
    """The exercise that has one of these names, and its lesson."""
    lessons = open_lessons()
    for lesson, key in reversed(lessons.items()):
        for name in names:
            if name in key.exercises:
                return lesson, key.exercises[name]
    if not lessons:
        raise SetupError("The lesson has not begun. Run the first code cell, then this one again.")
    known = ", ".join(item.name for key in lessons.values() for item in key.exercises.values() if item.hints)
    called = names[0] if names else "that"
    raise SetupError(f"No exercise is called {called}. There are hints for: {known or 'none'}.")


def _say(text: str) -> None:
    """Show Markdown, and its source where nothing can render it."""
    from IPython.display import display

    display({"text/markdown": text, "text/plain": text}, raw=True)
