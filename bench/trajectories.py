"""Benchmark the frame rate of the optimizers' race in JupyterLab and Chromium.

Run with `make bench`, or `python bench/trajectories.py`. A frame counts when the
browser has drawn it.
"""

import itertools
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.race_page import RacePage, race

PICTURES = 150


def rate(page: RacePage) -> str:
    """Play for a while; returns the pictures a second, and how many still came after the pause."""
    page.press("Reset")
    page.page.wait_for_timeout(1000)
    before = len(page.shown())
    page.press("Play")
    page.wait_for_pictures(before + PICTURES)
    page.press("Pause")
    at_pause = len(page.shown())
    page.page.wait_for_timeout(1500)
    times = page.shown()[before:]
    longest = max(b - a for a, b in itertools.pairwise(times))
    return (
        f"{1000 * (len(times) - 1) / (times[-1] - times[0]):5.1f} new pictures a second, "
        f"longest gap {longest:.0f} ms, {len(page.shown()) - at_pause} after the pause"
    )


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("no chromium: nothing measured")
        return
    with tempfile.TemporaryDirectory() as folder, race(chromium, Path(folder), "curved valley") as page:
        page.start()
        print(f"three methods, 1000 steps   {rate(page)}")
        for method in ("nesterov", "rmsprop", "adamw"):
            page.cell(1).get_by_label(method, exact=True).check()
        print(f"six methods, 1000 steps     {rate(page)}")
        page.choose(0, "plateau")
        print(f"four methods, 300 steps     {rate(page)}")


if __name__ == "__main__":
    main()
