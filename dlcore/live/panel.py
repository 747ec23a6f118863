"""A figure with its controls, and a sentence that says what it shows."""

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

_LONGEST = 300  # characters of an error that are shown


class Panel:
    """Controls, a live figure and a sentence; the last line of a notebook cell shows it.

    Whatever goes wrong while the picture is made, in the student's function or
    in ours, is said in the sentence, and only the figure's background is shown.

    Attributes:
        controls: the sliders and toggles, in the order of `update`'s arguments.
        buttons: the buttons by their label.
        sentence: what the status line says now, as plain text.
        error: what went wrong in the last update, or None.
        lock: held while controls and picture change. JupyterLab may hand the
            messages of two controls to two threads.
    """

    def __init__(
        self,
        live: LiveFigure,
        controls: Sequence[Any],
        update: Callable[..., str],
        buttons: Mapping[str, Callable[[], None]] | None = None,
        arrange: Callable[[Mapping[str, Any]], Any] | None = None,
    ):
        """Connect the controls and make the first picture.

        Args:
            live: the figure. Its moving artists are what `update` moves.
            controls: widgets with a `value`, such as `slider(...)`.
            update: called with the controls' values; moves the artists and
                returns a sentence, plain text in which `names` may stand in
                backquotes. It takes 30 ms at most.
            buttons: a label and what to do on a click, before the next update.
            arrange: given the buttons, returns the widget that holds them and
                the controls; without it they stand below one another.
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
        """Bring the picture and the sentence up to date with the controls; those that `update` moves stay silent."""
        self.quietly(self._redraw)

    def _redraw(self) -> None:
        self.error = None
        try:
            self.say(self._update(*(control.value for control in self.controls)))
            self.live.refresh()
        except Exception as error:  # noqa: BLE001 - in a callback it would be lost, so it is shown
            self.error = error
            self.say(_kind_words(error), trouble=True)
            self.live.blank()

    def press(self, action: Callable[[], None]) -> None:
        """Do what a button does: `action` may change controls; the picture changes once."""
        with self.lock:
            self.quietly(action)
            self.tick()

    def quietly(self, action: Callable[[], None]) -> None:
        """Do what may change controls, and leave picture and sentence alone."""
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
        """Put a sentence into the status line."""
        self.sentence = sentence
        words = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(sentence))
        look = "line-height:1.5;white-space:pre-line;"
        if trouble:
            look += "border-left:4px solid #D55E00;padding-left:8px;"
        self._status.value = f'<div role="status" style="{look}">{words}</div>'

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """The live panel, and for places without a kernel a still picture and its description."""
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
    """A sentence or two for the status line."""
    if isinstance(error, NotImplementedError):
        return not_written(error)
    words = str(error)
    if not isinstance(error, CourseError):
        words = f"The picture could not be drawn: {type(error).__name__}: {words}"
    return words if len(words) <= _LONGEST else words[:_LONGEST] + "…"
