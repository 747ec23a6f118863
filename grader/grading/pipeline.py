"""Grade one submission, from the submitted files to the results to record.

Nothing here touches the gradebook, so it can run on any machine: the notebook
is rebuilt, run in a sandboxed kernel and judged.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import nbformat

from grader.execution.sandbox import Limits
from grader.execution.step_runner import run_steps_now
from grader.grading.basis import basis_of, note_basis
from grader.grading.cell_report import CellReport, cell_html
from grader.grading.follow_through import follow_steps, score_followed, slips
from grader.grading.model_answers import add_model_answers
from grader.grading.scoring import score, submission_steps
from grader.lessons.notebooks import grade_id, is_check
from grader.lessons.reference import Reference
from grader.submissions.lessons import Lessons
from grader.submissions.reader import Fetched
from grader.submissions.rebuild import rebuild

__all__ = [
    "EXPLAINED_HAND_INS",
    "GradedNotebook",
    "GradingContext",
    "GradingTask",
    "grade_submission",
    "note_submission",
    "run_and_judge",
    "write_reports",
]

EXPLAINED_HAND_INS = 20
MAX_HAND_INS = 200  # digests kept of earlier versions
UNEXPLAINED = "After {count} versions of this notebook, the reasons for which hidden checks fail are no longer told."


@dataclass
class GradingContext:
    """What all submissions of a week are graded with.

    Attributes:
        released: the week's released notebooks, by name.
        references: for each version of the hidden checks' numbers, the notebooks' references, by name.
        limits: the resource limits of one submission.
        sandboxed: whether to run student code in the sandbox.
        follow_through: whether a later exercise keeps its points if an earlier one is wrong.
        explained_hand_ins: for how many versions of a notebook a student reads why hidden checks fail.
        lessons: the lessons of all weeks, by which a notebook of another week is recognised.
        bases: for each version, what grades of each notebook rest on.
    """

    released: dict[str, Any]
    references: list[dict[str, Reference]]
    limits: Limits
    sandboxed: bool = True
    follow_through: bool = True
    explained_hand_ins: int = EXPLAINED_HAND_INS
    lessons: Lessons = field(default_factory=Lessons)
    bases: list[dict[str, dict[str, Any]]] = field(init=False)

    def __post_init__(self) -> None:
        self.bases = [
            {
                name: basis_of(reference, self.limits, follow_through=self.follow_through)
                for name, reference in references.items()
            }
            for references in self.references
        ]


@dataclass
class GradingTask:
    """One student's submission: for each notebook the file, and the problems found so far.

    Attributes:
        hand_ins: for each notebook the digests of the versions that were graded before.
        version: which version of the hidden checks' numbers the student has.
    """

    student: str
    files: dict[str, tuple[Fetched, list[str]]]
    hand_ins: dict[str, list[str]] = field(default_factory=dict)
    version: int = 0


@dataclass
class GradedNotebook:
    """The result of grading one notebook.

    Attributes:
        name: the notebook's name.
        text: the graded notebook, as saved in autograded/.
        grades: the score of each graded cell, None for manual grading.
        comments: the automatic comment on each solution.
        problems: the problems found with the submitted file.
    """

    name: str
    text: str
    grades: dict[str, float | None] = field(default_factory=dict)
    comments: dict[str, str | None] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def grade_submission(context: GradingContext, task: GradingTask) -> list[GradedNotebook]:
    """The results of rebuilding, running and judging every notebook of a submission."""
    return [_grade_notebook(context, task, name) for name in context.released]


def _grade_notebook(context: GradingContext, task: GradingTask, name: str) -> GradedNotebook:
    fetched, said = task.files[name]
    reference = context.references[task.version][name]
    rebuilt = rebuild(context.released[name], context.lessons.understand(fetched, said))
    notebook, problems = rebuilt.notebook, rebuilt.problems
    note_submission(notebook, problems, fetched.digest, task.hand_ins.get(name, []))
    reports = run_and_judge(
        notebook,
        reference,
        context.limits,
        sandboxed=context.sandboxed,
        follow_through=context.follow_through,
    )
    write_reports(notebook, reports, context.explained_hand_ins)
    note_basis(notebook, context.bases[task.version][name])
    add_model_answers(notebook, reference)
    # On one line: indenting it would take five times as long.
    text = json.dumps(notebook, ensure_ascii=False, sort_keys=True)
    graded = GradedNotebook(name, text + "\n", problems=problems)
    blank = {grade_id(cell): cell.source for cell in context.released[name].cells}
    for cell in notebook.cells:
        # Equivalent to nbgrader.utils, whose import takes longer than grading many a submission.
        kind, own = cell.metadata.get("nbgrader", {}), grade_id(cell)
        untouched = cell.source == blank.get(own)
        if kind.get("grade"):
            graded.grades[own] = float(f"{reports[own].score:g}") if own in reports else 0.0 if untouched else None
        if kind.get("solution"):
            graded.comments[own] = "No response." if untouched else None
    return graded


def run_and_judge(
    notebook: Any, reference: Reference, limits: Limits, *, sandboxed: bool, follow_through: bool
) -> dict[str, CellReport]:
    """The reports on a rebuilt notebook's check cells, by cell name."""
    steps = submission_steps(notebook, reference)
    runs = run_steps_now(steps, limits, sandboxed=sandboxed, files=reference.files)
    reports = score(notebook, reference, runs)
    if not follow_through:
        return reports
    again = follow_steps(notebook, reference, reports)
    if again:
        followed = run_steps_now(again, limits, sandboxed=sandboxed, files=reference.files)
        score_followed(reference, reports, followed)
    # What passed may still differ, as 3.0 does from 3, and be what a later exercise fails for.
    slipped = slips(reference, reports, runs)
    again = follow_steps(notebook, reference, reports, slipped) if slipped else []
    if again:
        followed = run_steps_now(again, limits, sandboxed=sandboxed, files=reference.files)
        score_followed(reference, reports, followed, slipped)
    return reports


def note_submission(notebook: Any, problems: list[str], digest: str, earlier: Sequence[str]) -> None:
    """Write into a rebuilt notebook what it was made from: problems found, the file's digest, and those before it."""
    hand_ins = list(dict.fromkeys([*earlier, digest]))[-MAX_HAND_INS:]
    notebook.metadata["course"] |= {"problems": problems, "submitted": digest, "hand_ins": hand_ins}


def write_reports(notebook: Any, reports: dict[str, CellReport], explained_hand_ins: int = EXPLAINED_HAND_INS) -> None:
    """Write the reports into the check cells' outputs, and mark the notebook as graded.

    Of the hidden checks that fail in a cell, one is explained, and none after too many hand-ins.
    """
    explained = len(notebook.metadata["course"].get("hand_ins", ())) <= explained_hand_ins
    for report in reports.values():
        report.limit_reasons(1 if explained else 0)
        if not explained and not report.passed and any(check.hidden for check in report.checks):
            report.notes.append(UNEXPLAINED.format(count=explained_hand_ins))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if is_check(cell):
            _write_report(cell, reports[grade_id(cell)])
    notebook.metadata["course"]["graded"] = True


def _write_report(cell: Any, report: CellReport) -> None:
    """Make the report the cell's only output, in the format from which nbgrader reads a score."""
    data = {"text/plain": f"{report.score:g}", "text/html": cell_html(report)}
    # Not nbformat.v4.new_output, whose validation takes a hundred times as long.
    cell.outputs = [
        nbformat.from_dict({"output_type": "execute_result", "metadata": {}, "data": data, "execution_count": None})
    ]
    cell.metadata["course"]["report"] = report.to_json()
