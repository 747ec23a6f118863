"""``python -m grader demo``: the whole pipeline on a sample class."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import nbformat

from grader.batch.feedback import make_feedback
from grader.batch.grade_week import GradingResult, State, grade_week
from grader.demo.sample_class import Sample, sample_class
from grader.errors import GradingError
from grader.execution.sandbox import why_no_sandbox
from grader.lessons.build import build
from grader.lessons.course import Course
from grader.lessons.load_reference import load_reference
from grader.reports.class_report import write_report
from grader.reports.csv_export import write_csv

__all__ = ["run_demo"]

WEEK, LESSON = "week1", "logistic_regression"
MARK = ".made-by-demo"
CELL_SECONDS = 4


def run_demo(
    course: Course, folder: Path, say: Callable[[str], None], bar: Callable[[Iterable[str], int], Iterable[str]]
) -> int:
    """The exit code of a demo: build, submit, grade, write feedback and a report in a separate folder.

    Returns:
        0 if every sample got its expected score, else 1.

    Raises:
        GradingError: `folder` exists and was not created by the demo.
    """
    start = time.monotonic()
    build(course, [WEEK], say)
    reason = why_no_sandbox()
    sandbox = Course(_lay_out(course, folder, reason is not None))
    lesson = course.lesson(WEEK, LESSON)
    if lesson is None:
        raise GradingError(f"the lesson {WEEK}/{LESSON} is missing from {course.lessons_folder}")
    reference = load_reference(course.source / WEEK / f"{LESSON}.ipynb", lesson, course.cache / "reference")
    released = nbformat.read(course.release / WEEK / f"{LESSON}.ipynb", as_version=4)
    samples = [item for item in sample_class(lesson, reference, released) if not (reason and item.hostile)]
    if reason:
        say(f"No sandbox here: {reason}.")
        say("The samples, which are our own, are graded with process limits only; the hostile one is left out.")
    for sample in samples:
        place = sandbox.submitted / sample.student / WEEK
        place.mkdir(parents=True)
        (place / (sample.filename or f"{LESSON}.ipynb")).write_bytes(sample.data)
    sandbox.release_week(WEEK)
    graded = grade_week(sandbox, WEEK, progress=bar)
    marked, waiting = _mark(sandbox, samples)
    make_feedback(sandbox, WEEK)
    write_report(sandbox, WEEK, sandbox.root / "report.html")
    with open(sandbox.root / "grades.csv", "w", newline="", encoding="utf-8") as stream:
        write_csv(sandbox, WEEK, stream)
    wrong = _compare(samples, graded, say)
    say(f"\nWritten answers: {marked} are marked, {waiting} wait for you in the formgrader (scores above are without).")
    say(f"Report:    {sandbox.root / 'report.html'}")
    say(f"Feedback:  {sandbox.feedback}/<student>/{WEEK}/{LESSON}.html")
    say(f"Grades:    {sandbox.root / 'grades.csv'}")
    verdict = (
        f"{wrong} of {len(samples)} scores are NOT as expected" if wrong else f"all {len(samples)} scores as expected"
    )
    say(f"{verdict}, in {time.monotonic() - start:.0f} s")
    return 1 if wrong else 0


def _lay_out(course: Course, folder: Path, unsafe: bool) -> Path:
    """The folder, set up as a separate course with the same lesson and configuration."""
    if folder.exists():
        if not (folder / MARK).is_file():
            raise GradingError(f"{folder} exists and was not made by the demo; name another with --folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    for part in ("course", "source", "release"):
        shutil.copytree(course.root / part / WEEK, folder / part / WEEK)
    if (course.cache / "reference").is_dir():
        shutil.copytree(course.cache / "reference", folder / ".cache" / "reference")
    config = (course.root / "nbgrader_config.py").read_text(encoding="utf-8")
    config += f"\nc.RunSubmission.cell_seconds = {CELL_SECONDS}\n"
    if unsafe:
        config += "c.RunSubmission.unsafe_without_sandbox = True\n"
    (folder / "nbgrader_config.py").write_text(config, encoding="utf-8")
    return folder


def _mark(course: Course, samples: list[Sample]) -> tuple[int, int]:
    """How many written answers are marked, and how many wait, after marking some as a person would."""
    marks = {sample.student: sample.mark for sample in samples if sample.mark is not None}
    marked = waiting = 0
    with course.gradebook() as gradebook:
        for submission in gradebook.assignment_submissions(WEEK):
            for grade in (grade for notebook in submission.notebooks for grade in notebook.grades):
                if not grade.needs_manual_grade:
                    continue
                if submission.student.id not in marks:
                    waiting += 1
                    continue
                grade.manual_score = marks[submission.student.id] * grade.max_score
                grade.needs_manual_grade = False
                marked += 1
        gradebook.db.commit()
    return marked, waiting


def _compare(samples: list[Sample], graded: list[GradingResult], say: Callable[[str], None]) -> int:
    """The number of unexpected scores, after printing a table of all."""
    results = {item.student: item for item in graded}
    width = max(len(sample.story) for sample in samples)
    say(f"\n{'student':<8} {'what was handed in':<{width}} {'expected':>9} {'obtained':>9}")
    wrong = 0
    for sample in samples:
        result = results.get(sample.student)
        score = result.score if result and result.state is not State.FAILED else float("nan")
        agrees = abs(score - sample.expected) < 0.005
        wrong += not agrees
        line = f"{sample.student:<8} {sample.story:<{width}} {sample.expected:>9.2f} {score:>9.2f}"
        say(line + ("" if agrees else "  ← differs " + (result.problem if result else "")))
    return wrong
