"""Week 5: averages that forget, and the noise of mini-batches under a falling learning rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import ArrayLike

from dlcore.live import Panel
from dlcore.widgets.optimizers.batch_and_decay import BatchAndDecay
from dlcore.widgets.optimizers.moving_average import MovingAverage

__all__ = ["batch_and_decay", "moving_average"]


def moving_average(ewa: Callable[[Any, float, bool], ArrayLike]) -> Panel:
    """Return a panel that shows an exponentially weighted average and what it is made of.

    Left, a noisy series of 100 values and its average; right, with which weight
    each value counts for the average at one step.

    Args:
        ewa: your function (values, beta, bias_correction) → averages. It is
            called some hundred times on every move of a slider: once with the
            series, and once for each value to find its weight.
    """
    return MovingAverage(ewa).panel


def batch_and_decay(
    random_mini_batches: Callable[..., Any], sgd_step: Callable[..., Any], decayed_rate: Callable[..., float]
) -> Panel:
    """Return a panel in which a line is fitted with mini-batches and a falling learning rate.

    Left, the path over the contours of the cost; right, the learning rate and
    the cost above its minimum, epoch by epoch.

    Args:
        random_mini_batches: your function (X, Y, size, rng) → pairs; called once for each epoch.
        sgd_step: your function (parameters, grads, state, learning_rate) →
            parameters, state; called once for each mini-batch.
        decayed_rate: your function (alpha0, epoch, schedule, …) → learning rate.
    """
    return BatchAndDecay(random_mini_batches, sgd_step, decayed_rate).panel
