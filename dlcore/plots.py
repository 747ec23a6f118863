"""Plots for the lessons, in one style and with colours that are safe for colour-blind readers.

The colours are those of Okabe and Ito. Classes also differ in their markers, so
plots remain readable in black and white. Class 0 is blue and round, class 1
vermilion and triangular, throughout the course.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.contour import QuadContourSet
from numpy.typing import ArrayLike, NDArray

from dlcore.arrays import Floats
from dlcore.errors import CourseError

__all__ = [
    "CLASS_COLOURS",
    "CLASS_MARKERS",
    "COLOURS",
    "PROBABILITY_COLOURS",
    "SIGNED_COLOURS",
    "STYLE",
    "decision_boundary",
    "scatter_classes",
    "show_digits",
    "style",
]

COLOURS = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermilion": "#D55E00",
    "sky": "#56B4E9",
    "purple": "#CC79A7",
    "yellow": "#F0E442",
    "black": "#000000",
}

CLASS_COLOURS = tuple(
    COLOURS[name] for name in ("blue", "vermilion", "green", "orange", "purple", "sky", "black", "yellow")
)
CLASS_MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")

PROBABILITY_COLOURS = LinearSegmentedColormap.from_list(
    "probability", [(0, "#7FB8D8"), (0.5, "#FFFFFF"), (1, "#EAAE7F")]
)
"""Light blue where class 1 has probability 0, white at one half, light vermilion at 1: points can be drawn on them."""

SIGNED_COLOURS = LinearSegmentedColormap.from_list("signed", [(0, "#0072B2"), (0.5, "#FFFFFF"), (1, "#D55E00")])
"""Blue where a number is negative, white at zero, vermilion where it is positive: strong enough for a dark page."""

STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=list(COLOURS.values())),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "figure.figsize": (8.0, 3.6),
    "font.size": 11,
    "grid.color": "#DDDDDD",
    "image.cmap": "gray_r",
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "lines.linewidth": 2,
    "xtick.labelsize": "small",
    "ytick.labelsize": "small",
}


def style() -> None:
    """Apply the course's style to all matplotlib figures created from now on."""
    matplotlib.rcParams.update(STYLE)


def scatter_classes(ax: Axes, X: ArrayLike, Y: ArrayLike, size: float = 36) -> list[PathCollection]:
    """Draw examples in the plane, one colour and one marker per class.

    Args:
        ax: the axes to draw in.
        X: the examples, shape (2, m).
        Y: their classes, whole numbers from 0 to 7, shape (1, m).
        size: area of a marker in square points.

    Returns:
        The artists, one for each class that occurs, labelled for `ax.legend()`.

    Raises:
        CourseError: `X` does not have two rows, or `Y` not one label per column.
    """
    X, Y = np.asarray(X), np.asarray(Y)
    if X.ndim != 2 or X.shape[0] != 2:
        raise CourseError(f"`X` should have shape (2, m), one example a column, but it has shape {X.shape}.")
    if Y.shape not in {(1, X.shape[1]), (X.shape[1],)}:
        raise CourseError(f"`Y` should have shape (1, {X.shape[1]}), but it has shape {Y.shape}.")
    classes = np.unique(Y)
    if not set(classes.tolist()) <= set(range(len(CLASS_COLOURS))):
        raise CourseError(f"`Y` should hold whole numbers from 0 to 7, but it holds {classes[:10].tolist()}.")
    return [_scatter_one(ax, X[:, Y.ravel() == k], int(k), size) for k in classes]


def _scatter_one(ax: Axes, X: NDArray[Any], k: int, size: float) -> PathCollection:
    look: dict[str, Any] = {
        "color": CLASS_COLOURS[k],
        "marker": CLASS_MARKERS[k],
        "edgecolors": "white",
        "linewidths": 0.6,
    }
    return ax.scatter(X[0], X[1], s=size, label=f"class {k}", **look)


def decision_boundary(
    ax: Axes,
    predict: Callable[[Floats], ArrayLike],
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    points: int = 150,
) -> QuadContourSet:
    """Shade the plane by the probability of class 1 and draw the line where it is one half.

    Args:
        ax: the axes to draw in; gets the limits `xlim` and `ylim`.
        predict: maps examples, shape (2, k), to probabilities, shape (1, k).
            It is called once. Predictions of 0 and 1 work as well.
        xlim, ylim: the part of the plane to show, (low, high).
        points: grid points along each side.

    Returns:
        The filled contours, for a colour bar.

    Raises:
        CourseError: `predict` returns another shape.
    """
    x1, x2 = np.meshgrid(np.linspace(*xlim, points), np.linspace(*ylim, points))
    plane = np.stack([x1.ravel(), x2.ravel()])  # (2, points²)
    P = np.asarray(predict(plane), dtype=float)
    if P.shape != (1, plane.shape[1]):
        raise CourseError(
            f"`predict` should return shape (1, {plane.shape[1]}) for examples of shape {plane.shape}, "
            f"but it returned shape {P.shape}."
        )
    P = np.clip(P, 0, 1).reshape(x1.shape)
    shades = ax.contourf(x1, x2, P, levels=np.linspace(0, 1, 11), cmap=PROBABILITY_COLOURS, zorder=0)
    if np.nanmin(P) < 0.5 < np.nanmax(P):
        ax.contour(x1, x2, P, levels=[0.5], colors="black", linewidths=2, zorder=1)
    ax.set(xlim=xlim, ylim=ylim)
    return shades


def show_digits(images: ArrayLike, titles: Sequence[object] | None = None, columns: int = 10) -> None:
    """Show images side by side in a new pyplot figure, dark ink on white paper.

    Args:
        images: shape (m, height, width), any range of numbers; the smallest
            is shown white and the largest black.
        titles: a title for each image.
        columns: images per row.

    Raises:
        CourseError: `images` has another number of dimensions or is empty, or
            there are not as many titles as images.
    """
    images = np.asarray(images, dtype=float)
    if images.ndim != 3 or images.size == 0:
        raise CourseError(
            f"`images` should have shape (m, height, width), but it has shape {images.shape}.\n"
            "For a single image, pass images[:1], which keeps the first axis."
        )
    if titles is not None and len(titles) != len(images):
        raise CourseError(f"There are {len(images)} images but {len(titles)} titles.")
    columns = max(1, min(columns, len(images)))
    sheet, corners = _lay_out(images, columns, gap=2, headroom=0 if titles is None else 6)

    import matplotlib.pyplot as plt

    inches = 8.0 / max(columns, 6) / (images.shape[2] + 2)  # per pixel
    size = (sheet.shape[1] * inches, sheet.shape[0] * inches)
    _, ax = plt.subplots(figsize=size, layout="constrained")
    ax.imshow(sheet, cmap="gray_r", interpolation="nearest", aspect="equal")
    ax.set_axis_off()
    for title, (top, left) in zip(() if titles is None else titles, corners, strict=False):
        ax.text(left + images.shape[2] / 2, top - 1.5, str(title), ha="center", va="bottom", fontsize=9)


def _lay_out(images: Floats, columns: int, gap: int, headroom: int) -> tuple[Floats, list[tuple[int, int]]]:
    """One sheet of all images, NaN between them, and each image's top left corner."""
    m, height, width = images.shape
    down, across = height + gap + headroom, width + gap
    sheet = np.full((-(-m // columns) * down, columns * across), np.nan)
    corners = [(i // columns * down + headroom + gap // 2, i % columns * across + gap // 2) for i in range(m)]
    for image, (top, left) in zip(images, corners, strict=True):
        sheet[top : top + height, left : left + width] = image
    return sheet, corners
