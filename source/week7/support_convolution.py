"""What the lesson on convolution needs from earlier weeks: a linear classifier, and a measured gradient.

`train_linear` is the softmax layer of week 6 with the momentum of week 5;
`measured` and `disagreement` are the numerical gradient and the relative error
of week 4.
"""

import numpy as np

__all__ = ["accuracy", "disagreement", "measured", "train_linear"]


def train_linear(X, labels, steps=200, learning_rate=0.1, decay=1e-3):
    """Return the weights (10, n_x) and biases (10, 1) of a softmax classifier of digits.

    Args:
        X: examples, shape (n_x, m).
        labels: whole numbers from 0 to 9, shape (m,).
        steps: of gradient descent with momentum 0.9, on all examples at once.
        learning_rate: of these steps.
        decay: the strength of the L2 penalty.
    """
    mean, spread = X.mean(axis=1, keepdims=True), X.std()  # one spread: features keep their proportions
    centred = (X - mean) / spread
    answers = np.eye(10)[:, labels]  # (10, m), one-hot
    W, b = np.zeros((10, len(X))), np.zeros((10, 1))
    velocity = {"W": np.zeros_like(W), "b": np.zeros_like(b)}
    for _ in range(steps):
        scores = W @ centred + b
        odds = np.exp(scores - scores.max(axis=0))
        slips = (odds / odds.sum(axis=0) - answers) / len(labels)
        velocity["W"] = 0.9 * velocity["W"] + slips @ centred.T + decay * W
        velocity["b"] = 0.9 * velocity["b"] + slips.sum(axis=1, keepdims=True)
        W, b = W - learning_rate * velocity["W"], b - learning_rate * velocity["b"]
    return W / spread, b - W @ mean / spread


def accuracy(classifier, X, labels):
    """Return the share of examples that the classifier, (W, b), gets right."""
    W, b = classifier
    return float(((W @ X + b).argmax(axis=0) == labels).mean())


def measured(f, theta, eps=1e-5):
    """Return the gradient of f, an array's number, at theta, by centred differences."""
    slopes = np.empty(theta.shape)
    for place in np.ndindex(*theta.shape):
        there, back = theta.copy(), theta.copy()
        there[place] += eps
        back[place] -= eps
        slopes[place] = (f(there) - f(back)) / (2 * eps)
    return slopes


def disagreement(claimed, true):
    """Return the relative error of two arrays: their distance as a share of their lengths; 0 if both are 0."""
    lengths = np.linalg.norm(claimed) + np.linalg.norm(true)
    return float(np.linalg.norm(claimed - true) / lengths) if lengths else 0.0
