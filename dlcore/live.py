"""Figures that follow sliders: draw once, then move only what a control moves.

A widget of the course is a `Panel`: controls, a `LiveFigure`, and a sentence
that says in words what the picture shows. Its model is one function of the
controls' values:

    live = LiveFigure(alt="A line and a point.")
    ax = live.figure.add_subplot(xlim=(0, 10), ylim=(0, 10))
    (dot,) = ax.plot([], [], "o")
    live.freeze(dot)

    def update(x):
        dot.set_data([x], [x**2])
        return f"The square of {x} is {x**2}."

    panel = Panel(live, [slider("x", 0, 3, 1)], update)

Without a kernel, on a code host or in an exported page, the panel is a still
picture with a text alternative.
"""

from __future__ import annotations

import base64
import html
import io
import re
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from dlcore.errors import CourseError
from dlcore.film import film
from dlcore.time_limit import OutOfTime, time_limit

__all__ = ["LiveFigure", "Panel", "ask", "choice", "log_slider", "name_of", "slider", "stops", "toggle", "whole_slider"]

_LABEL = {"description_width": "11em"}
_WIDE = {"width": "32em"}
_LONGEST = 300  # characters of an error that are shown


class LiveFigure:
    """A matplotlib figure shown as a picture of fixed size.

    It is drawn by Agg without pyplot, so nothing keeps it alive once the
    notebook has let go of it.

    Attributes:
        figure: the matplotlib figure to put axes into.
        image: the ipywidgets image that shows it.
        alt: what the figure shows in general, for those who cannot see it.
    """

    def __init__(
        self,
        size: tuple[float, float] = (8.0, 3.6),
        dpi: int = 100,
        alt: str = "",
        pressed: Callable[[Any, float, float], None] | None = None,
    ):
        """Make an empty figure.

        Args:
            size: (width, height) in inches.
            dpi: pixels an inch.
            alt: what the figure shows in general.
            pressed: called with the axes and the coordinates in it where the
                picture is clicked, and on while the pointer is dragged.
        """
        self.figure = Figure(figsize=size, dpi=dpi)
        self.figure.set_layout_engine("none")  # axes stay where they are put
        self.alt = alt
        self._canvas: Any = FigureCanvasAgg(self.figure)
        width, height = self._canvas.get_width_height()
        layout = {"width": f"{width}px", "height": f"{height}px", "max_width": "100%"}
        fit = {"object_fit": "contain", "object_position": "left top"}  # in a narrow window
        if pressed is None:
            self.image: Any = ipywidgets.Image(format="png", layout={**layout, **fit})
        else:
            layout["height"] = "auto"  # a narrow page makes the picture smaller
            self.image = film(alt, layout, lambda x, y: self._press(pressed, x, y))
        self._moving: tuple[Any, ...] = ()
        self._background: Any = None

    def freeze(self, *moving: Artist) -> None:
        """Draw everything but `moving` once and for all.

        Args:
            moving: the artists that controls move, listed bottom to top. What
                is drawn above one of them must be listed too. Give every axis
                its final limits before.
        """
        for artist in moving:
            artist.set_animated(True)
        self._moving = moving
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(self.figure.bbox)

    def refresh(self) -> None:
        """Draw the moving artists over the background and show the picture."""
        self._show(self.png())

    def blank(self) -> None:
        """Show the background alone."""
        self._show(self._draw(()))

    def png(self) -> bytes:
        """The moving artists over the background, as a picture that is not shown yet."""
        return self._draw(self._moving)

    def _show(self, png: bytes) -> None:
        if hasattr(self.image, "show"):
            self.image.show(png)
        else:
            self.image.value = png

    def _press(self, pressed: Callable[[Any, float, float], None], across: float, down: float) -> None:
        """Tell `pressed` what lies at these fractions of the picture's width and height."""
        width, height = self._canvas.get_width_height()
        pixel = (across * width, (1 - down) * height)
        for ax in self.figure.axes:
            if ax.bbox.contains(*pixel):
                pressed(ax, *map(float, ax.transData.inverted().transform(pixel)))

    def _draw(self, artists: Sequence[Any]) -> bytes:
        if self._background is None:
            self.freeze()
        self._canvas.restore_region(self._background)
        for artist in artists:
            artist.axes.draw_artist(artist)
        picture = Image.fromarray(np.asarray(self._canvas.buffer_rgba())).convert("RGB")
        buffer = io.BytesIO()
        picture.save(buffer, "png", compress_level=1)
        return buffer.getvalue()


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


def ask(function: Callable[..., Any], *args: Any, seconds: float | None = None) -> Any:
    """Return `function(*args)`; if the student's function fails, say so kindly.

    What it prints and warns of is dropped: a picture may call it a thousand times.

    Args:
        function: the student's.
        args: what it is called with.
        seconds: how long it may take; None for as long as it likes.

    Raises:
        CourseError: the function raised, returned None or took too long; the
            message names it and the slip.

    >>> ask(lambda z: z + 1, 2)
    3
    """
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            with nullcontext() if seconds is None else time_limit(seconds):
                result = function(*args)
    except OutOfTime as error:
        words = f"`{name_of(function)}` was still running after {seconds:g} s, so it was stopped. Does each loop end?"
        raise CourseError(words) from error
    except NotImplementedError as error:
        raise CourseError(_kind_words(error)) from error
    except Exception as error:
        raise CourseError(f"`{name_of(function)}` raised {type(error).__name__}: {error}") from error
    if result is None:
        raise CourseError(f"`{name_of(function)}` returned nothing. Is a `return` missing?")
    return result


def name_of(function: Callable[..., Any]) -> str:
    """The name under which the student knows `function`."""
    return getattr(function, "__name__", "your function")


def slider(label: str, low: float, high: float, value: float, step: float = 0.1) -> ipywidgets.FloatSlider:
    """Return a slider from `low` to `high`; its visible label says what it changes, with the unit."""
    decimals = len(np.format_float_positional(step, trim="-").partition(".")[2])
    return ipywidgets.FloatSlider(
        value=value, min=low, max=high, step=step, description=label,
        readout_format=f".{decimals}f", style=_LABEL, layout=_WIDE,
    )  # fmt: skip


def log_slider(label: str, low: float, high: float, value: float, step: float = 0.05) -> ipywidgets.FloatLogSlider:
    """Return a slider from `low` to `high`, both above 0, on which equal ways are equal factors.

    The page rounds its value, whoever sets it: the logarithm to base 10 of
    value/low becomes a multiple of `step`.
    """
    return ipywidgets.FloatLogSlider(
        value=value, min=np.log10(low), max=np.log10(high), step=step, description=label,
        readout_format=".2r", style=_LABEL, layout=_WIDE,
    )  # fmt: skip


def whole_slider(label: str, low: int, high: int, value: int, step: int = 1) -> ipywidgets.IntSlider:
    """Return a slider for whole numbers."""
    return ipywidgets.IntSlider(
        value=value, min=low, max=high, step=step, description=label, style=_LABEL, layout=_WIDE
    )


def choice(label: str, options: Sequence[Any], value: Any) -> ipywidgets.Dropdown:
    """Return a list to pick one of `options` from."""
    return ipywidgets.Dropdown(options=options, value=value, description=label, style=_LABEL, layout=_WIDE)


def stops(label: str, values: Sequence[float], value: float) -> ipywidgets.SelectionSlider:
    """Return a slider with a few stops; it reports a value when it is let go, for what takes a while."""
    return ipywidgets.SelectionSlider(
        options=[(f"{stop:g}", stop) for stop in values], value=value, description=label,
        continuous_update=False, style=_LABEL, layout=_WIDE,
    )  # fmt: skip


def toggle(label: str, value: bool = False) -> ipywidgets.Checkbox:
    """Return a box to tick."""
    return ipywidgets.Checkbox(value=value, description=label, style=_LABEL, layout=_WIDE)


def _button(label: str) -> ipywidgets.Button:
    return ipywidgets.Button(description=label, layout={"width": "auto"})


def _kind_words(error: Exception) -> str:
    """A sentence or two for the status line."""
    if isinstance(error, NotImplementedError):
        return f"Write {_raised_in(error)} first, then run this cell again."
    words = str(error)
    if not isinstance(error, CourseError):
        words = f"The picture could not be drawn: {type(error).__name__}: {words}"
    return words if len(words) <= _LONGEST else words[:_LONGEST] + "…"


def _raised_in(error: Exception) -> str:
    """The name of the function that raised, in backquotes."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = trace.tb_frame.f_code.co_name if trace is not None else "<unknown>"
    return "your function" if name.startswith("<") else f"`{name}`"
