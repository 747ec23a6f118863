"""LeNet, ready to be compared with: the network of week 7, with the conventions of `support_residual`."""

from itertools import pairwise

import numpy as np
import support_residual as support

__all__ = ["initialize_lenet", "lenet_backward", "lenet_forward", "pool_forward"]


def initialize_lenet(rng, filters=(6, 16), sizes=(400, 120, 84, 10)):
    """Return parameters of LeNet: two convolutions of 5 × 5, then dense layers; He's variances, biases 0."""
    parameters = {}
    for layer, (n_in, n_out) in enumerate(pairwise((1, *filters)), start=1):
        parameters[f"W{layer}"] = rng.normal(0, np.sqrt(2 / (25 * n_in)), size=(5, 5, n_in, n_out))
        parameters[f"b{layer}"] = np.zeros((1, 1, 1, n_out))
    for layer, (n_in, n_out) in enumerate(pairwise(sizes), start=3):
        parameters[f"W{layer}"] = rng.normal(0, np.sqrt(2 / n_in), size=(n_out, n_in))
        parameters[f"b{layer}"] = np.zeros((n_out, 1))
    return parameters


def lenet_forward(X, parameters):
    """Return the scores of LeNet for images (m, 28, 28, 1), and the caches of its layers.

    Behind the two convolutions come as many dense layers as there are in `parameters`.
    """
    P, caches = parameters, {}
    A = X
    for layer, pad in ((1, 2), (2, 0)):
        Z, caches[f"conv{layer}"] = support.conv_forward(A, P[f"W{layer}"], P[f"b{layer}"], 1, pad)
        A, caches[f"pool{layer}"] = pool_forward(np.maximum(Z, 0))
    caches["shape"], A = A.shape, A.reshape(len(A), -1).T
    for layer in range(3, len(P) // 2 + 1):
        A = A if layer == 3 else np.maximum(A, 0)
        A, caches[f"dense{layer}"] = support.dense_forward(A, P[f"W{layer}"], P[f"b{layer}"])
    return A, caches


def lenet_backward(dscores, caches):
    """Return the gradients of all parameters of LeNet."""
    grads, dZ = {}, dscores
    for layer in range(sum("dense" in name for name in caches) + 2, 2, -1):
        dA, grads[f"dW{layer}"], grads[f"db{layer}"] = support.dense_backward(dZ, caches[f"dense{layer}"])
        dZ = dA * (caches[f"dense{layer}"][0] > 0)
    dA = dZ.T.reshape(caches["shape"])
    for layer in (2, 1):
        dZ = _pool_backward(dA, caches[f"pool{layer}"])
        dA, grads[f"dW{layer}"], grads[f"db{layer}"] = support.conv_backward(dZ, caches[f"conv{layer}"])
    return grads


def pool_forward(A):
    """Return the maxima of 2 × 2 windows side by side, and a cache."""
    m, n_H, n_W, n_C = A.shape
    windows = A.reshape(m, n_H // 2, 2, n_W // 2, 2, n_C).transpose(0, 1, 3, 5, 2, 4).reshape(-1, 4)
    winners = windows.argmax(axis=1)
    pooled = windows[np.arange(len(winners)), winners]
    return pooled.reshape(m, n_H // 2, n_W // 2, n_C), (A.shape, winners, pooled)


def _pool_backward(dA, cache):
    """The gradient at the first maximum of each window, stopped where that is 0: the ReLU before it is included."""
    (m, n_H, n_W, n_C), winners, pooled = cache
    windows = np.zeros((len(winners), 4))
    windows[np.arange(len(winners)), winners] = dA.ravel() * (pooled > 0)
    windows = windows.reshape(m, n_H // 2, n_W // 2, n_C, 2, 2)
    return windows.transpose(0, 1, 4, 2, 5, 3).reshape(m, n_H, n_W, n_C)
