"""A small network for digits, four surfaces and how to walk on them, for the lesson of week 5.

The network has one hidden layer (ReLU, or tanh) and ten sigmoid outputs, one against the
rest, as in week 3. Its cost is the log loss, summed over the ten outputs and
averaged over the examples.

Conventions: `X` is (n_x, m), `Y` is (C, m); `parameters` is a dict with the
keys "W1", "b1", "W2", "b2"; `grads` is a dict with the keys "dW1", "db1", ….
No function changes its arguments.
"""

import numpy as np

from dlcore import data

__all__ = [
    "SURFACES",
    "cost",
    "digit_sets",
    "error_rate",
    "forward",
    "gradients",
    "initial_state",
    "initialize",
    "ravine",
    "walk",
]


def digit_sets():
    """Return training, dev and test digits, each a pair: X (784, m) and Y (10, m).

    There are 3,500, 750 and 750 of them. Paper is 0 and ink is 1, less the mean
    of that pixel over the training set. Row k of `Y` is 1 where the digit is a k.
    """
    images, labels = data.digits()
    order = np.random.default_rng(50).permutation(len(labels))
    X = images.reshape(len(images), -1).T[:, order] / 255
    Y = (labels[order] == np.arange(10)[:, np.newaxis]).astype(float)  # (10, m)
    X = X - X[:, :3500].mean(axis=1, keepdims=True)
    ends = [(0, 3500), (3500, 4250), (4250, 5000)]
    return [(np.ascontiguousarray(X[:, a:b]), Y[:, a:b]) for a, b in ends]


def initialize(n_x, n_h, n_y, rng):
    """Return random weights of variance 2 / (units they start from), and biases 0."""
    return {
        "W1": rng.normal(0, np.sqrt(2 / n_x), size=(n_h, n_x)),
        "b1": np.zeros((n_h, 1)),
        "W2": rng.normal(0, np.sqrt(2 / n_h), size=(n_y, n_h)),
        "b2": np.zeros((n_y, 1)),
    }


def forward(X, parameters, activation="relu"):
    """Return the outputs' scores, shape (C, m), and the hidden units' activations, (n_h, m)."""
    Z1 = parameters["W1"] @ X + parameters["b1"]
    A1 = np.maximum(Z1, 0) if activation == "relu" else np.tanh(Z1)
    return parameters["W2"] @ A1 + parameters["b2"], A1


def cost(X, Y, parameters):
    """Return the log loss of all outputs together, averaged over the examples."""
    Z2, _ = forward(X, parameters)
    return float(np.sum(np.logaddexp(0, Z2) - Y * Z2) / Y.shape[1])


def gradients(X, Y, parameters, activation="relu"):
    """Return the gradients of `cost`: a dict with "dW1", "db1", "dW2" and "db2"."""
    Z2, A1 = forward(X, parameters, activation)
    dZ2 = ((1 + np.tanh(Z2 / 2)) / 2 - Y) / Y.shape[1]  # (C, m)
    dZ1 = (parameters["W2"].T @ dZ2) * ((A1 > 0) if activation == "relu" else 1 - A1**2)  # (n_h, m)
    return {
        "dW1": dZ1 @ X.T,
        "db1": dZ1.sum(axis=1, keepdims=True),
        "dW2": dZ2 @ A1.T,
        "db2": dZ2.sum(axis=1, keepdims=True),
    }


def error_rate(X, Y, parameters):
    """Return the share of examples whose largest score is not that of their digit."""
    Z2, _ = forward(X, parameters)
    return float(np.mean(Z2.argmax(axis=0) != Y.argmax(axis=0)))


def initial_state(parameters, method):
    """Return the memory with which a method starts.

    Args:
        parameters: a dict of arrays of any shapes, such as {"W1": …, "b1": …}.
        method: "sgd", "momentum", "nesterov", "rmsprop", "adam" or "adamw".

    Returns:
        A dict. Under "v" (what is averaged) and "s" (its squares), if the method has them,
        stands a dict with an array of zeros for each of the parameters; under "t" the number 0.
    """
    averages = {"sgd": "", "momentum": "v", "nesterov": "v", "rmsprop": "s", "adam": "vs", "adamw": "vs"}
    state = {
        letter: {name: np.zeros(np.shape(array)) for name, array in parameters.items()} for letter in averages[method]
    }
    return state | {"t": 0} if method in ("adam", "adamw") else state


def walk(f, grad, start, method, steps, state, learning_rate, **options):
    """Return the path of a method, (n, steps + 1), and the cost at each of its points.

    `f` and `grad` take a point, (n, 1), such as `start`; `method` is a step function like
    `sgd_step`, called with {"theta": the point}, {"dtheta": its gradient}, the state, the
    learning rate and the options; `state` is the memory with which it starts.
    """
    point, path, costs = start, [start], [f(start)]
    while len(path) <= steps:
        moved, state = method({"theta": point}, {"dtheta": grad(point)}, state, learning_rate, **options)
        point = moved["theta"]
        path.append(point)
        costs.append(f(point))
    return np.concatenate(path, axis=1), costs


def ravine(*curvatures):
    """Return f and its gradient: a bowl with the given curvatures along its axes, lowest at 0.

    f(θ) = ½ Σ λ_j θ_j², for θ of shape (n, 1).

    >>> f, grad = ravine(1, 20)
    >>> f(np.array([[2.0], [1.0]])), grad(np.array([[2.0], [1.0]])).ravel().tolist()
    (12.0, [2.0, 20.0])
    """
    lambdas = np.array(curvatures, dtype=float)[:, np.newaxis]  # (n, 1)
    return lambda theta: float(np.sum(lambdas * theta**2) / 2), lambda theta: lambdas * theta


def _rosenbrock(theta):
    x, y = theta[:, 0]
    return float((1 - x) ** 2 + 10 * (y - x**2) ** 2)


def _rosenbrock_slopes(theta):
    x, y = theta[:, 0]
    return np.array([[-2 * (1 - x) - 40 * x * (y - x**2)], [20 * (y - x**2)]])


def _saddle(theta):
    x, y = theta[:, 0]
    return float(x**2 / 2 - y**2 / 2 + y**4 / 4 + 0.25)


def _saddle_slopes(theta):
    x, y = theta[:, 0]
    return np.array([[x], [y**3 - y]])


def _turned(function_and_slopes):
    """The same surface, turned by 45 degrees around 0."""
    f, slopes = function_and_slopes
    turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    return lambda theta: f(turn.T @ theta), lambda theta: turn @ slopes(turn.T @ theta)


SURFACES = {
    "ravine": (*ravine(1, 50), (-2.0, 0.6)),
    "turned ravine": (*_turned(ravine(1, 50)), tuple(np.array([[1, -1], [1, 1]]) @ [-2.0, 0.6] / np.sqrt(2))),
    "bent valley": (_rosenbrock, _rosenbrock_slopes, (-1.2, 1.0)),
    "saddle": (_saddle, _saddle_slopes, (-1.5, 0.001)),
}
"""Four surfaces, each as (f, its gradient, a point to start from); every lowest value is 0."""
