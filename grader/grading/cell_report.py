"""What is said about one check cell: to the student, to the instructor, and to nbgrader."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from typing import Any

from grader.templating import pages

__all__ = ["CellReport", "CheckReport", "cell_html"]


@dataclass
class CheckReport:
    """One check: what it is called, whether it passed and, if not, why."""

    label: str
    hidden: bool
    passed: bool
    kind: str
    message: str = ""
    misconception: str = ""


@dataclass
class CellReport:
    """One check cell: its points, its checks, and a note if there is something to say."""

    name: str
    exercise: str
    points: float
    score: float
    checks: list[CheckReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    followed: bool = False

    @property
    def passed(self) -> bool:
        """Whether all checks passed."""
        return all(check.passed for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return vars(self) | {"checks": [vars(check) for check in self.checks]}

    @classmethod
    def from_json(cls, form: dict[str, Any]) -> CellReport:
        """The report in `form`, which `to_json` made."""
        return cls(**(form | {"checks": [CheckReport(**item) for item in form["checks"]]}))


def cell_html(report: CellReport) -> str:
    """One check cell's report, for the notebook that instructors see."""
    return _cell_html(json.dumps(report.to_json()))


@functools.lru_cache(1000)  # in a class most cells' reports are those of somebody else
def _cell_html(report: str) -> str:
    return pages().get_template("report_cell.html.j2").render(report=CellReport.from_json(json.loads(report)))
