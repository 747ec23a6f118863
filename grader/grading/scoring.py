"""Turn evidence into points, in a process that never runs student code.

A submission is run in two passes in one kernel. The first runs it top to bottom
with the visible checks, as the student did; the report may quote their evidence.
The second runs each exercise's solution again with the hidden checks; the report
on these reveals nothing about their arguments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dlcore.checks.notebook_cells import PLACEHOLDER
from dlcore.checks.verdict import Seen, Verdict
from grader.execution.cell_run import Cause, CellRun, Status
from grader.execution.evidence import Record, match_records, read_records
from grader.execution.steps import Part, Step, StepKey
from grader.grading.cell_report import CellReport, CheckReport
from grader.grading.failures import SYNTAX_ERRORS, FailureKind, Place, RunFailure, first_cause
from grader.lessons.notebooks import course_metadata, grade_id, is_check
from grader.lessons.reference import CheckCell, Reference
from grader.lessons.roles import Role

__all__ = [
    "CHECKS",
    "STUB",
    "all_seen",
    "judge_checks",
    "matched",
    "score",
    "share",
    "solutions_of",
    "stopped",
    "submission_steps",
]

CHECKS = "from dlcore import check, check_choice\n"  # in case the student has rebound `check`
STUB = f'raise NotImplementedError("{PLACEHOLDER}.")'  # what stands in a release for a solution
REPEATS_EXAMPLES = (
    "It passes every example that is shown and none of the hidden checks, as a list of the examples' results would. "
    "That earns no points: the function has to compute."
)
# How many failing checks of a cell are diagnosed, by whether they are hidden. The rest mostly have the same cause,
# and of the hidden ones only the first is explained.
DIAGNOSED = {False: 2, True: 1}
NO_LETTER = "It is none of the letters. Write the letter of one answer between quotes."
# Python's name for the code of a cell, in the text of a SyntaxError.
CELL_FILE = re.compile(r"\((?:\d+\.py|<[^<>()]*>), line (\d+)\)")
CAUSES = {
    Cause.MEMORY: "it used more memory than it may",
    Cause.PROCESSES: "it started more processes than it may",
    Cause.TIME: "it ran too long and could not be interrupted",
    Cause.OUTPUT: "it printed more than it may",
    Cause.EXIT: "it ended the kernel",
    Cause.SIGNAL: "the kernel was killed",
    Cause.EVIDENCE: "its checks handed over more than they may",
    Cause.PROTOCOL: "it sent damaged messages",
}


def submission_steps(notebook: Any, reference: Reference) -> list[Step]:
    """The steps of a rebuilt notebook: top to bottom, then every exercise with its hidden checks."""
    steps = []
    for number, cell in enumerate(notebook.cells):
        data = course_metadata(cell)
        if cell.cell_type != "code" or data.get("role") == Role.DEMO:
            continue
        if is_check(cell):
            found = _check_cell(reference, data.get("exercise", ""), grade_id(cell))
            if found is not None:
                key = StepKey(Part.VISIBLE, found.name)
                steps.append(Step(key, CHECKS + found.visible_source, replay=False, group=data["exercise"]))
        else:
            steps.append(Step(StepKey(Part.CELL, str(number)), cell.source, extra=data.get("role") == "extra"))
    for name, source in solutions_of(notebook).items():
        cells = reference.exercises[name].cells
        if any(any(cell.hidden) for cell in cells):
            # A separate stage: evidence of visible checks is quoted, so hidden ones must not be in the kernel by then.
            steps.append(Step(StepKey(Part.SOLUTION, name), source, group=name, stage="hidden"))
            steps += [
                Step(StepKey(Part.HIDDEN, cell.name), CHECKS + cell.hidden_source, False, name, "hidden", private=True)
                for cell in cells
            ]
    return steps


def solutions_of(notebook: Any) -> dict[str, str]:
    """The submitted solutions by exercise, in order."""
    cells = [(course_metadata(cell), cell.source) for cell in notebook.cells]
    return {data["exercise"]: source for data, source in cells if data.get("role") in (Role.SOLUTION, Role.QUIZ)}


def _check_cell(reference: Reference, exercise: str, name: str) -> CheckCell | None:
    cells = reference.exercises[exercise].cells if exercise in reference.exercises else []
    return next((cell for cell in cells if cell.name == name), None)


def score(notebook: Any, reference: Reference, runs: dict[StepKey, CellRun]) -> dict[str, CellReport]:
    """The report on every check cell, by cell name."""
    failures = _failed_solutions(notebook, runs)
    reports = {}
    for exercise in reference.exercises.values():
        came = {cell.name: _came(cell, runs) for cell in exercise.cells}
        seen = all_seen(exercise.cells, came, exercise.hints)
        for cell in exercise.cells:
            report = CellReport(cell.name, exercise.name, cell.points, 0.0)
            visible = runs.get(StepKey(Part.VISIBLE, cell.name), CellRun())
            hidden = runs.get(StepKey(Part.HIDDEN, cell.name), CellRun())
            judged = judge_checks(cell, came[cell.name], exercise.hints, seen)
            report.checks = [judged[number] for number in sorted(judged)]
            report.score = _score(report)
            if not report.passed:
                found = [*failures.get(exercise.name, ()), *_cut_short(visible, hidden)]
                report.notes, report.failure = [_said(failure) for failure in found], first_cause(found)
            if report.repeats_examples:
                report.notes.append(REPEATS_EXAMPLES)
            reports[cell.name] = report
    return reports


def _score(report: CellReport) -> float:
    if report.passed:
        return report.points
    return 0.0 if report.repeats_examples else share(report.points, [check.passed for check in report.checks])


def share(points: float, passed: Sequence[bool]) -> float:
    """The points of a cell whose checks passed or not: each is worth the same."""
    return points if all(passed) else round(points * sum(passed) / len(passed), 2)


def _came(cell: CheckCell, runs: dict[StepKey, CellRun]) -> dict[int, Record | None]:
    """What the student's function did in each check of a cell, by number."""
    visible = matched(cell, runs.get(StepKey(Part.VISIBLE, cell.name), CellRun()), hidden=False)
    return visible | matched(cell, runs.get(StepKey(Part.HIDDEN, cell.name), CellRun()), hidden=True)


def matched(cell: CheckCell, run: CellRun, *, hidden: bool | None = None) -> dict[int, Record | None]:
    """The records, by number, of a cell's hidden or visible checks (None: of all) in the run that made them."""
    numbers = [number for number, is_hidden in enumerate(cell.hidden) if hidden in (None, is_hidden)]
    expected = [cell.records[number] for number in numbers]
    return dict(zip(numbers, match_records(expected, read_records(run.evidence, expected)), strict=True))


def all_seen(
    cells: Sequence[CheckCell], came: dict[str, dict[int, Record | None]], hints: dict[str, str]
) -> list[Seen]:
    """All checks of an exercise, to choose between misconceptions by."""
    found = [(cell, number, have) for cell in cells for number, have in came[cell.name].items()]
    if all(have is cell.records[number] for cell, number, have in found):  # as the reference's: nothing to choose
        return []
    return [cell.seen(number, have, hints) for cell, number, have in found if have is not None]


def judge_checks(
    cell: CheckCell,
    came: dict[int, Record | None],
    hints: dict[str, str],
    seen: Sequence[Seen] = (),
    diagnosed: Mapping[bool, int] = DIAGNOSED,
) -> dict[int, CheckReport]:
    """Reports, by number, on the checks of a cell; `diagnosed` says how many failing ones, by whether hidden."""
    reports = {}
    left = dict(diagnosed)
    for number, have in came.items():
        unseen = cell.hidden[number]
        verdict = cell.verdict(number, have, hints, seen, diagnosed=left[unseen] > 0)
        left[unseen] -= not verdict.passed
        if have is not None:
            verdict = _name_missing(verdict, have.outcome.where, cell)
        message = verdict.gist if unseen or cell.is_quiz else verdict.message
        if cell.is_quiz and verdict.kind in ("values", "type"):  # every letter's explanation is a misconception's
            message = NO_LETTER
        reports[number] = CheckReport(
            cell.label(number), unseen, verdict.passed, verdict.kind, message, verdict.misconception
        )
    return reports


def _name_missing(verdict: Verdict, where: str, cell: CheckCell) -> Verdict:
    """The verdict, reworded if the function that is not implemented yet is another exercise's."""
    if verdict.kind != "unattempted" or where in ("", cell.exercise) or where not in cell.others:
        return verdict
    sentence = f"It calls {where}, which is not written yet."
    return replace(verdict, kind="unattempted-other", gist=sentence, message=sentence)


def _failed_solutions(notebook: Any, runs: dict[StepKey, CellRun]) -> dict[str, list[RunFailure]]:
    """The solution cells that did not run to the end, by exercise."""
    failures: dict[str, list[RunFailure]] = {}
    for number, cell in enumerate(notebook.cells):
        run = runs.get(StepKey(Part.CELL, str(number)), CellRun(Status.OK))
        name = course_metadata(cell).get("exercise", "")
        if run.status is Status.ERROR:
            kind = FailureKind.SYNTAX if run.error in SYNTAX_ERRORS else FailureKind.ERROR
            text = CELL_FILE.sub(rf"(line \1 of the cell of {name})", run.text) if name else run.text
            failures.setdefault(name, []).append(RunFailure(kind, Place.SOLUTION, f"{run.error}: {text}"))
        elif run.status in (Status.TIMEOUT, Status.DIED):
            failures.setdefault(name, []).append(stopped(run, Place.SOLUTION))
    return failures


def stopped(run: CellRun, place: Place) -> RunFailure:
    """Which limit a run exceeded."""
    if run.status is Status.TIMEOUT:
        return RunFailure(FailureKind.TIME, place, f"it took longer than {run.seconds:.0f} seconds")
    kind = FailureKind.TIME if run.cause is Cause.TIME else FailureKind.KILLED
    return RunFailure(kind, place, CAUSES.get(run.cause, "the kernel died"))


def _cut_short(visible: CellRun, hidden: CellRun) -> list[RunFailure]:
    """Why a check cell did not run to the end."""
    for run, place in ((visible, Place.CHECKS), (hidden, Place.HIDDEN)):
        if run.status in (Status.TIMEOUT, Status.DIED):
            return [stopped(run, place)]
        if run.status is Status.ERROR and place is Place.CHECKS and run.error == "NameError":
            return [RunFailure(FailureKind.MISSING, place, run.text)]
    if visible.status is Status.NOT_RUN and visible.cause is not Cause.EARLIER:
        return [RunFailure(FailureKind.UNREACHED, Place.CHECKS)]
    return []


def _said(failure: RunFailure) -> str:
    """A failure in a sentence, for the student."""
    if failure.kind in (FailureKind.SYNTAX, FailureKind.ERROR):
        return f"The {failure.place} stopped with {failure.said}"
    if failure.kind is FailureKind.MISSING:
        return f"The {failure.place} did not find the function ({failure.said})."
    if failure.kind is FailureKind.UNREACHED:
        return f"The {failure.place} were not reached: the notebook used up its time."
    were = "was" if failure.place is Place.SOLUTION else "were"
    return f"The {failure.place} {were} stopped: {failure.said}."
