"""The command line: ``python -m grader COMMAND``.

Exit codes: 0 success; 1 completed, but something failed (a submission, a check
of the demo); 2 the command could not be carried out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from grader.commands import exports, grading, handing_out, lessons, offering, results, term
from grader.commands.terminal import Commands, say
from grader.errors import Problem

__all__ = ["main", "parser"]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of one command."""
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except Problem as problem:
        say(f"grader: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        say("grader: stopped; what is done is kept, and the same command goes on from there", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m grader",
        description="Build the lessons, grade submissions, report.",
        epilog="Exit codes: 0 all well, 1 something failed on the way, 2 could not be done as asked.",
    )
    parser.add_argument("--root", type=Path, default=Path(), help="the course's folder (default: the current one)")
    commands = Commands(parser.add_subparsers(dest="command", required=True, metavar="COMMAND"))
    for group in (lessons, handing_out, term, offering, grading, results, exports):
        group.add_commands(commands)
    return parser
