"""A matplotlib figure that is drawn once and then updated by blitting the moving artists."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from dlcore.live.player import film

__all__ = ["LiveFigure"]


class LiveFigure:
    """A matplotlib figure shown as an image of fixed size.

    It is drawn by Agg without pyplot, which would keep a reference to it and prevent
    its garbage collection.

    Attributes:
        figure: the matplotlib figure to add axes to.
        image: the ipywidgets image that shows it.
        alt: the alternative text, apart from the current state.
    """

    def __init__(
        self,
        size: tuple[float, float] = (8.0, 3.6),
        dpi: int = 100,
        alt: str = "",
        pressed: Callable[[Axes, float, float], None] | None = None,
    ):
        """Create an empty figure.

        Args:
            size: (width, height) in inches.
            dpi: pixels per inch.
            alt: the alternative text, apart from the current state.
            pressed: called with the axes and the data coordinates of a click, and
                repeatedly while the pointer is dragged.
        """
        self.figure = Figure(figsize=size, dpi=dpi)
        self.figure.set_layout_engine("none")  # a layout engine would move the axes
        self.alt = alt
        self._canvas = FigureCanvasAgg(self.figure)
        width, height = self._canvas.get_width_height()
        layout = {"width": f"{width}px", "height": f"{height}px", "max_width": "100%"}
        fit = {"object_fit": "contain", "object_position": "left top"}  # in a narrow window
        if pressed is None:
            self.image: Any = ipywidgets.Image(format="png", layout={**layout, **fit})
        else:
            layout["height"] = "auto"  # keeps the aspect ratio in a narrow window
            self.image = film(alt, layout, lambda x, y: self._press(pressed, x, y))
        self._moving: tuple[Artist, ...] = ()
        self._background: Any = None

    def freeze(self, *moving: Artist) -> None:
        """Draw everything except `moving` and keep it as the background.

        Set the final limits of all axes first.

        Args:
            moving: the artists that controls move, bottom to top, and all artists
                drawn above them.
        """
        for artist in moving:
            artist.set_animated(True)
        self._moving = moving
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(self.figure.bbox)

    def refresh(self) -> None:
        """Draw the moving artists over the background and show the result."""
        self._show(self.png())

    def blank(self) -> None:
        """Show the background alone."""
        self._show(self._draw(()))

    def png(self) -> bytes:
        """The moving artists over the background as a PNG, without showing it."""
        return self._draw(self._moving)

    def _show(self, png: bytes) -> None:
        if hasattr(self.image, "show"):
            self.image.show(png)
        else:
            self.image.value = png

    def _press(self, pressed: Callable[[Axes, float, float], None], across: float, down: float) -> None:
        """Call `pressed` with the axes and data coordinates at these fractions of the width and height."""
        width, height = self._canvas.get_width_height()
        pixel = (across * width, (1 - down) * height)
        for ax in self.figure.axes:
            if ax.bbox.contains(*pixel):
                pressed(ax, *map(float, ax.transData.inverted().transform(pixel)))

    def _draw(self, artists: Sequence[Artist]) -> bytes:
        if self._background is None:
            self.freeze()
        self._canvas.restore_region(self._background)
        for artist in artists:
            self.figure.draw_artist(artist)
        picture = Image.fromarray(np.asarray(self._canvas.buffer_rgba())).convert("RGB")
        buffer = io.BytesIO()
        picture.save(buffer, "png", compress_level=1)
        return buffer.getvalue()
