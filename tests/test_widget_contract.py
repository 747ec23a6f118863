"""What holds for every widget of the course; what is special to one stands in its own tests."""

import base64
import html
import time
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.text import Text

from dlcore import widgets
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, slider, toggle
from dlcore.widgets.shared import student_network
from tests.panels import answering, other_values, spoiling, unwritten
from tests.widget_cases import CASES, DRAWN_BY_THE_PAGE, Case, label_of, nothing


def marks(case):
    return getattr(pytest.mark, case.week)


def every(cases):
    return pytest.mark.parametrize("case", [pytest.param(case, id=str(case), marks=marks(case)) for case in cases])


STUDENTS = {
    "unwritten": (unwritten, "Write `unwritten` first, then run this cell again."),
    "nothing": (answering(None), "`mine` returned nothing. Is a `return` missing?"),
}


PAGES = (480, 620, 850, 1100, 1600)  # CSS pixels
SMALLEST_TEXT = 9.0  # CSS pixels of an em


def drawn_boxes(figure, renderer):
    """The pixels of all axes with their labels, of texts and of legends."""
    yield from (ax.get_tightbbox(renderer) for ax in figure.axes)
    yield from (text.get_window_extent(renderer) for text in figure.texts)
    yield from (legend.get_window_extent(renderer) for legend in figure.legends if legend.get_visible())


@pytest.fixture(autouse=True)
def as_slow_as_it_likes(monkeypatch):
    """No test depends on how busy the machine is."""
    monkeypatch.setattr(student_network, "PATIENCE", 600.0)


def shown(panel):
    """What a panel shows: its picture and its sentence."""
    return bytes(panel.live.image.value), panel.sentence


def size(panel):
    """The picture's pixels, as the PNG says, and its place in the page."""
    layout = panel.live.image.layout
    return bytes(panel.live.image.value[16:24]), layout.width, layout.height


def put_back(panel, case, control, values):
    """Give a control its value of before, and those that follow it; returns whether any did."""
    label, followed = label_of(panel, control), False
    for other, value in zip(panel.controls, values, strict=True):
        followed |= other is not control and other.value != value
        if other is control or label in case.leads:
            other.value = value
    if label in case.forgets:
        case.set_up(panel)
    return followed


def try_control(panel, case, control, comes_back=True):
    """Move a control to other values and back, and check all that a control owes."""
    label, values = label_of(panel, control), [each.value for each in panel.controls]
    (before, said), pixels = shown(panel), size(panel)
    seen, alike, followed, silent = set(), False, False, False
    for value in case.instead.get(label) or dict.fromkeys((*other_values(control), *case.also.get(label, ()))):
        control.value = value
        here = f"{label} = {value}"
        assert panel.error is None, f"{here}: fails"
        assert size(panel) == pixels, f"{here}: size"
        picture, words = shown(panel)
        assert (picture == before) == (label in case.still), f"{here}: still"
        silent |= words == said
        alike |= label not in case.still and picture in seen
        seen.add(picture)
        followed |= put_back(panel, case, control, values)
        assert panel.error is None, f"{here}: fails on the way back"
        if comes_back:
            assert shown(panel) == (before, said), f"{here}: does not come back"
        else:
            before, said = shown(panel)
    assert alike == (label in case.alike), f"{label}: alike"
    assert silent == (label in {**case.silent, **case.still}), f"{label}: silent"
    assert followed == (label in case.leads), f"{label}: leads"


def try_controls(panel, case):
    """Try all controls; if the panel remembers, only the second time does it show what it showed before."""
    for comes_back in [False, True] if case.remembers else [True]:
        for control in panel.controls:
            try_control(panel, case, control, comes_back)


def test_every_widget_has_a_case_and_every_case_a_widget():
    assert {case.widget for case in CASES} == set(widgets.__all__) - DRAWN_BY_THE_PAGE


@every(CASES)
def test_a_case_speaks_of_controls_buttons_and_functions_that_there_are(case):
    panel = case.make()
    labels = {label_of(panel, control) for control in panel.controls}
    for named in (case.also, case.instead, case.still, case.leads, case.forgets, case.silent, case.alike):
        assert set(named) <= labels
    assert case.buttons == tuple(panel.buttons)
    assert set(case.before) <= set(case.buttons)
    assert set(case.main) <= set(case.buttons)
    assert {*case.reach, *case.behind, *case.exposes} <= set(case.functions)


@every(CASES)
def test_every_control_changes_the_picture_but_not_its_size(case):
    try_controls(case.made_ready(), case)


@pytest.mark.sweep
@every(CASES)
def test_pictures_are_whole_and_readable_on_every_page(case):
    panel = case.made_ready()
    if not hasattr(panel.live.image, "page"):
        pytest.skip("its picture keeps its size")
    figure = panel.live.figure
    for width in PAGES:
        panel.live.image.page = [float(width), 1.0]
        renderer, (wide, high) = panel.live._canvas.get_renderer(), figure.bbox.size
        assert wide == pytest.approx(min(width, wide), abs=1)
        for box in drawn_boxes(figure, renderer):
            assert box.x0 > -3, f"{width}: {box}"
            assert box.x1 < wide + 3, f"{width}: {box}"
            assert box.y1 < high + 3, f"{width}: {box}"
        for text in figure.findobj(Text):
            if text.get_visible() and text.get_text():
                assert text.get_fontsize() * figure.dpi / 72 > SMALLEST_TEXT, f"{width}: {text}"


@every([case for case in CASES if case.buttons])
def test_every_button_changes_the_picture_but_not_its_size(case):
    panel = case.made_ready()
    pixels = size(panel)
    for label in case.buttons:
        case.before.get(label, nothing)(panel)
        before = panel.live.image.value
        panel.buttons[label].click()
        assert panel.error is None, label
        assert panel.live.image.value != before, label
        assert size(panel) == pixels, label


@every([case for case in CASES if case.main])
def test_the_main_buttons_make_new_pictures_round_after_round(case):
    panel = case.made_ready()
    for label in 3 * case.main:
        before = panel.live.image.value
        panel.buttons[label].click()
        assert panel.error is None, label
        assert panel.live.image.value != before, label


@every(CASES)
def test_there_are_words_for_those_who_cannot_see(case):
    panel = case.make()
    assert panel.live.alt
    assert panel.sentence
    bundle = panel._repr_mimebundle_()
    words, still = f"{panel.live.alt} {panel.sentence}", base64.b64encode(panel.live.image.value).decode()
    assert bundle["text/plain"] == words
    assert bundle["text/html"].startswith(f'<img alt="{html.escape(words)}" src="data:image/png;base64,{still}">')


@pytest.mark.sweep
@every(CASES)
def test_a_tick_is_timed(case, record_property):
    panel, times = case.made_ready(), []
    for control in panel.controls:
        values = case.instead.get(label_of(panel, control)) or other_values(control)
        for value in (values[0], control.value):
            start = time.perf_counter()
            control.value = value
            times.append(time.perf_counter() - start)
    record_property("milliseconds_per_tick", round(1000 * float(np.median(times)), 1))


@pytest.mark.parametrize(
    ("case", "name", "student"),
    [
        pytest.param(case, name, student, id=f"{case}-{name}-{student}", marks=marks(case))
        for case in CASES
        if not case.variant
        for name in case.functions
        for student in STUDENTS
        if student == "unwritten" or name not in case.behind
    ],
)
def test_a_function_that_cannot_be_used_yet_is_named_whatever_is_pressed(case, name, student):
    function, message = STUDENTS[student]
    panel = case.make(**{name: function})

    def check():
        case.reach.get(name, nothing)(panel)
        assert message in panel.sentence
        assert isinstance(panel.error, CourseError)

    check()
    for control in panel.controls:
        control.value = (case.instead.get(label_of(panel, control)) or other_values(control))[0]
        check()
    for label in case.buttons:
        panel.buttons[label].click()
        check()


@pytest.mark.sweep
@every([case for case in CASES if not case.variant and set(case.exposes) < set(case.functions)])
def test_functions_that_spoil_what_they_are_given_do_not_spoil_the_picture(case):
    careless = {name: spoiling(function) for name, function in case.functions.items() if name not in case.exposes}
    panels = [case.made_ready(), case.made_ready(**careless)]
    assert panels[1].sentence == panels[0].sentence
    for controls in zip(*(panel.controls for panel in panels), strict=True):
        label, start = label_of(panels[0], controls[0]), controls[0].value
        values = case.instead.get(label) or other_values(controls[0])
        for value in (*values, start):
            for control in controls:
                control.value = value
            assert panels[1].sentence == panels[0].sentence, (label, value)
    for label in case.buttons:
        for panel in panels:
            panel.buttons[label].click()
        assert panels[1].sentence == panels[0].sentence, label


# planted mistakes


class Dot:
    """A small widget with one of the mistakes that the contract is there to find."""

    def __init__(self, mistake=""):
        self.mistake, self.ticks = mistake, 0
        self.live = LiveFigure(size=(2, 2), alt="A dot.")
        ax = self.live.figure.add_axes((0, 0, 1, 1), xlim=(-3, 3), ylim=(-3, 3))
        (self.dot,) = ax.plot([], [], "o")
        self.live.freeze(self.dot)
        self.panel = Panel(self.live, [slider("x", -2, 2, 0), toggle("up")], self.update)

    def update(self, x, up):
        self.ticks += 1
        if self.mistake == "remembers":
            x += 0.01 * self.ticks
        elif self.mistake == "fails" and x < 0:
            raise CourseError("No.")
        elif self.mistake == "grows in the page" and x < 0:
            self.live.image.layout.width = "300px"
        elif self.mistake == "grows" and x < 0:
            self.live.figure.set_dpi(150)
            self.live.freeze(self.dot)
        elif self.mistake == "deaf at one end" and x == 2:
            x = 0
        elif self.mistake == "two ends alike":
            x = abs(x)
        elif self.mistake == "leads" and up:
            self.panel.controls[0].value = 1
        self.dot.set_data([x], [0 if self.mistake == "deaf" else float(up)])
        words = f"The dot is at {x:.2f}, {'' if self.mistake == 'silent' else up}."
        return words if self.mistake != "talks of the past" else f"{words} {self.ticks}"


MISTAKES = {
    "remembers": "x = -2.0: does not come back",
    "talks of the past": "x = -2.0: does not come back",
    "fails": "x = -2.0: fails",
    "grows in the page": "x = -2.0: size",
    "grows": "x = -2.0: size",
    "deaf": "up = True: still",
    "deaf at one end": "x = 2.0: still",
    "two ends alike": "x: alike",
    "leads": "up = True: does not come back",
    "silent": "up: silent",
}
DOT = Case("dot", "week1", {})


def test_a_widget_without_a_mistake_keeps_the_contract():
    try_controls(Dot().panel, DOT)


@pytest.mark.parametrize(("mistake", "words"), MISTAKES.items())
def test_a_widget_with_a_mistake_breaks_the_contract(mistake, words):
    with pytest.raises(AssertionError, match=f"^{words}"):
        try_controls(Dot(mistake).panel, DOT)


@pytest.mark.parametrize("kind", ["still", "alike", "leads", "silent"])
def test_an_exemption_that_is_not_needed_breaks_the_contract(kind):
    with pytest.raises(AssertionError, match=rf"^x.*: {kind}"):
        try_controls(Dot().panel, replace(DOT, **{kind: {"x": "a reason of yesterday"}}))
