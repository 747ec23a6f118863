"""What the lesson on transfer learning needs from earlier weeks: LeNet in pieces, and trained on some classes.

Images are (m, n_H, n_W, n_C) from 0 (paper) to 1 (ink); labels are whole numbers
from 0, shape (m,). Parameters are a dict of "W1", "b1" and so on; layers 1 and 2
are convolutions, the others dense. No function changes its arguments.
"""

import numpy as np
import support_residual as earlier
import support_residual_lenet as lenet

__all__ = [
    "LAYER_NAMES",
    "backward",
    "forward",
    "head_slopes",
    "layers_of",
    "loss_and_slopes",
    "random_lenet",
    "read",
    "train_lenet",
]

LAYER_NAMES = ("conv 1", "pool 1", "conv 2", "pool 2", "dense 3", "dense 4")


def random_lenet(classes, rng):
    """Return parameters of LeNet for so many classes: random, He's variances, biases 0."""
    return lenet.initialize_lenet(rng, sizes=(400, 120, 84, classes))


def train_lenet(images, labels, classes, rng, steps=300, learning_rate=0.003):
    """Return the parameters of a LeNet that was trained on these images with Adam, and the costs on the way (nats)."""
    start = random_lenet(classes, rng)
    return earlier.train(start, images, labels, forward, backward, steps, learning_rate, rng)


def layers_of(parameters):
    """Return LeNet's layers in front of the scores as a list of six functions, each with its ReLU.

    Each takes what the one before it returned, an array (m, n_H, n_W, n_C), and
    returns such an array. The dense ones return maps of one pixel, (m, 1, 1, n).
    """
    P = parameters

    def conv(number, pad):
        return lambda A: np.maximum(earlier.conv_forward(A, P[f"W{number}"], P[f"b{number}"], 1, pad)[0], 0)

    def pool(A):
        return lenet.pool_forward(A)[0]

    def dense(number):
        return lambda A: np.maximum(A.reshape(len(A), 1, 1, -1) @ P[f"W{number}"].T + P[f"b{number}"].ravel(), 0)

    return [conv(1, 2), pool, conv(2, 0), pool, dense(3), dense(4)]


def forward(X, parameters):
    """Return the scores of a LeNet with any number of dense layers, shape (classes, m), and its caches."""
    return lenet.lenet_forward(X, parameters)


def backward(dscores, caches):
    """Return the gradients of all parameters, a dict with "d" before each name."""
    return lenet.lenet_backward(dscores, caches)


def loss_and_slopes(X, labels, parameters):
    """Return the averaged cross-entropy (nats) of a LeNet, and the gradients of all its parameters."""
    scores, caches = forward(X, parameters)
    cost, dscores = earlier.loss_and_gradient(scores, labels)
    return cost, backward(dscores, caches)


def head_slopes(F, labels, head):
    """Return the gradients "dW1" and "db1" of a softmax layer on features F, shape (n, m)."""
    scores, cache = earlier.dense_forward(F, head["W1"], head["b1"])
    _, dW, db = earlier.dense_backward(earlier.loss_and_gradient(scores, labels)[1], cache)
    return {"dW1": dW, "db1": db}


def read(X, parameters):
    """Return the class with the largest score for each image, shape (m,)."""
    return earlier.read(X, parameters, forward)
