"""Week 10: how many dev examples tell two models apart, and projects to decide in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlcore.live import Panel
from dlcore.widgets.project_strategy.dev_set_size import DevSetSize
from dlcore.widgets.project_strategy.project_simulator import ProjectSimulator

__all__ = ["dev_set_size", "project_simulator"]


def dev_set_size(dev_size: Callable[..., Any]) -> Panel:
    """Return a panel that shows how often a dev set of some size picks the worse of two models.

    Left, where the measured errors of both models fall; right, the chance to pick the
    worse one against the size of the dev set, with the size that your function asks for.

    Args:
        dev_size: your function (e1, e2) → number of examples at two standard errors.
    """
    return DevSetSize(dev_size).panel


def project_simulator(decompose: Callable[..., Any]) -> Panel:
    """Return a panel with six projects, ten days, and seven actions, whose outcomes were measured.

    Left, the errors after each decision; in the middle the gaps, by your function; right,
    if asked for once the project is finished, what every other action would have led to in the place of the last one.

    Args:
        decompose: your function (human, train, train_dev, dev, test) → (gaps, largest).
    """
    return ProjectSimulator(decompose).panel
