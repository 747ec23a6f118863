"""Interactive figures: drawn once, then only the artists that a control moves are redrawn.

A widget of the course is a `Panel`: controls, a `LiveFigure`, and a sentence
that describes the picture. Its model is one function of the controls' values:

    live = LiveFigure(alt="A line and a point.")
    ax = live.figure.add_subplot(xlim=(0, 10), ylim=(0, 10))
    (dot,) = ax.plot([], [], "o")
    live.freeze(dot)

    def update(x):
        dot.set_data([x], [x**2])
        return f"The square of {x} is {x**2}."

    panel = Panel(live, [slider("x", 0, 3, 1)], update)

Without a kernel, as on GitHub or in an exported page, the panel is a static image
with alternative text.
"""

from dlcore.live.controls import choice, log_slider, slider, stops, toggle, whole_slider
from dlcore.live.figure import LiveFigure
from dlcore.live.panel import Panel
from dlcore.live.student_calls import ask, name_of

__all__ = ["LiveFigure", "Panel", "ask", "choice", "log_slider", "name_of", "slider", "stops", "toggle", "whole_slider"]
