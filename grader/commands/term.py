"""Commands about the term: who is in the class, and what late work costs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from grader.commands.terminal import Commands, say
from grader.text import visible

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """Add the commands of this group."""
    item = commands.add("roster", _roster, "take over a list of students: names, e-mail, LMS's number, section")
    item.add_argument("file", type=Path, metavar="CSV", help="columns id, and name (or first_name, last_name), …")


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
        f"{len(roster.students)} students in {options.file}: {len(change.added)} added, {len(change.changed)} changed, "
        f"{same} as before; {len(change.missing)} more are in the gradebook"
    )
    return 0
