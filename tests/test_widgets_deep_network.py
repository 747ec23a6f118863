import re
from pathlib import Path

import numpy as np
import pytest

import dlcore
from dlcore.widgets import backprop_graph, signal_depth
from dlcore.widgets.deep_network.backprop_graph import BackpropGraph
from dlcore.widgets.deep_network.signal_depth import SignalDepth
from tests.panels import answering

pytestmark = pytest.mark.week3

FUNCTIONS = {
    "relu": (lambda Z: np.maximum(Z, 0), lambda Z: 1.0 * (Z > 0)),
    "tanh": (np.tanh, lambda Z: np.cosh(Z) ** -2.0),
    "sigmoid": (lambda Z: (1 + np.tanh(Z / 2)) / 2, lambda Z: np.cosh(Z / 2) ** -2.0 / 4),
}


def activation_forward(A_prev, W, b, activation):
    Z = W @ A_prev + b
    return FUNCTIONS[activation][0](Z), (A_prev, W, Z)


def activation_backward(dA, cache, activation):
    A_prev, W, Z = cache
    return linear(dA * FUNCTIONS[activation][1](Z), A_prev, W)


def linear(dZ, A_prev, W):
    return W.T @ dZ, dZ @ A_prev.T / dZ.shape[1], dZ.mean(axis=1, keepdims=True)


def model_forward(X, parameters):
    A, caches, L = X, [], len(parameters) // 2
    for layer in range(1, L + 1):
        kind = "sigmoid" if layer == L else "relu"
        A, cache = activation_forward(A, parameters[f"W{layer}"], parameters[f"b{layer}"], kind)
        caches.append(cache)
    return A, caches


def model_backward(AL, Y, caches):
    grads, dZ = {}, AL - Y
    for layer in range(len(caches), 0, -1):
        A_prev, W, _ = caches[layer - 1]
        dA, grads[f"dW{layer}"], grads[f"db{layer}"] = linear(dZ, A_prev, W)
        if layer > 1:
            dZ = dA * FUNCTIONS["relu"][1](caches[layer - 2][2])
    return grads


def finished(graph):
    """The same graph with all of its steps shown."""
    graph.panel.controls[0].value = 6
    return graph


def depth():
    return signal_depth(activation_forward, activation_backward)


# the graph


def shown(graph, *key):
    return graph.words[key if len(key) > 1 else key[0]].get_text()


def test_steps_uncover_values_forwards_and_then_gradients_backwards():
    graph = BackpropGraph(model_forward, model_backward)
    counts = []
    for steps in range(7):
        graph.panel.controls[0].value = steps
        values = sum(shown(graph, "a", k, j) != "?" for k, size in enumerate((2, 2, 2, 1)) for j in range(size))
        gradients = sum(bool(shown(graph, "dz", k, j)) for k, size in enumerate((2, 2, 1), 1) for j in range(size))
        counts.append((values, gradients))
    assert counts == [(2, 0), (4, 0), (6, 0), (7, 0), (7, 1), (7, 3), (7, 5)]


def test_the_graph_opens_with_everything_to_be_predicted():
    graph = BackpropGraph(model_forward, model_backward)
    assert graph.panel.sentence == "Nothing is computed yet: predict the scores z of layer 1."
    assert [shown(graph, "b", k, j) for k, j in ((1, 0), (2, 0), (3, 0))] == ["b = 0.21", "b = -0.13", "b = 0.16"]


def test_the_graph_shows_what_the_students_functions_say():
    graph = finished(BackpropGraph(model_forward, model_backward))
    assert shown(graph, "z", 1, 0) == f"z = {0.83 * 1.5 - 0.61 * 0.5 + 0.21:.2f}"
    assert shown(graph, "a", 2, 1) == "0.00"
    assert shown(graph, "dW", 2, 0, 1) == "+0.000"  # into the unit that is switched off
    slip = float(shown(graph, "dz", 3, 0).removeprefix("dz = "))
    assert slip == pytest.approx(float(shown(graph, "a", 3, 0)) - 1, abs=0.006)
    assert "Switched off: unit 2 of layer 2." in graph.panel.sentence


def test_the_gradient_of_the_weight_that_can_be_moved_is_the_slope_of_the_loss():
    graph = finished(BackpropGraph(model_forward, model_backward))
    losses = []
    for weight in (0.82, 1.02):
        graph.panel.controls[3].value = weight
        losses.append(float(shown(graph, "loss").split()[-1]))
    graph.panel.controls[3].value = 0.92
    slope = (losses[1] - losses[0]) / 0.2
    assert float(shown(graph, "dW", 2, 0, 0)) == pytest.approx(slope, abs=0.01)


def test_both_units_of_a_layer_can_be_switched_off():
    panel = finished(BackpropGraph(model_forward, model_backward)).panel
    panel.controls[1].value, panel.controls[2].value = -1, -1
    assert "unit 1 of layer 1, unit 2 of layer 1" in panel.sentence
    assert "confirms your gradients" in panel.sentence


def test_wrong_gradients_are_named():
    def wrong(AL, Y, caches):
        grads = model_backward(AL, Y, caches)
        return grads | {"dW2": -grads["dW2"], "db1": 2 * grads["db1"]}

    sentence = finished(BackpropGraph(model_forward, wrong)).panel.sentence
    assert sentence.endswith("A nudge of the parameters says something else than your db1, dW2.")


def test_gradients_are_not_judged_before_all_are_shown():
    def negated(*given):
        return {name: -array for name, array in model_backward(*given).items()}

    panel = finished(BackpropGraph(model_forward, negated)).panel
    assert "says something else" in panel.sentence
    panel.controls[0].value = 5
    assert "nudge" not in panel.sentence


@pytest.mark.parametrize(
    ("forward", "backward", "message"),
    [
        (answering(0.5), model_backward, "should return two things: AL and the caches"),
        (answering((np.ones(1), [])), model_backward, r"AL of shape \(1, 1\) here, but it has shape \(1,\)"),
        (answering((np.ones((1, 1)), [])), model_backward, "a list of 3 caches"),
        (lambda X, p: (model_forward(X, p)[0], model_forward(X, p)[1][::-1]), model_backward, "is not of that layer"),
        (model_forward, answering({"dW1": 0}), "should return a dict with dW1, dW2, dW3, db1, db2, db3"),
        (
            model_forward,
            lambda *given: {name: array.T for name, array in model_backward(*given).items()},
            r"of shape \(2, 1\) here, but it has shape \(1, 2\)",
        ),
        (lambda X, p: X["W1"], model_backward, "raised IndexError: "),
    ],
)
def test_a_wrong_network_gets_kind_words(forward, backward, message):
    panel = backprop_graph(forward, backward)
    assert re.search(message, panel.sentence)
    panel.controls[1].value = 0
    assert re.search(message, panel.sentence)


# the signal


@pytest.mark.parametrize(
    ("c", "activation", "signal", "gradient"),
    [
        (0.5, "relu", "dies", "dies"),
        (1.0, "relu", "dies", "dies"),
        (1.41, "relu", "survives", "survives"),
        (2.0, "relu", "explodes", "explodes"),
        (1.0, "tanh", "survives", "survives"),
        (0.5, "tanh", "dies", "dies"),
        (3.0, "tanh", "survives", "explodes"),
        (1.41, "sigmoid", "survives", "dies"),
        (3.0, "sigmoid", "survives", "dies"),
    ],
)
def test_the_fate_of_signal_and_gradient(c, activation, signal, gradient):
    panel = depth()
    panel.controls[2].value = activation
    panel.controls[0].value = c
    assert panel.sentence.endswith(f"The signal {signal}, the gradient {gradient}.")


def test_a_relu_layer_multiplies_by_c_over_the_root_of_two():
    picture = SignalDepth(activation_forward, activation_backward)
    for c in (0.5, 1.0, 1.41, 2.0):
        picture.panel.controls[0].value = c
        for line in (picture.signal, picture.gradient):
            sizes = np.asarray(line.get_ydata())
            first, last = (sizes[0], sizes[-1]) if line is picture.signal else (sizes[-1], sizes[0])
            factor = (last / first) ** (1 / (len(sizes) - 1))
            assert factor == pytest.approx(c / np.sqrt(2), rel=0.06)


def test_the_lines_are_as_long_as_the_network_is_deep():
    picture = SignalDepth(activation_forward, activation_backward)
    picture.panel.controls[1].value = 7
    assert len(picture.signal.get_xdata()) == 7
    assert len(picture.gradient.get_xdata()) == 8


def test_what_leaves_the_axes_stays_finite():
    picture = SignalDepth(activation_forward, activation_backward)
    picture.panel.controls[1].value = 30
    for c in (0.1, 3.0):
        picture.panel.controls[0].value = c
        assert picture.panel.error is None
        assert np.isfinite(picture.signal.get_ydata()).all()


@pytest.mark.parametrize(
    ("forward", "backward", "message"),
    [
        (answering(1.0), activation_backward, "should return two things: A and the cache"),
        (
            answering((np.ones(3), (1, 2, 3))),
            activation_backward,
            r"A of shape \(100, 40\) here, but",
        ),
        (lambda A, W, b, g: (A, (A, W)), activation_backward, r"should be the tuple \(A_prev, W, Z\)"),
        (activation_forward, answering(np.ones(2)), "should return three things: dA_prev, dW and db"),
        (activation_forward, answering((1.0, 2.0, 3.0)), r"dA_prev of shape \(100, 40\) here"),
        (lambda A, W, b, g: A @ W, activation_backward, "raised ValueError: matmul"),
    ],
)
def test_wrong_blocks_get_kind_words(forward, backward, message):
    panel = signal_depth(forward, backward)
    assert re.search(message, panel.sentence)
    panel.controls[0].value = 2
    assert re.search(message, panel.sentence)


def test_nothing_that_students_import_contains_this_weeks_answers():
    files = sorted((Path(dlcore.__file__).parent / "widgets" / "deep_network").glob("*.py"))
    assert len(files) == 3
    text = "".join(file.read_text() for file in files)
    for answer in (r"@\s*A_prev", r"\.T\s*@", r"AL\s*-\s*Y", r"2\s*/\s*n", r"linalg\.norm", r"<=\s*0,\s*axis"):
        assert not re.search(answer, text), answer
