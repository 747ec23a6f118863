"""The whole way of one method, stepped by the student's functions, with all that it remembers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlcore.arrays import Floats
from dlcore.errors import CourseError
from dlcore.live import ask, name_of
from dlcore.widgets.optimizers.trajectories.surfaces import Surface

__all__ = ["FAR", "MEMORY", "PATIENCE", "SLOW", "Path", "Step", "walk"]

Step = Callable[..., Any]

MEMORY = {
    "sgd": (),
    "momentum": ("v",),
    "nesterov": ("v",),
    "rmsprop": ("s",),
    "adam": ("v", "s", "t"),
    "adamw": ("v", "s", "t"),
}
"""The methods, and what the state of each holds."""

FAR = 1e6  # a path beyond this has diverged and ends
SLOW, PATIENCE = 0.6, 2.0  # seconds for all steps of a path; time limit of a single step


class Path(NamedTuple):
    """Where a method was after each of k steps, and what it held then."""

    points: Floats  # (k+1, 2)
    costs: Floats  # (k+1,)
    slopes: Floats  # gradients, (k+1, 2)
    memory: dict[str, Floats]  # "v" and "s", (k+1, 2)
    ending: str = ""  # why it ends early: "diverged", "slow" or ""
    price: str = "1 gradient a step"


def walk(
    surface: Surface,
    start: tuple[float, float],
    method: str,
    functions: tuple[Step, Step],
    settings: Mapping[str, float],
    steps: int,
    seconds: float | None = None,
) -> Path:
    """The way of a method from `start`.

    Args:
        surface: where to walk.
        start: the first point.
        method: one of `MEMORY`.
        functions: the student's `initial_state` and the step of the method.
        settings: `learning_rate`, and what else the step takes by name.
        steps: how many to take, unless the way ends early.
        seconds: time for all of them, by default `SLOW`.

    Raises:
        CourseError: kind words on what is wrong with the functions.
    """
    initial_state, step = functions
    state = ask(initial_state, {"theta": _column(start)}, method, seconds=PATIENCE)
    if flaw := _flaw_in_state(state, method) or _nonsense_in_state(state, method):
        raise CourseError(f"`{name_of(initial_state)}` {flaw}")
    rate, others = settings["learning_rate"], {k: v for k, v in settings.items() if k != "learning_rate"}
    log = _Log(surface, method)
    log.add(np.array(start, dtype=float), state)

    def all_steps() -> str:
        """Take the steps; returns what is wrong with one of them, or nothing."""
        held, deadline = state, time.perf_counter() + (SLOW if seconds is None else seconds)
        while len(log.points) <= steps and not log.ending:
            result = step({"theta": _column(log.points[-1])}, {"dtheta": _column(log.slopes[-1])}, held, rate, **others)
            if flaw := _flaw(result, method):
                return f"{flaw} (step {len(log.points)})" if len(log.points) > 1 else flaw
            moved, held = result
            log.add(np.array(moved["theta"], dtype=float).ravel(), held)
            if time.perf_counter() > deadline and len(log.points) <= steps:
                log.ending = log.ending or "slow"
        return log.nonsense()

    all_steps.__name__ = name_of(step)
    if flaw := ask(all_steps, seconds=PATIENCE):
        raise CourseError(f"`{name_of(step)}` {flaw}.")
    return log.path()


class _Log:
    """The values recorded after every step."""

    def __init__(self, surface: Surface, method: str):
        self.surface = surface
        self.points: list[Floats] = []
        self.slopes: list[tuple[float, float]] = []
        self.memory: dict[str, list[Floats]] = {name: [] for name in MEMORY[method] if name != "t"}
        self.ending = ""

    def add(self, point: Floats, state: Any) -> None:
        self.points.append(point)
        x, y = point.tolist()
        for name, held in self.memory.items():
            held.append(np.array(state[name]["theta"], dtype=float).ravel())  # a copy, since steps may work in place
        if math.isfinite(x) and math.isfinite(y) and max(abs(x), abs(y)) <= FAR:
            self.slopes.append(self.surface.slope(x, y))
        else:
            self.slopes.append((np.nan, np.nan))
            self.ending = "diverged"

    def nonsense(self) -> str:
        """What is not finite, and since which step; "" if all is. Looked for once, since it takes long."""
        kept = {"parameters['theta']": self.points} | {f"state['{k}']['theta']": v for k, v in self.memory.items()}
        for what, held in kept.items():
            bad = ~np.isfinite(np.array(held)).all(axis=1)
            if bad.any():
                first = int(bad.argmax())
                flaw = f"returned {_kind(held[first])} in {what}"
                return f"{flaw} (step {first})" if first > 1 else flaw
        return ""

    def path(self) -> Path:
        points = np.array(self.points)
        memory = {name: np.array(held) for name, held in self.memory.items()}
        with np.errstate(over="ignore"):
            costs = self.surface.cost(*points.T)
        return Path(points, costs, np.array(self.slopes), memory, self.ending)


def _column(pair: ArrayLike) -> Floats:
    return np.array(pair, dtype=float).reshape(2, 1)


def _flaw(result: Any, method: str) -> str:
    """What is wrong with the result of a step, in words; "" if nothing. Whether numbers are finite is seen later."""
    if result is None:
        return "returned nothing: is a `return` missing"
    if not isinstance(result, tuple | list) or len(result) != 2:
        return "should return two things: the new parameters and the new state"
    parameters, state = result
    if not isinstance(parameters, Mapping) or "theta" not in parameters:
        return "should return the new parameters as a dict with the names of the old ones, here 'theta'"
    return _flaw_in_array(parameters["theta"], "parameters['theta']") or _flaw_in_state(state, method)


def _flaw_in_state(state: Any, method: str) -> str:
    wanted = MEMORY[method]
    if not isinstance(state, Mapping):
        return f"should return a dict as the state of {method}" + (f", with {_listed(wanted)}" if wanted else "")
    for name in wanted:
        if name not in state:
            return f"should return a state with {_listed(wanted)} for {method}, but {name!r} is missing"
        if name != "t":
            if not isinstance(state[name], Mapping) or "theta" not in state[name]:
                return f"should keep state[{name!r}] as a dict with the names of the parameters, here 'theta'"
            if flaw := _flaw_in_array(state[name]["theta"], f"state[{name!r}]['theta']"):
                return flaw
    return ""


def _nonsense_in_state(state: Any, method: str) -> str:
    """What of an initial state is not finite, in words; "" if all is."""
    for name in MEMORY[method]:
        if name != "t" and not np.isfinite(state[name]["theta"]).all():
            return f"returned {_kind(state[name]['theta'])} in state[{name!r}]['theta']"
    return ""


def _flaw_in_array(array: Any, what: str) -> str:
    array = np.asarray(array)
    if array.shape != (2, 1):
        return f"should return {what} of shape (2, 1), but it has shape {array.shape}"
    if array.dtype.kind not in "biuf":
        return f"should return numbers in {what}"
    return ""


def _kind(array: Any) -> str:
    return "NaN" if np.isnan(array).any() else "infinity"


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(map(repr, names[:-1])), *map(repr, names[-1:]))))
