"""Profile the stages of grading one right submission of week 1 at a time.

"here" is the CPU time of the grading process, "kernel" that of the student's
kernel. When a class is graded in parallel, stages overlap and cores share caches, so
it takes more CPU time and less wall-clock time than these sums.

    python bench/stages.py [number of submissions]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parent))

from grading import LESSON, WEEK, hand_in, make_ours, submissions

from grader.batch.gradebook import Recorder
from grader.execution.kernel import Kernel
from grader.execution.sandbox import Limits
from grader.grading.pipeline import GradedNotebook, write_reports
from grader.grading.scoring import score, submission_steps
from grader.lessons.load_reference import load_reference
from grader.lessons.notebooks import released_notebooks
from grader.submissions.reader import fetch, understand
from grader.submissions.rebuild import rebuild

NUMBER = 40


class Watch:
    """Accumulates wall-clock time and the CPU time of this process and a kernel, for each stage."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])

    @contextmanager
    def stage(self, name: str, kernel: Kernel | None = None) -> Iterator[None]:
        before = time.perf_counter(), time.process_time(), used_by(kernel)
        yield
        after = time.perf_counter(), time.process_time(), used_by(kernel)
        for place in range(3):
            self.spent[name][place] += after[place] - before[place]


def used_by(kernel: Kernel | None) -> float:
    """CPU seconds of a running kernel."""
    if kernel is None or not kernel.alive:
        return 0.0
    times = psutil.Process(kernel.pid).cpu_times()
    return float(times.user + times.system)


async def run(watch: Watch, steps: list, files: dict[str, bytes]) -> dict:
    runs: dict = {}
    kernel = Kernel(Limits(), True, files)
    with watch.stage("kernel: fork, namespaces, IPython", kernel):
        await kernel.__aenter__()
        await kernel.run("")  # the welcome message comes before IPython is ready
    for name, stage in (("first pass: the notebook, visible checks", ""), ("second pass: hidden checks", "hidden")):
        with watch.stage(name, kernel):
            batch = {str(step.key): step for step in steps if step.stage == stage}
            ended = await kernel.run_together([(name, step.source, step.private) for name, step in batch.items()])
            runs |= {batch[name].key: run for name, run in ended.items()}
    with watch.stage("end of the kernel"):
        await kernel.kill()
    return runs


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else NUMBER
    with tempfile.TemporaryDirectory() as folder:
        course = make_ours(Path(folder))
        source = course.source / WEEK / f"{LESSON}.ipynb"
        reference = load_reference(source, course.lesson(WEEK, LESSON), course.cache / "reference")
        right = next(iter(submissions(course, reference, 1).values()))
        hand_in(course.root, "ada", right)
        released = released_notebooks(course.release / WEEK)[LESSON]
        with Recorder(course, WEEK) as recorder:
            for count in (3, number):  # first a few to warm up
                watch = Watch()
                for place in range(count):
                    with watch.stage("reading and rebuilding"):
                        fetched = fetch(course.submitted / "ada" / WEEK / f"{LESSON}.ipynb")
                        notebook = rebuild(released, understand(fetched)).notebook
                        steps = submission_steps(notebook, reference)
                    runs = asyncio.run(run(watch, steps, reference.files))
                    with watch.stage("judging"):
                        reports = score(notebook, reference, runs)
                    assert all(report.passed for report in reports.values())
                    with watch.stage("reports"):
                        write_reports(notebook, reports)
                    with watch.stage("gradebook"):
                        grades = {name: report.score for name, report in reports.items()}
                        recorder.record(f"s{place}", None, [GradedNotebook(LESSON, "{}", grades)])
        print(f"{'ms for one submission':<46}{'clock':>8}{'here':>8}{'kernel':>8}")
        for name, spent in watch.spent.items():
            print(f"{name:<46}" + "".join(f"{1000 * item / number:>8.1f}" for item in spent))
        totals = [sum(spent[place] for spent in watch.spent.values()) for place in range(3)]
        print(f"{'all':<46}" + "".join(f"{1000 * item / number:>8.1f}" for item in totals))


if __name__ == "__main__":
    main()
