"""Find the pairs of students whose solutions are more alike than those of their class.

Two solutions of one exercise are as alike as the share of their fragments that they have
in common, each weighted by how rare it is in the class. How unusual that is, all other
pairs of the class say: a pair among the 1 % most alike counts ln 100. These numbers are
added over the exercises, so one wrong idea that two students share weighs little, and the
same unusual way in eight of ten exercises weighs much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

__all__ = ["AlikePair", "alike_pairs"]

FRAGMENT = 12  # characters of a solution in normal form
CERTAIN = 1e-9
TIE = 1e-6
STEP = 0.02  # of the grid on which surprises are added


@dataclass
class AlikePair:
    """Two students, and how alike they are.

    Attributes:
        surprise: the sum over the exercises of -ln(share of pairs that are at least as alike).
        by_chance: how many pairs at least as alike a class of this size would have by chance, if each
            exercise were solved independently of the others.
        exercises: for each exercise that both solved, the share of pairs that are at least as alike.
    """

    first: str
    second: str
    surprise: float
    by_chance: float
    exercises: dict[str, float] = field(default_factory=dict)


def alike_pairs(solutions: Mapping[str, Mapping[str, str]], most: int) -> list[AlikePair]:
    """The `most` pairs that are most alike, the most surprising first.

    Args:
        solutions: for each student, by exercise, the solution in normal form. What was not
            attempted is missing.
        most: how many pairs.
    """
    students = list(solutions)
    first, second = np.triu_indices(len(students), 1)
    surprise = np.zeros(len(first))
    rarities: dict[str, np.ndarray] = {}
    for exercise in dict.fromkeys(name for work in solutions.values() for name in work):
        rarity = _rarity([solutions[student].get(exercise) for student in students], first, second)
        surprise -= np.log(np.nan_to_num(rarity, nan=1.0))
        rarities[exercise] = rarity
    chance = _Chance(rarities)
    pairs = []
    for place in np.argsort(-surprise, kind="stable")[:most]:
        known = {name: float(rarity[place]) for name, rarity in rarities.items() if np.isfinite(rarity[place])}
        if known:
            found = float(surprise[place])
            by_chance = len(first) * chance.tail(tuple(known), found)
            pairs.append(AlikePair(students[first[place]], students[second[place]], found, by_chance, known))
    return pairs


def _rarity(texts: Sequence[str | None], first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """For each pair the share of pairs that are at least as alike in one exercise; NaN where one did not solve it."""
    different = list(dict.fromkeys(text for text in texts if text is not None))
    rarity = np.full(len(first), np.nan)
    if not different:
        return rarity
    place_of = {text: place for place, text in enumerate(different)}
    which = np.array([-1 if text is None else place_of[text] for text in texts])
    both = (which[first] >= 0) & (which[second] >= 0)
    alike = _likeness(different, np.bincount(which[which >= 0], minlength=len(different)))
    found = alike[which[first[both]], which[second[both]]]
    ordered = np.sort(found)
    rarity[both] = (len(found) - np.searchsorted(ordered, found - TIE)) / max(len(found), 1)
    return rarity


def _likeness(texts: Sequence[str], counts: np.ndarray) -> np.ndarray:
    """How alike any two texts are, between 0 and 1; `counts` says how many students wrote each."""
    numbers: dict[str, int] = {}
    rows = [sorted({numbers.setdefault(fragment, len(numbers)) for fragment in _fragments(text)}) for text in texts]
    holds = np.zeros((len(texts), len(numbers)), np.float32)
    for place, row in enumerate(rows):
        holds[place, row] = 1
    weights = np.log((counts.sum() + 1) / (counts.astype(np.float32) @ holds)).astype(np.float32)
    shared = (holds * weights) @ holds.T
    own = np.diag(shared)
    return np.asarray(shared / np.maximum(own[:, None] + own[None, :] - shared, CERTAIN))


def _fragments(text: str) -> list[str]:
    return [text[start : start + FRAGMENT] for start in range(max(1, len(text) - FRAGMENT + 1))]


class _Chance:
    """How probable a sum of surprises is if each exercise is as alike as in a pair drawn at random.

    The distribution of the sum is the convolution of what the class shows in each exercise.
    """

    def __init__(self, rarities: Mapping[str, np.ndarray]):
        self._single = {
            name: np.bincount(np.rint(-np.log(known) / STEP).astype(int)) / len(known)
            for name, rarity in rarities.items()
            if len(known := rarity[np.isfinite(rarity)])
        }
        self._sums: dict[tuple[str, ...], np.ndarray] = {}

    def tail(self, exercises: tuple[str, ...], surprise: float) -> float:
        """The probability that these exercises together surprise at least as much."""
        if exercises not in self._sums:
            chances = np.ones(1)
            for name in exercises:
                chances = np.convolve(chances, self._single[name])
            self._sums[exercises] = np.cumsum(chances[::-1])[::-1]
        tails = self._sums[exercises]
        return float(tails[min(max(0, round(surprise / STEP) - len(exercises)), len(tails) - 1)])
