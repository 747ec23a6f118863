"""Read and write a table cell by cell, so that all that is not filled in stays as the LMS wrote it."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import GradingError
from grader.submissions.tables import decoded, delimiter_of

__all__ = ["Export", "Sheet", "number", "read_sheet", "slug"]

BOM = "\ufeff"
ID = re.compile(r"(?P<title>.*)\s\((?P<id>\d+)\)", re.DOTALL)  # as Canvas writes an assignment


@dataclass
class Export:
    """A table for an LMS.

    Attributes:
        text: the content of the file.
        notes: what an instructor has to know about it.
        problems: grades that are not in it although they are known.
    """

    text: str
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass
class Sheet:
    """A table: its columns as they are written, its rows of cells, and how the file separates them."""

    name: str
    columns: list[str]
    rows: list[list[str]]
    delimiter: str = ","
    bom: bool = False

    def place(self, *names: str) -> int | None:
        """The place of the first of these columns that is there, in capitals or not."""
        folded = [column.strip().casefold() for column in self.columns]
        return next((folded.index(name) for name in names if name in folded), None)

    def cell(self, row: list[str], *names: str) -> str:
        """A row's cell in the first of these columns that is there; "" if none is."""
        place = self.place(*names)
        return "" if place is None else row[place].strip()

    def grade_column(self, wanted: str, guesses: Iterable[str], candidates: Iterable[int]) -> int:
        """The place of the column to fill in.

        Args:
            wanted: its name, its name without the LMS's number, or that number; "" to guess.
            guesses: names of the assignment, if nothing is wanted.
            candidates: the places of columns that may be filled in.

        Raises:
            GradingError: no column has the name, or several have.
        """
        named = {place: self.columns[place].strip() for place in candidates}
        names = [wanted] if wanted else list(guesses)
        found = [place for place, text in named.items() if any(_is_called(text, name) for name in names)]
        exact = [place for place, text in named.items() if text == wanted]
        if len(exact or found) == 1:
            return (exact or found)[0]
        there = ", ".join(named.values()) or "none"
        if found:
            raise GradingError(f"{self.name}: several columns are called {names[0]}; name one with --column ({there})")
        missed = f"no column that can be filled in is called {' or '.join(names)}; name one with --column"
        raise GradingError(f"{self.name}: {missed} ({there})")

    def text(self) -> str:
        """The table as CSV."""
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=self.delimiter, lineterminator="\r\n")
        writer.writerows([self.columns, *self.rows])
        return BOM * self.bom + stream.getvalue()


def read_sheet(path: Path) -> Sheet:
    """The table in a file that was downloaded from an LMS; rows are filled up to the width of the header.

    Raises:
        GradingError: it cannot be read, or has no header.
    """
    text, _ = decoded(path)
    delimiter = delimiter_of(text)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    except csv.Error as problem:
        raise GradingError(f"{path}: {problem}; is a quotation mark not closed?") from None
    if not rows:
        raise GradingError(f"{path} is empty: its first line has to name the columns")
    header, *rest = rows
    for row in rest:
        if len(row) > len(header):
            raise GradingError(f"{path}: a line that begins with {row[0]!r} has more cells than the header has columns")
    wide = [row + [""] * (len(header) - len(row)) for row in rest]
    return Sheet(str(path), header, wide, delimiter, path.read_bytes().startswith(BOM.encode()))


def number(value: float) -> str:
    """A number of points as both systems show it, with two decimals at most.

    >>> number(7.0), number(10 / 3), number(1e-9), number(12.5)
    ('7', '3.33', '0', '12.5')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")


def slug(text: str) -> str:
    """A name's letters and digits, to compare it however it is written.

    >>> slug("Week 1") == slug("week1"), slug("Zoë")
    (True, 'zoë')
    """
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def _is_called(column: str, name: str) -> bool:
    """Whether a column is an assignment's: by its title, or by the LMS's number behind it."""
    parts = ID.fullmatch(column)
    title = parts["title"] if parts else re.sub(r"\s\((?:Real|Points)\)$", "", column)
    same = {slug(column), slug(title), slug(title.partition(":")[2])}  # "Assignment: Week 1", as Moodle writes
    return bool(name) and (slug(name) in same - {""} or (parts is not None and parts["id"] == name))
