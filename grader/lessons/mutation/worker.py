"""Judge mutants, one after the other, in a process of its own.

Run as ``python -m grader.lessons.mutation.worker LESSON SKIP WHAT EXERCISE`` it prints
the number of mutants and then two lines of JSON a mutant, and leaves out the first
SKIP. WHAT is "references" or "all", which changes the alternatives, too; EXERCISE is a
name, or "" for all. Code that hangs or takes all memory takes
only this process down; `run` then starts another one.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dlcore.checks.compare import Settings
from dlcore.checks.diagnosis import show
from dlcore.checks.evidence import Outcome, observe
from dlcore.checks.verdict import passes
from grader.lessons.mutation.inputs import Call, derived_inputs
from grader.lessons.mutation.operators import Mutant, mutants
from grader.lessons.parser import Lesson, LessonExercise, read_lesson
from grader.lessons.roles import Role

LONGEST = 1.0  # seconds for all checks of one mutant, or 20 times what the reference takes
MEMORY = 4_000_000_000
VARIATIONS = 40  # of each check's inputs


class _Late(BaseException):
    """A mutant has used up its time."""


class _Failed(BaseException):
    """A mutant did not pass a check, and did not just raise an error in it."""


@dataclass
class _Check:
    """One call of `check`, and what the reference did in it."""

    function: Any
    call: Call
    settings: Settings
    care: dict[str, bool]
    label: str
    expected: Outcome


@dataclass
class _Judge:
    """What stands for `check` while mutants are judged (or, with no checks yet, recorded)."""

    checks: list[_Check] = field(default_factory=list)
    recording: bool = True
    number: int = 0
    raised: int = 0

    def __call__(
        self,
        function: Callable[..., Any],
        *args: Any,
        label: str | None = None,
        compare: str = "close",
        rtol: float = 1e-5,
        atol: float | None = None,
        quiet: bool = False,
        fresh: bool = False,
        **kwargs: Any,
    ) -> None:
        care = {"quiet": quiet, "fresh": fresh}
        got = _seen(function, (args, kwargs), care)
        if self.recording:
            name = label or f"check {len(self.checks) + 1}"
            self.checks.append(_Check(function, (args, kwargs), Settings(compare, rtol, atol), care, name, got))
            return
        check = self.checks[self.number]
        self.number += 1
        if not passes(check.expected, got, check.settings):
            if got.kind != "raised":
                raise _Failed(check.label)
            self.raised += 1


def _seen(function: Callable[..., Any], call: Call, care: dict[str, bool]) -> Outcome:
    """The outcome as it arrives at the grader."""
    args, kwargs = call
    return Outcome.from_json(observe(function, args, kwargs, quiet=care["quiet"], fresh=care["fresh"]).to_json())


class Stage:
    """The lesson's notebook as one namespace, in which mutants take their references' places."""

    def __init__(self, lesson: Lesson):
        self.lesson = lesson
        self.space: dict[str, Any] = {"__name__": "__main__"}
        for cell in lesson.cells:
            if cell.kind == "code" and cell.role in ("", "setup", "solution", "quiz"):
                self.run(cell.source)

    def run(self, source: str) -> None:
        """Run code in the namespace."""
        exec(compile(source, "<cell>", "exec"), self.space)

    @contextlib.contextmanager
    def with_code(self, source: str) -> Iterator[None]:
        """Run `source` in the namespace, and put everything back afterwards."""
        before = dict(self.space)
        try:
            self.run(source)
            yield
        finally:
            self.space.clear()
            self.space.update(before)


class Bench:
    """One exercise: its checks as the reference passes them, and mutants to judge."""

    def __init__(self, stage: Stage, exercise: LessonExercise):
        self.stage, self.exercise = stage, exercise
        self.reference = stage.space[exercise.name]
        start = time.perf_counter()
        judge = _Judge()
        self._replay(judge)
        self.seconds = max(LONGEST, 20 * (time.perf_counter() - start))
        self.checks = judge.checks
        self.inputs: dict[str, list[tuple[_Check, Call, Outcome]]] = {}

    def _replay(self, judge: _Judge) -> None:
        for cell in self.exercise.checks:
            with self.stage.with_code(""):
                self.stage.space["check"] = judge
                self.stage.run(cell.source)

    def judge(self, mutant: Mutant, original: str) -> tuple[str, str]:
        """What becomes of a mutant of `original`, and by what.

        Returns:
            "crashes" (it raises in every check), "caught", "equivalent" or
            "survives", and the check or input that tells it from the reference.
        """
        judge = _Judge(self.checks, recording=False)
        try:
            with _time_limit(self.seconds), self.stage.with_code(mutant.source):
                self._replay(judge)
        except _Failed as failed:
            return "caught", str(failed)
        except _Late:
            return "caught", "its time"
        except Exception as error:  # noqa: BLE001 (whatever the mutant does when it is defined)
            return "crashes", type(error).__name__
        if judge.raised:
            return ("crashes" if judge.raised == len(self.checks) else "caught"), "an error"
        if original not in self.inputs:
            self.inputs[original] = self._other_inputs(original)
        with self.stage.with_code(mutant.source):
            difference = next(filter(None, map(self._difference, self.inputs[original])), "")
        return ("survives", difference) if difference else ("equivalent", "")

    def _difference(self, case: tuple[_Check, Call, Outcome]) -> str:
        """How the function that stands in the namespace differs from the reference, if it does."""
        check, call, expected = case
        function = self.stage.space[self.exercise.name] if check.function is self.reference else check.function
        try:
            with _time_limit(self.seconds):
                got = _seen(function, call, check.care)
        except _Late:
            return f"like “{check.label}”: {_text(call)} takes too long"
        if passes(expected, got, check.settings):
            return ""
        result = f"an error: {got.text}" if got.kind != "returned" else show(got.value)
        if got.changed or got.shared:
            result += f" (and changes {got.changed} or shares {got.shared})"
        return f"like “{check.label}”: {_text(call)} gives {result} where {show(expected.value)} is right"

    def _other_inputs(self, original: str) -> list[tuple[_Check, Call, Outcome]]:
        """Variations of the checks' inputs with which the reference and `original` get along."""
        cases = []
        for seed, check in enumerate(self.checks):
            for call in derived_inputs(*check.call, number=VARIATIONS, seed=seed):
                with contextlib.suppress(_Late), _time_limit(self.seconds):
                    expected = _seen(check.function, call, check.care)
                    if expected.kind == check.expected.kind and _is_finite(expected.value):
                        cases.append((check, call, expected))
        with self.stage.with_code(original):
            return [case for case in cases if not self._difference(case)]


def _text(call: Call) -> str:
    parts = [show(value, 200) for value in call[0]] + [f"{name}={show(value, 200)}" for name, value in call[1].items()]
    return " ".join(", ".join(parts).split())


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict | list | tuple):
        return all(map(_is_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, np.ndarray | float | np.floating) or bool(np.isfinite(value).all())


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _Late

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def main(path: Path, skip: int, what: str, only: str) -> None:
    """Judge the mutants of the lesson at `path` and print what becomes of each."""
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.chdir(path.parent)
    sys.path.insert(0, str(path.parent))
    lesson = read_lesson(path)
    exercises = [item for item in lesson.exercises.values() if item.kind is Role.SOLUTION and only in ("", item.name)]
    all_mutants = [(exercise, list(_all_mutants(exercise, what))) for exercise in exercises]
    print(json.dumps({"total": sum(len(some) for _, some in all_mutants)}), file=out)
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        stage, number = Stage(lesson), 0
        for exercise, some in all_mutants:
            bench = Bench(stage, exercise)
            for name, mutant, original, place in some:
                number += 1
                if number <= skip:
                    continue
                print(json.dumps({"exercise": exercise.name, "mutant": name} | place), file=out)
                verdict, why = bench.judge(mutant, original)
                print(json.dumps({"verdict": verdict, "why": why}), file=out)


def _all_mutants(exercise: LessonExercise, what: str) -> Iterator[tuple[str, Mutant, str, dict[str, Any]]]:
    """Each mutant's name, the mutant, the code that it comes from, and where that stands."""
    for cell in (exercise.solution, *(exercise.alternatives if what == "all" else ())):
        prefix = f"{cell.options['name']}, " if "name" in cell.options else ""
        for mutant in mutants(cell.source):
            place = {"path": str(cell.path), "line": cell.line_of(mutant.line)}
            yield f"{prefix}{mutant}", mutant, cell.source, place


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]), sys.argv[3], sys.argv[4])
