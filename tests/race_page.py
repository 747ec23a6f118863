"""The optimizers' race in a page of JupyterLab, and what is drawn there."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat.sign import NotebookNotary
from nbformat.v4 import new_code_cell, new_notebook

from tests.jupyterlab import BROWSER_OPTIONS, NotebookPage, jupyterlab
from tests.processes import PATIENCE

STEPS = (Path(__file__).parent / "reference_steps.py").read_text(encoding="utf-8")
WIDGET = "from dlcore.widgets import optimizer_trajectories\noptimizer_trajectories(initial_state, STEPS, {preset!r})"
# When each picture of the map was drawn, for which start its paths were, and when the pointer was where.
WATCH = """canvas => {
    window.shown = [];
    window.moves = [];
    const note = () => window.shown.push(
        [performance.now(), canvas.dataset.start, Number(canvas.dataset.step)]);
    new MutationObserver(note).observe(canvas, {attributeFilter: ["data-drawn"]});
    canvas.addEventListener("pointermove", (event) => window.moves.push([event.timeStamp, canvas.dataset.wanted]));
}"""


class Race:
    """The widget on a page, in a notebook or by itself.

    Attributes:
        root: the widget's element.
    """

    def __init__(self, page: Any, root: Any):
        self.page, self.root = page, root

    @property
    def map(self) -> Any:
        return self.root.locator(".map canvas[data-drawn]")

    def picture(self, canvas: str = ".map canvas") -> str:
        """What a canvas shows, as text."""
        return str(self.root.locator(canvas).evaluate("canvas => canvas.toDataURL()"))

    def pixels(self, canvas: str, colour: str) -> int:
        """How many pixels of a canvas have a colour such as "#0067a8"."""
        script = """(canvas, colour) => {
            const wanted = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let found = 0;
            for (let at = 0; at < data.length; at += 4) {
                found += data[at + 3] > 200 && wanted.every((value, k) => Math.abs(value - data[at + k]) < 6);
            }
            return found;
        }"""
        return int(self.root.locator(canvas).evaluate(script, colour))

    def button(self, label: str) -> Any:
        return self.root.get_by_role("button", name=label)

    def method(self, name: str) -> Any:
        return self.root.locator(".legend .method").filter(has=self.page.get_by_text(name, exact=True))

    def choose(self, preset: str) -> None:
        self.root.locator(".presets button").filter(has=self.page.get_by_text(preset, exact=True)).click()

    def sentence(self) -> str:
        return str(self.root.get_by_role("status").inner_text())

    def wait_for_sentence(self, words: str) -> None:
        self.root.get_by_role("status").filter(has_text=words).wait_for(timeout=PATIENCE * 1000)

    def step(self) -> float:
        """The step that is drawn."""
        return float(self.map.get_attribute("data-step"))

    def start(self) -> tuple[float, float]:
        """The start of the paths that are drawn."""
        x, y = self.map.get_attribute("data-start").split(",")
        return float(x), float(y)

    def wait_until(self, condition: str) -> None:
        """Wait for a condition on the map's `data`."""
        self.page.wait_for_function(
            "([canvas, condition]) => new Function('data', `return ${condition}`)(canvas.dataset)",
            arg=[self.map.element_handle(), condition],
            timeout=PATIENCE * 1000,
        )

    def wait_for_map(self, look: str) -> None:
        """Wait until the map is "dark" or "light", in its upper left corner."""
        script = """([canvas, dark]) => {
            const [red, green, blue] = canvas.getContext("2d").getImageData(1, 1, 1, 1).data;
            return (red + green + blue < 380) === dark;
        }"""
        arg = [self.map.element_handle(), look == "dark"]
        self.page.wait_for_function(script, arg=arg, timeout=PATIENCE * 1000)

    def watch(self) -> None:
        """Note from now on what is drawn when."""
        self.map.evaluate(WATCH)

    def shown(self) -> list[tuple[float, str, float]]:
        """For each picture since `watch`: when, in ms, the start of its paths, and its step."""
        return [tuple(each) for each in self.page.evaluate("window.shown")]

    def wait_for_pictures(self, number: int) -> None:
        self.page.wait_for_function(f"window.shown.length >= {number}", timeout=PATIENCE * 1000)


class RacePage(NotebookPage):
    """The widget in the second cell of a notebook; `begin` shows it."""

    troubles: list[str]
    requests: list[str]
    sent: list[Any]

    def begin(self) -> Race:
        self.run(0)
        self.run(1)
        race = Race(self.page, self.cell(1).locator(".dl-race"))
        race.map.wait_for(state="visible")
        return race


@contextlib.contextmanager
def race_notebook(
    chromium: str,
    folder: Path,
    preset: str,
    steps: str = STEPS,
    size: tuple[int, int] = (1400, 1250),
    theme: str = "JupyterLab Light",
) -> Iterator[RacePage]:
    """A page with the race of the reference steps, or of those in the source `steps`; not yet begun."""
    notebook = new_notebook(cells=[new_code_cell(steps), new_code_cell(WIDGET.format(preset=preset))])
    with opened_notebook(chromium, folder, notebook, size, theme) as page:
        yield page


@contextlib.contextmanager
def opened_notebook(
    chromium: str,
    folder: Path,
    notebook: Any,
    size: tuple[int, int] = (1400, 1250),
    theme: str = "JupyterLab Light",
    trusted: bool = False,
) -> Iterator[RacePage]:
    """A page of JupyterLab with a notebook of two cells; `trusted` as if it had been run on this computer."""
    from playwright.sync_api import sync_playwright

    work = folder / "work"
    work.mkdir()
    themes = folder / "settings" / "@jupyterlab" / "apputils-extension" / "themes.jupyterlab-settings"
    themes.parent.mkdir(parents=True)
    themes.write_text(json.dumps({"theme": theme}))
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, work / "race.ipynb")
    if trusted:
        (folder / "data").mkdir()
        notary = NotebookNotary(data_dir=str(folder / "data"))
        notary.sign(nbformat.read(work / "race.ipynb", as_version=4))
        notary.store.close()
    with jupyterlab(work, folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)
        width, height = size
        page = browser.new_page(viewport={"width": width, "height": height})
        troubles: list[str] = []
        requests: list[str] = []
        sent: list[Any] = []
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.on("websocket", lambda socket: socket.on("framesent", lambda payload: sent.append(payload)))
        opened = RacePage(page, address, work / "race.ipynb", work)
        opened.troubles, opened.requests, opened.sent = troubles, requests, sent
        yield opened
        browser.close()
