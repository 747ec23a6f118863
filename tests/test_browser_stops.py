"""Sliders with stops in real JupyterLab, on a page of their own: a process has one browser at a time."""

from __future__ import annotations

import pytest

from tests.widget_cases import CASES
from tests.widgets_page import widgets_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.sweep,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
]


def test_what_stops_show_cannot_be_typed_into(chromium, tmp_path):
    name = next(str(case) for case in CASES if str(case).startswith("batch_and_decay"))
    with widgets_page(chromium, tmp_path, [name]) as page:
        page.show_all()
        readouts = page.panel(name).locator(".dlcore-stops .widget-readout")
        page.page.locator(".dlcore-stops .widget-readout[contenteditable=false]").nth(1).wait_for()
        assert readouts.evaluate_all("all => all.map(each => each.isContentEditable)") == [False, False]
        assert page.troubles == []
