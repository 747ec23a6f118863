"""Commands about the term: who is in the class, and what late work costs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grader.commands.terminal import Commands, say
from grader.text import counted, duration_of, visible

if TYPE_CHECKING:
    from grader.batch.late import LateWeek
    from grader.lessons.course import Course

__all__ = ["add_commands", "prepare_grades", "released_weeks"]


def add_commands(commands: Commands) -> None:
    """Add the commands of this group."""
    item = commands.add("roster", _roster, "take over a list of students: names, e-mail, LMS's number, section")
    item.add_argument("file", type=Path, metavar="CSV", help="columns id, and name (or first_name, last_name), …")
    item = commands.add("late", _late, "compute a week's late penalties again, by deadlines.toml; runs no student code")
    item.add_argument("week")


def _roster(options: argparse.Namespace) -> int:
    from grader.batch.roster import merge_roster
    from grader.lessons.course import Course
    from grader.submissions.roster import read_roster

    course, roster = Course(options.root), read_roster(options.file)
    for note in roster.notes:
        say(visible(note), file=sys.stderr)
    change = merge_roster(course, roster)
    for student in change.added:
        say(f"added: {visible(student)}")
    for student, differences in change.changed.items():
        said = ", ".join(f"{name} {visible(old) or 'none'} → {visible(new)}" for name, old, new in differences)
        say(f"changed: {visible(student)}: {said}")
    for student in change.missing:
        say(f"not in the file, and kept: {visible(student)}")
    same = len(roster.students) - len(change.added) - len(change.changed)
    say(
        f"{counted(len(roster.students), 'student')} in {options.file}: {len(change.added)} added, "
        f"{len(change.changed)} changed, {same} as before; {len(change.missing)} more are in the gradebook"
    )
    return 0


def _late(options: argparse.Namespace) -> int:
    from grader.batch.late import update_penalties
    from grader.lessons.course import Course

    found = update_penalties(Course(options.root), options.week)
    say(_rule(found))
    for line in found.said:
        say(visible(line))
    width = max((len(visible(item.student)) for item in found.late), default=0)
    for item in found.late:
        before = f" (it was −{item.before:g})" if item in found.changed else ""
        came = f"late by {duration_of(item.seconds)}" if item.seconds else "in time"
        came += ", within the grace" if item in found.in_grace else ""
        left = max(0.0, item.score - item.penalty)
        said = f"{came}: −{item.penalty:g}{before}, which leaves {left:g} of the {item.score:g} earned"
        said += f" ({item.unmarked:g} to be marked)" if item.unmarked else ""
        say(f"{visible(item.student):<{width}}  {said}")
    if found.unknown:
        say(f"when they handed in is not known, so they are in time: {', '.join(map(visible, sorted(found.unknown)))}")
    if found.ungraded:
        say(f"not graded yet: {len(found.ungraded)} (`python -m grader grade {options.week}` grades them)")
    say(_sum(found))
    return 0


def _sum(found: LateWeek) -> str:
    grace, changed = len(found.in_grace), len(found.changed)
    late = f"{sum(item.seconds > 0 for item in found.late) - grace} late"
    late += f", {grace} more within the grace" if grace else ""
    penalties = {0: "no penalty", 1: "1 penalty"}.get(changed, f"{changed} penalties")
    return f"{late}; {penalties} changed"


def _rule(found: LateWeek) -> str:
    deadline = found.deadline
    if found.due is None:
        return f"{deadline.week} has no due date, neither in deadlines.toml nor in the gradebook"
    source = f"times without an offset are in {deadline.zone}" if deadline.due else "from the gradebook"
    return f"{deadline.week} is due {deadline.local(found.due)} ({source}); {deadline.policy}"


def released_weeks(course: Course) -> list[str]:
    """The weeks that a command about the term is about, if none is named."""
    return [week for week in course.weeks() if course.is_released(week)]


def prepare_grades(course: Course, week: str) -> None:
    """Compute a week's late penalties again, before its grades are shown.

    What changed, and which grades are stale, is said on standard error.
    """
    from grader.batch.late import update_penalties
    from grader.batch.unfinished import stale_grades

    found = update_penalties(course, week)
    for line in found.said:
        say(visible(line), file=sys.stderr)
    for item in found.changed:
        say(f"{visible(item.student)}: late penalty −{item.before:g} → −{item.penalty:g}", file=sys.stderr)
    stale = stale_grades(course, week)
    if stale:
        say(stale, file=sys.stderr)
