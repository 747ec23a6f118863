"""The network of weeks 2 and 3, ready to use, for the lessons of week 4.

A network of any depth with one output: tanh (or ReLU) in its hidden layers, a
sigmoid at the end, the average log loss as its cost. `train` has three places
where this week's functions come in: a penalty that changes the gradients,
dropout between the layers, and augmentation of the examples.

Conventions: `X` is (n_x, m), `Y` is (1, m); `parameters` is a dict with the
keys "W1", "b1", …, `W[l]` being (n[l], n[l-1]) and `b[l]` (n[l], 1); `grads`
is a dict with the keys "dW1", "db1", …. No function changes its arguments.
"""

from itertools import pairwise

import numpy as np

__all__ = ["backward", "cost", "error_rate", "forward", "initialize", "parameters_to_vector", "predict", "train"]

FUNCTIONS = {
    "tanh": np.tanh,
    "relu": lambda Z: np.maximum(Z, 0),
    "sigmoid": lambda Z: (1 + np.tanh(Z / 2)) / 2,
}


def initialize(layer_sizes, rng):
    """Return random parameters: weights of variance 2 / n[l-1], biases 0.

    Args:
        layer_sizes: numbers of units from the input to the output, such as [784, 100, 1].
        rng: a numpy.random.Generator.
    """
    parameters = {}
    for layer, (n_in, n_out) in enumerate(pairwise(layer_sizes), start=1):
        parameters[f"W{layer}"] = rng.normal(0, np.sqrt(2 / n_in), size=(n_out, n_in))
        parameters[f"b{layer}"] = np.zeros((n_out, 1))
    return parameters


def forward(X, parameters, activation="tanh", dropout=None):
    """Return the network's probabilities of class 1, and what `backward` needs.

    Args:
        X: examples, shape (n_x, m).
        parameters: the weights and biases.
        activation: "tanh" or "relu", for the hidden layers.
        dropout: None, or an object with `forward(A, layer)`; it gets the inputs
            as layer 0 and each hidden layer's activations, and returns what is
            handed on to the next layer.

    Returns:
        AL: probabilities, shape (1, m).
        cache: a list with one entry per layer, (what came in, the activations before dropout).
    """
    L, A, cache = len(parameters) // 2, X, []
    for layer in range(1, L + 1):
        A_prev = A if dropout is None else dropout.forward(A, layer - 1)
        Z = parameters[f"W{layer}"] @ A_prev + parameters[f"b{layer}"]  # (n[l], m)
        A = FUNCTIONS["sigmoid" if layer == L else activation](Z)
        cache.append((A_prev, A))
    return A, cache


def cost(AL, Y):
    """Return the average log loss of the probabilities `AL` for the labels `Y`, both (1, m)."""
    P = np.clip(np.asarray(AL, dtype=float), 1e-12, 1 - 1e-12)
    return float(-np.mean(Y * np.log(P) + (1 - Y) * np.log(1 - P)))


def backward(Y, parameters, cache, activation="tanh", dropout=None):
    """Return the gradients of the cost, without any penalty, as a dict "dW1", "db1", ….

    Args:
        Y: labels, shape (1, m).
        parameters, activation: those that `forward` was called with.
        cache: what `forward` returned.
        dropout: None, or the object that `forward` was called with; its
            `backward(dA, layer)` takes the gradient of what its `forward`
            returned for that layer to the gradient of what it was given.
    """
    L, grads = len(cache), {}
    dZ = (cache[-1][1] - Y) / Y.shape[1]  # (1, m)
    for layer in range(L, 0, -1):
        grads[f"dW{layer}"] = dZ @ cache[layer - 1][0].T
        grads[f"db{layer}"] = dZ.sum(axis=1, keepdims=True)
        if layer > 1:
            dA = parameters[f"W{layer}"].T @ dZ  # (n[l-1], m)
            if dropout is not None:
                dA = dropout.backward(dA, layer - 1)
            A = cache[layer - 2][1]
            dZ = dA * (1 - A * A) if activation == "tanh" else dA * (A > 0)
    return grads


def predict(X, parameters, activation="tanh"):
    """Return the probabilities of class 1, shape (1, m), of the whole network, without dropout."""
    return forward(X, parameters, activation)[0]


def error_rate(X, Y, parameters, activation="tanh"):
    """Return the share of examples whose probability lies on the wrong side of one half."""
    return float(np.mean((predict(X, parameters, activation) > 0.5) != (Y > 0.5)))


def parameters_to_vector(parameters):
    """Return all numbers of a dict of arrays as one new column, shape (n, 1).

    The arrays follow each other in the order of the dict; each is read row by row.
    """
    return np.concatenate([array.reshape(-1, 1) for array in parameters.values()])


def train(
    X,
    Y,
    parameters,
    learning_rate,
    steps,
    activation="tanh",
    penalty=None,
    dropout=None,
    augment=None,
    watch=None,
    every=10,
):
    """Return the parameters after `steps` steps of gradient descent, and what `watch` saw.

    Args:
        X, Y: the training set, shapes (n_x, m) and (1, m).
        parameters: where to start.
        learning_rate, steps: the size of a step and how many.
        activation: "tanh" or "relu", for the hidden layers.
        penalty: None, or a function (grads, parameters) that returns the
            gradients with the penalty's share.
        dropout: None, or an object with `forward(A, layer)` and `backward(dA, layer)`.
        augment: None, or a function from X to the examples to use in this step.
        watch: None, or a function of the parameters, called at the start,
            after every `every` steps, and at the end.

    Returns:
        parameters: a new dict.
        seen: a list with what `watch` returned.
    """
    seen = []
    for step in range(steps):
        if watch is not None and step % every == 0:
            seen.append(watch(parameters))
        examples = X if augment is None else augment(X)
        _, cache = forward(examples, parameters, activation, dropout)
        grads = backward(Y, parameters, cache, activation, dropout)
        if penalty is not None:
            grads = penalty(grads, parameters)
        parameters = {name: value - learning_rate * grads[f"d{name}"] for name, value in parameters.items()}
    if watch is not None:
        seen.append(watch(parameters))
    return parameters, seen
