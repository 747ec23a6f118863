"""Commands about what is graded: feedback, report, and what is alike."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grader.commands.term import prepare_grades, released_weeks
from grader.commands.terminal import Commands, progress_bar, say, say_problems
from grader.errors import GradingError
from grader.text import counted, visible

if TYPE_CHECKING:
    from grader.lessons.course import Course

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """Add the commands of this group."""
    item = commands.add("feedback", _feedback, "write the feedback pages of a graded week")
    item.add_argument("week")
    item.add_argument("--student", action="append", default=[], metavar="ID", help="only this one (may be repeated)")
    item.add_argument("--force", action="store_true", help="write also the pages that would not change")
    item.add_argument("--workers", type=int, metavar="N", help="processes; default: one per core for a large class")
    item.add_argument(
        "--zip", choices=("canvas", "moodle"), help="put the pages into an archive that this LMS takes back"
    )
    item.add_argument("--output", type=Path, help="the archive; default: feedback-<week>-<LMS>.zip")
    item = commands.add("report", _report, "write the instructor's report on a graded week, or on the term")
    item.add_argument("week", nargs="*", help="one week; with several or none, a page about all of them")
    item.add_argument("--output", type=Path, help="default: report.html for a week, term.html for the term")
    item = commands.add("similar", _similar, "show the solutions that are most alike, as places to look")
    item.add_argument("week")
    item.add_argument("--output", type=Path, default=Path("similar.html"), help="default: similar.html")
    item.add_argument("--most", type=int, default=30, metavar="N", help="pairs on the page; default: 30")


def _feedback(options: argparse.Namespace) -> int:
    from grader.batch.feedback import make_feedback
    from grader.batch.grade_week import State
    from grader.batch.unfinished import waiting_grades
    from grader.lessons.course import Course

    if options.output and not options.zip:
        raise GradingError("--output names the archive of --zip; pages are always in feedback/")
    course = Course(options.root)
    prepare_grades(course, options.week)
    made = make_feedback(
        course,
        options.week,
        students=options.student,
        force=options.force,
        workers=options.workers,
        progress=progress_bar("feedback"),
    )
    failed = say_problems(made)
    unchanged = sum(item.state is State.ALREADY_GRADED for item in made)
    said = f"{counted(len(made) - failed, 'page')} in {course.feedback}/<student>/{options.week}/"
    say(f"{said}, {unchanged} of them as before" if unchanged else said)
    for line in waiting_grades(course, options.week):
        say(line, file=sys.stderr)
    left_out = _zip(course, options, [item.student for item in made if not item.problem]) if options.zip else 0
    return 1 if failed or left_out else 0


def _zip(course: Course, options: argparse.Namespace, students: list[str]) -> int:
    """Write the archive, and say what is in it; return how many students are not."""
    from grader.lms.feedback_zip import write_feedback_zip

    output = options.output or Path(f"feedback-{options.week}-{options.zip}.zip")
    done = write_feedback_zip(course, options.week, options.zip, students, output)
    for problem in done.problems:
        say(problem, file=sys.stderr)
    if done.pages:
        megabytes = output.stat().st_size / 1e6
        said = f"{counted(done.pages, 'page')} for {counted(done.students, 'student')} in {output.resolve()}"
        say(f"{said} ({megabytes:.1f} MB)")
    else:
        say("there is no page to put into an archive; none was written", file=sys.stderr)
    return len(done.problems)


def _report(options: argparse.Namespace) -> int:
    from grader.lessons.course import Course
    from grader.reports.class_report import write_report
    from grader.reports.term_page import write_term

    course, weeks = Course(options.root), list(dict.fromkeys(options.week))
    output = options.output or Path("report.html" if len(weeks) == 1 else "term.html")
    for week in weeks or released_weeks(course):
        prepare_grades(course, week)
    if len(weeks) == 1:
        write_report(course, weeks[0], output)
    else:
        write_term(course, weeks, output)
    say(f"The report is in {output.resolve()}")
    return 0


def _similar(options: argparse.Namespace) -> int:
    from grader.lessons.course import Course
    from grader.similarity.page import write_similarity

    found = write_similarity(Course(options.root), options.week, options.output, options.most)
    for group in found.identical:
        say(f"{', '.join(map(visible, group.students))}: the same to the letter in {group.said}")
    for pair in found.pairs:
        say(f"{visible(pair.first)} and {visible(pair.second)}: by chance {pair.by_chance:.2g} pairs as alike")
    count = len(found.pairs)
    words = (
        f"no {'other ' if found.identical else ''}pair stands out"
        if not count
        else f"{count} {'pair stands' if count == 1 else 'pairs stand'} out"
    )
    say(f"{words} among {counted(found.students, 'student')}; the most alike are in {options.output.resolve()}")
    if found.is_small:
        say("In so small a class hardly any pair can stand out: look at the lines that are marked on the page.")
    return 0
