"""What the lesson on residual networks needs on maps besides: the way back through the network, ready to train with.

Conventions as in `support_residual`. No function changes its arguments.
"""

import numpy as np
import support_residual as support

__all__ = ["resnet_backward"]


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
    return dX, grads | {"Ws": np.einsum("mhwc,mhwk->ck", X[:, ::stride, ::stride], dZ)}
