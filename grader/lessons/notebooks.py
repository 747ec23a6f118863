"""Compose the instructor's notebook of a lesson, read cells' course metadata and what lies in a folder of notebooks.

Every cell in source/ and release/ has ``metadata["course"]`` with its role and
exercise; cells of exercises also have nbgrader's metadata (schema 3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode

from grader.errors import GradingError
from grader.lessons.cells import Cell
from grader.lessons.parser import Lesson
from grader.lessons.roles import Role

__all__ = [
    "compose_source",
    "copy_of",
    "course_metadata",
    "grade_id",
    "is_check",
    "is_folded",
    "own_code_cells",
    "released_notebooks",
    "support_files",
    "write_notebook",
]

LINES_SHOWN = 10  # of a demo, which may be read or not
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}


def compose_source(lesson: Lesson) -> NotebookNode:
    """The instructor's notebook of a lesson, with solutions and hidden tests, without misconceptions."""
    cells: list[NotebookNode] = []
    checks_of: dict[str, int] = {}
    for cell in lesson.cells:
        if cell.role == Role.HINT:  # they are in the answer key
            continue
        if cell.role == Role.CHECK:
            number = checks_of[cell.exercise] = checks_of.get(cell.exercise, 0) + 1
            cells.append(_graded(cell, f"{cell.exercise}-check" + (f"-{number}" if number > 1 else "")))
        elif cell.role == Role.QUIZ:
            cells += _quiz_cells(cell)
        else:
            cells.append(_graded(cell, cell.exercise) if cell.exercise else _plain(cell))
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata = NotebookNode(
        kernelspec=dict(KERNELSPEC),
        language_info={"name": "python"},
        course={"lesson": lesson.name} | lesson.header.metadata(),
    )
    _name_cells(lesson, notebook)
    return notebook


def copy_of(notebook: NotebookNode) -> NotebookNode:
    """A copy that shares no mutable state with `notebook`; faster than `copy.deepcopy`."""
    copied: NotebookNode = nbformat.from_dict(notebook)
    return copied


def _new(kind: str, source: str) -> NotebookNode:
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    return make(source)


def _plain(cell: Cell) -> NotebookNode:
    node = _new(cell.kind, cell.source)
    node.metadata["course"] = {"role": cell.role or ("text" if cell.kind == "markdown" else "code")}
    if _is_folded(cell):
        node.metadata["jupyter"] = {"source_hidden": True}
    if cell.role == Role.SETUP:
        node.metadata["nbgrader"] = _nbgrader("setup", locked=True)
    return node


def _is_folded(cell: Cell) -> bool:
    """Whether a cell's code is folded: if the author says so, or says nothing and it is a long demo."""
    is_long_demo = cell.role == Role.DEMO and len(cell.source.splitlines()) > LINES_SHOWN
    return bool(cell.options.get("fold", is_long_demo))


def is_folded(cell: Any) -> bool:
    """Whether a notebook shows a cell's code only when asked to."""
    data = cell.metadata.get("jupyter")
    return isinstance(data, dict) and data.get("source_hidden") is True


def _nbgrader(
    name: str, *, grade: bool = False, solution: bool = False, locked: bool = False, points: float = 0
) -> Any:
    data = {
        "grade": grade,
        "grade_id": name,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if grade:
        data["points"] = int(points) if float(points).is_integer() else points
    return data


def _graded(cell: Cell, name: str) -> NotebookNode:
    node = _new(cell.kind, cell.source)
    node.metadata["course"] = {"role": cell.role, "exercise": cell.exercise}
    if _is_folded(cell):
        node.metadata["jupyter"] = {"source_hidden": True}
    node.metadata["nbgrader"] = _nbgrader(
        name,
        grade=cell.role in (Role.CHECK, Role.WRITTEN),
        solution=cell.role in (Role.SOLUTION, Role.WRITTEN, Role.QUIZ),
        locked=cell.role == Role.CHECK,
        points=cell.points,
    )
    return node


def _quiz_cells(cell: Cell) -> list[NotebookNode]:
    """A quiz question's two cells: the answer, and its check."""
    options = "".join(sorted([*cell.options["wrong"], cell.source.strip()[-2]]))
    source = f'check_choice("{cell.exercise}", {cell.exercise}, "{options}")'
    points = {"points": cell.options["points"]}
    check = Cell("code", source, cell.path, cell.line, Role.CHECK, cell.exercise, options=points)
    return [_graded(cell, cell.exercise), _graded(check, f"{cell.exercise}-check")]


def _name_cells(lesson: Lesson, notebook: NotebookNode) -> None:
    """Give each cell an id that depends only on its name and position."""
    taken: set[str] = set()
    text = 0
    for cell in notebook.cells:
        name = grade_id(cell)
        if not name:
            text += 1
            name = f"{lesson.name}-{text}"
        digest = hashlib.sha256(f"{lesson.week}/{name}".encode()).hexdigest()[:8]
        cell["id"] = f"{name[:48]}-{digest}".replace("_", "-")
        if cell["id"] in taken:
            raise ValueError(f"two cells are called {name}")
        taken.add(cell["id"])


def course_metadata(cell: Any) -> dict[str, Any]:
    """A cell's course metadata; empty if missing or malformed."""
    data = cell.get("metadata", {}).get("course") if isinstance(cell.get("metadata"), dict) else None
    return data if isinstance(data, dict) else {}


def grade_id(cell: Any) -> str:
    """A cell's nbgrader id; "" if missing or malformed."""
    data = cell.get("metadata", {}).get("nbgrader") if isinstance(cell.get("metadata"), dict) else None
    name = data.get("grade_id") if isinstance(data, dict) else None
    return name if isinstance(name, str) else ""


def is_check(cell: Any) -> bool:
    """Whether a cell contains an exercise's checks."""
    return course_metadata(cell).get("role") == Role.CHECK


def write_notebook(notebook: NotebookNode) -> str:
    """A notebook as text, deterministically."""
    return nbformat.writes(notebook, version=4) + "\n"


def own_code_cells(notebook: Any) -> Iterator[tuple[int, Any]]:
    """The code cells that run during grading and are not checks, each with its number."""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and not is_check(cell) and course_metadata(cell).get("role") != Role.DEMO:
            yield number, cell


def released_notebooks(folder: Path) -> dict[str, Any]:
    """The released notebooks in a folder, by name; raises GradingError if there are none."""
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in sorted(folder.glob("*.ipynb"))}
    if not notebooks:
        raise GradingError(f"no released notebooks in {folder}; run `make build` first")
    return notebooks


def support_files(folder: Path) -> dict[str, bytes]:
    """The files that students get with their notebooks, except answer keys."""
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.glob("*"))
        if path.is_file() and not path.is_symlink() and path.suffix in (".py", ".csv", ".txt", ".npz", ".npy")
    }
