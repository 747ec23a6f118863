"""Grade again what rests on checks, points or limits that have changed since, and say what that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from nbgrader.api import Gradebook, MissingEntry

from grader.batch.cluster import TaskResult
from grader.batch.grade_week import (
    graded_students,
    grading_context,
    run_submissions,
    stale_reasons,
    students_with_submissions,
)
from grader.batch.gradebook import Recorder, sole_owner
from grader.batch.graded import is_graded
from grader.batch.late import penalize
from grader.errors import reason_of
from grader.grading.pipeline import GradedNotebook, GradingContext
from grader.lessons.course import Course
from grader.submissions.timestamps import read_timestamp

__all__ = ["Change", "Regraded", "regrade"]


@dataclass(frozen=True)
class Change:
    """An exercise's automatic points before and after; `by_hand` are those that count instead, if any."""

    exercise: str
    old: float | None
    new: float | None
    by_hand: float | None = None


@dataclass
class Regraded:
    """What grading one student's submission again changes, or why it was not graded again.

    Attributes:
        reasons: what has changed since it was graded.
        changes: the exercises whose points differ.
    """

    student: str
    reasons: list[str]
    changes: list[Change] = field(default_factory=list)
    problem: str = ""


def regrade(
    course: Course,
    week: str,
    *,
    dry_run: bool,
    students: Iterable[str] = (),
    unsafe_without_sandbox: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[Iterable[str], int], Iterable[str]] = lambda items, total: items,
) -> list[Regraded]:
    """What grading a week's stale submissions again changes, in the order of students.

    Args:
        course: the course.
        week: nbgrader's assignment.
        dry_run: whether to leave gradebook and autograded/ as they are.
        students: whom to look at; everyone if empty.
        unsafe_without_sandbox, workers, scheduler, progress: as for `grade_week`.

    Raises:
        GradingError: an unknown student, a concurrent run, or no sandbox.
    """
    course.need_week(week)
    with sole_owner(course):
        context = grading_context(course, week, unsafe_without_sandbox=unsafe_without_sandbox)
        found = _stale(course, week, list(students), context)
        due = [student for student, item in found.items() if not item.problem]
        outcomes = run_submissions(course, week, context, due, workers, scheduler)
        with nullcontext() if dry_run else _recording(course, week) as recorder:
            for student in progress(_compared(course, week, outcomes, recorder, found), len(due)):
                assert student in found
    return [found[student] for student in sorted(found)]


@contextmanager
def _recording(course: Course, week: str) -> Iterator[Recorder]:
    """A recorder; penalties are computed again at its end, whatever was recorded until then."""
    with Recorder(course, week) as recorder:
        try:
            yield recorder
        finally:
            with course.gradebook() as gradebook:
                penalize(course, gradebook, recorder.penalties)


def _stale(course: Course, week: str, students: list[str], context: GradingContext) -> dict[str, Regraded]:
    """The stale submissions by student; one whose file is not what was graded has a problem."""
    graded = graded_students(course, week, students)
    having = students_with_submissions(course, week)[0]
    found = {}
    for student in graded:
        reasons = stale_reasons(course, week, student, context)
        if not reasons:
            continue
        found[student] = Regraded(student, reasons)
        if student not in having:
            found[student].problem = "it is no longer in submitted/, so the grade stays as it is"
        elif not is_graded(course, week, student, context.released):
            found[student].problem = f"another version was handed in, which `python -m grader grade {week}` grades"
    return found


def _compared(
    course: Course, week: str, outcomes: Iterable[TaskResult], recorder: Recorder | None, found: Mapping[str, Regraded]
) -> Iterator[str]:
    """Compare results with the gradebook as they arrive, record them if there is a recorder; yield each student."""
    for outcome in outcomes:
        student = outcome.task.student
        item = found[student]
        item.problem = outcome.problem
        if not item.problem:
            try:
                with course.gradebook() as gradebook:
                    item.changes = _changes(gradebook, week, student, outcome.results)
                if recorder is not None:
                    timestamp = read_timestamp(str(course.submitted / student / week))
                    recorder.record(student, timestamp, outcome.results, same_work=True)
            except MissingEntry:
                item.problem = "it is in autograded/, but not in the gradebook; use `grade --force`"
            except Exception as problem:  # noqa: BLE001 (one submission must not stop the others)
                item.problem = reason_of(problem)
        yield student


def _changes(gradebook: Gradebook, week: str, student: str, results: Iterable[GradedNotebook]) -> list[Change]:
    """The exercises whose automatic points differ from the gradebook's."""
    submission = gradebook.find_submission(week, student)
    new = {result.name: result.grades for result in results}
    cells: dict[str, list[tuple[Any, float | None]]] = {}
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            if grade.name in new.get(notebook.name, {}):
                exercise = grade.name.partition("-check")[0]
                cells.setdefault(exercise, []).append((grade, new[notebook.name][grade.name]))
    changes = [_change(exercise, pairs) for exercise, pairs in cells.items()]
    return [change for change in changes if change.old != change.new]


def _change(exercise: str, pairs: list[tuple[Any, float | None]]) -> Change:
    old = [grade.auto_score for grade, _ in pairs]
    new = [auto for _, auto in pairs]
    counting = [auto if grade.manual_score is None else grade.manual_score for grade, auto in pairs]
    marked = any(grade.manual_score is not None for grade, _ in pairs)
    return Change(exercise, _sum(old), _sum(new), _sum(counting) if marked else None)


def _sum(points: list[float | None]) -> float | None:
    """The points together; None while one of them waits for a person."""
    known = [float(item) for item in points if item is not None]
    return round(sum(known), 6) if len(known) == len(points) else None
