"""Week 4: what penalties and dropout do to a boundary, and to a single weight."""

from __future__ import annotations

from collections.abc import Callable

from numpy.typing import ArrayLike

from dlcore.arrays import Floats
from dlcore.live import Panel
from dlcore.widgets.regularization.regularized_boundary import RegularizedBoundary
from dlcore.widgets.regularization.shrinkage import Shrinkage

__all__ = ["regularized_boundary", "shrinkage"]


def regularized_boundary(
    fit: Callable[[float, float], Callable[[Floats], ArrayLike]],
    X: Floats,
    Y: ArrayLike,
    X_dev: Floats,
    Y_dev: ArrayLike,
    with_dropout: bool = True,
) -> Panel:
    """Return a panel in which a network is trained with a penalty λ and with dropout.

    Left, the plane of two features with the boundary that was learned; right,
    training and dev error of all settings that were tried, against λ.

    Args:
        fit: called as fit(λ, keep_prob) once for each setting; trains a network
            and returns a function from examples, (2, k), to probabilities of
            class 1, (1, k).
        X, Y: the training set, shapes (2, m) and (1, m).
        X_dev, Y_dev: the dev set, in the same form.
        with_dropout: whether there is a slider for keep_prob; else it is 1.
    """
    return RegularizedBoundary(fit, X, Y, X_dev, Y_dev, with_dropout).panel


def shrinkage(
    l2_cost: Callable[[dict[str, Floats], float, int], float],
    l1_cost: Callable[[dict[str, Floats], float, int], float],
) -> Panel:
    """Return a panel that shows what L2 and L1 leave of a weight.

    The data alone would cost ½·h·(w − w*)². Left, this bowl, the L2 penalty of
    the weight and their sum; in the middle the same for L1; right, where the
    sum is lowest, for every w*.

    Args:
        l2_cost, l1_cost: your functions (parameters, lambd, m) → penalty. Each
            is called some 500 times on every move of a slider, with one weight
            and m = 10.
    """
    return Shrinkage(l2_cost, l1_cost).panel
