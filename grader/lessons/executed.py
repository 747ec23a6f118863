"""Run a lesson's finished notebook, demos included, as JupyterLab would: once for its check and for the website."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat

import dlcore
from dlcore.lab import lab_environment
from grader.lessons.notebooks import copy_of, course_metadata
from grader.lessons.reference import Reference
from grader.lessons.roles import Role

__all__ = ["TELL", "WATCH", "Executed", "execute", "executed_digest", "run_notebook"]

CELL_SECONDS = 1800  # only what hangs takes that long
LIBRARIES = ("numpy", "matplotlib", "ipywidgets", "anywidget", "ipykernel")

# Before the first cell: sharp pictures, and notes of what is made.
WATCH = """
import json as _json
import matplotlib as _matplotlib
import matplotlib.pyplot as _pyplot
import dlcore.live as _live

get_ipython().run_line_magic("config", "InlineBackend.figure_formats = ['retina']")
_figures, _panels, _words = [], [], {}


def _title(ax):
    return any(ax.get_title(loc) for loc in ("left", "center", "right"))


def _axes(ax):
    shared = [other for other in ax.figure.axes if other in ax.get_shared_y_axes().get_siblings(ax)]
    return {
        "shown": ax.axison and ax.get_visible(),
        "title": _title(ax),
        "x": bool(ax.get_xlabel()),
        "y": any(other.get_ylabel() for other in shared),
        "image": bool(ax.images),
        "bar": ax.get_label() == "<colorbar>" or hasattr(ax, "_colorbar"),
        "bar label": bool(ax.get_xlabel() or ax.get_ylabel()),
    }


_begun = get_ipython().execution_count


def _cell():
    return get_ipython().execution_count - _begun


def _note(figure):
    if figure.axes and figure not in [known for known, _ in _figures]:
        facts = {"title": bool(figure.get_suptitle()), "axes": [_axes(ax) for ax in figure.axes], "cell": _cell()}
        _figures.append((figure, facts))


def _describe(figure):
    axes = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    titles = [figure.get_suptitle(), *(ax.get_title(loc) for ax in axes for loc in ("left", "center", "right"))]
    words = "; ".join(dict.fromkeys(" ".join(title.split()) for title in titles if title))
    _words.setdefault(_cell(), {})[id(figure)] = (figure, words)


def _note_open_figures(*_, **__):
    for number in _pyplot.get_fignums():
        figure = _pyplot.figure(number)
        _note(figure)
        _describe(figure)


def _with_notes(show):
    def noting(*args, **kwargs):
        _note_open_figures()
        return show(*args, **kwargs)

    return noting


def _remember_panels(make):
    def remembering(self, *args, **kwargs):
        make(self, *args, **kwargs)
        _panels.append((self, _cell()))

    return remembering


get_ipython().events.register("post_execute", _note_open_figures)
_pyplot.show = _with_notes(_pyplot.show)
_live.Panel.__init__ = _remember_panels(_live.Panel.__init__)
"""
# After the last one: what the notes are, and what becomes of each widget's controls.
TELL = """
def _errors(panel):
    found = [repr(panel.error)] if panel.error else []
    for control in panel.controls:
        before = control.value
        ends = (control.min, control.max) if hasattr(control, "min") else (not before,)
        if hasattr(control, "base"):
            ends = tuple(control.base**end for end in ends)
        if hasattr(control, "options"):
            ends = tuple(control.options)
            ends = tuple(end[1] if isinstance(end, tuple) else end for end in ends)
        for value in ends:
            control.value = value
            found += [f"{control.description} = {value}: {panel.error!r}"] if panel.error else []
        control.value = before
    for label, button in panel.buttons.items():
        button.click()
        found += [f"{label}: {panel.error!r}"] if panel.error else []
    return found


def _tell(panel, cell):
    figure = panel.live.figure
    titled = bool(figure.get_suptitle()) or any(_title(ax) for ax in figure.axes)
    return {"alt": panel.live.alt, "sentence": panel.sentence, "titled": titled, "errors": _errors(panel), "cell": cell}


_told = {"words": {cell: [words for _, words in known.values()] for cell, known in _words.items()}}
_told |= {"figures": [facts for _, facts in _figures], "panels": [_tell(*panel) for panel in _panels]}
print(_json.dumps(_told))
"""

# What comes of the examples in docstrings.
EXAMPLES = """
def _examples(names):
    import doctest, sys
    import numpy

    module = sys.modules["__main__"]
    flags = doctest.NORMALIZE_WHITESPACE
    finder, told = doctest.DocTestFinder(recurse=False), {}
    runner = doctest.DocTestRunner(verbose=False, optionflags=flags)
    for name in names:
        for test in finder.find(module.__dict__.get(name), name, module=False, globs=dict(module.__dict__)):
            lines = []
            with numpy.printoptions(legacy="1.25"):  # a result is the same number as float and as np.float64
                runner.run(test, out=lines.append, clear_globs=False)
            if lines:
                told[name] = "".join(lines).strip().splitlines()
    return told


print(_json.dumps(_examples(NAMES)))
"""


@dataclass
class Executed:
    """What came of running a finished notebook.

    Attributes:
        cells: its code cells, with their outputs and times.
        examples: doctest's reports of the examples that do not hold, by function.
        words: the titles of the pictures of each cell, by its number (from "1").
        figures: for each picture, what it has of titles and labels.
        panels: for each widget its alternative text, its sentence, and the errors that its controls led to.
    """

    cells: list[Any]
    examples: dict[str, list[str]]
    words: dict[str, list[str]]
    figures: list[dict[str, Any]]
    panels: list[dict[str, Any]]


def execute(reference: Reference, folder: Path, kept: Path) -> Executed:
    """Run the instructor's notebook, unless it is kept as it is.

    Args:
        reference: has the notebook, which is left as it is, and the support files.
        folder: where they and the answer keys lie.
        kept: the cache of a course, where it is kept unless something went wrong.
    """
    place = kept / "executed" / folder.name
    name = reference.notebook.metadata.course.lesson
    path = place / f"{name}.{executed_digest(reference.notebook, reference.files)}.ipynb"
    if path.is_file():
        return _read(nbformat.read(path, as_version=4))
    notebook = copy_of(reference.notebook)
    names = [course_metadata(cell)["exercise"] for cell in notebook.cells if _is_solution(cell)]
    added = [nbformat.v4.new_code_cell(code) for code in (WATCH, EXAMPLES.replace("NAMES", repr(names)), TELL)]
    notebook.cells = [added[0], *(cell for cell in notebook.cells if cell.cell_type == "code"), *added[1:]]
    run_notebook(notebook, folder, allow_errors=True)
    executed = _read(notebook)
    troubles = [*map(_is_trouble, (output for cell in notebook.cells for output in cell.outputs))]
    if any(troubles) or any(panel["errors"] for panel in executed.panels):
        return executed  # not kept: the next run may be luckier
    place.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_text(nbformat.writes(notebook), encoding="utf-8")
    for stale in place.glob(f"{name}.*.ipynb"):
        stale.unlink(missing_ok=True)
    partial.replace(path)
    return executed


def executed_digest(notebook: Any, files: dict[str, bytes]) -> str:
    """A digest of what comes of a notebook: its code, the support files, dlcore and the libraries' versions."""
    digest = hashlib.sha256(f"{sys.version} {[version(name) for name in LIBRARIES]}".encode())
    digest.update(f"{WATCH}\0{EXAMPLES}\0{TELL}\0".encode())
    for cell in notebook.cells:
        if cell.cell_type == "code":
            digest.update(f"{cell.id}\0{cell.source}\0".encode())
    for name, data in [*sorted(files.items()), *_all_of_dlcore()]:
        digest.update(name.encode() + b"\0" + data)
    return digest.hexdigest()[:24]


def _all_of_dlcore() -> Iterator[tuple[str, bytes]]:
    """The files of dlcore, with the data and what widgets run in a page."""
    folder = Path(dlcore.__file__).parent
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _is_trouble(output: Any) -> bool:
    return output.output_type == "error" or output.get("name") == "stderr"


def _is_solution(cell: Any) -> bool:
    return course_metadata(cell).get("role") == Role.SOLUTION


def _read(notebook: Any) -> Executed:
    _, *cells, examples, told = notebook.cells
    seen = _told(told)
    return Executed(cells, _told(examples), seen.get("words", {}), seen.get("figures", []), seen.get("panels", []))


def _told(cell: Any) -> dict[str, Any]:
    """The JSON that a cell printed last."""
    # A line may come in several outputs, the newline in one of its own.
    said = "".join(output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout")
    lines = said.split("\n")
    told: dict[str, Any] = json.loads(next((line for line in reversed(lines) if line.strip()), "{}"))
    return told


def run_notebook(notebook: Any, folder: Path, *, allow_errors: bool = False) -> None:
    """Run a notebook in a folder, with a kernel of its own and no sandbox; outputs and times are put into its cells."""
    from nbclient import NotebookClient

    NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
        allow_errors=allow_errors,
    ).execute(
        stderr=subprocess.DEVNULL,  # what the kernel itself says, such as that it listens on TCP
        env=lab_environment(),  # NumPy is loaded before the lesson's own first cell, so it cannot choose any more
    )
