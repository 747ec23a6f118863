"""What the lesson on LeNet needs from earlier weeks, ready to use.

The dense layer (weeks 2 and 3), pooling (the last lesson), the steps from maps
to columns and back, the head, softmax with cross-entropy (week 6), a training
loop with Adam (week 5), and random starts.

Conventions: images are (m, n_H, n_W, n_C); scores are (classes, m), one
example per column; labels are whole numbers, shape (m,). A network is two
functions: `forward(X, parameters)` returns scores and caches, and
`backward(dscores, caches)` returns the gradients of the cost. The 1/m of the
average enters once, in `loss_and_gradient`, and nowhere else. No function
changes its arguments.
"""

from itertools import pairwise

import numpy as np

__all__ = [
    "accuracy",
    "dense_backward",
    "dense_forward",
    "dense_network_backward",
    "dense_network_forward",
    "flatten",
    "initialize_dense",
    "initialize_lenet",
    "loss_and_gradient",
    "made_up_caches",
    "pool_backward",
    "pool_forward",
    "read",
    "shift",
    "softmax",
    "train",
    "unflatten",
]

BETA_1, BETA_2, EPS = 0.9, 0.999, 1e-8  # Adam's usual values


def dense_forward(A, W, b):
    """Return Z = W A + b, shape (n_out, m), and the cache (A, W)."""
    return W @ A + b, (A, W)


def dense_backward(dZ, cache):
    """Return dA, dW and db of a dense layer; dZ holds the 1/m of the average, so there is none here."""
    A, W = cache
    return W.T @ dZ, dZ @ A.T, dZ.sum(axis=1, keepdims=True)


def pool_forward(A_prev, f, stride, mode):
    """Return the pooled maps and the cache (A_prev, f, stride); places where the window does not fit do not count.

    Args:
        A_prev: shape (m, n_H, n_W, n_C).
        f: side of the window.
        stride: how far it moves, in both directions.
        mode: "max" or "average".
    """
    down, across = ((side - f) // stride * stride + 1 for side in A_prev.shape[1:3])
    entries = [A_prev[:, i : i + down : stride, j : j + across : stride] for i, j in np.ndindex(f, f)]
    return (np.max if mode == "max" else np.mean)(entries, axis=0), (A_prev, f, stride)


def pool_backward(dA, cache, mode):
    """Return the gradient of what came into a pooling; of equal maxima, the first in reading order gets it.

    Args:
        dA: gradient of the pooled maps, shape (m, n_H', n_W', n_C).
        cache: the tuple (A_prev, f, stride) from `pool_forward`.
        mode: "max" or "average".
    """
    A_prev, f, stride = cache
    down, across = stride * (dA.shape[1] - 1) + 1, stride * (dA.shape[2] - 1) + 1
    dA_prev, largest = np.zeros(A_prev.shape), pool_forward(A_prev, f, stride, "max")[0]
    is_open = np.ones(dA.shape, dtype=bool)  # windows whose maximum has not come yet
    for i, j in np.ndindex(f, f):
        entry = np.s_[:, i : i + down : stride, j : j + across : stride]
        is_first = is_open & (A_prev[entry] == largest)
        is_open &= ~is_first
        dA_prev[entry] += dA * is_first if mode == "max" else dA / f**2
    return dA_prev


def flatten(A):
    """Return maps, shape (m, n_H, n_W, n_C), as columns, shape (n_H·n_W·n_C, m)."""
    return np.transpose(np.reshape(A, (A.shape[0], np.prod(A.shape[1:], dtype=int))))


def unflatten(X, shape):
    """Return columns, shape (n_H·n_W·n_C, m), as maps of the given shape, (m, n_H, n_W, n_C)."""
    return np.reshape(np.transpose(X), shape)


def softmax(scores):
    """Return probabilities, one column for each example, from scores of the same shape."""
    powers = np.exp(scores - scores.max(axis=0, keepdims=True))
    return powers / powers.sum(axis=0, keepdims=True)


def loss_and_gradient(scores, labels):
    """Return the average cross-entropy (nats), and its gradient with respect to the scores.

    Args:
        scores: shape (classes, m).
        labels: whole numbers from 0 on, shape (m,).

    Returns:
        cost: a number.
        dscores: shape (classes, m); it holds the 1/m of the average.
    """
    P, examples = softmax(scores), np.arange(len(labels))
    cost = -np.mean(np.log(P[labels, examples] + 1e-300))
    P[labels, examples] -= 1
    return float(cost), P / len(labels)


def train(parameters, X, labels, forward, backward, epochs, learning_rate, rng, size=32, watch=None, every=25):
    """Return trained parameters, the cost of every mini-batch, and what `watch` saw.

    Adam; the learning rate falls along half a cosine from `learning_rate` to 0.

    Args:
        parameters: where to start, a dict of arrays.
        X, labels: the training set, shapes (m, n_H, n_W, n_C) and (m,).
        forward, backward: the network.
        epochs: how often every example is used.
        learning_rate: of the first step.
        rng: a numpy.random.Generator; it shuffles the examples.
        size: examples in a mini-batch.
        watch: None, or a function of the parameters, called before the first step,
            after every `every` steps, and at the end.

    Returns:
        parameters: a new dict.
        costs: a list of numbers, in nats.
        seen: a list of pairs (examples used so far, what `watch` returned).
    """
    batches = -(-len(labels) // size)
    first = {name: np.zeros_like(value) for name, value in parameters.items()}
    second, costs, seen = dict(first), [], []
    for step in range(epochs * batches):
        if watch is not None and step % every == 0:
            seen.append((step / batches * len(labels), watch(parameters)))
        if step % batches == 0:
            order = rng.permutation(len(labels))
        chosen = order[step % batches * size :][:size]
        scores, caches = forward(X[chosen], parameters)
        cost, dscores = loss_and_gradient(scores, labels[chosen])
        costs.append(cost)
        grads = backward(dscores, caches)
        rate = learning_rate * (1 + np.cos(np.pi * step / (epochs * batches))) / 2
        first = {name: BETA_1 * old + (1 - BETA_1) * grads["d" + name] for name, old in first.items()}
        second = {name: BETA_2 * old + (1 - BETA_2) * grads["d" + name] ** 2 for name, old in second.items()}
        parameters = {
            name: value
            - rate
            * (first[name] / (1 - BETA_1 ** (step + 1)))
            / (np.sqrt(second[name] / (1 - BETA_2 ** (step + 1))) + EPS)
            for name, value in parameters.items()
        }
    if watch is not None:
        seen.append((epochs * len(labels), watch(parameters)))
    return parameters, costs, seen


def read(X, parameters, forward, size=250):
    """Return the class with the largest score for each image, shape (m,); `size` images at a time."""
    parts = [forward(X[start : start + size], parameters)[0] for start in range(0, len(X), size)]
    return np.argmax(np.concatenate(parts, axis=1), axis=0)


def accuracy(X, labels, parameters, forward):
    """Return the share of images (%) that are read correctly."""
    return 100 * float(np.mean(read(X, parameters, forward) == labels))


def shift(images, right, down):
    """Return the images moved to the right and down by whole pixels; what comes in is 0.

    Args:
        images: shape (m, n_H, n_W, …).
        right, down: whole numbers; negative ones move to the left and up.
    """
    n_H, n_W = images.shape[1:3]
    moved = np.zeros_like(images)
    new = slice(max(down, 0), n_H + min(down, 0)), slice(max(right, 0), n_W + min(right, 0))
    old = slice(max(-down, 0), n_H - max(down, 0)), slice(max(-right, 0), n_W - max(right, 0))
    moved[:, new[0], new[1]] = images[:, old[0], old[1]]
    return moved


def initialize_dense(sizes, rng, first=1):
    """Return parameters of dense layers: weights of variance 2 / n[l-1], biases 0.

    Args:
        sizes: numbers of units from the input to the output, such as [784, 77, 10].
        rng: a numpy.random.Generator.
        first: the number of the first layer, so that the names are "W1", "b1", … for 1.
    """
    parameters = {}
    for layer, (n_in, n_out) in enumerate(pairwise(sizes), start=first):
        parameters[f"W{layer}"] = rng.normal(0, np.sqrt(2 / n_in), size=(n_out, n_in))
        parameters[f"b{layer}"] = np.zeros((n_out, 1))
    return parameters


def initialize_lenet(rng, filters=(6, 16), sizes=(400, 120, 84, 10), channels=1):
    """Return parameters of LeNet: two convolutions of 5 × 5, then dense layers; He's variances, biases 0.

    Args:
        rng: a numpy.random.Generator.
        filters: of the two convolutions.
        sizes: numbers of units, from what the second pooling leaves to the scores.
        channels: of the images.
    """
    parameters = {}
    for layer, (n_in, n_out) in enumerate(pairwise((channels, *filters)), start=1):
        parameters[f"W{layer}"] = rng.normal(0, np.sqrt(2 / (25 * n_in)), size=(5, 5, n_in, n_out))
        parameters[f"b{layer}"] = np.zeros((1, 1, 1, n_out))
    return parameters | initialize_dense(sizes, rng, first=3)


def made_up_caches(parameters, shape, rng):
    """Return caches as `lenet_forward` would, but of random numbers, to try `lenet_backward` with.

    Args:
        parameters: LeNet's.
        shape: of the images, (m, n_H, n_W, n_C).
        rng: a numpy.random.Generator.
    """
    P, (m, n_H, n_W, _) = parameters, shape
    small = (m, n_H // 2, n_W // 2, P["W2"].shape[2])
    smaller = (m, (n_H // 2 - 4) // 2, (n_W // 2 - 4) // 2, P["W2"].shape[3])
    pooled = np.maximum(rng.normal(size=small), 0)
    columns = {layer: np.maximum(rng.normal(size=(P[f"W{layer}"].shape[1], m)), 0) for layer in (3, 4, 5)}
    caches = {
        "conv1": (rng.normal(size=shape), P["W1"], P["b1"], 1, 2),
        "pool1": (_enlarged(pooled, rng), 2, 2),
        "conv2": (pooled, P["W2"], P["b2"], 1, 0),
        "pool2": (_enlarged(columns[3].T.reshape(smaller), rng), 2, 2),
        "shape": smaller,
    }
    return caches | {f"dense{layer}": (columns[layer], P[f"W{layer}"]) for layer in (3, 4, 5)}


def _enlarged(pooled, rng):
    """Maps of twice the size whose 2 × 2 windows have these maxima, in their lower left corners."""
    large = pooled.repeat(2, axis=1).repeat(2, axis=2)
    large *= rng.uniform(0.1, 0.9, size=large.shape)
    large[:, 1::2, ::2] = pooled
    return large


def dense_network_forward(A, parameters):
    """Return scores and caches of a network of dense layers with ReLU between them; A is (n_x, m)."""
    caches = []
    for layer in range(1, len(parameters) // 2 + 1):
        A = A if layer == 1 else np.maximum(A, 0)
        A, cache = dense_forward(A, parameters[f"W{layer}"], parameters[f"b{layer}"])
        caches.append(cache)
    return A, caches


def dense_network_backward(dscores, caches):
    """Return the gradients of the network of dense layers, as a dict "dW1", "db1", …."""
    grads, dZ = {}, dscores
    for layer in range(len(caches), 0, -1):
        dA, grads[f"dW{layer}"], grads[f"db{layer}"] = dense_backward(dZ, caches[layer - 1])
        dZ = dA * (caches[layer - 1][0] > 0)
    return grads
