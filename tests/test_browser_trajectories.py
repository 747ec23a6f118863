"""The optimizers' race in real JupyterLab and a real browser: playing, pausing, clicking."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dlcore.widgets.optimizers.trajectories.presets import PRESETS
from tests.race_page import race

pytestmark = [
    pytest.mark.browser,
    pytest.mark.sweep,
    pytest.mark.week5,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture
def page(chromium, tmp_path):
    with race(chromium, tmp_path, "curved valley") as page:
        page.start()
        yield page


def shoot(page, name):
    """Keep a picture of the page, if asked to."""
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.cell(1).evaluate("cell => cell.scrollIntoView({block: 'start'})")
        page.page.wait_for_timeout(500)
        page.page.screenshot(path=Path(folder) / f"race-{name}.png")


def step_of(page):
    return int(page.readouts(1)[-1])


def settled(page):
    """The picture once nothing is under way any more."""
    page.wait_until_idle()
    return page.new_picture(1, "")


def test_playing_changes_the_picture_and_pausing_stops_it(page, record_property):
    page.press("Reset")
    page.wait_for_step(0)
    first, before = settled(page), len(page.shown())
    page.press("Play")
    page.wait_for_pictures(before + 40)
    page.press("Pause")
    page.cell(1).get_by_role("button", name="Play").wait_for()
    paused, step, drawn = settled(page), step_of(page), len(page.shown())
    assert paused != first
    assert 30 <= step < 1000
    page.wait_for_sentence(f"Step {step}.")
    page.page.wait_for_timeout(1000)
    assert (page.picture(1), step_of(page), len(page.shown())) == (paused, step, drawn)
    times = page.shown()[before : before + 40]
    record_property("pictures a second", 39_000 / (times[-1] - times[0]))

    page.press("Step")
    page.wait_for_step(step + 1)
    assert page.new_picture(1, paused) != first
    page.press("Back")
    page.wait_for_step(step)
    assert settled(page) == paused
    assert page.troubles == []


def test_a_film_ends_at_the_last_step_and_starts_again(page):
    page.choose(0, "Adam first step")
    page.wait_for_step(1)
    page.press("Play")
    page.wait_for_step(20)
    page.cell(1).get_by_role("button", name="Play").wait_for()
    page.press("Play")
    page.cell(1).get_by_role("button", name="Pause").wait_for()
    page.wait_for_step(20)
    page.cell(1).get_by_role("button", name="Play").wait_for()
    page.wait_for_sentence("Step 20.")


def test_a_change_while_playing_is_seen_and_reset_stops(page):
    page.press("Reset")
    page.wait_for_step(0)
    page.press("Play")
    page.wait_for_pictures(len(page.shown()) + 10)
    page.cell(1).get_by_label("nesterov", exact=True).check()
    page.wait_for_sentence("nesterov:")
    page.wait_for_pictures(len(page.shown()) + 20)
    assert step_of(page) > 0
    page.press("Reset")
    page.cell(1).get_by_role("button", name="Play").wait_for()
    page.wait_for_step(0)
    first = settled(page)
    assert step_of(page) == 0
    page.wait_for_sentence("Step 0.")
    page.press("Play")
    page.wait_for_pictures(len(page.shown()) + 10)
    page.press("Reset")
    page.cell(1).get_by_role("button", name="Play").wait_for()
    page.wait_for_step(0)
    assert settled(page) == first  # though it is the picture that the kernel has sent last
    page.press("Play")
    page.wait_for_pictures(len(page.shown()) + 10)
    assert step_of(page) > 0
    assert page.troubles == []


def test_a_click_and_a_drag_move_the_start(page):
    before = settled(page)
    page.image.scroll_into_view_if_needed()  # now, so that the click does not move it
    box = page.image.bounding_box()
    page.image.click(position={"x": box["width"] * 0.266, "y": box["height"] * 0.445})  # the middle of the map
    now = page.new_picture(1, before)
    x, y = (float(text.replace("−", "-")) for text in page.readouts(1)[:2])
    assert (x, y) == pytest.approx((0, 1), abs=0.02)
    page.page.mouse.move(box["x"] + box["width"] * 0.266, box["y"] + box["height"] * 0.445)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.3, steps=8)
    page.page.mouse.up()
    page.new_picture(1, now)
    dragged = [float(text.replace("−", "-")) for text in page.readouts(1)[:2]]
    assert dragged[0] > x + 1
    assert dragged[1] > y + 0.5
    assert page.troubles == []


def test_nothing_comes_from_elsewhere_and_every_preset_is_drawn(page):
    for number, name in enumerate(PRESETS):
        page.choose(0, name)
        page.wait_for_sentence(PRESETS[name].words)
        settled(page)
        assert page.sentence(1).startswith(PRESETS[name].words)  # the page's sliders have left its settings alone
        shoot(page, f"{number}-{name}")
    hosts = {urlsplit(url).hostname for url in page.requests if urlsplit(url).scheme not in ("blob", "data")}
    assert hosts == {"127.0.0.1"}
    assert page.troubles == []
