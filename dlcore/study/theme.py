"""Let the figures of a notebook suit JupyterLab's dark theme."""

from __future__ import annotations

import sys

__all__ = ["follow_theme"]

DARK = "invert(0.933) hue-rotate(180deg)"  # as the widgets' pictures
STYLE = f'<style>body[data-jp-theme-light="false"] .jp-RenderedImage > img {{ filter: {DARK}; }}</style>'


def follow_theme() -> None:
    """Show what lets the page swap light and dark in figures, and keep their hues, while its theme is dark."""
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:  # no notebook
        return
    from IPython.display import display

    display({"text/html": STYLE, "text/plain": ""}, raw=True)
