"""Check a lesson's text: formulas, links, questions, spelling, and what every lesson has."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from grader.lessons.audit import Defect
from grader.lessons.cells import Cell, quiz_answer
from grader.lessons.formulas import FormulaParser, why_no_formulas
from grader.lessons.guesses import guess_defects
from grader.lessons.optional import optional_defects
from grader.lessons.parser import Lesson
from grader.lessons.roles import Role
from grader.lessons.variants import variants_path

__all__ = ["conspicuous_answers", "external_links", "incomplete", "prose_defects"]

OPTION = re.compile(r"^\s*[-*] \*\*([a-z])\)\*\*|(?<!\S)\(([a-z])\) ", re.MULTILINE)
MISSPELT = re.compile(r"(?P<path>.*):(?P<line>\d+): (?P<word>.+) ==> (?P<right>.+)\Z")
QUESTIONS = range(4, 7)
HINTS = (2, 3)
CONSPICUOUS, CONSPICUOUS_LETTERS = 1.2, 10


def prose_defects(lesson: Lesson, cache: Path) -> list[Defect]:
    """What is to be put right in a lesson's text.

    Args:
        lesson: the lesson.
        cache: a file for the formulas that are known to be right.
    """
    parser = None if why_no_formulas() else FormulaParser(cache)
    texts = [cell for cell in lesson.cells if cell.kind == "markdown"]
    found = [defect for cell in texts for defect in _text_defects(cell, lesson, parser)]
    if parser is not None:
        parser.save()
    return [
        *found,
        *_question_defects(lesson),
        *guess_defects(lesson),
        *optional_defects(lesson),
        *_spelling_defects(lesson),
    ]


def _tokens(source: str) -> Any:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    markdown = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, double_inline=True)
    markdown.core.ruler.before("text_join", "escaped_dollars", _without_escaped_dollars)
    return markdown.parse(source)


def _without_escaped_dollars(state: Any) -> None:
    """Take out each `\\$` before it becomes a `$` of the text around it."""
    for token in state.tokens:
        for child in token.children or ():
            if child.type == "text_special" and child.content == "$":
                child.content = ""


def _text_defects(cell: Cell, lesson: Lesson, parser: FormulaParser | None) -> Iterator[Defect]:
    anchors = None
    for token, line in _leaves(_tokens(cell.source)):
        where = cell.line_of(line)
        if token.type.startswith("math") and parser is not None:
            said = parser.problem(token.content, display=token.type != "math_inline")
            if said:
                yield Defect(cell.path, where, f"the formula ${_short(token.content)}$ does not render: {said}")
        elif token.type == "text" and "$" in token.content:
            rest = token.content[token.content.index("$") :]
            yield Defect(cell.path, where, f"the $ of “{_short(rest)}” has no partner: close the formula, or write \\$")
        for target in (token.attrs.get("href"), token.attrs.get("src")):
            if isinstance(target, str):
                anchors = _anchors(lesson) if anchors is None else anchors
                if problem := _dead(target, lesson, anchors):
                    yield Defect(cell.path, where, problem)


def _leaves(tokens: Any) -> Iterator[tuple[Any, int]]:
    """Every block and inline token with its line in the source, from 1."""
    for token in tokens:
        line = token.map[0] + 1 if token.map else 1
        if token.children is None:
            yield token, line
            continue
        place = 0
        for child in token.children:
            yield child, line
            line += child.type in ("softbreak", "hardbreak") or child.content.count("\n")
            if child.type == "code_inline":  # its line breaks have become spaces
                words = re.escape(child.content).replace(r"\ ", r"\s")
                if span := re.compile(rf"{child.markup}\s?{words}\s?{child.markup}").search(token.content, place):
                    line, place = line + span[0].count("\n"), span.end()


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 50 else text[:49] + "…"


def _headings(lesson: Lesson) -> list[str]:
    texts = [cell.source for cell in lesson.cells if cell.kind == "markdown"]
    return re.findall(r"^#+ +(.*?) *#*$", "\n".join(texts), re.MULTILINE)


def _anchors(lesson: Lesson) -> set[str]:
    """The anchors that JupyterLab gives the lesson's headings."""
    return {heading.replace(" ", "-") for heading in _headings(lesson)}


def _dead(target: str, lesson: Lesson, anchors: set[str]) -> str:
    """Why a link leads nowhere; "" if it leads somewhere, or out of the course."""
    parts = urlsplit(target)
    if parts.scheme in ("http", "https"):
        return "" if parts.netloc else f"the link {target} names no host"
    if parts.scheme:
        return f"the link {target} is neither a web address nor a file of the course"
    if parts.path:
        path = Path(os.path.normpath(lesson.path.parent / unquote(parts.path)))
        written = path.with_suffix(".md") if path.suffix == ".ipynb" else path
        return "" if written.exists() else f"the link {target} leads nowhere: there is no {written}"
    if parts.fragment and unquote(parts.fragment) not in anchors:
        return f"the link {target} leads nowhere: no heading has this anchor (a heading's words, joined by hyphens)"
    return ""


def external_links(lesson: Lesson) -> list[tuple[Cell, int, str]]:
    """The web addresses in a lesson's text, with the cell and the line that each stands in."""
    found = []
    for cell in lesson.cells:
        if cell.kind == "markdown":
            for token, line in _leaves(_tokens(cell.source)):
                target = token.attrs.get("href") or token.attrs.get("src")
                if isinstance(target, str) and target.startswith(("http://", "https://")):
                    found.append((cell, cell.line_of(line), target))
    return found


def _question_defects(lesson: Lesson) -> Iterator[Defect]:
    """Quiz questions whose options and explanations differ."""
    for number, cell in enumerate(lesson.cells):
        if cell.role is not Role.QUIZ:
            continue
        before = next((item for item in reversed(lesson.cells[:number]) if item.kind == "markdown"), None)
        shown = {first or second for first, second in OPTION.findall(before.source)} if before else set()
        explained = {quiz_answer(cell), *cell.options["wrong"]}
        for letter in sorted(shown - explained):
            text = f"option {letter} of {cell.exercise} is neither the answer nor explained in `wrong`"
            yield Defect(cell.path, cell.line, text)
        for letter in sorted(str(letter) for letter in explained - shown):
            text = f"the question before {cell.exercise} has no option {letter}; write it as “- **{letter})** …”"
            yield Defect(cell.path, cell.line, text)


def conspicuous_answers(lesson: Lesson) -> Iterator[str]:
    """The questions whose answer is so much longer than all other options that who knows nothing takes it."""
    for number, cell in enumerate(lesson.cells):
        if cell.role is not Role.QUIZ:
            continue
        before = next((item for item in reversed(lesson.cells[:number]) if item.kind == "markdown"), None)
        parts = OPTION.split(before.source) if before else []
        lengths = {
            parts[place] or parts[place + 1]: len(" ".join(parts[place + 2].split("\n\n")[0].split()))
            for place in range(1, len(parts), 3)
        }
        own = lengths.pop(str(quiz_answer(cell)), 0)
        longest = max(lengths.values(), default=own)
        if own > CONSPICUOUS * longest and own - longest >= CONSPICUOUS_LETTERS:
            yield f"{cell.exercise}: the answer stands out, with {own} characters against {longest} at most"


def _spelling_defects(lesson: Lesson) -> Iterator[Defect]:
    """What codespell finds; it reads its settings in the course's folder."""
    if find_spec("codespell_lib") is None:
        return
    paths = [path for path in (lesson.path, variants_path(lesson.path)) if path.exists()]
    folder = lesson.path.parent.parent.parent
    command = [sys.executable, "-m", "codespell_lib", "--disable-colors", *map(str, paths)]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
    for line in said.splitlines():
        if match := MISSPELT.match(line):
            text = (
                f"{match['word']} is misspelt: {match['right'].strip()}? (codespell; ignore a word in pyproject.toml)"
            )
            yield Defect(Path(match["path"]), int(match["line"]), text)


def incomplete(lesson: Lesson) -> list[Defect]:
    """What a finished lesson has and this one has not; pictures and widgets are counted when it is run."""
    exercises = lesson.exercises.values()
    headings = _headings(lesson)
    quiz = sum(item.kind is Role.QUIZ for item in exercises)
    missing = []
    if not any("able to do" in heading.lower() for heading in headings):
        missing.append("a heading “What you will be able to do”")
    if not any("remember" in heading.lower() for heading in headings):
        missing.append("a heading “What to remember”")
    if quiz not in QUESTIONS:
        missing.append(f"{QUESTIONS[0]} to {QUESTIONS[-1]} quiz questions (it has {quiz})")
    if not any(item.kind is Role.WRITTEN for item in exercises):
        missing.append("a written question")
    found = [Defect(lesson.path, 1, f"the lesson lacks {what}") for what in missing]
    for cell in lesson.cells:
        for match in re.finditer("<!-- WRITE:", cell.source if cell.kind == "markdown" else ""):
            line = cell.source.count("\n", 0, match.start()) + 1
            found.append(Defect(cell.path, cell.line_of(line), "there is something left to write here"))
    for item in exercises:
        if item.kind is Role.SOLUTION and not HINTS[0] <= len(item.hints) <= HINTS[1]:
            text = f"{item.name} has {len(item.hints)} hints, not two or three"
            found.append(Defect(lesson.path, item.solution.line, text))
    return found
