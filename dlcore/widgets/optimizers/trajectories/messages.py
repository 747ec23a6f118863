"""What goes to the page: surfaces, presets and paths, as plain values and arrays of bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from dlcore.arrays import Floats
from dlcore.widgets.optimizers.trajectories.paths import MEMORY, Path
from dlcore.widgets.optimizers.trajectories.presets import PRESETS
from dlcore.widgets.optimizers.trajectories.race import (
    EDGE,
    HIGHEST_RATE,
    HORIZONS,
    LOWEST_RATE,
    RATES,
    Race,
    Settings,
    Way,
)
from dlcore.widgets.optimizers.trajectories.references import PRICES
from dlcore.widgets.optimizers.trajectories.surfaces import SURFACES, Surface

__all__ = ["ASPECT", "GRID", "described", "heights", "packed", "scene"]

ASPECT = 1.2  # width of a map by its height
GRID = (97, 81)  # columns and rows of a surface's heights
BIGGEST = 1e30  # for numbers of 32 bits


def packed(ways: Mapping[str, Way], settings: Settings) -> tuple[dict[str, Any], bytes]:
    """A description of the ways, and all their numbers: 32-bit floats.

    For each path, from the number `at` on, its points (x and y in turn), costs above the lowest one, gradients,
    and, if the description says so, v and s. Nothing depends on the order of keys: a saved notebook sorts them.
    """
    lowest, parts = SURFACES[settings.surface].lowest, []
    told: dict[str, dict[str, Any]] = {}
    at = 0
    for method, way in ways.items():
        if isinstance(way, str):
            told[method] = {"trouble": way}
            continue
        told[method] = {
            "at": at, "points": len(way.points), "holds": list(way.memory), "ending": way.ending, "price": way.price,
        }  # fmt: skip
        arrays = [way.points, np.maximum(way.costs - lowest, 0), way.slopes, *way.memory.values()]
        parts += arrays
        at += sum(array.size for array in arrays)
    return {"settings": asdict(settings), "ways": told}, b"".join(map(_bytes, parts))


def _bytes(array: Floats) -> bytes:
    return np.clip(array, -BIGGEST, BIGGEST).astype("<f4").tobytes()


def heights(surface: Surface) -> tuple[Floats, float]:
    """The heights of a map as (rows, columns) from the lower left corner, from 0 to 1, and the highest cost there.

    They are compressed by the surface's power, so that the flat parts can be seen.
    """
    (x, y), reach = surface.centre, surface.reach
    wide = reach * ASPECT
    grid = np.meshgrid(np.linspace(x - wide, x + wide, GRID[0]), np.linspace(y - reach, y + reach, GRID[1]))
    above = np.maximum(surface.cost(*grid) - surface.lowest, 0)
    peak = float(above.max())
    return (above / peak) ** (1 / surface.power), peak


def scene(race: Race) -> tuple[dict[str, Any], bytes]:
    """All that does not depend on settings, and the heights of all surfaces: whole numbers of 16 bits."""
    surfaces: dict[str, dict[str, Any]] = {}
    parts = []
    for name, surface in SURFACES.items():
        grid, peak = heights(surface)
        parts.append(np.round(grid * 65535).astype("<u2").tobytes())
        surfaces[name] = {
            "place": len(surfaces),
            "centre": surface.centre, "reach": surface.reach, "minima": surface.minima, "power": surface.power,
            "peak": peak, "curvature": surface.curvature if np.isfinite(surface.curvature) else None,
        }  # fmt: skip
    presets = {
        name: {
            "question": preset.question, "words": preset.words, "step": preset.step,
            "settings": asdict(Settings.of_preset(name, race.methods)),
        }
        for name, preset in PRESETS.items()
    }  # fmt: skip
    told = {
        "aspect": ASPECT, "grid": GRID, "surfaces": surfaces, "lands": list(surfaces), "presets": presets,
        "questions": list(presets), "methods": list(race.methods),
        "rates": {method: RATES[method] for method in race.steps}, "prices": PRICES, "horizons": HORIZONS,
        "range": [LOWEST_RATE, HIGHEST_RATE], "edge": EDGE, "holds": {m: list(MEMORY[m]) for m in race.steps},
    }  # fmt: skip
    return told, b"".join(parts)


def described(ways: Mapping[str, Path | str], settings: Settings, step: int) -> str:
    """Where each method is at a step, in words, for where no picture is."""
    lowest, lines = SURFACES[settings.surface].lowest, []
    for method, way in ways.items():
        if isinstance(way, str):
            lines.append(f"{method} is not drawn: {way}")
        else:
            last = min(step, len(way.points) - 1)
            lines.append(f"{method}: cost {way.costs[last] - lowest:.3g} above the lowest after {last} steps.")
    return " ".join([f"Optimizers on the surface “{settings.surface}”.", *lines])
