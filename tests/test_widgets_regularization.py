import re

import numpy as np
import pytest

from dlcore import data
from dlcore.errors import CourseError
from dlcore.widgets import regularized_boundary, shrinkage
from dlcore.widgets.regularization.regularized_boundary import KEEP_PROBS, LAMBDAS, RegularizedBoundary
from dlcore.widgets.regularization.shrinkage import Shrinkage
from tests.panels import answering

pytestmark = pytest.mark.week4

X, Y = data.moons(40, 0.3, np.random.default_rng(1))
X_DEV, Y_DEV = data.moons(300, 0.3, np.random.default_rng(2))


class Fits:
    """A stand-in for training: a ripple that λ flattens and dropout shifts; notes what it was asked for."""

    def __init__(self):
        self.asked = []
        self.__name__ = "fit"

    def __call__(self, lambd, keep_prob):
        self.asked.append((lambd, keep_prob))
        ripple = 2 / (1 + lambd)
        return lambda points: (1 + np.tanh(ripple * np.sin(4 * points[:1]) - 3 * (points[1:] + 1 - keep_prob))) / 2


def boundary(fit=None, **options):
    return RegularizedBoundary(fit or Fits(), X, Y, X_DEV, Y_DEV, **options)


def squares(parameters, lambd, m):
    return lambd * sum(float(np.sum(value**2)) for name, value in parameters.items() if name[0] == "W") / m / 2


def sizes(parameters, lambd, m):
    return lambd * sum(float(np.sum(np.fabs(value))) for name, value in parameters.items() if name[0] == "W") / m


# the boundary


def test_the_sentence_counts_mistakes_on_both_sets():
    widget = boundary()
    predict = Fits()(0, 1)
    train = np.mean((predict(X) > 0.5) != (Y == 1))
    dev = np.mean((predict(X_DEV) > 0.5) != (Y_DEV == 1))
    words = f"λ = 0, keep_prob = 1: {train:.1%} of the 40 training examples are wrong and {dev:.1%} of the 300 dev"
    assert widget.panel.sentence.startswith(words)
    assert np.count_nonzero(widget.tried[0.0, 1.0].wrong) == round(40 * train)
    assert len(widget.wrong.get_xdata()) == round(40 * train)


def test_a_setting_is_trained_once():
    fit = Fits()
    panel = boundary(fit).panel
    for value in (1, 0, 1, 10, 0):
        panel.controls[0].value = value
    panel.controls[2].value = True
    assert fit.asked == [(0, 1), (1, 1), (10, 1)]


def test_the_chart_collects_what_was_tried_with_this_keep_prob():
    widget = boundary()
    lambd, keep_prob = widget.panel.controls[:2]
    lambd.value, lambd.value = 1, 0.1
    assert widget.dev_line.get_xdata() == [0, 2, 4]
    keep_prob.value = 0.6
    assert widget.dev_line.get_xdata() == [2]
    assert sorted(widget.others.get_xdata()) == [0, 2, 4]
    assert widget.train_line.get_ydata()[0] == widget.tried[0.1, 0.6].train_error


def test_the_best_setting_so_far_is_named():
    widget = boundary()
    for value in LAMBDAS:
        widget.panel.controls[0].value = value
    widget.panel.controls[1].value = 0.5
    best = min(widget.tried.values(), key=lambda outcome: outcome.dev_error)
    assert f"Lowest dev error in {len(LAMBDAS) + 1} settings: {best.dev_error:.1%}, at λ = " in widget.panel.sentence


def test_without_dropout_there_is_no_slider_for_it():
    fit = Fits()
    panel = regularized_boundary(fit, X, Y, X_DEV, Y_DEV, with_dropout=False)
    assert [control.description for control in panel.controls] == ["penalty λ", "show dev examples"]
    panel.controls[0].value = 3
    panel.controls[1].value = True
    assert fit.asked == [(0, 1), (3, 1)]
    assert "keep_prob" not in panel.sentence


def test_the_boundary_is_where_the_probability_is_one_half():
    widget = boundary(lambda lambd, keep_prob: lambda points: (1 + np.tanh(points[:1] - 0.5)) / 2)
    x, y = widget.boundary.get_data()
    assert x[~np.isnan(x)] == pytest.approx(0.5, abs=0.01)
    assert np.nanmin(y) == pytest.approx(-widget.reach)
    assert np.nanmax(y) == pytest.approx(widget.reach)


def test_a_network_that_never_decides_has_no_boundary():
    widget = boundary(answering(lambda points: np.full((1, points.shape[1]), 0.2)))
    assert widget.panel.error is None
    assert len(widget.boundary.get_xdata()) == 0


def test_dev_examples_are_shown_on_demand():
    widget = boundary()
    assert not any(dots.get_visible() for dots in widget.dev_dots)
    widget.panel.controls[2].value = True
    assert all(dots.get_visible() for dots in widget.dev_dots)


def test_after_a_failure_the_next_setting_is_tried_anew():
    def fit(lambd, keep_prob):
        if keep_prob < 1:
            dropout_mask()
        return Fits()(lambd, keep_prob)

    def dropout_mask():
        raise NotImplementedError

    panel = boundary(fit).panel
    panel.controls[1].value = 0.8
    assert panel.sentence == "Write `dropout_mask` first, then run this cell again."
    panel.controls[1].value = 1
    assert panel.error is None


@pytest.mark.parametrize(
    ("student", "message"),
    [
        (answering(0.5), "`mine` should return a function from examples to probabilities"),
        (answering(lambda points: points), r"should give shape \(1, 40\) .* but it gave shape \(2, 40\)"),
        (answering(lambda points: points[0]), r"but it gave shape \(40,\)"),
        (answering(lambda points: points[:1] * np.nan), "not finite numbers. Did the training blow up"),
        (answering(lambda points: points @ points), "raised ValueError: matmul"),
        (lambda lambd: None, "raised TypeError: "),
    ],
)
def test_a_wrong_fit_gets_kind_words(student, message):
    panel = boundary(student).panel
    assert re.search(message, panel.sentence)
    panel.controls[0].value = 0.3
    assert re.search(message, panel.sentence)


def test_only_the_listed_values_can_be_chosen():
    panel = boundary().panel
    assert [value for _, value in panel.controls[0].options] == list(LAMBDAS)
    assert [value for _, value in panel.controls[1].options] == list(KEEP_PROBS)
    assert not panel.controls[0].continuous_update  # each stop costs a training


# one weight


def moved(widget, target, curvature, lambd):
    for control, value in zip(widget.panel.controls, (target, curvature, lambd), strict=True):
        control.value = value
    return widget


@pytest.mark.parametrize(("target", "curvature", "lambd"), [(0.8, 1.5, 8), (-1.6, 0.7, 20), (0.3, 4.0, 2.5), (2, 2, 0)])
def test_l2_leaves_a_share_and_l1_takes_an_amount(target, curvature, lambd):
    widget = moved(Shrinkage(squares, sizes), target, curvature, lambd)
    strength = lambd / 10
    assert widget.left["L2"] == pytest.approx(curvature / (curvature + strength) * target, abs=6e-4)
    shrunk = np.sign(target) * max(abs(target) - strength / curvature, 0)
    assert widget.left["L1"] == pytest.approx(shrunk, abs=6e-4)


def test_l1_leaves_exactly_zero_in_a_zone_and_says_so():
    widget = moved(Shrinkage(squares, sizes), 0.5, 2, 15)
    assert widget.left["L1"] == 0
    assert widget.panel.sentence.endswith("L1 leaves exactly 0, as for every w* from -0.74 to 0.74.")
    assert widget.left["L2"] > 0


def test_the_sentence_tells_share_and_amount():
    widget = moved(Shrinkage(squares, sizes), 1.0, 2, 5)
    assert widget.panel.sentence == (
        "The data alone want w = 1.00. With λ/m = 0.5, L2 leaves 0.800, which is 80% of it. "
        "L1 leaves 0.750: it has taken away 0.250."
    )


@pytest.mark.parametrize("target", [0.1, -0.1, 0.3, 1.7])
def test_the_share_that_l2_leaves_is_the_same_for_small_weights(target):
    widget = moved(Shrinkage(squares, sizes), target, 1.5, 8)
    assert "which is 65% of it" in widget.panel.sentence


def test_a_weight_that_the_data_want_to_be_zero_has_no_share():
    widget = moved(Shrinkage(squares, sizes), 0, 1, 10)
    assert "which is" not in widget.panel.sentence


def test_the_curves_are_the_students():
    def doubled(parameters, lambd, m):
        return 2 * squares(parameters, lambd, m)

    widget = moved(Shrinkage(doubled, sizes), 1.0, 2, 5)
    assert widget.left["L2"] == pytest.approx(2 / 3, abs=0.006)


@pytest.mark.parametrize(
    ("student", "message"),
    [
        (answering(np.ones((1, 1))), r"`mine` should return one number, but it has shape \(1, 1\)"),
        (answering(np.nan), "`mine` should return finite numbers"),
        (answering("cheap"), "`mine` should return finite numbers"),
        (lambda parameters, lambd: 0.0, "raised TypeError: "),
    ],
)
@pytest.mark.parametrize("place", [0, 1], ids=["as L2", "as L1"])
def test_a_wrong_penalty_gets_kind_words(student, message, place):
    functions = [squares, sizes]
    functions[place] = student
    panel = shrinkage(*functions)
    assert isinstance(panel.error, CourseError)
    assert re.search(message, panel.sentence)
    panel.controls[0].value = -1
    assert re.search(message, panel.sentence)
