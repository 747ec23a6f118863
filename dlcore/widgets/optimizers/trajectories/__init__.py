"""Week 5: optimizers race over a surface, each stepped by the student's own function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dlcore.widgets.optimizers.trajectories.widget import Trajectories

__all__ = ["optimizer_trajectories"]


def optimizer_trajectories(
    initial_state: Callable[[dict[str, Any], str], dict[str, Any]],
    steps: Mapping[str, Callable[..., Any]],
    preset: str = "ravine zig-zag",
) -> Trajectories:
    """Return a widget in which methods walk down a surface side by side.

    Left, their paths over the surface: drag the start anywhere. Right, the
    methods with their rates, and the cost against the step. The arrows and areas
    at the heads show what each method remembers: its velocity and its squared
    gradients. Choosing a preset sets the surface, the start, the methods and
    their rates. Newton's method and L-BFGS are given, and off at first.

    The page draws and plays by itself; Python computes paths when a setting
    changes. Without a kernel, the paths of the presets are there.

    Args:
        initial_state: your function (parameters, method) → state.
        steps: your functions by method, any of "sgd", "momentum", "nesterov",
            "rmsprop", "adam", "adamw": (parameters, grads, state,
            learning_rate, …) → new parameters, new state. Each is called once a
            step whenever one of its settings changes, with parameters
            {"theta": (2, 1)} and grads {"dtheta": (2, 1)}.
        preset: what to begin with, such as "saddle escape" or "Adam first step".

    Raises:
        CourseError: there is no such preset or no such method.
    """
    return Trajectories(initial_state, steps, preset)
