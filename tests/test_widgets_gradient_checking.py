import re

import numpy as np
import pytest

from dlcore.widgets import gradient_error, plant_a_bug
from dlcore.widgets.gradient_checking.gradient_error import CURVES, GradientError
from dlcore.widgets.gradient_checking.plant_a_bug import BUGS, PlantABug
from tests.panels import answering

pytestmark = pytest.mark.week4


def one_sided(f, x, eps):
    return (f(x + eps) - f(x)) / eps


def centred(f, theta, eps):
    slopes = np.zeros(theta.shape)
    for index in np.ndindex(theta.shape):
        step = np.zeros(theta.shape)
        step[index] = eps
        slopes[index] = (f(theta + step) - f(theta - step)) / (2 * eps)
    return slopes


def check(parameters, cost_fn, grads, eps=1e-5):
    found = ("", (), -1.0)
    for name, array in parameters.items():
        slopes = centred(lambda moved, name=name: cost_fn({**parameters, name: moved}), array, eps)
        claim = grads["d" + name]
        error = np.linalg.norm(claim - slopes) / (np.linalg.norm(claim) + np.linalg.norm(slopes))
        if error > found[2]:
            found = (name, np.unravel_index(np.argmax(np.abs(claim - slopes)), array.shape), error)
    return found


def choose(panel, bug=None, eps=None):
    if bug is not None:
        panel.controls[0].value = bug
    if eps is not None:
        panel.controls[1].value = eps
    assert panel.error is None
    return panel.sentence


# the V


@pytest.mark.parametrize(
    ("eps", "single", "story"),
    [
        (1e-2, False, "truncation rules"),
        (1e-5, False, "near the bottom of the V"),
        (1e-9, False, "rounding rules"),
        (1e-5, True, "rounding rules"),
        (5e-3, True, "near the bottom of the V"),
        (1e-7, True, "rounding rules"),
        (2e-8, True, "ε is lost: in 32 bits"),
        (2e-8, False, "rounding rules"),
    ],
)
def test_the_sentence_says_which_error_rules(eps, single, story):
    panel = gradient_error(one_sided, centred)
    panel.controls[2].value = single
    assert story in choose(panel, eps=eps)


@pytest.mark.parametrize("name", list(CURVES))
def test_the_true_slopes_are_true(name):
    curve = CURVES[name]
    assert centred(lambda t: curve.f(t[0]), np.array([curve.x]), 1e-5)[0] == pytest.approx(curve.slope, rel=1e-7)


def test_the_bottoms_are_where_theory_puts_them():
    widget = GradientError(one_sided, centred)
    errors = widget.tried[next(iter(CURVES)), False]
    assert errors["centred"].min() < 1e-10
    assert 1e-10 < errors["one-sided"].min() < 1e-7


def test_a_chord_across_the_kink_has_half_the_slope():
    panel = gradient_error(one_sided, centred)
    assert "centred 0.505" in choose(panel, "kink, ReLU at x = 0.001", 0.1)
    assert "around the corner" in panel.sentence
    assert "one side of the kink" in choose(panel, eps=1e-4)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (one_sided, answering(np.zeros(3)), r"an array of shape \(1, 1\), like theta, but it has shape \(3,\)"),
        (answering("12"), centred, "should return one number"),
        (one_sided, lambda f, theta, eps: theta @ np.ones(7), "raised ValueError"),
    ],
)
def test_wrong_functions_get_kind_words(first, second, message):
    panel = gradient_error(first, second)
    assert re.search(message, panel.sentence)
    panel.controls[1].value = 1e-3
    assert re.search(message, panel.sentence)


def test_a_slope_that_is_not_a_number_is_drawn_all_the_same():
    assert choose(gradient_error(answering(np.nan), centred), eps=1e-4)


# the bugs


@pytest.mark.parametrize(
    ("bug", "wrong"),
    [
        (BUGS[0], []),
        (BUGS[1], ["W2"]),
        (BUGS[2], ["W3"]),
        (BUGS[3], ["b2"]),
        (BUGS[4], ["W1"]),
        (BUGS[5], ["W1", "b1"]),
        (BUGS[6], ["W1", "b1", "W2", "b2"]),
        (BUGS[7], ["W1", "b1", "W2", "b2", "W3", "b3"]),
        (BUGS[8], ["W1"]),
        (BUGS[9], ["W1", "W2", "W3"]),
    ],
)
def test_a_bug_lights_up_just_what_it_spoils(bug, wrong):
    widget = PlantABug(check)
    sentence = choose(widget.panel, bug)
    assert [name for name, error in widget.errors.items() if error > 1e-4] == wrong
    assert ("Above 1e-4: " + ", ".join(wrong) + "." in sentence) == bool(wrong)


@pytest.mark.parametrize(("eps", "word"), [(1e-12, "too small: rounding"), (0.3, "too large: truncation")])
@pytest.mark.parametrize("bug", BUGS)
def test_with_a_bad_step_no_conclusion_is_drawn(bug, eps, word):
    sentence = choose(plant_a_bug(check), bug, eps)
    assert word in sentence
    assert "Go to 1e-5 first" in sentence
    assert ("But the gradient is right!" in sentence) == (bug == BUGS[0])
    assert "Above" not in sentence


@pytest.mark.parametrize("bug", BUGS[1:])
def test_no_step_makes_a_bug_look_right(bug):
    widget = PlantABug(check)
    for exponent in range(-12, 1):
        choose(widget.panel, bug, 10.0**exponent)
        assert max(widget.errors.values()) > 0.05


def test_a_right_gradient_lies_on_the_diagonal():
    widget = PlantABug(check)
    for dots in (widget.others, widget.worst):
        x, y = dots.get_data()
        assert np.allclose(x, y)
    choose(widget.panel, BUGS[1])
    x, y = widget.worst.get_data()
    assert np.allclose(x, -np.asarray(y))


def test_a_check_that_always_says_fine_is_told():
    def credulous(parameters, cost_fn, grads, eps):
        return next(iter(parameters)), (0, 0), 0.0

    assert "There is a bug, and it was not found." in choose(plant_a_bug(credulous), BUGS[1])


def test_an_infinite_error_is_a_long_bar():
    def strict(parameters, cost_fn, grads, eps):
        return next(iter(parameters)), (0, 0), np.inf

    widget = PlantABug(strict)
    assert "The step is a good one, so it is your function that is off." in choose(widget.panel, BUGS[1])
    assert all(bar.get_width() > 12 for bar in widget.bars.values())
    assert "But the gradient is right! The step is a good one" in choose(widget.panel, BUGS[0])


@pytest.mark.parametrize(
    ("student", "message"),
    [
        (answering(0.5), "three things: a name, an index and an error"),
        (answering(("dW1", (0, 0), 0.1)), "the name of a parameter, one of W1"),
        (answering(("W1", 3, 0.1)), "an index with 2 numbers for W1"),
        (answering(("W1", (0, 0), np.ones(2))), "one number as the error"),
        (lambda p, f, g, eps: g["W1"], "raised KeyError"),
    ],
)
def test_a_wrong_check_gets_kind_words(student, message):
    panel = plant_a_bug(student)
    assert re.search(message, panel.sentence)
    panel.controls[0].value = BUGS[2]
    assert re.search(message, panel.sentence)
