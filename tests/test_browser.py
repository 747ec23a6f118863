"""A student's first hour with week 1, in real JupyterLab and a real browser."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from dlcore.lab import copy_lessons
from tests.jupyterlab import BROWSER_OPTIONS, NotebookPage, jupyterlab

pytestmark = [
    pytest.mark.browser,
    pytest.mark.sweep,
    pytest.mark.week1,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
]

MISSING_MINUS = [
    "power = np.exp(-np.abs(z))",
    "return np.where(np.asarray(z) >= 0, power, 1) / (1 + power)",
]
WIDGET = "from dlcore.widgets import sigmoid_plane"
RIGHT = ["power = np.exp(-np.abs(z))", "return np.where(np.asarray(z) >= 0, 1, power) / (1 + power)"]


@pytest.fixture
def notebook(chromium, course_root, tmp_path):
    """The released notebook, open; what the page complained of is in `notebook.troubles`."""
    from playwright.sync_api import sync_playwright

    work = tmp_path / "work"
    copy_lessons(course_root / "release", work)
    with jupyterlab(work, tmp_path) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        opened = NotebookPage(page, address, work / "week1" / "logistic_regression.ipynb", work)
        opened.troubles = troubles
        yield opened
        browser.close()


def shoot(notebook: NotebookPage, name: str, cell: int | None = None) -> None:
    """Keep a picture of the page, or of a cell at the top of it, if asked to."""
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        if cell is not None:
            notebook.cell(cell).evaluate("cell => cell.scrollIntoView({block: 'start'})")
        notebook.page.wait_for_timeout(500)
        notebook.page.screenshot(path=Path(folder) / f"{name}.png")


def test_a_student_solves_an_exercise_and_plays_with_the_widget(notebook):
    shoot(notebook, "1-top")
    assert "Error" not in notebook.run(notebook.number("import numpy"))
    solve_sigmoid(notebook)
    play_with_sigmoid_plane(notebook)

    progress = notebook.number("progress()")
    lines = [" ".join(line.split()) for line in notebook.run(progress).splitlines()]
    shoot(notebook, "8-progress", progress)
    (passing,) = [line for line in lines if line.startswith("✓")]
    assert re.fullmatch(r"✓ sigmoid 8 4 of 4( checks)? passes", passing)
    assert any(re.search(r"\b1 of \d+ exercises\b.*\b8 of \d+ points", line) for line in lines)
    assert notebook.troubles == []


def solve_sigmoid(notebook):
    """Not at all, then with a misconception, then right."""
    solution, checks = notebook.number("def sigmoid"), notebook.number("check(sigmoid")
    notebook.run(solution)
    assert notebook.run(checks).startswith("○ sigmoid: not attempted yet.")
    shoot(notebook, "2-not-attempted", solution)
    widget = notebook.number(WIDGET)
    assert "Write sigmoid first" in notebook.run(widget)
    shoot(notebook, "3-widget-without-sigmoid", widget)

    notebook.type_solution(solution, MISSING_MINUS, replaced=1)
    assert notebook.code(solution).endswith("\n    ".join(MISSING_MINUS))
    assert notebook.run(solution).strip() == ""
    message = notebook.run(checks)
    shoot(notebook, "4-misconception", solution)
    assert message.startswith("✗ sigmoid(2")
    assert "Your curve falls where it should rise. The exponent is −z, not z." in message
    assert "Traceback" not in message
    assert "---->" not in message
    assert "hint(sigmoid) gives a hint." in message
    assert len(message.splitlines()) <= 6

    notebook.type_solution(solution, RIGHT, replaced=len(MISSING_MINUS))
    assert notebook.run(solution).strip() == ""
    assert notebook.run(checks).splitlines()[0] == "✓ sigmoid: 4 checks pass"
    shoot(notebook, "5-right", solution)


def play_with_sigmoid_plane(notebook):
    """Each slider, moved with the keyboard, changes the picture, and the first one the sentence."""
    widget = notebook.number(WIDGET)
    notebook.run(widget)
    shoot(notebook, "6-widget", widget)
    pictures, sentences = [notebook.new_picture(widget, "")], [notebook.sentence(widget)]
    assert "of 60 examples are on the right side of the line." in sentences[0]
    assert notebook.readouts(widget) == ["100", "2.0", "0.0"]
    for slider in range(3):
        notebook.press_on_slider(widget, slider, "ArrowRight", times=10)
        pictures.append(notebook.new_picture(widget, pictures[-1]))
        sentences.append(notebook.sentence(widget))
    shoot(notebook, "7-widget-moved", widget)
    assert notebook.readouts(widget) == ["120", "3.0", "1.0"]
    assert len(set(pictures)) == 4
    assert sentences[0] != sentences[1]
