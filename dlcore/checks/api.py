"""`check` and `check_choice`: call a student's function and report what is wrong with it.

In a student's notebook they compare with the answer key and explain. During
grading they compare nothing: they emit evidence, which is judged in a process that
never runs student code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from dlcore.checks.answer_key import Key, KeyExercise, read_key
from dlcore.checks.called import names_used
from dlcore.checks.cell_report import differences
from dlcore.checks.compare import COMPARISONS, Settings
from dlcore.checks.diagnosis import show
from dlcore.checks.emitting import emit, mode_of_run
from dlcore.checks.evidence import Outcome, OutcomeKind, bound_names, describe, observe
from dlcore.checks.notebook_cells import follow_cells, followed_cells
from dlcore.checks.verdict import Seen, Verdict, judge
from dlcore.errors import CheckFailed, CourseError, NotAttempted, SetupError
from dlcore.study.definitions import answer_digest
from dlcore.study.kept import keep, read_kept
from dlcore.study.theme import follow_theme

__all__ = [
    "begin",
    "check",
    "check_choice",
    "lesson_folders",
    "open_lessons",
    "results",
    "same_function",
]

GREEN, RED, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[0m"

_lessons: dict[str, Key] = {}
_folders: dict[str, str] = {}  # where each lesson's answer key is, and what is kept of it
_results: dict[tuple[str, int], tuple[Any, bool | None]] = {}
_outcomes: dict[tuple[str, int], Outcome] = {}  # of the checks in _results


def begin(lesson: str, folder: str = ".") -> None:
    """Start a lesson: read its answer key from the notebook's folder.

    Args:
        lesson: the notebook's name without its suffix.
        folder: the answer key's folder; the notebook's own by default.

    Raises:
        SetupError: the key is missing or damaged.
    """
    if mode_of_run() == "practice":
        key = _lessons[lesson] = read_key(lesson, folder)
        _folders[lesson] = os.path.abspath(folder)
        follow_cells()
        follow_theme()
        _results.clear()
        _outcomes.clear()
        points = sum([*(exercise.points for exercise in key.exercises.values()), *key.written.values()])
        written = f" and {len(key.written)} to be graded by a person" if key.written else ""
        optional = sum(not exercise.points for exercise in key.exercises.values())
        of_them = f" ({optional} of them optional)" if optional else ""
        count = f"{len(key.exercises)} exercises with checks{of_them}{written}"
        print(f"{key.title}: {count}, {points:g} points. progress() shows how far you are.")
        if read_kept(folder, lesson).is_damaged:
            print("What you did here earlier cannot be read any more: run the checks again, and progress() knows it.")


def lesson_folders() -> dict[str, str]:
    """The folders of the lessons that have begun."""
    return dict(_folders)


def open_lessons() -> dict[str, Key]:
    """The answer keys of the lessons that have begun in this notebook."""
    return dict(_lessons)


def results() -> dict[tuple[str, int], tuple[Any, bool | None]]:
    """For each exercise and check number tried: the function tried, and whether it passed (None: not attempted)."""
    return dict(_results)


def check(
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
    """Call `function(*args, **kwargs)` and compare with the exercise's answer.

    Args:
        function: the function to try; the exercise is found by its name.
        args, kwargs: its arguments. The function gets copies.
        label: the check's name in messages; the call itself if None.
        compare: "close", "exact", "moments" or "cost".
        rtol, atol: relative and absolute tolerance; atol=None means 1e-7 times
            the largest expected entry.
        quiet: NumPy's warnings of overflow, division by 0 and invalid values
            count as errors.
        fresh: the result must not share memory with an argument.

    Raises:
        CheckFailed: the result is not right yet; the message says why.
        NotAttempted: the function is still the lesson's placeholder.
        SetupError: the lesson has not begun, or does not know this check.
    """
    if compare not in COMPARISONS:
        raise SetupError(f"compare={compare!r} is not one of {', '.join(COMPARISONS)}.")
    mode = mode_of_run()
    if not callable(function) and mode == "practice":
        raise CheckFailed(f"{RED}✗{PLAIN} A function was expected, but this is {show(function)}.")
    names = bound_names(function, sys._getframe(1).f_globals)
    outcome = observe(function, args, kwargs, quiet=quiet, fresh=fresh)
    call = _call_text(names[0] if names else "function", args, kwargs)
    if mode == "evidence":
        emit(names, (args, kwargs), outcome, label, call, Settings(compare, rtol, atol))
    else:
        _practise(function, names, (args, kwargs), outcome, label or call)


def check_choice(name: str, choice: Any, options: str) -> None:
    """Compare the answer to a multiple-choice question.

    Args:
        name: the question's name.
        choice: the letter chosen, or "" for none yet.
        options: the valid letters, such as "abcd".

    Raises:
        CheckFailed: the choice is wrong; the message explains.
        NotAttempted: no letter was chosen.
    """
    letter = choice.strip().strip("().").lower() if isinstance(choice, str) else choice
    attempted = isinstance(letter, str) and letter
    outcome = Outcome(OutcomeKind.RETURNED, letter) if attempted else Outcome(OutcomeKind.UNATTEMPTED)
    if mode_of_run() == "evidence":
        emit([name], ((name,), {}), outcome, None, name, Settings("exact"))
        return
    problem = ""
    if choice is not None and not isinstance(choice, str):
        problem = f'Put the letter between quotes, as in {name} = "{options[0]}".'
    elif attempted and (len(letter) != 1 or letter not in options):
        problem = f"Choose one of the letters {', '.join(options)}, not {show(choice)}."
    if problem:
        raise CheckFailed(f"{RED}✗{PLAIN} {name}\n{problem}", name, problem)
    _practise(letter, [name], ((name,), {}), outcome, name)


def _call_text(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    parts = [_brief(arg) for arg in args] + [f"{key}={_brief(arg)}" for key, arg in kwargs.items()]
    return f"{name}({', '.join(parts)})"


def _brief(value: Any) -> str:
    """An argument, abbreviated."""
    if isinstance(value, np.ndarray):
        is_row = value.size == value.shape[-1] if value.ndim else True
        text = show(value.tolist(), 100) if is_row and value.size < 14 else ""  # more entries do not fit
        return text if 0 < len(text) <= 40 else f"array {value.shape}"
    if isinstance(value, np.random.Generator):
        return "rng"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: …" for key in value) + "}"
    if callable(value):
        return getattr(value, "__name__", "function")
    return show(value, 40)


def _find(names: list[str], arguments: Any, label: str) -> tuple[KeyExercise, int]:
    """The exercise with one of `names` and a check with these arguments, and the check's number."""
    if not _lessons:
        raise SetupError("The lesson has not begun. Run the first code cell, then this one again.")
    exercises = [key.exercises[name] for key in reversed(_lessons.values()) for name in names if name in key.exercises]
    for exercise in exercises:
        number = exercise.find(describe(arguments), label)
        if number is not None:
            return exercise, number
    if exercises:
        raise SetupError(
            f"The check {label} is not one of the lesson's: its inputs are different.\n"
            "Was the check cell changed, or run with other data? Restart the kernel and run all cells above it."
        )
    known = ", ".join(name for key in _lessons.values() for name in key.exercises)
    raise SetupError(f"No exercise is called {names[0] if names else 'that'}. The exercises are: {known}.")


def _practise(function: Any, names: list[str], arguments: Any, outcome: Outcome, label: str) -> None:
    exercise, number = _find(names, arguments, label)
    _refuse_stale(exercise.name)
    known = exercise.checks[number]
    _forget_others(exercise.name, function)
    seen = _seen(exercise, number)
    verdict = judge(known.expected, outcome, known.settings, known.misconceptions, known.lengths, seen)
    _outcomes[exercise.name, number] = outcome
    _results[exercise.name, number] = (function, None if verdict.kind == "unattempted" else verdict.passed)
    cells = followed_cells()
    if verdict.kind != "unattempted":
        _keep(exercise, function)
    if verdict.passed and cells is not None:
        cells.passed(exercise.name, label, exercise.reason)
    elif verdict.passed:
        print("\n".join(filter(None, [f"{GREEN}✓{PLAIN} {label}", exercise.reason.replace("`", "")])))
    if verdict.passed:
        return
    if not callable(function):
        verdict = replace(verdict, message=verdict.gist)  # explain the wrong choice without revealing the right one
    table = differences(known.expected.value, outcome.value, known.settings) if callable(function) else ""
    raise _failure(verdict, exercise, outcome, label, table, function)


def _keep(exercise: KeyExercise, answer: Any) -> None:
    """Keep for later whether an exercise passes, once that is known."""
    lesson = next((lesson for lesson, key in _lessons.items() if exercise is key.exercises.get(exercise.name)), "")
    known = [_results.get((exercise.name, number), (None, None))[1] for number in range(len(exercise.checks))]
    passes = all(known)
    if lesson not in _folders or not (passes or False in known):
        return
    keep(_folders[lesson], lesson, exercise.name, passes, answer_digest(exercise.name, answer))


def _seen(exercise: KeyExercise, number: int) -> list[Seen]:
    """The exercise's other checks that this version of the function was tried on."""
    tried = [n for name, n in _results if name == exercise.name and n != number]
    return [
        Seen(check.expected, _outcomes[exercise.name, n], check.settings, check.misconceptions)
        for n in tried
        if n < len(exercise.checks) and (exercise.name, n) in _outcomes
        for check in (exercise.checks[n],)
    ]


def same_function(function: Any, bound: Any) -> bool:
    """Whether two functions are identical, or the same source defined again."""
    code, other = getattr(function, "__code__", None), getattr(bound, "__code__", None)
    return function is bound or (code is not None and code == other and function.__defaults__ == bound.__defaults__)


def _forget_others(name: str, function: Any) -> None:
    """Drop the results of earlier versions of an exercise's function."""
    if callable(function):
        for key in [
            key for key, (tried, _) in _results.items() if key[0] == name and not same_function(tried, function)
        ]:
            del _results[key]


def _failing_prerequisites(exercise: KeyExercise, function: Any) -> list[str]:
    """The exercises that this function, one of several right ways, builds on and whose own checks fail."""
    failing = {name for (name, _), (_, passed) in _results.items() if passed is False} & names_used(function)
    return [name for name in exercise.uses if name in failing]


def _refuse_stale(name: str) -> None:
    """Raise CheckFailed if what stands in the notebook did not run: it is not what would be judged."""
    cells = followed_cells()
    reason = cells.why_stale(name) if cells is not None else ""
    if reason:
        for key in [key for key in _results if key[0] == name]:
            del _results[key]
        raise CheckFailed(f"{RED}✗{PLAIN} {name}\n{reason}", name, reason)


def _failure(
    verdict: Verdict, exercise: KeyExercise, outcome: Outcome, label: str, table: str, function: Any
) -> CourseError:
    name, shaky = exercise.name, _failing_prerequisites(exercise, function)
    if verdict.kind == "unattempted":
        said = f"{name}: not attempted yet.{_missing(name, outcome)}"
        return NotAttempted(f"○ {said}", said)
    note = ""
    if shaky:
        names = ", ".join(shaky)
        note = (
            f"\nBut first: {name} builds on {names}, and checks failed there when they were last run. Run them again."
        )
    message = verdict.message + note
    hint = name if exercise.hints else ""
    return CheckFailed(f"{RED}✗{PLAIN} {label}\n{message}", label, message, table, hint)


def _missing(name: str, outcome: Outcome) -> str:
    """A sentence that names the unwritten function, if it is another exercise's; else ""."""
    if outcome.where and outcome.where != name and outcome.where != "<lambda>":
        return f" It calls {outcome.where}, which is not written yet."
    return ""
