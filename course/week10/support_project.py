"""What the lesson on strategy needs from earlier weeks, ready to use.

Digits of 8 × 8 pixels from two sources, what can be done to images, and a network with one
hidden layer that trains in less than a second.

Conventions: images are (m, 8, 8) from 0 (paper) to 1 (ink), labels whole numbers (m,), errors
are in per cent. No function changes its arguments.
"""

import numpy as np

from dlcore import data

__all__ = [
    "add_label_noise",
    "blur",
    "error",
    "example_weights",
    "fill",
    "fill_the_frame",
    "linear_start",
    "scores",
    "sharpness",
    "shrink",
    "start",
    "train",
    "user_digits",
    "web_digits",
]

BETA_1, BETA_2, EPS = 0.9, 0.999, 1e-8  # Adam's usual values


def web_digits(fitted=False):
    """Return the 5,000 MNIST digits as images of 8 × 8, and their labels.

    With `fitted`, each digit is cut out and stretched first until it fills its frame.
    """
    images, labels = data.digits()
    images = images / 255
    return shrink(fill_the_frame(images) if fitted else images[:, 2:26, 2:26]), labels


def user_digits():
    """Return the 1,797 digits of another project, which were taken in another way, and their labels."""
    images, labels = data.small_digits()
    order = np.random.default_rng(10).permutation(len(labels))  # the file goes from writer to writer
    return images[order] / 16, labels[order]


def shrink(images):
    """Return images of 8 × 8, each pixel the mean of a square of pixels; the side is a multiple of 8."""
    m, side = len(images), images.shape[1] // 8
    return images.reshape(m, 8, side, 8, side).mean(axis=(2, 4))


def fill_the_frame(images, side=32, width=24):
    """Return images (m, side, side) on which each digit is cut out and stretched to the full height and `width`."""
    fitted = np.zeros((len(images), side, side))
    left = (side - width) // 2
    for number, image in enumerate(images):
        ink = image > 0.3
        rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        slim = max(columns[-1] - columns[0], (rows[-1] - rows[0]) // 3)  # a 1 stays slim
        middle = (columns[0] + columns[-1]) / 2
        down = np.linspace(rows[0], rows[-1], side).round().astype(int)
        across = np.linspace(middle - slim / 2, middle + slim / 2, width).round().astype(int)
        inside = np.flatnonzero((across >= 0) & (across < image.shape[1]))
        fitted[number][:, left + inside] = ink[np.ix_(down, across[inside])]
    return fitted


def blur(images):
    """Return images out of focus: each pixel is mixed with its neighbours, 1 : 2 : 1 in both directions, twice."""
    for _ in range(2):
        for axis in (1, 2):
            padded = np.pad(images, [(1, 1) if each == axis else (0, 0) for each in range(3)])
            before, after = (np.take(padded, np.arange(8) + shift, axis=axis) for shift in (0, 2))
            images = (before + 2 * images + after) / 4
    return images


def fill(images):
    """Return the mean share of the frame's height that digits take, from 0 to 1."""
    return float(np.mean((images.max(axis=2) > 0.1).sum(axis=1)) / images.shape[1])


def sharpness(images):
    """Return the mean step between neighbouring pixels, relative to the mean of the ink."""
    return float(np.abs(np.diff(images, axis=2)).mean() / images.mean())


def add_label_noise(labels, share, rng):
    """Return labels of which a share is replaced by other digits at random."""
    wrong = rng.random(len(labels)) < share
    return np.where(wrong, (labels + rng.integers(1, 10, len(labels))) % 10, labels)


def example_weights(are_users, share):
    """Return a weight for each example, with which the users' have `share` of the whole weight.

    `are_users` says of each example whether it is one of the users'. The mean weight is 1.
    """
    weights = np.ones(len(are_users))
    for part, chosen in ((share, are_users), (1 - share, ~are_users)):
        weights[chosen] = part / np.mean(chosen)
    return weights


def start(n_x, width, rng):
    """Return He's start of a network with one hidden layer of `width` units and ten scores."""
    return {
        "W1": rng.normal(0, np.sqrt(2 / n_x), (width, n_x)),
        "b1": np.zeros((width, 1)),
        "W2": rng.normal(0, np.sqrt(1 / width), (10, width)),
        "b2": np.zeros((10, 1)),
    }


def linear_start(n_x):
    """Return the start of softmax regression, which has no hidden layer."""
    return {"W2": np.zeros((10, n_x)), "b2": np.zeros((10, 1))}


def train(images, labels, parameters, rng, steps=1000, learning_rate=0.01, size=64, decay=0.0, weights=None):
    """Return the parameters after `steps` of Adam on batches.

    `decay` is weight decay as in AdamW. With `weights`, examples come into batches in proportion to them.
    """
    X, m = 4 * images.reshape(len(images), -1).T - 1, len(labels)
    P = {name: value.copy() for name, value in parameters.items()}
    ends = None if weights is None else np.cumsum(weights)
    mean, square = ({name: np.zeros_like(value) for name, value in P.items()} for _ in range(2))
    for step in range(1, steps + 1):
        chosen = rng.integers(m, size=size) if ends is None else np.searchsorted(ends, rng.random(size) * ends[-1])
        grads = _gradients(P, X[:, chosen], labels[chosen])
        rate = learning_rate * (1 if step <= 0.6 * steps else 0.1)
        for name, grad in grads.items():
            mean[name] = BETA_1 * mean[name] + (1 - BETA_1) * grad
            square[name] = BETA_2 * square[name] + (1 - BETA_2) * grad**2
            move = (mean[name] / (1 - BETA_1**step)) / (np.sqrt(square[name] / (1 - BETA_2**step)) + EPS)
            P[name] = P[name] - rate * (move + decay * P[name] * name.startswith("W"))
    return P


def scores(images, parameters):
    """Return the scores of images, (10, m)."""
    return _forward(parameters, 4 * images.reshape(len(images), -1).T - 1)[0]


def error(images, labels, parameters):
    """Return the share of images that are read wrongly, in per cent."""
    return 100 * float(np.mean(scores(images, parameters).argmax(axis=0) != labels))


def _forward(P, X):
    A = np.maximum(P["W1"] @ X + P["b1"], 0) if "W1" in P else X
    return P["W2"] @ A + P["b2"], A


def _gradients(P, X, labels):
    m = X.shape[1]
    Z, A = _forward(P, X)
    E = np.exp(Z - Z.max(axis=0))
    dZ = E / E.sum(axis=0)
    dZ[labels, np.arange(m)] -= 1
    dZ /= m
    grads = {"dW2": dZ @ A.T, "db2": dZ.sum(axis=1, keepdims=True)}
    if "W1" in P:
        dA = (P["W2"].T @ dZ) * (A > 0)
        grads |= {"dW1": dA @ X.T, "db1": dA.sum(axis=1, keepdims=True)}
    return {name[1:]: grad for name, grad in grads.items()}
