"""A 3 × 3 kernel that slides over an image: window, products, sum, map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import ipywidgets
import matplotlib
import numpy as np
from matplotlib.colors import Colormap
from matplotlib.patches import Rectangle

from dlcore.arrays import Bools, Floats
from dlcore.live import LiveFigure, Panel, choice, name_of, whole_slider
from dlcore.plots import COLOURS, PROBABILITY_COLOURS, STYLE
from dlcore.widgets.shared.student_convolution import maps_of
from dlcore.widgets.shared.table import Table

__all__ = ["IMAGES", "KERNELS", "ConvolutionStep"]

SIDE, WIDEST = 6, 2  # pixels of the image; maximum padding
IMAGES: dict[str, Floats] = {
    "an upright edge": np.kron(np.array([[9.0, 0.0]]), np.ones((6, 3))),
    "a level edge": np.kron(np.array([[0.0], [9.0]]), np.ones((3, 6))),
    "a corner": np.kron(np.array([[0.0, 0.0], [0.0, 9.0]]), np.ones((3, 3))),
    "a slope": np.tile(np.arange(6.0), (6, 1)),
    "one dot": np.pad([[9.0]], ((2, 3), (3, 2))),
    "a cross": np.array([[9.0 if i in (j, 5 - j) else 0.0 for j in range(6)] for i in range(6)]),
}
KERNELS: dict[str, Floats] = {
    "upright edge": np.array([[1.0, 0, -1]] * 3),
    "level edge": np.array([[1.0, 0, -1]] * 3).T,
    "blur": np.full((3, 3), 0.1),
    "sharpen": np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "outline": np.array([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
    "shift": np.array([[0.0, 0, 0], [0, 0, 1], [0, 0, 0]]),
}
LARGEST = 9.0  # limit of a kernel's entries


class ConvolutionStep:
    """The picture: image and window, products, map. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, conv_forward: Callable[..., Any]):
        self.conv_forward = conv_forward
        self.live = LiveFigure(
            size=(9.4, 4.0),
            breaks=(0.41, 0.61),
            alt="Left: an image of 6 by 6 pixels with a frame of zeros and a window on it. Middle: the products of "
            "window and kernel. Right: the map of all answers, the present one marked.",
        )
        whole = SIDE + 2 * WIDEST
        self.image = self._table(
            (0.015, 0.03, 0.38, 0.86), whole, "Image and window", matplotlib.colormaps["Greys"], 0, 20
        )
        self.products = self._table((0.425, 0.27, 0.17, 0.4), 3, "Window · kernel", PROBABILITY_COLOURS, -1, 1)
        self.map = self._table((0.625, 0.03, 0.36, 0.86), whole - 2, "Your map", PROBABILITY_COLOURS, -1, 1)
        self.total = self.live.figure.axes[1].text(1, 3.1, "", ha="center", va="center", fontsize=12)
        frames = [self._frame(0, 3, "vermilion"), self._frame(2, 1, "vermilion"), self._frame(0, SIDE, "black")]
        self.window, self.here, self.border = frames
        tables = [artist for table in (self.image, self.products, self.map) for artist in table.artists]
        self.live.freeze(*tables, self.total, *frames)
        self._make_panel()

    def update(self, image: str, pad: int, stride: int, place: int, *weights: float) -> str:
        """Place the kernel at position number `place` of the padded image."""
        kernel = np.array(weights, dtype=float).reshape(3, 3)
        mine, right = maps_of(self.conv_forward, IMAGES[image], kernel[:, :, np.newaxis], stride, pad)
        mine, right = mine[:, :, 0], right[:, :, 0]
        self.place.max = mine.size - 1
        h, w = divmod(min(place, self.place.max), mine.shape[1])
        framed = np.pad(IMAGES[image], pad)
        part = framed[h * stride :, w * stride :][:3, :3] * kernel
        wrong = np.abs(mine - right) > 1e-6 * (1 + np.abs(right).max())
        self._show(framed, pad, part, mine, wrong)
        corner = WIDEST - pad
        self.window.set_xy((corner + w * stride - 0.5, corner + h * stride - 0.5))
        self.here.set_xy((self.map.corner + w - 0.5, self.map.corner + h - 0.5))
        self.border.set_alpha(1.0 if pad else 0.0)
        return self._sentence(mine, part.sum(), (h, w), (h * stride, w * stride), wrong)

    def _show(self, framed: Floats, pad: int, part: Floats, mine: Floats, wrong: Bools) -> None:
        def yellow_frame(shades: Floats) -> Floats:
            inside = shades[pad : pad + SIDE, pad : pad + SIDE].copy()
            shades[:] = (1.0, 0.96, 0.8, 1.0)
            shades[pad : pad + SIDE, pad : pad + SIDE] = inside
            return shades

        self.image.show(framed, corner=WIDEST - pad, tint=yellow_frame)
        self.products.show(part, scale=max(np.abs(part).max(), 1.0) * 1.2)
        self.map.show(mine, wrong=wrong, scale=max(np.abs(mine).max(), 1.0) * 1.2)
        self.total.set_text(f"sum: {part.sum() + 0.0:.3g}")

    def _sentence(
        self, mine: Floats, total: float, place: tuple[int, int], begins: tuple[int, int], wrong: Bools
    ) -> str:
        rows, columns = mine.shape
        words = (
            f"The map has {rows} × {columns} entries. Entry {place} belongs to the window that begins at {begins} "
            f"(row, column) of the image with its frame: its nine products add up to {total + 0.0:.3g}."
        )
        if wrong[place]:
            return f"{words} But `{name_of(self.conv_forward)}` says {mine[place]:.3g}."
        if wrong.any():
            return f"{words} Your map has {wrong.sum()} wrong entries elsewhere; they are crossed out."
        return words

    def _make_panel(self) -> None:
        first = KERNELS["upright edge"]
        self.boxes = [
            ipywidgets.BoundedFloatText(
                value=first[i, j], min=-LARGEST, max=LARGEST, step=0.5, layout={"width": "5em"},
                tooltip=f"kernel, row {i}, column {j}",
            )
            for i, j in np.ndindex(3, 3)
        ]  # fmt: skip
        self.place = whole_slider("place of the window", 0, (SIDE + 2 * WIDEST - 2) ** 2 - 1, 1)
        controls = [
            choice("image", list(IMAGES), next(iter(IMAGES))),
            whole_slider("pad, pixels", 0, WIDEST, 0),
            whole_slider("stride, pixels", 1, 3, 1),
            self.place,
        ]
        buttons: dict[str, Callable[[], None]] = {"next place": self._next}
        buttons |= {name: partial(self._set_kernel, kernel) for name, kernel in KERNELS.items()}
        self.panel = Panel(self.live, [*controls, *self.boxes], self.update, buttons, self._arrange, more=controls[:3])

    def _arrange(self, buttons: Mapping[str, Any]) -> Any:
        """The place of the window to the left, the kernel to the right."""
        row = {"flex_flow": "row wrap"}
        places = ipywidgets.VBox(
            [self.place, ipywidgets.Box(list(buttons.values()), layout={**row, "max_width": "34em"})]
        )
        grid = ipywidgets.GridBox(self.boxes, layout={"grid_template_columns": "repeat(3, 5.4em)"})
        kernel = ipywidgets.VBox([ipywidgets.Label("kernel"), grid])
        return ipywidgets.Box([places, kernel], layout=row)

    def _set_kernel(self, kernel: Floats) -> None:
        for box, value in zip(self.boxes, kernel.ravel(), strict=True):
            box.value = float(value)

    def _next(self) -> None:
        last = self.map_size() - 1
        self.place.value = 0 if self.place.value >= last else self.place.value + 1

    def map_size(self) -> int:
        """The number of positions in the map."""
        return len(self.map.shown)

    def _table(
        self,
        where: tuple[float, float, float, float],
        side: int,
        title: str,
        colours: Colormap,
        low: float,
        high: float,
    ) -> Table:
        ax = self.live.figure.add_axes(where)
        ax.set_title(title, loc="center")
        return Table(ax, side, colours, low, high)

    def _frame(self, number: int, side: int, colour: str) -> Rectangle:
        corner = WIDEST - 0.5
        frame = Rectangle((corner, corner), side, side, fill=False, ec=COLOURS[colour], lw=3 if side < SIDE else 1)
        self.live.figure.axes[number].add_patch(frame)
        return frame
