import asyncio
import re
import time

import numpy as np
import pytest

from dlcore.errors import CourseError
from dlcore.widgets import batch_and_decay, moving_average
from dlcore.widgets.optimizers.batch_and_decay import EPOCHS, EXAMPLES, RATES, SCHEDULES, SIZES, BatchAndDecay
from dlcore.widgets.optimizers.moving_average import LENGTH, MovingAverage
from tests.panels import Tiring, answering

pytestmark = pytest.mark.week5


def average(values, beta, bias_correction):
    weights = (1 - beta) * float(beta) ** np.subtract.outer(np.arange(len(values)), np.arange(len(values))).clip(0)
    weights = np.tril(weights)
    if bias_correction:
        weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ values


def pieces(X, Y, size, rng):
    order = rng.permutation(X.shape[1])
    return [(X[:, chosen], Y[:, chosen]) for chosen in np.split(order, range(size, X.shape[1], size))]


def walk(parameters, grads, state, learning_rate):
    moved = {}
    for name, array in parameters.items():
        moved[name] = array - grads[f"d{name}"] * learning_rate
    return moved, {}


def falling(alpha0, epoch, schedule, rate=0.5, every=10, total=100, warmup=5):
    if schedule == "inverse":
        return alpha0 / (rate * epoch + 1)
    if schedule == "cosine":
        return alpha0 * np.cos(epoch * np.pi / total / 2) ** 2
    if schedule == "warm-up":
        return alpha0 * min(epoch + 1, warmup) / warmup
    if schedule == "sqrt":
        return alpha0 * (epoch + 1) ** -0.5
    return alpha0 * rate ** (epoch if schedule == "exponential" else epoch // every)


# the average


def averaging(function, beta, t, corrected):
    widget = MovingAverage(function)
    for control, value in zip(widget.panel.controls, (beta, t, corrected), strict=True):
        control.value = value
    return widget


@pytest.mark.parametrize(("beta", "t"), [(0.9, 40), (0.5, 3), (0.98, 100), (0.0, 7), (0.99, 1)])
def test_the_bars_are_the_weights(beta, t):
    widget = averaging(average, beta, t, corrected=False)
    ages = t - np.arange(1, LENGTH + 1)
    expected = np.where(ages >= 0, (1 - beta) * float(beta) ** ages.clip(0), 0)
    assert widget.weights == pytest.approx(expected)
    assert widget.bars.get_data().values == pytest.approx(expected / (1 - beta))  # as high as the axis, whatever β is
    assert f"The largest weight is {1 - beta:.3g}. " in widget.panel.sentence
    assert f"The weights add up to {1 - beta**t:.3f}; an average would have 1" in widget.panel.sentence
    assert widget.line.get_ydata()[t - 1] == pytest.approx(widget.weights @ widget.series)


@pytest.mark.parametrize(("beta", "t"), [(0.5, 40), (0.8, 40), (0.9, 40), (0.98, 100)])
def test_about_as_many_bars_as_the_window_is_long_reach_above_the_dotted_line(beta, t):
    widget = averaging(average, beta, t, corrected=False)
    faded = widget.faded.get_ydata()[0]
    assert faded == pytest.approx(1 / np.e)
    assert int(np.sum(widget.bars.get_data().values > faded)) == pytest.approx(1 / (1 - beta), abs=1)


def test_corrected_weights_add_up_to_one():
    widget = averaging(average, 0.9, 3, corrected=True)
    assert widget.weights.sum() == pytest.approx(1)
    assert widget.panel.sentence.endswith("The weights add up to 1.000.")


def test_swapped_shares_are_seen():
    swapped = averaging(lambda values, beta, corrected: average(values, 1 - beta, corrected), 0.9, 40, corrected=False)
    assert swapped.weights[39] == pytest.approx(0.9)
    assert swapped.bars.get_data().values[38] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("student", "message"),
    [
        (
            answering(0.5),
            r"`mine` should return one average for each value, shape \(100,\), but it returned shape \(\)",
        ),
        (answering(np.full(LENGTH, np.nan)), "`mine` should return finite numbers"),
        (answering(["a"] * LENGTH), "`mine` should return finite numbers"),
        (lambda values, beta: values, "raised TypeError: "),
    ],
)
def test_a_wrong_average_gets_kind_words(student, message):
    panel = moving_average(student)
    assert isinstance(panel.error, CourseError | NotImplementedError)
    assert re.search(message, panel.sentence)
    panel.controls[1].value = 3
    assert re.search(message, panel.sentence)


# batches and decay


def walking(size=8, rate=0.32, schedule="constant", seed=1, functions=(pieces, walk, falling)):
    widget = BatchAndDecay(*functions)
    for control, value in zip(widget.panel.controls, (size, rate, schedule, seed), strict=True):
        control.value = value
    return widget


def cloud(widget):
    """How far the last epochs are from the best parameters."""
    late = np.array(widget.late.get_data())
    return float(np.sqrt(np.mean(np.sum((late - widget.best) ** 2, axis=0))))


@pytest.mark.parametrize("size", SIZES)
def test_a_smaller_batch_makes_more_steps(size):
    widget = walking(size, 0.04)
    steps = EPOCHS * EXAMPLES // size
    assert len(widget.path.get_xdata()) == steps + 1
    assert f"{steps} steps in 20 epochs" in widget.panel.sentence


def test_the_cloud_shrinks_with_the_batch_and_with_the_rate():
    assert cloud(walking(2)) > 1.5 * cloud(walking(8)) > 2 * cloud(walking(32))
    assert cloud(walking(2)) > 1.5 * cloud(walking(2, 0.08))


@pytest.mark.parametrize("schedule", ["cosine", "inverse", "exponential", "staircase"])
def test_a_falling_rate_shrinks_the_cloud(schedule):
    assert cloud(walking(2)) > 2 * cloud(walking(2, schedule=schedule))


def test_the_whole_batch_follows_the_formula():
    widget = walking(128, 0.64)
    H = widget.X @ widget.X.T / EXAMPLES
    start = np.array([[-1.0], [-0.9]])
    end = widget.best + np.linalg.matrix_power(np.eye(2) - 0.64 * H, EPOCHS) @ (start - widget.best)
    assert np.array(widget.path.get_data())[:, -1] == pytest.approx(end[:, 0])


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_rates_are_the_students(schedule):
    widget = walking(schedule=schedule)
    name, options = SCHEDULES[schedule]
    rates = [falling(0.32, epoch, name, **options) for epoch in range(EPOCHS)]
    assert widget.rate.get_ydata()[:-1] == pytest.approx(rates)


def test_the_end_of_the_first_epoch_is_no_single_step():
    widget = walking(size=2)
    above, steps = widget._above(np.array(widget.path.get_data())), EXAMPLES // 2
    mean = above[steps - steps // 4 : steps + 1].mean()
    assert f"At the end of the first epoch the cost is {mean:.2g} above its minimum." in widget.panel.sentence


def test_a_walk_that_diverges_is_stopped_and_said():
    widget = walking(1, RATES[-1])
    assert "the walk diverges, in epoch 1 of 20" in widget.panel.sentence
    assert len(widget.late.get_xdata()) == 0


def test_a_step_uphill_is_seen():
    def uphill(parameters, grads, state, learning_rate):
        return walk(parameters, grads, state, -learning_rate)

    assert "diverges" in walking(functions=(pieces, uphill, falling)).panel.sentence


def test_a_walk_seen_on_its_way_ends_as_one_seen_at_its_end():
    def unhurried(*given):  # some 2,560 steps would fit into the first moment of a fast machine
        time.sleep(1e-4)
        return walk(*given)

    async def stroll():
        widget = BatchAndDecay(pieces, unhurried, falling)
        widget.panel.controls[0].value = 1
        assert re.search(r"the walk is in epoch \d+ of 20\.$", widget.panel.sentence)
        assert 1 < len(widget.path.get_xdata()) < EPOCHS * EXAMPLES
        while not widget.done:
            await asyncio.sleep(0.01)
        return widget

    at_once, on_its_way = walking(1), asyncio.run(stroll())
    assert on_its_way.panel.sentence == at_once.panel.sentence
    assert on_its_way.panel.live.image.value == at_once.panel.live.image.value


def test_a_walk_whose_step_fails_on_the_way_begins_anew():
    tiring = Tiring(walk)
    widget = walking(functions=(pieces, tiring, falling))
    right = widget.panel.sentence
    tiring.left = 50
    widget.panel.controls[0].value = 4
    assert "raised ValueError: tired" in widget.panel.sentence
    tiring.left = 10**9
    widget.panel.press(lambda: None)
    assert widget.panel.sentence == walking(4).panel.sentence
    widget.panel.controls[0].value = 8
    assert widget.panel.sentence == right


BAD = [
    (0, answering([np.ones((2, 3))]), "`mine` should return a list of pairs"),
    (0, answering([(np.ones((3, 2)), np.ones((3, 1)))]), "`mine` should return a list of pairs"),
    (0, answering(3), "`mine` should return a list of pairs"),
    (
        1,
        answering({"theta": np.ones((2, 1))}),
        "`mine` should return two things: the parameters, a dict, and the state",
    ),
    (1, answering(({"theta": np.ones(2)}, {})), r"should return parameters with `theta`, finite and of shape \(2, 1\)"),
    (1, answering(({}, {})), "should return parameters with `theta`"),
    (1, answering(({"theta": np.full((2, 1), np.nan)}, {})), "should return parameters with `theta`, finite"),
    (2, answering([0.1]), "`mine` should return one finite number"),
    (2, answering("fast"), "`mine` should return one finite number"),
    (2, answering(np.inf), "`mine` should return one finite number"),
    (2, lambda alpha0, epoch: alpha0, "raised TypeError: "),
]


@pytest.mark.parametrize(("place", "student", "message"), BAD)
def test_a_wrong_function_gets_kind_words(place, student, message):
    functions = [pieces, walk, falling]
    functions[place] = student
    panel = batch_and_decay(*functions)
    assert panel.error is not None
    assert re.search(message, panel.sentence)
    panel.controls[0].value = 32
    assert re.search(message, panel.sentence)
