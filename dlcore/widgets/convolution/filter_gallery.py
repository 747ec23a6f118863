"""The maps of eight filters on a handwritten digit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import Colormap
from matplotlib.image import AxesImage

from dlcore.arrays import Floats
from dlcore.data import digits
from dlcore.live import LiveFigure, Panel, toggle, whole_slider
from dlcore.plots import SIGNED_COLOURS, STYLE
from dlcore.widgets.shared.student_convolution import expected_maps, maps_of

__all__ = ["FILTERS", "FilterGallery"]

SPECIMENS = 20  # images of each digit
_UPRIGHT = np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]]) / 4
_FALLING = np.array([[2.0, 1, 0], [1, 0, -1], [0, -1, -2]]) / 4
FILTERS: dict[str, Floats] = {
    "upright edge": _UPRIGHT,
    "level edge": _UPRIGHT.T,
    "slanted edge /": _FALLING,
    "slanted edge \\": _FALLING[:, ::-1],
    "the pixel itself": np.array([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    "blur": np.full((3, 3), 1 / 9),
    "sharpen": np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]) / 2,
    "outline": np.array([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]) / 6,
}
RANGE = 1.3  # the colour scale is [-RANGE, RANGE]


class FilterGallery:
    """The picture: a digit, eight kernels and their maps. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, conv_forward: Callable[..., Any]):
        self.conv_forward = conv_forward
        self.images = digits()[0][: 10 * SPECIMENS] / 255
        self.kernels = np.stack(list(FILTERS.values()), axis=-1)  # (3, 3, 8)
        self.live = LiveFigure(
            size=(9.4, 4.7),
            breaks=(0.213, 0.607),
            alt="A handwritten digit, and eight maps that eight filters make of it, each with its filter.",
        )
        self.digit = self._picture((0.01, 0.3, 0.19, 0.4), "gray_r", 0, 1)
        self.live.figure.text(0.01, 0.73, "The digit", fontweight="bold")
        self.maps: list[AxesImage] = []
        self.thumbs: list[AxesImage] = []
        for number, name in enumerate(FILTERS):
            left, bottom = 0.225 + number % 4 * 0.195, 0.51 - number // 4 * 0.49
            self.maps.append(self._picture((left, bottom, 0.18, 0.36), SIGNED_COLOURS, -RANGE, RANGE))
            self.thumbs.append(self._picture((left, bottom + 0.375, 0.04, 0.08), SIGNED_COLOURS, -1.2, 1.2))
            self.live.figure.text(left + 0.047, bottom + 0.415, name, fontsize=9, fontweight="bold", va="center")
        self.live.figure.axes[0].set_title(" ")  # its label is beside it
        self.live.freeze(self.digit, *self.maps, *self.thumbs)
        controls = [
            whole_slider("digit", 0, 9, 4),
            whole_slider("specimen", 1, SPECIMENS, 1),
            whole_slider("pad, pixels", 0, 3, 1),
            whole_slider("stride, pixels", 1, 4, 1),
            toggle("after ReLU"),
            toggle("kernels turned by 180°"),
        ]
        self.panel = Panel(self.live, controls, self.update, more=[*controls[1:4], controls[5]])

    def update(self, digit: int, specimen: int, pad: int, stride: int, relu: bool, turned: bool) -> str:
        """Apply all filters to the digit."""
        image = self.images[10 * (specimen - 1) + digit]
        kernels = self.kernels[::-1, ::-1] if turned else self.kernels
        mine, right = maps_of(self.conv_forward, image, kernels, stride, pad)
        self.digit.set_data(image)
        for number in range(len(FILTERS)):
            shown = mine[:, :, number]
            self.maps[number].set_data(np.where(shown > 0, shown, 0.0) if relu else shown)
            self.thumbs[number].set_data(kernels[:, :, number])
        return self._sentence(mine, right, relu) + self._complaint(image, kernels, stride, pad, mine, right)

    def _sentence(self, mine: Floats, right: Floats, relu: bool) -> str:
        rows, columns, _ = right.shape
        shares = np.mean(mine > 1e-9, axis=(0, 1)), np.mean(mine < -1e-9, axis=(0, 1))
        words = (
            f"28 × 28 pixels make 8 maps of {rows} × {columns}. The filter for upright edges answers positively at "
            f"{shares[0][0]:.0%} of the places, negatively at {shares[1][0]:.0%}."
        )
        return words + (" ReLU has set the negative answers to 0." if relu else "")

    def _complaint(self, image: Floats, kernels: Floats, stride: int, pad: int, mine: Floats, right: Floats) -> str:
        def agree(a: Floats, b: Floats) -> bool:
            return bool(np.abs(a - b).max() < 1e-6)

        wrong = [name for k, name in enumerate(FILTERS) if not agree(mine[:, :, k], right[:, :, k])]
        if not wrong:
            return ""
        if agree(mine, expected_maps(image, kernels[::-1, ::-1], stride, pad)):
            return " But these are the maps of the filters turned by 180°: here they are laid on as they are."
        return f" But your maps of these filters are not right: {', '.join(wrong)}."

    def _picture(
        self, where: tuple[float, float, float, float], colours: Colormap | str, low: float, high: float
    ) -> AxesImage:
        ax = self.live.figure.add_axes(where)
        ax.set(xticks=[], yticks=[])
        for edge in ax.spines.values():
            edge.set(visible=True, color="#AAAAAA", linewidth=0.8)
        empty = np.zeros((2, 2))
        return ax.imshow(empty, cmap=colours, vmin=low, vmax=high, extent=(0, 1, 0, 1), aspect="auto")
