"""LeNet's feature maps and probabilities for a digit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import matplotlib
import numpy as np
from matplotlib.image import AxesImage

from dlcore.arrays import Floats
from dlcore.data import digits
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, name_of, whole_slider
from dlcore.plots import COLOURS, STYLE
from dlcore.widgets.shared.student_convolution import expected_maps

__all__ = ["FeatureMaps"]

HELD_OUT, SPECIMENS, FARTHEST = 4000, 20, 7  # index of the first held-out digit; images of each digit; pixels of shift


class FeatureMaps:
    """The picture: a digit, the maps of two convolutions, ten probabilities. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, lenet_forward: Callable[..., Any], parameters: Mapping[str, Any]):
        self.lenet_forward, self.parameters = lenet_forward, dict(parameters)
        images, labels = digits()
        self.images = images[HELD_OUT : HELD_OUT + 10 * SPECIMENS] / 255
        self.labels = labels[HELD_OUT : HELD_OUT + 10 * SPECIMENS]
        self.live = LiveFigure(
            size=(9.4, 4.6),
            breaks=(0.207, 0.6),
            alt="A handwritten digit, six maps of the first convolution, 16 maps of the second one, "
            "and a bar for the probability of each digit.",
        )
        words = self.live.figure.text
        words(0.01, 0.95, "The digit", fontweight="bold")
        words(0.215, 0.95, "Six maps of convolution 1, after ReLU", fontweight="bold")
        words(0.215, 0.43, "16 maps of convolution 2, after ReLU", fontweight="bold")
        self.digit = self._picture((0.01, 0.53, 0.185, 0.38))
        self.first = [self._picture((0.215 + k % 3 * 0.12, 0.71 - k // 3 * 0.22, 0.1, 0.205)) for k in range(6)]
        self.second = [self._picture((0.215 + k % 8 * 0.0445, 0.3 - k // 8 * 0.11, 0.041, 0.09)) for k in range(16)]
        ax = self.live.figure.add_axes((0.66, 0.14, 0.32, 0.74), xlim=(0, 100), ylim=(9.6, -0.6))
        ax.set(title="Probabilities", xlabel="probability, %", ylabel="digit", yticks=range(10))
        self.bars = ax.barh(range(10), [0.0] * 10, color=COLOURS["blue"])
        self.live.freeze(self.digit, *self.first, *self.second, *self.bars)
        controls = [
            whole_slider("digit", 0, 9, 7),
            whole_slider("specimen", 1, SPECIMENS, 1),
            whole_slider("right by, pixels", -FARTHEST, FARTHEST, 0),
            whole_slider("down by, pixels", -FARTHEST, FARTHEST, 0),
        ]
        self.panel = Panel(self.live, controls, self.update, more=[controls[1], controls[3]])

    def update(self, digit: int, specimen: int, right: int, down: int) -> str:
        """Run the network on a shifted digit."""
        image = self._moved(10 * (specimen - 1) + digit, right, down)
        scores, first, second = self._ask(image)
        odds = np.exp(scores - scores.max())
        shares = 100 * odds / odds.sum()
        self.digit.set_data(image)
        for pictures, maps in ((self.first, first), (self.second, second)):
            top = max(float(maps.max()), 1e-9)
            for number, picture in enumerate(pictures):
                picture.set_data(maps[:, :, number] / top)
        reading = int(shares.argmax())
        for number, bar in enumerate(self.bars):
            bar.set_width(shares[number])
            hit = number == digit
            bar.set_color(COLOURS["green"] if hit else COLOURS["vermilion"] if number == reading else COLOURS["blue"])
        lit = np.mean(first > 0)
        words = f"The network reads {reading}, with {shares[reading]:.0f} %: "
        words += "right." if reading == digit else f"wrong, it is a {digit} (it gives that {shares[digit]:.0f} %)."
        words += f" {lit:.0%} of the first layer's entries are above 0, and {np.mean(second > 0):.0%} of the second's."
        return words + self._complaint(image, first)

    def _moved(self, index: int, right: int, down: int) -> Floats:
        wide = np.pad(self.images[index], FARTHEST)
        side = len(self.images[index])
        return np.asarray(
            wide[FARTHEST - down : FARTHEST - down + side, FARTHEST - right : FARTHEST - right + side], dtype=float
        )

    def _ask(self, image: Floats) -> tuple[Floats, Floats, Floats]:
        name = f"`{name_of(self.lenet_forward)}`"
        result = ask(self.lenet_forward, image[np.newaxis, :, :, np.newaxis], self.parameters)
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise CourseError(f"{name} should return two things: the scores and the caches.")
        scores = _numbers(result[0], (10, 1), f"{name} should return scores")
        found = []
        for layer, shape in (("pool1", (1, 28, 28, 6)), ("pool2", (1, 10, 10, 16))):
            try:
                maps = result[1][layer][0]
            except (TypeError, KeyError, IndexError):
                raise CourseError(f"The maps are read from the caches of {name}, but there is no {layer!r}.") from None
            found.append(_numbers(maps, shape, f"What comes into {layer!r} should be maps")[0])
        return scores[:, 0], found[0], found[1]

    def _complaint(self, image: Floats, first: Floats) -> str:
        filters = np.asarray(self.parameters["W1"], dtype=float)[:, :, 0]
        answers = expected_maps(image, filters, 1, 2) + np.asarray(self.parameters["b1"]).ravel()
        expected = np.where(answers > 0, answers, 0.0)
        if np.abs(first - expected).max() < 1e-6 * (1 + np.abs(expected).max()):
            return ""
        if np.abs(first - answers).max() < 1e-6 * (1 + np.abs(answers).max()):
            return " But the maps of the first convolution are those before the ReLU."
        return " But the maps of the first convolution are not what its filters answer."

    def _picture(self, where: tuple[float, float, float, float]) -> AxesImage:
        ax = self.live.figure.add_axes(where)
        ax.set(xticks=[], yticks=[])
        for edge in ax.spines.values():
            edge.set(visible=True, color="#AAAAAA", linewidth=0.8)
        return ax.imshow(np.zeros((2, 2)), cmap="gray_r", vmin=0, vmax=1, extent=(0, 1, 0, 1), aspect="auto")


def _numbers(array: Any, shape: tuple[int, ...], what: str) -> Floats:
    found = np.asarray(array)
    if found.shape != shape:
        raise CourseError(f"{what} of shape {shape} here. The shape is {found.shape}.")
    if found.dtype.kind not in "fiu" or not np.all(np.isfinite(found)):
        raise CourseError(f"{what} made of finite numbers, but some are not, such as nan.")
    return found.astype(float)
