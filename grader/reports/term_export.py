"""The grades of several weeks in one table, a row for each student, as CSV and as JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from grader.reports.term_results import Term
from grader.reports.week_results import StudentResult
from grader.text import harmless

__all__ = ["TERM_FORMAT", "write_term_csv", "write_term_json"]

TERM_FORMAT = 1  # grows when a name or a meaning changes
ABOUT = "student last_name first_name email lms section".split()
SUMS = ["score", "max_score", "not_final"]
EACH = "score max_score late_penalty note".split()


@dataclass(frozen=True)
class _Row:
    """A student's results in the weeks that know the student."""

    weeks: dict[str, StudentResult]

    @property
    def about(self) -> dict[str, str]:
        newest = list(self.weeks.values())[-1]
        return {name: getattr(newest, name) for name in ABOUT}

    @property
    def score(self) -> float:
        return sum(result.score for result in self.weeks.values())

    @property
    def max_score(self) -> float:
        """Of all weeks, those included in which nothing was handed in."""
        return sum(result.max_score for result in self.weeks.values())

    @property
    def not_final(self) -> list[str]:
        """The weeks whose grade is not known, or waits for a person."""
        return [week for week, result in self.weeks.items() if not result.is_final]


def write_term_csv(term: Term, stream: TextIO) -> None:
    """Write a row per student: names, the sums of all weeks, then each week's score, penalty and note."""
    names = [week.week for week in term.weeks]
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*ABOUT, *SUMS, *(f"{week}_{what}" for week in names for what in EACH)])
    for row in _rows(term):
        sums = (f"{row.score:g}", f"{row.max_score:g}", " ".join(row.not_final))
        cells = (cell for week in names for cell in _cells(row.weeks.get(week)))
        writer.writerow([*map(harmless, row.about.values()), *sums, *cells])


def write_term_json(term: Term, stream: TextIO) -> None:
    """Write the same for programs, with all digits."""
    data = {
        "format": TERM_FORMAT,
        "weeks": [{"week": week.week, "titles": week.titles} for week in term.weeks],
        "students": [
            row.about
            | {name: getattr(row, name) for name in SUMS}
            | {"weeks": {week: _result(result) for week, result in row.weeks.items()}}
            for row in _rows(term)
        ],
    }
    json.dump(data, stream, indent=1)  # in ASCII: a folder's name may be no UTF-8
    stream.write("\n")


def _rows(term: Term) -> list[_Row]:
    names = [week.week for week in term.weeks]
    return [
        _Row({week: result for week, result in zip(names, results, strict=True) if result is not None})
        for results in term.by_student().values()
    ]


def _cells(result: StudentResult | None) -> Sequence[str]:
    if result is None:  # no such student when the week was graded
        return [""] * len(EACH)
    return f"{result.score:g}", f"{result.max_score:g}", f"{result.late_penalty:g}", result.remark


def _result(result: StudentResult) -> dict[str, Any]:
    data = {name: getattr(result, name) for name in EACH}
    return data | {"submitted": result.submitted, "to_mark": result.unmarked, "to_review": result.to_review}
