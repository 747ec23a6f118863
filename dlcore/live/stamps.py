"""Texts of a picture kept as small images, since most of them stay from tick to tick, or come back."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeGuard

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.text import Text

from dlcore.arrays import Ints

__all__ = ["Stamps"]

MOST = 400  # stamps that are kept, of about 5 kB each, on a dense screen of 20
MARGIN = 3  # pixels around a text's box that its glyphs may reach into


class Stamps:
    """Draws artists, and plain texts from stamps: laying out and drawing a text's glyphs takes a millisecond."""

    def __init__(self, canvas: FigureCanvasAgg):
        self._canvas = canvas
        self._blank: RendererAgg | None = None  # what stamps are cut from
        self._kept: dict[Hashable, tuple[int, int, Ints]] = {}  # left, bottom and pixels; those used last at the end

    def draw(self, artist: Artist) -> None:
        """Draw an artist on the canvas."""
        renderer = self._canvas.get_renderer()
        if not _is_plain(artist):
            artist.draw(renderer)
        elif artist.get_visible() and artist.get_text():
            key = self._looks(artist)
            stamp = self._kept.pop(key, None) or self._cut(artist)
            self._kept[key] = stamp
            if len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]
            if stamp[-1].size:  # it may lie outside the picture
                renderer.draw_image(renderer.new_gc(), *stamp)

    def _looks(self, text: Text) -> Hashable:
        """A text, and all that may change of it."""
        place = text.get_transform().transform(text.get_unitless_position())
        return (
            text,
            self._canvas.get_width_height(),
            self._canvas.figure.dpi,
            text.get_text(),
            tuple(place),
            str(text.get_color()),
            text.get_alpha(),
            text.get_fontproperties().copy(),
            text.get_rotation(),
            text.get_horizontalalignment(),
            text.get_verticalalignment(),
        )

    def _cut(self, text: Text) -> tuple[int, int, Ints]:
        """The text alone: where its left bottom corner lies, and its pixels, from the lowest row up."""
        width, height = self._canvas.get_width_height()
        dpi = self._canvas.figure.dpi
        if self._blank is None or (self._blank.width, self._blank.height, self._blank.dpi) != (width, height, dpi):
            self._blank = RendererAgg(width, height, dpi)
        self._blank.clear()
        text.draw(self._blank)
        box = text.get_window_extent(self._blank)
        left, right = np.clip([int(box.x0) - MARGIN, int(box.x1) + MARGIN + 1], 0, width)
        low, high = np.clip([int(box.y0) - MARGIN, int(box.y1) + MARGIN + 1], 0, height)
        pixels = np.asarray(self._blank.buffer_rgba())[::-1][low:high, left:right]
        return int(left), int(low), pixels.copy()


def _is_plain(artist: Artist) -> TypeGuard[Text]:
    """Whether it is a text, nothing but its glyphs, at a place in the plane."""
    if type(artist) is not Text or artist.get_bbox_patch() or artist.get_path_effects() or artist.get_clip_on():
        return False
    return bool(np.isfinite(artist.get_transform().transform(artist.get_unitless_position())).all())
