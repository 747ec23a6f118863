"""Check what grading needs from its environment: course, memory, cores, disk space, gradebook."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from subprocess import SubprocessError

from alembic.script import ScriptDirectory
from nbgrader.api import get_alembic_version
from nbgrader.dbutil import ALEMBIC_DIR
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from grader.errors import Problem, reason_of
from grader.execution.resource_usage import at_once, available_memory
from grader.execution.sandbox import Limits
from grader.lessons.course import Course

__all__ = [
    "BAD",
    "GOOD",
    "POOR",
    "Finding",
    "check_alembic",
    "check_cores",
    "check_course",
    "check_gradebook",
    "check_memory",
    "check_space",
]

GOOD, POOR, BAD = "✓", "!", "✗"
LITTLE_SPACE, NO_SPACE = 2_000_000_000, 50_000_000  # bytes; a class of 500 needs a few hundred megabytes


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        name: what was checked.
        mark: "✓" in order, "!" grading works, but less well, "✗" not safe, or not possible.
        found: what was found.
        advice: what to do about it; "" if nothing.
    """

    name: str
    mark: str
    found: str
    advice: str = ""

    def __str__(self) -> str:
        advice = f" → {self.advice}." if self.advice else ""
        return f"{self.mark} {self.name}: {self.found}{advice}".replace("\n", " ")


def check_course(root: Path) -> tuple[Course | None, Finding]:
    """The course, or None if it cannot be read, and the finding."""
    try:
        course = Course(root)
        course.config  # noqa: B018 (loading it may fail)
    except Problem as problem:
        return None, Finding(
            "course", BAD, str(problem).split(". ")[0], "Run this in the course's folder, or use --root"
        )
    except Exception as problem:  # noqa: BLE001 (a configuration file may raise anything)
        found = f"nbgrader_config.py cannot be read: {type(problem).__name__}: {problem}"
        return None, Finding("course", BAD, found, "Correct that file")
    return course, Finding("course", GOOD, f"{course.root} ({', '.join(course.weeks()) or 'no lessons'})")


def check_memory(limits: Limits) -> Finding:
    """Whether memory suffices for all concurrent submissions."""
    cores, free = os.cpu_count() or 1, available_memory() // 1_000_000
    most = cores * at_once(limits.memory_mb, cores)
    found = f"{free} MB available, {limits.memory_mb} for a submission, {most} at once with {cores} workers"
    fitting = free // limits.memory_mb
    if fitting < 1:
        return Finding("memory", BAD, found, "Free some, or lower c.RunSubmission.memory_mb in nbgrader_config.py")
    if fitting < most:
        return Finding("memory", POOR, found, f"Use --workers {fitting}, or lower c.RunSubmission.memory_mb")
    return Finding("memory", GOOD, found)


def check_cores() -> Finding:
    """Whether this process may use all cores."""
    cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    if usable < cores:
        return Finding("cores", POOR, f"{usable} of {cores} may be used", f"Use --workers {usable}")
    return Finding("cores", GOOD, str(cores))


def check_space(name: str, folder: Path) -> Finding:
    """Whether a folder is writable and has free space."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=there) as stream:
            stream.write(bytes(1_000_000))
            stream.flush()
        free = shutil.disk_usage(there).free
    except OSError as problem:
        return Finding(
            name, BAD, f"{folder} cannot be written to: {problem.strerror}", "Make room, or give yourself the right"
        )
    found = f"{free / 1e9:.1f} GB free in {folder}"
    if free < LITTLE_SPACE:
        return Finding(name, BAD if free < NO_SPACE else POOR, found, "Make room")
    return Finding(name, GOOD, found)


def check_alembic(path: str) -> Finding:
    """Whether alembic, which nbgrader calls by name to create gradebooks, runs.

    Args:
        path: the PATH of a user who runs nbgrader's own commands.
    """
    try:
        get_alembic_version()
    except (OSError, SubprocessError, ValueError, RuntimeError) as problem:
        return Finding("alembic", BAD, f"it does not run: {problem}", "pip install --force-reinstall alembic")
    if shutil.which("alembic", path=path) is None:
        found = "not among your programs (PATH), so a plain nbgrader command may fail"
        return Finding("alembic", POOR, found, f"source {Path(sys.prefix, 'bin', 'activate')}")
    return Finding("alembic", GOOD, "it runs")


def check_gradebook(course: Course) -> Finding:
    """Whether the gradebook is writable and has the schema of this nbgrader version."""
    name, current = "gradebook", ScriptDirectory(ALEMBIC_DIR).get_current_head()
    try:
        engine = create_engine(course.api.coursedir.db_url)
    except (SQLAlchemyError, ImportError) as problem:
        return Finding(name, BAD, f"db_url cannot be used: {problem}", "See docs/grading.md on databases")
    place = engine.url.render_as_string(hide_password=True)
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return Finding(name, POOR, f"{place} is not there yet", "Run `make build`, which makes it")
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return Finding(name, POOR, f"{place} is empty", "Run `make build`, which fills it")
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            connection.execute(text("UPDATE alembic_version SET version_num = version_num"))
            connection.rollback()
    except SQLAlchemyError as problem:
        advice = "Name another in nbgrader_config.py (db_url), or put that right"
        return Finding(name, BAD, f"{place} cannot be opened and written to: {reason_of(problem)}", advice)
    finally:
        engine.dispose()
    if version != current:
        found = f"{place} is of version {version}, nbgrader wants {current}"
        return Finding(name, BAD, found, "Run `nbgrader db upgrade`")
    return Finding(name, GOOD, f"{place}, version {version}")
