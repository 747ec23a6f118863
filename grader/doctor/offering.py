"""Check a course's own numbers: the secret, that git leaves it alone, and that all weeks are drawn."""

from __future__ import annotations

import subprocess
from pathlib import Path

from grader.doctor.environment import BAD, GOOD, POOR, Finding
from grader.errors import GradingError
from grader.lessons.course import Course
from grader.offering.secret import FOLDER, find_offering
from grader.offering.store import why_not_drawn

__all__ = ["check_offering"]


def check_offering(course: Course) -> Finding:
    """Whether the numbers of the hidden checks are the course's own, kept secret and complete."""
    try:
        offering = find_offering(course.root)
    except GradingError as problem:
        return Finding("numbers", BAD, str(problem), "Nothing can be graded until then")
    if offering is None:
        return Finding("numbers", GOOD, "hidden checks have the lessons' own, which are as public as the lessons")
    if _git_would_add(course.root):
        return Finding("numbers", BAD, f"git does not ignore {FOLDER}/, which holds the secret", "Add it to .gitignore")
    weeks = [week for week in course.weeks() if course.is_released(week)]
    reasons = {week: why_not_drawn(course, offering, week, course.released_notebooks(week)) for week in weeks}
    missing = [week for week in weeks if reasons[week]]
    if missing:
        advice = f"`python -m grader offering {' '.join(missing)}`"
        return Finding("numbers", POOR, f"{reasons[missing[0]]}, so it cannot be graded", advice)
    versions = f"{offering.versions} version{'s' if offering.versions > 1 else ''}"
    return Finding("numbers", GOOD, f"hidden checks of {len(weeks)} weeks are drawn from a secret, in {versions}")


def _git_would_add(root: Path) -> bool:
    """Whether the course is in a git repository that does not ignore the secret."""
    try:
        command = ["git", "-C", str(root), "check-ignore", "-q", f"{FOLDER}/secret.json"]
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 1
    except (OSError, subprocess.SubprocessError):
        return False
