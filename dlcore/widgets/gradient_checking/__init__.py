"""Week 4: how wrong a measured slope is, and what a planted bug does to a gradient check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dlcore.arrays import Floats
from dlcore.live import Panel
from dlcore.widgets.gradient_checking.gradient_error import GradientError
from dlcore.widgets.gradient_checking.plant_a_bug import PlantABug

__all__ = ["gradient_error", "plant_a_bug"]


def gradient_error(
    one_sided_difference: Callable[[Callable[[Any], Any], float, float], float],
    numerical_gradient: Callable[[Callable[[Any], Any], Any, float], Any],
) -> Panel:
    """Return a panel that measures a slope with steps of all sizes.

    Left, the function near the point, its tangent and the two chords; right,
    the errors of both measurements against the step ε, with the present step
    marked. In 32-bit floats, the point and the values of the function are rounded
    to 32 bits.

    Args:
        one_sided_difference: your function (f, x, eps) → slope.
        numerical_gradient: your function (f, theta, eps) → slopes; it gets a
            theta with a single entry, shape (1, 1).
    """
    return GradientError(one_sided_difference, numerical_gradient).panel


def plant_a_bug(
    gradient_check: Callable[
        [dict[str, Floats], Callable[[Mapping[str, Floats]], float], dict[str, Floats], float], Any
    ],
) -> Panel:
    """Return a panel in which a backward pass can be broken, and a gradient check finds out.

    Left, the relative error of each parameter of a small network, as your
    function reports it; right, every entry of the gradient: what the backward
    pass claims, against what is true.

    Args:
        gradient_check: your function (parameters, cost_fn, grads, eps) → name,
            index, error. It is called eight times on every change.
    """
    return PlantABug(gradient_check).panel
