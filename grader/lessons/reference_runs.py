"""Run an instructor's notebook, its checks and all variants, and cache the evidence.

Evidence is cached by unit (see `reference_units`), and only what has changed is run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from grader.errors import BuildError
from grader.execution.cell_run import CellRun, Status
from grader.execution.evidence import evidence_forms
from grader.execution.sandbox import Limits, why_no_sandbox
from grader.execution.step_runner import run_steps_now
from grader.execution.steps import Part, Step, StepKey
from grader.lessons.hidden_tests import visible_lines
from grader.lessons.parser import Lesson
from grader.lessons.reference_units import Checks, NotebookCells, Unit, base_digest, units_of

__all__ = ["AUTHOR_LIMITS", "run_units"]

# A cell may take as long as a student's; only the whole notebook, with all variants, may take longer.
AUTHOR_LIMITS = Limits(
    cell_seconds=Limits.cell_seconds,
    total_seconds=1800,
    cpu_seconds=3600,
    kernels=8,
    output_kb=32_000,
    evidence_kb=64_000,
)
CALLS = "the check calls "
TRACED = """
try:
    exec(compile({source!r}, "<cell>", "exec"), globals())
except BaseException as _problem:
    import traceback
    _lines = [item.lineno for item in traceback.extract_tb(_problem.__traceback__) if item.filename == "<cell>"]
    _lines = [_problem.lineno] if isinstance(_problem, SyntaxError) else _lines
    raise RuntimeError(_lines[0] if _lines else 0) from None
"""


def run_units(
    notebook: Any, exercises: Sequence[Checks], files: dict[str, bytes], lesson: Lesson | None, cache: Path
) -> tuple[dict[StepKey, list[Any]], dict[str, str]]:
    """The evidence of every step, and for each exercise a digest of all that its evidence depends on.

    Only what the cache does not have is run.

    Args:
        notebook: the instructor's notebook.
        exercises: its exercises.
        files: the support modules.
        lesson: the lesson that the notebook was built from, which errors refer to.
        cache: the folder for this notebook's evidence.

    Raises:
        BuildError: the reference, a check or a variant does not run; the message gives file and line.
    """
    cells = NotebookCells(notebook)
    base = base_digest(files)
    units = [unit for exercise in exercises for unit in units_of(exercise, exercises, cells, base)]
    cached = {exercise.name: _read(cache / f"{exercise.name}.json") for exercise in exercises}
    missing = [unit for unit in units if unit.digest not in cached[unit.exercise.name]]
    if missing:
        runner = _Runner(cells, files, lesson)
        runs = runner.run(missing)
        for unit in missing:
            cached[unit.exercise.name][unit.digest] = {
                str(step.key): list(evidence_forms(runs[step.key].evidence))
                for step in unit.steps
                if runs[step.key].evidence and step.key.part is not Part.GUARDED_CHECKS
            }
    for exercise in exercises:
        needed = {unit.digest for unit in units if unit.exercise is exercise}
        known = cached[exercise.name]
        stale = known.keys() - needed if lesson is not None else set()
        if stale or any(unit.exercise is exercise for unit in missing):
            _write(cache / f"{exercise.name}.json", {name: known[name] for name in known if name not in stale})
    evidence: dict[StepKey, list[Any]] = {}
    for unit in units:
        found = cached[unit.exercise.name][unit.digest]
        evidence |= {step.key: found.get(str(step.key), []) for step in unit.steps}
    digests = {
        exercise.name: " ".join(unit.digest for unit in units if unit.exercise is exercise) for exercise in exercises
    }
    return evidence, digests


def _read(path: Path) -> dict[str, Any]:
    try:
        cached = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return cached if isinstance(cached, dict) else {}


def _write(path: Path, cached: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps(cached))
    partial.replace(path)


class _Runner:
    """Runs units in a kernel, and says what is wrong if something does not run."""

    def __init__(self, cells: NotebookCells, files: dict[str, bytes], lesson: Lesson | None):
        self.files, self.lesson = files, lesson
        self.own = [Step(StepKey(Part.CELL, str(number)), source) for number, source in cells.steps]

    def run(self, units: Sequence[Unit]) -> dict[StepKey, CellRun]:
        """What every step came to; raises BuildError if one failed."""
        runs = self._run([*self.own, *(step for unit in units for step in unit.steps)])
        for step in self.own:
            if runs[step.key].status is not Status.OK:
                raise self._broken_cell(step, runs[step.key])
        cut = next((key for key, run in runs.items() if run.status in (Status.TIMEOUT, Status.DIED)), None)
        for unit in units:
            for step in unit.steps:
                run = runs[step.key]
                if run.status is not Status.OK and (run.status is not Status.NOT_RUN or cut is None):
                    raise self._broken_step(unit, step, run)
                if step.key.part is Part.GUARDED_CHECKS:
                    for form in evidence_forms(run.evidence):
                        said = str(form.get("outcome", {}).get("text", ""))
                        if said.startswith(CALLS):
                            raise self._broken_step(unit, step, CellRun(Status.ERROR, "NameError", said))
        return runs

    def _run(self, steps: Sequence[Step]) -> dict[StepKey, CellRun]:
        # Once a step does not end, nothing after it is run: each would take its time, too.
        grouped = [replace(step, group="all") for step in steps]
        return run_steps_now(grouped, AUTHOR_LIMITS, sandboxed=why_no_sandbox() is None, files=self.files)

    def _broken_cell(self, step: Step, run: CellRun) -> BuildError:
        """The error for a cell of the notebook."""
        cells = self.lesson.cells if self.lesson else []
        cell = next((cell for cell in cells if cell.source == step.source), None)
        role = f"{cell.role} cell of {cell.exercise}" if cell and cell.exercise else f"{cell.role} cell" if cell else ""
        what = f"the {role.strip()}" if role and not role.startswith(" ") else "a cell"
        place = self.own.index(step)
        line = self._line(self.own[:place], step, run) if cell else None
        return BuildError(f"{what} {_how(run)}", cell.path if cell else None, cell.line_of(line) if cell else None)

    def _broken_step(self, unit: Unit, step: Step, run: CellRun) -> BuildError:
        """The error for a step of a unit."""
        before = unit.steps[: unit.steps.index(step)]
        line = self._line([*self.own, *before], step, run)
        if line and step.key.part is Part.VISIBLE:
            line = visible_lines(unit.exercise.cells[step.key.name][0])[line - 1]
        variant = next((item for item in unit.exercise.variants if str(item) == step.key.of), None)
        if step.key.part is Part.VARIANT and variant is not None:
            return BuildError(f"the {variant} of {unit.exercise.name} {_how(run)}", variant.path, variant.line)
        path, first = unit.exercise.places.get(step.key.name, (None, 0))
        where = first + line - 1 if first and line else first or None
        what = f"the check cell {step.key.name}"
        if step.key.part is Part.GUARDED_CHECKS and run.error == "NameError" and run.text.startswith(CALLS):
            name = run.text.removeprefix(CALLS)
            return BuildError(
                f"{what} calls {name}, which the student writes: whoever has {name} wrong would fail here, too. "
                "Make the input without it",
                path,
                where,
            )
        if variant is not None and run.status is not Status.ERROR:
            said = f"on the {variant} of {unit.exercise.name}, {what} {_how(run)}"
            return BuildError(said, variant.path, variant.line)
        of = f" on the {variant} of {unit.exercise.name}" if variant is not None else ""
        return BuildError(f"{what}{of} {_how(run)}", path, where)

    def _line(self, before: Sequence[Step], step: Step, run: CellRun) -> int | None:
        """The line of a step's source in which it raised, found by running it once more."""
        if run.status is not Status.ERROR or not step.plain:
            return None
        traced = Step(step.key, TRACED.format(source=step.source), replay=False)
        again = self._run([*before, traced])[step.key]
        return int(again.text) if again.error == "RuntimeError" and again.text.isdigit() else None


def _how(run: CellRun) -> str:
    """What went wrong, in words."""
    if run.status is Status.ERROR:
        return f"raises {run.error}: {run.text}"
    if run.status is Status.TIMEOUT:
        return f"does not end: stopped after {AUTHOR_LIMITS.cell_seconds:g} s"
    if run.status is Status.DIED:
        return f"ends the kernel: {run.cause}"
    return f"was not run: {run.cause or 'something before it took all the time'}"
