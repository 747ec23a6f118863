"""The command that gives a course numbers of its own."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from grader.commands.terminal import Commands, say

if TYPE_CHECKING:
    from grader.lessons.course import Course
    from grader.offering.draw import Drawn
    from grader.offering.secret import Offering

__all__ = ["add_commands"]

MAX_NAMED = 12  # exercises in the list of those whose numbers are partly the lesson's own


def add_commands(commands: Commands) -> None:
    """Add the commands of this group."""
    item = commands.add(
        "offering", _offering, "draw other numbers for the hidden checks, from a secret that only this course has"
    )
    item.add_argument("week", nargs="*", help="only these (default: all that are built)")
    item.add_argument(
        "--versions", type=int, metavar="N", help="draw so many sets of numbers; each student has one of them"
    )


def _offering(options: argparse.Namespace) -> int:
    from grader.batch.gradebook import sole_owner
    from grader.lessons.course import Course
    from grader.offering.secret import find_offering, set_offering
    from grader.offering.store import draw_week

    course = Course(options.root)
    for week in options.week:
        course.need_week(week)
    weeks = options.week or [week for week in course.weeks() if course.is_released(week)]
    with sole_owner(course):
        is_new = find_offering(course.root) is None
        offering = set_offering(course.root, options.versions)
        if is_new:
            say(f"Made a secret in {offering.folder}/. Keep a copy: without it, grades cannot be computed again.")
        for week in weeks:
            _say_drawn(week, draw_week(course, offering, week, say))
    _say_missing(course, offering)
    return 0


def _say_missing(course: Course, offering: Offering) -> None:
    """Say which weeks cannot be graded, as only others have been drawn."""
    from grader.offering.store import why_not_drawn

    built = [week for week in course.weeks() if course.is_released(week)]
    missing = [week for week in built if why_not_drawn(course, offering, week, course.released_notebooks(week))]
    if missing:
        say(f"{', '.join(missing)}: cannot be graded until drawn, too: `python -m grader offering {' '.join(missing)}`")


def _say_drawn(week: str, drawn: Sequence[Drawn]) -> None:
    """Say how many hidden checks of a week have other numbers, and which exercises have not."""
    anew, hidden = sum(item.anew for item in drawn), sum(item.hidden for item in drawn)
    say(f"{week}: {anew} of {hidden} hidden checks have other numbers; every misconception is caught, as before")
    same = [item for item in drawn if not item.anew]
    if same:
        say("  none in " + ", ".join(dict.fromkeys(item.exercise for item in same)))
    refused = {item.exercise: item for item in drawn if item.reason and not item.amount}
    for item in list(refused.values())[:MAX_NAMED]:
        say(f"  {item.exercise}: other numbers were refused {item.attempts - 1} times, the last time: {item.reason}")
