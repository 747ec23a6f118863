"""The surfaces on which methods race: cost and gradient of two coordinates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

__all__ = ["SURFACES", "Surface"]


class Surface(NamedTuple):
    """A cost of two coordinates, and its known properties."""

    cost: Callable[[Any, Any], Any]
    slope: Callable[[Any, Any], tuple[Any, Any]]
    minima: tuple[tuple[float, float], ...]  # the lowest points
    lowest: float  # the cost there
    centre: tuple[float, float] = (0.0, 0.0)  # of the map
    reach: float = 2.2  # from the map's centre to its upper edge
    power: float = 2.0  # how the heights of the contours grow
    curvature: float = np.nan  # the largest, where it is the same everywhere


FLAT, STEEP = 0.2, 20.0  # curvatures along the ravine and across
TURN = np.sqrt(0.5)
WELL = 0.5  # curvature along the saddle's ridge
WAVES, SWELL = 3.0, 0.6


def _turned_slope(x: Any, y: Any) -> tuple[Any, Any]:
    along, across = FLAT * TURN * (x + y), STEEP * TURN * (y - x)
    return TURN * (along - across), TURN * (along + across)


def _rosenbrock_slope(x: Any, y: Any) -> tuple[Any, Any]:
    off = y - x * x
    return 2 * (x - 1) - 400 * x * off, 200 * off


def _beale_parts(x: Any, y: Any) -> list[tuple[Any, Any, Any]]:
    """Each residual with its slopes along x and y."""
    return [(c - x + x * y**k, y**k - 1, k * x * y ** (k - 1)) for k, c in ((1, 1.5), (2, 2.25), (3, 2.625))]


def _beale_slope(x: Any, y: Any) -> tuple[Any, Any]:
    parts = _beale_parts(x, y)
    return sum(2 * r * along for r, along, _ in parts), sum(2 * r * across for r, _, across in parts)


def _plateau_slope(x: Any, y: Any) -> tuple[Any, Any]:
    height = np.exp(-(x * x + y * y) / 2)
    return x * height, y * height


SURFACES = {
    "bowl": Surface(
        lambda x, y: (x**2 + 2 * y**2) / 2,
        lambda x, y: (x, 2 * y),
        ((0.0, 0.0),), 0.0, curvature=2.0,
    ),
    "ravine": Surface(
        lambda x, y: (FLAT * x**2 + STEEP * y**2) / 2,
        lambda x, y: (FLAT * x, STEEP * y),
        ((0.0, 0.0),), 0.0, curvature=STEEP,
    ),
    "ravine, turned by 45°": Surface(
        lambda x, y: (FLAT * (x + y) ** 2 + STEEP * (y - x) ** 2) / 4,
        _turned_slope,
        ((0.0, 0.0),), 0.0, curvature=STEEP,
    ),
    "bent valley": Surface(
        lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
        _rosenbrock_slope,
        ((1.0, 1.0),), 0.0, centre=(0.0, 1.0), reach=2.0, power=5.0,
    ),
    "Beale": Surface(
        lambda x, y: sum(r**2 for r, _, _ in _beale_parts(x, y)),
        _beale_slope,
        ((3.0, 0.5),), 0.0, centre=(1.0, 0.0), reach=3.2, power=6.0,
    ),
    "saddle": Surface(
        lambda x, y: x**2 / 2 + WELL * (y**2 - 1) ** 2 / 4,
        lambda x, y: (x, WELL * y * (y**2 - 1)),
        ((0.0, 1.0), (0.0, -1.0)), 0.0, reach=2.0, power=1.5,
    ),
    "plateau": Surface(
        lambda x, y: 1 - np.exp(-(x**2 + y**2) / 2),
        _plateau_slope,
        ((0.0, 0.0),), 0.0, reach=4.0, power=1.0,
    ),
    "bumpy": Surface(
        lambda x, y: (x**2 + y**2) / 10 + SWELL * (2 - np.cos(WAVES * x) - np.cos(WAVES * y)) / 2,
        lambda x, y: (
            x / 5 + SWELL * WAVES * np.sin(WAVES * x) / 2,
            y / 5 + SWELL * WAVES * np.sin(WAVES * y) / 2,
        ),
        ((0.0, 0.0),), 0.0, reach=3.6, power=1.0,
    ),
}  # fmt: skip
