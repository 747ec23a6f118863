"""The released lessons that came with this package, and how to tell what became of a copy."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from dlcore.errors import SetupError

__all__ = ["KEY_SUFFIX", "MODULE_SUFFIX", "START", "digest", "is_based_on", "released_files", "released_folder"]

START = "START.ipynb"  # in no week, so that nbgrader takes it for no assignment
KEY_SUFFIX, NOTEBOOK_SUFFIX, MODULE_SUFFIX = ".key.json", ".ipynb", ".py"


def released_folder() -> Path:
    """The folder of the released lessons: inside the installed package, or `release` of a clone.

    Raises:
        SetupError: there is neither.
    """
    package = Path(__file__).parent.parent
    for folder in (package / "lessons", package.parent / "release"):
        if folder.is_dir():
            return folder
    raise SetupError(
        f"There are no lessons beside the package in {package}. Was it copied by hand? Install the wheel instead."
    )


def released_files(release: Path) -> dict[str, Path]:
    """The files of a release by their names in the working folder, such as ``week1/lesson.ipynb``.

    With the lessons, if there are any, comes the page to start from.
    """
    kinds = (KEY_SUFFIX, NOTEBOOK_SUFFIX, MODULE_SUFFIX)
    lessons = {
        path.relative_to(release).as_posix(): path
        for path in sorted(release.glob("*/*"))
        if path.name.endswith(kinds) and path.is_file()
    }
    return {START: Path(__file__).with_name(START)} | lessons if lessons else {}


def digest(data: bytes, name: str) -> str:
    """A digest of what counts in a file: of a notebook, its cells with their outputs.

    JupyterLab writes other metadata into a notebook that was only looked at. What the page to start
    from shows, and the empty cell below that running it makes, are no work of the student's.
    """
    cells = _cells(data) if name.endswith(NOTEBOOK_SUFFIX) else None
    if cells is not None and name == START:
        cells = [cell | {"outputs": []} for cell in cells if _source(cell)]
    if cells is not None:
        parts = [
            [cell.get("cell_type"), _source(cell), cell.get("outputs") or [], cell.get("attachments") or {}]
            for cell in cells
        ]
        data = json.dumps(parts, sort_keys=True).encode()
    return hashlib.sha256(data).hexdigest()


def is_based_on(copy: bytes, released: bytes) -> bool:
    """Whether a notebook is the released one with a student's work in it.

    It is if it has all cells of the released one that are not for the student to write in.
    """
    kept, wanted = _cells(copy), _cells(released)
    if kept is None or wanted is None:
        return False
    found = {(str(cell.get("id")), _source(cell)) for cell in kept}
    return all((str(cell.get("id")), _source(cell)) in found for cell in wanted if _is_given(cell))


def _is_given(cell: dict[str, Any]) -> bool:
    return not cell.get("metadata", {}).get("nbgrader", {}).get("solution", False)


def _cells(data: bytes) -> list[dict[str, Any]] | None:
    """The cells of a notebook; None if it is damaged."""
    try:
        cells = json.loads(data)["cells"]
        return [cell for cell in cells if _source(cell) is not None]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])
