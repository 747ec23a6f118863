"""One exercise on the bench: its checks, as the reference passes them, and whatever is put in the reference's place.

Mutants (`worker`) and planted mistakes (`grader.lessons.sweep`) are judged here by
the same checks, hidden ones included, and by other inputs of the same kind.
"""

from __future__ import annotations

import contextlib
import functools
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import CodeType
from typing import Any

import numpy as np

from dlcore.checks.codec import decode, encode
from dlcore.checks.compare import Settings
from dlcore.checks.diagnosis import show
from dlcore.checks.evidence import Outcome, describe, observe
from dlcore.checks.verdict import passes
from grader.lessons.costs import Costs, read_costs
from grader.lessons.mutation.inputs import Call, derived_inputs, holds_float32
from grader.lessons.mutation.numerics import Family
from grader.lessons.mutation.operators import Mutant
from grader.lessons.parser import Lesson, LessonExercise

__all__ = ["Bench", "Check", "Late", "Stage", "is_finite", "seen", "time_limit"]

Sent = dict[str, Any]

LONGEST = 1.0  # seconds for all checks of one mutant, or 20 times what the reference takes
VARIATIONS, FEW = 45, 5  # of each check's inputs
TO_THE_DIGIT = Settings(rtol=1e-4, atol=1e-13)  # for tiny numbers, of which the usual tolerance would see nothing


class Late(BaseException):
    """A mutant has used up its time."""


class Failed(BaseException):
    """A mutant did not pass a check, and did not just raise an error in it."""


@dataclass(eq=False)
class Check:
    """One call of `check`, and what the reference did in it: as it is sent to the grader, and as it arrives there."""

    function: Any
    call: Call
    settings: Settings
    care: dict[str, bool]
    label: str
    sent: Sent
    expected: Outcome


@dataclass
class Judge:
    """What stands for `check` while mutants are judged (or, with no checks yet, recorded)."""

    checks: list[Check] = field(default_factory=list)
    recording: bool = True
    number: int = 0
    raised: list[str] = field(default_factory=list)

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
        sent = sent_by(function, (args, kwargs), care)
        got = Outcome.from_json(sent)
        if self.recording:
            name = label or f"check {len(self.checks) + 1}"
            self.checks.append(Check(function, (args, kwargs), Settings(compare, rtol, atol), care, name, sent, got))
            return
        check = self.checks[self.number]
        self.number += 1
        if not passes(check.expected, got, check.settings):
            if got.kind != "raised":
                raise Failed(check.label)
            self.raised.append(check.label)


def seen(function: Callable[..., Any], call: Call, care: dict[str, bool]) -> Outcome:
    """The outcome as it arrives at the grader."""
    return Outcome.from_json(sent_by(function, call, care))


def sent_by(function: Callable[..., Any], call: Call, care: dict[str, bool]) -> Sent:
    """The outcome as it is sent to the grader, but for the time that it took."""
    args, kwargs = call
    sent = observe(function, args, kwargs, quiet=care["quiet"], fresh=care["fresh"]).to_json()
    return sent | {"seconds": 0.0}


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
        exec(_compiled(source), self.space)

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


@functools.lru_cache(maxsize=256)
def _compiled(source: str) -> CodeType:
    """The code of a cell; those of the checks run again for each mutant."""
    return compile(source, "<cell>", "exec")


class Bench:
    """One exercise: its checks as the reference passes them, and mutants to judge."""

    def __init__(self, stage: Stage, exercise: LessonExercise):
        self.stage, self.exercise = stage, exercise
        self.reference = stage.space[exercise.name]
        start = time.perf_counter()
        judge = Judge()
        self.replay(judge)
        self.seconds = max(LONGEST, 20 * (time.perf_counter() - start))
        costs = read_costs(stage.lesson)
        self.checks = [_with_costs(check, costs, exercise.name) for check in judge.checks]
        self.inputs: dict[tuple[str, str], list[Check]] = {}

    def replay(self, judge: Judge) -> None:
        """Run the exercise's check cells with `judge` in the place of `check`."""
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
        verdict, why = self.passed_or_not(self.stage.with_code(mutant.source))
        if verdict != "passes":
            return verdict, why
        with self.stage.with_code(mutant.source):
            for case in self._inputs_for(mutant, original):
                difference = self._difference(case)
                if difference:
                    return "survives", difference
        return "equivalent", ""

    def _inputs_for(self, mutant: Mutant, original: str) -> Iterator[Check]:
        """Variations of the checks' inputs; those far from 0 only for formulas that may cancel."""
        kinds = ("usual", "far") if mutant.family is Family.HUGE else ("usual",)
        for kind in kinds:
            if (original, kind) not in self.inputs:
                with self.stage.with_code(original):
                    self.inputs[original, kind] = self._other_inputs(kind)
            yield from self.inputs[original, kind]

    def passed_or_not(self, changed: contextlib.AbstractContextManager[None]) -> tuple[str, str]:
        """What all checks say while `changed` is entered: "crashes", "caught" or "passes", and by what."""
        judge = Judge(self.checks, recording=False)
        try:
            with time_limit(self.seconds), changed:
                self.replay(judge)
        except Failed as failed:
            return "caught", str(failed)
        except Late:
            return "caught", "its time"
        except Exception as error:  # noqa: BLE001 (whatever a mutant does when it is defined)
            return "crashes", type(error).__name__
        if judge.raised:
            return ("crashes", "an error") if len(judge.raised) == len(self.checks) else ("caught", judge.raised[0])
        return "passes", ""

    def _difference(self, case: Check) -> str:
        """How the function that stands in the namespace differs from the reference, if it does."""
        function = self.stage.space[self.exercise.name] if case.function is self.reference else case.function
        try:
            with time_limit(self.seconds):
                sent = sent_by(function, case.call, case.care)
        except Late:
            return f"like “{case.label}”: {_text(case.call)} takes too long"
        if sent == case.sent:  # to the last bit, as most that are equivalent are
            return ""
        got = Outcome.from_json(sent)
        if passes(case.expected, got, case.settings):
            return ""
        result = f"an error: {got.text}" if got.kind != "returned" else show(got.value)
        if got.changed or got.shared:
            result += f" (and changes {got.changed} or shares {got.shared})"
        return f"like “{case.label}”: {_text(case.call)} gives {result} where {show(case.expected.value)} is right"

    def _other_inputs(self, kind: str) -> list[Check]:
        """Variations of the checks' inputs with which the reference and what stands in the namespace get along."""
        cases = []
        for seed, check in enumerate(self.checks):
            for call, settings in _variations(check, kind, seed):
                with contextlib.suppress(Late), time_limit(self.seconds):
                    start = time.perf_counter()
                    sent = sent_by(check.function, call, check.care)
                    quick = time.perf_counter() - start < self.seconds / 10
                    expected = Outcome.from_json(sent)
                    if quick and expected.kind == check.expected.kind and is_finite(expected.value):
                        cases.append(replace(check, call=call, settings=settings, sent=sent, expected=expected))
        return [case for case in cases if not self._difference(case)]


def _variations(check: Check, kind: str, seed: int) -> Iterator[tuple[Call, Settings]]:
    """Other inputs for a check, and how results are compared there; none where other choices may be as good."""
    if check.settings.compare == "cost":
        return
    if kind == "far":
        yield from ((call, check.settings) for call in derived_inputs(*check.call, FEW, seed, ("far",)))
        return
    yield from ((call, check.settings) for call in derived_inputs(*check.call, VARIATIONS, seed))
    args, kwargs = check.call
    if check.settings.compare == "close" and not holds_float32([*args, *kwargs.values()]):
        yield from ((call, TO_THE_DIGIT) for call in derived_inputs(*check.call, FEW, seed, ("tiny",)))


def _with_costs(check: Check, costs: Costs, exercise: str) -> Check:
    """The check, with what each choice costs if that is what it compares."""
    if check.settings.compare != "cost":
        return check
    found = costs.find(exercise, decode(encode(describe(check.call))))
    return replace(check, settings=replace(check.settings, costs=found))


def _text(call: Call) -> str:
    parts = [show(value, 200) for value in call[0]] + [f"{name}={show(value, 200)}" for name, value in call[1].items()]
    return " ".join(", ".join(parts).split())


def is_finite(value: Any) -> bool:
    """Whether no number in `value` is infinite or NaN."""
    if isinstance(value, dict | list | tuple):
        return all(map(is_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, np.ndarray | float | np.floating) or bool(np.isfinite(value).all())


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """A block that raises Late when it takes longer."""

    def stop(*_: object) -> None:
        raise Late

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
