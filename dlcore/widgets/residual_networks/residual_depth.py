"""The size of signals and gradients in deep stacks with and without shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes

from dlcore.arrays import Floats
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, name_of, slider, whole_slider
from dlcore.plots import COLOURS, STYLE

__all__ = ["ResidualDepth"]

WIDTH, EXAMPLES, DEEPEST = 48, 20, 40  # units, examples, layers
LOWEST, HIGHEST = 1e-3, 1e4  # limits of the axes
LOOKS = {"plain": ("vermilion", "s--"), "residual": ("blue", "o-")}

Pair = tuple[Callable[..., Any], Callable[..., Any]]


class ResidualDepth:
    """The picture: sizes of signals and of gradients, block by block, in two stacks. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(
        self,
        residual_forward: Callable[..., Any],
        residual_backward: Callable[..., Any],
        gradient_reach: Callable[..., Any],
        plain_forward: Callable[..., Any],
        plain_backward: Callable[..., Any],
    ):
        self.pairs: dict[str, Pair] = {
            "plain": (plain_forward, plain_backward),
            "residual": (residual_forward, residual_backward),
        }
        self.gradient_reach = gradient_reach
        rng = np.random.default_rng(5)
        self.X = np.abs(rng.standard_normal((WIDTH, EXAMPLES)))  # behind a ReLU nothing is negative
        self.draws = rng.standard_normal((DEEPEST // 2, 2, WIDTH, WIDTH)) * np.sqrt(2 / WIDTH)  # He's variance
        self.arriving = rng.standard_normal((WIDTH, EXAMPLES))  # the gradient at the end
        self.live = LiveFigure(
            size=(9.0, 3.8),
            breaks=(0.505,),
            alt="Two charts with logarithmic axes, each with a curve for a plain and one for a residual stack. "
            "Left: the size of the signal behind each block. Right: the size of the gradient in front of each block.",
        )
        self.signals = self._draw(0.09, "Forwards: size of the signal", "times that of the input", "upper left")
        self.gradients = self._draw(0.595, "Backwards: your gradient_reach", "times that at the end", "upper right")
        self.live.freeze(*self.signals.values(), *self.gradients.values())
        controls = [
            whole_slider("depth, layers", 2, DEEPEST, 20, step=2),
            slider("residual: second matrix (0 = zero, 1 = He)", 0, 1, 0, step=0.05),
        ]
        self.panel = Panel(self.live, controls, self.update)

    @np.errstate(all="ignore")
    def update(self, depth: int, second: float) -> str:
        """Run both passes through both stacks."""
        ends = {}
        for kind, scale in (("plain", 1.0), ("residual", second)):
            sizes, caches = self._there(kind, depth // 2, scale)
            reach = self._back(kind, caches)
            blocks = np.arange(len(sizes))
            self.signals[kind].set_data(blocks, np.clip(sizes, LOWEST / 2, HIGHEST * 2))
            self.gradients[kind].set_data(blocks, np.clip(reach, LOWEST / 2, HIGHEST * 2))
            ends[kind] = (
                f"{_times(sizes[-1])} its size behind the last block, the gradient {_times(reach[0])} at the front"
            )
            idle = kind == "residual" and second == 0 and not np.allclose(sizes, 1)
        words = f"{depth} layers, {depth // 2} blocks. Plain: the signal has {ends['plain']}. "
        words += f"Residual: the signal has {ends['residual']}."
        if idle:
            words += " But with a second matrix of zeros, your block should hand on what it gets."
        return words

    def _there(self, kind: str, blocks: int, scale: float) -> tuple[Floats, list[Any]]:
        """The sizes of the signal in front of the first block and behind each, and the caches."""
        forward, name = self.pairs[kind][0], name_of(self.pairs[kind][0])
        A, sizes, caches = self.X, [1.0], []
        for W1, W2 in self.draws[:blocks]:
            b1, b2 = np.zeros((2, WIDTH, 1))
            result = ask(forward, A.copy(), {"W1": W1.copy(), "b1": b1, "W2": scale * W2, "b2": b2})
            if not isinstance(result, tuple | list) or len(result) != 2:
                raise CourseError(f"`{name}` should return two things: out and the cache.")
            A = np.asarray(result[0])
            if A.shape != self.X.shape or A.dtype.kind not in "fiu":
                raise CourseError(f"`{name}` should return numbers of shape {self.X.shape}, X's. It is {A.shape}.")
            caches.append(result[1])
            sizes.append(float(np.linalg.norm(A) / np.linalg.norm(self.X)))
        return np.array(sizes), caches

    def _back(self, kind: str, caches: list[Any]) -> Floats:
        """The sizes of the gradient in front of each block and behind the last one."""
        blocks, name = len(caches), name_of(self.gradient_reach)

        def step(dout: Any, cache: Any) -> Any:
            backward = self.pairs[kind][1]
            result = ask(backward, dout, cache)
            if not isinstance(result, tuple | list) or len(result) != 2:
                raise CourseError(f"`{name_of(backward)}` should return two things: dX and the gradients.")
            return result

        reach = np.asarray(_asked_in_the_open(self.gradient_reach, self.arriving.copy(), caches, step))
        if reach.shape != (blocks + 1,) or reach.dtype.kind not in "fiu":
            raise CourseError(
                f"`{name}` should return {blocks + 1} norms for {blocks} blocks. Its shape is {reach.shape}."
            )
        end = float(np.linalg.norm(self.arriving))
        if not np.isclose(reach[-1], end):
            raise CourseError(
                f"The last entry of `{name}` belongs to dout itself, whose norm is {end:.2f}. It is {reach[-1]:.2f}."
            )
        return reach / end

    def _draw(
        self, left: float, title: str, label: str, corner: Literal["upper left", "upper right"]
    ) -> dict[str, Any]:
        ax: Axes = self.live.figure.add_axes((left, 0.15, 0.385, 0.74))
        ax.set(xlim=(-0.6, DEEPEST // 2 + 0.6), yscale="log", ylim=(LOWEST, HIGHEST), ylabel=label)
        ax.set(title=title, xlabel="blocks of two layers")
        ax.minorticks_off()
        ax.set_xticks(range(0, DEEPEST // 2 + 1, 5))
        ax.axhline(1, color="#777777", lw=1)
        lines = {}
        for kind, (colour, look) in LOOKS.items():
            (lines[kind],) = ax.plot([], [], look, color=COLOURS[colour], ms=4.5, lw=1.5, label=kind)
        ax.legend(loc=corner, fontsize=9)
        return lines


def _asked_in_the_open(function: Callable[..., Any], *args: Any) -> Any:
    """What `ask` returns, with an error of a function that is called by this one under its own name."""
    try:
        return ask(function, *args)
    except CourseError as error:
        if isinstance(error.__cause__, CourseError):
            raise error.__cause__ from error
        raise


def _times(size: float) -> str:
    return f"{size:.2g} times" if np.isfinite(size) else "no finite number of times"
