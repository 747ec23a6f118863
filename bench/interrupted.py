"""Grade a large class, 5% of it hostile or broken, without interruption and with grader and worker killed.

The second run is killed with ``kill -9`` when half of the class is graded. The
third resumes it, and a worker is killed with ``kill -9`` meanwhile. In the end the
gradebook must equal that of the uninterrupted run.

    python bench/interrupted.py [number of submissions]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))

from grading import LESSON, WEEK, hand_in, make_ours, submissions

from grader.lessons.course import Course
from grader.lessons.load_reference import load_reference
from tests.attacks import Attack, Place, accidents, channel, files, forging, host, metadata, resources
from tests.classroom import gradebook_rows, with_cell, with_solutions

NUMBER, ONE_IN = 500, 20
LIMITS = "c.RunSubmission.cell_seconds = 4\nc.RunSubmission.total_seconds = 40\nc.RunSubmission.memory_mb = 800\n"
MODULES = (forging, channel, metadata, files, resources, host, accidents)


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else NUMBER
    with tempfile.TemporaryDirectory() as folder:
        first, second = (make_class(Path(folder, name), number) for name in ("undisturbed", "killed"))
        begun = time.monotonic()
        process = start(first)
        process.wait()
        seconds = time.monotonic() - begun
        wanted = gradebook_rows(first)
        print(f"{number} submissions, {number // ONE_IN} of them hostile or broken, {os.cpu_count()} cores")
        print(f"undisturbed: {seconds:.0f} s, {number / seconds:.1f} a second, {len(wanted)} in the gradebook")

        begun = time.monotonic()
        process = start(second)
        until(lambda: len(complete(second)) >= number // 2, process)
        process.kill()
        process.wait()
        done = complete(second)
        print(f"killed after {time.monotonic() - begun:.0f} s with {len(done)} graded, none of them half-written")

        begun = time.monotonic()
        process = start(second)
        until(lambda: len(complete(second)) >= len(done) + number // 8, process)
        forks = [child for item in psutil.Process(process.pid).children() for child in item.children()]
        next(item for item in forks if "forkserver" in " ".join(item.cmdline())).kill()
        process.wait()
        same = all(path.stat().st_mtime_ns == changed for path, changed in done.items())
        print(f"the next run, which lost a worker: {time.monotonic() - begun:.0f} s; what was done before was ", end="")
        print("left alone" if same else "DONE AGAIN")
        equal = gradebook_rows(second) == wanted
        print(f"gradebook: {'equal to that of the undisturbed run' if equal else 'DIFFERENT'}")
        sys.exit(0 if same and equal and len(wanted) == number else 1)


def make_class(folder: Path, number: int) -> Course:
    """A course with all submissions in submitted/."""
    course = make_ours(folder)
    with open(folder / "nbgrader_config.py", "a") as stream:
        stream.write(LIMITS)
    source = course.source / WEEK / f"{LESSON}.ipynb"
    reference = load_reference(source, course.lesson(WEEK, LESSON), course.cache / "reference")
    attacks = [attack for module in MODULES for attack in module.ATTACKS]
    step = max(1, len(attacks) * ONE_IN // number)
    for place, (student, solutions) in enumerate(submissions(course, reference, number).items()):
        hand_in(folder, student, solutions)
        if place % ONE_IN == ONE_IN // 2:
            attack = attacks[place // ONE_IN * step % len(attacks)]
            spoil(course, folder / "submitted" / student / WEEK / f"{LESSON}.ipynb", attack)
    return course


def spoil(course: Course, path: Path, attack: Attack) -> None:
    """Insert an attack into a submitted notebook."""
    place = Place(course.root, course.root, course.root / "note", 1)
    wanted = {name: place.fill(source) for name, source in attack.all_solutions().items()}
    notebook = with_solutions(nbformat.read(path, as_version=4), wanted)
    if attack.source:
        notebook = with_cell(notebook, place.fill(attack.source))
    changed = attack.change(notebook) if attack.change else notebook
    path.write_bytes(changed if isinstance(changed, bytes) else json.dumps(changed).encode())
    if attack.lay is not None:
        attack.lay(path.parent, place)


def start(course: Course) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "grader", "grade", WEEK]
    return subprocess.Popen(command, cwd=course.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def until(reached: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    while not reached():
        if process.poll() is not None:
            sys.exit("the run ended before it could be killed")
        time.sleep(0.1)


def complete(course: Course) -> dict[Path, int]:
    """When each graded notebook was written; all have to be complete."""
    found = {path: path.stat().st_mtime_ns for path in course.autograded.glob(f"*/{WEEK}/*.ipynb")}
    for path in found:
        assert json.loads(path.read_text())["metadata"]["course"]["graded"] is True
    return found


if __name__ == "__main__":
    main()
