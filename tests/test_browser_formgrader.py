"""An instructor opens hostile submissions in nbgrader's formgrader, in a real browser."""

from __future__ import annotations

import nbformat
import pytest

from tests.classroom import (
    LESSON,
    WEEK,
    grader,
    hand_in,
    make_course,
    reference_solutions,
    released,
    with_cell,
    with_solutions,
)
from tests.jupyterlab import BROWSER_OPTIONS, jupyterlab
from tests.processes import PATIENCE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.sweep,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.usefixtures("needs_sandbox"),
]

MARK = "document.title = 'owned'"
HOSTILE = [
    f"<script>{MARK}</script>",
    f'<img src="x" onerror="{MARK}">',
    f'<iframe srcdoc="<script>parent.{MARK}</script>"></iframe>',
    f'<a id="link" href="javascript:{MARK}">click me</a>',
    f'<svg onload="{MARK}"></svg>',
]


def test_nothing_that_a_student_wrote_runs_in_the_formgrader(chromium, tmp_path):
    from playwright.sync_api import sync_playwright

    course = make_course(tmp_path / "course")
    notebook = with_solutions(
        released(course), reference_solutions(course) | {"explain_the_gradient": "\n".join(HOSTILE)}
    )
    for kind in ("markdown", "raw"):
        notebook = with_cell(notebook, "\n".join(HOSTILE), after="setup", kind=kind)
    hand_in(course, "mallory", notebook)
    assert grader(course, "grade", WEEK).returncode == 0
    graded = course.autograded / "mallory" / WEEK / f"{LESSON}.ipynb"
    rebuilt = nbformat.read(graded, as_version=4)
    planted = [nbformat.v4.new_markdown_cell(text, metadata={"course": {"role": "extra"}}) for text in HOSTILE]
    rebuilt.cells += planted  # should something get past the rebuilding
    graded.chmod(0o644)
    nbformat.write(rebuilt, graded)
    with course.gradebook() as gradebook:
        (submission,) = [item.id for item in gradebook.find_submission(WEEK, "mallory").notebooks]
    with jupyterlab(course.root, course.root) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(address.format(path=""))  # which hands the browser the token
        page.goto(f"{address.partition('/lab/')[0]}/formgrader/submissions/{submission}/?index=0")
        page.get_by_text("Question", exact=False).first.wait_for(state="attached")
        assert page.locator("text=click me").count() > 0
        for link in page.locator("text=click me").all():
            link.evaluate("link => link.click()")
        page.wait_for_load_state("networkidle")
        assert page.title() != "owned"
        assert LESSON in page.content()
        assert page.locator("iframe[srcdoc], svg[onload], img[onerror], a[href^=javascript]").count() == 0
        browser.close()


def test_the_menu_leads_to_the_formgrader_and_the_model_answer_stands_below_what_is_marked(chromium, tmp_path):
    from playwright.sync_api import sync_playwright

    course = make_course(tmp_path / "course")
    answer = reference_solutions(course) | {"explain_the_gradient": "Because of the chain rule."}
    hand_in(course, "ada", with_solutions(released(course), answer))
    assert grader(course, "grade", WEEK).returncode == 0
    with course.gradebook() as gradebook:
        (submission,) = [item.id for item in gradebook.find_submission(WEEK, "ada").notebooks]
    with jupyterlab(course.root, course.root) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(address.replace("/tree/{path}", ""))
        page.get_by_role("menuitem", name="Nbgrader").click()
        page.get_by_role("menuitem", name="Formgrader", exact=True).click()
        page.frame_locator("iframe").get_by_text("Manual Grading").first.wait_for()
        page.goto(f"{address.partition('/lab/')[0]}/formgrader/submissions/{submission}/?index=0")
        page.get_by_text("For marking explain_the_gradient").wait_for()
        assert page.get_by_text("confident and wrong, exert no pull").is_visible()
        points = page.locator("input.score").last
        points.fill("7")
        with page.expect_response(lambda answered: answered.request.method == "PUT"):
            points.press("Tab")
        browser.close()
    with course.gradebook() as gradebook:
        assert gradebook.find_grade("explain_the_gradient", LESSON, WEEK, "ada").manual_score == 7
