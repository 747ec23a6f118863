"""Statistics of a test's items: facility, discrimination and reliability, and what they say in words.

Scores are an array of students by exercises, as shares of each exercise's points between 0 and 1, with
NaN where an exercise is not graded (yet). The definitions are those of classical test theory; see
R. L. Ebel and D. A. Frisbie, Essentials of Educational Measurement (1991), for the indices and how to
read them, and L. J. Cronbach, Coefficient alpha and the internal structure of tests (1951).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["FEW", "LEAST", "Item", "alpha", "alpha_of_variances", "items", "reliability"]

GROUP = 0.27  # the share of students in the upper and in the lower group
FEW = 10  # students below which discrimination and reliability are accidental
LEAST = 5  # students below which one of them is enough to make an exercise look broken
UNKNOWN = 0.1  # a larger share of results that are not known yet may be what all else depends on
EASY, HARD, WEAK, BACKWARDS = 0.95, 0.2, 0.2, -0.1


@dataclass
class Item:
    """One exercise as an item of a test.

    Attributes:
        facility: the mean share of its points; None if it is not graded.
        correlation: of its share with the points of all other exercises (point-biserial where an
            exercise is right or wrong); None if either does not vary, or for too few students.
        difference: its facility in the upper 27 % of students by all other points, minus that in the
            lower 27 %.
        alpha_without: Cronbach's alpha of the other exercises.
        graded: the number of students whose result is known.
        unknown: the number of the others, whose answers wait for marks.
    """

    name: str
    facility: float | None
    correlation: float | None
    difference: float | None
    alpha_without: float | None
    graded: int
    unknown: int = 0

    def remark(self, whole: float | None) -> str:
        """What looks wrong with the exercise, or ""; `whole` is the alpha of all exercises."""
        # Blank answers are known before any is marked, and would make every written question look broken.
        if self.facility is None or self.graded < LEAST or self.unknown > UNKNOWN * (self.graded + self.unknown):
            return ""
        if self.correlation is not None and self.correlation < BACKWARDS:
            return "Those who are good at the rest fail here: look at what they wrote, the checks may be broken."
        if self.facility < HARD:
            return "Hardly anybody passes: is it asked clearly, and are the checks right?"
        if self.facility > EASY:
            return ""  # what all pass tells nobody apart, and need not
        if self.correlation is not None and self.correlation < WEAK:
            return "Passing it has little to do with the rest: is it about something else, or guessed?"
        if whole is not None and self.alpha_without is not None and self.alpha_without > whole + 0.02:
            return "The others agree better without it."
        return ""


def items(names: Sequence[str], shares: np.ndarray, points: np.ndarray) -> list[Item]:
    """The exercises as items.

    Args:
        names: of the exercises, n of them.
        shares: the shares of their points, shape (students, n), NaN where not graded.
        points: of the exercises, shape (n,).
    """
    found = []
    for place, name in enumerate(names):
        column = shares[:, place]
        known = ~np.isnan(column)
        others = np.delete(shares, place, axis=1)
        rest = np.nan_to_num(others) @ np.delete(points, place)
        enough = known.sum() >= FEW
        found.append(
            Item(
                name,
                float(column[known].mean()) if known.any() else None,
                _correlation(column[known], rest[known]) if enough else None,
                _difference(column[known], rest[known]) if enough else None,
                alpha(others * np.delete(points, place)) if enough else None,
                int(known.sum()),
                int((~known).sum()),
            )
        )
    return found


def _correlation(values: np.ndarray, rest: np.ndarray) -> float | None:
    if len(values) < 2 or np.ptp(values) == 0 or np.ptp(rest) == 0:
        return None
    return float(np.corrcoef(values, rest)[0, 1])


def _difference(values: np.ndarray, rest: np.ndarray) -> float:
    """The facility of the upper group minus that of the lower; students with equal points share a border's places."""
    size = max(1, round(GROUP * len(values)))
    order = np.argsort(rest, kind="stable")
    return float(_group_mean(values, rest, order[::-1], size) - _group_mean(values, rest, order, size))


def _group_mean(values: np.ndarray, rest: np.ndarray, order: np.ndarray, size: int) -> float:
    border = rest[order[size - 1]]
    inner = order[:size][rest[order[:size]] != border]
    tied = rest == border
    return float((values[inner].sum() + (size - len(inner)) * values[tied].mean()) / size)


def alpha(scores: np.ndarray) -> float | None:
    """Cronbach's alpha of scores, shape (students, items), of the students whose results are all known.

    None for fewer than two items or students, or if all have the same score.
    """
    complete = scores[~np.isnan(scores).any(axis=1)]
    if len(complete) < 2 or complete.shape[1] < 2:
        return None
    whole = float(complete.sum(axis=1).var(ddof=1))
    return alpha_of_variances(complete.var(axis=0, ddof=1), whole) if whole > 0 else None


def reliability(scores: np.ndarray) -> float | None:
    """Cronbach's alpha where it says something: None for fewer than ten students whose results are all known."""
    complete = int((~np.isnan(scores).any(axis=1)).sum())
    return alpha(scores) if complete >= FEW else None


def alpha_of_variances(single: np.ndarray, whole: float) -> float:
    """Cronbach's alpha from the items' variances and that of their sum."""
    count = len(single)
    return float(count / (count - 1) * (1 - np.sum(single) / whole))
