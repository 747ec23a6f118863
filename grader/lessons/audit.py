"""Audit a lesson's checks.

Checks are too weak if a misconception passes all of them, and too strict if an
alternative fails one. `audit` reports both, and other faults such as
nondeterministic or indistinguishable checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from dlcore.checks.answer_key import SAME_ARGUMENTS
from dlcore.checks.compare import agree
from dlcore.checks.evidence import OutcomeKind
from dlcore.checks.verdict import Verdict
from grader.execution.evidence import Record
from grader.lessons.parser import Lesson
from grader.lessons.reference import CheckCell, Reference, ReferenceExercise
from grader.lessons.roles import Role

__all__ = ["AuditRow", "audit", "table"]

EXPECTED_ERRORS = ("ValueError", "TypeError", "CourseError")


@dataclass
class AuditRow:
    """The audit of one exercise, in counts."""

    exercise: str
    points: float
    visible: int = 0
    hidden: int = 0
    misconceptions: int = 0
    caught: int = 0
    named: int = 0
    alternatives: int = 0
    accepted: int = 0


def audit(reference: Reference, lesson: Lesson) -> tuple[list[AuditRow], list[tuple[int, str]]]:
    """A row per exercise with checks, and the problems found with their line numbers."""
    rows: list[AuditRow] = []
    problems: list[tuple[int, str]] = []
    for exercise in reference.exercises.values():
        written = lesson.exercises[exercise.name]
        hidden = [flag for cell in exercise.cells for flag in cell.hidden]
        row = AuditRow(exercise.name, exercise.points, hidden.count(False), hidden.count(True))
        rows.append(row)
        line = written.solution.line
        problems += [(line, text) for text in _worthless(exercise)]
        if written.kind == Role.SOLUTION and not row.hidden:
            problems.append((line, f"{exercise.name} has no hidden checks: what is visible can be copied"))
        for item in written.misconceptions:
            _audit_misconception(exercise, row, str(item.options["name"]), item.line, problems)
        if written.kind == Role.QUIZ:
            for letter in written.solution.options["wrong"]:
                _audit_misconception(exercise, row, letter, line, problems)
        for item in written.alternatives:
            _audit_alternative(exercise, row, str(item.options["name"]), item.line, problems)
    return rows, problems


def _worthless(exercise: ReferenceExercise) -> list[str]:
    problems = []
    records = [record for cell in exercise.cells for record in cell.records]
    for first, second in combinations(records, 2):
        if agree(first.arguments, second.arguments, SAME_ARGUMENTS) and _title(first) == _title(second):
            problems.append(f"two checks of {exercise.name} cannot be told apart: “{second.call}”; give them labels")
    for cell in exercise.cells:
        for number, record in enumerate(cell.records):
            outcome = record.outcome
            if outcome.kind in (OutcomeKind.UNATTEMPTED, OutcomeKind.FOREIGN):
                problems.append(
                    f"{cell.name}: the reference's result in “{record.call}” is {outcome.kind} ({outcome.text})"
                )
            if outcome.kind == OutcomeKind.RAISED and outcome.error not in EXPECTED_ERRORS:
                problems.append(f"{cell.name}: the reference raised {outcome.error}: {outcome.text} in “{record.call}”")
            if cell.hidden[number] and not record.label:
                problems.append(f"{cell.name}: the hidden check “{record.call}” has no label")
        for _, verdict in verdicts(cell, cell.right["the reference, run again"], {}):
            if not verdict.passed:
                problems.append(f"{cell.name}: the checks depend on what ran before them, or on random state")
                break
    return problems


def _title(record: Record) -> str:
    return record.label or record.call


def verdicts(cell: CheckCell, records: Sequence[Record | None], hints: dict[str, str]) -> list[tuple[int, Verdict]]:
    """The verdict on each check of a cell, by number."""
    return [(number, cell.verdict(number, got, hints)) for number, got in enumerate(records)]


def _audit_misconception(
    exercise: ReferenceExercise, row: AuditRow, name: str, line: int, problems: list[tuple[int, str]]
) -> None:
    row.misconceptions += 1
    failed = [
        (cell.hidden[number], verdict)
        for cell in exercise.cells
        for number, verdict in verdicts(cell, cell.wrong[name], exercise.hints)
        if not verdict.passed
    ]
    row.caught += bool(failed)
    row.named += next((verdict.misconception == name for hidden, verdict in failed if not hidden), False)
    if not failed:
        problems.append((line, f"the misconception {name} of {exercise.name} passes all checks"))


def _audit_alternative(
    exercise: ReferenceExercise, row: AuditRow, name: str, line: int, problems: list[tuple[int, str]]
) -> None:
    row.alternatives += 1
    failed = [
        f"{cell.label(number)}: {verdict.message}"
        for cell in exercise.cells
        for number, verdict in verdicts(cell, cell.right[name], exercise.hints)
        if not verdict.passed
    ]
    row.accepted += not failed
    if failed:
        problems.append((line, f"the alternative {name} of {exercise.name} is rejected: {failed[0]}"))


def table(rows: Sequence[AuditRow]) -> str:
    """The rows as text, with totals."""
    width = max([len(row.exercise) for row in rows] + [8])
    head = f"{'exercise':<{width}}  points  visible  hidden  misconceptions caught  by name  alternatives accepted"
    lines = [
        f"{row.exercise:<{width}}  {row.points:>6g}  {row.visible:>7}  {row.hidden:>6}  "
        f"{f'{row.caught} of {row.misconceptions}':>21}  {row.named:>7}  "
        f"{f'{row.accepted} of {row.alternatives}' if row.alternatives else '':>21}"
        for row in rows
    ]
    total = AuditRow("total", *(sum(getattr(row, name) for row in rows) for name in list(vars(rows[0]))[1:]))
    lines.append(
        f"{'total':<{width}}  {total.points:>6g}  {total.visible:>7}  {total.hidden:>6}  "
        f"{f'{total.caught} of {total.misconceptions}':>21}  {total.named:>7}  "
        f"{f'{total.accepted} of {total.alternatives}':>21}"
    )
    return "\n".join([head, *lines])
