"""An author opens a lesson in real JupyterLab, changes a sentence and saves."""

from __future__ import annotations

import difflib
import shutil
import time

import pytest

from tests.conftest import ROOT
from tests.jupyterlab import BROWSER_OPTIONS, jupyterlab
from tests.processes import PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.sweep, pytest.mark.slow, pytest.mark.xdist_group("browser")]

TYPED = " Typed here."


def test_the_saved_lesson_differs_in_the_sentence_alone(chromium, tmp_path):
    from playwright.sync_api import sync_playwright

    lesson = tmp_path / "course" / "week6" / "softmax.md"
    lesson.parent.mkdir(parents=True)
    shutil.copyfile(ROOT / "course" / "week6" / "softmax.md", lesson)
    before = lesson.read_text(encoding="utf-8")
    with jupyterlab(tmp_path / "course", tmp_path) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(address.format(path="week6/softmax.md"))
        page.locator('.jp-DirListing-item[title*="softmax.md"]').click(button="right")
        page.get_by_text("Open With").hover()
        page.locator(".lm-Menu-itemLabel").get_by_text("Notebook", exact=True).click()
        page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()
        first = page.locator(".jp-Notebook .jp-MarkdownCell").first
        first.locator(".jp-RenderedMarkdown").dblclick()
        first.locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.type(TYPED)
        page.keyboard.press("Control+Enter")
        page.keyboard.press("Control+s")
        deadline = time.monotonic() + PATIENCE
        while lesson.read_text(encoding="utf-8") == before and time.monotonic() < deadline:
            page.wait_for_timeout(100)
        page.wait_for_function("document.querySelector('.jp-mod-dirty') === null")
        browser.close()
    after = lesson.read_text(encoding="utf-8")
    changes = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
    assert len(changes) == 2, changes
    gone, new = changes
    assert new[2:] == gone[2:] + TYPED
