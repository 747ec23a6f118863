"""The steps in which a notebook is run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from grader.execution.plain_cells import is_plain

__all__ = ["Part", "Step", "StepKey"]


class Part(StrEnum):
    """What a step runs; the value is its name in messages."""

    CELL = "cell"  # a cell of the notebook other than a check
    VISIBLE = "visible"  # a check cell's visible checks
    HIDDEN = "hidden"  # its hidden checks
    ALL = "all"  # all its checks
    AGAIN = "again"  # all its checks, a second time
    SOLUTION = "anew"  # an exercise's solution, a second time
    REPLACED = "with"  # an earlier exercise's reference solution in place of the student's
    RESTORED = "without"  # the student's solution again
    VARIANT = "variant"  # a misconception or an alternative in place of the solution
    VARIANT_CHECKS = "checks"  # a check cell on a variant
    VARIANT_UNDONE = "undone"  # the reference solution again
    GUARDED = "guarded"  # other exercises' functions in place, but for use by the solution only
    GUARDED_CHECKS = "alone"  # a check cell, so
    UNGUARDED = "unguarded"  # the other exercises' functions again
    TRACED = "traced"  # a solution, with a record of its calls of other exercises' functions
    TRACED_CHECKS = "observed"  # a check cell, so
    DELEGATES = "delegates"  # which of these functions give its result by themselves


@dataclass(frozen=True)
class StepKey:
    """The key of a step and of its result.

    Attributes:
        part: what the step runs.
        name: the number of a cell, the name of a check cell, or the exercise.
        of: the variant, or the replaced exercise.
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
        key: the key of its result.
        source: the code.
        replay: whether it has to run again when a kernel is replaced (checks need not).
        group: once one step of a group is cut short, the rest of it is skipped.
        stage: steps of a later stage are sent to the kernel only when those of earlier
            stages have ended, so that earlier code cannot read their source.
        private: whether the kernel must not keep the source for later code to read.
        extra: whether it is a cell of the student's own: all of these share a time limit.
    """

    key: StepKey
    source: str
    replay: bool = True
    group: str = ""
    stage: str = ""
    private: bool = False
    extra: bool = False

    @cached_property
    def plain(self) -> bool:
        """Whether it can run in a batch."""
        return is_plain(self.source)
