"""What a student sees first, in real JupyterLab: the start page, a fresh lesson that is run as a whole, Validate."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from dlcore.lab import copy_lessons
from dlcore.study.definitions import source_digest
from dlcore.study.kept import keep
from dlcore.study.lessons import read_lesson
from tests.conftest import ROOT
from tests.jupyterlab import BROWSER_OPTIONS, NotebookPage, dlcore_lab
from tests.processes import PATIENCE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.sweep,
    pytest.mark.week1,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
]

LESSON = Path("week1") / "logistic_regression.ipynb"
RED = (
    "[data-mime-type='application/vnd.jupyter.stderr'], [data-mime-type='application/vnd.jupyter.error'], .jp-mod-error"
)
FLATTEN = "def flatten_images(images):\n    return images.reshape(len(images), -1).T"


@pytest.fixture
def work(course_root, tmp_path):
    """A working folder with one exercise done, whose long demos are folded."""
    folder = tmp_path / "work"
    copy_lessons(course_root / "release", folder)
    path = folder / LESSON
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["metadata"]["course"]["role"] == "demo" and source.count("\n") >= 10:
            cell["metadata"]["jupyter"] = {"source_hidden": True}
        if source.startswith("def flatten_images"):
            cell["source"] = FLATTEN
    path.write_text(json.dumps(notebook), encoding="utf-8")
    keep(path.parent, path.stem, "flatten_images", True, source_digest("flatten_images", FLATTEN))
    return folder


@pytest.fixture
def theme(request, tmp_path):
    """A student's choice of JupyterLab's colours."""
    chosen = getattr(request, "param", "light")
    path = tmp_path / "config" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    path.mkdir(parents=True)
    (path / "themes.jupyterlab-settings").write_text(json.dumps({"theme": f"JupyterLab {chosen.capitalize()}"}))
    return chosen


@pytest.fixture
def opened(chromium, work, theme, tmp_path):
    """Opens a notebook as the command `dlcore lab` does."""
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-m", "dlcore", "lab", "--no-browser"]
    with dlcore_lab(command, tmp_path) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)

        def open_notebook(name):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            address = f"{lab.address}lab/tree/{{path}}?token={lab.token}"
            return NotebookPage(page, address, work / name, work)

        yield open_notebook
        browser.close()


def shoot(notebook, name):
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        notebook.page.screenshot(path=Path(folder) / f"start-{name}.png")


def brightness(locator, what):
    """The mean of red, green and blue, from 0 to 255, of a computed colour; what is transparent has its page's."""
    script = """(node, what) => {
        let value = getComputedStyle(node)[what];
        while (what === 'backgroundColor' && value.endsWith(', 0)') && node.parentElement) {
            node = node.parentElement;
            value = getComputedStyle(node)[what];
        }
        return value.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3;
    }"""
    return locator.evaluate(script, what)


@pytest.mark.parametrize("theme", ["light", "dark"], indirect=True)
def test_the_start_page_is_readable_and_leads_to_where_one_stopped(opened, theme):
    start = opened("START.ipynb")
    page = start.page
    page.locator(f"body[data-jp-theme-light='{str(theme == 'light').lower()}']").wait_for(state="attached")
    said = start.run(1)
    assert "in Logistic regression. Go on with standardize, under" in said
    assert "1 of 12 exercises" in said
    area = page.locator(".dlcore-start")
    for width in (700, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert area.evaluate("node => node.scrollWidth <= node.clientWidth + 1")
        shoot(start, f"{theme}-{width}")
    for part in (".title", ".soft", ".state"):
        item = area.locator(part).first
        assert abs(brightness(item, "color") - brightness(item, "backgroundColor")) > 90
    weeks = page.locator(".jp-DirListing-item", has_text="week")  # the list of files comes when it comes
    weeks.nth(len(list((ROOT / "release").glob("week*"))) - 1).wait_for(state="attached")
    area.locator(".go a").click()
    page.locator(".jp-NotebookPanel:visible h1", has_text="Logistic regression").wait_for()
    page.wait_for_url("**/lab/tree/week1/logistic_regression.ipynb")  # the address follows the panel


class Link:
    """The start page's link to a cell far down in a lesson that is not open, and what a click on it shows.

    Args:
        opened: opens a notebook.
        work: the working folder; all exercises of its lesson but the last are done in it.
        is_busy: whether the browser is never idle after the click, until `let_idle`.
    """

    def __init__(self, opened, work, *, is_busy):
        lesson = read_lesson(work / LESSON)
        for done in lesson.checked[:-1]:
            keep(lesson.path.parent, lesson.path.stem, done.name, True, source_digest(done.name, done.source))
        ids = [cell["id"] for cell in json.loads((work / LESSON).read_text(encoding="utf-8"))["cells"]]
        self.start = opened("START.ipynb")
        self.page = self.start.page
        self.index, self.last = ids.index(lesson.checked[-1].cell_id), len(ids) - 1
        assert lesson.checked[-1].name in self.start.run(1)
        if is_busy:
            self.page.evaluate("""() => {
                const [real, held] = [window.requestIdleCallback, []];
                window.requestIdleCallback = (...call) => held.push(call);
                window.letIdle = () => {
                    window.requestIdleCallback = real;
                    for (const call of held) real(...call);
                };
            }""")
        self.page.locator(".dlcore-start .go a").click()
        self.lesson = self.page.locator(".jp-NotebookPanel:visible", has=self.page.locator("h1", has_text=lesson.title))

    def cell(self, index):
        return self.lesson.locator(f".jp-Cell[data-windowed-list-index='{index}']")

    def wait_for_all_cells(self):
        self.cell(self.last).wait_for(state="attached")
        assert self.lesson.locator(".jp-Cell").count() == self.last + 1

    def let_idle(self):
        self.page.evaluate("window.letIdle()")

    def place(self, where="(top, height) => -1 <= top && top < height / 2"):
        """Wait until the link's cell is in the view's upper half, or `where`; returns its distance from the top."""
        script = f"""node => {{
            const view = node.closest(".jp-WindowedPanel-outer"), box = view.getBoundingClientRect();
            window.cellTop = node.getBoundingClientRect().top - box.top;
            return node.isConnected && view.scrollTop > 0 && ({where})(window.cellTop, box.height);
        }}"""
        cell = self.cell(self.index)
        cell.wait_for(state="attached")
        self.page.wait_for_function(script, arg=cell.element_handle())
        return self.page.evaluate("window.cellTop")


@pytest.mark.parametrize("is_busy", [False, True])
def test_the_first_click_on_a_link_arrives_at_a_cell_far_down_and_stays_there(opened, work, is_busy):
    link = Link(opened, work, is_busy=is_busy)
    assert link.index > 100
    link.place()
    if is_busy:
        assert link.lesson.locator(".jp-Cell").count() <= link.last
        link.let_idle()
    link.wait_for_all_cells()
    link.place()
    link.lesson.locator(".jp-Cell.jp-mod-active").and_(link.cell(link.index)).wait_for()
    shoot(link.start, f"link-{'busy' if is_busy else 'idle'}")


def test_a_cell_is_not_held_against_a_student_who_scrolls(opened, work):
    link = Link(opened, work, is_busy=True)
    link.place()
    link.cell(link.index).hover()
    link.page.mouse.wheel(0, -200)
    before = link.place("top => top > 100")
    link.let_idle()
    link.wait_for_all_cells()
    assert link.place("top => top > 100") == pytest.approx(before, abs=20)


@pytest.mark.parametrize("theme", ["light", "dark"], indirect=True)
def test_a_fresh_lesson_run_as_a_whole_shows_nothing_red_and_runs_what_is_folded(opened, theme):
    lesson = opened(LESSON)
    page = lesson.page
    folded = [number for number, cell in enumerate(lesson.cells) if "jupyter" in cell.metadata]
    assert folded
    page.locator(".lm-MenuBar-item", has_text="Run").first.click()
    page.get_by_text("Run All Cells", exact=True).click()
    code = [number for number, cell in enumerate(lesson.cells) if cell.cell_type == "code"]
    prompt = lesson.cell(code[-1]).locator(".jp-InputPrompt").first
    page.wait_for_function("node => /\\d/.test(node.innerText)", arg=prompt.element_handle(), timeout=PATIENCE * 1000)
    lesson.wait_until_idle()
    assert page.locator(RED).count() == 0
    cell = lesson.cell(folded[0])
    cell.scroll_into_view_if_needed()
    cell.locator(".jp-Placeholder-prompt").first.wait_for()
    assert cell.locator(".cm-content").count() == 0
    assert cell.locator(".jp-OutputArea-output").count() > 0
    shoot(lesson, f"folded-{theme}")
    figure = page.locator(".jp-RenderedImage > img").first
    assert (figure.evaluate("node => getComputedStyle(node).filter") == "none") == (theme == "light")
    figure.scroll_into_view_if_needed()
    shoot(lesson, f"figure-{theme}")


def test_validate_says_what_fails(opened):
    pytest.importorskip("nbgrader")
    page = opened(LESSON).page
    page.locator(".jp-NotebookPanel:visible").get_by_text("Validate").click()
    dialog = page.locator(".jp-Dialog", has_text="Validation Results")
    dialog.wait_for()
    assert "check(standardize" in dialog.inner_text()
    assert "check(flatten_images" not in dialog.inner_text()
