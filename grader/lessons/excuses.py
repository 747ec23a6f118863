"""The dimensions along which the inputs of an exercise's checks must vary, and an author's reasons why one does not.

What each dimension asks for is decided in `grader.lessons.sweep`. An excuse is an
item ``- not uint8, many: the labels come from our own loader.`` of the variants file,
under an exercise's heading, or before the first one for the whole lesson.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from grader.errors import BuildError

__all__ = ["DIMENSIONS", "Excuse", "read_excuse"]

DIMENSIONS = {
    "whole": "whole numbers in every array, with a right result that is not whole",
    "uint8": "labels, counts and masks of type uint8",
    "bool": "labels and masks of type bool",
    "float32": "an array of type float32",
    "one": "every axis of length 1",
    "many": "a value that occurs more than 255 times in an array of type uint8",
    "wide": "matrices with more rows than columns, and with fewer",
    "zero": "an entry that is exactly 0 in every array",
    "huge": "numbers with which a naive formula overflows or cancels",
    "tiny": "numbers so small that a stray ε shows",
    "ties": "equal entries where one is chosen, and entries exactly at a limit",
    "keys": "numbered names beyond 9",
    "kept": "inputs that must stay as they are, and results with memory of their own",
    "draws": "random entries that must be independent of each other",
    "type": "a tuple of whole numbers where the docstring asks for one",
}
EXCUSE = re.compile(r"not +([a-z0-9]+(?:, *[a-z0-9]+)*): +(\S.*)\Z", re.DOTALL)


@dataclass(frozen=True)
class Excuse:
    """Why the checks of an exercise (of all, if it is "") need not vary along some dimensions."""

    exercise: str
    dimensions: tuple[str, ...]
    reason: str
    path: Path
    line: int


def read_excuse(content: str, exercise: str, path: Path, line: int) -> Excuse:
    """The excuse that a list item holds.

    Raises:
        BuildError: it is none, or names a dimension that there is not.
    """
    match = EXCUSE.match(content.strip())
    if not match:
        raise BuildError(f"“{content}” is not an excuse like “not uint8: why not”", path, line)
    dimensions = tuple(name.strip() for name in match[1].split(","))
    for name in dimensions:
        if name not in DIMENSIONS:
            raise BuildError(f"there is no dimension {name!r}; there are: {', '.join(DIMENSIONS)}", path, line)
    return Excuse(exercise, dimensions, " ".join(match[2].split()), path, line)
