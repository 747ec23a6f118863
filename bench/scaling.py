"""Benchmark grading with different numbers of Dask workers, and the limit set by the main process.

First real submissions of week 1 on 1, 2 and 4 worker processes. Then the same
class with simulated work: tasks that wait as long as a submission occupies a core
and return a precomputed result, which simulates a cluster with more cores than
this machine; what remains is the cost of the main process.

    python bench/scaling.py [number of submissions]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from grading import LESSON, WEEK, hand_in, make_ours, submissions

from grader.batch import cluster
from grader.batch.grade_week import grade_week
from grader.grading.pipeline import grade_submission
from grader.lessons.course import Course
from grader.lessons.load_reference import load_reference

NUMBER = 60
REAL = (1, 2, 4)
PRETENDED = (2, 4, 8, 16, 32)  # cores of the cluster


class Pretended:
    """Waits as long as a submission takes, without using the CPU, and returns a real result."""

    def __init__(self, results: Any, seconds: float):
        self.results, self.seconds = results, seconds

    def __call__(self, _material: Any, _task: Any) -> Any:
        time.sleep(self.seconds)
        return self.results


def graded(course: Course, workers: int) -> tuple[float, float]:
    """Grade everything: submissions a second once the first is done, and the driver's CPU seconds each."""
    times, busy = [], 0.0

    def progress(students: Any, _total: int) -> Any:
        nonlocal busy
        for student in students:
            if not times:
                busy = time.process_time()
            times.append(time.perf_counter())
            yield student

    results = grade_week(course, WEEK, workers=workers, force=True, progress=progress)
    busy = time.process_time() - busy
    failed = [item for item in results if item.state != "graded"]
    if failed:
        sys.exit(f"{len(failed)} submissions failed, such as {failed[0]}")
    return (len(times) - 1) / (times[-1] - times[0]), busy / (len(times) - 1)


def table(
    course: Course, counts: tuple[int, ...], what: str, prepare: Callable[[int], int]
) -> list[tuple[float, float]]:
    """A row for each count; `prepare` returns the number of worker processes."""
    rows: list[tuple[float, float]] = []
    print(f"{what:>8}{'per second':>12}{'ratio':>8}{'driver CPU ms each':>20}")
    for count in counts:
        rate, cost = graded(course, prepare(count))
        rows.append((rate, cost))
        print(f"{count:>8}{rate:>12.1f}{rate / rows[0][0]:>7.1f}×{1000 * cost:>20.1f}", flush=True)
    return rows


def places(count: int) -> int:
    """Two worker processes with `count` places between them."""
    cluster.at_once = lambda _memory, _workers: count // 2
    return 2


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else NUMBER
    with tempfile.TemporaryDirectory() as folder:
        course = make_ours(Path(folder, "course"))
        source = course.source / WEEK / f"{LESSON}.ipynb"
        reference = load_reference(source, course.lesson(WEEK, LESSON), course.cache / "reference")
        for student, solutions in submissions(course, reference, number).items():
            hand_in(course.root, student, solutions)
        cores = os.cpu_count() or 1
        print(f"{number} submissions of {WEEK}, {cores} cores\n\nreal work")
        real = table(course, REAL, "workers", lambda count: count)
        results = [None]

        def keeping(material: Any, task: Any) -> Any:
            results[0] = grade_submission(material, task)
            return results[0]

        cluster.grade_submission = keeping
        graded_one = next(iter(submissions(course, reference, 1)))
        grade_week(course, WEEK, students=[graded_one], workers=0, force=True)
        seconds = cores / max(rate for rate, _ in real)
        cluster.grade_submission = Pretended(results[0], seconds)
        print(f"\npretended work: each submission holds a core for {seconds:.2f} s")
        rows = table(course, PRETENDED, "cores", places)
        cost = min(cost for _, cost in rows)
        print(
            f"\nThe driver needs {1000 * cost:.1f} ms of processor time for a submission, so that one driver can take "
            f"{1 / cost:.0f} a second at most:\na class of {60 / cost:,.0f} in a minute, "
            f"of {3600 / cost:,.0f} in an hour, with about {seconds / cost:.0f} cores."
        )


if __name__ == "__main__":
    main()
