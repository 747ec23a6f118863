"""Pictures are sharp on screens of many pixels; on a page of its own, which is in view as a whole."""

from __future__ import annotations

import pytest

from tests.widgets_page import widgets_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.sweep,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    """A page that is in view as a whole, with two widgets."""
    with widgets_page(chromium, tmp_path_factory.mktemp("two"), ["sigmoid_plane", "cost_valley"]) as page:
        page.show_all()
        yield page


def test_a_page_of_more_pixels_gets_sharp_pictures_once_nothing_moves(page):
    number, image = page.numbers["sigmoid_plane"], page.image("sigmoid_plane")
    sharp = "image => image.complete && image.naturalWidth > 1.9 * image.clientWidth"
    emulation, window = page.page.context.new_cdp_session(page.page), page.page.viewport_size
    before = page.picture(number)
    emulation.send("Emulation.setDeviceMetricsOverride", {**window, "deviceScaleFactor": 2, "mobile": False})
    page.wait_for_image(image, sharp)
    now = page.new_picture(number, before)
    page.press_on_slider(number, 0, "ArrowRight")
    assert page.new_picture(number, now) != now
    page.wait_for_image(image, sharp)
    emulation.send("Emulation.setDeviceMetricsOverride", {**window, "deviceScaleFactor": 1, "mobile": False})
