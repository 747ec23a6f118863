"""The deep network of week 3 with room for a normalisation in every hidden layer.

ReLU in the hidden layers, ten sigmoid outputs (one against the rest), the log
loss added up over the outputs and averaged over the examples. Between the
scores of a hidden layer and its ReLU stands a *norm*, an object with

    forward(layer, Z, gamma, beta, training)  ->  out, cache
    backward(dout, cache)                     ->  dZ, dgamma, dbeta

`BatchNorm` and `LayerNorm` make one of your functions; `norm=None` leaves the place empty.

Conventions: `X` is (n_x, m), `Y` is (10, m); `parameters` is a dict with the
keys "W1", "b1", …, and with a norm also "gamma1", "beta1", … for the hidden
layers; `grads` has the same keys with a "d" before them. The 1/m of the cost
is in the first gradient on the way back, so all others are plain sums.
"""

from itertools import pairwise

import numpy as np

__all__ = [
    "BatchNorm",
    "LayerNorm",
    "backward",
    "cost",
    "digits",
    "forward",
    "initialize",
    "kappa",
    "share_right",
    "train",
]


class BatchNorm:
    """Your batch normalisation in every hidden layer, with the running statistics of each.

    Attributes:
        running: a dict from a layer's number to its {"mean": (n, 1), "var": (n, 1)}.
    """

    def __init__(self, batchnorm_forward, batchnorm_backward, momentum=0.9, eps=1e-5):
        """Take your two functions and their settings."""
        self._forward, self.backward = batchnorm_forward, batchnorm_backward
        self.momentum, self.eps, self.running = momentum, eps, {}

    def forward(self, layer, Z, gamma, beta, training):
        """Return what the layer hands on, and the cache; keep the new running statistics."""
        start = {"mean": np.zeros((len(Z), 1)), "var": np.ones((len(Z), 1))}
        out, cache, self.running[layer] = self._forward(
            Z, gamma, beta, self.running.get(layer, start), self.momentum, training, self.eps
        )
        return out, cache


class LayerNorm:
    """Your layer normalisation in every hidden layer; it has nothing to remember."""

    def __init__(self, layernorm_forward, layernorm_backward, eps=1e-5):
        """Take your two functions and their setting."""
        self._forward, self.backward, self.eps = layernorm_forward, layernorm_backward, eps

    def forward(self, layer, Z, gamma, beta, training):
        """Return what the layer hands on, and the cache; training and test are the same."""
        return self._forward(Z, gamma, beta, self.eps)


def kappa(A):
    """Return the condition number of the bowl of a linear unit, with bias, on the inputs A, (n, m).

    H = Ã Ãᵀ / m, where Ã has a row of ones for the bias; its largest eigenvalue over its smallest.
    """
    extended = np.concatenate([A, np.ones((1, A.shape[1]))])  # (n + 1, m)
    eigenvalues = np.linalg.eigvalsh(extended @ extended.T)  # the 1/m drops out of the ratio
    return eigenvalues[-1] / eigenvalues[0]


def digits(size, rng):
    """Return training and held-out digits at 10 × 10 pixels, one image a column, and their labels.

    The margin of 4 pixels is cut off, and each 2 × 2 of the other pixels are averaged.

    Args:
        size: how many are for training; the rest of the 5,000 is held out.
        rng: a numpy.random.Generator; it shuffles.

    Returns:
        X_train, labels_train, X_test, labels_test: inputs of mean 0 and mean
        square 1 (training statistics, one mean and one deviation for all pixels).
    """
    from dlcore import data

    images, labels = data.digits()
    small = images[:, 4:24, 4:24].reshape(-1, 10, 2, 10, 2).mean(axis=(2, 4)).reshape(-1, 100).T / 255  # (100, 5000)
    order = rng.permutation(len(labels))
    small, labels = small[:, order], labels[order]
    small = (small - small[:, :size].mean()) / small[:, :size].std()
    return small[:, :size], labels[:size], small[:, size:], labels[size:]


def initialize(layer_sizes, rng, scale=1.0, norm=False):
    """Return random weights of `scale` times He's size, and biases 0.

    Args:
        layer_sizes: numbers of units from the input to the output.
        rng: a numpy.random.Generator.
        scale: 1 for He's standard deviation √(2 / n[l−1]).
        norm: whether the hidden layers also get gammas of 1 and betas of 0.
    """
    parameters, L = {}, len(layer_sizes) - 1
    for layer, (n_in, n_out) in enumerate(pairwise(layer_sizes), start=1):
        parameters[f"W{layer}"] = scale * np.sqrt(2 / n_in) * rng.standard_normal((n_out, n_in))
        parameters[f"b{layer}"] = np.zeros((n_out, 1))
        if norm and layer < L:
            parameters |= {f"gamma{layer}": np.ones((n_out, 1)), f"beta{layer}": np.zeros((n_out, 1))}
    return parameters


def forward(X, parameters, norm=None, training=False):
    """Return the ten probabilities of each example, (10, m), and a list of what `backward` needs."""
    L, A, caches = sum(name[0] == "W" for name in parameters), X, []
    for layer in range(1, L + 1):
        A_prev, kept = A, None
        Z = parameters[f"W{layer}"] @ A_prev + parameters[f"b{layer}"]  # (n[l], m)
        if layer < L and norm is not None:
            Z, kept = norm.forward(layer, Z, parameters[f"gamma{layer}"], parameters[f"beta{layer}"], training)
        A = np.maximum(Z, 0) if layer < L else (1 + np.tanh(Z / 2)) / 2
        caches.append((A_prev, A, kept))
    return A, caches


def cost(AL, Y):
    """Return the log loss, added up over the outputs and averaged over the examples."""
    P = np.clip(AL, 1e-12, 1 - 1e-12)
    return float(-np.sum(Y * np.log(P) + (1 - Y) * np.log(1 - P)) / Y.shape[1])


def backward(Y, parameters, caches, norm=None):
    """Return the gradients of the cost for what `forward(…, training=True)` kept."""
    dZ, grads = (caches[-1][1] - Y) / Y.shape[1], {}  # (10, m)
    for layer in range(len(caches), 0, -1):
        A_prev, _, kept = caches[layer - 1]
        if kept is not None:
            dZ, grads[f"dgamma{layer}"], grads[f"dbeta{layer}"] = norm.backward(dZ, kept)
        grads[f"dW{layer}"], grads[f"db{layer}"] = dZ @ A_prev.T, dZ.sum(axis=1, keepdims=True)
        dZ = parameters[f"W{layer}"].T @ dZ * (A_prev > 0)  # (n[l-1], m), behind the ReLU
    return grads


@np.errstate(all="ignore")  # networks that exploded are among the things to be seen
def share_right(X, labels, parameters, norm=None, training=False):
    """Return the share of examples whose loudest output is the right one."""
    return float(np.mean(np.argmax(forward(X, parameters, norm, training)[0], axis=0) == labels))


@np.errstate(all="ignore")
def train(X, labels, parameters, learning_rate, rng, steps, batch_size=50, norm=None):
    """Return the parameters after so many steps of mini-batch gradient descent, and the costs.

    Args:
        X, labels: the training set, (n_x, m) and (m,).
        parameters: where to start.
        learning_rate, steps, batch_size: as always; an epoch's last, short batch is left out.
        rng: a numpy.random.Generator; it shuffles the examples for each epoch.
        norm: None, a `BatchNorm` or a `LayerNorm`.

    Returns:
        parameters: a new dict.
        costs: the cost of each step's mini-batch before the step; inf from
            where it is no longer a number.
    """
    Y, costs, order = np.eye(10)[:, labels], [], []
    for _ in range(steps):
        if len(order) < batch_size:
            order = rng.permutation(len(labels))
        batch, order = order[:batch_size], order[batch_size:]
        AL, caches = forward(X[:, batch], parameters, norm, training=True)
        costs.append(cost(AL, Y[:, batch]))
        if not np.isfinite(costs[-1]):
            costs += [np.inf] * (steps - len(costs))
            costs[-1] = np.inf
            break
        grads = backward(Y[:, batch], parameters, caches, norm)
        parameters = {name: value - learning_rate * grads[f"d{name}"] for name, value in parameters.items()}
    return parameters, costs
