"""What each choice costs, for the checks of the comparison "cost".

The costs stand beside the lesson, in `<lesson>.costs.json`. They are joined to the
reference's records after these have left the kernel, so no student's code is ever in a
process that knows them. Those of visible checks come into the answer key.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from dlcore.checks.answer_key import SAME_ARGUMENTS
from dlcore.checks.codec import decode, encode
from dlcore.checks.compare import agree
from dlcore.checks.evidence import describe
from grader.errors import BuildError
from grader.execution.evidence import Record
from grader.lessons.parser import Lesson

__all__ = ["Costs", "costs_path", "read_costs"]

Row = tuple[Any, tuple[tuple[str, float], ...]]


def costs_path(lesson: Lesson) -> Path:
    """Where the costs of a lesson's choices stand, if it has any."""
    return lesson.path.with_name(f"{lesson.name}.costs.json")


class Costs:
    """The costs of all choices, by exercise and arguments."""

    def __init__(self, path: Path, rows: dict[str, list[Row]]):
        self.path, self.rows = path, rows

    def added_to(self, record: Record, exercise: str) -> Record:
        """The record, with the costs of its choices if its comparison is "cost"."""
        if record.settings.compare != "cost":
            return record
        found = self.find(exercise, record.arguments)
        if not found:
            raise BuildError(f"the check {record.label or record.call} has no costs in {self.path.name}", self.path)
        return replace(record, settings=replace(record.settings, costs=found))

    def find(self, exercise: str, arguments: Any) -> tuple[tuple[str, float], ...]:
        """The costs of the choices for some arguments, described as in evidence; empty if they are not known."""
        rows = self.rows.get(exercise, [])
        return next((costs for known, costs in rows if agree(known, arguments, SAME_ARGUMENTS)), ())


def read_costs(lesson: Lesson) -> Costs:
    """The costs beside a lesson; none if there is no such file.

    Raises:
        BuildError: the file is damaged.
    """
    path = costs_path(lesson)
    if not path.is_file():
        return Costs(path, {})
    try:
        form = json.loads(path.read_text(encoding="utf-8"))
        return Costs(path, {name: list(map(_row, rows)) for name, rows in form.items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise BuildError(f"{path.name} is damaged: {problem}", path) from None


def _row(form: dict[str, Any]) -> Row:
    """The arguments of one check, as they are in evidence, and what each choice costs."""
    arguments = decode(encode(describe((tuple(form["arguments"]), {}))))
    return arguments, tuple((str(choice), float(cost)) for choice, cost in form["costs"].items())
