"""Newton's method and L-BFGS, given for comparison: they take their step lengths from a line search."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from dlcore.arrays import Floats
from dlcore.widgets.optimizers.trajectories.paths import Path
from dlcore.widgets.optimizers.trajectories.surfaces import Surface

__all__ = ["PRICES", "REFERENCES", "walk_reference"]

PRICES = {
    "newton": "per step, all n² second derivatives and a system of n equations (about n³/3 operations)",
    "l-bfgs": "per step, a gradient and about 20 n operations; it keeps the last 5 moves, 10 n numbers",
}
"""What a step costs with n parameters, beside the costs that the line search asks for."""

KEPT = 5  # moves that L-BFGS remembers
SMALLEST = 1e-3  # curvature that Newton's method assumes at least
ENOUGH = 1e-4  # share of the promised decrease that a step has to bring
AT_REST = 1e-14  # size of a gradient where nothing moves any more


class _Counted:
    """A surface, and how often it was asked."""

    def __init__(self, surface: Surface):
        self.surface, self.costs, self.hessians = surface, 0, 0

    def cost(self, point: Floats) -> float:
        self.costs += 1
        return float(self.surface.cost(*point))

    def slope(self, point: Floats) -> Floats:
        return np.array(self.surface.slope(*point.tolist()), dtype=float)

    def hessian(self, point: Floats) -> Floats:
        """The second derivatives, as central differences of the gradient."""
        self.hessians += 1
        step = 1e-5
        columns = [(self.slope(point + step * e) - self.slope(point - step * e)) / (2 * step) for e in np.eye(2)]
        return (np.array(columns) + np.array(columns).T) / 2


Direction = Callable[[Floats, Floats], Floats]  # (point, gradient) → where to go


def walk_reference(surface: Surface, start: tuple[float, float], name: str, steps: int) -> Path:
    """The way of "newton" or "l-bfgs" from `start`; it stays where the gradient vanishes."""
    counted = _Counted(surface)
    direction = _newton(counted) if name == "newton" else _lbfgs()
    points, slopes = [np.array(start, dtype=float)], [counted.slope(np.array(start, dtype=float))]
    for point in _moves(counted, direction, points[0], slopes[0]):
        points.append(point)
        slopes.append(counted.slope(point))
        if len(points) > steps:
            break
    taken = len(points) - 1
    price = f"1 gradient, {counted.costs / max(taken, 1):.2g} costs" + (", 1 Hessian" if counted.hessians else "")
    rest = steps - taken
    where, slope = np.array(points + rest * points[-1:]), np.array(slopes + rest * slopes[-1:])
    return Path(where, surface.cost(*where.T), slope, {}, "", f"{price} a step; {taken} steps until it rests")


def _moves(counted: _Counted, direction: Direction, point: Floats, slope: Floats) -> Iterator[Floats]:
    """The points after each step, until the gradient vanishes or no step lowers the cost."""
    while np.abs(slope).max() > AT_REST:
        moved = _searched(counted, point, slope, direction(point, slope))
        if moved is None:
            return
        yield moved
        point, slope = moved, counted.slope(moved)


def _searched(counted: _Counted, point: Floats, slope: Floats, way: Floats) -> Floats | None:
    """The first point on the way, halved again and again, that lowers the cost enough; None if there is none.

    Source: L. Armijo, Minimization of functions having Lipschitz continuous first partial derivatives, 1966;
    Nocedal and Wright, Numerical Optimization, 2nd edition 2006, algorithm 3.1.
    """
    here, promised, length = counted.cost(point), float(slope @ way), 1.0
    while length > 1e-10:
        moved = point + length * way
        if counted.cost(moved) < here + ENOUGH * length * promised:
            return moved
        length /= 2
    return None


def _newton(counted: _Counted) -> Direction:
    """Newton's direction −H⁻¹g, with curvatures by their absolute value, so that it goes downhill everywhere.

    Source: Nocedal and Wright, Numerical Optimization, 2nd edition 2006, section 3.4 (modified eigenvalues);
    absolute values as in Dauphin et al., Identifying and attacking the saddle point problem, 2014.
    """

    def direction(point: Floats, slope: Floats) -> Floats:
        curvatures, axes = np.linalg.eigh(counted.hessian(point))
        return -axes @ ((axes.T @ slope) / np.maximum(np.abs(curvatures), SMALLEST))

    return direction


def _lbfgs() -> Direction:
    """The direction of L-BFGS, by two loops over the last moves; the first step has length 1 at most.

    Source: J. Nocedal, Updating quasi-Newton matrices with limited storage, 1980; Liu and Nocedal, On the limited
    memory BFGS method for large scale optimization, 1989; Nocedal and Wright 2006, algorithms 7.4 and 7.5.
    """
    kept: list[tuple[Floats, Floats]] = []  # how far it moved, and how the gradient changed
    last: list[Floats] = []

    def direction(point: Floats, slope: Floats) -> Floats:
        if last:
            move, change = point - last[0], slope - last[1]
            if move @ change > 1e-12 * np.linalg.norm(move) * np.linalg.norm(change):
                kept.append((move, change))
                del kept[:-KEPT]
        last[:] = point, slope
        if not kept:
            return -slope / max(1.0, float(np.linalg.norm(slope)))
        return _two_loops(slope, kept)

    return direction


def _two_loops(slope: Floats, kept: list[tuple[Floats, Floats]]) -> Floats:
    q, weights = slope.copy(), []
    for move, change in reversed(kept):
        weights.append(float(move @ q) / float(move @ change))
        q = q - weights[-1] * change
    move, change = kept[-1]
    r = q * (move @ change) / (change @ change)
    for (move, change), weight in zip(kept, reversed(weights), strict=True):
        r = r + move * (weight - float(change @ r) / float(move @ change))
    return -r


REFERENCES = tuple(PRICES)
"""The names of the methods that are given."""
