"""Write docs/configuration.md: all settings and commands, from the code that has them.

python scripts/make_configuration.py [FILE]
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from traitlets.config import Configurable

from grader.cli import parser
from grader.nbgrader_plugins.deadlines import POLICIES, Policy
from grader.nbgrader_plugins.feedback import FeedbackExporter
from grader.nbgrader_plugins.preprocessors import RunSubmission

FILE = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"
SETTINGS = (RunSubmission, FeedbackExporter)
HEAD = """# Settings and commands

Made from the code by `python scripts/make_configuration.py`.

## nbgrader_config.py

nbgrader's own settings are in [its documentation](https://nbgrader.readthedocs.io/en/stable/config_options.html).
What this course adds, with its defaults:
"""
DEADLINES = """
## deadlines.toml

At the top, for all weeks, or under `[week1]` for one ([how](grading.md#late-work)). At the top also `timezone`, of
times without an offset; under a week also `due`, a time, and `[week1.extensions]`, by student a time or a duration.
"""
COMMANDS = """
## python -m grader

`--root FOLDER` before the command names the course's folder; otherwise it is the current one. The exit code is
0 if all went well, 1 if something failed on the way, 2 if it could not be done as asked.
"""


def main(file: str | Path = FILE) -> None:
    """Write the page to `file`."""
    Path(file).write_text("\n".join(page()) + "\n", encoding="utf-8")


def page() -> Iterator[str]:
    """The page's lines."""
    yield HEAD
    yield from table("setting", "default", rows=(row for kind in SETTINGS for row in settings(kind)))
    yield DEADLINES
    yield from table("key", "default", rows=policies())
    yield COMMANDS
    (commands,) = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    for name, command in sorted(commands.choices.items()):
        yield f"### {name}\n\n{command.description}\n"
        yield from table("argument", "", rows=arguments(command))
        yield ""


def table(first: str, second: str, rows: Iterator[tuple[str, str, str]]) -> Iterator[str]:
    """A table of three columns, or of two where the second has no name."""
    wide = bool(second)
    yield f"| {first} | {second} | |" if wide else f"| {first} | |"
    yield "|---|---|---|" if wide else "|---|---|"
    for name, default, text in rows:
        text = text.replace("|", "\\|")
        yield f"| {name} | {default} | {text} |" if wide else f"| {name} | {text} |"


def settings(kind: type[Configurable]) -> Iterator[tuple[str, str, str]]:
    """The settings that a class adds to those that it inherits."""
    inherited = {name for base in kind.__mro__[1:] if hasattr(base, "class_traits") for name in base.class_traits()}
    for name, trait in kind.class_traits(config=True).items():
        if name not in inherited:
            yield f"`c.{kind.__name__}.{name}`", f"`{trait.default_value!r}`", str(trait.help)


def policies() -> Iterator[tuple[str, str, str]]:
    """The keys of a penalty."""
    said = dict(re.findall(r"^ +(\w+): (.+)$", inspect.getdoc(Policy) or "", re.MULTILINE))
    yield "`policy`", '`"nbgrader"`', "what lateness costs: " + ", ".join(f'`"{name}"`' for name in POLICIES)
    for field in fields(Policy):
        if field.name in said and field.name != "kind":
            yield f"`{field.name}`", f"`{field.default:g}`", said[field.name].rstrip(".")


def arguments(command: argparse.ArgumentParser) -> Iterator[tuple[str, str, str]]:
    """The arguments of a command and what they mean."""
    for action in command._actions:
        if action.dest == "help":
            continue
        value = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
        shown = action.metavar or action.dest
        if action.option_strings:
            takes = "" if action.nargs == 0 else f" {value}"
            shown = f"{', '.join(action.option_strings)}{takes}"
        elif action.nargs in ("*", "+"):
            shown = f"{shown} …"
        yield f"`{shown}`", "", action.help or ""


if __name__ == "__main__":
    main(*sys.argv[1:2])
