"""The optimizers' race in a page of JupyterLab, and the pictures that arrive there."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from tests.jupyterlab import BROWSER_OPTIONS, NotebookPage, jupyterlab
from tests.processes import PATIENCE

STEPS = (Path(__file__).parent / "reference_steps.py").read_text(encoding="utf-8")
WIDGET = "from dlcore.widgets import optimizer_trajectories\noptimizer_trajectories(initial_state, STEPS, {preset!r})"
WATCH = """canvas => {
    window.shown = [];
    new MutationObserver(() => window.shown.push(performance.now())).observe(canvas, {attributeFilter: ["data-drawn"]});
}"""
DIGEST = """async canvas => {
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", pixels))).join(" ");
}"""


class RacePage(NotebookPage):
    """The widget in the second cell of a notebook; `start` shows it."""

    troubles: list[str]
    requests: list[str]

    def start(self) -> None:
        self.run(0)
        self.run(1)
        self.image.wait_for(state="visible")
        self.image.evaluate(WATCH)

    @property
    def image(self) -> Any:
        return self.cell(1).locator("canvas.widget-image[data-drawn]")

    def picture(self, number: int) -> str:
        """A digest of what the canvas of the cell shows."""
        return self.cell(number).locator("canvas.widget-image[data-drawn]").evaluate(DIGEST)

    def press(self, label: str) -> None:
        self.cell(1).get_by_role("button", name=label).click()

    def choose(self, menu: int, option: str) -> None:
        self.cell(1).locator("select").nth(menu).select_option(label=option)

    def shown(self) -> list[float]:
        """When each picture was drawn since the start, in ms."""
        return list(self.page.evaluate("window.shown"))

    def wait_for_step(self, step: int) -> None:
        """Wait until the slider of the step, the last one, says so."""
        readout = self.cell(1).locator(".widget-readout").last
        readout.filter(has_text=re.compile(rf"^{step}$")).wait_for(timeout=PATIENCE * 1000)

    def wait_for_sentence(self, words: str) -> None:
        """Wait until the status line has the words."""
        self.cell(1).locator('[role="status"]').filter(has_text=words).wait_for(timeout=PATIENCE * 1000)

    def wait_for_pictures(self, number: int) -> None:
        self.page.wait_for_function(f"window.shown.length >= {number}", timeout=PATIENCE * 1000)


@contextlib.contextmanager
def race(chromium: str, folder: Path, preset: str) -> Iterator[RacePage]:
    """A page with the race of the reference steps, not yet started."""
    from playwright.sync_api import sync_playwright

    work = folder / "work"
    work.mkdir()
    cells = [new_code_cell(STEPS), new_code_cell(WIDGET.format(preset=preset))]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), work / "race.ipynb")
    with jupyterlab(work, folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)
        page = browser.new_page(viewport={"width": 1400, "height": 1250})
        troubles: list[str] = []
        requests: list[str] = []
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        opened = RacePage(page, address, work / "race.ipynb", work)
        opened.troubles, opened.requests = troubles, requests
        yield opened
        browser.close()
