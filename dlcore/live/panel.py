"""A figure with its controls, and a sentence that describes it."""

from __future__ import annotations

import base64
import html
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets

from dlcore.errors import CourseError
from dlcore.live.figure import LiveFigure
from dlcore.live.student_calls import not_written

__all__ = ["Panel"]

_LONGEST = 300  # characters shown of an error message


class Panel:
    """Controls, a live figure and a sentence; shown when it is the last line of a notebook cell.

    An error during an update, in the student's function or in ours, is reported in
    the sentence, and only the figure's background is shown.

    Attributes:
        controls: the sliders and toggles, in the order of `update`'s arguments.
        buttons: the buttons by label.
        sentence: the status line as plain text.
        error: the exception raised in the last update, or None.
        lock: held while controls and picture change. The messages of two controls may
            be handled in two threads.
    """

    def __init__(
        self,
        live: LiveFigure,
        controls: Sequence[Any],
        update: Callable[..., str],
        buttons: Mapping[str, Callable[[], None]] | None = None,
        arrange: Callable[[Mapping[str, Any]], Any] | None = None,
    ):
        """Connect the controls and draw the first picture.

        Args:
            live: the figure, whose moving artists `update` moves.
            controls: widgets with a `value`, such as `slider(...)`.
            update: called with the controls' values; moves the artists and returns
                a sentence, plain text with code in backquotes. It should take
                at most 30 ms.
            buttons: for each label what to do on a click, before the next update.
            arrange: given the buttons, returns a widget that contains them and the
                controls; by default they are stacked vertically.
        """
        self.live, self.controls, self._update = live, tuple(controls), update
        self.buttons = {label: _button(label) for label in buttons or {}}
        self.error: Exception | None = None
        self.sentence = ""
        self._status = ipywidgets.HTML(
            layout={"width": live.image.layout.width, "max_width": "100%", "min_height": "4.5em"}
        )
        self._silent, self.lock = False, threading.RLock()
        for control in self.controls:
            control.observe(self._changed, "value")
        for label, action in (buttons or {}).items():
            self.buttons[label].on_click(lambda _, action=action: self.press(action))
        self.tick()
        row = [ipywidgets.HBox(list(self.buttons.values()))] if self.buttons else []
        above = [*self.controls, *row] if arrange is None else [arrange(self.buttons)]
        self.box = ipywidgets.VBox([*above, live.image, self._status])

    def tick(self) -> None:
        """Update picture and sentence from the controls; controls that `update` sets trigger nothing."""
        self.quietly(self._redraw)

    def _redraw(self) -> None:
        self.error = None
        try:
            self.say(self._update(*(control.value for control in self.controls)))
            self.live.refresh()
        except Exception as error:  # noqa: BLE001 - an exception in a callback would be lost
            self.error = error
            self.say(_kind_words(error), trouble=True)
            self.live.blank()

    def press(self, action: Callable[[], None]) -> None:
        """Run a button's `action`, which may change controls, then update once."""
        with self.lock:
            self.quietly(action)
            self.tick()

    def quietly(self, action: Callable[[], None]) -> None:
        """Run `action` without updating picture and sentence when it changes controls."""
        with self.lock:
            was_silent, self._silent = self._silent, True
            try:
                action()
            finally:
                self._silent = was_silent

    def _changed(self, _change: object) -> None:
        with self.lock:
            if not self._silent:
                self.tick()

    def say(self, sentence: str, trouble: bool = False) -> None:
        """Show a sentence in the status line."""
        self.sentence = sentence
        words = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(sentence))
        look = "line-height:1.5;white-space:pre-line;"
        if trouble:
            look += "border-left:4px solid #D55E00;padding-left:8px;"
        self._status.value = f'<div role="status" style="{look}">{words}</div>'

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """The live panel, with a static image and its description where there is no kernel."""
        words = f"{self.live.alt} {self.sentence}".strip()
        still = base64.b64encode(self.live.image.value).decode()
        bundle = dict(self.box._repr_mimebundle_())
        bundle["text/plain"] = words
        bundle["text/html"] = (
            f'<img alt="{html.escape(words)}" src="data:image/png;base64,{still}"><p>{html.escape(self.sentence)}</p>'
        )
        return bundle


def _button(label: str) -> ipywidgets.Button:
    return ipywidgets.Button(description=label, layout={"width": "auto"})


def _kind_words(error: Exception) -> str:
    """An exception's message for the status line."""
    if isinstance(error, NotImplementedError):
        return not_written(error)
    words = str(error)
    if not isinstance(error, CourseError):
        words = f"The picture could not be drawn: {type(error).__name__}: {words}"
    return words if len(words) <= _LONGEST else words[:_LONGEST] + "…"
