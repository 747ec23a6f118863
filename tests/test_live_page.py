"""Pictures that are drawn for the page they are in, without a browser: what it would tell is set here."""

import base64
import io
import struct

import numpy as np
import pytest
from matplotlib.lines import Line2D
from PIL import Image

from dlcore.live import LiveFigure, Panel, choice, slider, toggle
from dlcore.live.layout import LARGEST, SMALLEST
from dlcore.study.theme import DARK
from tests.conftest import ROOT

WIDE = 800


class Two:
    """Two plots side by side with a legend below them."""

    def __init__(self, more=()):
        self.live = LiveFigure(size=(8, 3), alt="Two dots.", breaks=(0.5,))
        self.axes = [self.live.figure.add_axes((left, 0.25, 0.4, 0.65), xlim=(0, 10)) for left in (0.07, 0.57)]
        self.live.figure.text(0.57, 0.95, "right")
        names = ["a long name of a line", "another long name of a line", "a third one, longer than both"]
        self.live.figure.legend(handles=[Line2D([], [], label=name) for name in names], loc="lower center", ncol=3)
        self.dots = [ax.plot([], [], "o")[0] for ax in self.axes]
        self.live.freeze(*self.dots)
        self.controls = [slider("x", 0, 10, 5), toggle("high"), choice("colour, of both", ["red", "blue"], "red")]
        self.panel = Panel(self.live, self.controls, self.update, more=[self.controls[number] for number in more])

    def update(self, x, high, colour):
        for dot in self.dots:
            dot.set(xdata=[x], ydata=[float(high)], color=colour)
        return f"x is {x:g}."

    def open_page(self, width, ratio=1.0):
        self.live.image.page = [float(width), ratio]


@pytest.fixture
def two():
    return Two()


def size(png):
    return struct.unpack(">II", bytes(png[16:24]))


def boxes(two):
    """Where the axes stand, in pixels from the left and the bottom: left, bottom, right, top."""
    return [tuple(ax.bbox.extents) for ax in two.axes]


def sharpen(two):
    two.live.image._handle_custom_msg({"sharpen": True}, [])


@pytest.mark.parametrize("width", [480, 640, 679, 680, 850])
def test_a_picture_is_as_wide_as_its_page(two, width):
    two.open_page(width)
    assert size(two.live.image.value)[0] == pytest.approx(width, abs=1)


def test_a_very_wide_page_does_not_make_texts_grow_without_end(two):
    two.open_page(1600)
    assert size(two.live.image.value)[0] == pytest.approx(LARGEST * WIDE, abs=1)


def test_parts_go_below_each_other_when_their_texts_would_become_small(two):
    two.open_page(SMALLEST * WIDE)
    left, right = boxes(two)
    assert (left[1], left[3]) == (right[1], right[3])
    two.open_page(SMALLEST * WIDE - 20)
    left, right = boxes(two)
    assert left[1] > right[3]
    assert left[0] == pytest.approx(right[0], abs=2)
    assert two.live.figure.dpi >= 100 * SMALLEST


def test_texts_move_with_their_part(two):
    two.open_page(480)
    text, right = two.live.figure.texts[0].get_window_extent(), boxes(two)[1]
    assert text.x0 == pytest.approx(right[0], abs=2)
    assert right[3] < text.y0 < right[3] + 60


def test_a_legend_stays_below_and_within_a_narrow_picture(two):
    two.open_page(480)
    (legend,) = [legend for legend in two.live.figure.legends if legend.get_visible()]
    box = legend.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= 480
    assert 0 <= box.y0 < box.y1 < min(bottom for _, bottom, _, _ in boxes(two))
    assert len(legend.texts) == 3


def test_a_page_made_wide_again_shows_the_picture_of_before(two):
    two.open_page(WIDE)
    before = two.live.image.value
    two.open_page(480)
    assert two.live.image.value != before
    two.open_page(WIDE)
    assert two.live.image.value == before


def test_a_picture_without_breaks_gets_narrower_but_its_texts_do_not_get_small():
    live = LiveFigure(size=(8, 3))
    live.figure.add_axes((0.1, 0.2, 0.8, 0.7))
    live.refresh()
    live.image.page = [400.0, 1.0]
    width, height = size(live.image.value)
    assert width == pytest.approx(400, abs=1)
    assert height == pytest.approx(300 * SMALLEST, abs=1)


def test_what_moved_is_where_it_was_after_the_page_has_changed(two):
    two.open_page(WIDE)
    two.controls[0].value = 8
    moved = two.live.image.value
    two.open_page(600)
    two.open_page(WIDE)
    assert two.live.image.value == moved


def test_a_page_of_more_pixels_gets_a_sharp_picture_and_what_moves_is_soft_until_it_asks(two):
    two.open_page(WIDE, 2.0)
    assert (size(two.live.image.value), two.live.image.ratio) == ((1600, 600), 2.0)
    two.controls[0].value = 8
    assert (size(two.live.image.value), two.live.image.ratio) == ((800, 300), 1.0)
    soft = two.live.image.value
    sharpen(two)
    two.live.refresh()
    assert two.live.image.value == soft


def test_a_sharp_picture_is_the_soft_one_with_more_pixels(two):
    two.open_page(WIDE, 2.0)
    two.controls[0].value = 8
    soft = Image.open(io.BytesIO(two.live.image.value)).convert("L")
    sharpen(two)
    sharp = Image.open(io.BytesIO(two.live.image.value)).convert("L")
    assert np.abs(np.asarray(sharp.reduce(16), dtype=float) - np.asarray(soft.reduce(8))).mean() < 2


def test_after_an_error_only_the_background_is_drawn_for_a_new_page(two):
    def fail(*values):
        raise ValueError

    two.panel._update = fail
    two.panel.tick()
    two.open_page(600)
    blank = two.live.image.value
    two.live.blank()
    assert two.live.image.value == blank
    two.live.refresh()
    assert two.live.image.value != blank


def test_the_still_picture_does_not_depend_on_the_page(two):
    before = two.panel._repr_mimebundle_()["text/html"]
    two.open_page(480, 2.0)
    sharpen(two)
    now = two.live.image.value
    assert two.panel._repr_mimebundle_()["text/html"] == before
    assert base64.b64encode(now).decode() not in before
    two.live.refresh()
    sharpen(two)
    assert two.live.image.value == now


def test_a_still_picture_has_a_paper_of_its_own(two):
    picture = Image.open(io.BytesIO(two.live.still()))
    assert picture.mode == "RGB"
    assert picture.getpixel((0, 0)) == (255, 255, 255)


def test_a_page_that_changes_while_the_panel_is_busy_waits(two):
    held = []
    two.live.guard = type("Guard", (), {"__enter__": lambda _: held.append(1), "__exit__": lambda *_: None})()
    two.open_page(600)
    sharpen(two)
    assert held == [1, 1]
    assert Two().live.guard is not two.live.guard


def test_more_controls_are_folded_away_below_the_sentence_and_named():
    two = Two(more=(1, 2))
    above, image, sentence, button, box = two.panel.box.children
    assert above.children[0].children == (two.controls[0],)
    assert (image, sentence) == (two.live.image, two.panel._status)
    assert button.description == "More: high, colour"
    assert (box.children, box.layout.display) == (tuple(two.controls[1:]), "none")
    button.value = True
    assert box.layout.display == "flex"
    button.value = False
    assert box.layout.display == "none"


def test_folded_controls_work_and_come_in_the_order_of_the_arguments():
    two = Two(more=(0,))
    assert two.panel.controls == tuple(two.controls)
    two.controls[0].value = 7
    assert two.panel.sentence == "x is 7."


def test_a_long_label_gets_room():
    short, long = slider("x", 0, 1, 0), slider("weight from a1 to a1, layer 2", 0, 1, 0)
    assert float(long.style.description_width[:-2]) > float(short.style.description_width[:-2])
    assert float(long.layout.width[:-2]) > float(short.layout.width[:-2])


def test_without_anywidget_a_plain_image_shows_the_picture(monkeypatch):
    import sys

    from dlcore.live import picture

    monkeypatch.setitem(sys.modules, "anywidget", None)
    picture._widget_class.cache_clear()
    two = Two()
    assert not hasattr(two.live.image, "page")
    before = two.live.image.value
    two.controls[0].value = 8
    assert two.live.image.value != before
    assert 'role="status"' in two.panel._status.value
    assert two.panel._repr_mimebundle_()["text/html"].startswith("<img alt=")


def test_figures_and_widgets_suit_the_dark_theme_in_the_same_way():
    script = (ROOT / "dlcore" / "live" / "picture.js").read_text(encoding="utf-8")
    assert f'const DARK = "{DARK}";' in script
