"""The report on one check cell, for the student, the instructor and nbgrader."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from typing import Any

from grader.grading.failures import RunFailure, failure_in_notes
from grader.lessons.hidden_tests import repeats_examples
from grader.templating import pages

__all__ = ["CellReport", "CheckReport", "cell_html"]


@dataclass
class CheckReport:
    """One check: its label, whether it passed and, if not, why."""

    label: str
    hidden: bool
    passed: bool
    kind: str
    message: str = ""
    misconception: str = ""


@dataclass
class CellReport:
    """One check cell: its points, its checks, and notes.

    Attributes:
        followed: whether points were restored by follow-through.
        failure: why code did not run to the end; None if it did.
        own_misconceptions: what is left of them once earlier mistakes are put right; None where none was.
    """

    name: str
    exercise: str
    points: float
    score: float
    checks: list[CheckReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    followed: bool = False
    own_misconceptions: list[str] | None = None
    failure: RunFailure | None = None

    @property
    def misconceptions(self) -> list[str]:
        """The misconceptions of this exercise, rather than of those that it builds on."""
        if self.own_misconceptions is not None:
            return self.own_misconceptions
        return [check.misconception for check in self.checks if check.misconception]

    @property
    def passed(self) -> bool:
        """Whether all checks passed."""
        return all(check.passed for check in self.checks)

    @property
    def repeats_examples(self) -> bool:
        """Whether all visible checks passed and no hidden one, as with a table of the examples' results."""
        return repeats_examples([(check.hidden, check.passed) for check in self.checks])

    def limit_reasons(self, most: int) -> None:
        """Say why hidden checks fail for the first `most` of them only: each reason tells of inputs to be kept."""
        failing = [check for check in self.checks if check.hidden and not check.passed]
        for check in failing[most:]:
            check.message = ""

    def to_json(self) -> dict[str, Any]:
        """The report as plain data."""
        failure = self.failure.to_json() if self.failure is not None else None
        return vars(self) | {"checks": [vars(check) for check in self.checks], "failure": failure}

    @classmethod
    def from_json(cls, form: dict[str, Any]) -> CellReport:
        """The report from the output of `to_json`, also of versions that had no `failure`."""
        if "failure" not in form:
            failure = failure_in_notes(form["notes"])
        else:
            failure = RunFailure.from_json(form["failure"]) if form["failure"] is not None else None
        return cls(**(form | {"checks": [CheckReport(**item) for item in form["checks"]], "failure": failure}))


def cell_html(report: CellReport) -> str:
    """A report as HTML, for the graded notebook."""
    return _cell_html(json.dumps(report.to_json()))


@functools.lru_cache(1000)  # most reports recur across a class
def _cell_html(report: str) -> str:
    return pages().get_template("report_cell.html.j2").render(report=CellReport.from_json(json.loads(report)))
