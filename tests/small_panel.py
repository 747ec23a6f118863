"""The code of a notebook cell that defines `panel()`, the smallest widget with a picture, a slider and a sentence."""

PANEL = """from dlcore.live import LiveFigure, Panel, slider


def panel():
    live = LiveFigure(alt="A point.")
    (dot,) = live.figure.add_subplot(xlim=(0, 10), ylim=(0, 10)).plot([], [], "o")
    live.freeze(dot)

    def update(x):
        dot.set_data([x], [x])
        return f"The point is at {x:g}."

    return Panel(live, [slider("place", 0, 9, 3)], update)
"""
