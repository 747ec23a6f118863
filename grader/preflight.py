"""Anything may be submitted; what is graded is rebuilt.

The notebook that runs is the released one with the student's solutions put in
and the student's own extra cells kept in their place. Solutions are found by
nbgrader's id and by what they define, so deleted metadata, duplicated,
renamed or swapped cells cost nothing that can be told. What cannot be used is
reported in one sentence that names the cell.
"""

from __future__ import annotations

import ast
import copy
import json
import os
import re
import stat
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from grader.notebooks import course_of, grade_id

__all__ = ["Rebuilt", "Submission", "UnusableFile", "find_submissions", "read_regular", "read_submission", "rebuild"]

MAX_FILE = 20_000_000
MAX_CELLS = 2000
MAX_SOURCE = 200_000
MAX_EXTRA = 500


@dataclass(frozen=True)
class SubmittedCell:
    """A cell as it was handed in: nothing about it is trusted."""

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


@dataclass
class Rebuilt:
    """The notebook to grade, and what had to be said about it."""

    notebook: Any
    problems: list[str]


def read_submission(path: Path) -> Submission:
    """The cells in the file at `path`; never raises, whatever lies there."""
    try:
        data = read_regular(path, MAX_FILE)
        return _read_cells(json.loads(data.decode("utf-8-sig")))
    except FileNotFoundError:
        return Submission(problems=["The notebook was not handed in."])
    except UnusableFile as problem:
        return Submission(problems=[f"The file {_shown(path)} {problem} None of it could be graded."])
    except UnicodeDecodeError:
        return Submission(problems=[f"The file {_shown(path)} is not UTF-8 text. None of it could be graded."])
    except (ValueError, RecursionError):
        return Submission(
            problems=[f"The file {_shown(path)} is not a notebook (it is not valid JSON). None of it could be graded."]
        )
    except OSError as problem:
        return Submission(problems=[f"The file {_shown(path)} cannot be read ({problem.strerror})."])


def _shown(path: Path) -> str:
    """A file's name as text that any file can hold."""
    return "".join(letter if letter.isprintable() else "�" for letter in path.name)


class UnusableFile(Exception):
    """Why a file is no notebook, as the end of a sentence."""


def read_regular(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit`; links, pipes and folders are not followed or opened.

    Raises:
        UnusableFile: it is no such file, or empty.
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
        bool(course_of(cell).get("role")),
        _defined(source),
    )


def find_submissions(folder: Path, released: dict[str, Any]) -> dict[str, tuple[Path, list[str]]]:
    """Which file in a student's folder is which notebook.

    Args:
        folder: submitted/<student>/<week>.
        released: the week's released notebooks by name.

    Returns:
        For each name the file to read, which need not exist, and what to say
        about it. A renamed notebook is recognised by its exercises.
    """
    if folder.is_symlink() or folder.parent.is_symlink():
        said = "The folder is a link, which is not followed. Nothing in it was graded."
        return {name: (folder / "not followed" / name, [said]) for name in released}
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
        names = _exercises(notebook)
        scores = [(len(_mentioned(cells[path], names)), path) for path in spare]
        best = max(scores, default=(0, folder), key=lambda item: item[0])
        if best[0] * 2 >= len(names) > 0 or (len(scores) == 1 and len(released) == 1):
            found[name] = (best[1], [f"The file {_shown(best[1])} was graded as {name}.ipynb."])
            spare.remove(best[1])
        else:
            found[name] = (folder / f"{name}.ipynb", [])
    return found


def _exercises(notebook: Any) -> set[str]:
    return {course_of(cell)["exercise"] for cell in notebook.cells if course_of(cell).get("exercise")}


def _mentioned(cells: Iterable[SubmittedCell], names: set[str]) -> set[str]:
    return {name for cell in cells for name in names if cell.name == name or name in cell.defined}


def _defined(source: str) -> frozenset[str]:
    """The names that code gives a value at its top level; a guess if it is not valid Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        guesses = re.findall(r"^def\s+(\w+)\s*\(|^(\w+)\s*=[^=]", source, re.MULTILINE)
        return frozenset(function or variable for function, variable in guesses)
    names: set[str] = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        names |= {item.id for target in targets for item in ast.walk(target) if isinstance(item, ast.Name)}
    return frozenset(names)


def rebuild(released: Any, submission: Submission) -> Rebuilt:
    """The released notebook with a student's work in it.

    Args:
        released: the notebook as it was released.
        submission: what came back.
    """
    notebook = copy.deepcopy(released)
    problems = list(submission.problems)
    chosen: dict[str, SubmittedCell] = {}
    for cell in notebook.cells:
        if course_of(cell).get("role") in ("solution", "quiz", "written"):
            name = course_of(cell)["exercise"]
            found = _choose(name, cell, submission.cells, problems)
            if found is not None:
                chosen[name] = found
                cell.source = found.source
    _keep_extras(notebook, released, submission.cells, chosen, problems)
    return Rebuilt(notebook, problems)


def _choose(name: str, cell: Any, cells: Sequence[SubmittedCell], problems: list[str]) -> SubmittedCell | None:
    """The submitted cell that holds an exercise's solution."""
    text = cell.cell_type == "markdown"
    check_names = re.compile(rf"{re.escape(name)}-check(-\d+)?\Z")
    candidates = [
        item
        for item in cells
        if not check_names.match(item.name) and (item.name == name or (not text and name in item.defined))
    ]
    if not candidates:
        if cells:
            problems.append(f"The cell for {name} is missing; it counts as not attempted.")
        return None

    def rank(item: SubmittedCell) -> tuple[bool, bool, bool, int]:
        defines = not text and name in item.defined
        return (defines, item.name == name, item.source.strip() != cell.source.strip(), item.number)

    best = max(candidates, key=rank)
    if best.name != name:
        problems.append(f"The solution of {name} was found in cell {best.number}, which has lost its mark.")
    elif best.kind != cell.cell_type:
        problems.append(
            f"Cell {best.number}, the solution of {name}, was turned into a {best.kind} cell; "
            f"it was read as {cell.cell_type}."
        )
    twins = [item.number for item in candidates if item.name == name]
    if len(twins) > 1:
        numbers = " and ".join(map(str, twins))
        problems.append(
            f"The cell for {name} is there {len(twins)} times (cells {numbers}); cell {best.number} was graded."
        )
    return best


def _keep_extras(
    notebook: Any,
    released: Any,
    cells: Sequence[SubmittedCell],
    chosen: dict[str, SubmittedCell],
    problems: list[str],
) -> None:
    """Put the student's own cells back, each after the lesson's cell that it followed."""
    by_id = {cell.id: place for place, cell in enumerate(released.cells)}
    by_name = {grade_id(cell): place for place, cell in enumerate(released.cells) if grade_id(cell)}
    by_source = {cell.source.strip(): place for place, cell in enumerate(released.cells)}
    exercises, used = _exercises(released), set(chosen.values())
    extras: dict[int, list[Any]] = {}
    anchor, count = -1, 0
    for item in cells:
        place = by_name.get(item.name, by_id.get(item.identifier, by_source.get(item.source.strip())))
        if place is not None:
            anchor = max(anchor, place)
        if item in used or not item.source.strip():
            continue
        if place is not None and item.name in chosen and item.defined and not item.defined & exercises:
            where = place - (item.number < chosen[item.name].number)  # split off from a solution
        elif place is None and not item.name and not item.from_lesson:
            where = anchor
        else:
            if place is not None and _is_changed(released.cells[place], item):
                problems.append(f"Cell {item.number} is the lesson's own; it was run as released, without the changes.")
            continue
        count += 1
        if count <= MAX_EXTRA:
            extras.setdefault(where, []).append(_extra(item, count))
    if count > MAX_EXTRA:
        problems.append(
            f"Of the {count} cells that are not the lesson's, those after the first {MAX_EXTRA} were left out."
        )
    rebuilt = extras.get(-1, [])
    for place, cell in enumerate(notebook.cells):
        rebuilt = [*rebuilt, cell, *extras.get(place, [])]
    notebook.cells = rebuilt


def _is_changed(cell: Any, item: SubmittedCell) -> bool:
    """Whether a cell that runs, and that students are not asked to change, came back with other code."""
    ours, theirs = ([line.rstrip() for line in text.strip().splitlines()] for text in (cell.source, item.source))
    return course_of(cell).get("role") in ("code", "setup", "check") and ours != theirs


def _extra(item: SubmittedCell, count: int) -> Any:
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}.get(
        item.kind, nbformat.v4.new_raw_cell
    )
    cell = make(item.source)
    cell["id"] = f"extra-{count}"
    cell.metadata["course"] = {"role": "extra"}
    return cell
