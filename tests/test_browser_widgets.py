"""All widgets in real JupyterLab: in light, in dark, in a narrow window, with the keyboard alone."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.widget_cases import CASES, label_of
from tests.widgets_page import HEIGHT_IN_VIEW, UNNAMED, contrast, luminance, widgets_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.sweep,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
]

SHOWN = {str(case): case for case in CASES if not case.variant and case.widget != "optimizer_trajectories"}
PAGES = {
    "light": ("JupyterLab Light", 1280),
    "dark": ("JupyterLab Dark", 1280),
    "narrow": ("JupyterLab Light", 700),
    "narrow and dark": ("JupyterLab Dark", 700),
}
READABLE = 7.0  # contrast of text that WCAG's level AAA asks for
FITS = """panel => {
    const image = panel.querySelector("img.widget-image").getBoundingClientRect();
    const output = panel.closest(".jp-OutputArea-output");
    return image.right <= output.getBoundingClientRect().right + 1 && output.scrollWidth <= output.clientWidth + 1;
}"""

SQUEEZE = """async (image, steps) => {
    const panel = image.closest(".dlcore-panel"), before = image.clientWidth;
    let drawn = 0;
    image.addEventListener("load", () => { drawn += 1; });
    for (let step = 1; step <= steps; step++) {
        panel.style.width = `${before - 20 * step}px`;
        await new Promise(requestAnimationFrame);
    }
    while (Math.abs(parseFloat(image.style.width) - image.parentElement.clientWidth) > 16 || !image.complete) {
        await new Promise(done => setTimeout(done, 50));
    }
    const after = image.clientWidth;
    panel.style.width = "";
    return [drawn, [before, after]];
}"""


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    with widgets_page(chromium, tmp_path_factory.mktemp("widgets"), list(SHOWN)) as page:
        page.show_all()
        yield page


def shoot(page, name):
    """Keep a picture of the window, if asked to."""
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.page.screenshot(path=Path(folder) / f"{name}.png")


def test_a_picture_and_its_main_control_are_in_view_together(page):
    high = page.notebook.evaluate("notebook => notebook.clientHeight")
    heights = {name: page.panel(name).evaluate(HEIGHT_IN_VIEW) for name in SHOWN}
    assert {name: height for name, height in heights.items() if height > high} == {}


def test_everything_that_takes_the_focus_has_a_name(page):
    for name in SHOWN:
        for button in page.panel(name).locator("button.dlcore-more").all():
            button.click()
            page.panel(name).locator("button.dlcore-more[aria-expanded=true]").wait_for()
        assert page.panel(name).evaluate(UNNAMED) == [], name
        assert page.image(name).get_attribute("alt"), name
        assert page.panel(name).locator('[role=status][aria-live="polite"]').inner_text(), name
        for button in page.panel(name).locator("button.dlcore-more").all():
            button.click()
            page.panel(name).locator("button.dlcore-more[aria-expanded=false]").wait_for()


@pytest.mark.parametrize("name", SHOWN)
def test_the_main_control_works_with_the_keyboard_alone(page, name):
    case, number = SHOWN[name], page.numbers[name]
    before, said = page.picture(number), page.sentence(number)
    key = "ArrowDown" if "SELECT" in page.tab_into(name) else "ArrowRight"
    for _ in range(6):  # some sentences round
        page.page.keyboard.press(key)
        before = page.new_picture(number, before)
        if page.sentence(number) != said:
            break
    panel = case.make()
    assert page.sentence(number) != said or case.silent.keys() & {
        label_of(panel, control) for control in panel.controls
    }
    assert page.troubles == []


def test_a_page_whose_width_changes_many_times_is_drawn_once_it_stays(page):
    page.settle()
    drawn, widths = page.image("cost_valley").evaluate(SQUEEZE, 12)
    assert drawn < 4  # 1, unless the page is so busy that it seems to stay
    assert widths[1] < widths[0] - 100
    page.settle()


@pytest.mark.parametrize("kind", PAGES)
def test_pictures_suit_their_page(page, kind):
    theme, width = PAGES[kind]
    page.choose_theme(theme)
    page.page.set_viewport_size({"width": width, "height": 800})
    page.settle()
    faults = {}
    for name in SHOWN:
        pixels = luminance(page.pixels(name))
        shades, counts = np.unique(pixels.round(3), return_counts=True)
        paper, (darkest, lightest) = float(shades[counts.argmax()]), np.percentile(pixels, [0.1, 99.9])
        ink = max(contrast(paper, darkest), contrast(paper, lightest))
        shoot(page, f"{kind}-{name}")
        if ink < READABLE or (paper < 0.05) != ("Dark" in theme):
            faults[name] = f"paper {paper:.3f}, contrast {ink:.1f}"
        elif not page.panel(name).evaluate(FITS):
            faults[name] = "wider than its cell"
    assert faults == {}
    assert page.troubles == []
