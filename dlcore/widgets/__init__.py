"""Interactive pictures, each driven by the student's own functions."""

from dlcore.widgets.week1 import cost_valley, sigmoid_plane

__all__ = ["cost_valley", "sigmoid_plane"]
