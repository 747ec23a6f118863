"""The widget: the page's questions, answered with the paths that the student's functions take."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any

from dlcore.errors import CourseError
from dlcore.live.shown import close_earlier
from dlcore.widgets.optimizers.trajectories.messages import described, packed, scene
from dlcore.widgets.optimizers.trajectories.paths import Step
from dlcore.widgets.optimizers.trajectories.presets import PRESETS
from dlcore.widgets.optimizers.trajectories.race import Race, Settings
from dlcore.widgets.optimizers.trajectories.static import script, static_page, still, style

__all__ = ["Trajectories"]

FAST = 0.018  # seconds for all paths of a picture while the pointer moves
SAVING = 1.0  # seconds after which no further preset is computed in advance


class Trajectories:
    """The race in a page; shown when it is the last line of a notebook cell.

    Attributes:
        race: the student's functions and their paths.
        view: the anywidget, or None where there is no such package; then the saved paths are shown.
    """

    def __init__(self, initial_state: Step, steps: Mapping[str, Step], preset: str):
        if preset not in PRESETS:
            raise CourseError(f"There is no preset {preset!r}. There are {', '.join(map(repr, PRESETS))}.")
        self.race = Race(initial_state, steps)
        self.preset = preset
        self._lock = threading.Lock()  # messages may be handled in several threads
        told, heights = scene(self.race)
        book, book_bytes = self._book()
        self.state = {"scene": told, "heights": heights, "book": book, "book_bytes": book_bytes, "preset": preset}
        self.view = _view(self.state)
        if self.view is not None:
            self.view.on_msg(lambda _view, message, _buffers: self.view.send(*self.answer(message)))

    def answer(self, message: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """The answer to a page's question, with the paths' numbers.

        Args:
            message: `ask`, the question's name; `kind`, "paths" or "tune"; `settings`; `fast`, whether the
                pointer moves, so that shorter paths are better than late ones.
        """
        with self._lock:
            settings = Settings.of_page(message["settings"])
            tune = message.get("kind") == "tune"
            if tune:
                settings = self.race.tuned(settings)
            ways = self.race.ways(settings, FAST if message.get("fast") else None)
        told, numbers = packed(ways, settings)
        return {"answer": message["ask"], "tuned": tune, **told}, [numbers]

    def _book(self) -> tuple[dict[str, Any], bytes]:
        """The paths of the presets, the first one's at any rate, and where each begins in the bytes."""
        book, parts, at = {}, [], 0
        deadline = time.perf_counter() + SAVING
        for name in sorted(PRESETS, key=lambda name: name != self.preset):
            if name == self.preset or time.perf_counter() < deadline:
                settings = Settings.of_preset(name, self.race.methods)
                told, numbers = packed(self.race.ways(settings), settings)
                book[name] = {"told": told, "at": at, "size": len(numbers)}
                parts.append(numbers)
                at += len(numbers)
        return book, b"".join(parts)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """The live widget, and a page with the saved paths where there is no kernel."""
        settings = Settings.of_preset(self.preset, self.race.methods)
        ways = self.race.ways(settings)
        words = described(ways, settings, PRESETS[self.preset].step)
        bundle: dict[str, Any] = {}
        if self.view is not None:
            close_earlier(self.view)
            shown = self.view._repr_mimebundle_()
            bundle.update(shown[0] if isinstance(shown, tuple) else shown)
        bundle["text/plain"] = words
        bundle["text/html"] = static_page(self.state, still(ways, settings), words, secrets.token_hex(6))
        return bundle


def _view(state: Mapping[str, Any]) -> Any:
    try:
        import anywidget
        import traitlets
    except ImportError:
        return None

    class Page(anywidget.AnyWidget):  # type: ignore[misc]
        _esm = script()
        _css = style()
        scene = traitlets.Dict().tag(sync=True)
        heights = traitlets.Bytes().tag(sync=True)
        book = traitlets.Dict().tag(sync=True)
        book_bytes = traitlets.Bytes().tag(sync=True)
        preset = traitlets.Unicode().tag(sync=True)

    return Page(**state)
