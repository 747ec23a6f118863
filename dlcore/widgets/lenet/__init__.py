"""Pictures for the lesson on LeNet: windows as rows of a matrix, and what the layers of a network see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dlcore.live import Panel
from dlcore.widgets.lenet.feature_maps import FeatureMaps
from dlcore.widgets.lenet.windows_as_rows import WindowsAsRows

__all__ = ["feature_maps", "windows_as_rows"]


def windows_as_rows(im2col: Callable[..., Any], col2im: Callable[..., Any]) -> Panel:
    """Return a panel that shows which row of the matrix a window becomes, and what comes back from it.

    Left, an image of 4 × 4 pixels with its frame and a window; in the middle,
    your matrix, with the row of that window, also in numbers; right, what your
    `col2im` makes of your matrix. Entries that are not right are crossed out.

    Args:
        im2col: your function (A, f, stride, pad) → a matrix with a window in each row.
        col2im: your function (rows, shape, f, stride, pad) → images.
    """
    return WindowsAsRows(im2col, col2im).panel


def feature_maps(lenet_forward: Callable[..., Any], parameters: Mapping[str, Any]) -> Panel:
    """Return a panel that shows what each convolution of LeNet sees in a digit that can be moved, and the answer.

    All maps of a layer have the same scale. They are read from your caches.

    Args:
        lenet_forward: your function (X, parameters) → (scores, caches).
        parameters: of a trained network for digits.
    """
    return FeatureMaps(lenet_forward, parameters).panel
