"""Call a student's convolution from a widget, and compute the expected result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlcore.arrays import Floats
from dlcore.errors import CourseError
from dlcore.live import ask, name_of

__all__ = ["checked", "expected_maps", "maps_of", "two_results"]


def two_results(function: Callable[..., Any], what: str, *args: Any) -> tuple[Floats, Any]:
    """The array and the cache that a student's forward pass returns, the array as floats."""
    name = name_of(function)
    given = [arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args]
    result = ask(function, *given)
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise CourseError(f"`{name}` should return two things: {what} and the cache.")
    return checked(result[0], f"`{name}` should return {what}"), result[1]


def checked(array: Any, what: str, shape: tuple[int, ...] | None = None) -> Floats:
    """`array` as floats, if it has four axes (or the shape asked for) and finite numbers."""
    found = np.asarray(array)
    if shape is not None and found.shape != shape:
        raise CourseError(f"{what} of shape {shape} here, but it has shape {found.shape}.")
    if found.ndim != 4:
        raise CourseError(f"{what} with four axes, but its shape is {found.shape}.")
    if found.dtype.kind not in "fiub" or not np.all(np.isfinite(found)):
        raise CourseError(f"{what} made of finite numbers, but some are not, such as nan.")
    return found.astype(float)


def maps_of(
    conv_forward: Callable[..., Any], image: Floats, kernels: Floats, stride: int, pad: int
) -> tuple[Floats, Floats]:
    """The student's maps of an image, and the expected ones, both (rows, columns, n).

    Args:
        conv_forward: (A_prev, W, b, stride, pad) → (Z, cache).
        image: shape (rows, columns).
        kernels: shape (f, f, n).
    """
    no_bias = np.zeros((1, 1, 1, kernels.shape[2]))
    Z, _ = two_results(
        conv_forward, "Z", image[np.newaxis, :, :, np.newaxis], kernels[:, :, np.newaxis], no_bias, stride, pad
    )
    right = expected_maps(image, kernels, stride, pad)
    if Z.shape != (1, *right.shape):
        down, across, n = right.shape
        raise CourseError(
            f"The window has {down} places down and {across} across here, and there are {n} filters, so "
            f"`{name_of(conv_forward)}` should return shape {(1, *right.shape)}. It returned shape {Z.shape}."
        )
    return Z[0], right


def expected_maps(image: Floats, kernels: Floats, stride: int, pad: int) -> Floats:
    """The maps of all kernels, (rows, columns, n), by a Fourier transform instead of a loop over windows."""
    sides = tuple(side + 2 * pad for side in image.shape)
    framed = np.zeros(sides)
    framed[tuple(slice(pad, side - pad) for side in sides)] = image
    waves = np.fft.rfft2(framed)[..., np.newaxis] * np.fft.rfft2(kernels, s=sides, axes=(0, 1)).conj()
    everywhere = np.fft.irfft2(waves, s=sides, axes=(0, 1))
    last = [side - kernels.shape[0] for side in sides]  # where the last window begins
    return everywhere[: last[0] + 1 : stride, : last[1] + 1 : stride]
