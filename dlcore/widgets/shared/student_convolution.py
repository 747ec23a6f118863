"""Calling a student's convolution from a picture, what it should say, and tables of coloured cells."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from numpy.typing import NDArray

from dlcore.errors import CourseError
from dlcore.live import ask, name_of

__all__ = ["Table", "expected_maps", "maps_of", "two_results"]

Floats = NDArray[np.float64]

_SQUARE = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])  # a cell around (0, 0)


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
    """What the student's layer makes of an image, and what it should make of it, both (rows, columns, n).

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
    """All answers of all kernels, (rows, columns, n), by way of Fourier's transform: no window, no loop over places."""
    sides = tuple(side + 2 * pad for side in image.shape)
    framed = np.zeros(sides)
    framed[tuple(slice(pad, side - pad) for side in sides)] = image
    waves = np.fft.rfft2(framed)[..., np.newaxis] * np.fft.rfft2(kernels, s=sides, axes=(0, 1)).conj()
    everywhere = np.fft.irfft2(waves, s=sides, axes=(0, 1))
    last = [side - kernels.shape[0] for side in sides]  # where the last window begins
    return everywhere[: last[0] + 1 : stride, : last[1] + 1 : stride]


class Table:
    """A table of coloured cells with numbers in them, of up to `side` × `side` cells, in axes of its own.

    All numbers together are one path, and all cells are one collection: a hundred texts would take ten times as long
    to draw, and an image stretched to the size of the axes three times as long as the rest of the table.

    Attributes:
        shown: the numbers as texts, row by row.
        corner: how many cells the first one is away from the top and from the left.
    """

    def __init__(self, ax: Axes, side: int, colours: Any, low: float, high: float):
        ax.set(xlim=(-0.55, side - 0.45), ylim=(side - 0.45, -0.55), xticks=[], yticks=[])
        ax.set_anchor("N")
        for edge in ax.spines.values():
            edge.set_visible(False)
        self.side, self.corner = side, 0
        self.shown: list[str] = []
        self.colours, self.low, self.high = colours, low, high
        ax.set_aspect("equal")
        self.cells = PolyCollection([], edgecolors="#BBBBBB", linewidths=0.8)
        ax.add_collection(self.cells, autolim=False)
        self.ink = PathPatch(Path(np.zeros((1, 2))), facecolor="black", linewidth=0)
        ax.add_patch(self.ink)
        (self.crosses,) = ax.plot([], [], "x", color="#D55E00", ms=13, mew=2)

    @property
    def artists(self) -> list[Any]:
        """What moves, bottom to top."""
        return [self.cells, self.ink, self.crosses]

    def show(
        self,
        values: Floats,
        corner: int | None = None,
        wrong: NDArray[np.bool_] | None = None,
        tint: Callable[[Floats], Floats] | None = None,
        scale: float = 1.0,
    ) -> None:
        """Show `values`, from cell (corner, corner) on, by default in the middle; cross out those that are `wrong`.

        `tint` may change the RGBA colours, an array of the values' shape and 4;
        `scale` stretches the range of the colours.
        """
        rows, columns = values.shape
        self.corner = corner = (self.side - max(rows, columns)) // 2 if corner is None else corner
        shades = self.colours((values / scale - self.low) / (self.high - self.low))
        places = [(corner + j, corner + i) for i, j in np.ndindex(rows, columns)]
        self.cells.set_verts(np.array(places)[:, np.newaxis] + _SQUARE)
        self.cells.set_facecolor((shades if tint is None else tint(shades)).reshape(-1, 4))
        self.shown = [f"{value + 0.0:.3g}" if abs(value) > 1e-9 else "0" for value in values.flat]
        self.ink.set_path(Path.make_compound_path(*map(_number, self.shown, places)))
        i, j = np.nonzero(wrong) if wrong is not None else ([], [])
        self.crosses.set_data(np.asarray(j) + corner, np.asarray(i) + corner)


def _number(text: str, place: tuple[int, int]) -> Path:
    """The outline of a number in the middle of a cell, in the coordinates of a table."""
    outline = _outline(text)
    return Path(outline.vertices + np.array(place), outline.codes)


@functools.cache
def _outline(text: str) -> Path:
    """The outline of a number around (0, 0), a cell being 1 wide; y grows downwards."""
    outline = TextPath((0, 0), text, size=10)
    size = 0.038 if len(text) < 5 else 0.03
    width, height = (
        np.ptp(outline.vertices[:, 0]),
        7.3,
    )  # of a digit, so that minus signs and points stay where they are
    middle = outline.vertices[:, 0].min() + width / 2, height / 2
    return Path((outline.vertices - middle) * (size, -size), outline.codes)
