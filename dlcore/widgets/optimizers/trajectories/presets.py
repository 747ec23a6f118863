"""Settings for one question each, and what to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["PRESETS", "Preset"]


class Preset(NamedTuple):
    """The settings of a preset. Methods without a rate are hidden."""

    question: str
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
        "Which coordinate zig-zags?",
        "ravine", (-2.0, 0.4), {"sgd": 0.09, "momentum": 0.03, "adam": 0.25}, 100, 30,
        "Each method has a rate that suits it. Plain descent leaps from wall to wall, and hardly along the ravine. "
        "What do the other two do with the leaps?",
    ),
    "momentum overshoot": Preset(
        "How often does it run past?",
        "bowl", (-2.0, 1.2), {"sgd": 0.1, "momentum": 0.1, "nesterov": 0.1}, 100, 30,
        "One rate for all. Momentum arrives at the bottom with speed, and runs past it. Watch its velocity.",
    ),
    "stability limit, just below": Preset(
        "Does it calm down in the end?",
        "ravine", (-2.0, 0.3), {"sgd": 0.095, "momentum": 0.189}, 60, 30,
        "Each rate is just below its method's limit, across the ravine.",
    ),
    "stability limit, just above": Preset(
        "What does a little more do?",
        "ravine", (-2.0, 0.3), {"sgd": 0.105, "momentum": 0.191}, 60, 15,
        "Each rate is just above its method's limit, across the ravine.",
    ),
    "Adam first step": Preset(
        "Whose first move keeps its length?",
        "ravine", (-2.0, 0.8), {"sgd": 0.03, "rmsprop": 0.3, "adam": 0.3}, 20, 1,
        "Look at the last moves under “Numbers at this step”. Then drag the start elsewhere.",
    ),
    "saddle escape": Preset(
        "Who finds the way down, and when?",
        "saddle", (-1.8, 0.001), {"sgd": 0.1, "momentum": 0.1, "rmsprop": 0.1, "adam": 0.1}, 300, 60,
        "The start lies a thousandth beside the ridge that leads into the saddle.",
    ),
    "plateau": Preset(
        "Who gets going at all?",
        "plateau", (-3.6, 1.6), {"sgd": 0.1, "momentum": 0.1, "rmsprop": 0.1, "adam": 0.1}, 300, 60,
        "Out here the gradient is tiny. Who needs a large gradient to move, and who only its sign?",
    ),
    "ravine, turned": Preset(
        "Whose path only turns with it?",
        "ravine, turned by 45°", (-1.697, -1.131), {"sgd": 0.09, "momentum": 0.03, "adam": 0.25}, 100, 30,
        "The ravine of the zig-zag and its start, turned by 45°, with the same rates.",
    ),
    "bent valley": Preset(
        "Who gets on along the floor?",
        "bent valley", (-1.2, 1.0), {"sgd": 0.0028, "momentum": 0.0032, "adam": 0.56}, 1000, 300,
        "Each rate is tuned for these 1000 steps. All find the valley's floor soon.",
    ),
    "bumps": Preset(
        "Who rolls through the hollows?",
        "bumpy", (-3.2, 2.5), {"sgd": 0.1, "momentum": 0.45}, 100, 60,
        "Plain descent stops in the first hollow. Momentum may roll through: drag the start to try others.",
    ),
    "AdamW's pull": Preset(
        "Where does AdamW come to rest?",
        "Beale", (0.5, -1.5), {"adam": 0.1, "adamw": 0.1}, 300, 300,
        "AdamW also shrinks the parameters at every step. Move the weight decay, under “Settings”.",
        weight_decay=0.1,
    ),
}  # fmt: skip
