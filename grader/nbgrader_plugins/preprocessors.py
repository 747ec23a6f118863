"""Preprocessors for nbgrader's converters."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar

import nbformat
from nbgrader.api import Gradebook
from nbgrader.preprocessors import (
    ClearSolutions,
    GetGrades,
)
from nbgrader.preprocessors.base import NbGraderPreprocessor
from traitlets import Bool, Float, Int

from grader.errors import GradingError
from grader.execution.sandbox import Limits, why_no_sandbox
from grader.grading.basis import basis_of, note_basis
from grader.grading.model_answers import add_model_answers
from grader.grading.pipeline import EXPLAINED_HAND_INS, note_submission, run_and_judge, write_reports
from grader.lessons.course import Course
from grader.lessons.notebooks import course_metadata, grade_id
from grader.lessons.reference import Reference
from grader.lessons.roles import Role
from grader.nbgrader_plugins.deadlines import read_deadline
from grader.nbgrader_plugins.late import lateness
from grader.nbgrader_plugins.marking import is_unmarked
from grader.offering.secret import find_offering, version_of
from grader.offering.store import references_of
from grader.submissions.rebuild import rebuild

__all__ = ["ClearAnswers", "GetGradesAndState", "RebuildSubmission", "RunSubmission"]


class ClearAnswers(ClearSolutions):
    """nbgrader's ClearSolutions, extended to clear the answers of quiz cells."""

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        """Clear one cell."""
        data = course_metadata(cell)
        if data.get("role") != Role.QUIZ:
            return super().preprocess_cell(cell, resources, cell_index)
        cell.source = f'{data["exercise"]} = ""  # type the letter of your answer between the quotes'
        return cell, resources


class RebuildSubmission(NbGraderPreprocessor):
    """Inserts the student's work into the released notebook."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """The rebuilt notebook, in place of the submitted one."""
        place = resources["nbgrader"]
        converter = self.parent.parent
        folder = Path(converter.coursedir.root) / converter.coursedir.release_directory / place["assignment"]
        rebuilt = rebuild(nbformat.read(folder / f"{place['notebook']}.ipynb", as_version=4), resources["submission"])
        note_submission(rebuilt.notebook, rebuilt.problems, resources["digest"], resources["hand_ins"])
        return rebuilt.notebook, resources


class GetGradesAndState(GetGrades):
    """nbgrader's GetGrades, extended by what else a feedback page says.

    That is whether a cell still needs manual grading, whether it has no points yet, and how late the work came.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """The notebook with its scores and comments."""
        nb, resources = super().preprocess(nb, resources)
        deadline = read_deadline(Course(Path(self.parent.parent.coursedir.root)), self.assignment_id)
        with Gradebook(self.db_url) as gradebook:
            found = gradebook.find_submission(self.assignment_id, self.student_id)
            times = (found.timestamp, found.assignment.duedate, found.extension)
            resources["nbgrader"]["lateness"] = lateness(deadline, self.student_id, *times)
        return nb, resources

    def _get_score(self, cell: Any, resources: Any) -> None:
        super()._get_score(cell, resources)
        grade = self.gradebook.find_grade(grade_id(cell), self.notebook_id, self.assignment_id, self.student_id)
        cell.metadata.nbgrader["needs_manual_grade"] = bool(grade.needs_manual_grade)
        cell.metadata.nbgrader["unmarked"] = is_unmarked(grade)


class RunSubmission(NbGraderPreprocessor):
    """Runs a rebuilt notebook in a sandboxed kernel and writes the verdicts into its check cells."""

    cell_seconds = Float(Limits.cell_seconds, help="Time of one cell, in seconds.").tag(config=True)
    total_seconds = Float(Limits.total_seconds, help="Time of one submission, in seconds.").tag(config=True)
    extra_seconds = Float(Limits.extra_seconds, help="Time of all cells that a student has added, in seconds.").tag(
        config=True
    )
    cpu_seconds = Int(Limits.cpu_seconds, help="CPU time of one kernel, in seconds.").tag(config=True)
    memory_mb = Int(Limits.memory_mb, help="Resident memory of one kernel and its children, in MB.").tag(config=True)
    processes = Int(Limits.processes, help="Concurrent processes and threads.").tag(config=True)
    file_mb = Int(Limits.file_mb, help="Size of one file and of the working folder, in MB.").tag(config=True)
    open_files = Int(Limits.open_files, help="Concurrently open files.").tag(config=True)
    output_kb = Int(Limits.output_kb, help="Output of one cell, in kB.").tag(config=True)
    evidence_kb = Int(Limits.evidence_kb, help="Evidence of the checks of one cell, in kB.").tag(config=True)
    kernels = Int(Limits.kernels, help="How many kernels one submission may use.").tag(config=True)
    follow_through = Bool(True, help="Whether a later exercise keeps its points if an earlier one is wrong.").tag(
        config=True
    )
    explained_hand_ins = Int(
        EXPLAINED_HAND_INS, help="For how many versions of a notebook a student reads why hidden checks fail."
    ).tag(config=True)
    unsafe_without_sandbox = Bool(
        False, help="Run student code with process limits only where there is no sandbox. Anyone's code runs as you."
    ).tag(config=True)

    _references: ClassVar[dict[tuple[str, ...], list[Reference]]] = {}

    @property
    def limits(self) -> Limits:
        """The configured limits."""
        return Limits(**{field.name: getattr(self, field.name) for field in fields(Limits)})

    def sandboxed(self) -> bool:
        """Whether a sandbox is available; raises GradingError if not, unless `unsafe_without_sandbox` is set."""
        reason = why_no_sandbox()
        if reason is not None and not self.unsafe_without_sandbox:
            raise GradingError(
                f"student code would run without a sandbox: {reason}. To grade all the same, with process limits "
                "only, use --unsafe-without-sandbox or set c.RunSubmission.unsafe_without_sandbox = True."
            )
        return reason is None

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """The notebook with the reports, after running and judging it."""
        place = resources["nbgrader"]
        sandboxed = self.sandboxed()
        reference = self._reference(place["assignment"], place["notebook"], place["student"])
        reports = run_and_judge(nb, reference, self.limits, sandboxed=sandboxed, follow_through=self.follow_through)
        write_reports(nb, reports, self.explained_hand_ins)
        add_model_answers(nb, reference)
        note_basis(nb, basis_of(reference, self.limits, follow_through=self.follow_through))
        return nb, resources

    def _reference(self, week: str, name: str, student: str) -> Reference:
        """The reference of a student's notebook, cached until the notebook or the offering changes."""
        coursedir = self.parent.parent.coursedir
        source = Path(coursedir.root) / coursedir.source_directory / week / f"{name}.ipynb"
        root = Path(coursedir.root)
        offering = find_offering(root)
        numbers = f"{offering.fingerprint} {offering.versions}" if offering else ""
        key = (str(source), str(source.stat().st_mtime_ns) if source.exists() else "", numbers)
        if key not in self._references:
            self._references[key] = [found[name] for found in references_of(Course(root), week, [name])]
        return self._references[key][version_of(root, student)]
