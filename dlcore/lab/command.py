"""The command ``dlcore``, or ``python -m dlcore``: the lessons, their updates, and JupyterLab.

Exit codes: 0 success; 2 the command could not be carried out; for ``lab``, JupyterLab's.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import io
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from dlcore.errors import SetupError
from dlcore.lab.folder import Changes, copy_lessons, update_lessons
from dlcore.lab.jupyterlab import open_lab
from dlcore.lab.released import KEY_SUFFIX, released_folder

__all__ = ["copy_and_open", "lines_of", "main", "version"]

DISTRIBUTION = "deep-learning-from-scratch"
FOLDER = "work"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of one command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a Windows console need not have the characters of a folder's name
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        return _lab(options) if options.command == "lab" else _update(options)
    except SetupError as problem:
        print(f"dlcore: {problem}", file=sys.stderr)
        return 2


def version() -> str:
    """The version of the installed course; "unknown" where the package was copied instead of installed."""
    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dlcore", description="Deep learning from scratch: the lessons on your computer."
    )
    said = f"dlcore {version()} ({DISTRIBUTION}), Python {platform.python_version()}"
    parser.add_argument("--version", action="version", version=said)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in (
        ("lab", "open JupyterLab in your working folder, with a copy of each lesson"),
        ("update", "bring the lessons in your working folder to the installed version; your work is kept"),
    ):
        item = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        item.add_argument("folder", type=Path, nargs="?", default=Path(FOLDER), help=f"your folder (default: {FOLDER})")
        if name == "lab":
            item.add_argument("--no-browser", action="store_true", help="print the address, open no browser")
    return parser


def _lab(options: argparse.Namespace) -> int:
    return copy_and_open(released_folder(), options.folder, _say, browser=not options.no_browser)


def copy_and_open(release: Path, folder: Path, say: Callable[[str], None], *, browser: bool) -> int:
    """The exit code of a JupyterLab on a working folder, into which the missing lessons were copied.

    Raises:
        SetupError: the folder cannot be written, or JupyterLab does not start.
    """
    for line in lines_of(copy_lessons(release, folder), folder):
        say(line)
    return open_lab(folder, browser=browser)


def _say(line: str) -> None:
    print(line, flush=True)  # before what JupyterLab says


def _update(options: argparse.Namespace) -> int:
    if not options.folder.is_dir():
        raise SetupError(
            f"There is no folder {options.folder.resolve()}. Give the command where you gave `dlcore lab`, "
            "or name the folder of your work: dlcore update FOLDER"
        )
    lines = lines_of(update_lessons(released_folder(), options.folder, version()), options.folder)
    for line in lines if len(lines) > 1 else [*lines, f"Nothing to do: it has the lessons of version {version()}."]:
        _say(line)
    return 0


def lines_of(changes: Changes, folder: Path) -> list[str]:
    """What a student is told about the changes in a working folder."""
    lines = [f"Your work is in {folder.resolve()}"]
    for what, names in (("New there", changes.new), ("Brought up to date", changes.replaced)):
        keys = [name for name in names if name.endswith(KEY_SUFFIX)]
        said = [name for name in names if name not in keys] + ([f"{len(keys)} answer keys"] if keys else [])
        lines += [f"{what}: {', '.join(said)}"] if said else []
    for name, other in changes.kept.items():
        lines.append(f"{name} is the new version; yours, which you may have changed, is now {other}.")
    for name, other in changes.beside.items():
        lines.append(f"{name} has your work in it and was left alone; the new version is {other}.")
    if changes.waiting:
        lines.append(f"There is a newer version of {', '.join(changes.waiting)}: `dlcore update` brings it.")
    return lines
