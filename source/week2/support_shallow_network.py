"""Random weights to start a shallow network from."""

import numpy as np

__all__ = ["random_start"]


def random_start(n_x, n_h, n_y, rng, scale=0.01):
    """Return parameters to start from: normally distributed weights, biases 0.

    Args:
        n_x, n_h, n_y: the sizes of the three layers.
        rng: a numpy.random.Generator; all randomness comes from it.
        scale: the standard deviation of the weights, ≥ 0.

    Returns:
        A dict with "W1" (n_h, n_x), "b1" (n_h, 1), "W2" (n_y, n_h) and "b2" (n_y, 1).
    """
    W1, W2 = (rng.normal(0, scale, size=shape) for shape in [(n_h, n_x), (n_y, n_h)])
    return {"W1": W1, "b1": np.zeros((n_h, 1)), "W2": W2, "b2": np.zeros((n_y, 1))}
