"""A notebook that a student saves in ``dlcore lab`` and opens another day: its widgets are there."""

import json
import sys
import time
import urllib.request

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.jupyterlab import BROWSER_OPTIONS, NotebookPage, dlcore_lab
from tests.processes import PATIENCE
from tests.race_page import STEPS, WIDGET, Race
from tests.small_panel import PANEL

pytestmark = [
    pytest.mark.browser,
    pytest.mark.sweep,
    pytest.mark.week5,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
]

STATE = "application/vnd.jupyter.widget-state+json"


def shown_models(path):
    """The models of the course's pictures that a saved notebook holds; None if it has no widget's state."""
    try:
        state = nbformat.read(path, as_version=4).metadata.get("widgets", {}).get(STATE)
    except (OSError, ValueError):  # it is being written
        return None
    return state and [item for item in state["state"].values() if item["model_name"] == "AnyModel"]


def end_all_kernels(lab):
    for kernel in lab.get("api/kernels"):
        request = urllib.request.Request(
            f"{lab.address}api/kernels/{kernel['id']}", headers={"Authorization": f"token {lab.token}"}, method="DELETE"
        )
        urllib.request.urlopen(request, timeout=PATIENCE).close()


def test_what_ran_twice_is_saved_once_and_is_there_when_the_notebook_is_opened_again(chromium, tmp_path):
    from playwright.sync_api import sync_playwright

    work = tmp_path / "work"
    work.mkdir()
    path = work / "mine.ipynb"
    cells = [
        new_code_cell(STEPS),
        new_code_cell(WIDGET.format(preset="ravine zig-zag")),
        new_code_cell(f"{PANEL}\npanel()"),
    ]
    notebook = new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
    command = [sys.executable, "-m", "dlcore", "lab", str(work), "--no-browser"]
    with dlcore_lab(command, tmp_path) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)
        page = browser.new_page(viewport={"width": 1400, "height": 1250})
        address = f"{lab.address}lab/tree/{{path}}?token={lab.token}"
        opened = NotebookPage(page, address, path, work)
        for number in (0, 1, 1, 2, 2):
            opened.run(number)
        Race(page, opened.cell(1).locator(".dl-race")).map.wait_for()
        opened.picture(2)
        end = time.monotonic() + PATIENCE
        while not shown_models(path) and time.monotonic() < end:  # a key may come before the page listens
            page.keyboard.press("Control+s")
            page.wait_for_timeout(500)
        assert len(shown_models(path)) == 2
        end_all_kernels(lab)
        opened = NotebookPage(page, address, path, work)
        race = Race(page, opened.cell(1).locator(".dl-race"))
        race.button("Play").click()
        race.wait_until("data.step > 5")
        assert opened.picture(2)
        assert opened.sentence(2) == "The point is at 3."
        assert "Error" not in json.dumps([opened.output(number) for number in (1, 2)])
        browser.close()
