"""Make the reference of an instructor's notebook, by running it like a submission (see `reference_runs`).

The evidence is stored where no student's kernel can read it.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

from grader.errors import BuildError, GradingError
from grader.execution.evidence import Record, match_records, read_records
from grader.execution.steps import Part, StepKey
from grader.lessons.costs import costs_path, read_costs
from grader.lessons.hidden_tests import hidden_part, visible_part
from grader.lessons.notebooks import course_metadata, grade_id, is_check, support_files
from grader.lessons.parser import Lesson
from grader.lessons.reference import CheckCell, Reference, ReferenceExercise
from grader.lessons.reference_runs import run_units
from grader.lessons.reference_units import Checks, Variant
from grader.lessons.roles import Role

__all__ = ["load_reference"]


def load_reference(source: Path, lesson: Lesson | None, cache: Path) -> Reference:
    """The reference of the instructor's notebook at `source`.

    Args:
        source: the notebook in source/.
        lesson: the lesson that it was built from, for misconceptions and
            alternatives; None for a reference without hints.
        cache: the folder in which evidence is cached.

    Raises:
        GradingError: the notebook is missing or was not built from a lesson.
        BuildError: a reference solution or check does not run.
    """
    try:
        data = source.read_bytes()
        notebook = nbformat.reads(data.decode("utf-8"), as_version=4)
    except FileNotFoundError:
        raise GradingError(f"{source} is missing; run `make build` first") from None
    except (UnicodeDecodeError, ValueError) as problem:
        raise GradingError(f"{source} is not a notebook ({problem}); run `make build` again") from None
    reference = _skeleton(notebook, support_files(source.parent))
    if not reference.exercises:
        raise GradingError(f"{source} has no course exercises; was it made by `make build`?")
    if lesson is not None:
        _add_lesson(reference, lesson)
    folder = cache / source.parent.name / source.stem
    evidence, digests = run_units(notebook, _checks(reference, lesson), reference.files, lesson, folder)
    for name, exercise in reference.exercises.items():
        exercise.digest = digests[name]
    _fill(reference, lesson, evidence)
    if lesson is not None:
        _add_costs(reference, lesson)
    return reference


def _skeleton(notebook: Any, files: dict[str, bytes]) -> Reference:
    course = notebook.metadata.get("course", {})
    reference = Reference(str(course.get("lesson", "")), str(course.get("title", "")), {}, notebook, files)
    for cell in notebook.cells:
        data = course_metadata(cell)
        name = data.get("exercise", "")
        if data.get("role") in (Role.SOLUTION, Role.QUIZ):
            reference.exercises[name] = ReferenceExercise(name, data["role"], cell.source)
        elif is_check(cell) and name in reference.exercises:
            points = float(cell.metadata.nbgrader.points)
            reference.exercises[name].cells.append(
                CheckCell(grade_id(cell), points, cell.source, visible_part(cell.source), hidden_part(cell.source))
            )
    for exercise in reference.exercises.values():
        exercise.uses = _used(exercise.solution, reference) - {exercise.name}
        for check_cell in exercise.cells:
            check_cell.exercise, check_cell.others = exercise.name, frozenset(reference.exercises)
            check_cell.is_quiz = exercise.role == Role.QUIZ
    return reference


def _used(source: str, reference: Reference) -> set[str]:
    """The exercises whose functions a solution mentions."""
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    return names & set(reference.exercises)


def _add_lesson(reference: Reference, lesson: Lesson) -> None:
    for name, exercise in reference.exercises.items():
        written = lesson.exercises.get(name)
        if written is None:
            continue
        for item in written.misconceptions:
            exercise.hints[str(item.options["name"])] = str(item.options["hint"])
        for item in written.alternatives:
            exercise.uses |= _used(item.source, reference) - {name}
        exercise.uses |= set(written.solution.options.get("uses") or []) & set(reference.exercises)
        exercise.requested_hints = written.hints
        if written.kind == Role.QUIZ:
            exercise.hints |= {letter: str(why) for letter, why in written.solution.options["wrong"].items()}
            exercise.reason = written.solution.options.get("right", "")


def _checks(reference: Reference, lesson: Lesson | None) -> list[Checks]:
    """What is to be run for each exercise."""
    return [
        Checks(
            exercise.name,
            exercise.solution,
            {cell.name: (cell.source, cell.visible_source) for cell in exercise.cells},
            _places(exercise, lesson),
            tuple(_variants(exercise, lesson)),
            tuple(sorted(reference.needed(exercise.name))),
        )
        for exercise in reference.exercises.values()
    ]


def _places(exercise: ReferenceExercise, lesson: Lesson | None) -> dict[str, tuple[Path, int]]:
    """Where the code of each check cell begins in the lesson."""
    written = lesson.exercises.get(exercise.name) if lesson else None
    if written is None:
        return {}
    items = written.checks if written.kind == Role.SOLUTION else [written.solution]
    return {cell.name: (item.path, item.line_of(1)) for cell, item in zip(exercise.cells, items, strict=True)}


def _variants(exercise: ReferenceExercise, lesson: Lesson | None) -> list[Variant]:
    """Every misconception and alternative of an exercise."""
    written = lesson.exercises.get(exercise.name) if lesson else None
    if written is None:
        return []
    if written.kind == Role.QUIZ:
        item = written.solution
        return [
            Variant(Role.MISCONCEPTION, letter, f'{exercise.name} = "{letter}"', item.path, item.line)
            for letter in item.options["wrong"]
        ]
    return [
        Variant(item.role, str(item.options["name"]), item.source, item.path, item.line)
        for item in (*written.misconceptions, *written.alternatives)
    ]


def _fill(reference: Reference, lesson: Lesson | None, evidence: dict[StepKey, list[Any]]) -> None:
    for exercise in reference.exercises.values():
        for record in read_records(evidence.get(StepKey(Part.DELEGATES, exercise.name), [])):
            exercise.delegates |= set(record.outcome.value)
        for cell in exercise.cells:
            cell.records = read_records(evidence[StepKey(Part.ALL, cell.name)])
            visible = read_records(evidence[StepKey(Part.VISIBLE, cell.name)], cell.records)
            cell.hidden = _hidden(cell.records, visible)
            if not cell.records:
                place = _places(exercise, lesson).get(cell.name, (None, None))
                raise BuildError(f"the check cell {cell.name} calls no check", *place)
            for variant in _variants(exercise, lesson):
                key = StepKey(Part.VARIANT_CHECKS, cell.name, str(variant))
                records = read_records(evidence[key], cell.records)
                target = cell.wrong if variant.kind == Role.MISCONCEPTION else cell.right
                target[variant.name] = match_records(cell.records, records)
            again = read_records(evidence[StepKey(Part.AGAIN, cell.name)], cell.records)
            cell.right["the reference, run again"] = match_records(cell.records, again)


def _add_costs(reference: Reference, lesson: Lesson) -> None:
    """Add what choices cost to the records of checks that compare costs; say in the digest what that is."""
    costs = read_costs(lesson)
    for exercise in reference.exercises.values():
        for cell in exercise.cells:
            cell.records = [costs.added_to(record, exercise.name) for record in cell.records]
        added = [record.settings.costs for cell in exercise.cells for record in cell.records if record.settings.costs]
        if added:
            exercise.digest = hashlib.sha256(f"{exercise.digest} {added}".encode()).hexdigest()
        for cell in exercise.cells:
            _refuse_dear_references(cell, costs_path(lesson))


def _refuse_dear_references(cell: CheckCell, path: Path) -> None:
    """Raise BuildError if the reference itself chooses what does not pass."""
    for number, record in enumerate(cell.records):
        if record.settings.costs and not cell.passes(number, record):
            choice, regret = record.outcome.value, record.settings.regret(record.outcome.value)
            raise BuildError(
                f"{cell.label(number)}: the reference's {choice!r} costs {regret:.3g} more than the best", path
            )


def _hidden(records: Sequence[Record], visible: Sequence[Record]) -> list[bool]:
    """For each record whether it is missing from the visible ones."""
    hidden, position = [], 0
    for record in records:
        same = position < len(visible) and match_records([visible[position]], [record])[0] is not None
        position += same
        hidden.append(not same)
    return hidden
