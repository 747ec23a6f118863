"""The pages in a browser: no page is wider than a telephone, and text can be read in both themes."""

import os
import re
from pathlib import Path

import pytest

from grader.reports.class_report import report_page
from grader.reports.term_page import term_page
from grader.templating import pages
from tests.classroom import WEEK, make_course
from tests.jupyterlab import BROWSER_OPTIONS
from tests.processes import PATIENCE
from tests.term_class import HINTS, made_up_term
from tests.test_feedback import WRONG, exercise, page_of
from tests.test_similarity import page_about

LONG = "explain_how_the_gradient_of_the_hidden_layer_depends_on_it"
NARROW, WIDE = 400, 1280
TOO_PALE = """() => {
    const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => {
        const [r, g, b] = channels(colour).map((value) => {
            value /= 255;
            return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        for (; element; element = element.parentElement) {
            const colour = getComputedStyle(element).backgroundColor;
            if (channels(colour)[3] !== 0) return colour;
        }
    };
    const found = [];
    for (const element of document.body.querySelectorAll("*")) {
        const text = [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.trim());
        if (!text.length) continue;
        const [low, high] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => a - b);
        const ratio = (high + 0.05) / (low + 0.05);
        if (ratio < 4.5) found.push([text[0].data.trim(), element.className, ratio]);
    }
    return found;
}"""

OVERLAPPING = """() => {
    const apart = (one, other) => one.bottom <= other.top || other.bottom <= one.top
        || one.right <= other.left || other.right <= one.left;
    const boxes = (names) => [...document.querySelectorAll(names)].map((item) => item.getBoundingClientRect());
    return boxes(".score").flatMap((score) =>
        boxes(".notice, .hint, .message, .checks, .code").filter((box) => !apart(score, box)).map((box) => box.top));
}"""


def feedback(course):
    notebook = [
        exercise("sigmoid", WRONG, notes=["Something is to be said."]),
        exercise("right", WRONG[3:4], score=4.0),
        exercise("gradient_descent", WRONG, score=4.0, notes=["Follow-through: all is right."], followed=True),
    ]
    return page_of(*notebook, exercise(LONG, WRONG[3:4], score=4.0, followed=True))


def report(course):
    results = made_up_term().weeks[0]
    results.exercises[LONG] = 4.0
    return report_page(course, results, HINTS["week1"], course.root / "report.html")


def similar(course):
    rare = "def f(x):\n    # " + "mine" * 40 + "\n    return np.rint(x) + 40 ** np.sign(x)"
    works = {f"s{place}": {"f": f"def f(x):\n    return x + {place}"} for place in range(12)}
    return page_about(works | {"one": {"f": rare}, "two": {"f": rare}})[0]


PAGES = {"feedback": feedback, "report": report, "similar": similar, "term": lambda course: term_page(made_up_term())}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("pages"))


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_telephone_and_can_be_read_in_its_theme(name, theme, course, chromium, tmp_path):
    from playwright.sync_api import sync_playwright

    path = tmp_path / f"{name}.html"
    path.write_text(PAGES[name](course))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)
        page = browser.new_page(viewport={"width": NARROW, "height": 800}, color_scheme=theme)
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(path.as_uri())
        page.evaluate("for (const item of document.querySelectorAll('details')) item.open = true")
        for width in (NARROW, WIDE):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert page.evaluate(OVERLAPPING) == []
            if folder := os.environ.get("SCREENSHOTS"):
                Path(folder).mkdir(parents=True, exist_ok=True)
                page.screenshot(path=Path(folder) / f"{name}-{theme}-{width}.png", full_page=True)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") == (theme == "light")
        assert page.evaluate(TOO_PALE) == []
        browser.close()


def test_a_name_may_be_broken_after_underscores_and_nowhere_acts_as_markup():
    render = pages().from_string("{{ name|breaking }}").render
    assert render(name="quiz_learning_rate") == "quiz_<wbr>learning_<wbr>rate"
    assert "<b" not in render(name="<b>_x</b>")


def test_the_report_says_why_a_small_class_has_no_correlations(course):
    said = re.sub(r"\s+", " ", report(course))
    assert "need 10 students (– where there are fewer)" in said
    assert WEEK in said
