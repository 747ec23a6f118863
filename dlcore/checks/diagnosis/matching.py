"""Tell a match that proves something from an accident."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from dlcore.checks.compare import Settings, all_near, near

__all__ = ["LARGE", "calculable", "matches", "strict", "telling"]

LARGE = 200_000  # entries; larger arrays are not searched for what takes several passes
FINE = 8  # multiples of 1/8 up to SMALL meet by accident
SMALL = 16


@lru_cache(maxsize=1000)
def strict(settings: Settings) -> Settings:
    """The settings with a tolerance so small that a match is no accident."""
    atol = settings.atol if settings.atol is None else min(settings.atol, 1e-9)
    return replace(settings, rtol=min(settings.rtol, 1e-6), atol=atol)


def calculable(*arrays: np.ndarray) -> bool:
    """Whether there are some numbers, all finite, and not too many."""
    return all(
        0 < array.size <= LARGE and array.dtype.kind in "iuf" and bool(np.isfinite(array).all()) for array in arrays
    )


def matches(expected: np.ndarray, got: np.ndarray, settings: Settings) -> bool:
    """Whether two arrays of numbers agree in shape and, closely, in all entries."""
    if expected.shape != got.shape:
        return False
    return all_near(expected, got, strict(settings))


def telling(made: np.ndarray, want: np.ndarray, settings: Settings) -> bool:
    """Whether it is no accident that a changed `want` looks like `made`: enough of it differs from `want`.

    Numbers such as 0, 1, 0.5 or 3 meet by accident; it takes several of them.
    """
    if made.shape != want.shape:
        differing, changed = made.ravel(), made.size
    else:
        mask = np.logical_not(near(want, made, settings))
        differing, changed = max(made[mask], want[mask], key=lambda part: np.unique(part).size), int(mask.sum())
    if changed == 0:
        return False
    distinct = np.unique(np.round(differing.astype(float), 9))
    if _simple(distinct) or (made.shape == want.shape and _simple(want)):
        several = np.unique(made).size > 1 or np.unique(want).size > 1
        return distinct.size >= 4 or (changed >= 6 and several)
    return distinct.size >= 2 or made.size == 1


def _simple(numbers: np.ndarray) -> bool:
    scaled = numbers.astype(float) * FINE
    return bool(np.all(np.abs(numbers) <= SMALL) and np.all(scaled == np.round(scaled)))
