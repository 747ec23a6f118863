"""The race: which paths the student's functions take with which settings."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dlcore.errors import CourseError
from dlcore.live import name_of
from dlcore.live.time_limit import OutOfTime
from dlcore.widgets.optimizers.trajectories.paths import MEMORY, Path, Step, walk
from dlcore.widgets.optimizers.trajectories.presets import PRESETS
from dlcore.widgets.optimizers.trajectories.references import REFERENCES, walk_reference
from dlcore.widgets.optimizers.trajectories.surfaces import SURFACES

__all__ = ["HORIZONS", "RATES", "Race", "Settings", "rounded"]

RATES = {"sgd": 0.05, "momentum": 0.02, "nesterov": 0.02, "rmsprop": 0.05, "adam": 0.2, "adamw": 0.2}
LOWEST_RATE, HIGHEST_RATE = 1e-4, 10.0
HORIZONS = (20, 60, 100, 300, 1000)  # choices for the number of steps
EDGE = 4.5  # maximum absolute coordinate of the start
MOST_KEPT = 400  # paths

Way = Path | str  # a path, or what is wrong with the method


@dataclass(frozen=True)
class Settings:
    """All that a path depends on."""

    surface: str = "ravine"
    start: tuple[float, float] = (0.0, 0.0)
    steps: int = 100
    shown: tuple[str, ...] = ()
    rates: Mapping[str, float] = field(default_factory=lambda: dict(RATES))
    beta: float = 0.9
    beta_rms: float = 0.9
    beta2: float = 0.999
    weight_decay: float = 0.01

    @classmethod
    def of_preset(cls, name: str, methods: Iterable[str]) -> Settings:
        """The settings of a preset, as far as there are such methods."""
        preset = PRESETS[name]
        return cls(
            surface=preset.surface, start=preset.start, steps=preset.steps, beta=preset.beta,
            shown=tuple(method for method in methods if method in preset.rates),
            rates={**RATES, **preset.rates}, weight_decay=preset.weight_decay,
        )  # fmt: skip

    @classmethod
    def of_page(cls, sent: Mapping[str, Any]) -> Settings:
        """What a page sends, with numbers where they may be; a page of an older version may send anything."""
        x, y = (float(np.clip(float(value), -EDGE, EDGE)) for value in sent["start"])
        rates = {method: _between(sent["rates"].get(method, rate), 1e-12, 1e6) for method, rate in RATES.items()}
        betas = {name: _between(sent[name], 0, 1 - 1e-6) for name in ("beta", "beta_rms", "beta2")}
        return cls(
            surface=str(sent["surface"]) if sent["surface"] in SURFACES else "ravine", start=(x, y),
            steps=int(_between(sent["steps"], 1, HORIZONS[-1])), shown=tuple(map(str, sent["shown"])), rates=rates,
            weight_decay=_between(sent["weight_decay"], 0, 10), **betas,
        )  # fmt: skip

    def of_step(self, method: str) -> dict[str, float]:
        """The keyword arguments of a method's step."""
        others = {
            "momentum": {"beta": self.beta},
            "nesterov": {"beta": self.beta},
            "rmsprop": {"beta": self.beta_rms},
            "adam": {"beta1": self.beta, "beta2": self.beta2},
            "adamw": {"beta1": self.beta, "beta2": self.beta2, "weight_decay": self.weight_decay},
        }
        return {"learning_rate": self.rates[method], **others.get(method, {})}


class Race:
    """The student's functions, and the paths that they have taken so far.

    Attributes:
        methods: the names of all that can be shown, the references last.
    """

    def __init__(self, initial_state: Step, steps: Mapping[str, Step]):
        if not isinstance(steps, Mapping):
            kind = type(steps).__name__
            raise CourseError(f"`steps` should be a dict with functions for any of {_listed(MEMORY)}, not {kind}.")
        unknown = [method for method in steps if method not in MEMORY]
        if unknown or not steps:
            raise CourseError(f"`steps` should be a dict with functions for any of {_listed(MEMORY)}, not {unknown}.")
        self.initial_state = initial_state
        self.steps = {method: steps[method] for method in MEMORY if method in steps}
        self.methods = (*self.steps, *REFERENCES)
        self.known: dict[tuple[object, ...], Way] = {}
        self.endless: dict[str, str] = {}

    def ways(self, settings: Settings, seconds: float | None = None) -> dict[str, Way]:
        """The way of each method that is shown, or words on what is wrong with it.

        Args:
            settings: which methods, and how.
            seconds: time for all of them, for a picture while the pointer moves; paths may then be shorter.
        """
        shown = [method for method in self.methods if method in settings.shown]
        found, deadline = {}, time.perf_counter() + (seconds or 0)
        for number, method in enumerate(shown):
            share = None if seconds is None else max(deadline - time.perf_counter(), 0) / (len(shown) - number)
            found[method] = self.way(method, settings, share)
        return found

    def way(self, method: str, settings: Settings, seconds: float | None = None) -> Way:
        """The way of a method, kept by its settings unless time was short."""
        if method in self.endless:
            return self.endless[method]
        step = () if method in REFERENCES else tuple(settings.of_step(method).items())
        key = method, settings.surface, settings.start, settings.steps, step
        if key in self.known:
            return self.known[key]
        way = self._walk(method, settings, seconds)
        if seconds is None or isinstance(way, str) or way.ending != "slow":
            if len(self.known) > MOST_KEPT:
                self.known.clear()
            self.known[key] = way
        return way

    def _walk(self, method: str, settings: Settings, seconds: float | None) -> Way:
        surface = SURFACES[settings.surface]
        if method in REFERENCES:
            return walk_reference(surface, settings.start, method, settings.steps)
        functions = self.initial_state, self.steps[method]
        try:
            return walk(surface, settings.start, method, functions, settings.of_step(method), settings.steps, seconds)
        except CourseError as error:
            if isinstance(error.__cause__, OutOfTime):  # do not wait for it again at every move of the pointer
                guilty = name_of(self.initial_state) in str(error)
                self.endless.update(dict.fromkeys(self.steps if guilty else [method], str(error)))
            return str(error)

    def tuned(self, settings: Settings) -> Settings:
        """The same settings, but each method shown has the rate with which its cost falls fastest."""
        lowest = SURFACES[settings.surface].lowest

        def quality(method: str, exponent: float) -> float:
            """The mean logarithm of the cost."""
            tried = replace(settings, rates={**settings.rates, method: 10.0**exponent})
            way = self.way(method, tried)
            if isinstance(way, str) or way.ending:
                return np.inf
            return float(np.mean(np.log10(np.maximum(way.costs - lowest, 0) + 1e-6)))

        rates = dict(settings.rates)
        for method in settings.shown:
            if method in self.steps:
                best = _lowest(np.arange(-4, 1.01, 0.2), method, quality)
                best = _lowest(np.clip(best + np.arange(-0.15, 0.16, 0.05), -4, 1), method, quality)
                if np.isfinite(quality(method, best)):
                    rates[method] = rounded(10.0**best)
        return replace(settings, rates=rates)


def rounded(rate: float) -> float:
    """A rate with three digits, as it is shown."""
    return float(f"{rate:.3g}")


def _lowest(exponents: Any, method: str, quality: Any) -> float:
    return float(min(exponents, key=lambda exponent: quality(method, float(exponent))))


def _between(value: Any, low: float, high: float) -> float:
    return float(np.clip(float(value), low, high))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
