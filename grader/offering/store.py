"""Draw an offering's numbers for weeks, and find them again for grading."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from grader.errors import GradingError
from grader.lessons.course import Course
from grader.lessons.load_reference import load_reference
from grader.lessons.notebooks import support_files
from grader.lessons.parser import Lesson
from grader.lessons.reference import Reference
from grader.offering.draw import Drawn, basis_digest, draw_lesson
from grader.offering.secret import Offering, find_offering

__all__ = ["draw_week", "references_of", "why_not_drawn"]


def draw_week(course: Course, offering: Offering, week: str, say: Callable[[str], None]) -> list[Drawn]:
    """What became of a week's exercises with hidden checks, in all versions; what is drawn already is left alone.

    Args:
        course: the course; the week has to be built.
        offering: what to draw from.
        week: a folder of course/.
        say: called with each line of progress.

    Raises:
        BuildError: a lesson's own numbers do not pass.
        GradingError: a lesson is not there any more, or not built.
    """
    found = []
    for name in course.released_notebooks(week):
        lesson, basis = _lesson(course, week, name), _basis(course, week, name)
        for version in range(offering.versions):
            drawn = _read(offering, version, week, name, basis)
            if drawn is None:
                say(f"{week}/{name}, version {version + 1} of {offering.versions}: drawing, and auditing …")
                drawn = _draw(course, offering, version, lesson, basis)
            found += drawn
    return found


def _draw(course: Course, offering: Offering, version: int, lesson: Lesson, basis: str) -> list[Drawn]:
    week, name = lesson.week, lesson.name
    source = course.source / week / f"{name}.ipynb"
    public = load_reference(source, lesson, course.cache / "reference")
    folder, key = offering.numbers(version, week), offering.key("numbers", version, week, name)
    _manifest(folder, name).unlink(missing_ok=True)  # until the numbers are there
    drawn = draw_lesson(public, lesson, key, folder, _cache(offering, version))
    form = {"basis": basis, "secret": offering.fingerprint, "exercises": [asdict(item) for item in drawn]}
    text = json.dumps(form, indent=1)
    _manifest(folder, name).write_text(text + "\n", encoding="utf-8")
    return drawn


def references_of(course: Course, week: str, names: Iterable[str]) -> list[dict[str, Reference]]:
    """The references of a week's notebooks for each version of the numbers; without an offering, the lessons' own.

    Raises:
        GradingError: the secret is lost or readable, or the week has not been drawn since it was built.
    """
    offering, wanted = find_offering(course.root), list(names)
    if offering is None:
        cache = course.cache / "reference"
        return [
            {
                name: load_reference(course.source / week / f"{name}.ipynb", course.lesson(week, name), cache)
                for name in wanted
            }
        ]
    reason = why_not_drawn(course, offering, week, wanted)
    if reason:
        raise GradingError(f"{reason}; run `python -m grader offering {week}`")
    return [
        {name: _reference(course, offering, version, week, name) for name in wanted}
        for version in range(offering.versions)
    ]


def why_not_drawn(course: Course, offering: Offering, week: str, names: Iterable[str]) -> str:
    """Why a week cannot be graded with the offering's numbers; empty if it can."""
    for name in names:
        basis = _basis(course, week, name)
        for version in range(offering.versions):
            if not _manifest(offering.numbers(version, week), name).is_file():
                return f"{week}/{name} has no numbers of this offering yet"
            if _read(offering, version, week, name, basis) is None:
                return f"{week}/{name} has changed since the numbers of this offering were drawn"
    return ""


def _reference(course: Course, offering: Offering, version: int, week: str, name: str) -> Reference:
    path = offering.numbers(version, week) / f"{name}.ipynb"
    reference = load_reference(path, course.lesson(week, name), _cache(offering, version))
    reference.numbers = f"{offering.fingerprint}-{version + 1}"
    return reference


def _read(offering: Offering, version: int, week: str, name: str, basis: str) -> list[Drawn] | None:
    """What became of a lesson's exercises, or None if they are to be drawn: anew, or for the first time."""
    folder = offering.numbers(version, week)
    try:
        form: Any = json.loads(_manifest(folder, name).read_text(encoding="utf-8"))
        drawn = [Drawn(**item) for item in form["exercises"]]
        known = form["basis"], form["secret"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    there = (folder / f"{name}.ipynb").is_file()
    return drawn if there and known == (basis, offering.fingerprint) else None


def _basis(course: Course, week: str, name: str) -> str:
    """A digest of what a lesson's numbers are drawn for now."""
    source = course.source / week / f"{name}.ipynb"
    if not source.is_file():
        raise GradingError(f"{source} is missing; run `make build` first")
    return basis_digest(source, support_files(source.parent), _lesson(course, week, name))


def _lesson(course: Course, week: str, name: str) -> Lesson:
    lesson = course.lesson(week, name)
    if lesson is None:
        raise GradingError(f"{course.lessons_folder / week / name}.md is missing: numbers are drawn for lessons only")
    return lesson


def _manifest(folder: Path, name: str) -> Path:
    return folder / f"{name}.drawn.json"


def _cache(offering: Offering, version: int) -> Path:
    return offering.folder / "cache" / str(version)
