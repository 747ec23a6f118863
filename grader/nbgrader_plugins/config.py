"""Configure nbgrader to use the grader.

`configure` adds these plugins to nbgrader's configurable lists, so that `nbgrader
generate_assignment`, `nbgrader autograde`, `nbgrader generate_feedback`, the
formgrader's buttons and `python -m grader` all behave the same:

- `SubmissionExporter` reads arbitrary submissions, and finds renamed files;
- `RebuildSubmission` rebuilds the notebook to grade from them;
- `RunSubmission` runs it in a sandboxed kernel and judges the evidence;
- `AssignPenalties` takes late penalties from the course's deadlines.toml;
- `ReleaseFeedback` does not end at submissions that did not come through the exchange;
- `ClearAnswers` also clears quiz answers when a release is generated;
- `FeedbackExporter` renders the feedback pages;
- the formgrader renders Markdown as they do, without active content.
"""

from __future__ import annotations

import warnings

from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearOutput,
    ComputeChecksums,
    LockCells,
    SaveAutoGrades,
    SaveCells,
)
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from dlcore.checks.answer_key import HIDDEN_SUFFIX
from grader.grading.scoring import STUB
from grader.nbgrader_plugins.exchange import ReleaseFeedback
from grader.nbgrader_plugins.exporter import SubmissionExporter
from grader.nbgrader_plugins.feedback import FeedbackExporter, render_answer
from grader.nbgrader_plugins.late import AssignPenalties
from grader.nbgrader_plugins.preprocessors import ClearAnswers, GetGradesAndState, RebuildSubmission, RunSubmission

warnings.filterwarnings("ignore", message="Object of type .* not in session", category=SAWarning)  # raised by nbgrader

__all__ = ["configure"]


def configure(config: Config) -> None:
    """Add the grader to an nbgrader configuration."""
    config.GenerateAssignment.preprocessors = [
        LockCells,
        ClearAnswers,
        ClearOutput,
        CheckCellMetadata,
        ComputeChecksums,
        SaveCells,
        ClearHiddenTests,
        ComputeChecksums,
        CheckCellMetadata,
    ]
    config.ClearSolutions.code_stub = {"python": STUB}
    config.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "*" + HIDDEN_SUFFIX]
    config.Autograde.exporter_class = SubmissionExporter
    config.Autograde.sanitize_preprocessors = [RebuildSubmission]
    config.Autograde.autograde_preprocessors = [RunSubmission, SaveAutoGrades, AssignPenalties]
    config.ExchangeFactory.release_feedback = ReleaseFeedback
    config.GenerateFeedback.preprocessors = [GetGradesAndState]
    config.GenerateFeedback.exporter_class = FeedbackExporter
    config.HTMLExporter.filters = {"markdown2html": render_answer}  # in the formgrader
