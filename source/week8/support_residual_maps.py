"""What the lesson on residual networks needs on maps besides: the way back through the network, parts of Inception,
and the receptive field (week 7).

Conventions as in `support_residual`. No function changes its arguments.
"""

import numpy as np
import support_residual as support

__all__ = [
    "conv_relu_backward",
    "conv_relu_forward",
    "inception_parameters",
    "made_up_inception_caches",
    "pool_same_backward",
    "pool_same_forward",
    "receptive_field",
    "resnet_backward",
]


def resnet_backward(dscores, caches):
    """Return the gradients of all parameters of a residual network, a dict with a "d" before each name.

    Args:
        dscores: derivative of the averaged cost with respect to the scores, shape (classes, m).
        caches: the dict that the lesson's `resnet_forward` returns, with at least one block.
    """
    grads, blocks = {}, caches["blocks"]
    dV, grads["dW_out"], grads["db_out"] = support.dense_backward(dscores, caches["out"])
    m, n_H, n_W, n_C = caches["shape"]
    dA = np.broadcast_to(dV.T[:, np.newaxis, np.newaxis] / (n_H * n_W), (m, n_H, n_W, n_C))
    for number in reversed(range(len(blocks))):
        dA, slopes = _block_backward(dA, *blocks[number])
        grads |= {f"d{name}_{number}": value for name, value in slopes.items()}
    first_relu = blocks[0][0][0] > 0
    _, grads["dW_in"], grads["db_in"] = support.conv_backward(dA * first_relu, caches["in"])
    return grads


def _block_backward(dout, first, second, projection, out):
    """dX, and the gradients by the names of the parameters."""
    dZ = np.where(out > 0, dout, 0)
    dA, dW2, db2 = support.conv_backward(dZ, second)
    dX, dW1, db1 = support.conv_backward(np.where(second[0] > 0, dA, 0), first)
    grads = {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
    if projection is None:
        return dX + dZ, grads
    X, W, stride = projection
    dX[:, ::stride, ::stride] += dZ @ W.T
    seen = X[:, ::stride, ::stride].reshape(-1, len(W))
    return dX, grads | {"Ws": seen.T @ dZ.reshape(len(seen), -1)}


def conv_relu_forward(A, W, b, pad):
    """Return the ReLU of a convolution with stride 1, and the cache: that of the convolution, and the result."""
    Z, cache = support.conv_forward(A, W, b, 1, pad)
    out = np.maximum(Z, 0)
    return out, (cache, out)


def conv_relu_backward(dout, cache):
    """Return dA, dW and db of a convolution with ReLU, from the cache of `conv_relu_forward`."""
    of_convolution, out = cache
    return support.conv_backward(dout * (out > 0), of_convolution)


def pool_same_forward(A):
    """Return the maxima of 3 × 3 windows, one around each pixel, shape of A, and the cache.

    What lies outside of the maps never is the maximum.
    """
    windows = _around(A)
    winners = windows.argmax(axis=0)
    return np.take_along_axis(windows, winners[np.newaxis], axis=0)[0], (A.shape, winners)


def pool_same_backward(dout, cache):
    """Return dA: what arrives at a maximum goes to its pixel, the first one if several are equal."""
    (m, n_H, n_W, n_C), winners = cache
    framed = np.zeros((m, n_H + 2, n_W + 2, n_C))
    for number, (i, j) in enumerate(np.ndindex(3, 3)):
        framed[:, i : i + n_H, j : j + n_W] += dout * (winners == number)
    return framed[:, 1:-1, 1:-1]


def _around(A):
    """The nine neighbours of each pixel, itself among them, shape (9, m, n_H, n_W, n_C)."""
    framed = np.pad(np.asarray(A, dtype=float), ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
    n_H, n_W = A.shape[1:3]
    return np.stack([framed[:, i : i + n_H, j : j + n_W] for i, j in np.ndindex(3, 3)])


def inception_parameters(n_in, sizes, rng):
    """Return parameters of an Inception block: He's variance, biases 0.

    "W_1" and "b_1", then "W_3in", "b_3in", "W_3", "b_3", "W_5in", "b_5in", "W_5", "b_5", "W_pool", "b_pool".

    Args:
        n_in: channels of the maps that come in.
        sizes: the number of filters of "1", "3in", "3", "5in", "5" and "pool".
        rng: a numpy.random.Generator.
    """
    one, three_in, three, five_in, five, behind_pool = sizes
    layers = {"1": (1, n_in, one), "3in": (1, n_in, three_in), "3": (3, three_in, three)}
    layers |= {"5in": (1, n_in, five_in), "5": (5, five_in, five), "pool": (1, n_in, behind_pool)}
    p = {}
    for name, (f, come, go) in layers.items():
        p["W_" + name] = rng.normal(0, np.sqrt(2 / (f * f * come)), (f, f, come, go))
        p["b_" + name] = np.zeros((1, 1, 1, go))
    return p


def made_up_inception_caches(p, shape, rng):
    """Return caches as `inception_forward` would, but of random numbers, to try `inception_backward` with.

    Args:
        p: the block's parameters.
        shape: of what comes in, (m, n_H, n_W, n_C).
        rng: a numpy.random.Generator.
    """
    places, caches = shape[:3], {}
    for name in ("1", "3in", "3", "5in", "5", "pool"):
        W, b = p["W_" + name], p["b_" + name]
        A, out = (np.maximum(rng.normal(size=(*places, channels)), 0) for channels in W.shape[2:])
        caches[name] = (A, W, b, 1, len(W) // 2), out
    return caches | {"maxima": pool_same_forward(rng.normal(size=shape))[1]}


def receptive_field(layers):
    """Return the side (pixels) of what a unit behind layers sees of the image; layers are pairs (window, stride)."""
    side, step = 1, 1
    for f, stride in layers:
        side, step = side + (f - 1) * step, step * stride
    return side
