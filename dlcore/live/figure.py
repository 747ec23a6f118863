"""A matplotlib figure that is drawn once, for the page it is in, and then updated by blitting the moving artists."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from dlcore.live.layout import Layout
from dlcore.live.picture import picture
from dlcore.live.stamps import Stamps

__all__ = ["LiveFigure"]

DENSEST = 2.0  # device pixels for a CSS pixel; more are not seen, but cost
STYLED = ("axes", "font", "grid", "legend", "lines", "text", "xtick", "ytick")  # what drawing anew may read of a style


class LiveFigure:
    """A matplotlib figure shown as an image, drawn for the width and the density of the page once these are known.

    It is drawn by Agg without pyplot, which would keep a reference to it and prevent
    its garbage collection.

    Attributes:
        figure: the matplotlib figure to add axes to.
        image: the widget that shows it.
        alt: the alternative text, apart from the current state.
        guard: held while the figure is drawn for another page.
    """

    def __init__(
        self,
        size: tuple[float, float] = (8.0, 3.6),
        dpi: int = 100,
        alt: str = "",
        breaks: Sequence[float] = (),
    ):
        """Create an empty figure.

        Args:
            size: (width, height) in inches.
            dpi: pixels per inch.
            alt: the alternative text, apart from the current state.
            breaks: fractions of the width where nothing is drawn: on a narrow page
                the parts between them go below each other. Legends of the figure
                stay at the bottom.
        """
        self.figure = Figure(figsize=size, dpi=dpi)
        self.figure.set_layout_engine("none")  # a layout engine would move the axes
        self.alt, self._breaks = alt, tuple(breaks)
        self.guard: AbstractContextManager[Any] = nullcontext()
        self._canvas = FigureCanvasAgg(self.figure)
        self._stamps = Stamps(self._canvas)
        self.image: Any = picture(alt, self._fit_page, self._sharpen)
        self._style = {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name.split(".")[0] in STYLED}
        self._layout: Layout | None = None  # once the page is known
        self._ratio = 1.0
        self._moving: tuple[Artist, ...] = ()
        self._shown: tuple[Artist, ...] = ()
        self._background: Any = None
        self._sharp: Any = None  # the background with as many pixels as the page has, once it is needed

    def freeze(self, *moving: Artist) -> None:
        """Draw everything except `moving` and keep it as the background.

        Set the final limits of all axes first.

        Args:
            moving: the artists that controls move, bottom to top, and all artists
                drawn above them.
        """
        for artist in moving:
            artist.set_animated(True)
        self._moving, self._sharp = moving, None
        self._background = self._drawn_background()

    def refresh(self) -> None:
        """Draw the moving artists over the background and show the result."""
        self._show(self._moving)

    def blank(self) -> None:
        """Show the background alone."""
        self._show(())

    def png(self) -> bytes:
        """The moving artists over the background as a PNG, without showing it."""
        return self._draw(self._moving)

    def still(self) -> bytes:
        """The picture that is shown as a PNG, as it is drawn where nothing is known of the page."""
        if self._layout is None:
            return bytes(self.image.value)
        with self.guard:
            self._fit(self._layout, self._layout.size[0] * self._layout.dpi)
            png = self._draw(self._shown)
            self._fit(self._layout, self.image.page[0])
        return png

    def _fit_page(self, width: float, ratio: float) -> None:
        """Draw for a page of so many CSS pixels' width and so many device pixels for each."""
        with self.guard:
            if self._layout is None:
                self._layout = Layout(self.figure, self._breaks)
            self._ratio = float(np.clip(ratio, 1, DENSEST))
            self._fit(self._layout, width)
            if self._ratio > 1:
                self._sharpen()  # a page that changes does not move; who asks for this may be earlier than the page
            else:
                self._show(self._shown)

    def _fit(self, layout: Layout, width: float) -> None:
        with matplotlib.rc_context(self._style):
            self.figure.set_dpi(layout.dpi * layout.fit(width))
            self.freeze(*self._moving)

    def _sharpen(self) -> None:
        """Show the picture with as many pixels as the page has.

        Not at every tick, which would take three times as long.
        """
        with self.guard:
            dpi = self.figure.dpi
            try:
                self.figure.set_dpi(dpi * self._ratio)
                if self._sharp is None:
                    with matplotlib.rc_context(self._style):
                        self._sharp = self._drawn_background()
                self.image.show(self._draw(self._shown, self._sharp), self._ratio)
            finally:
                self.figure.set_dpi(dpi)

    def _show(self, artists: Sequence[Artist]) -> None:
        self._shown = tuple(artists)
        png = self._draw(artists)
        if hasattr(self.image, "page"):
            self.image.show(png, 1.0)
        else:
            self.image.value = png

    def _drawn_background(self) -> Any:
        self._canvas.draw()
        return self._canvas.copy_from_bbox(self.figure.bbox)

    def _draw(self, artists: Sequence[Artist], background: Any = None) -> bytes:
        if self._background is None:
            self.freeze()
        self._canvas.restore_region(background or self._background)
        for artist in artists:
            self._stamps.draw(artist)
        picture = Image.fromarray(np.asarray(self._canvas.buffer_rgba())).convert("RGB")
        buffer = io.BytesIO()
        picture.save(buffer, "png", compress_level=1)
        return buffer.getvalue()
