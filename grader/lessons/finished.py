"""What is wrong with a lesson's finished notebook: what raises, what writes to stderr, what is not labelled."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dlcore.checks.cell_report import UNATTEMPTED, WRONG
from grader.lessons.audit import Defect
from grader.lessons.executed import execute
from grader.lessons.notebooks import course_metadata
from grader.lessons.parser import Lesson
from grader.lessons.reference import Reference
from grader.lessons.roles import Role

__all__ = ["FinishedRun", "run_finished", "unlabelled"]

ANSI = re.compile(r"\x1b\[[0-9;]*m")
PLACE = re.compile(r"Cell In\[\d+\], line (\d+)")


@dataclass
class FinishedRun:
    """What is to be said of a finished notebook.

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


def run_finished(reference: Reference, lesson: Lesson, folder: Path, kept: Path) -> FinishedRun:
    """What comes of running the instructor's notebook, unless it is kept as it is.

    Args:
        reference: has the notebook, which is left as it is, and the support files.
        lesson: the lesson that it was composed from, to which the defects refer.
        folder: where the support files and the answer keys lie.
        kept: the cache of a course.
    """
    executed = execute(reference, folder, kept)
    run = FinishedRun(figures=executed.figures, panels=executed.panels)
    written = {cell.source: cell for cell in lesson.cells if cell.kind == "code"}
    for cell in executed.cells:
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
    for name, report in executed.examples.items():
        got = report[report.index("Got:") + 1].strip() if "Got:" in report else report[-1].strip()
        cell = lesson.exercises[name].solution
        text = f"an example in the docstring of {name} is wrong: {_example(report)} gives {got}"
        run.defects.append(Defect(cell.path, cell.line, text))
    code = [written.get(cell.source) for cell in executed.cells]
    for number, slip in _slips(run):
        origin = code[number - 1] if 0 < number <= len(code) else None
        run.defects.append(Defect(lesson.path, origin.line if origin else 1, slip))
    return run


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
