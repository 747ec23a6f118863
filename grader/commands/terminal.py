"""What all commands share: how they are added, what they print, their progress bar."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, TextIO

from tqdm import tqdm

from grader.text import visible, visible_lines

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["Commands", "progress_bar", "say", "say_problems"]


class HasProblem(Protocol):
    """A student's result that may have a problem."""

    student: str
    problem: str


class Commands:
    """The commands of a parser, to which each group adds its own."""

    def __init__(self, subparsers: Subparsers):
        self._subparsers = subparsers

    def add(self, name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        """The parser of a new command, which calls `run`; `text` says what it does."""
        item = self._subparsers.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        item.set_defaults(run=run)
        return item


def say(text: str, file: TextIO | None = None) -> None:
    """Print lines in which nothing acts on the terminal: names, files and errors are what students made them."""
    print(visible_lines(text), file=file, flush=True)


def say_problems(found: Sequence[HasProblem]) -> int:
    """Say on standard error whose submission has which problem; return how many have one."""
    problems = [item for item in found if item.problem]
    for item in problems:
        say(f"{visible(item.student)}: {visible(item.problem)}", file=sys.stderr)
    return len(problems)


def progress_bar(text: str) -> Callable[[Iterable[str], int], Iterable[str]]:
    """A progress bar over submissions."""

    def bar(items: Iterable[str], total: int) -> Iterable[str]:
        return iter(tqdm(items, desc=text, total=total, unit="submission", disable=None))

    return bar
