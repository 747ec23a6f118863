import re
import time
from pathlib import Path

import numpy as np
import pytest

import dlcore
from dlcore.widgets import activation_explorer, hidden_units, symmetry
from dlcore.widgets.shallow_network.activation_explorer import ActivationExplorer
from dlcore.widgets.shallow_network.hidden_units import HiddenUnits
from dlcore.widgets.shallow_network.symmetry import Symmetry
from dlcore.widgets.shared.student_network import boundary, straight_line, train
from tests.panels import answering, unwritten

pytestmark = pytest.mark.week2


def sigmoid(z):
    return (1 + np.tanh(z / 2)) / 2


def tanh_derivative(A):
    return 1 - A**2


def relu(Z):
    return np.maximum(0, Z)


def relu_derivative(Z):
    return np.where(Z > 0, 1.0, 0.0)


def leaky_relu(Z, slope):
    return np.where(Z > 0, Z, slope * Z)


def leaky_relu_derivative(Z, slope):
    return np.where(Z > 0, 1.0, slope)


def elu(Z, alpha):
    return np.where(Z > 0, Z, alpha * (np.exp(np.minimum(Z, 0)) - 1))


def maxout(Z1, Z2):
    return np.maximum(Z1, Z2), np.where(Z1 >= Z2, 1.0, 0.0)


def initialize(n_x, n_h, n_y, rng, scale=0.01):
    W1, W2 = scale * rng.standard_normal((n_h, n_x)), scale * rng.standard_normal((n_y, n_h))
    return {"W1": W1, "b1": np.zeros((n_h, 1)), "W2": W2, "b2": np.zeros((n_y, 1))}


def forward(X, parameters):
    A1 = np.tanh(parameters["W1"] @ X + parameters["b1"])
    A2 = sigmoid(parameters["W2"] @ A1 + parameters["b2"])
    return A2, {"A1": A1, "A2": A2}


def fit(X, Y, parameters, learning_rate, steps):
    costs, m = [], X.shape[1]
    for _ in range(steps):
        A2, cache = forward(X, parameters)
        P = np.clip(A2, 1e-12, 1 - 1e-12)
        costs.append(-np.mean(Y * np.log(P) + (1 - Y) * np.log(1 - P)))
        dZ2 = A2 - Y
        dZ1 = parameters["W2"].T @ dZ2 * (1 - cache["A1"] ** 2)
        grads = {"W1": dZ1 @ X.T, "b1": dZ1.sum(1, keepdims=True), "W2": dZ2 @ cache["A1"].T}
        grads["b2"] = dZ2.sum(1, keepdims=True)
        parameters = {name: value - learning_rate * grads[name] / m for name, value in parameters.items()}
    return parameters, costs


ACTIVATIONS = {
    function.__name__: function
    for function in (
        sigmoid,
        tanh_derivative,
        relu,
        relu_derivative,
        leaky_relu,
        leaky_relu_derivative,
        elu,
        maxout,
    )
}


def explorer(**changed):
    """The explorer's panel, with some functions replaced."""
    return activation_explorer(**(ACTIVATIONS | changed))


# the explorer


@pytest.mark.parametrize(
    ("name", "mean", "spread", "stuck", "average"),
    [("tanh", 0, 0.1, 0, 0.0), ("tanh", 6, 1, 200, 1.0), ("ReLU", 0, 1, 100, 0.4), ("ReLU", -6, 1, 200, 0.0)],
)
def test_units_that_hardly_learn_are_counted(name, mean, spread, stuck, average):
    panel = explorer()
    for control, value in zip(panel.controls, (name, mean, spread), strict=False):
        control.value = value
    assert f"{stuck} of 200 units have a slope below 0.05" in panel.sentence
    assert float(panel.sentence.split()[-1].rstrip(".")) == pytest.approx(average, abs=0.02)


def test_the_count_is_that_of_the_slopes():
    picture = ActivationExplorer(ACTIVATIONS)
    picture.panel.controls[2].value = 3.0
    flat = np.count_nonzero(1 - np.tanh(3 * picture.scores) ** 2 < 0.05)
    assert 50 < flat < 150
    assert f": {flat} of 200 units" in picture.panel.sentence
    assert len(picture.stuck[0].get_xdata()) == flat


def test_maxout_of_z_and_its_negative_is_the_absolute_value():
    picture = ActivationExplorer(ACTIVATIONS)
    picture.panel.controls[0].value, picture.panel.controls[3].value = "maxout", 1.0
    z, a = picture.curves[0].get_data()
    assert np.allclose(a, np.abs(z))
    assert set(np.unique(picture.curves[1].get_ydata())) == {-1.0, 1.0}


def test_elu_without_alpha_is_a_relu():
    picture = ActivationExplorer(ACTIVATIONS)
    picture.panel.controls[0].value, picture.panel.controls[3].value = "ELU", 0.0
    z, a = picture.curves[0].get_data()
    assert np.allclose(a, np.maximum(z, 0))


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"tanh_derivative": lambda A: A * (1 - A)}, "tanh"),
        ({"relu_derivative": lambda Z: np.ones(Z.shape)}, "ReLU"),
        ({"leaky_relu_derivative": lambda Z, slope: np.where(Z > 0, 1.0, 0.0)}, "leaky ReLU"),
    ],
)
def test_a_derivative_that_is_not_the_slope_is_noticed(changed, name):
    panel = explorer(**changed)
    panel.controls[0].value = name
    assert re.search(r"But look: at z = .* your derivative says .*, where the curve has the slope", panel.sentence)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "ReLU", "leaky ReLU", "ELU", "maxout"])
def test_right_functions_are_not_complained_of(name):
    panel = explorer()
    panel.controls[0].value = name
    assert panel.error is None
    assert "But look" not in panel.sentence


@pytest.mark.parametrize(
    ("which", "name"),
    [
        ("tanh_derivative", "tanh"),
        ("relu", "ReLU"),
        ("leaky_relu_derivative", "leaky ReLU"),
        ("elu", "ELU"),
        ("maxout", "maxout"),
    ],
)
@pytest.mark.parametrize(
    ("student", "message"),
    [
        (unwritten, "Write `unwritten` first, then run this cell again."),
        (answering(None), "`mine` returned nothing. Is a `return` missing?"),
        (answering((np.ones(3), np.ones(3))), r"it returned shape \((2, )?3,?\)"),
    ],
)
def test_a_wrong_activation_function_gets_kind_words_and_the_others_still_work(which, name, student, message):
    panel = explorer(**{which: student})
    panel.controls[0].value = name
    assert re.search(message, panel.sentence)
    panel.controls[0].value = "sigmoid"
    assert panel.error is None


# hidden units


def trained(name, n_h, *clicks):
    picture = HiddenUnits(initialize, forward, fit)
    picture.panel.controls[0].value, picture.panel.controls[1].value = name, n_h
    for click in clicks:
        picture.panel.buttons[click].click()
    return picture


def test_training_is_gradient_descent_from_the_students_start():
    picture = trained("xor", 2, "10 steps", "100 steps")
    start = initialize(2, 2, 1, np.random.default_rng(0), 0.3)
    wanted, _ = fit(picture.X, picture.Y, start, 1.2, 110)
    assert np.allclose(picture.parameters["W1"], wanted["W1"])
    assert "2 hidden units, 110 steps:" in picture.panel.sentence


def test_three_units_draw_the_flower_and_one_cannot():
    assert float(re.search(r"([\d.]+)% of 300", trained("flower", 3, *["1000 steps"] * 2).panel.sentence)[1]) > 90
    assert "the boundary is straight" in trained("flower", 1, "100 steps").panel.sentence


def test_the_maps_are_the_activations_of_the_units():
    picture = trained("moons", 2, "100 steps")
    A1 = np.tanh(picture.parameters["W1"] @ picture.grid + picture.parameters["b1"])
    assert np.allclose(picture.maps[1].get_array(), A1[1].reshape(61, 61))
    assert [artist.get_visible() for artist in picture.maps] == [True] * 2 + [False] * 4
    assert picture.titles[0].get_text() == f"heard with {picture.parameters['W2'][0, 0]:+.1f}".replace("-", "−")


def test_other_data_and_a_new_start_begin_anew():
    picture = trained("xor", 3, "100 steps")
    before = picture.parameters["W1"]
    picture.panel.buttons["New start"].click()
    assert "not trained yet" in picture.panel.sentence
    assert not np.allclose(picture.parameters["W1"], before)
    picture.panel.buttons["10 steps"].click()
    picture.panel.controls[0].value = "moons"
    assert "not trained yet" in picture.panel.sentence


# symmetry


def test_zero_stays_zero():
    panel = symmetry(initialize, forward, fit)
    panel.controls[0].value = 0.0
    panel.controls[2].value = 1000
    assert panel.sentence == (
        "Step 1000: cost 0.693, 50.0% right. All weights are 0, and so are their gradients: nothing moves."
    )


def test_equal_units_stay_equal_and_random_ones_do_not():
    panel = symmetry(initialize, forward, fit)
    panel.controls[2].value = 1000
    assert float(re.search(r"cost ([\d.]+)", panel.sentence)[1]) < 0.05
    assert "The units differ by" in panel.sentence
    panel.controls[1].value = True
    assert "All four units are equal. Together they draw one line." in panel.sentence


def test_the_path_is_that_of_the_students_training():
    picture = Symmetry(initialize, forward, fit)
    picture.panel.controls[2].value = 200
    _, costs = fit(picture.X, picture.Y, initialize(2, 4, 1, np.random.default_rng(0), 0.01), 1.2, 201)
    before, _ = fit(picture.X, picture.Y, initialize(2, 4, 1, np.random.default_rng(0), 0.01), 1.2, 200)
    x, y = picture.paths[2].get_data()
    assert (x[-1], y[-1]) == pytest.approx(tuple(before["W1"][2]))
    assert picture.latest.get_data()[1][0] == pytest.approx(costs[200])


def test_a_start_is_trained_as_far_as_is_shown_and_only_once():
    steps_of = []

    def counted(X, Y, parameters, learning_rate, steps):
        steps_of.append(steps)
        return fit(X, Y, parameters, learning_rate, steps)

    panel = symmetry(initialize, forward, counted)
    assert sum(steps_of) == 20
    panel.controls[2].value = 500
    panel.controls[0].value = 1.0
    assert sum(steps_of) == 2 * 520
    panel.controls[2].value = 480
    panel.controls[0].value = 0.01
    assert sum(steps_of) == 2 * 520
    panel.controls[2].value = 1000
    assert "Step 1000: cost 0.0" in panel.sentence


# both


def test_a_slow_fit_does_fewer_steps():
    def slow(X, Y, parameters, learning_rate, steps):
        time.sleep(0.5)
        return fit(X, Y, parameters, learning_rate, steps)

    panel = symmetry(initialize, forward, slow)
    panel.controls[2].value = 1000
    assert re.search(r"^Step \d\d+: .* Your functions are slow, so only \d+ steps were done\.$", panel.sentence)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"initialize": answering({"W1": np.ones((4, 2))})}, "should return a dict of parameters with W1, b1, W2"),
        ({"forward": answering(np.ones((1, 9)))}, "should return two things: the outputs and the cache"),
        ({"forward": lambda X, p: (forward(X, p)[0], {})}, "should put `A1` into the cache"),
        ({"forward": lambda X, p: (forward(X, p)[0].T, forward(X, p)[1])}, r"outputs of shape \(1, \d+\), but the"),
        ({"fit": lambda *a: fit(*a)[0]}, "should return two things: the parameters and the costs"),
        ({"fit": lambda *a: (fit(*a)[0], 0.5)}, r"one cost per step, \d+ for \d+ steps"),
        ({"fit": lambda *a: ({**fit(*a)[0], "b2": np.nan * np.ones((1, 1))}, fit(*a)[1])}, "made of finite numbers"),
    ],
)
@pytest.mark.parametrize("make", [hidden_units, symmetry])
def test_wrong_functions_get_kind_words(make, changed, message):
    panel = make(**({"initialize": initialize, "forward": forward, "fit": fit} | changed))
    if "10 steps" in panel.buttons:
        panel.buttons["10 steps"].click()
    assert re.search(message, panel.sentence)
    assert panel.error is not None


def test_training_returns_every_pause():
    X, Y = np.random.default_rng(0).normal(size=(2, 6)), np.array([[0, 1, 0, 1, 1, 0]])
    start = initialize(2, 3, 1, np.random.default_rng(1), 0.5)
    history, costs = train(fit, X, Y, start, 0.5, 12, 4)
    assert (len(history), len(costs)) == (3, 12)
    assert np.allclose(history[1]["W2"], fit(X, Y, start, 0.5, 8)[0]["W2"])


def test_the_boundary_lies_where_the_probability_is_one_half():
    side = np.linspace(-2, 2, 41)
    x1, x2 = np.meshgrid(side, side)
    x, y = boundary(side, sigmoid(3 * (x1**2 + x2**2 - 1)))
    assert np.allclose(np.hypot(x, y)[np.isfinite(x)], 1, atol=0.01)
    x, y = boundary(side, np.full((41, 41), 0.2))
    assert not np.isfinite(x).any()


def test_a_units_line_is_where_its_score_is_zero():
    w, b = np.array([2.0, -1.0]), 0.5
    x, y = straight_line(w, b, 3.0)
    assert np.allclose(w[0] * x + w[1] * y + b, 0)
    assert len(straight_line(np.zeros(2), 1.0, 3.0)[0]) == 0


def test_nothing_that_students_import_contains_this_weeks_answers():
    folder = Path(dlcore.__file__).parent / "widgets"
    own = [*sorted((folder / "shallow_network").glob("*.py")), folder / "shared" / "student_network.py"]
    assert len(own) == 5
    text = "".join(file.read_text() for file in own)
    answers = (r"1\s*-\s*\w+\s*\*\*", r"np\.maximum\(", r"expm1", r"np\.exp\(", r"\"W1\"\]\s*@", r"standard_normal\(\(")
    for answer in answers:
        assert not re.search(answer, text), answer
