"""An image widget that reports clicks, and plays an animation of frames drawn in advance.

The animation runs in the browser, which requests a few frames at a time. So it is
smooth despite the latency of messages, and stops at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import ipywidgets

__all__ = ["film"]

PAGE_SIDE = Path(__file__).with_suffix(".js")


def film(alt: str, layout: dict[str, Any], pressed: Callable[[float, float], None]) -> Any:
    """Return a widget that shows the PNG in its `value`, and calls `pressed` on a click or drag.

    It plays while `playing` is true: from the step after `position` to `last`,
    `stride` steps per frame, one frame every `interval` ms. The callback `draw` gets
    a list of steps and the current step, and returns the PNGs of the list; the
    callback `paused` gets the last step shown. Both run within the context manager
    `guard`. `jump` moves to a step; messages that the browser sent before it received
    the jump are ignored.

    Args:
        alt: the alternative text.
        layout: the widget's layout.
        pressed: called with the fractions of the width, from the left, and of
            the height, from the top.

    Without the package anywidget it is a plain image, which reports no clicks and
    has no `playing`.
    """
    try:
        import anywidget
        import traitlets
    except ImportError:
        return ipywidgets.Image(format="png", layout=layout)

    class Film(anywidget.AnyWidget):  # type: ignore[misc]
        _esm = PAGE_SIDE.read_text(encoding="utf-8")
        value = traitlets.Bytes(b"").tag(sync=True)
        shows = traitlets.Int(0).tag(sync=True)
        alt = traitlets.Unicode("").tag(sync=True)
        pointer = traitlets.List(trait=traitlets.Float()).tag(sync=True)
        playing = traitlets.Bool(False).tag(sync=True)
        position = traitlets.Int(0).tag(sync=True)
        jumps = traitlets.Int(0).tag(sync=True)
        last = traitlets.Int(0).tag(sync=True)
        stride = traitlets.Int(1).tag(sync=True)
        interval = traitlets.Float(50.0).tag(sync=True)

        draw: Callable[[Sequence[int], int], list[bytes]] = staticmethod(lambda steps, now: [])
        paused: Callable[[int], None] = staticmethod(lambda step: None)
        guard: AbstractContextManager[Any] = nullcontext()

        def show(self, png: bytes) -> None:
            """Show a picture, even if `value` is equal: the browser may have shown other frames since."""
            with self.hold_sync():
                self.value, self.shows = png, self.shows + 1

        def jump(self, step: int, **others: Any) -> None:
            """Move to a step, and set other traits in the same message."""
            with self.hold_sync():
                self.position, self.jumps = step, self.jumps + 1
                for name, value in others.items():
                    setattr(self, name, value)

    def answer(widget: Any, message: dict[str, Any], _buffers: object) -> None:
        with widget.guard:
            if message["jumps"] != widget.jumps:
                return
            if "paused" in message:
                widget.paused(message["paused"])
            elif "steps" in message:
                pictures = widget.draw(message["steps"], message["position"])
                if pictures:
                    widget.send({"run": message["run"], "steps": message["steps"]}, pictures)

    picture = Film(alt=alt, layout=layout)
    picture.observe(lambda change: pressed(*change["new"]), "pointer")
    picture.on_msg(answer)
    return picture
