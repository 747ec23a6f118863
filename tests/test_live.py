import asyncio
import base64
import gc
import io
import subprocess
import sys
import threading
import time
import warnings
import weakref
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from PIL import Image

import dlcore
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, log_slider, slider, toggle, whole_slider


class Words:
    """Two texts over a gray band."""

    def __init__(self):
        self.live = LiveFigure(size=(3, 2), alt="Two texts.")
        ax = self.live.figure.add_axes((0.1, 0.1, 0.8, 0.8), xlim=(0, 10), ylim=(0, 10))
        ax.axhspan(4, 6, color="0.8")
        self.one, self.other = ax.text(3.3, 5, "g $w_1$"), ax.text(5, 5, "other")
        self.live.freeze(self.one, self.other)

    def by_matplotlib(self):
        """The picture as matplotlib alone draws it."""
        for text in (self.one, self.other):
            text.set_animated(False)
        canvas = FigureCanvasAgg(self.live.figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].astype(int)


class Dot:
    """A dot that two sliders and a toggle move over a gray band."""

    def __init__(self, buttons=None):
        self.live = LiveFigure(size=(3, 2), alt="A dot in a square.")
        ax = self.live.figure.add_axes((0.1, 0.1, 0.8, 0.8), xlim=(0, 10), ylim=(0, 10))
        ax.axhspan(4, 6, color="0.8")
        (self.dot,) = ax.plot([], [], "o")
        self.live.freeze(self.dot)
        self.controls = [slider("x", 0, 10, 5), slider("y", 0, 10, 5), toggle("large")]
        self.updates = 0
        self.panel = Panel(self.live, self.controls, self.update, buttons)

    def update(self, x, y, large):
        self.updates += 1
        self.dot.set_data([x], [y])
        self.dot.set_markersize(20 if large else 6)
        return f"The dot is at {x:g}, {y:g}."


@pytest.fixture
def dot():
    return Dot()


def picture(live):
    return np.asarray(Image.open(io.BytesIO(live.image.value)).convert("RGB")).astype(int)


def shown(panel):
    """What the status line holds, as HTML."""
    return panel.box.children[-1].value


def run_python(code):
    """Run code in an interpreter of its own, warnings being errors."""
    root = Path(dlcore.__file__).parent.parent
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=root)


def failing(error):
    """A panel whose update raises."""

    def update():
        raise error

    return Panel(LiveFigure(size=(2, 1)), [], update)


def test_moving_a_slider_changes_the_picture_and_the_sentence(dot):
    before, sentence = picture(dot.live), dot.panel.sentence
    dot.controls[0].value = 8
    assert np.any(picture(dot.live) != before)
    assert (sentence, dot.panel.sentence) == ("The dot is at 5, 5.", "The dot is at 8, 5.")


def test_moving_back_brings_the_same_picture_back(dot):
    before = dot.live.image.value
    dot.controls[1].value = 2
    assert dot.live.image.value != before
    dot.controls[1].value = 5
    assert dot.live.image.value == before


def test_a_toggle_is_a_control(dot):
    before = picture(dot.live)
    dot.controls[2].value = True
    assert np.any(picture(dot.live) != before)


def test_the_picture_keeps_its_size_in_pixels_and_fits_into_the_page(dot):
    for x in (0, 3, 10):
        dot.controls[0].value = x
        assert picture(dot.live).shape == (200, 300, 3)
    assert dot.live.image.layout.max_width == "100%"


def test_a_redrawn_picture_equals_one_drawn_from_scratch(dot):
    dot.controls[0].value = 2.5
    dot.dot.set_animated(False)
    canvas = FigureCanvasAgg(dot.live.figure)
    canvas.draw()
    assert np.array_equal(picture(dot.live), np.asarray(canvas.buffer_rgba())[..., :3])


@pytest.mark.parametrize(
    "change",
    [
        {"text": "anders"},
        {"text": "two\nlines"},
        {"text": ""},
        {"position": (2.37, 7.1)},
        {"position": (9.7, 0.1)},  # over the edge of the picture
        {"position": (40, -30)},
        {"position": (np.nan, 5)},
        {"position": (5, np.inf)},
        {"color": "crimson"},
        {"color": (0, 0, 1, 0.5)},
        {"alpha": 0.3},
        {"fontsize": 15},
        {"fontweight": "bold"},
        {"rotation": 33},
        {"ha": "right"},
        {"va": "top"},
        {"visible": False},
        {"bbox": {"fc": "yellow"}},
        {"clip_on": True, "position": (9, 9.9)},
    ],
    ids=str,
)
def test_a_text_looks_as_matplotlib_draws_it_after_every_change(change):
    words = Words()
    for _ in range(2):  # drawn, then as it was kept
        words.live.refresh()
    words.one.set(**change)
    for _ in range(2):
        words.live.refresh()
        assert np.abs(picture(words.live) - words.by_matplotlib()).max() <= 1  # where glyphs touch, a shade is rounded


def test_texts_that_overlap_and_differ_only_in_what_they_say_are_told_apart():
    words = Words()
    words.other.set_position((3.3, 5.1))
    words.live.refresh()
    words.one.set_text(words.other.get_text())
    words.live.refresh()
    assert np.abs(picture(words.live) - words.by_matplotlib()).max() <= 1


@pytest.fixture
def laid_out(monkeypatch):
    """The texts that matplotlib draws from now on."""
    drawn, draw = [], Text.draw

    def counting(text, renderer):
        drawn.append(text.get_text())
        draw(text, renderer)

    monkeypatch.setattr(Text, "draw", counting)
    return drawn


def test_a_text_that_comes_back_is_not_laid_out_again(laid_out):
    words = Words()
    laid_out.clear()  # of the background
    for word in ("a", "b", "a", "b", "a"):
        words.one.set_text(word)
        words.live.refresh()
    assert laid_out == ["a", "other", "b"]


def test_only_so_many_texts_are_kept(monkeypatch, laid_out):
    monkeypatch.setattr("dlcore.live.stamps.MOST", 5)
    words = Words()
    for word in "abcdefgh":
        words.one.set_text(word)
        words.live.refresh()
    laid_out.clear()
    for word in "hgfea":  # with the other text, five are kept
        words.one.set_text(word)
        words.live.refresh()
    assert laid_out == ["a"]


def test_only_what_moves_is_drawn_anew(dot):
    before = picture(dot.live)
    dot.controls[0].value = 9
    rows, _ = np.nonzero(np.any(picture(dot.live) != before, axis=2))
    assert rows.min() > 90
    assert rows.max() < 110


def test_a_figure_without_movers_can_be_shown():
    live = LiveFigure(size=(2, 1))
    live.refresh()
    assert picture(live).shape == (100, 200, 3)


def test_axes_stay_where_they_are_put_whatever_the_global_style():
    code = (
        "import matplotlib; matplotlib.rcParams['figure.constrained_layout.use'] = True;"
        "from dlcore.live import LiveFigure; live = LiveFigure();"
        "ax = live.figure.add_axes((0.5, 0.5, 0.3, 0.3), ylabel='label'); live.freeze();"
        "assert abs(ax.get_position().x0 - 0.5) + abs(ax.get_position().y1 - 0.8) < 1e-9"
    )
    run_python(code)


def test_a_button_changes_controls_and_makes_one_picture():
    dot = Dot({"Corner": lambda: None, "Home": lambda: go_home()})

    def go_home():
        dot.controls[0].value = dot.controls[1].value = 1

    dot.updates = 0
    dot.panel.buttons["Home"].click()
    assert dot.updates == 1
    assert dot.panel.sentence == "The dot is at 1, 1."


def test_each_button_does_its_own():
    pressed = []
    dot = Dot({name: lambda name=name: pressed.append(name) for name in ("Step", "Reset")})
    dot.panel.buttons["Reset"].click()
    dot.panel.buttons["Step"].click()
    assert pressed == ["Reset", "Step"]
    assert [button.description for button in dot.panel.buttons.values()] == ["Step", "Reset"]


def test_controls_follow_the_panel_after_a_button_that_fails():
    dot = Dot({"Break": lambda: 1 / 0})
    with pytest.raises(ZeroDivisionError):
        dot.panel.press(lambda: 1 / 0)
    dot.controls[0].value = 7
    assert dot.panel.sentence == "The dot is at 7, 5."


def test_the_sentence_is_text_and_backquotes_make_it_code():
    panel = Panel(LiveFigure(size=(2, 1)), [], lambda: "`w` < 1 & <b>bold</b>")
    assert "<code>w</code> &lt; 1 &amp; &lt;b&gt;bold&lt;/b&gt;" in shown(panel)
    assert panel.sentence == "`w` < 1 & <b>bold</b>"


def test_an_unwritten_function_is_named_in_the_sentence():
    def sigmoid(z):
        raise NotImplementedError

    def neuron(z):
        return sigmoid(z)

    panel = Panel(LiveFigure(size=(2, 1)), [], lambda: neuron(0))
    assert panel.sentence == "Write `sigmoid` first, then run this cell again."
    assert isinstance(panel.error, NotImplementedError)


def test_a_course_error_is_said_in_its_own_words():
    assert failing(CourseError("Turn it round.")).sentence == "Turn it round."


def test_any_other_error_is_said_with_its_name_and_inert():
    panel = failing(KeyError("<script>alert(1)</script>"))
    assert panel.sentence.startswith("The picture could not be drawn: KeyError: ")
    assert "<script>" not in shown(panel)


def test_endless_messages_are_cut():
    assert len(failing(ValueError("x" * 10_000)).sentence) < 400


def test_after_an_error_the_old_picture_is_gone_and_the_next_good_one_comes_back(dot):
    good = dot.live.image.value
    update, dot.panel._update = dot.panel._update, lambda *values: 1 / 0
    dot.panel.tick()
    assert np.all(picture(dot.live)[100, 150] == 204)  # the band where the dot was
    assert isinstance(dot.panel.error, ZeroDivisionError)
    dot.panel._update = update
    dot.panel.tick()
    assert dot.live.image.value == good
    assert dot.panel.error is None


def test_a_still_picture_and_its_description_stand_in_for_a_kernel(dot):
    dot.live.alt = 'A "dot" & more.'
    bundle = dot.panel._repr_mimebundle_()
    assert bundle["text/plain"] == 'A "dot" & more. The dot is at 5, 5.'
    assert 'alt="A &quot;dot&quot; &amp; more. The dot is at 5, 5."' in bundle["text/html"]
    assert base64.b64encode(dot.live.image.value).decode() in bundle["text/html"]
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == dot.panel.box.model_id


def test_controls_have_visible_labels(dot):
    assert [control.description for control in dot.controls] == ["x", "y", "large"]


def test_a_log_slider_runs_from_its_lowest_to_its_highest_value():
    control = log_slider("rate", 0.01, 100, 0.5)
    assert (control.base**control.min, control.base**control.max) == pytest.approx((0.01, 100))
    assert control.value == 0.5


def test_asking_passes_the_result_on():
    assert ask(lambda a, b: a + b, 1, 2) == 3


def test_asking_names_the_unwritten_function_within():
    def cost():
        raise NotImplementedError("your code here")

    def propagate():
        return cost()

    with pytest.raises(CourseError, match=r"^Write `cost` first, then run this cell again.$"):
        ask(propagate)


def test_asking_names_the_function_that_failed():
    def propagate():
        return [][1]

    with pytest.raises(CourseError, match=r"^`propagate` raised IndexError: list index out of range$"):
        ask(propagate)


def test_asking_notices_a_missing_return():
    def propagate():
        pass

    with pytest.raises(CourseError, match=r"`propagate` returned nothing. Is a `return` missing?"):
        ask(propagate)


def test_asking_drops_prints_and_warnings(capsys):
    def noisy(z):
        print("here")
        warnings.warn("careful", stacklevel=1)
        return np.log(z)

    assert ask(noisy, np.zeros(1)) == -np.inf
    assert capsys.readouterr().out == ""


def test_asking_lets_the_student_interrupt():
    def endless():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(endless)


def test_figures_are_not_kept_alive():
    live = LiveFigure(size=(2, 1))
    live.refresh()
    figure = weakref.ref(live.figure)
    live.image.close()
    del live
    gc.collect()
    assert figure() is None


def test_widgets_never_load_pyplot():
    code = "import dlcore.live, dlcore.widgets, sys; assert 'matplotlib.pyplot' not in sys.modules"
    run_python(code)


def test_the_panel_is_controls_buttons_picture_and_sentence():
    dot = Dot({"Step": lambda: None})
    above, image, sentence = dot.panel.box.children
    assert [row.children for row in above.children] == [tuple(dot.controls), tuple(dot.panel.buttons.values())]
    assert image is dot.live.image
    assert "The dot is at 5, 5." in sentence.value


def test_a_slider_shows_as_many_decimals_as_its_steps_have():
    assert [slider("x", 0, 10, 1, step).readout_format for step in (2, 1, 0.5, 0.25, 0.001)] == [
        ".0f",
        ".0f",
        ".1f",
        ".2f",
        ".3f",
    ]


def test_a_control_moved_in_another_thread_is_not_lost(dot):
    """JupyterLab may hand the messages of two controls to two threads."""
    began = threading.Event()

    def move():
        began.set()
        dot.controls[0].value = 8

    def slow():
        other.start()
        began.wait()
        other.join(0.1)  # it waits for this one
        dot.controls[1].value = 2

    other = threading.Thread(target=move)
    dot.panel.press(slow)
    other.join(10)
    assert not other.is_alive()
    assert dot.panel.sentence == "The dot is at 8, 2."
    assert dot.updates == 3


class Counting:
    """A panel whose picture takes 40 pieces of work a setting; from the piece `fails_at` on, the work fails."""

    def __init__(self, fails_at=None):
        self.live = LiveFigure(size=(2, 1), alt="Nothing.")
        self.live.freeze()
        self.pieces, self.shown, self.fails_at = dict.fromkeys(range(4), 0), [], fails_at
        self.x = whole_slider("x", 0, 3, 0)
        self.panel = Panel(self.live, [self.x], self.update, work=self.work)

    def work(self, seconds, x):
        until = time.perf_counter() + seconds
        while self.pieces[x] < 40 and time.perf_counter() < until:
            if x and self.pieces[x] == self.fails_at:
                raise CourseError("The work fails.")
            time.sleep(0.005)
            self.pieces[x] += 1
        return self.pieces[x] == 40

    def update(self, x):
        self.shown.append((x, self.pieces[x]))
        return f"{self.pieces[x]} of 40 pieces for {x}."

    async def end(self):
        while "dlcore-working" in self.panel.box.children[-1]._dom_classes:
            await asyncio.sleep(0.01)


def test_without_an_event_loop_all_work_is_done_before_the_picture():
    counting = Counting()
    counting.x.value = 1
    assert counting.shown == [(0, 40), (1, 40)]


def test_with_an_event_loop_a_picture_comes_at_once_and_the_work_goes_on():
    async def play():
        counting = Counting()
        assert counting.shown == [(0, 40)]  # the first picture is whole
        counting.x.value = 1
        assert counting.pieces[1] < 40
        await counting.end()
        return counting

    counting = asyncio.run(play())
    assert counting.shown[-1] == (1, 40)
    pieces = [done for x, done in counting.shown if x == 1]
    assert pieces == sorted(set(pieces))
    assert len(pieces) > 1
    assert counting.panel.sentence == "40 of 40 pieces for 1."


def test_work_for_a_setting_that_is_left_stops_and_goes_on_when_it_comes_back():
    async def play():
        counting = Counting()
        counting.x.value = 1
        counting.x.value = 2
        left = counting.pieces[1]
        await counting.end()
        assert counting.shown[-1] == (2, 40)
        assert counting.pieces[1] == left < 40
        counting.x.value = 1
        assert counting.shown[-1][1] > left
        await counting.end()
        return counting

    assert asyncio.run(play()).shown[-1] == (1, 40)


def test_work_that_fails_in_the_background_is_told_and_ends():
    async def play():
        counting = Counting(fails_at=30)
        counting.x.value = 1
        assert counting.panel.error is None
        await counting.end()
        return counting

    counting = asyncio.run(play())
    assert counting.panel.sentence == "The work fails."
    assert counting.pieces[1] == 30
