"""Build lessons: course/ → source/ → release/.

A week is built in a staging folder and copied into place once the audit has
passed, so a failed build changes nothing. Weeks that have not changed since the
last build are skipped.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dlcore
import grader
from dlcore.checks.answer_key import HIDDEN_SUFFIX, SUFFIX, VERSION
from dlcore.checks.answer_key import read_key as read_answer_key
from dlcore.checks.codec import encode, only_moments
from dlcore.checks.evidence import Outcome
from grader.errors import BuildError
from grader.execution.evidence import Record
from grader.lessons.audit import AuditRow, Defect, audit, table
from grader.lessons.course import Course
from grader.lessons.load_reference import load_reference
from grader.lessons.notebooks import compose_source, course_metadata, support_files, write_notebook
from grader.lessons.parser import Lesson, read_lesson
from grader.lessons.prose import incomplete, prose_defects
from grader.lessons.reference import CheckCell, Reference
from grader.lessons.reference_units import package_sources
from grader.lessons.roles import Role

__all__ = ["Built", "answer_key", "build", "build_week", "changed_since_build", "compose_lesson"]


@dataclass
class Built:
    """The result of building one week: the audit's rows by lesson, empty if unchanged."""

    week: str
    rows: dict[str, list[AuditRow]]
    unchanged: bool = False


def build(course: Course, weeks: Iterable[str], say: Callable[[str], None], *, force: bool = False) -> list[Built]:
    """The results of building weeks of the course.

    Args:
        course: the course.
        weeks: names of folders in course/; all of them if empty.
        say: called with each line of progress.
        force: whether to rebuild unchanged weeks.

    Raises:
        BuildError: a lesson is invalid or fails its audit; its week stays as it was.
    """
    names = list(weeks) or course.weeks()
    results = []
    for week in names:
        if not course.lessons(week):
            known = ", ".join(course.weeks()) or "none"
            raise BuildError(f"no lessons in {course.lessons_folder / week}; the weeks are: {known}")
        stamp = _stamp(course, week)
        if not force and course.read_stamp(week) == stamp | _outputs(course, week) and course.is_released(week):
            say(f"{week}: unchanged")
            results.append(Built(week, {}, unchanged=True))
            continue
        rows = build_week(course, week, say)
        course.write_stamp(week, stamp | _outputs(course, week))
        results.append(Built(week, rows))
    return results


def compose_lesson(lesson: Lesson, folder: Path, cache: Path) -> tuple[Reference, list[AuditRow], list[Defect]]:
    """The reference of a lesson, and its audit, after writing its notebook and answer keys into a folder.

    Args:
        lesson: the lesson.
        folder: a folder named like the week, with the support modules.
        cache: the folder for cached evidence.
    """
    notebook = folder / f"{lesson.name}.ipynb"
    notebook.write_text(write_notebook(compose_source(lesson)), encoding="utf-8")
    reference = load_reference(notebook, lesson, cache)
    rows, defects = audit(reference, lesson, cache / lesson.week / lesson.name / "audit" / "rows.json")
    for suffix, hidden in ((SUFFIX, False), (HIDDEN_SUFFIX, True)):
        key = json.dumps(answer_key(reference, hidden=hidden), ensure_ascii=False) + "\n"
        (folder / f"{lesson.name}{suffix}").write_text(key, encoding="utf-8")
    read_answer_key(lesson.name, folder)
    return reference, rows, defects


def build_week(course: Course, week: str, say: Callable[[str], None]) -> dict[str, list[AuditRow]]:
    """The audit's rows by lesson, after building one week."""
    staging = course.cache / "staging" / week
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    for name, data in support_files(course.lessons_folder / week).items():
        (staging / name).write_bytes(data)
    rows = {}
    lessons = [read_lesson(path) for path in course.lessons(week)]
    _refuse_shared_names(lessons)
    for lesson in lessons:
        refuse(
            [*prose_defects(lesson, course.cache / "formulas.json"), *([] if lesson.is_draft else incomplete(lesson))]
        )
        say(f"{week}/{lesson.name}: running the reference, its misconceptions and alternatives …")
        _, rows[lesson.name], defects = compose_lesson(lesson, staging, course.cache / "reference")
        say(table(rows[lesson.name]))
        refuse(defects)
    _move_into_place(staging, course.source / week)
    course.release_week(week)
    return rows


def refuse(defects: list[Defect]) -> None:
    """Raise BuildError for all defects together, if there are any."""
    if defects:
        first, *others = defects
        raise BuildError("\n".join([first.text, *map(str, others)]), first.path, first.line)


def _refuse_shared_names(lessons: list[Lesson]) -> None:
    """Raise BuildError if two lessons of a week, whose files share a folder, use the same exercise name."""
    owners: dict[str, Lesson] = {}
    for lesson in lessons:
        for name, exercise in lesson.exercises.items():
            if name in owners:
                raise BuildError(
                    f"the exercise {name} is also in {owners[name].path.name}", lesson.path, exercise.solution.line
                )
            owners[name] = lesson


def _move_into_place(staging: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    fresh = {path.name: path.read_bytes() for path in staging.iterdir()}
    for path in target.iterdir():
        if path.is_file() and path.name not in fresh:
            path.unlink()
    for name, data in fresh.items():
        if not (target / name).exists() or (target / name).read_bytes() != data:
            (target / name).write_bytes(data)
    shutil.rmtree(staging)


def answer_key(reference: Reference, *, hidden: bool) -> dict[str, Any]:
    """The expected outcomes and hints of the visible checks, for students, or the outcomes of the hidden ones."""
    exercises = []
    for exercise in reference.exercises.values():
        checks = [
            _known_check(cell, number, exercise.hints)
            for cell in exercise.cells
            for number, flag in enumerate(cell.hidden)
            if flag == hidden
        ]
        uses = [name for name in reference.exercises if name in reference.needed(exercise.name)]
        form = {"name": exercise.name, "points": exercise.points, "uses": uses, "checks": checks}
        reason = {"reason": exercise.reason} if exercise.reason else {}
        exercises.append(form if hidden else form | {"hints": exercise.requested_hints} | reason)
    written = [
        {"name": course_metadata(cell)["exercise"], "points": cell.metadata.nbgrader.points}
        for cell in reference.notebook.cells
        if course_metadata(cell).get("role") == Role.WRITTEN
    ]
    return {
        "version": VERSION,
        "lesson": reference.lesson,
        "title": reference.title,
        "exercises": exercises,
        "written": written,
    }


def _known_check(cell: CheckCell, number: int, hints: dict[str, str]) -> dict[str, Any]:
    record = cell.records[number]
    return {
        "arguments": encode(record.arguments),
        "label": record.label or record.call,
        "settings": record.settings.to_json(),
        "lengths": list(record.lengths),
        "expected": _kept(record, record.outcome),
        "misconceptions": [
            {"name": wrong.name, "hint": wrong.hint, "outcome": _kept(record, wrong.outcome)}
            for wrong in ([] if cell.hidden[number] else cell.misconceptions(number, hints))
        ],
    }


def _kept(record: Record, outcome: Outcome) -> dict[str, Any]:
    """An outcome as stored in an answer key: without durations, and with only the moments of random numbers."""
    form = {name: value for name, value in outcome.to_json().items() if name not in ("seconds", "where")}
    return only_moments(form) if record.settings.compare == "moments" else form


def _stamp(course: Course, week: str) -> dict[str, str]:
    """A digest of everything that a week is built from."""
    folder = course.lessons_folder / week
    inputs = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    code = [
        *package_sources(Path(dlcore.__file__).parent, leave_out=("live", "widgets")),
        *package_sources(Path(grader.__file__).parent, leave_out=("batch", "demo", "doctor", "offering", "reports")),
    ]
    digest = hashlib.sha256(f"{sys.version} {version('numpy')} {version('nbgrader')}".encode())
    for name, data in [*((name, path.read_bytes()) for name, path in inputs), *code]:
        digest.update(name.encode() + b"\0" + data)
    return {"inputs": digest.hexdigest(), "lessons": _lessons_digest(course, week)}


def _lessons_digest(course: Course, week: str) -> str:
    """A digest of a week's own files in course/."""
    folder, digest = course.lessons_folder / week, hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def changed_since_build(course: Course, weeks: Iterable[str]) -> list[str]:
    """Those of the weeks whose files in course/ have changed since this course was built; none if that is not known."""
    built = {week: course.read_stamp(week).get("lessons") for week in weeks}
    return [week for week, digest in built.items() if digest and digest != _lessons_digest(course, week)]


def _outputs(course: Course, week: str) -> dict[str, str]:
    """A digest of the files that a week was built into."""
    digest = hashlib.sha256()
    for folder in (course.source / week, course.release / week):
        for path in sorted(folder.glob("*")) if folder.is_dir() else []:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return {"outputs": digest.hexdigest()}
