"""Benchmark the optimizers' race in JupyterLab and Chromium: pictures a second, and how soon paths follow the pointer.

Run with `make bench`, or `python bench/trajectories.py`. A picture counts when the canvas has been drawn. The time
from a move of the pointer is that of the event to the first picture, in which the page has bent the paths, and to the
first one with paths that Python has computed from its place or from a later one.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.race_page import Race, race_notebook

PICTURES, MOVES = 120, 60


def playing(race: Race) -> str:
    """Play for a while; returns pictures a second, and the gaps between them."""
    race.button("to the start").click()
    race.root.get_by_label("speed of playing").select_option("slow")
    before = len(race.shown())
    race.button("Play").click()
    race.wait_for_pictures(before + PICTURES)
    times = np.array([each[0] for each in race.shown()[before + 5 : before + PICTURES]])
    if race.button("Pause").count():
        race.button("Pause").click()
    gaps = np.diff(times)
    return (
        f"{1000 / gaps.mean():5.1f} pictures a second, gap p95 {np.percentile(gaps, 95):.0f} ms, "
        f"longest {gaps.max():.0f} ms"
    )


def dragging(race: Race) -> str:
    """Drag the start around; returns the time from each move of the pointer to paths from there or later."""
    page, box = race.page, race.map.bounding_box()
    angles = np.linspace(0, 1.9 * np.pi, MOVES)  # no place comes twice
    x = box["x"] + box["width"] * (0.5 + 0.3 * np.cos(angles))
    y = box["y"] + box["height"] * (0.5 + 0.3 * np.sin(angles))
    page.mouse.move(x[0], y[0])
    page.mouse.down()
    page.wait_for_timeout(700)
    page.evaluate("() => { window.moves = []; window.shown = []; }")
    for place in zip(x[1:], y[1:], strict=True):
        page.mouse.move(*place)
        page.wait_for_timeout(16)
    page.wait_for_timeout(1000)
    page.mouse.up()
    moves, shown = page.evaluate("window.moves"), race.shown()
    paths = np.array(delays(moves, shown))
    rings = np.array([min((at for at, *_ in shown if at > moved), default=np.inf) - moved for moved, _ in moves])
    return (
        f"from pointer to paths p50 {np.percentile(paths, 50):.0f} ms, p95 {np.percentile(paths, 95):.0f} ms; "
        f"to bent paths p50 {np.percentile(rings, 50):.0f} ms, p95 {np.percentile(rings, 95):.0f} ms "
        f"({len({start for _, start, _ in shown})} sets of paths for {len(moves)} moves)"
    )


def delays(moves: list[tuple[float, str]], shown: list[tuple[float, str, float]]) -> list[float]:
    """For each move of the pointer, how long until paths from its place, or from a later one, were drawn."""
    order = {start: number for number, (_, start) in enumerate(moves)}
    drawn = [(at, order[start]) for at, start, _ in shown if start in order]
    return [
        min((at for at, latest in drawn if latest >= number), default=np.inf) - moved
        for number, (moved, _) in enumerate(moves)
    ]


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("no chromium: nothing measured")
        return
    with tempfile.TemporaryDirectory() as folder, race_notebook(chromium, Path(folder), "ravine zig-zag") as page:
        race = page.begin()
        race.watch()
        for words, preset, others in (
            ("three methods, 100 steps", "ravine zig-zag", ()),
            ("four methods, 300 steps", "saddle escape", ()),
            ("three methods, 1000 steps", "bent valley", ()),
            ("six methods, 1000 steps", "bent valley", ("nesterov", "rmsprop", "adamw")),
        ):
            race.choose(preset)
            for method in others:
                race.method(method).click()
            page.page.wait_for_timeout(1500)
            print(f"{words}: {playing(race)}")
            print(f"{' ' * len(words)}  {dragging(race)}")


if __name__ == "__main__":
    main()
