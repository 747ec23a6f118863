"""Parse a lesson's variants file: the misconceptions and alternatives of its exercises.

``logistic_regression.variants.md`` stands beside ``logistic_regression.md``. Each
variant is a heading with a hint and with what differs from the reference solution:
replaced text, replaced lines, or whole code. Before the variants there may be
excuses (see `excuses`). The format is described in docs/authoring.md.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from grader.errors import BuildError
from grader.lessons.excuses import Excuse, read_excuse
from grader.lessons.roles import Role

__all__ = [
    "MARKER",
    "SUFFIX",
    "Replacement",
    "VariantsFile",
    "WrittenVariant",
    "base_of",
    "lesson_files",
    "read_variants",
    "variants_path",
    "week_order",
    "with_replacements",
]

SUFFIX = ".variants.md"
HEADING = re.compile(r"(misconception|alternative): *([a-z0-9][a-z0-9.-]*)\Z")
REPLACE = re.compile(r"`([^`]+)` *→ *`([^`]+)`\Z")
DELETE = re.compile(r"delete *`([^`]+)`\Z")
MARKER = re.compile(r"\s*### (BEGIN|END) SOLUTION\s*\Z")


@dataclass(frozen=True)
class Replacement:
    """A text of the reference solution and what stands in its place; whole lines, if it comes from a diff."""

    old: str
    new: str
    line: int
    whole_lines: bool = False


@dataclass
class WrittenVariant:
    """A misconception or an alternative as written: replacements, or whole code."""

    role: Role
    exercise: str
    name: str
    line: int
    hint: str = ""
    replacements: list[Replacement] = field(default_factory=list)
    code: str = ""
    code_line: int = 0


@dataclass
class VariantsFile:
    """What a variants file holds, in order."""

    variants: list[WrittenVariant] = field(default_factory=list)
    excuses: list[Excuse] = field(default_factory=list)


def lesson_files(course: Path, week: str = "*") -> list[Path]:
    """The lesson files in a folder course/, or in one of its weeks, week by week: not the variants beside them."""
    files = (path for path in course.glob(f"{week}/*.md") if not path.name.endswith(SUFFIX))
    return sorted(files, key=lambda path: (week_order(path.parent.name), path))


def week_order(week: str) -> list[tuple[int, str]]:
    """A key by which week10 comes after week9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", week)]


def variants_path(lesson: Path) -> Path:
    """Where the variants of a lesson's file stand."""
    return lesson.with_name(lesson.stem + SUFFIX)


def read_variants(path: Path) -> VariantsFile:
    """The variants and excuses in a file; none if there is no such file.

    Raises:
        BuildError: the file is malformed; the message gives line and reason.
    """
    from markdown_it import MarkdownIt  # comes with jupytext; not needed for grading

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return VariantsFile()
    except OSError as problem:
        raise BuildError(f"cannot be read: {problem.strerror}", path) from None
    except UnicodeDecodeError as problem:
        raise BuildError(f"is not UTF-8 text: {problem}", path) from None
    reader = _Reader(path)
    tokens = MarkdownIt("commonmark").disable("inline", True).parse(text)
    for number, token in enumerate(tokens):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "inline":
            reader.text(tokens[number - 1].type, tokens[number - 1].tag, token.content, line, token.level)
        elif token.type == "fence":
            reader.fence(token.info.strip(), token.content, line)
        elif token.type in ("code_block", "html_block", "hr", "blockquote_open", "ordered_list_open"):
            what = token.type.removesuffix("_open").replace("_", " ")
            raise BuildError(f"a {what} has no meaning here; see “The variants” in docs/authoring.md", path, line)
    reader.finish()
    return reader.found


class _Reader:
    """Collects variants from the blocks of a file, in order."""

    def __init__(self, path: Path):
        self.path, self.exercise = path, ""
        self.found = VariantsFile()
        self.current: WrittenVariant | None = None

    def text(self, block: str, tag: str, content: str, line: int, level: int) -> None:
        """A heading, a paragraph or a list item."""
        if block == "heading_open":
            self.heading(tag, content.strip(), line)
        elif self.current is None:
            if level > 1:
                self.found.excuses.append(read_excuse(content, self.exercise, self.path, line))
            elif self.exercise:
                raise BuildError("a text needs a heading “### misconception: name” before it", self.path, line)
        elif level > 1:
            self.current.replacements.append(self.replacement(content, line))
        elif self.current.replacements or self.current.code:
            raise BuildError("a hint stands before what differs", self.path, line)
        else:
            text = " ".join(content.split("\n"))
            self.current.hint = f"{self.current.hint}\n\n{text}" if self.current.hint else text

    def heading(self, tag: str, content: str, line: int) -> None:
        """`## exercise` or `### misconception: name`."""
        self.finish()
        if tag == "h1":
            self.exercise = ""
        elif tag == "h2":
            self.exercise = content.strip("`")
        elif tag == "h3" and self.exercise and (match := HEADING.match(content)):
            self.current = WrittenVariant(Role(match[1]), self.exercise, match[2], line)
        elif tag == "h3" and not self.exercise:
            raise BuildError(f"“{content}” needs a heading “## exercise” before it", self.path, line)
        else:
            raise BuildError(
                f"the heading “{content}” is neither “### misconception: name” nor “### alternative: name” "
                "(a name has lower-case letters, digits and hyphens)",
                self.path,
                line,
            )

    def replacement(self, content: str, line: int) -> Replacement:
        """What a list item says."""
        if match := REPLACE.match(content.strip()):
            return Replacement(match[1], match[2], line)
        if match := DELETE.match(content.strip()):
            return Replacement(match[1], "", line)
        raise BuildError(f"“{content}” is neither “`old` → `new`” nor “delete `old`”", self.path, line)

    def fence(self, info: str, content: str, line: int) -> None:
        """A fenced block: a diff, or whole code."""
        if self.current is None:
            raise BuildError("code needs a heading “### misconception: name” before it", self.path, line)
        if info == "diff":
            self.current.replacements.append(self.hunk(content, line))
        elif info == "python" and not self.current.code:
            self.current.code, self.current.code_line = content.removesuffix("\n"), line + 1
        elif info == "python":
            raise BuildError(f"{self.current.name} has two blocks of python", self.path, line)
        else:
            raise BuildError(f"a fenced block is `diff` or `python`, not {info!r}", self.path, line)

    def hunk(self, content: str, line: int) -> Replacement:
        """What a diff says: lines that begin with a space or a minus become those with a space or a plus."""
        lines = content.removesuffix("\n").split("\n")
        for number, text in enumerate(lines):
            if text and text[0] not in " +-":
                raise BuildError(
                    f"a diff's lines begin with a space, - or +, not {text!r}", self.path, line + 1 + number
                )
        old = "\n".join(text[1:] for text in lines if text[:1] != "+")
        new = "\n".join(text[1:] for text in lines if text[:1] != "-")
        if old == new:
            raise BuildError("the diff changes nothing", self.path, line)
        if not old:
            raise BuildError(
                "the diff needs a line that says where: one that begins with a space or -", self.path, line
            )
        return Replacement(old, new, line, whole_lines=True)

    def finish(self) -> None:
        """The end of the current variant."""
        if self.current is not None:
            if bool(self.current.code) == bool(self.current.replacements):
                both = "both replacements and whole code" if self.current.code else "nothing that differs"
                raise BuildError(
                    f"the {self.current.role} {self.current.name} has {both}", self.path, self.current.line
                )
            self.found.variants.append(self.current)
        self.current = None


@functools.cache
def base_of(solution: str) -> str:
    """The reference solution that replacements apply to: without the docstring and the markers.

    >>> print(base_of('def f(x):\\n    "Twice."\\n    ### BEGIN SOLUTION\\n    return 2 * x\\n    ### END SOLUTION'))
    def f(x):
        return 2 * x
    """
    lines: list[str | None] = list(solution.split("\n"))
    for node in ast.walk(ast.parse(solution)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node, clean=False) is not None:
            text: Any = node.body[0]
            alone = len(node.body) > 1 and node.body[1].lineno > text.end_lineno and node.lineno < text.lineno
            if alone:
                lines[text.lineno - 1 : text.end_lineno] = [None] * (text.end_lineno - text.lineno + 1)
    return "\n".join(line for line in lines if line is not None and not MARKER.match(line))


def with_replacements(base: str, replacements: Sequence[Replacement], path: Path) -> str:
    """`base` with every replacement made.

    Raises:
        BuildError: an old text does not occur exactly once, or two overlap.
    """
    places = sorted((*_place(base, item, path), number, item) for number, item in enumerate(replacements))
    for (_, end, _, _), (begin, _, _, item) in pairwise(places):
        if begin < end:
            raise BuildError(f"{_quoted(item.old)} overlaps with another replacement", path, item.line)
    for begin, end, _, item in reversed(places):
        base = base[:begin] + item.new + base[end:]
    return base


def _place(base: str, item: Replacement, path: Path) -> tuple[int, int]:
    """Where the old text begins and ends."""
    text, old = (f"\n{base}\n", f"\n{item.old}\n") if item.whole_lines else (base, item.old)
    first = text.find(old)
    if first < 0:
        close = _closest(base, item.old)
        raise BuildError(
            f"{_quoted(item.old)} does not occur in the reference solution{close}; "
            "its docstring and markers do not count",
            path,
            item.line,
        )
    if text.find(old, first + 1) >= 0:
        raise BuildError(
            f"{_quoted(item.old)} occurs {_count(text, old)} times in the reference solution; "
            "write more of what stands around it",
            path,
            item.line,
        )
    return first, first + len(item.old)


def _count(text: str, old: str) -> int:
    return sum(text.startswith(old, place) for place in range(len(text)))


def _quoted(text: str) -> str:
    lines = text.strip().split("\n")
    return f"`{lines[0]}`" if len(lines) == 1 else f"`{lines[0].strip()} …` ({len(lines)} lines)"


def _closest(base: str, old: str) -> str:
    """A note on the line of the solution that resembles the old text most, if one does."""
    from difflib import get_close_matches

    wanted = old.strip().split("\n")[0].strip()
    lines = [line.strip() for line in base.split("\n") if line.strip()]
    found = get_close_matches(wanted, lines, 1, 0.6)
    return f" (it has `{found[0]}`)" if found else ""
