"""The command line: ``python -m grader COMMAND``.

Exit codes: 0 success; 1 completed, but something failed (a submission, a check
of the demo); 2 the command could not be carried out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from grader.batch.forkserver import MIN_PARALLEL, start_forkserver
from grader.errors import Problem
from grader.text import visible, visible_lines

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of one command."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except Problem as problem:
        say(f"grader: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        say("grader: stopped; what is done is kept, and the same command goes on from there", file=sys.stderr)
        return 130


def say(text: str, file: TextIO | None = None) -> None:
    """Print lines in which nothing acts on the terminal: names, files and errors are what students made them."""
    print(visible_lines(text), file=file, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grader",
        description="Build the lessons, grade submissions, report.",
        epilog="Exit codes: 0 all well, 1 something failed on the way, 2 could not be done as asked.",
    )
    parser.add_argument("--root", type=Path, default=Path(), help="the course's folder (default: the current one)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        item = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        item.set_defaults(run=run)
        return item

    item = command("build", _build, "make source/ and release/ from course/, checking every check")
    item.add_argument("week", nargs="*", help="folders of course/ (default: all)")
    item.add_argument("--force", action="store_true", help="build what has not changed, too")
    item = command("check", _check, "say all that is to be said about lessons: checks, text, mutants, notebook")
    item.add_argument("lesson", nargs="?", default="", help="week1 or week1/lesson (default: all)")
    item.add_argument("--exercise", default="", metavar="NAME", help="only this one")
    item.add_argument("--fast", action="store_true", help="leave out the mutants and the finished notebook")
    item.add_argument("--links", action="store_true", help="ask for every web address in the text, too")
    item = command("new", _new, "write a lesson to begin with: one exercise of each kind, which builds")
    item.add_argument("lesson", help="week8/residual")
    item.add_argument("--title", required=True, help="as in reports: “Residual networks”")
    item = command("preview", _preview, "build a lesson as students get it, and open it")
    item.add_argument("lesson", help="week1/lesson")
    item.add_argument("--watch", action="store_true", help="build again whenever a file of the week is saved")
    item.add_argument("--no-browser", action="store_true", help="build only, open nothing")
    item = command("lab", _lab, "open JupyterLab in a working folder, as a student")
    item.add_argument("--folder", type=Path, default=Path("work"), help="the working folder (default: work)")
    item.add_argument("--no-browser", action="store_true", help="print the address, open no browser")
    item = command("bundle", _bundle, "make the zip from which students install the course without the repository")
    item.add_argument("--output", type=Path, metavar="FILE", help="default: deep-learning-from-scratch-VERSION.zip")
    item.add_argument(
        "--with-dependencies",
        action="store_true",
        help="add all packages that it needs, for machines like this one without the internet (some 100 MB)",
    )
    item = command(
        "collect", _collect, "put submissions from Canvas, Moodle or folders into submitted/<student>/<week>"
    )
    item.add_argument("week")
    item.add_argument("source", nargs="+", type=Path, help="downloaded archives, or folders; the oldest first")
    item.add_argument("--names", type=Path, metavar="CSV", help="students' ids: columns id, and name or lms (a number)")
    item.add_argument(
        "--archive-times",
        action="store_true",
        help="take the files' times for when they were handed in (Canvas and Moodle write when you downloaded)",
    )
    item = command("grade", _grade, "grade submitted/<student>/<week>")
    item.add_argument("week")
    item.add_argument("--student", action="append", default=[], metavar="ID", help="only this one (may be repeated)")
    item.add_argument("--force", action="store_true", help="grade again what is graded")
    item.add_argument("--workers", type=int, metavar="N", help="processes that run submissions (default: the cores)")
    item.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler whose workers to use, tcp://…")
    item.add_argument(
        "--unsafe-without-sandbox",
        action="store_true",
        help="where there is no sandbox, run student code with process limits only: it runs as you",
    )
    item = command("feedback", _feedback, "write the feedback pages of a graded week")
    item.add_argument("week")
    item = command("report", _report, "write the instructor's report on a graded week")
    item.add_argument("week")
    item.add_argument("--output", type=Path, default=Path("report.html"), help="default: report.html")
    item = command("export", _export, "write a week's grades as CSV")
    item.add_argument("week")
    item.add_argument("--output", type=Path, help="default: standard output")
    item = command("solutions", _solutions, "write a week's solutions and common mistakes, for after the due date")
    item.add_argument("week")
    item.add_argument("--output", type=Path, default=Path("solutions"), help="the folder (default: solutions)")
    item.add_argument("--site", default="", metavar="ADDRESS", help="link to this website, not to the notebooks")
    item = command("site", _site, "build the course's website: lessons to read, without solutions")
    item.add_argument("week", nargs="*", help="only these (default: all)")
    item.add_argument("--output", type=Path, default=Path("site"), help="the folder, which is replaced (default: site)")
    item = command("doctor", _doctor, "say whether this machine can grade safely, and what to do if not")
    item.add_argument("--full", action="store_true", help="start Dask workers, too")
    item = command("demo", _demo, "let a sample class hand in week1 and grade it")
    item.add_argument("--folder", type=Path, default=Path("demo"), help="where to put it (default: demo)")
    return parser


def _bar(text: str) -> Callable[[Iterable[str], int], Iterable[str]]:
    def bar(items: Iterable[str], total: int) -> Iterable[str]:
        return iter(tqdm(items, desc=text, total=total, unit="submission", disable=None))

    return bar


def _build(options: argparse.Namespace) -> int:
    from grader.lessons.build import build
    from grader.lessons.course import Course

    build(Course(options.root), options.week, say, force=options.force)
    return 0


def _check(options: argparse.Namespace) -> int:
    from grader.lessons.check_lesson import check_lesson, find_lessons
    from grader.lessons.course import Course

    course = Course(options.root)
    all_right = True
    for path in find_lessons(course, options.lesson):
        with tqdm(desc=f"{path.parent.name}/{path.stem}", disable=None, leave=False) as bar:

            def progress(stage: str, done: int, total: int, bar: tqdm = bar) -> None:
                bar.set_postfix_str(stage, refresh=False)
                bar.n, bar.total = done, total
                bar.refresh()

            found = check_lesson(
                course, path, exercise=options.exercise, fast=options.fast, links=options.links, progress=progress
            )
        say(f"{found}\n")
        all_right &= found.is_right
    return 0 if all_right else 1


def _new(options: argparse.Namespace) -> int:
    from grader.lessons.course import Course
    from grader.lessons.new_lesson import new_lesson

    written = new_lesson(Course(options.root), options.lesson, options.title)
    for path in written:
        say(f"wrote {path}")
    say(f"Next: python -m grader preview {options.lesson} --watch")
    return 0


def _preview(options: argparse.Namespace) -> int:
    from grader.lessons.course import Course
    from grader.lessons.preview import preview

    return preview(Course(options.root), options.lesson, watch=options.watch, browser=not options.no_browser, say=say)


def _lab(options: argparse.Namespace) -> int:
    from dlcore.errors import SetupError
    from dlcore.lab.command import copy_and_open
    from grader.lessons.course import Course

    try:
        return copy_and_open(Course(options.root).release, options.folder, say, browser=not options.no_browser)
    except SetupError as problem:
        raise Problem(str(problem)) from None


def _bundle(options: argparse.Namespace) -> int:
    from grader.bundle.bundle import write_bundle
    from grader.lessons.course import Course

    write_bundle(Course(options.root), options.output, say, with_dependencies=options.with_dependencies)
    return 0


def _collect(options: argparse.Namespace) -> int:
    from grader.batch.gradebook import sole_owner
    from grader.lessons.course import Course
    from grader.submissions.collect import collect
    from grader.submissions.names import read_names

    course = Course(options.root)
    names = read_names(options.names) if options.names else None
    with sole_owner(course):
        found = collect(course, options.week, options.source, names, archive_times=options.archive_times)
    for student, done in sorted(found.students.items()):
        say(f"{visible(student)}: {visible(done)}")
    for note in found.notes:
        say(visible(note))
    for problem in found.problems:
        say(visible(problem), file=sys.stderr)
    say(f"{len(found.students)} students in {course.submitted}/<student>/{options.week}/")
    if found.problems:
        say(f"grader: problems: {len(found.problems)}; the rest was collected", file=sys.stderr)
    return 1 if found.problems else 0


def _grade(options: argparse.Namespace) -> int:
    submitted = (options.root / "submitted").glob("*")
    whom = options.student or [folder for folder in submitted if (folder / options.week).is_dir()]
    if len(whom) >= MIN_PARALLEL and options.workers != 0 and options.scheduler is None:
        start_forkserver()
    from grader.batch.gc_tuning import tune_gc
    from grader.batch.grade_week import State, grade_week, students_with_submissions
    from grader.lessons.course import Course

    tune_gc()
    course = Course(options.root)
    graded = grade_week(
        course,
        options.week,
        students=options.student,
        force=options.force,
        unsafe_without_sandbox=options.unsafe_without_sandbox,
        workers=options.workers,
        scheduler=options.scheduler,
        progress=_bar("grading"),
    )
    names = {item.student: visible(item.student) for item in graded}
    width = max(map(len, names.values()))
    for item in graded:
        what = f"{item.score:>7g} of {item.max_score:g}" if item.state is not State.FAILED else " failed"
        note = " (graded before)" if item.state is State.ALREADY_GRADED else ""
        say(f"{names[item.student]:<{width}} {what}{note}  {visible(item.problem)}".rstrip())
    for student in students_with_submissions(course, options.week)[1]:
        say(f"{visible(student)}: the folder holds no notebook; nothing was graded")
    failed = sum(item.state is State.FAILED for item in graded)
    if failed:
        say(f"grader: {failed} of {len(graded)} submissions could not be graded", file=sys.stderr)
    return 1 if failed else 0


def _feedback(options: argparse.Namespace) -> int:
    from grader.batch.grade_week import make_feedback
    from grader.lessons.course import Course

    course = Course(options.root)
    made = make_feedback(course, options.week, progress=_bar("feedback"))
    failed = [item for item in made if item.problem]
    for item in failed:
        say(f"{visible(item.student)}: {item.problem}", file=sys.stderr)
    say(f"{len(made) - len(failed)} pages in {course.feedback}/<student>/{options.week}/")
    return 1 if failed else 0


def _report(options: argparse.Namespace) -> int:
    from grader.lessons.course import Course
    from grader.reports.class_report import write_report

    write_report(Course(options.root), options.week, options.output)
    say(f"The report is in {options.output.resolve()}")
    return 0


def _export(options: argparse.Namespace) -> int:
    from grader.lessons.course import Course
    from grader.reports.csv_export import write_csv

    course = Course(options.root)
    if options.output is None:
        write_csv(course, options.week, sys.stdout)
        return 0
    with open(options.output, "w", newline="", encoding="utf-8") as stream:
        write_csv(course, options.week, stream)
    say(f"The grades are in {options.output.resolve()}")
    return 0


def _solutions(options: argparse.Namespace) -> int:
    from grader.lessons.course import Course
    from grader.solutions.write import write_solutions

    for path in write_solutions(Course(options.root), options.week, options.output, options.site):
        say(f"wrote {path}")
    say("Hand them out after the due date: who has them has the week's points.")
    return 0


def _site(options: argparse.Namespace) -> int:
    from grader.lessons.course import Course
    from grader.site.build import build_site

    start = build_site(Course(options.root), options.output, options.week, say)
    say(f"The website is in {options.output.resolve()}; it begins with {start.resolve().as_uri()}")
    return 0


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

    return run_demo(Course(options.root), options.folder, say, _bar("grading"))
