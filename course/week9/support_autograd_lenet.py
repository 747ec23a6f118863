"""LeNet of week 7 for the engine, without a backward pass; its convolution, its cost, and mini-batches."""

import itertools

import numpy as np
import support_autograd as support

__all__ = ["convolve", "cross_entropy", "initialize_lenet", "lenet", "mini_batches"]


def initialize_lenet(rng, filters=(6, 16), sizes=(400, 120, 84, 10)):
    """Return LeNet's parameters as tensors, by name; He's variances, the biases 0."""
    first, second = filters
    shapes = {"W1": (5, 5, 1, first), "W2": (5, 5, first, second)}
    shapes |= {f"W{number + 3}": pair for number, pair in enumerate(itertools.pairwise(sizes))}
    parameters = {}
    for name, shape in shapes.items():
        parameters[name] = support.Tensor(rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape))
        parameters["b" + name[1:]] = support.Tensor(np.zeros(shape[-1]))
    return parameters


def _pool(A):
    m, n_H, n_W, n_C = A.shape
    return support.maximum_over(A.reshape(m, n_H // 2, 2, n_W // 2, 2, n_C), axis=(2, 4))


def _convolve(X, W, b, stride, pad):
    side, n_filters = W.shape[1], W.shape[-1]
    down, across = ((length + 2 * pad - side) // stride + 1 for length in X.shape[1:3])
    windows = support.im2col(X, side, stride, pad)  # (m·down·across, side·side·n_C)
    maps = windows @ W.reshape(side * side * W.shape[2], n_filters) + b
    return maps.reshape(len(X), down, across, n_filters)


convolve = support.yours_at_work("conv2d", own=_convolve)


def lenet(images, P, convolution=convolve):
    """Return the scores (m, 10) of images (m, 28, 28, 1) from LeNet, a tensor.

    Args:
        images: an array.
        P: the parameters, tensors by name, from `initialize_lenet`.
        convolution: a function (X, W, b, stride, pad) → maps; if none is given, your `conv2d` or,
            until you have written it, one that stands here.
    """
    A = _pool(support.relu(convolution(images, P["W1"], P["b1"], 1, 2)))  # (m, 14, 14, 6)
    A = _pool(support.relu(convolution(A, P["W2"], P["b2"], 1, 0)))  # (m, 5, 5, 16)
    A = A.reshape(A.shape[0], -1)
    for number in ("3", "4"):
        A = support.relu(A @ P["W" + number] + P["b" + number])
    return A @ P["W5"] + P["b5"]


def cross_entropy(scores, labels):
    """Return the average cross-entropy (nats) of scores (m, classes) for labels (m,), a tensor."""
    return -support.log_softmax(scores, axis=1)[np.arange(len(labels)), labels].mean()


def mini_batches(X, labels, size, rng):
    """Return pairs (examples, labels) of `size` examples each, shuffled, the rest left out."""
    order = rng.permutation(len(labels))
    starts = range(0, len(labels) - size + 1, size)
    return [(X[order[start : start + size]], labels[order[start : start + size]]) for start in starts]
