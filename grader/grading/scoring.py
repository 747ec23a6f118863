"""Turn evidence into points, in a process that never runs student code.

A submission is run in two passes in one kernel. The first runs it top to bottom
with the visible checks, as the student did; the report may quote their evidence.
The second runs each exercise's solution again with the hidden checks; the report
on these reveals nothing about their arguments.

If an exercise fails and depends on one that failed earlier, it is run once more
with the earlier one replaced by the reference (follow-through), so that one bug
costs points only once. If that does not help, earlier ones that passed, but with
results unlike the reference's (slips), are replaced as well. Nothing from these
runs is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from dlcore.checks.notebook_cells import PLACEHOLDER
from dlcore.checks.verdict import Seen, Verdict
from grader.execution.cell_run import Cause, CellRun, Status
from grader.execution.evidence import Record, match_records, read_records
from grader.execution.steps import Part, Step, StepKey
from grader.grading.cell_report import CellReport, CheckReport
from grader.lessons.hidden_tests import repeats_examples
from grader.lessons.notebooks import course_metadata, grade_id, is_check, own_code_cells
from grader.lessons.reference import CheckCell, Reference, ReferenceExercise
from grader.lessons.roles import Role
from grader.syntax import has_placeholder

__all__ = ["follow_steps", "score", "score_followed", "slips", "submission_steps"]

CHECKS = "from dlcore import check, check_choice\n"  # in case the student has rebound `check`
STUB = f'raise NotImplementedError("{PLACEHOLDER}.")'  # what stands in a release for a solution
# A function that cannot be asked for its source or its code, only called. What student code can still do is in
# docs/threat-model.md.
STAND_IN = """
{name} = __import__("functools").lru_cache(maxsize=0)({name})
{name}.__dict__.clear()
"""
REPEATS_EXAMPLES = (
    "It passes every example that is shown and none of the hidden checks, as a list of the examples' results would. "
    "That earns no points: the function has to compute."
)
# How many failing checks of a cell are diagnosed, by whether they are hidden. The rest mostly have the same cause,
# and of the hidden ones only the first is explained.
DIAGNOSED = {False: 2, True: 1}
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
    for name, source in _solutions(notebook).items():
        cells = reference.exercises[name].cells
        if any(any(cell.hidden) for cell in cells):
            # A separate stage: evidence of visible checks is quoted, so hidden ones must not be in the kernel by then.
            steps.append(Step(StepKey(Part.SOLUTION, name), source, group=name, stage="hidden"))
            steps += [
                Step(StepKey(Part.HIDDEN, cell.name), CHECKS + cell.hidden_source, False, name, "hidden", private=True)
                for cell in cells
            ]
    return steps


def _solutions(notebook: Any) -> dict[str, str]:
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
        seen = _seen(exercise, came)
        for cell in exercise.cells:
            report = CellReport(cell.name, exercise.name, cell.points, 0.0)
            visible = runs.get(StepKey(Part.VISIBLE, cell.name), CellRun())
            hidden = runs.get(StepKey(Part.HIDDEN, cell.name), CellRun())
            judged = _judge(cell, came[cell.name], exercise.hints, seen)
            report.checks = [judged[number] for number in sorted(judged)]
            report.score = _score(report)
            if not report.passed:
                report.notes = [*failures.get(exercise.name, ()), *_cut_short(visible, hidden)]
            if report.repeats_examples:
                report.notes.append(REPEATS_EXAMPLES)
            reports[cell.name] = report
    return reports


def _score(report: CellReport) -> float:
    if report.passed:
        return report.points
    return 0.0 if report.repeats_examples else _share(report.points, [check.passed for check in report.checks])


def _share(points: float, passed: Sequence[bool]) -> float:
    return points if all(passed) else round(points * sum(passed) / len(passed), 2)


def _came(cell: CheckCell, runs: dict[StepKey, CellRun]) -> dict[int, Record | None]:
    """What the student's function did in each check of a cell, by number."""
    visible = _matched(cell, runs.get(StepKey(Part.VISIBLE, cell.name), CellRun()), hidden=False)
    return visible | _matched(cell, runs.get(StepKey(Part.HIDDEN, cell.name), CellRun()), hidden=True)


def _matched(cell: CheckCell, run: CellRun, *, hidden: bool | None = None) -> dict[int, Record | None]:
    """The records, by number, of a cell's hidden or visible checks (None: of all) in the run that made them."""
    numbers = [number for number, is_hidden in enumerate(cell.hidden) if hidden in (None, is_hidden)]
    expected = [cell.records[number] for number in numbers]
    return dict(zip(numbers, match_records(expected, read_records(run.evidence, expected)), strict=True))


def _seen(exercise: ReferenceExercise, came: dict[str, dict[int, Record | None]]) -> list[Seen]:
    """All checks of an exercise, to choose between misconceptions by."""
    found = [(cell, number, have) for cell in exercise.cells for number, have in came[cell.name].items()]
    if all(have is cell.records[number] for cell, number, have in found):  # as the reference's: nothing to choose
        return []
    return [cell.seen(number, have, exercise.hints) for cell, number, have in found if have is not None]


def _judge(
    cell: CheckCell, came: dict[int, Record | None], hints: dict[str, str], seen: Sequence[Seen] = ()
) -> dict[int, CheckReport]:
    """Reports, by number, on the checks of a cell."""
    reports = {}
    left = dict(DIAGNOSED)
    for number, have in came.items():
        unseen = cell.hidden[number]
        verdict = cell.verdict(number, have, hints, seen, diagnosed=left[unseen] > 0)
        left[unseen] -= not verdict.passed
        if have is not None:
            verdict = _name_missing(verdict, have.outcome.where, cell)
        message = verdict.gist if unseen or cell.is_quiz else verdict.message
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


def _failed_solutions(notebook: Any, runs: dict[StepKey, CellRun]) -> dict[str, list[str]]:
    """Notes on solution cells that did not run to the end, by exercise."""
    notes: dict[str, list[str]] = {}
    for number, cell in enumerate(notebook.cells):
        run = runs.get(StepKey(Part.CELL, str(number)), CellRun(Status.OK))
        name = course_metadata(cell).get("exercise", "")
        if run.status is Status.ERROR:
            notes.setdefault(name, []).append(f"The solution cell stopped with {run.error}: {run.text}")
        elif run.status in (Status.TIMEOUT, Status.DIED):
            notes.setdefault(name, []).append(f"The solution cell was stopped: {_cause(run)}.")
    return notes


def _cause(run: CellRun) -> str:
    if run.status is Status.TIMEOUT:
        return f"it took longer than {run.seconds:.0f} seconds"
    return CAUSES.get(run.cause, "the kernel died")


def _cut_short(visible: CellRun, hidden: CellRun) -> list[str]:
    """Notes on why a check cell did not run to the end."""
    for run, which in ((visible, "checks"), (hidden, "hidden checks")):
        if run.status in (Status.TIMEOUT, Status.DIED):
            return [f"The {which} were stopped: {_cause(run)}."]
        if run.status is Status.ERROR and which == "checks" and run.error == "NameError":
            return [f"The checks did not find the function ({run.text})."]
    if visible.status is Status.NOT_RUN and visible.cause is not Cause.EARLIER:
        return ["The checks were not reached: the notebook used up its time."]
    return []


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
    solutions = _solutions(notebook)
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
    """Restore the points of checks that pass once earlier solutions are replaced: that failed, or that slipped."""
    failed = _failed(reference, reports) | (replaced or set())
    for report in reports.values():
        cell = _check_cell(reference, report.exercise, report.name)
        run = runs.get(StepKey(Part.ALL, report.name))
        if cell is None or run is None or report.passed:
            continue
        second = [cell.passes(number, got) for number, got in _matched(cell, run).items()]
        passed = [first.passed or later for first, later in zip(report.checks, second, strict=True)]
        hidden = [check.hidden for check in report.checks]
        share = 0.0 if repeats_examples(zip(hidden, passed, strict=True)) else _share(report.points, passed)
        if share > report.score:
            put_right = reference.replaceable(report.exercise) & failed
            earlier = [name for name in reference.exercises if name in put_right]
            report.score, report.followed = share, True
            report.notes.append(
                f"Follow-through: with {_and(earlier)} put right, this is {'right' if all(passed) else 'better'}, "
                f"so the earlier {'mistake' if replaced is None else 'slip'} costs nothing here."
            )


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1] if names else ""]))
