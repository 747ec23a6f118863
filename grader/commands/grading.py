"""Commands that grade: collect, grade, and whether this machine can."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader.batch.forkserver import MIN_PARALLEL, start_forkserver
from grader.commands.terminal import Commands, progress_bar, say, say_problems
from grader.text import counted, first_of, points_of, visible

if TYPE_CHECKING:
    from grader.batch.grade_week import GradingResult
    from grader.batch.regrade import Regraded
    from grader.lessons.course import Course

__all__ = ["add_commands"]

NAMED = 3  # students that a line names


def add_commands(commands: Commands) -> None:
    """Add the commands of this group."""
    item = commands.add(
        "collect", _collect, "put submissions from Canvas, Moodle or folders into submitted/<student>/<week>"
    )
    item.add_argument("week")
    item.add_argument("source", nargs="+", type=Path, help="downloaded archives, or folders; the oldest first")
    item.add_argument(
        "--names",
        type=Path,
        metavar="CSV",
        help="students' ids: columns id, and name or lms (a number); default: roster.csv in the course's folder",
    )
    item.add_argument("--student", action="append", default=[], metavar="ID", help="only this one (may be repeated)")
    item.add_argument(
        "--only-listed",
        action="store_true",
        help="only those in the list, which need not hold everybody who handed in",
    )
    item.add_argument(
        "--archive-times",
        action="store_true",
        help="take the files' times for when they were handed in (Canvas and Moodle write when you downloaded)",
    )
    item = commands.add("grade", _grade, "grade submitted/<student>/<week>")
    item.add_argument("week")
    item.add_argument("--student", action="append", default=[], metavar="ID", help="only this one (may be repeated)")
    item.add_argument("--force", action="store_true", help="grade again what is graded")
    _add_workers(item)
    item = commands.add("regrade", _regrade, "grade again what rests on checks, points or limits that have changed")
    item.add_argument("week")
    item.add_argument("--student", action="append", default=[], metavar="ID", help="only this one (may be repeated)")
    item.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    _add_workers(item)
    item = commands.add("doctor", _doctor, "say whether this machine can grade safely, and what to do if not")
    item.add_argument("--full", action="store_true", help="start Dask workers, too")
    item = commands.add("demo", _demo, "let a sample class hand in week1 and grade it")
    item.add_argument("--folder", type=Path, default=Path("demo"), help="where to put it (default: demo)")


def _add_workers(item: argparse.ArgumentParser) -> None:
    item.add_argument("--workers", type=int, metavar="N", help="processes that run submissions (default: the cores)")
    item.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler whose workers to use, tcp://…")
    item.add_argument(
        "--unsafe-without-sandbox",
        action="store_true",
        help="where there is no sandbox, run student code with process limits only: it runs as you",
    )


def _collect(options: argparse.Namespace) -> int:
    from grader.batch.gradebook import sole_owner
    from grader.lessons.course import Course
    from grader.nbgrader_plugins.deadlines import course_zone
    from grader.submissions.collect import Choice, collect
    from grader.submissions.names import read_names

    course = Course(options.root)
    path = options.names or _roster_of(course)
    names = read_names(path) if path else None
    if names and not names.tells and (roster := _roster_of(course)):
        names = names.completed(read_names(roster))
    with sole_owner(course):
        found = collect(
            course,
            options.week,
            options.source,
            names,
            Choice(frozenset(options.student), options.only_listed),
            archive_times=options.archive_times,
            zone=course_zone(course),
        )
    for student, done in sorted(found.students.items()):
        say(f"{visible(student)}: {visible(done)}")
    for note in [*(names.notes if names else ()), *found.notes]:
        say(visible(note))
    for problem in found.problems:
        say(visible(problem), file=sys.stderr)
    say(f"{counted(len(found.students), 'student')} in {course.submitted}/<student>/{options.week}/")
    if found.problems:
        rest = "the rest was collected" if found.students else "nothing was collected"
        say(f"grader: problems: {len(found.problems)}; {rest}", file=sys.stderr)
    if found.unlisted and path:
        who = "1 who handed in is" if found.unlisted == 1 else f"{found.unlisted} who handed in are"
        add = "add them to it" if options.names else "add them to your list, and run `python -m grader roster` with it"
        said = f"grader: {who} not in {path}: {add}; or say --only-listed if it need not hold everybody"
        say(said, file=sys.stderr)
    return 1 if found.problems else 0


def _roster_of(course: Course) -> Path | None:
    """The list of students in the course's folder, and say that it is used; None if there is none."""
    from grader.submissions.names import ROSTER

    path = course.root / ROSTER
    if not path.is_file():
        say(f"there is no {ROSTER} in the course's folder: students get ids from their names in the files")
        return None
    say(f"students' ids are those of {path}")
    return path


def _grade(options: argparse.Namespace) -> int:
    if options.workers != 0 and options.scheduler is None and _seem_new(options) >= MIN_PARALLEL:
        start_forkserver()  # early, as its imports take longer than anything before the first submission runs
    from grader.batch.gc_tuning import tune_gc
    from grader.batch.grade_week import State, grade_week, students_with_submissions
    from grader.batch.unfinished import waiting_grades
    from grader.lessons.course import Course

    tune_gc()
    course = Course(options.root)
    _say_not_built(course, options.week)
    graded = grade_week(
        course,
        options.week,
        students=options.student,
        force=options.force,
        unsafe_without_sandbox=options.unsafe_without_sandbox,
        workers=options.workers,
        scheduler=options.scheduler,
        progress=progress_bar("grading"),
    )
    names = {item.student: visible(item.student) for item in graded}
    width = max(map(len, names.values()))
    for item in graded:
        best = points_of(item.max_score, item.unmarked)
        what = f"{item.score:>7g} of {best}" if item.state is not State.FAILED else " failed"
        note = f" (late: −{item.late_penalty:g})" if item.late_penalty else ""
        note += " (graded before)" if item.state is State.ALREADY_GRADED else ""
        say(f"{names[item.student]:<{width}} {what}{note}  {visible(item.problem)}".rstrip())
    for student in students_with_submissions(course, options.week)[1]:
        say(f"{visible(student)}: the folder holds no notebook; nothing was graded")
    _say_stale(options.week, graded)
    for line in waiting_grades(course, options.week):
        say(line)
    failed = sum(item.state is State.FAILED for item in graded)
    if failed:
        say(f"grader: {failed} of {len(graded)} submissions could not be graded", file=sys.stderr)
    return 1 if failed else 0


def _seem_new(options: argparse.Namespace) -> int:
    """How many submissions seem to have to be graded, by a look at times that needs nothing imported."""
    submitted, autograded = options.root / "submitted", options.root / "autograded"

    def seems_new(student: str) -> bool:
        handed_in, graded = (_times(folder / student / options.week) for folder in (submitted, autograded))
        return bool(handed_in) and (options.force or max(handed_in) > min(graded, default=0.0))

    return sum(map(seems_new, options.student or [folder.name for folder in submitted.glob("*")]))


def _times(folder: Path) -> list[float]:
    """When a folder's notebooks were last changed; those that cannot be looked at seem old."""
    times = []
    for path in folder.glob("*.ipynb"):
        with contextlib.suppress(OSError):
            times.append(path.stat().st_mtime)
    return times


def _say_not_built(course: Course, week: str) -> None:
    """Say if a week's lessons have changed since they were built: it is graded as it was then."""
    from grader.lessons.build import changed_since_build

    if changed_since_build(course, [week]):
        said = f"{week} is graded as it was last built: course/{week}/ has changed since; `make build` builds it"
        say(said, file=sys.stderr)


def _say_stale(week: str, graded: Sequence[GradingResult]) -> None:
    """Say which grades rest on what has changed since."""
    reasons: dict[str, list[str]] = {}
    for item in graded:
        for reason in item.stale:
            reasons.setdefault(reason, []).append(visible(item.student))
    if not reasons:
        return
    stale = sum(bool(item.stale) for item in graded)
    are, they = ("is", "it was") if stale == 1 else ("are", "they were")
    say(f"{counted(stale, 'grade')} {are} stale; since {they} given, this has changed:")
    for reason, students in reasons.items():
        say(f"  {visible(reason)} ({first_of(students, NAMED)})")
    say(f"`python -m grader regrade {week} --dry-run` says what grading them again would change.")


def _regrade(options: argparse.Namespace) -> int:
    from grader.batch.regrade import regrade
    from grader.lessons.course import Course

    course = Course(options.root)
    _say_not_built(course, options.week)
    found = regrade(
        course,
        options.week,
        dry_run=options.dry_run,
        students=options.student,
        unsafe_without_sandbox=options.unsafe_without_sandbox,
        workers=options.workers,
        scheduler=options.scheduler,
        progress=progress_bar("grading again"),
    )
    _say_changes(found)
    problems = say_problems(found)
    changed = sum(bool(item.changes) for item in found)
    done = "nothing was written" if options.dry_run else "all are recorded"
    say(f"{len(found) - problems} stale submissions graded again, {changed} with other points; {done}")
    return 1 if problems else 0


def _say_changes(found: Sequence[Regraded]) -> None:
    """Print a table of what grading again changes, if it changes anything."""
    rows = [
        (visible(item.student), change.exercise, _points(change.old), _points(change.new), _kept(change.by_hand))
        for item in found
        for change in item.changes
    ]
    if rows:
        rows = [("student", "exercise", "old", "new", ""), *rows]
        widths = [max(len(row[place]) for row in rows) for place in range(4)]
        for student, exercise, old, new, kept in rows:
            line = f"{student:<{widths[0]}}  {exercise:<{widths[1]}}  {old:>{widths[2]}}  {new:>{widths[3]}}  {kept}"
            say(line.rstrip())


def _points(points: float | None) -> str:
    return "to be marked" if points is None else f"{points:g}"


def _kept(points: float | None) -> str:
    return "" if points is None else f"{points:g} by hand are kept"


def _doctor(options: argparse.Namespace) -> int:
    from grader.doctor.checks import BAD, examine_machine

    bad = 0
    for finding in examine_machine(options.root, full=options.full):
        say(str(finding))
        bad += finding.mark == BAD
    say("This machine can grade safely." if not bad else f"Not yet: {bad} to put right (✗).")
    return 1 if bad else 0


def _demo(options: argparse.Namespace) -> int:
    from grader.demo.run import run_demo
    from grader.lessons.course import Course

    return run_demo(Course(options.root), options.folder, say, progress_bar("grading"))
