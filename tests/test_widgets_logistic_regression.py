import re
import time
from pathlib import Path

import numpy as np
import pytest

import dlcore
from dlcore.widgets import cost_valley, sigmoid_plane
from dlcore.widgets.logistic_regression.cost_valley import CostValley
from dlcore.widgets.logistic_regression.sigmoid_plane import SigmoidPlane
from tests.panels import answering

pytestmark = pytest.mark.week1


def sigmoid(z):
    return (1 + np.tanh(z / 2)) / 2


def propagate(w, b, X, Y):
    z = w.T @ X + b
    slip = sigmoid(z) - Y
    cost = np.mean(np.logaddexp(0, z) - Y * z)
    return X @ slip.T / X.shape[1], slip.mean(), cost


def spoiled(change):
    """A student's propagate whose (dw, db, cost) go through `change`."""

    def mine(w, b, X, Y):
        return change(*propagate(w, b, X, Y))

    return mine


def walk(panel, steps, rate=None):
    if rate is not None:
        panel.controls[0].value = rate
    for _ in range(steps // 10):
        panel.buttons["10 steps"].click()
    for _ in range(steps % 10):
        panel.buttons["Step"].click()
    return panel.sentence


# the plane


@pytest.mark.parametrize(("length", "width"), [(1, 4.4), (2, 2.2), (4, 1.1)])
def test_the_uncertain_band_shrinks_as_w_grows(length, width):
    assert width == pytest.approx(2 * np.log(9) / length, abs=0.05)
    panel = sigmoid_plane(sigmoid)
    panel.controls[1].value = length
    assert f"is {width} units wide" in panel.sentence


@pytest.mark.parametrize(("angle", "length", "b"), [(100, 2, 0), (36, 3, -3.5), (-144, 1, 1), (0, 6, 5)])
def test_examples_are_counted_on_the_side_where_w_points(angle, length, b):
    plane = SigmoidPlane(sigmoid)
    for control, value in zip(plane.panel.controls, (angle, length, b), strict=True):
        control.value = value
    w = length * np.array([[np.cos(np.radians(angle))], [np.sin(np.radians(angle))]])
    right = np.count_nonzero((w.T @ plane.X + b > 0) == (plane.Y == 1))
    assert plane.panel.sentence.startswith(f"{right} of 60 examples are on the right side")


def test_the_bias_moves_the_line_along_w():
    plane = SigmoidPlane(sigmoid)
    plane.panel.controls[2].value = -3
    assert plane.middle.get_xdata()[0] == pytest.approx(1.5, abs=1e-3)  # -b / ‖w‖
    x, y = plane.lines[1].get_data()
    u = np.array([np.cos(np.radians(100)), np.sin(np.radians(100))])
    assert u @ [x, y] == pytest.approx([1.5, 1.5], abs=1e-3)


def test_the_shading_is_the_students_probability():
    plane = SigmoidPlane(sigmoid)
    shade = np.asarray(plane.shade.get_array())
    assert shade[60, 30] > 0.9  # above, where w points
    assert shade[0, 30] < 0.1
    assert shade[30, 30] == pytest.approx(0.5)


def test_without_w_there_is_no_line():
    panel = sigmoid_plane(sigmoid)
    panel.controls[1].value = 0
    assert panel.sentence == "w is 0: every example gets the same probability, 0.50, and there is no line."


def test_a_band_wider_than_the_picture_is_said_to_be():
    panel = sigmoid_plane(sigmoid)
    panel.controls[1].value = 0.1
    assert "does not fit into the picture" in panel.sentence


def test_a_sigmoid_that_falls_is_drawn_as_it_is():
    panel = sigmoid_plane(lambda z: 1 - sigmoid(z))
    assert panel.error is None
    assert int(panel.sentence.split()[0]) < 30


@pytest.mark.parametrize(
    ("student", "message"),
    [
        (answering(0.5), r"should return shape \(1, 60\), like its argument, but it returned shape \(\)"),
        (lambda z: sigmoid(z).ravel(), r"but it returned shape \(60,\)"),
        (lambda z: z * np.nan, "should return finite numbers"),
        (lambda z: z.astype(str), "should return finite numbers"),
        (lambda z: z + 1j, "should return finite numbers"),
        (lambda z: float(z), "raised TypeError: "),
    ],
)
def test_a_wrong_sigmoid_gets_kind_words(student, message):
    panel = sigmoid_plane(student)
    assert re.search(message, panel.sentence)
    panel.controls[0].value = 0
    assert re.search(message, panel.sentence)


# the valley


def test_the_walk_is_gradient_descent():
    valley = CostValley(propagate)
    walk(valley.panel, 23, rate=2)
    w, b = np.array([[-2.0]]), 2.0
    for _ in range(23):
        dw, db, _ = propagate(w, b, valley.cost.X, valley.cost.Y)
        w, b = w - 2 * dw, b - 2 * db
    assert np.allclose(np.ravel(valley.path.get_data()[0])[-1], w)
    assert np.allclose(np.ravel(valley.path.get_data()[1])[-1], b)
    assert valley.curve.get_ydata()[-1] == pytest.approx(propagate(w, b, valley.cost.X, valley.cost.Y)[2])


def test_before_the_first_step_the_sentence_says_what_to_do():
    assert cost_valley(propagate).sentence.endswith("The dashed line is the step to come: press Step.")


def test_the_sentence_gives_step_cost_and_gradient_norm():
    valley = CostValley(propagate)
    dw, db, cost = propagate(np.array([[-2.0]]), 2.0, valley.cost.X, valley.cost.Y)
    norm = np.hypot(dw.item(), db)
    assert valley.panel.sentence.startswith(f"Step 0: cost {cost:.3g}, gradient norm {norm:.2g}.")


@pytest.mark.parametrize(
    ("rate", "steps", "story"),
    [
        (0.02, 20, "The cost fell at every step, .* of the way to the bottom. A larger learning rate needs fewer"),
        (2, 50, "The cost fell at every step and is at the bottom of the valley."),
        (6, 11, "The cost rose in [3-9] of 11 steps: they leap across the valley and back."),
        (100, 11, "It diverges: the cost is higher than at the start. Try a smaller learning rate."),
    ],
)
def test_a_learning_rate_is_too_small_good_or_too_large(rate, steps, story):
    assert re.search(story, walk(cost_valley(propagate), steps, rate))


def test_changing_the_learning_rate_retakes_the_same_number_of_steps():
    panel = cost_valley(propagate)
    assert walk(panel, 12, rate=0.1).startswith("Step 12:")
    panel.controls[0].value = 1
    assert panel.sentence.startswith("Step 12:")


def test_a_walk_ends_at_a_hundred_steps_and_reset_goes_back():
    panel = cost_valley(propagate)
    start = panel.live.image.value
    assert walk(panel, 130).startswith("Step 100:")
    assert panel.sentence.endswith("press Reset.")
    panel.buttons["Reset"].click()
    assert panel.sentence.startswith("Step 0:")
    assert panel.live.image.value == start


def test_a_point_off_the_map_is_shown_at_its_edge():
    valley = CostValley(propagate)
    assert "The point is off the map, at w = " in walk(valley.panel, 1, rate=30)
    assert valley.here.get_xdata() == [6.0]
    assert valley.here.get_markerfacecolor() == "white"


def test_numbers_that_overflow_end_the_walk():
    panel = cost_valley(spoiled(lambda dw, db, cost: (dw * 1e308, db, cost)))
    assert "The numbers overflow" in walk(panel, 30, rate=100)
    assert panel.error is None


def test_gradients_of_the_wrong_sign_are_noticed():
    panel = cost_valley(spoiled(lambda dw, db, cost: (-dw, -db, cost)))
    assert "The steps lead uphill, however small they are. Look at the signs of dw and db." in walk(panel, 3)


def test_an_infinite_cost_leaves_the_rest_of_the_map():
    def overflowing(w, b, X, Y):
        dw, db, cost = propagate(w, b, X, Y)
        return dw, db, np.inf if cost > 4 else cost

    panel = cost_valley(overflowing)
    assert panel.error is None
    assert "fell at every step" in walk(panel, 10)


def test_a_slow_propagate_gets_a_coarser_map():
    calls = []

    def slow(w, b, X, Y):
        calls.append(1)
        time.sleep(0.003)
        return propagate(w, b, X, Y)

    assert cost_valley(slow).error is None
    assert len(calls) < 15 * 15 + 10


@pytest.mark.parametrize(
    ("student", "message"),
    [
        (answering(0.7), "should return three things: dw, db and the cost"),
        (
            spoiled(lambda dw, db, cost: (dw.ravel(), db, cost)),
            r"dw of shape \(1, 1\), like w, but it has shape \(1,\)",
        ),
        (spoiled(lambda dw, db, cost: (dw, db, np.ones(30))), r"one number as the cost, but it has shape \(30,\)"),
        (spoiled(lambda dw, db, cost: (dw, np.ones((1, 30)), cost)), r"one number as db, but it has shape \(1, 30\)"),
        (spoiled(lambda dw, db, cost: (dw, db, -cost)), "Is a sign or a term missing?"),
        (spoiled(lambda dw, db, cost: (dw, db, 0.5)), "Is a sign or a term missing?"),
        (spoiled(lambda dw, db, cost: (dw, db, np.nan)), "returned no finite cost anywhere"),
        (lambda w, b, X, Y: X @ Y, "raised ValueError: matmul"),
    ],
)
def test_a_wrong_propagate_gets_kind_words(student, message):
    panel = cost_valley(student)
    assert re.search(message, panel.sentence)
    panel.buttons["Step"].click()
    assert re.search(message, panel.sentence)


def test_nothing_that_students_import_contains_their_answers():
    package = Path(dlcore.__file__).parent
    text = "".join(file.read_text() for file in sorted(package.rglob("*.py")))
    for answer in (r"1\s*/\s*\(1\s*\+\s*np\.exp", r"np\.log\(1\s*-", r"\*\s*np\.log\(", "logaddexp"):
        assert not re.search(answer, text), answer
