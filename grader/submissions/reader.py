"""Read submitted files, whatever they contain, without raising.

A file is fetched by the process with access to the course's folders and parsed
by the one that runs it, which may be on another machine.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.lessons.notebooks import course_metadata, grade_id
from grader.syntax import parse
from grader.text import visible

__all__ = [
    "NONE_OF_IT",
    "Fetched",
    "Submission",
    "SubmittedCell",
    "UnusableFile",
    "earlier_hand_ins",
    "exercises_of",
    "fetch",
    "find_submissions",
    "graded_metadata",
    "is_unreadable",
    "is_up_to_date",
    "mentioned",
    "read_regular",
    "read_submission",
    "understand",
]

MAX_FILE = 20_000_000
MAX_CELLS = 2000
MAX_SOURCE = 200_000
NONE_OF_IT = "None of it could be graded."
LINKED = "The folder is a link, which is not followed. Nothing in it was graded."
CACHED_LENGTH = 10_000  # maximum length of a cell whose names are cached


@dataclass(frozen=True)
class SubmittedCell:
    """A cell as submitted; untrusted."""

    number: int
    kind: str
    source: str
    name: str
    identifier: str
    from_lesson: bool
    defined: frozenset[str]


@dataclass
class Submission:
    """A submitted file as far as it could be read."""

    cells: list[SubmittedCell] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Fetched:
    """A file as submitted: its name, and its content or why it could not be read."""

    name: str
    data: bytes | None = None
    problem: str = ""

    @property
    def digest(self) -> str:
        """A digest of the content, which tells a changed file from one that is already graded."""
        return hashlib.sha256(self.problem.encode() if self.data is None else b"\0" + self.data).hexdigest()[:32]


def read_submission(path: Path) -> Submission:
    """The cells in the file at `path`; never raises."""
    return understand(fetch(path))


def fetch(path: Path) -> Fetched:
    """The content of the file at `path`; never raises."""
    name = visible(path.name)
    try:
        return Fetched(name, read_regular(path, MAX_FILE))
    except FileNotFoundError:
        return Fetched(name, problem="The notebook was not handed in.")
    except UnusableFile as problem:
        return Fetched(name, problem=f"The file {name} {problem} {NONE_OF_IT}")
    except OSError as problem:
        return Fetched(name, problem=f"The file {name} cannot be read ({problem.strerror}). {NONE_OF_IT}")


def understand(fetched: Fetched) -> Submission:
    """The cells in a fetched file; never raises."""
    if fetched.data is None:
        return Submission(problems=[fetched.problem])
    name = fetched.name
    try:
        return _read_cells(json.loads(fetched.data.decode("utf-8-sig")))
    except UnusableFile as problem:
        return Submission(problems=[f"The file {name} {problem} {NONE_OF_IT}"])
    except UnicodeDecodeError:
        return Submission(problems=[f"The file {name} is not UTF-8 text. {NONE_OF_IT}"])
    except (ValueError, RecursionError):
        return Submission(problems=[f"The file {name} is not a notebook (it is not valid JSON). {NONE_OF_IT}"])


class UnusableFile(Exception):
    """A file is not a notebook; the message completes a sentence that begins with its name."""


def read_regular(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes; links are not followed, pipes and folders not opened.

    Raises:
        UnusableFile: it is not a regular file, too large, or empty.
        OSError: it cannot be read.
    """
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise UnusableFile("is a link, which is not followed.")
    if not stat.S_ISREG(mode):
        raise UnusableFile("is a folder or a device, not a file.")
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise UnusableFile(f"is larger than {limit:,} bytes.")
    if not data.strip():
        raise UnusableFile("is empty.")
    return data


def is_unreadable(problems: Iterable[str]) -> bool:
    """Whether problems of a submitted file say that none of it was read."""
    return any(problem == LINKED or problem.endswith(NONE_OF_IT) for problem in problems)


def _read_cells(form: Any) -> Submission:
    cells = form.get("cells") if isinstance(form, dict) else None
    if cells is None and isinstance(form, dict) and isinstance(form.get("worksheets"), list):
        sheets = [sheet for sheet in form["worksheets"] if isinstance(sheet, dict)]
        listed = [sheet["cells"] for sheet in sheets if isinstance(sheet.get("cells"), list)]
        cells = [cell for sheet_cells in listed for cell in sheet_cells]
    if not isinstance(cells, list):
        raise UnusableFile("is not a notebook: it has no list of cells.")
    submission = Submission()
    if len(cells) > MAX_CELLS:
        submission.problems.append(
            f"The notebook has {len(cells)} cells; those after the first {MAX_CELLS} were not read."
        )
    for number, cell in enumerate(cells[:MAX_CELLS], start=1):
        read = _read_cell(number, cell)
        if isinstance(read, str):
            submission.problems.append(read)
        else:
            submission.cells.append(read)
    return submission


def _read_cell(number: int, cell: Any) -> SubmittedCell | str:
    if not isinstance(cell, dict):
        return f"Cell {number} is damaged and was left out."
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return f"Cell {number} has no readable text and was left out."
    source = source.encode("utf-8", "replace").decode("utf-8")
    if len(source) > MAX_SOURCE:
        return f"Cell {number} is longer than {MAX_SOURCE:,} characters and was left out."
    kind = cell.get("cell_type")
    identifier = cell.get("id")
    return SubmittedCell(
        number,
        kind if kind in ("code", "markdown", "raw") else "markdown" if kind == "heading" else "code",
        source,
        grade_id(cell),
        identifier if isinstance(identifier, str) else "",
        bool(course_metadata(cell).get("role")),
        _defined(source),
    )


def find_submissions(folder: Path, released: dict[str, Any]) -> dict[str, tuple[Path, list[str]]]:
    """The file in a student's folder for each released notebook.

    Args:
        folder: submitted/<student>/<week>.
        released: the week's released notebooks by name.

    Returns:
        For each name the file to read, which need not exist, and the problems to
        report. A renamed notebook is recognised by its exercises.
    """
    if folder.is_symlink() or folder.parent.is_symlink():
        return {name: (folder / "not followed" / name, [LINKED]) for name in released}
    found: dict[str, tuple[Path, list[str]]] = {}
    files = sorted(path for path in folder.glob("*") if path.name.lower().endswith(".ipynb"))
    for name in released:
        if any(path.name == f"{name}.ipynb" for path in files):
            found[name] = (folder / f"{name}.ipynb", [])
    spare = [path for path in files if path.name not in {f"{name}.ipynb" for name in released}]
    cells = {path: read_submission(path).cells for path in spare} if len(found) < len(released) else {}
    for name, notebook in released.items():
        if name in found:
            continue
        names = exercises_of(notebook)
        scores = [(len(mentioned(cells[path], names)), path) for path in spare]
        best = max(scores, default=(0, folder), key=lambda item: item[0])
        if best[0] * 2 >= len(names) > 0 or (len(scores) == 1 and len(released) == 1):
            found[name] = (best[1], [f"The file {visible(best[1].name)} was graded as {name}.ipynb."])
            spare.remove(best[1])
        else:
            found[name] = (folder / f"{name}.ipynb", [])
    return found


def exercises_of(notebook: Any) -> set[str]:
    """The exercises of a released notebook."""
    return {course_metadata(cell)["exercise"] for cell in notebook.cells if course_metadata(cell).get("exercise")}


def mentioned(cells: Iterable[SubmittedCell], names: set[str]) -> set[str]:
    """Those of the exercises that cells belong to, or define."""
    return {name for cell in cells for name in names if cell.name == name or name in cell.defined}


def _defined(source: str) -> frozenset[str]:
    """The names that code binds at its top level; a guess if it is not valid Python."""
    return _names_in(source) if len(source) > CACHED_LENGTH else _names_in_cached(source)


def _names_in(source: str) -> frozenset[str]:
    tree = parse(source)
    if tree is None:
        guesses = re.findall(r"^def\s+(\w+)\s*\(|^(\w+)\s*=[^=]", source, re.MULTILINE)
        return frozenset(function or variable for function, variable in guesses)
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        names |= {item.id for target in targets for item in ast.walk(target) if isinstance(item, ast.Name)}
    return frozenset(names)


_names_in_cached = functools.lru_cache(2000)(_names_in)  # most cells are identical across submissions


def is_up_to_date(folder: Path, files: Mapping[str, Fetched]) -> bool:
    """Whether a folder in autograded/ contains the complete results of these files."""
    return all(_was_graded(folder / f"{name}.ipynb", fetched.digest) for name, fetched in files.items())


def earlier_hand_ins(path: Path) -> list[str]:
    """The digests of the versions of a notebook that were graded before, from its result in autograded/."""
    digests = graded_metadata(path).get("hand_ins")
    return [item for item in digests if isinstance(item, str)] if isinstance(digests, list) else []


def _was_graded(path: Path, digest: str) -> bool:
    course = graded_metadata(path)
    return bool(course.get("graded")) and course.get("submitted") == digest


def graded_metadata(path: Path) -> dict[str, Any]:
    """The course's metadata of a notebook in autograded/; empty if there are none."""
    try:
        data = path.read_bytes()
        # It stands behind the cells, which need not be parsed; inside a text the quotes would have backslashes.
        course = json.loads(b"{" + data[data.rindex(b'"metadata": {') :])["metadata"]["course"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return course if isinstance(course, dict) else {}
