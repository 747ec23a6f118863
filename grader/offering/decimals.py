"""Other decimals of the same kind: as large, of the same sign, equal where they were equal, in the same order."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

__all__ = ["other_numbers"]

SPREAD = 0.3  # how far a number moves, relative to its distance from 0 or 1, whichever is nearer
GRID = 64  # a number that float32 holds exactly stays one: a multiple of 1/64
EXACT_BELOW = 1e4
TINY, LARGE = 1e-3, 100  # beyond these, numbers get more extreme only
TRIES = 100


def other_numbers(known: Iterable[float], rng: np.random.Generator) -> dict[float, float]:
    """For each positive number another one; the order of all stays, and 0 and 1 stay as they are.

    What lies between 0 and 1 stays there, so that probabilities, rates and fractions remain such.

    >>> other_numbers([0.5, 1.0, 30.0], np.random.default_rng(0))
    {0.5: 0.546875, 1.0: 1.0, 30.0: 22.015625}
    """
    ordered = sorted(set(known))
    spread = SPREAD
    for _ in range(TRIES):
        found = [_other(number, rng.uniform(-spread, spread)) for number in ordered]
        if all(small < large for small, large in pairwise(found)):
            return dict(zip(ordered, found, strict=True))
        spread *= 0.9
    return {number: number for number in ordered}


def _other(number: float, move: float) -> float:
    """A number moved by a share of its distance from 0 or 1."""
    if number in (0.0, 1.0) or not np.isfinite(number):
        return number
    if number > 1:
        moved = 1 + (number - 1) * (1 + (abs(move) if number >= LARGE else move))
    elif number < TINY:
        moved = number * (1 - abs(move))
    elif 1 - number < TINY:
        return 1 - float(f"{(1 - number) * (1 - abs(move)):.3g}")
    else:
        moved = number + min(number, 1 - number) * move
    if number < EXACT_BELOW and (number * GRID).is_integer():
        on_grid = round(moved * GRID) / GRID
        return on_grid if on_grid not in (0.0, 1.0) else number
    return float(f"{moved:.4g}")
