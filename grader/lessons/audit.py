"""Audit a lesson's checks.

Checks are too weak if a misconception passes all of them, and too strict if an
alternative fails one. `audit` reports both, and other faults such as
nondeterministic or indistinguishable checks.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from dlcore.checks.answer_key import SAME_ARGUMENTS
from dlcore.checks.compare import agree
from dlcore.checks.evidence import OutcomeKind
from dlcore.checks.verdict import Verdict
from grader.execution.evidence import Record
from grader.lessons.cells import Cell
from grader.lessons.hidden_tests import is_check_call, repeats_examples
from grader.lessons.parser import Lesson, LessonExercise
from grader.lessons.reference import CheckCell, Reference, ReferenceExercise
from grader.lessons.roles import Role

__all__ = ["AuditRow", "Defect", "audit", "table"]

EXPECTED_ERRORS = ("ValueError", "TypeError", "CourseError")


@dataclass(frozen=True)
class Defect:
    """Something to put right in a lesson, and where."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass
class AuditRow:
    """The audit of one exercise, in counts.

    Attributes:
        unnamed: the misconceptions that no visible check names, and what the first failing one says instead.
    """

    exercise: str
    points: float
    visible: int = 0
    hidden: int = 0
    misconceptions: int = 0
    caught: int = 0
    named: int = 0
    alternatives: int = 0
    accepted: int = 0
    unnamed: dict[str, str] = field(default_factory=dict)


def audit(reference: Reference, lesson: Lesson, cache: Path | None = None) -> tuple[list[AuditRow], list[Defect]]:
    """A row per exercise with checks, and what is to be put right.

    Args:
        reference: the lesson's reference.
        lesson: the lesson.
        cache: a file for the rows of exercises without defects, which are not audited
            again as long as their evidence and their hints stay the same.
    """
    known = _read(cache) if cache else {}
    kept: dict[str, Any] = {}
    rows: list[AuditRow] = []
    defects: list[Defect] = []
    for exercise in reference.exercises.values():
        key = hashlib.sha256(f"{exercise.digest} {exercise.points} {exercise.hints} {_code()}".encode()).hexdigest()
        if key in known:
            rows.append(AuditRow(**known[key]))
            kept[key] = known[key]
            continue
        row, found = _audit_exercise(exercise, lesson.exercises[exercise.name])
        rows.append(row)
        defects += found
        if not found:
            kept[key] = asdict(row)
    if cache and kept != known:
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps(kept))
    return rows, defects


def _read(cache: Path) -> dict[str, Any]:
    try:
        known = json.loads(cache.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


@functools.cache
def _code() -> str:
    """A digest of what the rows depend on beside the evidence: this module and those that read the evidence."""
    here = Path(__file__)
    modules = (here, here.with_name("reference.py"), here.with_name("load_reference.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in modules)).hexdigest()


def _audit_exercise(exercise: ReferenceExercise, written: LessonExercise) -> tuple[AuditRow, list[Defect]]:
    hidden = [flag for cell in exercise.cells for flag in cell.hidden]
    row = AuditRow(exercise.name, exercise.points, hidden.count(False), hidden.count(True))
    defects = list(_worthless_checks(exercise, written))
    solution = written.solution
    if written.kind == Role.SOLUTION and not row.hidden:
        line = written.checks[0].line
        text = f"{exercise.name} has no hidden checks: what is visible can be copied"
        defects.append(Defect(solution.path, line, text))
    if any(_raises(record) for cell in exercise.cells for record in cell.records):
        return row, defects  # what variants do beside such a reference says nothing
    variants = [(str(item.options["name"]), item) for item in written.misconceptions]
    if written.kind == Role.QUIZ:
        variants = [(letter, solution) for letter in solution.options["wrong"]]
    for name, item in variants:
        defects += _audit_misconception(exercise, row, name, item)
    for item in written.alternatives:
        defects += _audit_alternative(exercise, row, item)
    return row, defects


def _worthless_checks(exercise: ReferenceExercise, written: LessonExercise) -> Iterator[Defect]:
    placed = [
        (record, place)
        for number, cell in enumerate(exercise.cells)
        for record, place in zip(cell.records, _places(cell, written, number), strict=True)
    ]
    for (first, _), (second, place) in combinations(placed, 2):
        if agree(first.arguments, second.arguments, SAME_ARGUMENTS) and _title(first) == _title(second):
            text = f"two checks of {exercise.name} cannot be told apart: “{second.call}”; give them labels"
            yield Defect(*place, text)
    for number, cell in enumerate(exercise.cells):
        places = _places(cell, written, number)
        for record, hidden, place in zip(cell.records, cell.hidden, places, strict=True):
            outcome = record.outcome
            if outcome.kind in (OutcomeKind.UNATTEMPTED, OutcomeKind.FOREIGN):
                text = f"the reference's result in “{record.call}” is {outcome.kind} ({outcome.text})"
                yield Defect(*place, f"{cell.name}: {text}")
            elif outcome.kind == OutcomeKind.RAISED and not _raises(record) and outcome.error not in _docs(written):
                text = f"the reference raised {outcome.error}: {outcome.text} in “{record.call}”"
                yield Defect(*place, f"{cell.name}: {text}, which its docstring does not mention")
            if _raises(record):
                where = f", {outcome.where}" if outcome.where else ""
                text = f"the reference raised {outcome.error}: {outcome.text} in “{record.call}”{where}"
                yield Defect(*place, f"{cell.name}: {text}")
            if hidden and not record.label:
                yield Defect(*place, f"{cell.name}: the hidden check “{record.call}” has no label")
        for again, verdict in verdicts(cell, cell.right["the reference, run again"], {}):
            if not verdict.passed:
                text = f"{cell.name}: the checks depend on what ran before them, or on random state"
                yield Defect(*places[again], text)
                break


def _docs(written: LessonExercise) -> str:
    """The docstrings in an exercise's solution."""
    functions = [node for node in ast.walk(ast.parse(written.solution.source)) if isinstance(node, ast.FunctionDef)]
    return "\n".join(ast.get_docstring(node) or "" for node in functions)


def _raises(record: Record) -> bool:
    """Whether the reference raised what nobody can have meant."""
    return record.outcome.kind == OutcomeKind.RAISED and record.outcome.error not in EXPECTED_ERRORS


def _places(cell: CheckCell, written: LessonExercise, number: int) -> list[tuple[Path, int]]:
    """Where each check of a cell is written: its call, or the cell if a call makes several checks."""
    item = written.checks[number] if written.kind == Role.SOLUTION else written.solution
    lines = [node.lineno for node in ast.walk(ast.parse(item.source)) if is_check_call(node)]
    if written.kind == Role.SOLUTION and len(lines) == len(cell.records):
        return [(item.path, item.line_of(line)) for line in sorted(lines)]
    return [(item.path, item.line)] * len(cell.records)


def _title(record: Record) -> str:
    return record.label or record.call


def verdicts(cell: CheckCell, records: Sequence[Record | None], hints: dict[str, str]) -> list[tuple[int, Verdict]]:
    """The verdict on each check of a cell, by number."""
    return [(number, cell.verdict(number, got, hints)) for number, got in enumerate(records)]


def _audit_misconception(exercise: ReferenceExercise, row: AuditRow, name: str, item: Cell) -> Iterator[Defect]:
    row.misconceptions += 1
    judged = [verdicts(cell, cell.wrong[name], exercise.hints) for cell in exercise.cells]
    for cell, outcomes in zip(exercise.cells, judged, strict=True):
        if repeats_examples((cell.hidden[number], verdict.passed) for number, verdict in outcomes):
            text = f"{cell.name}: the misconception {name} passes what is shown and nothing that is hidden, which earns"
            yield Defect(item.path, item.line, f"{text} nothing; add a hidden check that only needs what it has right")
    failed = [
        (cell.hidden[number], verdict)
        for cell, outcomes in zip(exercise.cells, judged, strict=True)
        for number, verdict in outcomes
        if not verdict.passed
    ]
    row.caught += bool(failed)
    seen = next((verdict for hidden, verdict in failed if not hidden), None)
    if seen is not None and seen.misconception == name:
        row.named += 1
    elif failed:
        row.unnamed[name] = "hidden checks only" if seen is None else seen.misconception or seen.message.split("\n")[0]
    if not failed:
        yield Defect(item.path, item.line, f"the misconception {name} of {exercise.name} passes all checks")


def _audit_alternative(exercise: ReferenceExercise, row: AuditRow, item: Cell) -> Iterator[Defect]:
    name = str(item.options["name"])
    row.alternatives += 1
    failed = [
        f"{cell.label(number)}: {verdict.message}"
        for cell in exercise.cells
        for number, verdict in verdicts(cell, cell.right[name], exercise.hints)
        if not verdict.passed
    ]
    row.accepted += not failed
    if failed:
        yield Defect(item.path, item.line, f"the alternative {name} of {exercise.name} is rejected: {failed[0]}")


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
    counts = [name for name in vars(rows[0]) if name not in ("exercise", "unnamed")]
    total = AuditRow("total", *(sum(getattr(row, name) for row in rows) for name in counts))
    lines.append(
        f"{'total':<{width}}  {total.points:>6g}  {total.visible:>7}  {total.hidden:>6}  "
        f"{f'{total.caught} of {total.misconceptions}':>21}  {total.named:>7}  "
        f"{f'{total.accepted} of {total.alternatives}':>21}"
    )
    return "\n".join([head, *lines])
