"""An image widget that tells the kernel how wide and how dense its page is.

What needs no kernel happens in the browser: in a dark page light and dark swap, and the
panel's controls get names for screen readers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets

__all__ = ["picture"]

PAGE_SIDE = Path(__file__).with_suffix(".js")


def picture(alt: str, fitted: Callable[[float, float], None], sharpened: Callable[[], None]) -> Any:
    """Return a widget that shows the PNG in its `value`, `ratio` pixels to a CSS pixel.

    Args:
        alt: the alternative text.
        fitted: called with the page's width in CSS pixels and its device pixels for each, once the
            widget is shown and once after every change.
        sharpened: called when a picture of fewer pixels than the page has stays for a moment.

    Without the package anywidget it is a plain image, which calls nothing.
    """
    layout = {"width": "100%", "max_width": "100%"}
    try:
        widget = _widget_class()(alt=alt, layout=layout)
    except ImportError:
        return ipywidgets.Image(format="png", layout={"max_width": "100%", "height": "auto"})
    widget.observe(lambda change: fitted(*change["new"]), "page")
    widget.on_msg(lambda *_: sharpened())
    return widget


@functools.cache
def _widget_class() -> Any:
    import anywidget
    import traitlets

    class Picture(anywidget.AnyWidget):  # type: ignore[misc]
        _esm = PAGE_SIDE.read_text(encoding="utf-8")
        value = traitlets.Bytes(b"").tag(sync=True)
        ratio = traitlets.Float(1.0).tag(sync=True)
        alt = traitlets.Unicode("").tag(sync=True)
        page = traitlets.List(trait=traitlets.Float()).tag(sync=True)

        def show(self, png: bytes, ratio: float) -> None:
            """Show a picture with so many pixels to a CSS pixel."""
            with self.hold_sync():
                self.value, self.ratio = png, ratio

    return Picture
