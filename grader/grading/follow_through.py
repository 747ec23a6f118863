"""Follow-through: one bug costs points only once.

If an exercise fails and depends on one that failed earlier, it is run once more
with the earlier one replaced by the reference. If that does not help, earlier ones
that passed, but with results unlike the reference's (slips), are replaced as well.
No value from these runs is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from grader.execution.cell_run import CellRun, Status
from grader.execution.evidence import read_records
from grader.execution.steps import Part, Step, StepKey
from grader.grading.cell_report import CellReport
from grader.grading.failures import FailureKind, Place, first_cause
from grader.grading.scoring import CHECKS, all_seen, judge_checks, matched, share, solutions_of, stopped
from grader.lessons.hidden_tests import repeats_examples
from grader.lessons.notebooks import course_metadata, own_code_cells
from grader.lessons.reference import CheckCell, Reference
from grader.syntax import has_placeholder

__all__ = ["follow_steps", "score_followed", "slips"]

NOT_DIAGNOSED = {False: 0, True: 0}  # no message of these runs is shown
STOPS = (FailureKind.TIME, FailureKind.KILLED)
# A function that cannot be asked for its source or its code, only called. What student code can still do is in
# docs/threat-model.md.
STAND_IN = """
{name} = __import__("functools").lru_cache(maxsize=0)({name})
{name}.__dict__.clear()
"""


def _failed(reference: Reference, reports: dict[str, CellReport]) -> set[str]:
    return {report.exercise for report in reports.values() if not report.passed}


def slips(reference: Reference, reports: dict[str, CellReport], runs: dict[StepKey, CellRun]) -> set[str]:
    """The exercises that pass with results unlike the reference's, be it only 3.0 for 3, and that a wrong one needs."""
    wrong = {report.exercise for report in reports.values() if report.score < report.points}
    needed = set[str]().union(*map(reference.replaceable, wrong)) - _failed(reference, reports)
    return {name for name in needed if not all(_is_like(cell, runs) for cell in reference.exercises[name].cells)}


def _is_like(cell: CheckCell, runs: dict[StepKey, CellRun]) -> bool:
    parts = (runs.get(StepKey(part, cell.name), CellRun()) for part in (Part.VISIBLE, Part.HIDDEN))
    came = {record.head for run in parts for record in read_records(run.evidence, cell.records)}
    return all(record.head and record.head in came for record in cell.records)


def follow_steps(
    notebook: Any, reference: Reference, reports: dict[str, CellReport], replaceable: set[str] | None = None
) -> list[Step]:
    """The steps that rerun failed exercises with earlier solutions replaced; empty if there are none.

    Args:
        notebook: the rebuilt notebook.
        reference: its reference.
        reports: the reports so far; what is right by follow-through is not run again.
        replaceable: exercises whose solutions to replace besides those that failed.
    """
    failed = _failed(reference, reports) | (replaceable or set())
    wrong = {report.exercise for report in reports.values() if report.score < report.points}
    solutions = solutions_of(notebook)
    again = [name for name in solutions if name in wrong and reference.replaceable(name) & (replaceable or failed)]
    again = _in_safe_order(reference, [name for name in again if not has_placeholder(solutions[name])], failed)
    if not again:
        return []
    steps = [
        Step(StepKey(Part.CELL, str(number)), cell.source, extra=course_metadata(cell).get("role") == "extra")
        for number, cell in own_code_cells(notebook)
    ]
    for name in again:
        replaced = [item for item in solutions if item in reference.replaceable(name) & failed]
        # A stage for each exercise: a later one may need this one's reference solution, which must not
        # be in the kernel before this one has run.
        steps += [
            Step(StepKey(Part.REPLACED, name, item), _stand_in(reference, item), stage=name, private=True)
            for item in replaced
        ]
        steps.append(Step(StepKey(Part.SOLUTION, name), solutions[name], group=name, stage=name))
        steps += [
            Step(StepKey(Part.ALL, cell.name), CHECKS + cell.source, False, name, name, private=True)
            for cell in reference.exercises[name].cells
        ]
        steps += [Step(StepKey(Part.RESTORED, name, item), solutions[item], stage=name) for item in replaced]
    return steps


def _in_safe_order(reference: Reference, names: list[str], failed: set[str]) -> list[str]:
    """The exercises, each before those for which a reference is put into the kernel that it must not have.

    It must not have its own, and not that of an exercise which gives its result by itself: from an earlier
    stage of the same kernel it could keep it.
    """
    put_right = {name: reference.replaceable(name) & failed for name in names}
    before = {
        name: {
            item for item in names if item != name and (reference.exercises[item].delegates | {item}) & put_right[name]
        }
        for name in names
    }
    try:
        order = list(TopologicalSorter(before).static_order())
    except CycleError as cycle:  # no order is safe
        return _in_safe_order(reference, [name for name in names if name not in cycle.args[1]], failed)
    return order


def _stand_in(reference: Reference, name: str) -> str:
    """The code that puts the reference solution in the place of the student's."""
    return reference.exercises[name].solution + STAND_IN.format(name=name)


def score_followed(
    reference: Reference,
    reports: dict[str, CellReport],
    runs: dict[StepKey, CellRun],
    replaced: set[str] | None = None,
) -> None:
    """Restore the points of checks that pass once earlier solutions are replaced: that failed, or that slipped.

    The misconceptions that count are those that are left then: others were an earlier mistake's.
    """
    failed = _failed(reference, reports) | (replaced or set())
    for exercise in reference.exercises.values():
        cells = [cell for cell in exercise.cells if StepKey(Part.ALL, cell.name) in runs]
        came = {cell.name: matched(cell, runs[StepKey(Part.ALL, cell.name)]) for cell in cells}
        seen = all_seen(cells, came, exercise.hints)
        for cell in cells:
            report = reports[cell.name]
            if report.passed:
                continue
            second = judge_checks(cell, came[cell.name], exercise.hints, seen, NOT_DIAGNOSED)
            report.own_misconceptions = [check.misconception for check in second.values() if check.misconception]
            put_right = reference.replaceable(exercise.name) & failed
            earlier = [name for name in reference.exercises if name in put_right]
            if _restore(report, [second[number].passed for number in sorted(second)]):
                report.notes.append(_said(earlier, report, "mistake" if replaced is None else "slip"))
            _note_stop(report, runs[StepKey(Part.ALL, cell.name)], earlier)


def _restore(report: CellReport, second: Sequence[bool]) -> bool:
    """Whether the checks that passed in the first or the second run are worth more than those of the first alone."""
    passed = [first.passed or later for first, later in zip(report.checks, second, strict=True)]
    hidden = [check.hidden for check in report.checks]
    points = 0.0 if repeats_examples(zip(hidden, passed, strict=True)) else share(report.points, passed)
    if points <= report.score:
        return False
    report.score, report.followed = points, True
    return True


def _note_stop(report: CellReport, run: CellRun, earlier: Sequence[str]) -> None:
    """Say that the checks were stopped only with the earlier exercises put right: until then an error ended them."""
    if run.status not in (Status.TIMEOUT, Status.DIED) or (report.failure and report.failure.kind in STOPS):
        return
    failure = stopped(run, Place.CHECKS)
    report.failure = first_cause(filter(None, (failure, report.failure)))
    loop = " Is there a loop that does not end?" if failure.kind is FailureKind.TIME else ""
    report.notes.append(f"With {_and(earlier)} put right, the checks were stopped: {failure.said}.{loop}")


def _said(earlier: Sequence[str], report: CellReport, what: str) -> str:
    result = "right" if report.score == report.points else "better"
    return (
        f"Follow-through: with {_and(earlier)} put right, this is {result}, so the earlier {what} costs nothing here."
    )


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1] if names else ""]))
