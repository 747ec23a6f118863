"""Find the headings that a lesson's cells stand under."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from grader.lessons.cells import Cell
from grader.lessons.parser import Lesson

__all__ = ["Heading", "heading_matches", "headings_of", "question_before", "sections", "slug_of"]

HEADING = re.compile(r"^(#{1,6}) +(.*?) *#*$", re.MULTILINE)
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
QUESTION = re.compile(r"^\*\*Question", re.MULTILINE)


@dataclass(frozen=True)
class Heading:
    """A heading: its level, from 1, and its text as written."""

    level: int
    text: str

    @property
    def anchor(self) -> str:
        """The fragment of a link to it in JupyterLab: its words, joined by hyphens."""
        return quote(self.text.replace(" ", "-"), safe=".,?!:()")

    @property
    def slug(self) -> str:
        """Its id in a page of the website."""
        return slug_of(self.text)


def slug_of(heading: str) -> str:
    """The id that Sphinx gives a heading; of equal headings, the first one's.

    >>> slug_of("2. Features on *one* scale")
    'features-on-one-scale'
    """
    letters = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode().lower()
    return re.sub(r"^[-0-9]+|-+$", "", re.sub(r"[^a-z0-9]+", "-", letters))


def headings_of(source: str) -> list[Heading]:
    """The headings in a Markdown source, in order."""
    return [Heading(len(match[1]), match[2]) for match in heading_matches(source)]


def heading_matches(source: str) -> Iterator[re.Match[str]]:
    """The headings in a Markdown source, at their places: marks and text; lines of fenced code are none."""
    return HEADING.finditer(FENCED.sub(lambda fenced: re.sub(r"[^\n]", " ", fenced[0]), source))


def sections(lesson: Lesson) -> Iterator[tuple[Cell, list[Heading]]]:
    """Every cell with the headings that it stands under, from the lesson's title down.

    A Markdown cell stands under the last heading in it.
    """
    path: list[Heading] = []
    for cell in lesson.cells:
        for heading in headings_of(cell.source) if cell.kind == "markdown" and not cell.role else ():
            path = [*(above for above in path if above.level < heading.level), heading]
        yield cell, path


def question_before(lesson: Lesson, cell: Cell) -> str:
    """The question that a quiz cell or a written answer belongs to: the text before it, from “**Question” on."""
    place = next(number for number, item in enumerate(lesson.cells) if item is cell)
    text = next((item.source for item in reversed(lesson.cells[:place]) if item.kind == "markdown"), "")
    starts = [match.start() for match in QUESTION.finditer(text)]
    return text[starts[-1] :].strip() if starts else text.strip()
