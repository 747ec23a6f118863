"""The controls of a panel, with a visible label each, in columns as long as the labels are short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets
import numpy as np

__all__ = ["choice", "log_slider", "slider", "stops", "toggle", "whole_slider"]

_SHORTEST, _LETTER, _SLIDER = 11.0, 0.55, 21.0  # em: of a label, of one of its letters, of what it stands beside


def _sizes(label: str) -> dict[str, dict[str, str]]:
    """Style and layout of a control: room for its whole label, and not wider than the page."""
    wide = max(_SHORTEST, round(_LETTER * len(label), 1))
    layout = {"width": f"{wide + _SLIDER:g}em", "max_width": "100%"}
    return {"style": {"description_width": f"{wide:g}em"}, "layout": layout}


def slider(label: str, low: float, high: float, value: float, step: float = 0.1) -> ipywidgets.FloatSlider:
    """Return a slider from `low` to `high`, whose label should name the quantity and its unit."""
    decimals = len(np.format_float_positional(step, trim="-").partition(".")[2])
    return ipywidgets.FloatSlider(
        value=value, min=low, max=high, step=step, description=label,
        readout_format=f".{decimals}f", **_sizes(label),
    )  # fmt: skip


def log_slider(label: str, low: float, high: float, value: float, step: float = 0.05) -> ipywidgets.FloatLogSlider:
    """Return a logarithmic slider from `low` to `high`, both above 0.

    The browser rounds every value that is set: log10(value/low) becomes a multiple of
    `step`.
    """
    return ipywidgets.FloatLogSlider(
        value=value, min=np.log10(low), max=np.log10(high), step=step, description=label,
        readout_format=".2r", **_sizes(label),
    )  # fmt: skip


def whole_slider(label: str, low: int, high: int, value: int, step: int = 1) -> ipywidgets.IntSlider:
    """Return a slider for whole numbers."""
    return ipywidgets.IntSlider(value=value, min=low, max=high, step=step, description=label, **_sizes(label))


def choice(label: str, options: Sequence[Any], value: Any) -> ipywidgets.Dropdown:
    """Return a drop-down list of `options`."""
    return ipywidgets.Dropdown(options=options, value=value, description=label, **_sizes(label))


def stops(label: str, values: Sequence[float], value: float) -> ipywidgets.SelectionSlider:
    """Return a slider with a few stops that reports its value on release, for slow updates."""
    control = ipywidgets.SelectionSlider(
        options=[(f"{stop:g}", stop) for stop in values], value=value, description=label,
        continuous_update=False, **_sizes(label),
    )  # fmt: skip
    return control.add_class("dlcore-stops")


def toggle(label: str, value: bool = False) -> ipywidgets.Checkbox:
    """Return a checkbox."""
    return ipywidgets.Checkbox(value=value, description=label, **_sizes(label))
