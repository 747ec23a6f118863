"""Benchmark grading a class in week 1 against plain nbgrader, with the same submissions, checks and scores.

Plain nbgrader gets a notebook whose check cells run the same checks, visible
and hidden, inside the student's kernel, and count those that pass. Neither
side runs the demo cells. The lower bound is the time of the bare cells in one
process with everything imported.

    python bench/grading.py [number of submissions]
"""

from __future__ import annotations

import ast
import contextlib
import copy
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil

from grader.grading.scoring import submission_steps
from grader.lessons.course import Course
from grader.lessons.load_reference import load_reference
from grader.lessons.notebooks import course_metadata, is_check
from grader.lessons.reference import Reference

ROOT = Path(__file__).parent.parent
WEEK, LESSON = "week1", "logistic_regression"
NUMBER = 200
PLAIN = "plain nbgrader"
COUNTING = """
import warnings
warnings.simplefilter("ignore")  # nbgrader gives no points where NumPy warned, whatever the result
_passed = []

def _try(call):
    try:
        call()
        _passed.append(True)
    except Exception:
        _passed.append(False)
"""


@dataclass
class Run:
    """The costs of one run."""

    name: str
    seconds: float
    busy: float  # processor seconds of the whole machine
    memory: float  # MB, proportional, at the highest
    scores: dict[str, dict[str, float]]


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else NUMBER
    with tempfile.TemporaryDirectory() as folder:
        ours, plain = Path(folder, "ours"), Path(folder, "plain")
        course = make_ours(ours)
        reference = load_reference(
            course.source / WEEK / f"{LESSON}.ipynb", course.lesson(WEEK, LESSON), course.cache / "reference"
        )
        notebooks = submissions(course, reference, number)
        make_plain(plain, course)
        for student, solutions in notebooks.items():
            hand_in(ours, student, solutions)
            hand_in(plain, student, solutions)
        grader = [sys.executable, "-m", "grader", "grade", WEEK, "--force"]
        nbgrader = [str(Path(sys.executable).parent / "nbgrader"), "autograde", WEEK]
        runs = [  # before and after the long one, since the speed of shared machines drifts
            measured("this grader, 2 workers", [*grader, "--workers", "2"], ours),
            measured(PLAIN, nbgrader, plain),
            measured("this grader, 2 workers again", [*grader, "--workers", "2"], ours),
            measured("this grader, 1 worker", [*grader, "--workers", "1"], ours),
        ]
        show(runs, number, floor(course, reference, notebooks))


def make_ours(folder: Path) -> Course:
    """A course as instructors have it, without follow-through, which plain nbgrader lacks."""
    for part in ("course", "source", "release"):
        shutil.copytree(ROOT / part / WEEK, folder / part / WEEK)
    if (ROOT / ".cache" / "reference").is_dir():
        shutil.copytree(ROOT / ".cache" / "reference", folder / ".cache" / "reference")
    config = (ROOT / "nbgrader_config.py").read_text() + "\nc.RunSubmission.follow_through = False\n"
    (folder / "nbgrader_config.py").write_text(config)
    course = Course(folder)
    course.release_week(WEEK)
    return course


def make_plain(folder: Path, course: Course) -> None:
    """The same week for nbgrader alone."""
    source = folder / "source" / WEEK
    shutil.copytree(course.source / WEEK, source)
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'bench'\n")
    notebook = nbformat.read(source / f"{LESSON}.ipynb", as_version=4)
    notebook.cells = [cell for cell in notebook.cells if course_metadata(cell).get("role") != "demo"]
    for cell in notebook.cells:
        if is_check(cell):
            cell.source = counting(cell.source, float(cell.metadata.nbgrader.points))
    nbformat.write(notebook, source / f"{LESSON}.ipynb")
    run(["nbgrader", "generate_assignment", WEEK], folder)


def counting(source: str, points: float) -> str:
    """A check cell that ends with the share of its points that its checks gain."""
    tree = ast.parse(source)
    lines, checks = [COUNTING], 0
    for node in tree.body:
        text = ast.unparse(node)
        is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        if is_call and getattr(node.value.func, "id", "") in ("check", "check_choice"):
            text, checks = f"_try(lambda: {text})", checks + 1
        lines.append(text)
    return "\n".join([*lines, f"{points!r} if all(_passed) else round({points!r} * sum(_passed) / {checks}, 2)"])


def submissions(course: Course, reference: Reference, number: int) -> dict[str, dict[str, str]]:
    """The solutions by student: the reference, each misconception in turn, and halves."""
    lesson = course.lesson(WEEK, LESSON)
    assert lesson is not None
    right = {name: exercise.solution for name, exercise in reference.exercises.items()}
    wrong = [
        (item.name, misconception.source) for item in lesson.exercises.values() for misconception in item.misconceptions
    ]
    made: dict[str, dict[str, str]] = {}
    for place in range(number):
        if place % 4 == 0:
            solutions = right
        elif place % 4 == 3:
            solutions = dict(list(right.items())[: 2 + place % (len(right) - 2)])
        else:
            name, source = wrong[(7 * place) % len(wrong)]
            solutions = right | {name: source}
        made[f"s{place:04}"] = solutions
    return made


def hand_in(folder: Path, student: str, solutions: dict[str, str]) -> None:
    """Submit the released notebook with a student's solutions."""
    notebook = nbformat.read(folder / "release" / WEEK / f"{LESSON}.ipynb", as_version=4)
    fill(notebook, solutions)
    target = folder / "submitted" / student / WEEK
    target.mkdir(parents=True)
    (target / f"{LESSON}.ipynb").write_text(json.dumps(notebook))


def fill(notebook: Any, solutions: dict[str, str]) -> None:
    for cell in notebook.cells:
        course = course_metadata(cell)
        if course.get("role") in ("solution", "quiz") and course["exercise"] in solutions:
            cell.source = solutions[course["exercise"]]


def run(command: list[str], folder: Path) -> None:
    environment = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    environment |= {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def measured(name: str, command: list[str], folder: Path) -> Run:
    start, busy = time.perf_counter(), busy_seconds()
    with highest_memory() as memory:
        run(command, folder)
    seconds, busy = time.perf_counter() - start, busy_seconds() - busy
    print(f"{name}: {seconds:.1f} s", flush=True)
    return Run(name, seconds, busy, max(memory), scores(folder))


def busy_seconds() -> float:
    """CPU seconds used by all processes of the machine."""
    times = psutil.cpu_times()
    return float(times.user + times.system)


@contextlib.contextmanager
def highest_memory() -> Iterator[list[float]]:
    """Samples of the proportional set size, in MB, of this process's descendants."""
    samples, stop = [0.0], threading.Event()

    def watch() -> None:
        while not stop.wait(3.0):  # sampling takes time itself
            total = 0
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(OSError, IndexError):
                    text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
                    total += int(text.partition("\nPss:")[2].split()[0])
            samples.append(total / 1000)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        stop.set()
        thread.join()


def scores(folder: Path) -> dict[str, dict[str, float]]:
    """Every student's automatic score in every check cell."""
    from nbgrader.api import Gradebook

    found = {}
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        for submission in gradebook.assignment_submissions(WEEK):
            grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
            found[submission.student.id] = {grade.name: grade.auto_score for grade in grades if "-check" in grade.name}
    return found


def floor(course: Course, reference: Reference, notebooks: dict[str, dict[str, str]]) -> float:
    """Seconds for one submission whose cells run bare, with evidence, in a warm process."""
    released = nbformat.read(course.release / WEEK / f"{LESSON}.ipynb", as_version=4)
    work = []
    for solutions in notebooks.values():
        notebook = copy.deepcopy(released)
        fill(notebook, solutions)
        work.append([step.source for step in submission_steps(notebook, reference)])
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "cells.json").write_text(json.dumps(work))
        environment = os.environ | {
            "DLCORE_MODE": "evidence", "DLCORE_EVIDENCE": os.devnull, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg",
            "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        code = [sys.executable, __file__, "--bare", str(Path(folder, "cells.json"))]
        done = subprocess.run(
            code, cwd=course.release / WEEK, env=environment, capture_output=True, text=True, check=True
        )
    return float(done.stdout.split()[-1]) / len(work)


def bare(path: str) -> None:
    """Run the cells in the file and print how long it took."""
    import matplotlib.pyplot  # noqa: F401 (warm)
    import numpy  # noqa: F401

    import dlcore  # noqa: F401

    work = json.loads(Path(path).read_text())
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for sources in work:
            names: dict[str, Any] = {"__name__": "__main__"}
            for source in sources:
                with contextlib.suppress(BaseException):
                    exec(compile(source, "cell", "exec"), names)
    print(time.perf_counter() - start)


def show(runs: list[Run], number: int, bare_seconds: float) -> None:
    plain = next(item for item in runs if item.name == PLAIN)
    print(f"\n{number} submissions of {WEEK} on {os.cpu_count()} cores\n")
    print(f"{'':<30}{'seconds':>9}{'per second':>12}{'ratio':>8}{'CPU s each':>12}{'peak MB':>9}")
    for item in runs:
        rate, ratio = number / item.seconds, plain.seconds / item.seconds
        used = f"{item.busy / number:>12.3f}{item.memory:>9.0f}"
        print(f"{item.name:<30}{item.seconds:>9.1f}{rate:>12.2f}{ratio:>7.1f}×{used}")
    print(f"{'cells alone, 1 process':<30}{bare_seconds * number:>9.1f}{1 / bare_seconds:>12.2f}")
    for item in runs:
        different = [student for student in plain.scores if plain.scores[student] != item.scores.get(student)]
        print(f"scores of {item.name}: " + (f"DIFFER for {different[:5]}" if different else "the same, cell by cell"))
        if different:
            sys.exit(1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--bare"]:
        bare(sys.argv[2])
    else:
        main()
