"""Have all mutants of a lesson judged, whatever they do, and sum up."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Report", "Result", "judge_lesson"]

REPOSITORY = Path(__file__).parents[2]
PATIENCE = 30  # seconds without a word from the worker


@dataclass(frozen=True)
class Result:
    """What became of one mutant: "crashes", "caught", "equivalent" or "survives", and by what."""

    exercise: str
    mutant: str
    verdict: str
    why: str


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
        rows = {result.exercise: Counter() for result in self.results}
        for result in self.results:
            rows[result.exercise][result.verdict] += 1
        width = max(map(len, [*rows, "exercise"]))
        verdicts = ("crashes", "caught", "equivalent", "survives")
        lines = [f"{'exercise':<{width}}  mutants  " + "  ".join(f"{verdict:>10}" for verdict in verdicts)]
        for name, counts in {**rows, "total": sum(rows.values(), Counter())}.items():
            numbers = "  ".join(f"{counts[verdict]:>10}" for verdict in verdicts)
            lines.append(f"{name:<{width}}  {counts.total():>7}  {numbers}")
        for result in self.survivors:
            lines.append(f"\nsurvives: {result.exercise}, {result.mutant}\n  {result.why}")
        share = len(self.survivors) / max(self.wrong, 1)
        lines.append(
            f"\n{len(self.survivors)} of {self.wrong} wrong mutants survive ({share:.2%}); {self.seconds:.0f} s"
        )
        return "\n".join(lines)


def judge_lesson(path: Path, what: str = "references") -> Report:
    """Judge every mutant of every exercise of a lesson.

    Args:
        path: the lesson file.
        what: "references", or "all" to change the alternatives, too.
    """
    start = time.monotonic()
    results: list[Result] = []
    while _continue(path, what, results):
        pass
    return Report(path, results, time.monotonic() - start)


def _continue(path: Path, what: str, results: list[Result]) -> bool:
    """Start a worker on the mutants that have no result yet; False when all have one."""
    command = [sys.executable, "-m", "tests.mutation.worker", str(path.resolve()), str(len(results)), what]
    environment = os.environ | {"DLCORE_MODE": "evidence", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY, env=environment) as worker:
        current: dict[str, str] = {}
        for message in _messages(worker):
            if "mutant" in message:
                current = message
            else:
                result = Result(current["exercise"], current["mutant"], message["verdict"], message["why"])
                results.append(result)
                current = {}
        code = worker.wait()
    if current:  # the worker hung or died
        results.append(Result(current["exercise"], current["mutant"], "caught", "the end of its process"))
        return True
    if code:
        raise RuntimeError(f"the mutants of {path} could not be judged: the worker ended with code {code}")
    return False


def _messages(worker: subprocess.Popen[bytes]) -> list[dict[str, str]]:
    """What the worker says, line by line; it is killed when it has been silent for too long."""
    assert worker.stdout is not None
    messages, rest = [], b""
    with selectors.DefaultSelector() as selector:
        selector.register(worker.stdout, selectors.EVENT_READ)
        while True:
            if not selector.select(PATIENCE):
                worker.kill()
                break
            piece = os.read(worker.stdout.fileno(), 65536)
            if not piece:
                break
            *lines, rest = (rest + piece).split(b"\n")
            messages += map(json.loads, lines)
    return messages
