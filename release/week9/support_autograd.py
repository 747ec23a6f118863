"""What the lesson on automatic differentiation needs, ready to use: the shell of the engine.

The shell records what is computed. How a gradient goes back is yours: the engine calls your
functions by their names in your notebook, once `use(globals())` has run.

`Tensor` is an array that remembers what it was made of. A rule is a pair of functions: what NumPy
does on the way there, and how a gradient goes back, `back(g, out, *inputs, **options)`, which
returns one gradient for each input (a function of one input returns the gradient itself).
"""

from __future__ import annotations

import itertools
from contextlib import contextmanager

import numpy as np

__all__ = [
    "RULES",
    "Tensor",
    "apply",
    "exp",
    "im2col",
    "log",
    "log_softmax",
    "maximum_over",
    "no_grad",
    "relu",
    "tanh",
    "use",
    "yours_at_work",
]

_yours: dict = {}  # the notebook's names


def use(names):
    """Let the engine find your functions in `names`, for example globals()."""
    global _yours
    _yours = names


def _call(name, *arguments, **options):
    if name not in _yours:
        raise NotImplementedError(f"{name} is not there: run `support.use(globals())`, and the cell of {name}.")
    return _yours[name](*arguments, **options)


class Tensor:
    """An array that remembers what it was made of.

    Attributes:
        value: the array.
        grad: what `backward` has added up here, or None.
        parents: the tensors it was made of; none for a leaf.
        kind: the name of the operation that made it, or "leaf".
        back: a function: the gradient that arrives here → a list, what each parent gets of it.
        number: newer tensors have larger ones, and `a < b` says that a is older.
    """

    __array_ufunc__ = None  # so that NumPy leaves `array * tensor` to us

    def __array_function__(self, function, types, arguments, options):
        raise TypeError(
            f"np.{function.__name__} cannot record what it does with a tensor. "
            "Use methods and operators, such as X.reshape(…) and @."
        )

    _numbers = itertools.count()
    recording = True

    def __init__(self, value, parents=(), kind="leaf", back=None):
        self.value, self.grad = np.asarray(value, dtype=float), None
        self.parents, self.kind, self.back = tuple(parents), kind, back
        self.number = next(Tensor._numbers)

    def backward(self):
        """Send the gradient 1 back from here. Every leaf adds what arrives to its `grad`."""
        if self.value.size != 1:
            raise ValueError(f"backward starts at one number, the cost; this has the shape {self.shape}.")
        order = _call("topological_order", self, lambda tensor: tensor.parents)
        back = lambda tensor, g: tensor.back(g) if tensor.back else ()  # noqa: E731
        grads = _call("backward", order, lambda tensor: tensor.parents, back, np.ones(self.shape))
        for tensor in order:
            if tensor.kind == "leaf":
                tensor.grad = grads[tensor] if tensor.grad is None else tensor.grad + grads[tensor]

    def __len__(self):
        return len(self.value)

    def __lt__(self, other):
        return self.number < other.number

    def __repr__(self):
        return f"Tensor({self.value!r}, made by {self.kind})"

    @property
    def shape(self):
        """The shape of the value."""
        return self.value.shape

    def __add__(self, other):
        return apply("add", self, other)

    def __mul__(self, other):
        return apply("multiply", self, other)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -1.0 * other

    def __rsub__(self, other):
        return other + -self

    def __truediv__(self, other):
        return self * other**-1.0

    def __rtruediv__(self, other):
        return other * self**-1.0

    def __pow__(self, exponent):
        return apply("power", self, exponent=exponent)

    def __matmul__(self, other):
        return apply("matmul", self, other)

    def __rmatmul__(self, other):
        return apply("matmul", other, self)

    def __getitem__(self, index):
        return apply("getitem", self, index=index)

    def sum(self, axis=None, keepdims=False):
        """The sum over one axis, several, or all."""
        return apply("sum", self, axis=axis, keepdims=keepdims)

    def mean(self, axis=None, keepdims=False):
        """The mean over one axis, several, or all."""
        total = self.sum(axis, keepdims)
        return total * (total.value.size / self.value.size)

    def reshape(self, *shape):
        """The same entries in another shape, given as numbers or as one tuple."""
        return apply("reshape", self, shape=shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes):
        """The axes in another order; reversed if none is given."""
        return apply("transpose", self, axes=axes or tuple(range(len(self.shape)))[::-1])

    @property
    def T(self):
        """The axes in reverse order."""
        return self.transpose()


@contextmanager
def no_grad():
    """Within a `with` block of this, nothing is recorded: results are leaves."""
    before, Tensor.recording = Tensor.recording, False
    try:
        yield
    finally:
        Tensor.recording = before


def apply(kind, *inputs, **options):
    """Return the tensor that an operation makes of its inputs; what is no tensor among them is a constant.

    It is of the first tensor's class, so that operations on a subclass stay in it.
    """
    forward, back = RULES[kind]
    arrays = [item.value if isinstance(item, Tensor) else np.asarray(item, dtype=float) for item in inputs]
    out = forward(*arrays, **options)
    places = [place for place, item in enumerate(inputs) if isinstance(item, Tensor)]
    made = type(inputs[places[0]]) if places else Tensor
    if not (Tensor.recording and places):
        return made(out)

    def send(g):
        parts = back(g, out, *arrays, **options)
        parts = parts if isinstance(parts, tuple | list) else (parts,)
        return [parts[place] for place in places]

    return made(out, [inputs[place] for place in places], kind, send)


def yours_at_work(name, own=None):
    """Return the notebook's function of this name, looked up at each call; `own`, if given, until it is written."""

    def at_work(*arguments, **options):
        try:
            return _call(name, *arguments, **options)
        except NotImplementedError:
            if own is None:
                raise
            return own(*arguments, **options)

    return at_work


def _matmul_back(g, out, a, b):
    return np.tensordot(g, b, (1, 1)), np.tensordot(a, g, (0, 0))


def _sum_back(g, out, a, axis, keepdims):
    kept = a.sum(axis=axis, keepdims=True).shape
    return np.broadcast_to(np.reshape(g, kept), a.shape).copy()


def _max_back(g, out, a, axis):
    shape = a.max(axis=axis, keepdims=True).shape
    winners = (a == out.reshape(shape)).astype(float)
    return winners / winners.sum(axis=axis, keepdims=True) * np.reshape(g, shape)


def _log_softmax_back(g, out, a, axis):
    return g - g.sum(axis=axis, keepdims=True) * np.exp(out)


def _getitem_back(g, out, a, index):
    places = np.arange(a.size).reshape(a.shape)[index]
    return np.bincount(np.ravel(places), np.ravel(g), a.size).reshape(a.shape)


def _image_windows(X, f, stride, pad):
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (f, f), axis=(1, 2))[:, ::stride, ::stride]
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, f * f * X.shape[3])


def _image_windows_back(g, out, X, f, stride, pad):
    m, n_H, n_W, n_C = X.shape
    down, across = (n_H + 2 * pad - f) // stride + 1, (n_W + 2 * pad - f) // stride + 1
    parts, dX = g.reshape(m, down, across, f, f, n_C), np.zeros((m, n_H + 2 * pad, n_W + 2 * pad, n_C))
    for i, j in itertools.product(range(f), repeat=2):
        dX[:, i : i + stride * down : stride, j : j + stride * across : stride] += parts[:, :, :, i, j]
    return dX[:, pad : pad + n_H, pad : pad + n_W]


def _log_softmax(scores, axis):
    shifted = scores - scores.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def _entrywise(kind):
    """The rule of an operation that works entry by entry: the gradient times your local slope."""

    def back(g, out, a, **options):
        return g * _call("local_slopes", kind, out, (a, *options.values()))[0]

    return back


RULES = {
    "add": (np.add, lambda g, out, a, b: (_call("unbroadcast", g, a.shape), _call("unbroadcast", g, b.shape))),
    "multiply": (np.multiply, yours_at_work("multiply_back")),
    "matmul": (np.matmul, yours_at_work("matmul_back", _matmul_back)),
    "power": (lambda a, exponent: a**exponent, _entrywise("power")),
    "exp": (np.exp, _entrywise("exp")),
    "log": (np.log, _entrywise("log")),
    "tanh": (np.tanh, _entrywise("tanh")),
    "relu": (lambda a: np.maximum(a, 0), _entrywise("relu")),
    "sum": (lambda a, axis, keepdims: np.sum(a, axis, keepdims=keepdims), yours_at_work("sum_back", _sum_back)),
    "max": (lambda a, axis: np.max(a, axis), yours_at_work("max_back", _max_back)),
    "getitem": (lambda a, index: a[index], yours_at_work("getitem_back", _getitem_back)),
    "log_softmax": (_log_softmax, yours_at_work("log_softmax_back", _log_softmax_back)),
    "reshape": (lambda a, shape: a.reshape(shape), lambda g, out, a, shape: g.reshape(a.shape)),
    "transpose": (lambda a, axes: a.transpose(axes), lambda g, out, a, axes: g.transpose(np.argsort(axes))),
    "im2col": (_image_windows, _image_windows_back),
}


def relu(a):
    """Return what is positive in a, and 0 elsewhere."""
    return apply("relu", a)


def tanh(a):
    """Return the hyperbolic tangent of each entry."""
    return apply("tanh", a)


def exp(a):
    """Return e to the power of each entry."""
    return apply("exp", a)


def log(a):
    """Return the natural logarithm of each entry."""
    return apply("log", a)


def log_softmax(a, axis):
    """Return the logarithms of the probabilities that softmax makes of scores, along an axis."""
    return apply("log_softmax", a, axis=axis)


def maximum_over(a, axis):
    """Return the largest entries along an axis, or along several."""
    return apply("max", a, axis=axis)


def im2col(X, f, stride, pad):
    """Return all windows of images (m, n_H, n_W, n_C) as rows (m·n_H'·n_W', f·f·n_C); of a tensor, a tensor.

    The rows are ordered by image, then from top to bottom, then from left to right; within a
    row, the entries are ordered as in `W[:, :, :, k]`.
    """
    if isinstance(X, Tensor):
        return apply("im2col", X, f=f, stride=stride, pad=pad)
    return _image_windows(X, f, stride, pad)
