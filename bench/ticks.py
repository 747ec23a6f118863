"""Benchmark how long it takes from a key press on a widget's main control to the new picture, in JupyterLab.

Run with `make bench`, or `python bench/ticks.py [widget …]`. Beside the pictures that know their
page stands ipywidgets' plain image, which is what a panel shows without anywidget. A picture counts
when the browser has loaded it. What trains a network at a new setting is slow the first time.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from playwright.sync_api import Locator
from playwright.sync_api import TimeoutError as NoPicture

from tests.widget_cases import CASES
from tests.widgets_page import WidgetsPage, widgets_page

PRESSES = 20
KEYS = ["ArrowRight", "ArrowLeft"]
AIM = 120  # ms, of the 95th percentile
PLAIN = "import sys\nsys.modules['anywidget'] = None\n"
WATCH = """image => {
    window.addEventListener("keydown", () => { window.pressed = performance.now(); }, true);
    image.addEventListener("load", () => { window.loaded = performance.now(); });
}"""


def latencies(page: WidgetsPage, name: str) -> list[float]:
    """Milliseconds from each key press to the new picture, there and back over the values of a control.

    It is the first control in view that makes new pictures; [] if none does.
    """
    page.show(name)
    page.page.wait_for_timeout(1500)  # until the picture suits its page
    page.image(name).evaluate(WATCH)
    for control in page.panel(name).locator(".noUi-handle, select").all():
        if control.is_visible():
            control.focus()
            keys = [key for key in KEYS if _press(page, control, key) is not None]
            if keys:
                return _there_and_back(page, control, keys[-1])
    return []


def _there_and_back(page: WidgetsPage, control: Locator, key: str) -> list[float]:
    times: list[float] = []
    for _ in range(PRESSES):
        taken = _press(page, control, key)
        if taken is None:  # the end of the control
            key = KEYS[1 - KEYS.index(key)]
        else:
            times.append(taken)
    return times


def _press(page: WidgetsPage, control: Locator, key: str) -> float | None:
    """Milliseconds from a key press to the new picture; None if none comes."""
    page.page.evaluate("window.loaded = 0")
    control.press(key)
    try:
        page.page.wait_for_function("window.loaded > window.pressed", timeout=5000)
    except NoPicture:
        return None
    return float(page.page.evaluate("window.loaded - window.pressed"))


def measured(chromium: str, names: list[str], begin: str = "") -> dict[str, list[float]]:
    """The latencies of each widget in a page of its own server."""
    with tempfile.TemporaryDirectory() as folder, widgets_page(chromium, Path(folder), names, begin=begin) as page:
        page.run(0)
        found: dict[str, list[float]] = {}
        for name in names:
            found[name] = latencies(page, name)
            print(f"  {name}: {len(found[name])} pictures", file=sys.stderr, flush=True)
        return found


def told(times: list[float]) -> str:
    if not times:
        return f"{'no picture':>14}"
    half, most = np.percentile(times, [50, 95])
    return f"{half:6.0f} {most:6.0f}{' ' if most < AIM else '!'}"


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("no chromium: nothing measured")
        return
    there = [str(case) for case in CASES if not case.variant and case.widget != "optimizer_trajectories"]
    names = [name for name in there if name in sys.argv[1:]] or there
    ours, plain = measured(chromium, names), measured(chromium, names, PLAIN)
    print(
        f"ms from key to picture      page-aware      plain image    ({PRESSES} presses; ! means p95 of {AIM} or more)"
    )
    print(f"{'':24}   p50    p95       p50    p95")
    for name in names:
        print(f"{name:24}{told(ours[name])}   {told(plain[name])}")


if __name__ == "__main__":
    main()
