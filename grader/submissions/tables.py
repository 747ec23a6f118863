"""Read the CSV files that spreadsheets and learning management systems write."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import GradingError
from grader.text import FORMULA

__all__ = ["Row", "Table", "decoded", "delimiter_of", "read_table"]

QUOTED_NUMBER = re.compile(r'="([^"]*)"')  # as spreadsheets are told to keep a number's leading zeros
DELIMITERS = ",;\t"


@dataclass
class Row:
    """One row: its line, its cells by column (lower case), and the file, to say where something is wrong."""

    path: Path
    line: int
    cells: dict[str, str]

    def problem(self, what: str, column: str = "") -> GradingError:
        """The error to raise about this row, or about one of its cells."""
        return GradingError(f"{self.path}:{self.line}{f', column {column}' if column else ''}: {what}")


@dataclass
class Table:
    """A file's columns, lower case and in order, its rows, and what is to be said about how it was read."""

    path: Path
    columns: list[str]
    rows: list[Row]
    notes: list[str] = field(default_factory=list)


def read_table(path: Path) -> Table:
    """The table in a CSV file: commas, semicolons or tabs; UTF-8, UTF-16 with its mark, or Windows-1252.

    Raises:
        GradingError: it cannot be read, is no text, has no header, or a row does not fit the header.
    """
    text, notes = decoded(path)
    first, _, rest = text.partition("\n")
    if re.fullmatch(r"sep=.\s*", first, re.IGNORECASE):  # a line for spreadsheets
        first = rest.partition("\n")[0]
        text = f"\n{rest}"  # the numbers of lines stay
    delimiter = delimiter_of(first)
    rows = _rows(path, text, delimiter)
    _, header = next(rows, (1, []))
    columns = [name.strip().lower() for name in header]
    twice = [name for name, count in Counter(columns).items() if name and count > 1]
    if twice:
        raise GradingError(f"{path}:1: the column {twice[0]} is there twice")
    if not any(columns):
        raise GradingError(f"{path} is empty: its first line has to name the columns")
    return Table(path, columns, [_row(path, line, columns, values) for line, values in rows], notes)


def delimiter_of(text: str) -> str:
    """What separates the cells of a table, by its first line."""
    return max(DELIMITERS, key=text.partition("\n")[0].count)


def decoded(path: Path) -> tuple[str, list[str]]:
    """The text of a file however a spreadsheet saved it, with newlines of one kind, and what is to be said about it.

    Raises:
        GradingError: it cannot be read, or is no text.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise GradingError(f"{path} cannot be read ({problem.strerror})") from None
    if data.startswith(b"PK\x03\x04") or data.startswith(b"\xd0\xcf\x11\xe0"):
        raise GradingError(f"{path} is a spreadsheet; save it as “CSV UTF-8” and name that file")
    try:
        text = data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
        notes = []
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
        notes = [f"{path} is not UTF-8 text, and was read as Windows-1252: look at names such as Zoë"]
    if "\0" in text or "\ufffd" in text:
        place = next(number for number, line in enumerate(text.split("\n"), 1) if "\0" in line or "\ufffd" in line)
        raise GradingError(f"{path}:{place}: this is no text that can be read; save the file as “CSV UTF-8”")
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def _rows(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the line on which it ends."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for values in reader:
            if any(value.strip() for value in values):
                yield reader.line_num, values
    except csv.Error as problem:
        raise GradingError(f"{path}:{reader.line_num}: {problem}; is a quotation mark not closed?") from None


def _row(path: Path, line: int, columns: list[str], values: list[str]) -> Row:
    more = [value for value in values[len(columns) :] if value.strip()]
    row = Row(path, line, {name: _plain(value) for name, value in zip(columns, values, strict=False)})
    if more:
        what = f"there are {len(values)} cells for {len(columns)} columns; text with commas has to stand in quotes"
        raise row.problem(f"{what} ({more[0].strip()} is too much)")
    return row


def _plain(cell: str) -> str:
    """A cell's text, without what keeps a spreadsheet from computing it."""
    cell = cell.strip()
    number = QUOTED_NUMBER.fullmatch(cell)
    if number:
        return number[1].strip()
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip(" ").startswith(FORMULA) else cell
