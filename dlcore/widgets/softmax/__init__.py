"""Week 6: four scores that share a hundred per cent, and two ways to search for good settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dlcore.arrays import Floats, Ints
from dlcore.live import Panel
from dlcore.widgets.softmax.grid_and_random import GridAndRandom
from dlcore.widgets.softmax.softmax_bars import SoftmaxBars

__all__ = ["grid_and_random", "softmax_bars"]


def softmax_bars(
    softmax: Callable[[Floats], ArrayLike],
    cross_entropy: Callable[[Floats, Ints], float],
    softmax_gradient: Callable[[Floats, Ints], ArrayLike],
) -> Panel:
    """Return a panel with the scores, probabilities and gradient of one example of four classes.

    Left, the scores; in the middle, what softmax makes of them at a
    temperature T; right, where gradient descent pushes each score.

    Args:
        softmax: your function; it gets the scores divided by T, shape (4, 1).
        cross_entropy, softmax_gradient: your functions of such scores and a
            label, shape (1,).
    """
    return SoftmaxBars(softmax, cross_entropy, softmax_gradient).panel


def grid_and_random(
    random_search: Callable[..., Any],
    sample_log_uniform: Callable[[float, float, int, np.random.Generator], ArrayLike],
) -> Panel:
    """Return a panel in which a grid and a random search look for the same lowest point.

    Left, the map of a made-up dev error over two settings, with the trials of
    both searches; right, what the two found on each of 60 such maps.

    Args:
        random_search: your function; it gets an objective, a space of two
            settings, the number of trials and a generator.
        sample_log_uniform: your sampler; it stands in that space.
    """
    return GridAndRandom(random_search, sample_log_uniform).panel
