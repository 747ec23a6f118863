"""Inputs like those of a check: other numbers, other shapes, but of the same kind.

What an exercise may be given is read off its checks: labels stay 0 or 1,
probabilities between 0 and 1, one-hot columns one-hot, whole numbers whole,
and axes of equal length keep equal lengths.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["derived_inputs", "holds_float32"]

STYLES = ("jittered", "drawn", "drawn", "plain", "plain", "large", "flat", "whole", "many")
TINY = 1e-9  # the size of numbers in the style "tiny"
FAR = 1e8  # how many times its largest entry an array is shifted in the style "far"
MANY = 600  # the length of one axis in the style "many": more than eight bits can count
PLAIN = np.array([0.0, 1.0, -1.0, 0.5, 2.0, -3.0])

Call = tuple[tuple[Any, ...], dict[str, Any]]


def derived_inputs(
    args: tuple[Any, ...], kwargs: dict[str, Any], number: int, seed: int, styles: tuple[str, ...] = STYLES
) -> Iterator[Call]:
    """`number` variations of a call's arguments; some may be more than the function is asked to bear.

    Args:
        args, kwargs: the arguments; they are left alone.
        number: how many variations.
        seed: of the random numbers.
        styles: what kinds of variation, one after the other; "tiny" and "far" are not among STYLES.

    Yields:
        Arguments and keyword arguments.
    """
    rng = np.random.default_rng(seed)
    lengths = sorted(_lengths([*args, *kwargs.values()]))
    for turn in range(number):
        style = styles[turn % len(styles)]
        resized = dict.fromkeys(lengths, 0) if style != "jittered" else {}
        for length in resized:
            resized[length] = int(rng.integers(1, 8)) if rng.random() < 0.7 else length
        single = sorted(set(lengths) - _repeated([*args, *kwargs.values()]))
        if style == "many" and single:
            resized[single[int(rng.integers(len(single)))]] = MANY
        vary = _Variation(rng, style, resized)
        yield tuple(map(vary, args)), {name: vary(value) for name, value in kwargs.items()}


def _arrays(values: list[Any]) -> Iterator[np.ndarray]:
    """All arrays in values."""
    for value in values:
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, dict | list | tuple):
            yield from _arrays(list(value.values()) if isinstance(value, dict) else list(value))


def _lengths(values: list[Any]) -> set[int]:
    """The lengths of arrays' axes, but not 1."""
    return {side for array in _arrays(values) for side in array.shape if side > 1}


def _repeated(values: list[Any]) -> set[int]:
    """The lengths that some array has twice, so that making them MANY makes it huge."""
    return {side for array in _arrays(values) for side in array.shape if array.shape.count(side) > 1}


def holds_float32(values: list[Any]) -> bool:
    """Whether there is an array of type float32 in values, which rounds sooner than others."""
    return any(array.dtype == np.float32 for array in _arrays(values))


class _Variation:
    """One way to vary all arguments of a call together."""

    def __init__(self, rng: np.random.Generator, style: str, resized: dict[int, int]):
        self.rng, self.style, self.resized = rng, style, resized

    def __call__(self, value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
            return self.array(value)
        if isinstance(value, bool | str | None) or callable(value):
            return value
        if isinstance(value, int | np.integer):
            return self.whole(int(value))
        if isinstance(value, float | np.floating):
            return float(self.array(np.array([value]))[0])
        if isinstance(value, list | tuple):
            return self.sequence(value)
        if isinstance(value, dict):
            return {key: self(item) for key, item in value.items()}
        if isinstance(value, np.random.Generator):
            return np.random.default_rng(int(self.rng.integers(1 << 30)))
        return value

    def whole(self, value: int) -> int:
        if value in self.resized and self.rng.random() < 0.7:
            return self.resized[value]
        low = min(max(value - 3, 1), value) if value > 0 else value - 3 if value < 0 else 0
        return int(self.rng.integers(low, abs(value) + 4))

    def sequence(self, value: Any) -> Any:
        numbers = value and all(type(item) in (int, float) for item in value)
        if numbers and self.style != "jittered" and self.rng.random() < 0.5:
            value = type(value)(self.rng.choice(np.array(value, dtype=object), self.rng.integers(1, 9)).tolist())
        return type(value)([self(item) for item in value])

    def array(self, old: np.ndarray) -> np.ndarray:
        sides: tuple[Any, ...] = old.shape
        shape = tuple(int(self.resized.get(side, side)) for side in sides)
        if old.size == 0 or not np.isfinite(old).all():
            return old.copy() if shape == old.shape else np.resize(old, shape)
        if old.dtype.kind == "b" or (old.dtype.kind in "iu" and set(np.unique(old)) <= {0, 1}):
            return self.labels(old, shape)
        if old.dtype.kind in "iu":
            return self.rng.integers(old.min(), int(old.max()) + 1, shape).astype(old.dtype)
        if old.ndim == 2 and set(np.unique(old)) <= {0, 1}:
            return self.labels(old, shape)
        new = self.flattened(_back_into_range(old, self.numbers(old, shape), TINY if self.style == "tiny" else 0.01))
        if self.style == "whole" and not (old.min() >= 0 and old.max() <= 1):
            return np.rint(new).astype(int)
        for axis in (0, 1):
            if old.ndim == 2 and old.shape[axis] > 1 and np.allclose(old.sum(axis), 1) and (old >= 0).all():
                new = (new + 1e-3) / (new + 1e-3).sum(axis, keepdims=True)
        return new.astype(old.dtype)

    def labels(self, old: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Random labels 0 and 1; one-hot columns if these are."""
        if old.ndim == 2 and old.shape[0] > 1 and (old.sum(axis=0) == 1).all():
            return np.eye(shape[0], dtype=old.dtype)[:, self.rng.integers(0, shape[0], shape[1])]
        share = self.rng.choice([0.0, 0.3, 0.5, 0.7, 1.0])
        return (self.rng.random(shape) < share).astype(old.dtype)

    def numbers(self, old: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        scale = np.abs(old).max() or 1.0
        if self.style == "jittered":
            return old * (1 + 0.3 * self.rng.normal(size=shape)) + 0.1 * scale * self.rng.normal(size=shape)
        new = self.rng.choice(old.ravel(), shape)
        if self.style in ("drawn", "whole"):
            return new + 0.2 * scale * self.rng.normal(size=shape) * (self.rng.random(shape) < 0.7)
        if self.style == "tiny":
            return TINY * new * self.rng.uniform(0.5, 2, shape)
        if self.style == "far":
            return FAR * scale + new
        if self.style == "large":
            return new * 10.0 ** self.rng.uniform(-3, 3, shape)
        return np.where(self.rng.random(shape) < 0.6, self.rng.choice(PLAIN, shape), new)

    def flattened(self, array: np.ndarray) -> np.ndarray:
        """In the style "flat" all entries along one axis are the same."""
        if self.style != "flat" or array.ndim == 0:
            return array
        axis = int(self.rng.integers(array.ndim))
        some = self.rng.random([1 if i == axis else side for i, side in enumerate(array.shape)]) < 0.6
        return np.where(some, np.take(array, [0], axis), array)


def _back_into_range(old: np.ndarray, new: np.ndarray, smallest: float) -> np.ndarray:
    """`new` with the sign and, for probabilities, the range of `old`."""
    low, high = old.min(), old.max()
    if low >= 0:
        new = np.abs(new)
    if low > 0:
        new = np.maximum(new, min(low, smallest))
    if low >= 0 and high <= 1:
        new = np.minimum(new, 1.0 if high == 1 or low == 0 else max(high, 0.99))
    return new
