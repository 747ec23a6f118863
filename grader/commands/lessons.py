"""Commands for authors: make, check and hand out lessons."""

from __future__ import annotations

import argparse

from tqdm import tqdm

from grader.commands.terminal import Commands, say

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """Add the commands of this group."""
    item = commands.add("build", _build, "make source/ and release/ from course/, checking every check")
    item.add_argument("week", nargs="*", help="folders of course/ (default: all)")
    item.add_argument("--force", action="store_true", help="build what has not changed, too")
    item = commands.add("check", _check, "say all that is to be said about lessons: checks, text, mutants, notebook")
    item.add_argument("lesson", nargs="?", default="", help="week1 or week1/lesson (default: all)")
    item.add_argument("--exercise", default="", metavar="NAME", help="only this one")
    item.add_argument("--fast", action="store_true", help="leave out the mutants and the finished notebook")
    item.add_argument("--links", action="store_true", help="ask for every web address in the text, too")
    item = commands.add("new", _new, "write a lesson to begin with: one exercise of each kind, which builds")
    item.add_argument("lesson", help="week8/residual")
    item.add_argument("--title", required=True, help="as in reports: “Residual networks”")
    item = commands.add("preview", _preview, "build a lesson as students get it, and open it")
    item.add_argument("lesson", help="week1/lesson")
    item.add_argument("--watch", action="store_true", help="build again whenever a file of the week is saved")
    item.add_argument("--no-browser", action="store_true", help="build only, open nothing")


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
