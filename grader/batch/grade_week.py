"""Grade a week's submissions in parallel, and record the results one by one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import MissingEntry

from grader.batch.cluster import TaskResult, grade_all
from grader.batch.forkserver import MIN_PARALLEL
from grader.batch.gradebook import Points, Recorder, sole_owner
from grader.batch.graded import is_graded
from grader.batch.late import penalize
from grader.errors import GradingError, reason_of
from grader.grading.basis import why_stale
from grader.grading.cell_report import CellReport
from grader.grading.pipeline import GradingContext, GradingTask
from grader.lessons.course import Course
from grader.lessons.notebooks import released_notebooks
from grader.nbgrader_plugins.marking import unmarked_points
from grader.nbgrader_plugins.preprocessors import RunSubmission
from grader.offering.secret import version_of
from grader.offering.store import references_of
from grader.submissions.lessons import released_lessons
from grader.submissions.reader import earlier_hand_ins, fetch, find_submissions, graded_metadata
from grader.submissions.timestamps import DAMAGED_TIMESTAMP, read_timestamp

__all__ = [
    "GradingResult",
    "State",
    "grade_week",
    "graded_notebooks",
    "graded_students",
    "grading_context",
    "make_task",
    "run_submissions",
    "stale_reasons",
    "students_with_submissions",
]


class State(StrEnum):
    """The state of a submission after this run."""

    GRADED = "graded"
    ALREADY_GRADED = "already graded"
    FAILED = "failed"


@dataclass
class GradingResult:
    """The result of grading one student's submission.

    Attributes:
        score: the points, after the late penalty.
        max_score: the best possible points.
        unmarked: those of them that wait for a person.
        stale: what has changed since it was graded.
    """

    student: str
    state: State
    score: float = 0.0
    late_penalty: float = 0.0
    max_score: float = 0.0
    unmarked: float = 0.0
    problem: str = ""
    stale: list[str] = field(default_factory=list)


def students_with_submissions(course: Course, week: str) -> tuple[list[str], list[str]]:
    """The students with a notebook for the week, and those whose folder contains none."""
    folders = sorted(path for path in course.submitted.glob(f"*/{week}") if path.is_dir())
    having = [path.parent.name for path in folders if any(path.glob("*.ipynb"))]
    return having, [path.parent.name for path in folders if path.parent.name not in having]


def graded_students(course: Course, week: str, students: Iterable[str] = ()) -> list[str]:
    """The students with results for the week, or those of them who are asked for.

    Raises:
        GradingError: nobody has results, or somebody who is asked for has none.
    """
    graded = sorted(path.parent.name for path in course.autograded.glob(f"*/{week}") if path.is_dir())
    chosen = list(dict.fromkeys(students)) or graded
    unknown = [student for student in chosen if student not in graded]
    if unknown or not graded:
        whose = f" of {', '.join(unknown)}" if unknown else ""
        raise GradingError(f"nothing is graded for {week}{whose}; run `python -m grader grade {week}` first")
    return chosen


def grade_week(
    course: Course,
    week: str,
    *,
    students: Iterable[str] = (),
    force: bool = False,
    unsafe_without_sandbox: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[Iterable[str], int], Iterable[str]] = lambda items, total: items,
) -> list[GradingResult]:
    """The results of a week, after grading the submissions that are new or changed.

    Args:
        course: the course.
        week: nbgrader's assignment.
        students: whom to grade; everyone if empty.
        force: whether to regrade submissions that are already graded.
        unsafe_without_sandbox: whether to run student code with process limits only
            where no sandbox is available.
        workers: the number of worker processes; by default one per core, but fewer
            for few submissions; 0 grades in this process. Their forkserver runs
            until this process ends.
        scheduler: the address of a Dask scheduler whose workers to use instead.
        progress: wraps the iterable of finished students; also gets their number.

    Returns:
        One result per student, in order, including failed submissions.

    Raises:
        GradingError: nothing to grade, an unknown student, a concurrent run, or no sandbox.
    """
    course.need_week(week)
    chosen = _chosen(course, week, students)
    with sole_owner(course), Recorder(course, week) as recorder:
        context = grading_context(course, week, unsafe_without_sandbox=unsafe_without_sandbox)
        with course.gradebook() as gradebook:
            penalize(course, gradebook, recorder.penalties)
            unmarked = unmarked_points(gradebook, week)
        due: list[str] = []
        graded: dict[str, GradingResult] = {}
        for student in chosen:
            if not force and is_graded(course, week, student, context.released):
                graded[student] = _graded_before(course, week, student, context)
                graded[student].unmarked = unmarked.get(student, 0.0)
            else:
                due.append(student)
        outcomes = run_submissions(course, week, context, due, workers, scheduler)
        for student in progress(_recorded(course, week, recorder, outcomes, graded), len(due)):
            assert student in graded
    return [graded[student] for student in chosen]


def grading_context(course: Course, week: str, *, unsafe_without_sandbox: bool = False) -> GradingContext:
    """What a week's submissions are graded with; raises GradingError where there is no sandbox, unless it may."""
    settings = RunSubmission(config=course.config)
    settings.unsafe_without_sandbox |= unsafe_without_sandbox
    sandboxed = settings.sandboxed()
    released = released_notebooks(course.release / week)
    references = references_of(course, week, released)
    return GradingContext(
        released,
        references,
        settings.limits,
        sandboxed,
        settings.follow_through,
        settings.explained_hand_ins,
        released_lessons(course.release, week),
    )


def run_submissions(
    course: Course, week: str, context: GradingContext, students: list[str], workers: int | None, scheduler: str | None
) -> Iterator[TaskResult]:
    """The results of running students' submissions, as they arrive; nothing is recorded."""
    tasks = (make_task(course, week, student, context.released) for student in students)
    count = workers if workers is not None else min(os.cpu_count() or 1, len(students) // MIN_PARALLEL)
    return grade_all(context, tasks, workers=count if students else 0, scheduler=scheduler if students else None)


def _chosen(course: Course, week: str, students: Iterable[str]) -> list[str]:
    having, _ = students_with_submissions(course, week)
    chosen = list(dict.fromkeys(students)) or having
    unknown = [student for student in chosen if student not in having]
    if unknown:
        raise GradingError(f"there is no notebook for {week} of {', '.join(unknown)} (looked in {course.submitted})")
    if not chosen:
        raise GradingError(f"nothing to grade: no folder {course.submitted}/<student>/{week} holds a notebook")
    return chosen


def _graded_before(course: Course, week: str, student: str, context: GradingContext) -> GradingResult:
    paths = sorted((course.autograded / student / week).glob("*.ipynb"))
    problems = [str(text) for path in paths for text in graded_metadata(path).get("problems", [])]
    with course.gradebook() as gradebook:
        try:
            submission = gradebook.find_submission(week, student)
        except MissingEntry:
            return GradingResult(
                student, State.FAILED, problem="it is in autograded/, but not in the gradebook; use --force"
            )
        points = Points(
            float(submission.score), float(submission.late_submission_penalty or 0), float(submission.max_score)
        )
    result = _result(student, State.ALREADY_GRADED, points, " ".join(problems))
    result.stale = stale_reasons(course, week, student, context)
    return result


def stale_reasons(course: Course, week: str, student: str, context: GradingContext) -> list[str]:
    """What has changed since a submission's notebooks were graded."""
    bases = context.bases[version_of(course.root, student)]
    paths = {name: course.autograded / student / week / f"{name}.ipynb" for name in sorted(bases)}
    reasons = [
        reason
        for name, path in paths.items()
        if path.is_file()
        for reason in why_stale(graded_metadata(path), bases[name])
    ]
    return list(dict.fromkeys(reasons))


def _result(student: str, state: State, points: Points, said: str) -> GradingResult:
    return GradingResult(student, state, points.score, points.penalty, points.best, points.unmarked, said)


def make_task(course: Course, week: str, student: str, released: dict[str, Any]) -> GradingTask:
    """A student's submission for a week, read but not yet parsed."""
    folder = course.submitted / student / week
    files = {}
    for name, (path, said) in find_submissions(folder, released).items():
        if (folder / "timestamp.txt").exists() and read_timestamp(str(folder)) is None:
            said = [*said, DAMAGED_TIMESTAMP]
        files[name] = (fetch(path), said)
    graded = course.autograded / student / week
    hand_ins = {name: earlier_hand_ins(graded / f"{name}.ipynb") for name in files}
    return GradingTask(student, files, hand_ins, version_of(course.root, student))


def _recorded(
    course: Course, week: str, recorder: Recorder, outcomes: Iterable[TaskResult], graded: dict[str, GradingResult]
) -> Iterator[str]:
    """Record results as they arrive, and yield the student of each."""
    for outcome in outcomes:
        student = outcome.task.student
        if outcome.problem:
            graded[student] = GradingResult(student, State.FAILED, problem=outcome.problem)
        else:
            timestamp = read_timestamp(str(course.submitted / student / week))
            try:
                points = recorder.record(student, timestamp, outcome.results)
                said = " ".join(text for result in outcome.results for text in result.problems)
                graded[student] = _result(student, State.GRADED, points, said)
            except UnicodeEncodeError:
                said = "the folder's name is not UTF-8 text, which the gradebook does not take; rename the folder"
                graded[student] = GradingResult(student, State.FAILED, problem=said)
            except Exception as problem:  # noqa: BLE001 (one submission must not stop the others)
                graded[student] = GradingResult(student, State.FAILED, problem=reason_of(problem))
        yield student


def graded_notebooks(course: Course, week: str, student: str) -> dict[str, Any]:
    """The graded notebooks of a submission, by name."""
    return {path.stem: _read(path) for path in sorted((course.autograded / student / week).glob("*.ipynb"))}


def _read(path: Path) -> Any:
    return nbformat.v4.reads(path.read_text(encoding="utf-8"))  # nbformat.read validates: five times as long


def notebook_problems(notebook: Any) -> list[str]:
    """The problems reported for a submitted file."""
    return [str(item) for item in notebook.metadata.get("course", {}).get("problems", [])]


def cell_reports(notebook: Any) -> list[CellReport]:
    """The reports in a graded notebook."""
    forms = [cell.metadata.get("course", {}).get("report") for cell in notebook.cells]
    return [CellReport.from_json(form) for form in forms if form is not None]
