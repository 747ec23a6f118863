"""Judge a student's outcome against the reference's.

`judge` compares the two outcomes. If they differ, it looks for a misconception with
the student's outcome, and otherwise makes a diagnosis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from dlcore.checks.compare import Settings, agree
from dlcore.checks.diagnosis import Diagnosis, diagnose, difference, show
from dlcore.checks.evidence import Outcome, OutcomeKind
from dlcore.checks.hints import Hint, explain_error

__all__ = ["Misconception", "Seen", "Verdict", "judge", "passes"]


NAMED_ERRORS = ("TypeError", "ValueError", "IndexError", "KeyError", "NameError", "AttributeError")


@dataclass(frozen=True)
class Misconception:
    """A typical wrong solution, and its outcome in one check."""

    name: str
    hint: str
    outcome: Outcome


class Seen(NamedTuple):
    """Another check of the same exercise and what the student's function did there."""

    expected: Outcome
    got: Outcome
    settings: Settings
    misconceptions: Sequence[Misconception]


@dataclass(frozen=True)
class Verdict:
    """Whether a check passed and, if not, why.

    Attributes:
        passed: whether the outcome agrees with the reference's.
        kind: "passed", "unattempted", "misconception", or the kind of a diagnosis.
        gist: one sentence that reveals no numbers.
        message: the same with helpful numbers.
        misconception: the name of the matching misconception, or "".
    """

    passed: bool
    kind: str
    gist: str = ""
    message: str = ""
    misconception: str = ""


def passes(expected: Outcome, got: Outcome, settings: Settings) -> bool:
    """Whether `got` agrees with `expected`, side effects included."""
    if got is expected and not settings.costs:
        return got.kind != OutcomeKind.FOREIGN
    if got.kind != expected.kind or got.kind == OutcomeKind.FOREIGN:
        return False
    if not set(got.changed) <= set(expected.changed) or not set(got.shared) <= set(expected.shared):
        return False
    if settings.compare == "moments" and _undrawn(expected, got):
        return False
    if got.kind == OutcomeKind.RAISED:
        return got.error == expected.error
    return got.kind == OutcomeKind.UNATTEMPTED or agree(expected.value, got.value, settings)


def _undrawn(expected: Outcome, got: Outcome) -> list[str]:
    """The generators that the reference used and the student's function did not."""
    return sorted(set(got.undrawn) - set(expected.undrawn))


def _does_the_same(wrong: Outcome, got: Outcome, settings: Settings) -> bool:
    """Whether a misconception's outcome equals the student's."""
    if got.kind != wrong.kind or (got.changed, got.shared, got.undrawn) != (wrong.changed, wrong.shared, wrong.undrawn):
        return False
    if got.kind == OutcomeKind.RETURNED:
        return agree(wrong.value, got.value, _strict(settings))
    return (got.error, got.text) == (wrong.error, wrong.text) and _fail_alike(wrong.failed, got.failed)


@lru_cache(maxsize=1000)
def _strict(settings: Settings) -> Settings:
    """The settings to tell misconceptions apart by."""
    return replace(settings, rtol=min(settings.rtol, 1e-6), costs=())


def _fail_alike(wrong: str, got: str) -> bool:
    """Whether two failed operations may be the same: equal operands, or none in common, which means other names."""
    first, second = set(wrong.split()), set(got.split())
    return first == second or not first & second


def judge(
    expected: Outcome,
    got: Outcome,
    settings: Settings,
    misconceptions: Sequence[Misconception] = (),
    lengths: Sequence[int] = (),
    seen: Sequence[Seen] = (),
    *,
    hint_alone: bool = False,
    diagnosed: bool = True,
) -> Verdict:
    """The verdict on one check.

    Args:
        expected: the reference's outcome.
        got: the student's.
        settings: the comparison and its tolerances.
        misconceptions: the exercise's misconceptions, with their outcomes in this check.
        lengths: lengths of the arguments' axes, to explain a factor by.
        seen: other checks of the exercise, to choose between misconceptions by.
        hint_alone: whether a misconception's hint is all that will be shown, so that nothing else is looked for.
        diagnosed: whether to look for the cause of a wrong value that is no misconception's.

    Returns:
        The verdict, with a misconception of equal outcome, or else with a diagnosis. Of
        several misconceptions it is the one that does the same as the student's function
        in most of the other checks, or the first of these.
    """
    try:
        return _judge(expected, got, settings, misconceptions, lengths, seen, hint_alone, diagnosed)
    except Exception:  # noqa: BLE001 (a value that was not thought of may cost its own check, and nothing else)
        gist = "The result cannot be compared with the right one. Return numbers of ordinary size, or arrays of them."
        return Verdict(False, "incomparable", gist, gist)


def _judge(
    expected: Outcome,
    got: Outcome,
    settings: Settings,
    misconceptions: Sequence[Misconception],
    lengths: Sequence[int],
    seen: Sequence[Seen] = (),
    hint_alone: bool = False,
    diagnosed: bool = True,
) -> Verdict:
    if passes(expected, got, settings):
        return Verdict(True, "passed")
    if got.kind == OutcomeKind.UNATTEMPTED:
        return Verdict(False, "unattempted", "Not attempted yet.", "Not attempted yet.")
    fitting = [
        wrong
        for wrong in misconceptions
        if wrong.outcome is not expected
        and _does_the_same(wrong.outcome, got, settings)
        and not passes(expected, wrong.outcome, settings)
    ]
    best = fitting[0] if len(fitting) == 1 else max(fitting, key=lambda item: _alike(item.name, seen), default=None)
    if best is not None and hint_alone:
        return Verdict(False, "misconception", best.hint, best.hint, best.name)
    if best is not None:
        return Verdict(False, "misconception", best.hint, f"{best.hint}\n{_facts(expected, got, settings)}", best.name)
    if not diagnosed and _values_differ(expected, got, settings):
        return Verdict(False, "values", "The result is not right.", difference(expected.value, got.value, settings))
    found = _explain(expected, got, settings, lengths)
    return Verdict(False, found.kind, found.gist, found.detail)


def _alike(name: str, seen: Sequence[Seen]) -> int:
    """The number of checks in which this misconception does the same as the student's function."""
    count = 0
    for check in seen:
        wrong = next((item.outcome for item in check.misconceptions if item.name == name), None)
        if wrong is not None:
            right = passes(check.expected, check.got, check.settings)
            count += (
                passes(check.expected, wrong, check.settings)
                if right
                else _does_the_same(wrong, check.got, check.settings)
            )
    return count


def _values_differ(expected: Outcome, got: Outcome, settings: Settings) -> bool:
    """Whether both returned something, and not the same; where choices have costs, several may be right."""
    both = expected.kind == got.kind == OutcomeKind.RETURNED
    return both and not settings.costs and not agree(expected.value, got.value, settings)


def _facts(expected: Outcome, got: Outcome, settings: Settings) -> str:
    """What came and what was expected, for a mistake whose cause a misconception's hint gives."""
    if _values_differ(expected, got, settings):
        return difference(expected.value, got.value, settings)
    detail = _explain(expected, got, settings, ()).detail
    return detail.removesuffix(explain_error(got.error, got.text).detail).rstrip()


def _explain(expected: Outcome, got: Outcome, settings: Settings, lengths: Sequence[int]) -> Diagnosis:
    if got.kind == OutcomeKind.RAISED:
        return _explain_error(expected, got)
    if expected.kind == OutcomeKind.RAISED:
        gist = f"It should raise {expected.error} here, but it returned something."
        return Diagnosis("no-error", gist, f"It should raise {expected.error} here, but it returned {show(got.value)}.")
    if got.kind == OutcomeKind.FOREIGN:
        gist = "It returned something that is neither numbers nor texts, so it cannot be compared."
        return Diagnosis("type", gist, got.text)
    if settings.costs and not agree(expected.value, got.value, settings):
        return _explain_cost(got.value, settings)
    idle = " and ".join(f"`{name}`" for name in _undrawn(expected, got))
    undrawn = f"Your function never drew from {idle}, the generator that it was given: it is as it was before."
    if not agree(expected.value, got.value, settings):
        found = diagnose(expected.value, got.value, settings, lengths)
        return found._replace(detail=f"{found.detail}\n{undrawn}") if idle else found
    changed = sorted(set(got.changed) - set(expected.changed))
    if changed:
        gist = "The result is right, but the call changed one of its arguments. Work on a copy instead."
        return Diagnosis("changed", gist, gist.replace("one of its arguments", f"its {_names(changed)}"))
    shared = sorted(set(got.shared) - set(expected.shared))
    if shared:
        gist = "The result shares its memory with an argument: changing one changes the other. Copy it."
        return Diagnosis("shared", gist, gist.replace("an argument", f"the {_names(shared)}"))
    gist = (
        "The function never drew from the random generator that it was given, so its caller cannot repeat what it does."
    )
    return Diagnosis("undrawn", gist, f"{undrawn} So its caller cannot repeat what it does.")


def _explain_cost(choice: Any, settings: Settings) -> Diagnosis:
    """Why a choice does not pass: it is none of those there are, or costs too much."""
    known = dict(settings.costs)
    if not isinstance(choice, str) or choice not in known:
        gist = "It returned something that is none of the choices."
        return Diagnosis("choice", gist, f"{show(choice)} is none of the choices: {', '.join(known)}.")
    gist = "Another choice would have been much better here."
    best = min(known.values())
    detail = f"{choice!r} comes to {known[choice]:.3g}, the best choice to {best:.3g}. "
    return Diagnosis("cost", gist, f"{detail}Up to {best + (settings.atol or 0):.3g} would pass.")


def _names(names: Sequence[str]) -> str:
    return ("argument " if len(names) == 1 else "arguments ") + " and ".join(f"`{name}`" for name in names)


def _explain_error(expected: Outcome, got: Outcome) -> Diagnosis:
    line, _, facts = got.where.partition("\n")
    place = (f"\n({line})" if line else "") + (f"\n{facts}" if facts else "")
    hint = explain_error(got.error, got.text)
    if got.error == "FloatingPointError":
        gist = "NumPy warns of an overflow, a division by 0 or an invalid value on the way."
        return Diagnosis("floating-point", gist, _lines(f"NumPy warns on the way: {got.text}.{place}", hint))
    instead = f", not {expected.error}" if expected.kind == OutcomeKind.RAISED else ""
    # The gist tells of hidden inputs, and a student's function chooses what it raises: few names, and no message.
    gist = f"It raised {got.error if got.error in NAMED_ERRORS else 'an error'}{instead}."
    detail = f"It raised {got.error}{instead}{f': {got.text}' if got.text else '.'}{place}"
    return Diagnosis("raised", gist, _lines(detail, hint))


def _lines(detail: str, hint: Hint) -> str:
    return f"{detail}\n{hint.detail}".rstrip()
