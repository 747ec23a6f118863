"""The race of the optimizers: presets, settings, and the resulting paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ipywidgets
import numpy as np

from dlcore.errors import CourseError
from dlcore.live import Panel, choice, log_slider, name_of, slider, toggle
from dlcore.live.time_limit import OutOfTime
from dlcore.widgets.optimizers.trajectories.paths import MEMORY, Path, Step, walk
from dlcore.widgets.optimizers.trajectories.picture import LOOKS, Picture
from dlcore.widgets.optimizers.trajectories.player import Player
from dlcore.widgets.optimizers.trajectories.presets import OWN, PRESETS
from dlcore.widgets.optimizers.trajectories.story import story
from dlcore.widgets.optimizers.trajectories.surfaces import SURFACES

__all__ = ["Trajectories"]

LOWEST_RATE, HIGHEST_RATE = 1e-4, 10.0
GRAIN = 0.0002  # step of the rates' sliders in log10; two presets lie just either side of a stability limit
RATES = {"sgd": 0.05, "momentum": 0.02, "nesterov": 0.02, "rmsprop": 0.05, "adam": 0.2, "adamw": 0.2}
HORIZONS = (20, 60, 100, 300, 1000)  # choices for the number of steps
EDGE = 4.5  # maximum absolute coordinate of the start
BETAS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999)
COLUMN = {"max_width": "100%", "margin": "0 1em 0 0"}
LABEL, WIDE = "13em", "34em"  # widths of the settings on the left


class Trajectories:
    """The widget. All paths are computed when a setting changes; playing only moves along them."""

    def __init__(self, initial_state: Step, steps: Mapping[str, Step], preset: str):
        unknown = [method for method in steps if method not in MEMORY]
        if unknown or not steps:
            raise CourseError(f"`steps` should be a dict with functions for any of {_listed(MEMORY)}, not {unknown}.")
        if preset not in PRESETS:
            raise CourseError(f"There is no preset {preset!r}. There are {_listed(PRESETS)}.")
        self.initial_state = initial_state
        self.steps = {method: steps[method] for method in MEMORY if method in steps}
        self.known: dict[tuple[object, ...], Path | str] = {}
        self.endless: dict[str, str] = {}
        self.surveyed: tuple[str, int] | None = None
        self.picture = Picture(list(self.steps), self._clicked)
        self.player = Player(self.picture.live, self._show)
        self._make_controls()
        self._set(preset)
        self.was = preset
        controls = [
            self.preset, self.surface, self.x, self.y, self.beta, self.beta_rms, self.beta2, self.decay,
            *self.shown.values(), *self.rates.values(), self.horizon, self.remembering, self.player.step,
        ]  # fmt: skip
        buttons: dict[str, Callable[[], None]] = {
            "◀ Back": lambda: self.player.go(-1),
            "Step ▶": lambda: self.player.go(1),
            "Reset": lambda: self.player.go(-HORIZONS[-1]),
            "Tune each rate": self._tune,
        }
        self.panel = Panel(self.picture.live, controls, self.update, buttons, self._arrange)
        self.player.join(self.panel)
        self.panel.box.children[-1].layout.min_height = "13em"

    def update(self, *_: object) -> str:
        """Update the picture from the controls; returns a description of it."""
        self._follow_preset()
        return self._show(self.player.step.value)

    def _show(self, step: int) -> str:
        """Draw a step; returns a description of it."""
        wanted = self.surface.value, self.horizon.value
        if self.surveyed != wanted:
            self.picture.survey(*wanted)
            self.player.set_last(self.horizon.value)
            self.surveyed = wanted
        start, methods = (self.x.value, self.y.value), [m for m, box in self.shown.items() if box.value]
        ways = {method: self._way(method, self.rates[method].value) for method in methods}
        paths = {method: way for method, way in ways.items() if isinstance(way, Path)}
        self.picture.show(paths, start, step, self.remembering.value)
        preset = PRESETS[self.preset.value].words if self.preset.value in PRESETS else ""
        settings = {method: self._settings(method, self.rates[method].value) for method in methods}
        return story(SURFACES[self.surface.value], ways, settings, step, preset)

    def _settings(self, method: str, rate: float) -> dict[str, float]:
        """The keyword arguments of a method's step."""
        beta, beta2 = self.beta.value, self.beta2.value
        others = {
            "sgd": {},
            "momentum": {"beta": beta},
            "nesterov": {"beta": beta},
            "rmsprop": {"beta": self.beta_rms.value},
            "adam": {"beta1": beta, "beta2": beta2},
            "adamw": {"beta1": beta, "beta2": beta2, "weight_decay": self.decay.value},
        }
        return {"learning_rate": rate, **others[method]}

    def _way(self, method: str, rate: float) -> Path | str:
        """The path of a method, or an error message; cached by its settings."""
        start, settings = (self.x.value, self.y.value), self._settings(method, rate)
        key = method, self.surface.value, start, self.horizon.value, tuple(settings.items())
        if method in self.endless:
            return self.endless[method]
        if key not in self.known:
            if len(self.known) > 400:
                self.known.clear()
            functions = self.initial_state, self.steps[method]
            try:
                self.known[key] = walk(
                    SURFACES[self.surface.value], start, method, functions, settings, self.horizon.value
                )
            except CourseError as error:
                self.known[key] = str(error)
                if isinstance(error.__cause__, OutOfTime):  # do not wait for it again at every move of a slider
                    guilty = name_of(self.initial_state) in str(error)
                    self.endless.update(dict.fromkeys(self.steps if guilty else [method], str(error)))
        return self.known[key]

    def _clicked(self, x: float, y: float) -> None:
        def move() -> None:
            self.x.value, self.y.value = round(x, 3), round(y, 3)

        self.panel.press(move)

    def _tune(self) -> None:
        """Give each method shown the rate with which its cost falls fastest, on a logarithmic average."""

        def quality(method: str, exponent: float) -> float:
            way = self._way(method, 10.0**exponent)
            if not isinstance(way, Path) or way.ending:
                return np.inf
            return float(np.mean(np.log10(np.maximum(way.costs - SURFACES[self.surface.value].lowest, 0) + 1e-6)))

        for method, box in self.shown.items():
            if box.value:
                coarse = min(np.arange(-4, 1.01, 0.2), key=lambda e: quality(method, e))
                fine = np.clip(coarse + np.arange(-0.15, 0.16, 0.05), -4, 1)
                best = min(fine, key=lambda e: quality(method, e))
                if np.isfinite(quality(method, best)):
                    self.rates[method].value = _rounded(10.0**best)

    def _set(self, name: str) -> None:
        """Give all controls the values of a preset."""
        preset = PRESETS[name]
        self.preset.value, self.surface.value = name, preset.surface
        self.x.value, self.y.value = preset.start
        self.beta.value, self.beta_rms.value, self.beta2.value = preset.beta, 0.9, 0.999
        self.decay.value, self.horizon.value = preset.weight_decay, preset.steps
        self.player.set_last(preset.steps)
        self.player.step.value = preset.step
        for method, box in self.shown.items():
            box.value = method in preset.rates
            self.rates[method].value = _rounded(preset.rates.get(method, RATES[method]))
        self.as_set = self._values()

    def _values(self) -> list[float]:
        """The values that a preset sets, but for the step."""
        controls = [self.x, self.y, self.beta, self.beta_rms, self.beta2, self.decay, self.horizon]
        controls += [*self.shown.values(), *self.rates.values()]
        return [list(SURFACES).index(self.surface.value), *(float(control.value) for control in controls)]

    def _follow_preset(self) -> None:
        """Apply a newly chosen preset, or deselect the preset if a setting was changed by hand."""
        if self.preset.value not in (self.was, OWN):
            self._set(self.preset.value)
        elif not np.allclose(self._values(), self.as_set, rtol=1e-6, atol=1e-6):  # the browser rounds the last digits
            self.preset.value = OWN
        self.was = self.preset.value

    def _make_controls(self) -> None:
        self.preset = choice("preset", [*PRESETS, OWN], OWN)
        self.was = OWN
        self.surface = choice("surface", list(SURFACES), "ravine")
        self.x = slider("start, θ₁", -EDGE, EDGE, 0, step=0.001)
        self.y = slider("start, θ₂", -EDGE, EDGE, 0, step=0.001)
        self.beta = slider("β momentum, β₁ Adam", 0, 0.99, 0.9, step=0.01)
        self.beta_rms = _stops("β RMSprop", 0.9)
        self.beta2 = _stops("β₂ Adam", 0.999)
        self.decay = slider("weight decay, AdamW", 0, 1, 0.01, step=0.01)
        self.shown = {method: toggle(method) for method in self.steps}
        self.rates = {m: log_slider("α", LOWEST_RATE, HIGHEST_RATE, RATES[m], GRAIN) for m in self.steps}
        for method in self.steps:
            self.shown[method].indent = False
            self.shown[method].layout = {"width": "7.5em"}
            self.rates[method].style.description_width = "1.5em"
            self.rates[method].layout = {"width": "23em"}
            self.rates[method].readout_format = ".3r"
        self.remembering = toggle("what each remembers: arrows, areas", True)
        self.horizon = choice("steps to take", list(HORIZONS), HORIZONS[-1])

    def _arrange(self, buttons: Mapping[str, Any]) -> Any:
        """Settings to the left, methods to the right, the player below."""
        left = [self.preset, self.surface, self.x, self.y, self.beta, self.beta_rms, self.beta2, self.decay]
        for control in left:
            control.style.description_width, control.layout.width = LABEL, WIDE
        rows = [
            ipywidgets.HBox([ipywidgets.HTML(_swatch(method)), self.shown[method], self.rates[method]])
            for method in self.steps
        ]
        right = [*rows, self.horizon, self.player.speed, self.remembering]
        columns = [ipywidgets.VBox(column, layout=COLUMN) for column in (left, right)]
        row = {"flex_flow": "row wrap"}
        player = [self.player.playing, *buttons.values(), self.player.step]
        return ipywidgets.VBox([ipywidgets.HBox(columns, layout=row), ipywidgets.HBox(player, layout=row)])


def _rounded(rate: float) -> float:
    """A rate that the slider can show."""
    return float(10.0 ** (round(np.log10(rate) / GRAIN) * GRAIN))


def _swatch(method: str) -> str:
    """The marker of a method in its colour; the picture's legend says the same."""
    colour, _, marker = LOOKS[method]
    sign = {"o": "●", "^": "▲", "v": "▼", "s": "■", "D": "◆", "X": "✖"}[marker]
    return f'<span aria-hidden="true" style="color:{colour};font-size:1.2em">{sign}</span>'


def _stops(label: str, value: float) -> ipywidgets.SelectionSlider:
    options = [(f"{beta:g}", beta) for beta in BETAS]
    return ipywidgets.SelectionSlider(options=options, value=value, description=label)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
