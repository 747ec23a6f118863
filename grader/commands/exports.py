"""The command that writes grades for other programs: spreadsheets, learning management systems."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grader.commands.term import prepare_grades, released_weeks
from grader.commands.terminal import Commands, say
from grader.errors import GradingError

if TYPE_CHECKING:
    from grader.lessons.course import Course

__all__ = ["add_commands"]

LMS = ("canvas", "moodle")


def add_commands(commands: Commands) -> None:
    """Add the commands of this group."""
    item = commands.add("export", _export, "write grades as CSV, as JSON, or a week's as Canvas or Moodle imports them")
    item.add_argument("week", nargs="*", help="one week; with several or none, a row a student with all of them")
    item.add_argument("--format", choices=("csv", "json", *LMS), default="csv", help="default: csv, all that is known")
    item.add_argument("--output", type=Path, help="default: standard output")
    item.add_argument(
        "--template", type=Path, metavar="CSV", help="a table that you exported from Canvas or Moodle, to fill in"
    )
    item.add_argument("--column", default="", metavar="NAME", help="the LMS's column for the week (or Canvas's number)")
    item.add_argument("--by", choices=("email", "id"), default="email", help="what Moodle finds its users by")
    item.add_argument("--zero-missing", action="store_true", help="0 in the LMS for who handed in nothing")


def _export(options: argparse.Namespace) -> int:
    from grader.lessons.course import Course

    if options.format not in LMS and (options.template or options.column or options.zero_missing):
        raise GradingError("--template, --column and --zero-missing are for --format canvas and --format moodle")
    course, weeks = Course(options.root), list(dict.fromkeys(options.week))
    if options.format in LMS and len(weeks) != 1:
        raise GradingError(f"name one week: a table for {options.format.title()} has the grades of one assignment")
    for week in weeks or released_weeks(course):
        prepare_grades(course, week)
    text, problems = _written(course, weeks[0], options) if len(weeks) == 1 else (_term(course, weeks, options), 0)
    if options.output is None:
        sys.stdout.write(text.replace("\r\n", "\n"))
    else:
        with open(options.output, "w", newline="", encoding="utf-8") as stream:
            stream.write(text)
        say(f"The grades are in {options.output.resolve()}")
    return 1 if problems else 0


def _term(course: Course, weeks: list[str], options: argparse.Namespace) -> str:
    """The table of several weeks, by default of all that are graded."""
    from grader.reports.term_export import write_term_csv, write_term_json
    from grader.reports.term_results import read_term

    term = read_term(course, weeks)
    if term.left_out:
        say(f"nothing is graded in {', '.join(term.left_out)}: left out", file=sys.stderr)
    stream = io.StringIO()
    (write_term_csv if options.format == "csv" else write_term_json)(term, stream)
    return stream.getvalue()


def _written(course: Course, week: str, options: argparse.Namespace) -> tuple[str, int]:
    """The text of the file, and how many grades are missing in it; what there is to know is said on standard error."""
    if options.format not in LMS:
        from grader.reports.csv_export import write_csv
        from grader.reports.json_export import write_json

        stream = io.StringIO()
        (write_csv if options.format == "csv" else write_json)(course, week, stream)
        return stream.getvalue(), 0
    from grader.lms.export import lms_export

    export = lms_export(
        course,
        week,
        options.format,
        template=options.template,
        column=options.column,
        by=options.by,
        zero_missing=options.zero_missing,
    )
    for line in (*export.notes, *export.problems):
        say(line, file=sys.stderr)
    return export.text, len(export.problems)
