"""Settings for one insight each, and what to look for in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["OWN", "PRESETS", "Preset"]

OWN = "(your own settings)"


class Preset(NamedTuple):
    """The settings of a preset. Methods without a rate are hidden."""

    surface: str
    start: tuple[float, float]
    rates: Mapping[str, float]
    steps: int  # number of steps
    step: int  # step shown first
    words: str
    beta: float = 0.9
    weight_decay: float = 0.01


PRESETS = {
    "ravine zig-zag": Preset(
        "ravine", (-2.0, 0.4), {"sgd": 0.09, "momentum": 0.03, "adam": 0.25}, 100, 30,
        "Each method has a rate that suits it. Plain descent leaps from wall to wall, and hardly along the ravine. "
        "What do the other two do with the leaps?",
    ),
    "ravine, turned": Preset(
        "ravine, turned by 45°", (-1.697, -1.131), {"sgd": 0.09, "momentum": 0.03, "adam": 0.25}, 100, 30,
        "The ravine of the zig-zag and its start, turned by 45°, with the same rates. "
        "Whose path only turns with it, and whose path is another one?",
    ),
    "momentum overshoot": Preset(
        "bowl", (-2.0, 1.2), {"sgd": 0.1, "momentum": 0.1, "nesterov": 0.1}, 100, 30,
        "One rate for all. Momentum arrives at the bottom with speed, and runs past it. Watch its velocity.",
    ),
    "stability limit, just below": Preset(
        "ravine", (-2.0, 0.3), {"sgd": 0.095, "momentum": 0.189}, 60, 30,
        "Each rate is just below its method's limit. Across the ravine, both calm down in the end.",
    ),
    "stability limit, just above": Preset(
        "ravine", (-2.0, 0.3), {"sgd": 0.105, "momentum": 0.191}, 60, 15,
        "Each rate is just above its method's limit. Both swing wider and wider.",
    ),
    "Adam first step": Preset(
        "ravine", (-2.0, 0.8), {"sgd": 0.03, "rmsprop": 0.3, "adam": 0.3}, 20, 1,
        "Look at the moves of the first step. Then click elsewhere: which method's move keeps its length?",
    ),
    "saddle escape": Preset(
        "saddle", (-1.8, 0.001), {"sgd": 0.1, "momentum": 0.1, "rmsprop": 0.1, "adam": 0.1}, 300, 60,
        "The start lies a thousandth beside the ridge that leads into the saddle. Who finds the way down, and when?",
    ),
    "plateau": Preset(
        "plateau", (-3.6, 1.6), {"sgd": 0.1, "momentum": 0.1, "rmsprop": 0.1, "adam": 0.1}, 300, 60,
        "Out here the gradient is tiny. Who needs a large gradient to move, and who only its sign?",
    ),
    "curved valley": Preset(
        "Rosenbrock", (-1.2, 1.0), {"sgd": 0.0028, "momentum": 0.0032, "adam": 0.56}, 1000, 300,
        "Each rate is tuned for these 1000 steps. All find the valley's floor soon. Who gets on along it?",
    ),
    "bumps": Preset(
        "bumpy", (-3.2, 2.5), {"sgd": 0.1, "momentum": 0.45}, 100, 60,
        "Plain descent stops in the first hollow. Momentum may roll through: click to try other starts.",
    ),
    "AdamW's pull": Preset(
        "Beale", (0.5, -1.5), {"adam": 0.1, "adamw": 0.1}, 300, 300,
        "AdamW also shrinks the parameters at every step. Where does it come to rest? Move the weight decay.",
        weight_decay=0.1,
    ),
}  # fmt: skip
