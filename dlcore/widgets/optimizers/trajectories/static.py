"""The race without a kernel: a page that plays saved paths, and a still picture where no script may run."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from contourpy import contour_generator

from dlcore.widgets.optimizers.trajectories.messages import ASPECT, heights
from dlcore.widgets.optimizers.trajectories.race import Settings, Way
from dlcore.widgets.optimizers.trajectories.surfaces import SURFACES

__all__ = ["script", "static_page", "still", "style"]

PAGE = Path(__file__).parent / "page"
SCRIPTS = (
    "arrays", "paint", "map", "solid", "chart", "words", "layout", "stage", "questions", "bend", "controls", "race",
)  # fmt: skip
EXPORT = "export default { render };"
HIGH = 400  # pixels of the still picture
BANDS = 8
TINTS = ("#dff0ec", "#ecf2e2", "#f8f3e0", "#f4e4cd", "#e8d0c0")
COLOURS = {
    "sgd": "#1a1a1a", "momentum": "#c94f00", "nesterov": "#b04a87", "rmsprop": "#00805c", "adam": "#0067a8",
    "adamw": "#a87400", "newton": "#6a3fb5", "l-bfgs": "#7c4a2a",
}  # fmt: skip


def script() -> str:
    """The page's script, which exports `render` for anywidget: one file made of several."""
    return "\n".join((PAGE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)


def style() -> str:
    """The page's style sheet."""
    return (PAGE / "race.css").read_text(encoding="utf-8")


def static_page(state: Mapping[str, Any], picture: str, words: str, number: str) -> str:
    """HTML that holds everything: a still picture, and a script that puts the playing one in its place.

    A page from a folder may load no modules, and one that is not trusted runs no script at all.

    Args:
        state: what the widget has: `scene`, `heights`, `book`, `book_bytes` and `preset`.
        picture: the still picture, as SVG.
        words: what it shows.
        number: something that no other widget on the page has.
    """
    plain = {name: state[name] for name in ("scene", "book", "preset")}
    coded = {name: base64.b64encode(state[name]).decode() for name in ("heights", "book_bytes")}
    data = json.dumps({**plain, **coded}, ensure_ascii=False, separators=(",", ":"))
    code = script().replace(EXPORT, "")
    start = (
        f"const place = document.getElementById({json.dumps('dl-race-' + number)});\n"
        f"const data = {data};\n"
        "const bytes = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);\n"
        "place.replaceChildren();\n"
        "mount(place, { ...data, heights: bytes(data.heights), bookBytes: bytes(data.book_bytes), send: null });\n"
    )
    source = base64.b64encode(picture.encode()).decode()
    shown = (
        f'<img alt="{html.escape(words)}" src="data:image/svg+xml;base64,{source}" width="{round(HIGH * ASPECT)}">'
        f"<p>{html.escape(words)}</p>"
    )
    inside = f"(() => {{\n{code}\n{start}}})();".replace("</", "<\\/")
    return (
        f'<div class="dl-race-place" id="dl-race-{number}">{shown}</div>'
        f"<style>{style()}</style><script>{inside}</script>"
    )


def still(ways: Mapping[str, Way], settings: Settings) -> str:
    """The map with the paths as SVG."""
    surface = SURFACES[settings.surface]
    (x, y), reach = surface.centre, surface.reach
    wide = round(HIGH * ASPECT)

    def place(point: Any) -> str:
        across = (point[0] - x + reach * ASPECT) / (2 * reach * ASPECT) * wide
        down = (y + reach - point[1]) / (2 * reach) * HIGH
        return f"{min(max(across, -wide), 2 * wide):.1f},{min(max(down, -HIGH), 2 * HIGH):.1f}"

    parts = [*_ground(settings, wide)]
    for method, way in ways.items():
        if not isinstance(way, str):
            line = " ".join(map(place, way.points))
            colour = f'fill="none" stroke="{COLOURS[method]}" stroke-width="2"'
            parts.append(f'<polyline points="{line}" {colour} stroke-linejoin="round"/>')
    for row, method in enumerate(method for method, way in ways.items() if not isinstance(way, str)):
        parts.append(
            f'<text x="12" y="{22 + 17 * row}" fill="{COLOURS[method]}" font-family="sans-serif" font-weight="bold" '
            f'font-size="13">{html.escape(method)}</text>'
        )
    left, top = place(settings.start).split(",")
    parts.append(f'<circle cx="{left}" cy="{top}" r="8" fill="none" stroke="#1a1a1a" stroke-width="2"/>')
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {HIGH}">{"".join(parts)}</svg>'


def _ground(settings: Settings, wide: int) -> list[str]:
    """The bands between the surface's contours, from the lowest."""
    grid = heights(SURFACES[settings.surface])[0][::2, ::2]
    scale = wide / (grid.shape[1] - 1), HIGH / (grid.shape[0] - 1)
    parts = [f'<rect width="{wide}" height="{HIGH}" fill="{TINTS[0]}"/>']
    bands: Any = contour_generator(z=grid, fill_type="OuterOffset")
    for number in range(1, BANDS):
        tint = TINTS[round(number / (BANDS - 1) * (len(TINTS) - 1))]
        for polygon, cuts in zip(*bands.filled(number / BANDS, 2.0), strict=True):
            rings = [polygon[a:b] * scale for a, b in pairwise(cuts)]
            path = "".join("M" + "L".join(f"{x:.0f} {HIGH - y:.0f}" for x, y in ring) + "Z" for ring in rings)
            parts.append(f'<path d="{path}" fill="{tint}" fill-rule="evenodd" stroke="#9aa5ad" stroke-width=".5"/>')
    return parts
