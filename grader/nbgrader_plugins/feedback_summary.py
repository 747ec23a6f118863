"""The sentences with which a feedback page begins: how much is right, and where to begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.lessons.roles import Role
from grader.nbgrader_plugins.feedback_model import ExerciseFeedback

__all__ = ["Summary", "summary_of"]

NOTHING = "You have not written anything yet."
NOTHING_HERE = "In your file there is no work on these exercises. Is it the right one? If so,"
NOTHING_COUNTED = "You have not written anything yet that gives points."
MISSING = "What was missing in your answers is below."
WAITING = "Your answers wait for marking."


@dataclass
class Summary:
    """How much is right, and where to begin.

    Attributes:
        said: how much is right.
        lead: the words before the name of `first`.
        first: the exercise to look at first; None if there is none.
        builds: whether others that are wrong may build on `first`.
        optional: the first exercise without points that is wrong, if nothing else is; None if there is none.
    """

    said: str
    lead: str = ""
    first: ExerciseFeedback | None = None
    builds: bool = False
    optional: ExerciseFeedback | None = None


def summary_of(exercises: Sequence[ExerciseFeedback], problems: Sequence[str] = ()) -> Summary:
    """How much of a lesson is right; exercises without points do not count, unless there are no others.

    Args:
        exercises: the lesson's exercises.
        problems: what was found wrong with the file.
    """
    counted = [item for item in exercises if not item.is_optional] or list(exercises)
    by_state: dict[str, list[ExerciseFeedback]] = {}
    for item in counted:
        by_state.setdefault(item.state, []).append(item)
    wrong, blank = by_state.get("wrong", []), by_state.get("unattempted", [])
    optional = next((item for item in exercises if item.state == "wrong" and item not in counted), None)
    if wrong:
        said = _count(len(by_state.get("right", [])), len(by_state.get("followed", [])), len(counted))
        return Summary(said, "Begin with", wrong[0], len(wrong) > 1)
    if not blank:
        return Summary(_all(by_state, optional is not None), optional=optional)
    if any(item.state != "unattempted" for item in exercises):
        return Summary(_so_far(by_state), "Next:", blank[0], optional=optional)
    return Summary(NOTHING_HERE, "begin with", blank[0]) if problems else Summary(NOTHING, "Begin with", blank[0])


def _count(right: int, followed: int, total: int) -> str:
    said = f"{right} of {total} exercises {'is' if right == 1 else 'are'} right"
    if followed:
        said += f", and {followed} more {'has all its' if followed == 1 else 'have all their'} points by follow-through"
    return f"{said}."


def _so_far(by_state: dict[str, list[ExerciseFeedback]]) -> str:
    """What is to be said of what was attempted, as nothing of it is wrong and something is not attempted."""
    if "right" not in by_state and "followed" not in by_state:
        return MISSING if "marked" in by_state else WAITING if "waits" in by_state else NOTHING_COUNTED
    if "marked" in by_state:
        return _code(by_state)
    what = "What is graded of what you wrote" if "waits" in by_state else "What you wrote"
    return f"{what} {_right(by_state)}."


def _all(by_state: dict[str, list[ExerciseFeedback]], wrong_optional: bool) -> str:
    """What is to be said if all was attempted and nothing is wrong."""
    if "marked" in by_state:
        return _code(by_state)
    if "right" not in by_state and "followed" not in by_state:
        return WAITING if by_state else ""
    what = "All that gives points" if wrong_optional else "Everything"
    return f"{'All that is graded so far' if 'waits' in by_state else what} {_right(by_state)}."


def _code(by_state: dict[str, list[ExerciseFeedback]]) -> str:
    code = [item for state in ("right", "followed") for item in by_state.get(state, []) if item.role != Role.WRITTEN]
    return f"Your code {_right(by_state)}. {MISSING}" if code else MISSING


def _right(by_state: dict[str, list[ExerciseFeedback]]) -> str:
    return "is right or has all its points by follow-through" if "followed" in by_state else "is right"
