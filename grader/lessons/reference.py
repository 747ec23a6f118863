"""The reference of a notebook: what is expected of each exercise, and the verdicts that follow from it.

Beside the outcomes of its solutions it holds those of their misconceptions and alternatives. `load_reference`
makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from dlcore.checks.verdict import Misconception, Seen, Verdict, judge, passes
from grader.execution.evidence import Record

__all__ = ["CheckCell", "Reference", "ReferenceExercise"]

DID_NOT_RUN = Verdict(False, "missing", "The check did not run.", "The check did not run.")


@dataclass
class CheckCell:
    """One check cell: its checks in order, and which of them are hidden.

    Attributes:
        name: nbgrader's id of the cell.
        points: the points for passing all its checks.
        source: its code.
        visible_source, hidden_source: its code with the visible or the hidden checks only.
        exercise: the name of its exercise.
        others: the names of all exercises in the notebook.
        is_quiz: whether it checks a choice, whose right answer must not be revealed.
        records: the reference's evidence, one record per check.
        hidden: for each check whether it is hidden.
        wrong, right: the evidence of each misconception and each alternative.
    """

    name: str
    points: float
    source: str
    visible_source: str
    hidden_source: str
    exercise: str = ""
    others: frozenset[str] = frozenset()
    is_quiz: bool = False
    records: list[Record] = field(default_factory=list)
    hidden: list[bool] = field(default_factory=list)
    wrong: dict[str, list[Record | None]] = field(default_factory=dict)
    right: dict[str, list[Record | None]] = field(default_factory=dict)

    def misconceptions(self, number: int, hints: dict[str, str]) -> list[Misconception]:
        """The misconceptions with their outcomes in check `number`."""
        return [
            Misconception(name, hints[name], record.outcome)
            for name, records in self.wrong.items()
            if (record := records[number]) is not None and name in hints
        ]

    def verdict(
        self,
        number: int,
        got: Record | None,
        hints: dict[str, str],
        seen: Sequence[Seen] = (),
        *,
        diagnosed: bool = True,
    ) -> Verdict:
        """The verdict on check `number`; `got` is None if it did not run, `seen` are checks that did."""
        if got is None:
            return DID_NOT_RUN
        want = self.records[number]
        wrong = self.misconceptions(number, hints) if got is not want else []
        hint_alone = self.hidden[number] or self.is_quiz
        return judge(
            want.outcome,
            got.outcome,
            want.settings,
            wrong,
            want.lengths,
            seen,
            hint_alone=hint_alone,
            diagnosed=diagnosed,
        )

    def passes(self, number: int, got: Record | None) -> bool:
        """Whether check `number` passed, without a reason."""
        want = self.records[number]
        with suppress(Exception):  # a value that was not thought of does not pass
            return got is not None and passes(want.outcome, got.outcome, want.settings)
        return False

    def seen(self, number: int, got: Record, hints: dict[str, str]) -> Seen:
        """Check `number` and what came, to choose between misconceptions by."""
        want = self.records[number]
        return Seen(want.outcome, got.outcome, want.settings, self.misconceptions(number, hints))

    def label(self, number: int) -> str:
        """The label of check `number`, which for a hidden check does not show the call."""
        record = self.records[number]
        if not self.hidden[number]:
            return f"{record.label}: {record.call}" if record.label else record.call
        return record.label or f"hidden check {sum(self.hidden[: number + 1])}"


@dataclass
class ReferenceExercise:
    """One exercise: its solution and its check cells.

    Attributes:
        hints: the hint of each misconception, by name.
        requested_hints: the hints that students can ask for.
        reason: why a quiz question's answer is right, or "".
        uses: the exercises that it builds on.
        delegates: those of them that give its result by themselves.
        digest: of all that its evidence depends on.
    """

    name: str
    role: str
    solution: str
    cells: list[CheckCell] = field(default_factory=list)
    hints: dict[str, str] = field(default_factory=dict)
    requested_hints: list[str] = field(default_factory=list)
    reason: str = ""
    uses: set[str] = field(default_factory=set)
    delegates: set[str] = field(default_factory=set)
    digest: str = ""

    @property
    def points(self) -> float:
        """The points of all check cells."""
        return sum(cell.points for cell in self.cells)


@dataclass
class Reference:
    """Everything needed to grade one notebook.

    Attributes:
        numbers: whose numbers the hidden checks have; empty for the lesson's own.
    """

    lesson: str
    title: str
    exercises: dict[str, ReferenceExercise]
    notebook: Any
    files: dict[str, bytes]
    numbers: str = ""

    def needed(self, name: str) -> set[str]:
        """The exercises that `name` builds on, directly or indirectly."""
        found: set[str] = set()
        queue = list(self.exercises[name].uses)
        while queue:
            item = queue.pop()
            if item not in found:
                found.add(item)
                queue += self.exercises[item].uses
        return found - {name}

    def replaceable(self, name: str) -> set[str]:
        """The exercises that may be put right for `name`: those needed that do not give its result by themselves."""
        return self.needed(name) - self.exercises[name].delegates
