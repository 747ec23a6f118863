"""The grader as parts of nbgrader.

`configure` puts these parts into nbgrader's own configurable lists, so that
`nbgrader generate_assignment`, `nbgrader autograde`, `nbgrader
generate_feedback`, the formgrader's buttons and `python -m grader` all do the
same:

- `SubmissionExporter` reads whatever was handed in, and finds renamed files;
- `RebuildSubmission` makes the notebook to grade from it;
- `RunSubmission` runs that in a sandboxed kernel and judges the evidence;
- `ClearAnswers` clears quiz answers, too, when a release is made;
- `FeedbackExporter` makes the feedback pages.
"""

from __future__ import annotations

import copy
import warnings
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearHiddenTests,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    GetGrades,
    LockCells,
    SaveAutoGrades,
    SaveCells,
)
from nbgrader.preprocessors.base import NbGraderPreprocessor
from nbgrader.utils import parse_utc, rmtree
from sqlalchemy.exc import SAWarning
from traitlets import Bool, Float, Int
from traitlets.config import Config

from dlcore.checks.answer_key import HIDDEN_SUFFIX
from grader.errors import GradingError
from grader.execution.sandbox import Limits, why_no_sandbox
from grader.grading.pipeline import run_and_judge, write_reports
from grader.grading.scoring import STUB
from grader.lessons.course import Course
from grader.lessons.notebooks import course_of, grade_id
from grader.lessons.reference import Reference, load_reference
from grader.nbgrader_plugins.feedback import FeedbackExporter
from grader.submissions.reader import (
    Fetched,
    UnusableFile,
    fetch,
    find_submissions,
    is_up_to_date,
    read_regular,
    understand,
)
from grader.submissions.rebuild import rebuild

warnings.filterwarnings("ignore", message="Object of type .* not in session", category=SAWarning)  # nbgrader's own

__all__ = [
    "DAMAGED_TIMESTAMP",
    "ClearAnswers",
    "RebuildSubmission",
    "RunSubmission",
    "SubmissionExporter",
    "configure",
    "read_timestamp",
    "released_notebooks",
]

DAMAGED_TIMESTAMP = "The file timestamp.txt is damaged: when this was handed in is not known."


def configure(config: Config) -> None:
    """Put the grader into an nbgrader configuration."""
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
    config.Autograde.autograde_preprocessors = [RunSubmission, SaveAutoGrades, AssignLatePenalties]
    config.GenerateFeedback.preprocessors = [GetGradesAndState]
    config.GenerateFeedback.exporter_class = FeedbackExporter


class ClearAnswers(ClearSolutions):
    """nbgrader's ClearSolutions, which also empties the answers of quiz cells."""

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        """Clear one cell."""
        course = course_of(cell)
        if course.get("role") != "quiz":
            return super().preprocess_cell(cell, resources, cell_index)
        cell.source = f'{course["exercise"]} = ""  # type the letter of your answer between the quotes'
        return cell, resources


class SubmissionExporter(NotebookExporter):
    """Reads submissions for `nbgrader autograde`, whatever they are.

    nbgrader makes it with the converter as its parent. The list of files to
    convert is replaced by one of canonical names, and reading one of these
    reads the file that was really handed in; nothing else of a student's
    folder is copied anywhere.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self._actual: dict[str, tuple[Path, list[str]]] = {}
        if hasattr(self.parent, "assignments"):
            self._plan(self.parent)

    def _plan(self, converter: Any) -> None:
        converter.coursedir = copy.copy(converter.coursedir)
        converter.coursedir.ignore = ["*"]  # no file but the notebooks goes anywhere
        converter.coursedir.get_existing_timestamp = read_timestamp
        root = Path(converter.coursedir.root)
        week = converter.coursedir.assignment_id
        released = released_notebooks(root / converter.coursedir.release_directory / week)
        for folder in list(converter.assignments):
            found = find_submissions(root / folder, released)
            self._clear_stale(converter, folder, {name: fetch(path) for name, (path, _) in found.items()})
            if (root / folder / "timestamp.txt").exists() and read_timestamp(str(root / folder)) is None:
                for _, said in found.values():
                    said.append(DAMAGED_TIMESTAMP)
            paths = {str(Path(folder) / f"{name}.ipynb"): actual for name, actual in found.items()}
            self._actual |= {str(root / path): actual for path, actual in paths.items()}
            converter.assignments[folder] = sorted(paths)

    def _clear_stale(self, converter: Any, folder: str, files: dict[str, Fetched]) -> None:
        """Remove a result that a killed run left unfinished, or that is of another file than the one here now.

        nbgrader takes any folder in autograded/ for a result; without it the submission is graded.
        """
        coursedir = converter.coursedir
        graded = Path(coursedir.root) / coursedir.autograded_directory / Path(folder).parent.name / Path(folder).name
        if graded.is_dir() and not is_up_to_date(graded, files):
            rmtree(str(graded))

    def from_filename(self, filename: str, resources: Any = None, **kwargs: Any) -> tuple[str, Any]:
        """Convert a file; a submission is read with all care, anything else as usual."""
        key = str(Path(self.parent.coursedir.root) / filename) if self.parent is not None else filename
        if key not in self._actual:
            return super().from_filename(filename, resources=resources, **kwargs)
        path, said = self._actual[key]
        fetched = fetch(path)
        submission = understand(fetched)
        submission.problems[:0] = said
        found = {"submission": submission, "digest": fetched.digest, "outputs": _timestamp(path.parent)}
        resources = (resources or {}) | found
        return super().from_notebook_node(nbformat.v4.new_notebook(), resources=resources, **kwargs)


def read_timestamp(folder: str) -> datetime | None:
    """When the submission in a folder was handed in, in UTC; None if that is not known.

    Unlike nbgrader's own reader it takes nothing for granted about the file.
    """
    try:
        text = read_regular(Path(folder) / "timestamp.txt", 100).decode("ascii").strip()
        return parse_utc(text) if text else None
    except (OSError, UnusableFile, UnicodeDecodeError, ValueError, OverflowError):
        return None


def _timestamp(folder: Path) -> dict[str, bytes]:
    """The timestamp file that nbgrader looks for when a submission comes again."""
    if read_timestamp(str(folder)) is None:
        return {}
    return {"timestamp.txt": read_regular(folder / "timestamp.txt", 100)}


def released_notebooks(folder: Path) -> dict[str, Any]:
    """The released notebooks in a folder, by name; raises GradingError if there is none."""
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in sorted(folder.glob("*.ipynb"))}
    if not notebooks:
        raise GradingError(f"{folder} holds no released notebooks. Run `make build` first.")
    return notebooks


class RebuildSubmission(NbGraderPreprocessor):
    """Puts the student's work into the released notebook."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """The notebook to grade, instead of the one handed in."""
        place = resources["nbgrader"]
        converter = self.parent.parent
        folder = Path(converter.coursedir.root) / converter.coursedir.release_directory / place["assignment"]
        rebuilt = rebuild(nbformat.read(folder / f"{place['notebook']}.ipynb", as_version=4), resources["submission"])
        rebuilt.notebook.metadata["course"] |= {"problems": rebuilt.problems, "submitted": resources["digest"]}
        return rebuilt.notebook, resources


class GetGradesAndState(GetGrades):
    """nbgrader's GetGrades, which also says what still has to be graded by hand."""

    def _get_score(self, cell: Any, resources: Any) -> None:
        super()._get_score(cell, resources)
        grade = self.gradebook.find_grade(grade_id(cell), self.notebook_id, self.assignment_id, self.student_id)
        cell.metadata.nbgrader["needs_manual_grade"] = bool(grade.needs_manual_grade)


class RunSubmission(NbGraderPreprocessor):
    """Runs a rebuilt notebook in a sandboxed kernel and puts the verdict into its check cells."""

    cell_seconds = Float(Limits.cell_seconds, help="Time of one cell, in seconds.").tag(config=True)
    total_seconds = Float(Limits.total_seconds, help="Time of one submission, in seconds.").tag(config=True)
    cpu_seconds = Int(Limits.cpu_seconds, help="Processor time of one kernel, in seconds.").tag(config=True)
    memory_mb = Int(Limits.memory_mb, help="Resident memory of one kernel and its children, in MB.").tag(config=True)
    processes = Int(Limits.processes, help="Processes and threads at one time.").tag(config=True)
    file_mb = Int(Limits.file_mb, help="Size of one file and of the working folder, in MB.").tag(config=True)
    open_files = Int(Limits.open_files, help="Open files at one time.").tag(config=True)
    output_kb = Int(Limits.output_kb, help="Output of one cell, in kB.").tag(config=True)
    evidence_kb = Int(Limits.evidence_kb, help="What the checks of one cell may hand over, in kB.").tag(config=True)
    kernels = Int(Limits.kernels, help="How many kernels one submission may use up.").tag(config=True)
    follow_through = Bool(True, help="Whether a later exercise keeps its points if an earlier one is wrong.").tag(
        config=True
    )
    unsafe_without_sandbox = Bool(
        False, help="Run student code with process limits only where there is no sandbox. Anyone's code runs as you."
    ).tag(config=True)

    _references: ClassVar[dict[tuple[str, str], Reference]] = {}

    @property
    def limits(self) -> Limits:
        """The limits as configured."""
        return Limits(**{field.name: getattr(self, field.name) for field in fields(Limits)})

    def sandboxed(self) -> bool:
        """Whether there is a sandbox; raises GradingError where there is none and none is waived."""
        reason = why_no_sandbox()
        if reason is not None and not self.unsafe_without_sandbox:
            raise GradingError(
                f"student code would run without a sandbox: {reason}. To grade all the same, with process limits "
                "only, use --unsafe-without-sandbox or set c.RunSubmission.unsafe_without_sandbox = True."
            )
        return reason is None

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Run, judge, and write the reports into the notebook."""
        place = resources["nbgrader"]
        sandboxed = self.sandboxed()
        reference = self._reference(place["assignment"], place["notebook"])
        reports = run_and_judge(nb, reference, self.limits, sandboxed=sandboxed, follow_through=self.follow_through)
        write_reports(nb, reports)
        return nb, resources

    def _reference(self, week: str, name: str) -> Reference:
        """The reference of a notebook, read once and again when it changes."""
        coursedir = self.parent.parent.coursedir
        source = Path(coursedir.root) / coursedir.source_directory / week / f"{name}.ipynb"
        key = (str(source), str(source.stat().st_mtime_ns) if source.exists() else "")
        if key not in self._references:
            course = Course(Path(coursedir.root))
            self._references[key] = load_reference(source, course.lesson(week, name), course.cache / "reference")
        return self._references[key]
