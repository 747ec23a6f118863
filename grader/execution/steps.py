"""What is run of a notebook, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from grader.execution.plain_cells import is_plain

__all__ = ["Part", "Step", "StepKey"]


class Part(StrEnum):
    """What a step runs; the value is how it is called in messages."""

    CELL = "cell"  # one of the notebook's own, which is no check
    VISIBLE = "visible"  # a check cell's visible checks
    HIDDEN = "hidden"  # its hidden checks
    ALL = "all"  # all its checks
    AGAIN = "again"  # all its checks, a second time
    SOLUTION = "anew"  # an exercise's solution, once more
    REPLACED = "with"  # an earlier exercise's reference solution in place of the student's
    RESTORED = "without"  # the student's again
    VARIANT = "variant"  # a misconception or an alternative in the solution's place
    VARIANT_CHECKS = "checks"  # a check cell on a variant
    VARIANT_UNDONE = "undone"  # the reference solution again


@dataclass(frozen=True)
class StepKey:
    """By what the result of a step is found.

    Attributes:
        part: what it runs.
        name: the number of a cell, the name of a check cell, or the exercise.
        of: the variant, or the exercise that is replaced.
    """

    part: Part
    name: str
    of: str = ""

    def __str__(self) -> str:
        words = (self.part, self.name) if self.part is Part.CELL else (self.name, self.part, self.of)
        return " ".join(filter(None, words))


@dataclass(frozen=True)
class Step:
    """One piece of code to run.

    Attributes:
        key: by what the result is found.
        source: the code.
        replay: whether it has to run again when a kernel is replaced (checks need not).
        group: steps of one group stop with the first of them that is cut short.
        stage: steps of a later stage are not sent to the kernel before those of an
            earlier one have ended, so what they hold cannot be used there.
    """

    key: StepKey
    source: str
    replay: bool = True
    group: str = ""
    stage: str = ""

    @cached_property
    def plain(self) -> bool:
        """Whether it can run together with others."""
        return is_plain(self.source)
