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
from dlcore.live.shown import close_earlier
from dlcore.live.slices import Slices
from dlcore.live.student_calls import not_written

__all__ = ["Panel"]

_LONGEST = 300  # characters shown of an error message
_WORKING = "dlcore-working"  # class of the sentence while more pictures are to come
_BROADEST = "60em"  # lines of more than this are hard to read


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
        more: Sequence[Any] = (),
        work: Callable[..., bool] | None = None,
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
                controls above the picture; by default the controls stand in rows,
                with the buttons below them.
            more: those of the controls that are folded away below the picture, so
                that it is in view together with the others.
            work: given a number of seconds and the controls' values, works for about so
                long on what `update` shows, and returns whether none is left. After a
                change, `update` shows what a moment's work has come to, and again as it
                goes on in the background; the panel's first picture shows all of it.
        """
        self.live, self.controls, self._update, self._work = live, tuple(controls), update, work
        self.buttons = {label: _button(label) for label in buttons or {}}
        self.error: Exception | None = None
        self.sentence = ""
        self._silent, self.lock = False, threading.RLock()
        self._slices = Slices(self._work_on, self._show, self._carefully)
        live.guard = self.lock
        self._status = ipywidgets.HTML(layout={"max_width": _BROADEST, "min_height": "4.5em"})
        self._status.add_class("dlcore-sentence")
        for control in self.controls:
            control.observe(self._changed, "value")
        for label, action in (buttons or {}).items():
            self.buttons[label].on_click(lambda _, action=action: self.press(action))
        self._slices.begin(whole=True)
        main = [control for control in self.controls if all(control is not other for other in more)]
        above = _rows(main, list(self.buttons.values())) if arrange is None else arrange(self.buttons)
        self.box = ipywidgets.VBox([above, live.image, self._status, *_folded(more)])
        self.box.add_class("dlcore-panel")

    def tick(self) -> None:
        """Update picture and sentence from the controls; controls that `update` sets trigger nothing."""
        with self.lock:
            self.error = None
            self._slices.begin()

    def _work_on(self, seconds: float) -> bool:
        return self._work is None or self._work(seconds, *self._values())

    def _show(self, done: bool) -> None:
        if not done:
            self._status.add_class(_WORKING)
        self.say(self._update(*self._values()))
        self.live.refresh()
        if done:
            self._status.remove_class(_WORKING)  # after the last picture

    def _values(self) -> list[Any]:
        return [control.value for control in self.controls]

    def _carefully(self, action: Callable[[], None]) -> None:
        """Run what computes and draws; the sentence tells of an exception, which a callback would lose."""
        with self.lock:
            try:
                self.quietly(action)
            except Exception as error:  # noqa: BLE001 - whatever the student's function raises
                self.error = error
                self.say(_kind_words(error), trouble=True)
                self.live.blank()
                self._status.remove_class(_WORKING)

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
        role = "" if hasattr(self.live.image, "page") else 'role="status" '  # there the page knows which region is live
        self._status.value = f'<div {role}style="{look}">{words}</div>'

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """The live panel, with a static image and its description where there is no kernel."""
        words = f"{self.live.alt} {self.sentence}".strip()
        still = base64.b64encode(self.live.still()).decode()
        close_earlier(self.box)
        bundle = dict(self.box._repr_mimebundle_())
        bundle["text/plain"] = words
        bundle["text/html"] = (
            f'<img alt="{html.escape(words)}" src="data:image/png;base64,{still}"><p>{html.escape(self.sentence)}</p>'
        )
        return bundle


def _rows(controls: Sequence[Any], buttons: Sequence[Any]) -> Any:
    """The controls, as many in a row as fit, and a row of the buttons."""
    row = {"flex_flow": "row wrap"}
    rows = [ipywidgets.Box(list(kind), layout=row) for kind in (controls, buttons) if kind]
    return ipywidgets.VBox(rows)


def _folded(controls: Sequence[Any]) -> list[Any]:
    """A button that names the controls, and the controls, which it unfolds; nothing if there are none.

    ipywidgets' own Accordion cannot be opened with the keyboard.
    """
    if not controls:
        return []
    box = ipywidgets.Box(list(controls), layout={"flex_flow": "row wrap", "display": "none"})
    names = ", ".join(control.description.partition(",")[0] for control in controls)
    button = ipywidgets.ToggleButton(
        description=f"More: {names}", icon="caret-right", layout={"width": "auto", "max_width": "100%"}
    )
    button.add_class("dlcore-more")
    button.layout.align_self = "flex-start"

    def unfold(change: Any) -> None:
        box.layout.display = "flex" if change["new"] else "none"
        button.icon = "caret-down" if change["new"] else "caret-right"

    button.observe(unfold, "value")
    return [button, box]


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
