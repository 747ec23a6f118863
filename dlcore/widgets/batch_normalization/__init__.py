"""Week 6: a batch on its way through batch normalisation, and a race with and without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlcore.live import Panel
from dlcore.widgets.batch_normalization.normalization_race import NormalizationRace
from dlcore.widgets.batch_normalization.normalized_batch import NormalizedBatch

__all__ = ["normalization_race", "normalized_batch"]


def normalization_race(batchnorm_forward: Callable[..., Any], batchnorm_backward: Callable[..., Any]) -> Panel:
    """Return a panel in which a plain and a normalised network learn two spirals from the same weights.

    Left and in the middle, what the two make of the plane after 200 steps;
    right, their costs. The rate falls steadily to 0. Each setting is trained once;
    the picture shows how far both are.

    Args:
        batchnorm_forward: your function, (Z, gamma, beta, running, momentum,
            training, eps) to (out, cache, running).
        batchnorm_backward: your function, (dout, cache) to (dZ, dgamma, dbeta).
            Both are called once a hidden layer and step.
    """
    return NormalizationRace(batchnorm_forward, batchnorm_backward).panel


def normalized_batch(batchnorm_forward: Callable[..., Any]) -> Panel:
    """Return a panel that sends batches of one unit's scores through batch normalisation.

    Left, each example's score and what becomes of it; right, the running
    statistics. The star is one example that is in every batch.

    Args:
        batchnorm_forward: your function, (Z, gamma, beta, running, momentum,
            training, eps) to (out, cache, running). It is called for every
            batch, and on every move of a slider.
    """
    return NormalizedBatch(batchnorm_forward).panel
