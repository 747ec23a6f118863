"""What the race shows at a step, in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dlcore.widgets.optimizers.trajectories.paths import Path
from dlcore.widgets.optimizers.trajectories.surfaces import Surface

__all__ = ["story"]


def story(
    surface: Surface,
    ways: Mapping[str, Path | str],
    settings: Mapping[str, Mapping[str, float]],
    step: int,
    preset: str,
) -> str:
    """What to look for, then a line a method: where it is at the step, or what is wrong with it."""
    lines = [preset] if preset else []
    if not ways:
        return "\n".join([*lines, "No method is shown: tick one."])
    lines.append(f"Step {step}. {_leader(ways, step)}".strip())
    troubles: dict[str, list[str]] = {}
    for method, way in ways.items():
        if isinstance(way, Path):
            lines.append(f"{method}: {_state(surface, way, step)}")
        else:
            troubles.setdefault(way, []).append(method)
    lines += [f"{', '.join(methods)}: {words}" for words, methods in troubles.items()]
    if limits := _limits(surface, settings):
        lines.append(limits)
    return "\n".join(lines)


def _state(surface: Surface, path: Path, step: int) -> str:
    """Cost, place, distance to the nearest lowest point, the last move, and how it ended."""
    last = min(step, len(path.points) - 1)
    if path.ending == "diverged" and last == len(path.points) - 1:
        return f"diverged: after {last} steps it is more than a million away."
    point, cost = path.points[last], path.costs[last]
    away = min(float(np.hypot(*(point - minimum))) for minimum in surface.minima)
    words = f"cost {cost:.3g} at {_pair(point)}, {away:.2g} from the lowest point"
    if last:
        words += f", last move {_pair(point - path.points[last - 1], sign='+')}"
    if last < step:
        words += f". The function is slow: only {last} steps were taken in the time there is"
    elif last and cost > path.costs[0]:
        words += ", higher than at the start"
    return words + "."


def _pair(numbers: np.ndarray, sign: str = "") -> str:
    return "({:{s}.3g}, {:{s}.3g})".format(*numbers, s=sign).replace("-", "−")


def _leader(ways: Mapping[str, Path | str], step: int) -> str:
    costs = {m: way.costs[min(step, len(way.costs) - 1)] for m, way in ways.items() if isinstance(way, Path)}
    if len(costs) < 2 or step == 0:
        return ""
    best = min(costs, key=lambda method: costs[method])
    return f"Lowest cost: {best}."


def _limits(surface: Surface, settings: Mapping[str, Mapping[str, float]]) -> str:
    """Where the curvature is the same everywhere: the rates by it, and how large they may be."""
    parts = []
    if np.isfinite(surface.curvature):
        for method in ("sgd", "momentum"):
            if method in settings:
                product = settings[method]["learning_rate"] * surface.curvature
                beta = settings[method].get("beta", 0.0)
                name = "2 + 2β" if beta else "2"
                limit = 2 + 2 * beta
                parts.append(
                    f"{product:.3g} for {method} (limit {name} = {limit:.3g})"
                    if beta
                    else f"{product:.3g} for {method} (limit 2)"
                )
    return f"Rate times largest curvature, αλ with λ = {surface.curvature:g}: {', '.join(parts)}." if parts else ""
