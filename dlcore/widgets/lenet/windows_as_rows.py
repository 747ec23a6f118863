"""Windows of an image as rows of a matrix, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import Colormap
from matplotlib.patches import Rectangle

from dlcore.arrays import Floats
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, choice, name_of, whole_slider
from dlcore.plots import PROBABILITY_COLOURS, STYLE
from dlcore.widgets.shared.table import Table

__all__ = ["IMAGE", "WindowsAsRows"]

SIDE, FRAME = 4, 1  # pixels of the image; maximum padding
IMAGE = np.arange(1.0, SIDE * SIDE + 1).reshape(SIDE, SIDE)
MATRICES = ("what im2col made", "a matrix of ones")


class WindowsAsRows:
    """The picture: an image, its matrix, and what comes back. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, im2col: Callable[..., Any], col2im: Callable[..., Any]):
        self.im2col, self.col2im = im2col, col2im
        self.live = LiveFigure(
            size=(9.4, 4.1),
            breaks=(0.322, 0.677),
            alt="Left: an image of 4 by 4 pixels with a frame of zeros and a window. Middle: a matrix with one row "
            "for each window. Right: what col2im makes of a matrix.",
        )
        greys = matplotlib.colormaps["Greys"]
        self.input = self._table((0.01, 0.02, 0.3, 0.86), SIDE + 2 * FRAME, "The image and a window", greys, 0, 30)
        self.output = self._table((0.69, 0.02, 0.3, 0.86), SIDE + 2 * FRAME, "col2im", PROBABILITY_COLOURS, -80, 80)
        self.row = self._table((0.335, -0.547, 0.33, 0.757), 9, "The row of this window", greys, 0, 30)  # only its top
        ax = self.live.figure.add_axes((0.365, 0.36, 0.27, 0.52))
        ax.set(title="im2col", xticks=[], xlabel="", ylabel="windows")
        self.matrix = ax.imshow(np.zeros((2, 2)), cmap=greys, vmin=0, vmax=30, extent=(0, 1, 1, 0), aspect="auto")
        ax.set(yticks=[])
        (self.bar,) = ax.plot([], [], color="#D55E00", lw=2.5, clip_on=False)
        self.window = Rectangle((0, 0), 1, 1, fill=False, edgecolor="#D55E00", linewidth=2.5)
        self.input.ax.add_patch(self.window)
        movers = [artist for table in (self.input, self.row, self.output) for artist in table.artists]
        self.live.freeze(*movers, self.matrix, self.bar, self.window)
        self.place = whole_slider("which window", 0, 8, 4)
        controls = [
            whole_slider("window, pixels", 2, 3, 2),
            whole_slider("stride, pixels", 1, 3, 1),
            whole_slider("pad, pixels", 0, FRAME, 0),
            self.place,
            choice("col2im gets", MATRICES, MATRICES[0]),
        ]
        self.panel = Panel(self.live, controls, self.update, more=[*controls[1:3], controls[4]])

    def update(self, f: int, stride: int, pad: int, number: int, given: str) -> str:
        """Show one window, its row, and the way back."""
        framed = np.pad(IMAGE, pad)
        starts = [at for at in range(len(framed)) if at % stride == 0 and at + f <= len(framed)]
        self.place.max = len(starts) ** 2 - 1  # no more places than windows
        number = min(number, self.place.max)
        top, left = starts[number // len(starts)], starts[number % len(starts)]
        rows = self._rows(f, stride, pad, len(starts) ** 2)
        sent = rows if given == MATRICES[0] else np.ones(rows.shape)
        back = self._back(sent, f, stride, pad)
        visits = sum(np.array([at <= pixel < at + f for pixel in range(len(framed))], dtype=float) for at in starts)
        held = np.outer(visits, visits)[pad : pad + SIDE, pad : pad + SIDE]  # number of windows that contain each pixel
        right_row = framed[top : top + f, left : left + f].ravel()
        right_back = held * (IMAGE if given == MATRICES[0] else 1.0)
        self.input.show(framed)
        corner = self.input.corner - 0.5
        self.window.set(xy=(left + corner, top + corner), width=f, height=f)
        self.matrix.set_data(rows)
        low, high = number / len(rows), (number + 1) / len(rows)
        self.bar.set_data([0, 1, 1, 0, 0], [low, low, high, high, low])
        self.row.show(rows[number : number + 1], corner=0, wrong=rows[number : number + 1] != right_row)
        self.output.show(back, wrong=np.abs(back - right_back) > 1e-6, scale=1 if given == MATRICES[0] else 0.1)
        return self._sentence(number, (top, left), rows, right_row) + self._about(back, right_back, held)

    def _rows(self, f: int, stride: int, pad: int, windows: int) -> Floats:
        rows = np.asarray(ask(self.im2col, IMAGE.reshape(1, SIDE, SIDE, 1), f, stride, pad))
        if rows.shape != (windows, f * f) or rows.dtype.kind not in "fiu" or not np.all(np.isfinite(rows)):
            raise CourseError(
                f"There are {windows} windows of {f * f} pixels here, so `{name_of(self.im2col)}` should return "
                f"numbers of shape {(windows, f * f)}. It returned shape {rows.shape}."
            )
        return rows.astype(float)

    def _back(self, sent: Floats, f: int, stride: int, pad: int) -> Floats:
        back = np.asarray(ask(self.col2im, sent.copy(), (1, SIDE, SIDE, 1), f, stride, pad))
        if back.shape != (1, SIDE, SIDE, 1) or back.dtype.kind not in "fiu" or not np.all(np.isfinite(back)):
            raise CourseError(
                f"`{name_of(self.col2im)}` should return numbers of shape (1, {SIDE}, {SIDE}, 1) here, "
                f"the image's. It returned shape {back.shape}."
            )
        return back[0, :, :, 0].astype(float)

    def _sentence(self, number: int, place: tuple[int, int], rows: Floats, right: Floats) -> str:
        listed = ", ".join(f"{value:g}" for value in rows[number])
        words = f"The window that begins at {place} of the framed image "
        words += f"is row {number} (from 0 on) of {len(rows)}: {listed}."
        if not np.array_equal(rows[number], right):
            words += f" But the window holds {', '.join(f'{value:g}' for value in right)}."
        return words

    def _about(self, back: Floats, right: Floats, held: Floats) -> str:
        wrong = np.argwhere(np.abs(back - right) > 1e-6)
        if len(wrong):
            i, j = wrong[0]
            return (
                f" Pixel ({i}, {j}) lies in {held[i, j]:g} windows, so {right[i, j]:g} should come back there, "
                f"but `{name_of(self.col2im)}` says {back[i, j]:g}."
            )
        least, most = held.min(), held.max()
        if least == most == 1:
            return " Each pixel lies in exactly one window, so each comes back once."
        if least == most:
            return f" Each pixel lies in {most:g} windows and comes back that many times."
        return f" Pixels lie in {least:g} to {most:g} windows and come back that many times."

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
        ax.set_title(title)
        table = Table(ax, side, colours, low, high)
        return table
