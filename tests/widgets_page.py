"""All widgets in one notebook, open in JupyterLab: what a student sees of them, and reaches with the keyboard."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from tests.jupyterlab import BROWSER_OPTIONS, NotebookPage, jupyterlab
from tests.processes import PATIENCE

ROOT = Path(__file__).parent.parent
BEGIN = """import sys
sys.path.insert(0, {root!r})
from tests.widget_cases import CASES
cases = {{str(case): case for case in CASES}}"""
FOCUSED = """panel => {
    const now = document.activeElement;
    return panel.contains(now) ? now.className + now.tagName : "";
}"""
HEIGHT_IN_VIEW = """panel => panel.querySelector("img.widget-image").getBoundingClientRect().bottom
    - panel.getBoundingClientRect().top"""
SETTLED = """() => [...document.querySelectorAll(".dlcore-panel img.widget-image")].every(image =>
    image.complete && Math.abs(parseFloat(image.style.width) - image.parentElement.clientWidth) < 17
    && (image.style.filter !== "") === (document.body.dataset.jpThemeLight === "false"))"""
UNNAMED = """panel => {
    const named = each => each.ariaLabel || each.labels?.[0]?.textContent.trim()
        || (each.tagName === "BUTTON" && each.textContent.trim());
    return [...panel.querySelectorAll("button, input, select, [tabindex='0']")]
        .filter(each => each.offsetParent && !named(each)).map(each => each.outerHTML.slice(0, 300));
}"""


class WidgetsPage(NotebookPage):
    """A notebook with one widget in each cell but the first; `show` runs a cell."""

    troubles: list[str]
    numbers: dict[str, int]

    def show(self, name: str) -> None:
        self.run(self.numbers[name])
        self.image(name).wait_for(state="visible")

    def show_all(self) -> None:
        """Run all cells."""
        self.run(0)
        self.choose_in_menu("Run", "Run All Cells")
        for name in self.numbers:
            self.image(name).wait_for(state="visible")
        self.settle()

    def panel(self, name: str) -> Any:
        return self.cell(self.numbers[name]).locator(".dlcore-panel")

    def image(self, name: str) -> Any:
        return self.panel(name).locator("img.widget-image")

    def button(self, name: str, label: str) -> Any:
        return self.panel(name).get_by_role("button", name=label, exact=True)

    def settle(self) -> None:
        """Wait until all pictures have the width and the theme of their page."""
        self.page.wait_for_function(SETTLED, timeout=PATIENCE * 1000)

    def wait_for_image(self, image: Any, condition: str) -> None:
        """Wait until the condition, a function in JavaScript, holds for an image."""
        self.page.wait_for_function(f"({condition})", arg=image.element_handle(), timeout=PATIENCE * 1000)

    def choose_theme(self, name: str) -> None:
        """Choose a theme in the menu."""
        self.choose_in_menu("Settings", "Theme", name)
        self.page.locator(f'body[data-jp-theme-name="{name}"]').wait_for(state="attached")

    def choose_in_menu(self, menu: str, *items: str) -> None:
        """Click on an item of a menu, by way of those that open a further one."""
        self.page.locator(".lm-MenuBar-itemLabel").get_by_text(menu, exact=True).click()
        for item in items[:-1]:
            self.page.locator(".lm-Menu-itemLabel").get_by_text(item, exact=True).hover()
        self.page.locator(".lm-Menu-itemLabel").get_by_text(items[-1], exact=True).click()

    def pixels(self, name: str) -> np.ndarray:
        """What the window shows of a widget's picture, its top above all, (height, width, 3) from 0 to 1."""
        self.image(name).evaluate("image => image.scrollIntoView({block: 'start'})")
        picture, window = self.image(name).bounding_box(), self.notebook.bounding_box()
        left, top = max(picture["x"], window["x"]), max(picture["y"], window["y"])
        right = min(picture["x"] + picture["width"], window["x"] + window["width"])
        below = min(picture["y"] + picture["height"], window["y"] + window["height"])
        clip = {"x": left, "y": top, "width": right - left, "height": below - top}
        return np.asarray(Image.open(io.BytesIO(self.page.screenshot(clip=clip))).convert("RGB")) / 255

    def tab_into(self, name: str) -> str:
        """Press Tab from the cell's code on until something in the widget has the focus; says what."""
        cell = self.cell(self.numbers[name])
        cell.locator(".jp-InputPrompt").click()
        for _ in range(30):
            self.page.keyboard.press("Tab")
            if focused := self.panel(name).evaluate(FOCUSED):
                return str(focused)
        raise AssertionError(f"{name}: Tab does not reach it")


@contextlib.contextmanager
def widgets_page(
    chromium: str, folder: Path, names: Sequence[str], window: tuple[int, int] = (1280, 800), begin: str = ""
) -> Iterator[WidgetsPage]:
    """A page with the widgets of these cases, not yet run; `begin` is run before all else."""
    from playwright.sync_api import sync_playwright

    work = folder / "work"
    work.mkdir()
    cells = [begin + BEGIN.format(root=str(ROOT)), *(f"cases[{name!r}].made_ready()" for name in names)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=list(map(new_code_cell, cells)), metadata={"kernelspec": kernel})
    nbformat.write(notebook, work / "widgets.ipynb")
    with jupyterlab(work, folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)
        page = browser.new_page(viewport=dict(zip(("width", "height"), window, strict=True)))
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        opened = WidgetsPage(page, address, work / "widgets.ipynb", work)
        opened.troubles, opened.numbers = troubles, {name: number for number, name in enumerate(names, 1)}
        yield opened
        browser.close()


def luminance(colours: np.ndarray) -> np.ndarray:
    """The relative luminance of colours (..., 3), as WCAG defines it."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: float, other: float) -> float:
    """The contrast of two luminances, from 1 to 21."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
