"""Diagnose which entries of an array are wrong, if some are right."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dlcore.checks.compare import Settings, near
from dlcore.checks.diagnosis.matching import calculable, strict
from dlcore.checks.diagnosis.words import Diagnosis, axes_text, first_difference

__all__ = ["ENTRY_LOOKS"]

Wrong = np.ndarray  # for each entry whether it is wrong


def _some_entries(want: np.ndarray, have: np.ndarray, settings: Settings, lengths: Sequence[int]) -> Diagnosis | None:
    if want.ndim == 0 or settings.compare == "moments":
        return None
    wrong: np.ndarray = np.logical_not(near(want, have, settings))
    if wrong.all() or not wrong.any():
        return None
    detail = first_difference(want, have, wrong)
    kind, gist, more = "some-entries", "Some entries are right and some are not.", ""
    if want.dtype.kind in "biuf" and have.dtype.kind in "biuf" and want.size > 2:
        for look in (_small_number,) if _nearly(want, have, wrong) else (_which, _what):
            kind_found, words, place = look(want, have, wrong, settings)
            if words:
                kind = kind_found
                gist, more = f"{gist} {words}" if more else words, f"{more} {words} {place}".strip()
    return Diagnosis(kind, gist, f"{detail} {more}".rstrip())


NOTHING = ("", "", "")


def _nearly(want: np.ndarray, have: np.ndarray, wrong: Wrong) -> bool:
    """Whether all wrong entries are within a hundredth of what they should be, so that their place says little."""
    if not calculable(want[wrong], have[wrong]):
        return False
    right, got = want[wrong].astype(float), have[wrong].astype(float)
    return bool((np.abs(got - right) <= 0.01 * np.abs(right)).all() and right.all())


def _small_number(want: np.ndarray, have: np.ndarray, wrong: Wrong, settings: Settings) -> tuple[str, str, str]:
    words = "The wrong entries are nearly right: is a small number, such as ε, another one or in another place?"
    return "nearly", words, ""


def _which(want: np.ndarray, have: np.ndarray, wrong: Wrong, settings: Settings) -> tuple[str, str, str]:
    """What the wrong entries have in common: their place, or their sign."""
    for axis in range(want.ndim) if want.size > 3 else ():
        lines = np.asarray(wrong.any(axis=tuple(i for i in range(want.ndim) if i != axis)))
        n, bad = lines.size, np.flatnonzero(lines)
        place = f"That is along {axes_text([axis], want.ndim)}."
        if n > 1 and lines.sum() == 1 and bad[0] == n - 1:
            return "place", "Only the last row, column or entry is wrong: does a loop or slice stop too early?", place
        if n > 2 and lines.sum() == 1 and bad[0] == 0:
            return "place", "Only the first row, column or entry is wrong: does a loop or slice begin too late?", place
        if n > 2 and lines.sum() == n - 1 and not lines[0] and _stops(want, have, axis):
            words = "Only the first row, column or entry is filled, the others never are."
            return "place", f"{words} Does the function return in a loop, or an index stay where it is?", place
        if n > 3 and lines.sum() == 1 < wrong.sum():
            return "place", "All wrong entries are in one row, column or channel.", f"{place} It is number {bad[0]}."
    if want.ndim == 2 and want.shape[0] == want.shape[1] > 2:
        diagonal = np.eye(len(want), dtype=bool)
        if not wrong[~diagonal].any():
            return "place", "Only entries on the diagonal are wrong.", ""
        if not wrong[diagonal].any() and wrong[~diagonal].mean() > 0.7:
            return "place", "Only the diagonal is right.", ""
    if want.ndim == 4 and min(want.shape[1:3]) > 2 and not wrong[:, 1:-1, 1:-1].any():
        return "place", "Only entries at the border are wrong: is it the padding?", ""
    return _signs(want, wrong)


def _stops(want: np.ndarray, have: np.ndarray, axis: int) -> bool:
    """Whether only the first line along an axis is filled."""
    rest = np.take(have, range(1, have.shape[axis]), axis)
    return bool(np.any(np.take(want, 0, axis)) and rest.min() == rest.max())


def _signs(want: np.ndarray, wrong: Wrong) -> tuple[str, str, str]:
    if want.dtype.kind == "b" or (wrong.sum() < 2 and not (want[wrong] == 0).all()):
        return NOTHING
    for name, other, mask in (
        ("negative", "the others", want < 0),
        ("positive", "the others", want > 0),
        ("0", "the others", want == 0),
    ):
        if np.array_equal(wrong, mask):
            return "sign", f"Exactly those are wrong that should be {name}; {other} are right.", ""
    return NOTHING


def _what(want: np.ndarray, have: np.ndarray, wrong: Wrong, settings: Settings) -> tuple[str, str, str]:
    """What the wrong entries are."""
    if not calculable(want[wrong], have[wrong]):
        return NOTHING
    right, got = want[wrong].astype(float), have[wrong].astype(float)
    if not got.any() and right.all() and (have[~wrong] != 0).any():
        return "unset", "The wrong ones are 0 in yours: they are never set, or set to 0 again.", ""
    if not right.any() and (want[~wrong] != 0).any():
        return "leftover", "The wrong ones should be 0: something is added or kept there that should not be.", ""
    if right.size < 2:
        return NOTHING
    tests: tuple[tuple[str, str, Callable[[], np.ndarray]], ...] = (
        ("negated", "The wrong ones have the wrong sign.", lambda: -right),
        ("square", "The wrong ones are the squares of the right ones.", lambda: right**2),
        ("factor", "The wrong ones are all off by the same factor", lambda: right * (got[0] / right[0])),
        ("shifted", "The wrong ones are all off by the same amount", lambda: right + (got[0] - right[0])),
    )
    for kind, words, make in tests:
        with np.errstate(all="ignore"):
            made = make()
        if np.isfinite(made).all() and near(made, got, strict(settings)).all() and np.ptp(np.abs(right)) > 0:
            number = {"factor": f"The factor is {got[0] / right[0]:.6g}." if right[0] else ""}
            number["shifted"] = f"The amount is {got[0] - right[0]:.6g}."
            return kind, words.rstrip(".") + ".", number.get(kind, "")
    return NOTHING


ENTRY_LOOKS = (_some_entries,)
