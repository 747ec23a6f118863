"""Have all mutants of a lesson judged, whatever they do, and sum up."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Report", "Result", "judge_lesson", "messages", "start_worker"]

PATIENCE = 30  # seconds without a word about a mutant
START = 300  # seconds without a word before one: the lesson runs, and all checks of an exercise


@dataclass(frozen=True)
class Result:
    """What became of one mutant: "crashes", "caught", "equivalent" or "survives", and by what."""

    exercise: str
    mutant: str
    path: str
    line: int
    verdict: str
    why: str

    def __str__(self) -> str:
        return f"{self.verdict}: {self.exercise}, {self.mutant}\n  {self.why}"


@dataclass
class Report:
    """What became of all mutants of one lesson."""

    path: Path
    results: list[Result]
    seconds: float

    @property
    def survivors(self) -> list[Result]:
        """The mutants that pass all checks although they are wrong."""
        return [result for result in self.results if result.verdict == "survives"]

    @property
    def running(self) -> int:
        """How many mutants are neither equivalent nor raise an error in every check."""
        return sum(result.verdict in ("caught", "survives") for result in self.results)

    @property
    def wrong(self) -> int:
        """How many mutants are not equivalent."""
        return sum(result.verdict != "equivalent" for result in self.results)

    def __str__(self) -> str:
        rows: dict[str, Counter[str]] = {result.exercise: Counter() for result in self.results}
        for result in self.results:
            rows[result.exercise][result.verdict] += 1
        width = max(map(len, [*rows, "exercise"]))
        verdicts = ("crashes", "caught", "equivalent", "survives")
        lines = [f"{'exercise':<{width}}  mutants  " + "  ".join(f"{verdict:>10}" for verdict in verdicts)]
        for name, counts in {**rows, "total": sum(rows.values(), Counter())}.items():
            numbers = "  ".join(f"{counts[verdict]:>10}" for verdict in verdicts)
            lines.append(f"{name:<{width}}  {counts.total():>7}  {numbers}")
        lines += [f"\n{result}" for result in self.survivors]
        share = len(self.survivors) / max(self.wrong, 1)
        lines.append(
            f"\n{len(self.survivors)} of {self.wrong} wrong mutants survive ({share:.2%}); {self.seconds:.0f} s"
        )
        return "\n".join(lines)


def judge_lesson(
    path: Path,
    what: str = "references",
    exercise: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Judge every mutant of a lesson's exercises, in processes of their own but with no sandbox.

    Args:
        path: the lesson file.
        what: "references", or "all" to change the alternatives, too.
        exercise: the only exercise whose mutants to judge; "" for all.
        progress: called with how many mutants are judged, and how many there are.
    """
    start = time.monotonic()
    results: list[Result] = []
    while _continue(path, (what, exercise), results, progress):
        pass
    return Report(path, results, time.monotonic() - start)


def _continue(path: Path, which: tuple[str, str], results: list[Result], progress: Callable[[int, int], None]) -> bool:
    """Start a worker on the mutants that have no result yet; False when all have one."""
    arguments = (str(path.resolve()), str(len(results)), *which)
    total = 0
    with start_worker("grader.lessons.mutation.worker", *arguments) as worker:
        current: dict[str, Any] = {}
        for message in messages(worker, lambda: PATIENCE if current else START):
            if "total" in message:
                total = int(message["total"])
            elif "mutant" in message:
                current.update(message)
            else:
                result = Result(**current, verdict=message["verdict"], why=message["why"])
                results.append(result)
                progress(len(results), total)
                current.clear()
        code = worker.wait()
    if current:  # the worker hung or died
        results.append(Result(**current, verdict="caught", why="the end of its process"))
        return True
    if code:
        raise RuntimeError(f"the mutants of {path} could not be judged: the worker ended with code {code}")
    return False


def start_worker(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A process that runs a module with a lesson's code in it, and says something in lines of JSON."""
    places = [str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "DLCORE_MODE": "evidence",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(filter(None, places)),
    }
    return subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, env=environment)


def messages(worker: subprocess.Popen[bytes], patience: Callable[[], float]) -> Iterator[dict[str, Any]]:
    """What the worker says, line by line; it is killed when it has been silent for longer than `patience()` seconds."""
    assert worker.stdout is not None
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(worker.stdout, selectors.EVENT_READ)
        while True:
            if not selector.select(patience()):
                worker.kill()
                break
            piece = os.read(worker.stdout.fileno(), 65536)
            if not piece:
                break
            *lines, rest = (rest + piece).split(b"\n")
            yield from map(json.loads, lines)
