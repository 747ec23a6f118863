"""What a misconception does: which checks it fails, and what a student reads there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from grader.lessons.reference import ReferenceExercise

__all__ = ["Effect", "effect_of"]


@dataclass
class Effect:
    """What happens to a student who has this misconception.

    Attributes:
        visible, hidden: the labels of the failed checks.
        visible_checks, hidden_checks: how many checks there are.
        message: what the first failed check says; for a hidden one without numbers.
        named: whether that message is the misconception's hint.
    """

    visible: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    visible_checks: int = 0
    hidden_checks: int = 0
    message: str = ""
    named: bool = False

    def __str__(self) -> str:
        if not self.visible:
            return f"passes every check that you see, and fails {_of(self.hidden, self.hidden_checks)} hidden ones"
        seen = f"fails {_of(self.visible, self.visible_checks)} checks that you see"
        return f"{seen}, and {_of(self.hidden, self.hidden_checks)} hidden ones" if self.hidden_checks else seen


def _of(failed: Sequence[str], checks: int) -> str:
    return f"all {checks}" if len(failed) == checks > 1 else f"{len(failed)} of {checks}"


def effect_of(exercise: ReferenceExercise, name: str) -> Effect:
    """What the misconception `name` does to the checks of its exercise."""
    found = Effect()
    came = [(cell, number, record) for cell in exercise.cells for number, record in enumerate(cell.wrong[name])]
    seen = [cell.seen(number, record, exercise.hints) for cell, number, record in came if record is not None]
    first: tuple[bool, str, bool] | None = None
    for cell, number, record in came:
        unseen = cell.hidden[number]
        found.hidden_checks += unseen
        found.visible_checks += not unseen
        verdict = cell.verdict(number, record, exercise.hints, seen)
        if verdict.passed:
            continue
        (found.hidden if unseen else found.visible).append(cell.label(number))
        told = (unseen, verdict.gist if unseen else verdict.message, verdict.misconception == name)
        first = told if first is None or (first[0] and not unseen) else first
    if first is not None:
        _, found.message, found.named = first
    return found
