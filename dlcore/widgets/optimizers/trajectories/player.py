"""Player controls (play, pause, speed, step) that move an index along precomputed steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
import numpy as np

from dlcore.live import LiveFigure, Panel, choice, whole_slider

__all__ = ["Player"]

PLAY, PAUSE = "▶ Play", "❚❚ Pause"
SPEEDS = {"slow: 5 steps a second": (200, 1), "20 steps a second": (50, 1), "fast: 80 steps a second": (50, 4)}


class Player:
    """The controls of an animation. Set `panel` before use.

    Attributes:
        step: the slider of the step that is shown.
        playing: the button that starts and stops.
        speed: the list of speeds.
    """

    panel: Panel

    def __init__(self, live: LiveFigure, show: Callable[[int], str]):
        """Connect the controls; `show` draws a step and returns the sentence for it."""
        self.live, self.film, self._show = live, live.image, show
        self.step = whole_slider("step", 0, 1, 0)
        self.speed = choice("speed", list(SPEEDS), list(SPEEDS)[1])
        self.following = False  # while true, the slider follows the animation instead of moving it
        if hasattr(self.film, "playing"):
            self.playing: Any = ipywidgets.ToggleButton(description=PLAY, layout={"width": "7em"})
            self.link = ipywidgets.jslink((self.playing, "value"), (self.film, "playing"))
            self.film.draw, self.film.paused = self._draw, self._paused
            self.film.observe(self._label, "playing")
            self.step.observe(self._jump, "value")
            self.speed.observe(self._set_speed, "value")
        else:  # without anywidget, ipywidgets' own player moves the slider
            self.playing = ipywidgets.Play(interval=100)
            self.link = ipywidgets.jslink((self.playing, "value"), (self.step, "value"))

    def set_last(self, last: int) -> None:
        """Set the last step of the animation."""
        self.step.max = last
        if hasattr(self.film, "last"):
            self.film.last = last
        else:
            self.playing.max = last

    def join(self, panel: Panel) -> None:
        """Become the player of a panel, whose controls and picture it shares."""
        self.panel = panel
        if hasattr(self.film, "playing"):
            self.film.guard = panel.lock

    def go(self, steps: int) -> None:
        """Stop, and move by so many steps."""
        step = int(np.clip(self.step.value + steps, 0, self.step.max))
        if hasattr(self.film, "playing"):
            self.film.jump(step, playing=False)
        self._follow(step)

    def _draw(self, steps: Sequence[int], now: int) -> list[bytes]:
        """The frames of the given steps; slider and sentence follow the step that the browser shows."""
        pictures = []
        try:
            for step in steps:
                self._show(step)
                pictures.append(self.live.png())
            self._follow(now)
            self.panel.say(self._show(now))
        except Exception:  # noqa: BLE001 - the panel raises the same error and reports it
            pictures.clear()
            self.go(0)
            self.panel.tick()
        return pictures

    def _paused(self, step: int) -> None:
        self._follow(step)
        self.panel.tick()

    def _follow(self, step: int) -> None:
        """Move the slider to the animation's position."""

        def move() -> None:
            self.step.value = self.film.position = step

        was_following, self.following = self.following, True
        try:
            self.panel.quietly(move)
        finally:
            self.following = was_following

    def _jump(self, change: Any) -> None:
        with self.film.guard:
            if not self.following:
                self.film.jump(change["new"])

    def _label(self, change: Any) -> None:
        self.playing.description = PAUSE if change["new"] else PLAY

    def _set_speed(self, change: Any) -> None:
        with self.film.hold_sync():
            self.film.interval, self.film.stride = SPEEDS[change["new"]]
