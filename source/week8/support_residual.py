"""What the lesson on residual networks needs from earlier weeks, ready to use.

Dense layers (weeks 2 and 3), convolution and pooling on a matrix of windows
(week 7), softmax with cross-entropy (week 6), a training loop with Adam (week 5),
and random starts.

Conventions: vectors are columns, (n, m); images are (m, n_H, n_W, n_C); scores are
(classes, m); labels are whole numbers, shape (m,). A network is two functions:
`forward(X, parameters)` returns scores and caches, and `backward(dscores, caches)`
returns the gradients of the cost, a dict with "d" before each name. The 1/m of the
average enters once, in `loss_and_gradient`. No function changes its arguments.
"""

from itertools import pairwise

import numpy as np

__all__ = [
    "accuracy",
    "block_of",
    "block_parameters",
    "conv_backward",
    "conv_forward",
    "dense_backward",
    "dense_forward",
    "initialize_resnet",
    "layer_costs",
    "loss_and_gradient",
    "made_up_block_cache",
    "made_up_caches",
    "plain_backward",
    "plain_forward",
    "read",
    "shift",
    "smaller",
    "softmax",
    "stack",
    "stack_start",
    "train",
]

BETA_1, BETA_2, EPS = 0.9, 0.999, 1e-8  # Adam's usual values


def dense_forward(A, W, b):
    """Return Z = W A + b, shape (n_out, m), and the cache (A, W)."""
    return W @ A + b, (A, W)


def dense_backward(dZ, cache):
    """Return dA, dW and db of a dense layer; dZ holds the 1/m of the average, so there is none here."""
    A, W = cache
    return W.T @ dZ, dZ @ A.T, dZ.sum(axis=1, keepdims=True)


def conv_forward(A, W, b, stride, pad):
    """Return what a convolution makes of images (m, n_H, n_W, n_C), and the cache (A, W, b, stride, pad)."""
    f, n_C = W.shape[0], W.shape[3]
    Z = _windows(A, f, stride, pad).reshape(-1, f * f * A.shape[3]) @ W.reshape(-1, n_C) + b.reshape(-1)
    down, across = ((side + 2 * pad - f) // stride + 1 for side in A.shape[1:3])
    return Z.reshape(len(A), down, across, n_C), (A, W, b, stride, pad)


def conv_backward(dZ, cache):
    """Return dA, dW and db of a convolution, each of the shape of what it belongs to."""
    A, W, b, stride, pad = cache
    f, n_C = W.shape[0], W.shape[3]
    m, down, across, _ = dZ.shape
    slopes = dZ.reshape(-1, n_C)
    dW = _windows(A, f, stride, pad).reshape(len(slopes), -1).T @ slopes
    parts = (slopes @ W.reshape(-1, n_C).T).reshape(m, down, across, f, f, -1)
    dX = np.zeros((m, A.shape[1] + 2 * pad, A.shape[2] + 2 * pad, A.shape[3]))
    for i, j in np.ndindex(f, f):
        dX[:, i : i + stride * down : stride, j : j + stride * across : stride] += parts[:, :, :, i, j]
    dA = dX[:, pad : pad + A.shape[1], pad : pad + A.shape[2]]
    return dA, dW.reshape(W.shape), slopes.sum(axis=0).reshape(b.shape)


def _windows(A, f, stride, pad):
    """All windows, shape (m, n_H', n_W', f, f, n_C)."""
    X = np.pad(A, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(X, (f, f), axis=(1, 2))[:, ::stride, ::stride]
    return np.ascontiguousarray(windows.transpose(0, 1, 2, 4, 5, 3))


def smaller(images):
    """Return images of half the side, the mean of 2 × 2 pixels each."""
    return (images[:, ::2, ::2] + images[:, 1::2, ::2] + images[:, ::2, 1::2] + images[:, 1::2, 1::2]) / 4


def shift(images, right):
    """Return images (m, n_H, n_W, n_C) moved to the right by whole pixels (left if negative), fewer than the width."""
    moved, width = np.zeros_like(images), images.shape[2]
    moved[:, :, max(right, 0) : width + min(right, 0)] = images[:, :, max(-right, 0) : width - max(right, 0)]
    return moved


def softmax(scores):
    """Return probabilities, one column for each example, from scores of the same shape."""
    powers = np.exp(scores - scores.max(axis=0, keepdims=True))
    return powers / powers.sum(axis=0, keepdims=True)


def loss_and_gradient(scores, labels):
    """Return the average cross-entropy (nats), and its gradient with respect to the scores, with the 1/m in it."""
    P, examples = softmax(scores), np.arange(len(labels))
    cost = -np.mean(np.log(P[labels, examples] + 1e-300))
    P[labels, examples] -= 1
    return float(cost), P / len(labels)


def train(parameters, X, labels, forward, backward, steps, learning_rate, rng, size=32):
    """Return trained parameters, a new dict, and the cost (nats) of every mini-batch.

    Adam; the learning rate falls along half a cosine from `learning_rate` to 0. It ends
    early, with the costs so far, when the cost is no finite number any more.

    Args:
        parameters: where to start, a dict of arrays.
        X, labels: the training set; examples are columns of a matrix, or the first axis of images.
        forward, backward: the network.
        steps: number of mini-batches.
        learning_rate: of the first step.
        rng: a numpy.random.Generator; it shuffles the examples.
        size: examples in a mini-batch.
    """
    shapes = {name: value.shape for name, value in parameters.items()}
    theta = np.concatenate([value.ravel() for value in parameters.values()]).astype(float)
    first, second, costs, order = np.zeros_like(theta), np.zeros_like(theta), [], np.array([], dtype=int)
    for step in range(steps):
        if len(order) < size:
            order = rng.permutation(len(labels))
        chosen, order = order[:size], order[size:]
        scores, caches = forward(X[:, chosen] if X.ndim == 2 else X[chosen], _unpack(theta, shapes))
        cost, dscores = loss_and_gradient(scores, labels[chosen])
        costs.append(cost)
        if not np.isfinite(cost):
            break
        grads = backward(dscores, caches)
        slopes = np.concatenate([np.ravel(grads["d" + name]) for name in shapes])
        rate = learning_rate * (1 + np.cos(np.pi * step / steps)) / 2
        first = BETA_1 * first + (1 - BETA_1) * slopes
        second = BETA_2 * second + (1 - BETA_2) * slopes**2
        unbiased = np.sqrt(second / (1 - BETA_2 ** (step + 1))) + EPS
        theta = theta - rate * (first / (1 - BETA_1 ** (step + 1))) / unbiased
    return _unpack(theta, shapes), costs


def _unpack(theta, shapes):
    """The flat vector as a dict of arrays."""
    parameters, start = {}, 0
    for name, shape in shapes.items():
        end = start + int(np.prod(shape))
        parameters[name] = theta[start:end].reshape(shape)
        start = end
    return parameters


def read(X, parameters, forward, size=250):
    """Return the class with the largest score for each example, shape (m,); `size` examples at a time."""
    if X.ndim == 2:
        return np.argmax(forward(X, parameters)[0], axis=0)
    parts = [forward(X[start : start + size], parameters)[0] for start in range(0, len(X), size)]
    return np.argmax(np.concatenate(parts, axis=1), axis=0)


def accuracy(X, labels, parameters, forward):
    """Return the share of examples (%) that are read correctly."""
    return 100 * float(np.mean(read(X, parameters, forward) == labels))


def _relu_layer(A, W, b):
    Z = dense_forward(A, W, b)[0]
    return np.maximum(Z, 0)


def plain_forward(X, p):
    """Return what two dense layers with ReLU make of X, without a shortcut, and the cache."""
    A1 = _relu_layer(X, p["W1"], p["b1"])
    A2 = _relu_layer(A1, p["W2"], p["b2"])
    return A2, (X, A1, A2, p)


def plain_backward(dout, cache):
    """Return dX and the gradients "dW1", "db1", "dW2", "db2" of two dense layers with ReLU."""
    X, A1, A2, p = cache
    dZ2 = dout * (A2 > 0)
    dA1, dW2, db2 = dense_backward(dZ2, (A1, p["W2"]))
    dX, dW1, db1 = dense_backward(dA1 * (A1 > 0), (X, p["W1"]))
    return dX, {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


def layer_costs(side, channels, layers):
    """Return for each layer its number of parameters and of multiplications for one image, and the two sums.

    Args:
        side, channels: of the images, which are square.
        layers: a list of tuples ("conv", f, filters, stride, pad), ("pool", f, stride, pad) and,
            behind all others, ("dense", units).

    Returns:
        rows: a list with a pair (parameters, multiplications) for each layer; (0, 0) for a pooling.
        total: the pair of the sums.
    """
    rows = []
    for kind, *numbers in layers:
        if kind == "dense":
            numbers = [side, *numbers, 1, 0]  # each unit has a window as large as the maps
        f, stride, pad = numbers[0], *numbers[-2:]
        side = (side + 2 * pad - f) // stride + 1
        if kind == "pool":
            rows.append((0, 0))
            continue
        weights, channels = f * f * channels * numbers[1], numbers[1]
        rows.append((weights + channels, weights * side * side))
    return rows, (sum(parameters for parameters, _ in rows), sum(work for _, work in rows))


def stack_start(n_x, n_classes, blocks, rng):
    """Return parameters of a dense layer, some blocks of two layers each, and a dense layer for the scores.

    Args:
        n_x: number of inputs.
        n_classes: number of scores.
        blocks: a list of dicts "W1", "b1", "W2", "b2", one for each block.
        rng: a numpy.random.Generator, for the first and the last layer.
    """
    width = len(blocks[0]["b1"])
    parameters = {"W_in": rng.normal(size=(width, n_x)) * np.sqrt(2 / n_x), "b_in": np.zeros((width, 1))}
    for number, block in enumerate(blocks):
        parameters |= {f"{name}_{number}": value for name, value in block.items()}
    scores = {"W_out": rng.normal(0, np.sqrt(1 / width), (n_classes, width)), "b_out": np.zeros((n_classes, 1))}
    return parameters | scores


def stack(block_forward, block_backward):
    """Return `forward` and `backward` of a network of such blocks, between two dense layers.

    Args:
        block_forward: (X, p) → (out, cache), p being a dict "W1", "b1", "W2", "b2".
        block_backward: (dout, cache) → (dX, grads).
    """

    def forward(X, parameters):
        P = parameters
        Z, cache_in = dense_forward(X, P["W_in"], P["b_in"])
        A, caches = np.maximum(Z, 0), []
        for number in range((len(P) - 4) // 4):
            A, cache = block_forward(A, {name: P[f"{name}_{number}"] for name in ("W1", "b1", "W2", "b2")})
            caches.append(cache)
        scores, cache_out = dense_forward(A, P["W_out"], P["b_out"])
        return scores, (cache_in, Z > 0, caches, cache_out)

    def backward(dscores, caches):
        cache_in, mask, blocks, cache_out = caches
        dA, dW_out, db_out = dense_backward(dscores, cache_out)
        grads = {"dW_out": dW_out, "db_out": db_out}
        for number in range(len(blocks) - 1, -1, -1):
            dA, slopes = block_backward(dA, blocks[number])
            grads |= {f"{name}_{number}": value for name, value in slopes.items()}
        _, grads["dW_in"], grads["db_in"] = dense_backward(dA * mask, cache_in)
        return grads

    return forward, backward


def block_parameters(n_in, n_out, stride, rng, f=3):
    """Return random parameters of a block of two convolutions: He's variance, and 0 for the second filters.

    "Ws", shape (n_in, n_out), is there only where the block changes the shape.
    """
    p = {
        "W1": rng.normal(0, np.sqrt(2 / (f * f * n_in)), (f, f, n_in, n_out)),
        "b1": np.zeros((1, 1, 1, n_out)),
        "W2": np.zeros((f, f, n_out, n_out)),
        "b2": np.zeros((1, 1, 1, n_out)),
    }
    if n_in != n_out or stride != 1:
        p["Ws"] = rng.normal(0, np.sqrt(1 / n_in), (n_in, n_out))
    return p


def initialize_resnet(rng, channels=(1, 8, 8, 16), strides=(2, 1, 2), classes=10):
    """Return parameters of a small residual network for images.

    "W_in" and "b_in" of the first convolution, "W1_0", "b1_0", "W2_0", "b2_0" (and "Ws_0" with a
    projection) of block 0, and so on, then "W_out" and "b_out" of the dense layer.

    Args:
        rng: a numpy.random.Generator.
        channels: of the images, of the first convolution, and of each block.
        strides: of the first convolution, and of each block.
        classes: number of scores.
    """
    first = channels[1]
    parameters = {
        "W_in": rng.normal(0, np.sqrt(2 / (9 * channels[0])), (3, 3, channels[0], first)),
        "b_in": np.zeros((1, 1, 1, first)),
    }
    for number, (pair, stride) in enumerate(zip(pairwise(channels[1:]), strides[1:], strict=True)):
        block = block_parameters(*pair, stride, rng)
        parameters |= {f"{name}_{number}": value for name, value in block.items()}
    parameters["W_out"] = rng.normal(0, np.sqrt(1 / channels[-1]), (classes, channels[-1]))
    return parameters | {"b_out": np.zeros((classes, 1))}


def block_of(parameters, number):
    """Return the parameters of one block, "W1", "b1", "W2", "b2" and, if it has a projection, "Ws"."""
    names = ("W1", "b1", "W2", "b2", "Ws")
    return {name: parameters[f"{name}_{number}"] for name in names if f"{name}_{number}" in parameters}


def made_up_block_cache(p, shape, stride, rng):
    """Return a cache as `block_forward` would, but of random numbers, to try `block_backward` with.

    Args:
        p: the block's parameters.
        shape: of what comes in, (m, n_H, n_W, n_C).
        stride: of the block.
        rng: a numpy.random.Generator.
    """
    m, n_H, n_W, _ = shape
    behind = (m, (n_H - 1) // stride + 1, (n_W - 1) // stride + 1, p["W1"].shape[3])
    X, A1, out = (np.maximum(rng.normal(size=size), 0) for size in (shape, behind, behind))
    shortcut = (X, p["Ws"], stride) if "Ws" in p else None
    return (X, p["W1"], p["b1"], stride, 1), (A1, p["W2"], p["b2"], 1, 1), shortcut, out


def made_up_caches(parameters, shape, strides, rng):
    """Return caches as `resnet_forward` would, but of random numbers, to try `resnet_backward` with.

    Args:
        parameters: the network's.
        shape: of the images, (m, n_H, n_W, n_C).
        strides: of the first convolution, and of each block.
        rng: a numpy.random.Generator.
    """
    P, blocks = parameters, []
    maps = (shape[0], *((side - 1) // strides[0] + 1 for side in shape[1:3]), P["W_in"].shape[3])
    for number, stride in enumerate(strides[1:]):
        blocks.append(made_up_block_cache(block_of(P, number), maps, stride, rng))
        maps = blocks[-1][-1].shape
    return {
        "in": (rng.normal(size=shape), P["W_in"], P["b_in"], strides[0], 1),
        "blocks": blocks,
        "shape": maps,
        "out": (rng.normal(size=(maps[3], maps[0])), P["W_out"]),
    }
