"""Commands for what is handed out: notebooks, solutions, the website."""

from __future__ import annotations

import argparse
from pathlib import Path

from grader.commands.terminal import Commands, say
from grader.errors import Problem

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """Add the commands of this group."""
    item = commands.add("lab", _lab, "open JupyterLab in a working folder, as a student")
    item.add_argument("--folder", type=Path, default=Path("work"), help="the working folder (default: work)")
    item.add_argument("--no-browser", action="store_true", help="print the address, open no browser")
    item = commands.add("bundle", _bundle, "make the zip from which students install the course without the repository")
    item.add_argument("--output", type=Path, metavar="FILE", help="default: deep-learning-from-scratch-VERSION.zip")
    item.add_argument(
        "--with-dependencies",
        action="store_true",
        help="add all packages that it needs, for machines like this one without the internet (some 100 MB)",
    )
    item = commands.add("solutions", _solutions, "write a week's solutions and common mistakes, for after the due date")
    item.add_argument("week")
    item.add_argument("--output", type=Path, default=Path("solutions"), help="the folder (default: solutions)")
    item.add_argument("--site", default="", metavar="ADDRESS", help="link to this website, not to the notebooks")
    item = commands.add("site", _site, "build the course's website: lessons to read, without solutions")
    item.add_argument("week", nargs="*", help="only these (default: all)")
    item.add_argument("--output", type=Path, default=Path("site"), help="the folder, which is replaced (default: site)")


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
