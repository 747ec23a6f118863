"""Benchmark how long it takes from a key press on a widget's main control to the new picture, in JupyterLab.

Run with `make bench`, or `python bench/ticks.py [widget …]`. Beside the pictures that know their
page stands ipywidgets' plain image, which is what a panel shows without anywidget. A picture counts
when the browser has loaded it. What takes long is shown on its way: the third column has the last picture of a press.
"""

import argparse
import os
import shutil
import sys
import tempfile
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from playwright.sync_api import Locator

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `dlcore lab` does

from tests.widget_cases import CASES
from tests.widgets_page import WidgetsPage, widgets_page

PRESSES = 20
KEYS = ["ArrowRight", "ArrowLeft"]
AIM = 120  # ms, of the 95th percentile
BENCHED = {str(case): case for case in CASES if not case.variant and case.widget != "optimizer_trajectories"}
PLAIN = "import sys\nsys.modules['anywidget'] = None\n"
WATCH = """image => {
    window.addEventListener("keydown", () => { window.pressed = performance.now(); }, true);
    image.addEventListener("load", () => {
        window.last = performance.now();
        window.first ||= window.last;
        window.told?.();
    });
}"""
NEXT = """patience => new Promise((resolve) => {  // asks for nothing meanwhile, which would take the page's time
    window.told = () => resolve(true);
    setTimeout(resolve, patience, false);
    if (window.first > window.pressed) resolve(true);
})"""
DONE = """panel => !panel.querySelector(".dlcore-working") && panel.querySelector("img.widget-image").complete"""


class Taken(NamedTuple):
    """Milliseconds from a key press to the first new picture, and to the last one."""

    first: float
    last: float


def latencies(page: WidgetsPage, name: str) -> list[Taken]:
    """What the presses on a widget's main control take; [] if no control makes new pictures.

    The main control is the buttons that its case names, or the first control in view that makes new pictures.
    """
    page.show(name)
    page.page.wait_for_timeout(1500)  # until the picture suits its page
    page.image(name).evaluate(WATCH)
    if labels := BENCHED[name].main:
        return _round_after_round(page, name, [page.button(name, label) for label in labels])
    for control in page.panel(name).locator(".noUi-handle, select").all():
        if control.is_visible():
            control.focus()
            keys = [key for key in KEYS if _press(page, name, control, key) is not None]
            if keys:
                return _there_and_back(page, name, control, keys[-1])
    return []


def _round_after_round(page: WidgetsPage, name: str, buttons: list[Locator]) -> list[Taken]:
    presses = (_press(page, name, button, "Enter") for button in islice(cycle(buttons), PRESSES))
    return [taken for taken in presses if taken is not None]


def _there_and_back(page: WidgetsPage, name: str, control: Locator, key: str) -> list[Taken]:
    times: list[Taken] = []
    for _ in range(PRESSES):
        taken = _press(page, name, control, key)
        if taken is None:  # the end of the control
            key = KEYS[1 - KEYS.index(key)]
        else:
            times.append(taken)
    return times


def _press(page: WidgetsPage, name: str, control: Locator, key: str) -> Taken | None:
    """What a key press takes; None if no picture comes."""
    page.page.evaluate("window.first = 0")
    control.press(key)
    if not page.page.evaluate(NEXT, 5000):
        return None
    page.page.wait_for_function(DONE, arg=page.panel(name).element_handle())
    page.page.wait_for_timeout(50)  # for the event of the last picture
    return Taken(*page.page.evaluate("[window.first - window.pressed, window.last - window.pressed]"))


def measured(chromium: str, names: list[str], begin: str = "") -> dict[str, list[Taken]]:
    """The latencies of each widget in a page of its own server."""
    with tempfile.TemporaryDirectory() as folder, widgets_page(chromium, Path(folder), names, begin=begin) as page:
        page.run(0)
        found: dict[str, list[Taken]] = {}
        for name in names:
            found[name] = latencies(page, name)
            print(f"  {name}: {len(found[name])} pictures", file=sys.stderr, flush=True)
        return found


def told(times: list[Taken]) -> str:
    if not times:
        return f"{'no picture':>20}"
    first, last = zip(*times, strict=True)
    half, most = np.percentile(first, [50, 95])
    return f"{half:6.0f} {most:6.0f}{' ' if most < AIM else '!'}{np.percentile(last, 95):6.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("widget", nargs="*", help="by default all of them")
    names = parser.parse_args().widget or list(BENCHED)
    if unknown := [name for name in names if name not in BENCHED]:
        parser.error(f"no such widget: {', '.join(unknown)}. There are {', '.join(BENCHED)}.")
    chromium = shutil.which("chromium")
    if chromium is None:
        print("no chromium: nothing measured")
        return
    ours, plain = measured(chromium, names), measured(chromium, names, PLAIN)
    print(
        f"ms from key to picture, {PRESSES} presses: p50 and p95 of the first, p95 of the last; ! means {AIM} or more"
    )
    print(f"{'':24}       page-aware            plain image")
    print(f"{'':24}" + 2 * "   p50    p95   last   ")
    for name in names:
        print(f"{name:24}{told(ours[name])}      {told(plain[name])}")


if __name__ == "__main__":
    main()
