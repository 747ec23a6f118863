"""Run a lesson's finished notebook, demos included, as JupyterLab would."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat

from dlcore.checks.cell_report import UNATTEMPTED, WRONG
from dlcore.lab import lab_environment
from grader.lessons.audit import Defect
from grader.lessons.notebooks import copy_of, course_metadata
from grader.lessons.parser import Lesson
from grader.lessons.roles import Role

__all__ = ["TELL", "WATCH", "FinishedRun", "run_finished", "run_notebook", "unlabelled"]

CELL_SECONDS = 1800  # only what hangs takes that long
ANSI = re.compile(r"\x1b\[[0-9;]*m")
PLACE = re.compile(r"Cell In\[\d+\], line (\d+)")

WATCH = """
import json as _json
import matplotlib as _matplotlib
import matplotlib.pyplot as _pyplot
import dlcore.live as _live

_figures, _panels = [], []


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


def _note_open_figures(*_, **__):
    for number in _pyplot.get_fignums():
        _note(_pyplot.figure(number))


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


print(_json.dumps({"figures": [facts for _, facts in _figures], "panels": [_tell(*panel) for panel in _panels]}))
"""

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
class FinishedRun:
    """What came of running a finished notebook.

    Attributes:
        seconds: the time of all cells.
        graded_seconds: the time of the cells that run while grading.
        figures: for each picture, whether it has titles and labels (see `unlabelled`).
        panels: for each widget its alternative text, its sentence, and the errors that its controls led to.
        defects: what raised, what wrote to stderr, what is not labelled.
    """

    seconds: float = 0
    graded_seconds: float = 0
    figures: list[dict[str, Any]] = field(default_factory=list)
    panels: list[dict[str, Any]] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)


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


def run_finished(notebook: Any, lesson: Lesson, folder: Path) -> FinishedRun:
    """What comes of running the instructor's notebook.

    Args:
        notebook: the notebook with solutions; it is left as it is.
        lesson: the lesson that it was composed from, to which the defects refer.
        folder: where the answer keys and support modules lie.
    """
    notebook = copy_of(notebook)
    cells = list(notebook.cells)
    names = [name for name, exercise in lesson.exercises.items() if exercise.kind is Role.SOLUTION]
    added = [nbformat.v4.new_code_cell(code) for code in (WATCH, EXAMPLES.replace("NAMES", repr(names)), TELL)]
    notebook.cells = [added[0], *cells, *added[1:]]
    run_notebook(notebook, folder, allow_errors=True)
    run = FinishedRun()
    written = {cell.source: cell for cell in lesson.cells if cell.kind == "code"}
    for cell in cells:
        if cell.cell_type != "code":
            continue
        seconds = _seconds(cell)
        run.seconds += seconds
        run.graded_seconds += seconds if course_metadata(cell).get("role") != Role.DEMO else 0
        origin = written.get(cell.source)
        for output in cell.outputs:
            what = f"the {origin.role or 'plain'} cell" if origin else "a cell"
            if output.output_type == "error":
                place = PLACE.search(ANSI.sub("", "\n".join(output.traceback)))
                line = origin.line_of(int(place[1]) if place else None) if origin else 1
                run.defects.append(Defect(lesson.path, line, f"{what} raises {output.ename}: {output.evalue}"))
            said = str(output.data.get("text/plain", "")) if output.output_type == "display_data" else ""
            if said.startswith((WRONG, UNATTEMPTED)):
                first = said.splitlines()[0]
                run.defects.append(Defect(lesson.path, origin.line if origin else 1, f"{what} says: {first}"))
            if output.output_type == "stream" and output.name == "stderr":
                line, last = origin.line if origin else 1, output.text.strip().splitlines()[-1]
                run.defects.append(Defect(lesson.path, line, f"{what} writes to stderr: {last}"))
    for name, report in _told(added[1]).items():
        got = report[report.index("Got:") + 1].strip() if "Got:" in report else report[-1].strip()
        cell = lesson.exercises[name].solution
        text = f"an example in the docstring of {name} is wrong: {_example(report)} gives {got}"
        run.defects.append(Defect(cell.path, cell.line, text))
    seen = _told(added[2])
    run.figures, run.panels = seen.get("figures", []), seen.get("panels", [])
    code = [written.get(cell.source) for cell in cells if cell.cell_type == "code"]
    for number, slip in _slips(run):
        origin = code[number - 1] if 0 < number <= len(code) else None
        run.defects.append(Defect(lesson.path, origin.line if origin else 1, slip))
    return run


def _told(cell: Any) -> dict[str, Any]:
    """The JSON that a cell printed last."""
    # A line may come in several outputs, the newline in one of its own.
    said = "".join(output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout")
    lines = said.split("\n")
    told: dict[str, Any] = json.loads(next((line for line in reversed(lines) if line.strip()), "{}"))
    return told


def _example(said: list[str]) -> str:
    """The example in a report of doctest."""
    place = said.index("Failed example:") + 1 if "Failed example:" in said else 0
    return said[place].strip()


def _seconds(cell: Any) -> float:
    times = cell.metadata.get("execution", {})
    begun, ended = (times.get(f"iopub.status.{state}") for state in ("busy", "idle"))
    if not (begun and ended):
        return 0.0
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()


def _slips(run: FinishedRun) -> list[tuple[int, str]]:
    """What pictures and widgets lack, each with the number of its cell."""
    slips = []
    for number, figure in enumerate(run.figures, 1):
        slips += [(int(figure["cell"]), slip) for slip in unlabelled(number, figure)]
    for number, panel in enumerate(run.panels, 1):
        lacks = [] if panel["titled"] else ["no title"]
        lacks += [f"no {name}" for name in ("alt", "sentence") if not panel[name]]
        slips += [(int(panel["cell"]), f"widget {number}: {slip}") for slip in (*panel["errors"], *lacks)]
    return slips


def unlabelled(number: int, figure: dict[str, Any]) -> list[str]:
    """What a figure lacks. Images need no axis labels if they have a title."""
    slips = []
    for place, ax in enumerate(figure["axes"], 1):
        name = f"figure {number}, axes {place}"
        if ax["bar"]:
            slips += [] if ax["bar label"] else [f"{name}: the colour bar has no label"]
            continue
        if not (figure["title"] or ax["title"]):
            slips.append(f"{name}: no title")
        if ax["shown"] and not ax["image"]:
            slips += [f"{name}: no {side} label" for side in "xy" if not ax[side]]
    return slips
