"""One example, four classes: scores, the shares that they get, and where descent pushes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle
from matplotlib.text import Text
from numpy.typing import ArrayLike

from dlcore.arrays import Floats, Ints
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, choice, log_slider, name_of, slider
from dlcore.plots import CLASS_COLOURS, STYLE

__all__ = ["SoftmaxBars"]

CLASSES = 4
START = (2.0, 1.0, -1.0, 0.5)
LIMIT = 10.0  # largest absolute score
STEP = 0.1  # of the sliders
STEPS, RATE = 10, 0.5  # per press of the button


class SoftmaxBars:
    """The picture: three groups of four bars. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(
        self,
        softmax: Callable[[Floats], ArrayLike],
        cross_entropy: Callable[[Floats, Ints], float],
        softmax_gradient: Callable[[Floats, Ints], ArrayLike],
    ):
        self.softmax, self.cross_entropy, self.softmax_gradient = softmax, cross_entropy, softmax_gradient
        self.exact = np.array(START)  # the unrounded scores
        self.live = LiveFigure(
            size=(9.4, 3.6),
            breaks=(0.328, 0.665),
            alt="Bars of four classes. Left: their scores. Middle: their probabilities. "
            "Right: the negative gradient, that is, where gradient descent pushes each score.",
        )
        self.groups = [
            self._draw_group(0.07, "Scores z", (-LIMIT - 1.5, LIMIT + 1.5), "score"),
            self._draw_group(0.4, "softmax(z / T)", (0, 1.12), "probability"),
            self._draw_group(0.745, "Push: −gradient", (-1.2, 1.2), "push on the score"),
        ]
        wanted = Patch(facecolor="white", edgecolor="black", linewidth=2.2, label="the right class has a thick frame")
        self.live.figure.legend(handles=[wanted], loc="lower center", fontsize=9)
        self.live.freeze(*[artist for bars, texts, _ in self.groups for artist in (*bars, *texts)])
        self.scores = [slider(f"score of class {k}", -LIMIT, LIMIT, START[k], step=STEP) for k in range(CLASSES)]
        self.temperature = log_slider("temperature T", 0.01, 100, 1.0)
        self.right = choice("right class", [(f"class {k}", k) for k in range(CLASSES)], 1)
        self.panel = Panel(
            self.live,
            [*self.scores, self.temperature, self.right],
            self.update,
            buttons={
                "Add 2 to all scores": self.shift,
                "Ten steps of descent": self.descend,
                "Start again": self.restart,
            },
            more=[*self.scores[1:], self.right],
        )

    def update(self, *values: Any) -> str:
        """Compute probabilities, loss and gradient with the student's functions, and move the bars."""
        *shown, temperature, right = values
        moved = np.abs(np.array(shown) - self.exact) > 0.501 * STEP
        self.exact = np.where(moved, shown, self.exact)
        Z, label = self.exact[:, np.newaxis] / temperature, np.array([right])
        P = _column(self.softmax, Z)
        loss = _number(self.cross_entropy, Z, label)
        push = -_column(self.softmax_gradient, Z, label)
        for (bars, texts, ax), heights, decimals in zip(self.groups, (self.exact, P, push), (1, 3, 3), strict=True):
            _move(ax, bars, texts, heights, decimals, right)
        return self._sentence(P, loss, push, right, temperature)

    def shift(self) -> None:
        """Add 2 to all scores, or less where one would leave the scale."""
        self._set(self.exact + min(2.0, LIMIT - self.exact.max()))

    def descend(self) -> None:
        """Take some steps against the gradient (of z/T: at T = 1, that of z)."""
        Z = self.exact[:, np.newaxis]
        for _ in range(STEPS):
            G = _column(self.softmax_gradient, Z / self.temperature.value, np.array([self.right.value]))
            Z = Z - RATE * G[:, np.newaxis]
        self._set(np.clip(Z[:, 0], -LIMIT, LIMIT))

    def restart(self) -> None:
        """Reset all controls."""
        self._set(np.array(START))
        self.temperature.value, self.right.value = 1.0, 1

    def _set(self, scores: Floats) -> None:
        self.exact = scores
        for score, value in zip(self.scores, scores, strict=True):
            score.value = float(value)

    def _draw_group(
        self, left: float, title: str, ylim: tuple[float, float], ylabel: str
    ) -> tuple[list[Rectangle], list[Text], Axes]:
        ax = self.live.figure.add_axes((left, 0.24, 0.245, 0.64))
        ax.set(xlim=(-0.6, CLASSES - 0.4), ylim=ylim, xlabel="class", ylabel=ylabel, title=title)
        ax.set_xticks(range(CLASSES))
        ax.axhline(0, color="#777777", lw=1)
        bars = ax.bar(range(CLASSES), np.zeros(CLASSES), width=0.7, color=CLASS_COLOURS[:CLASSES], edgecolor="black")
        texts = [ax.text(k, 0, "", ha="center", fontsize=9) for k in range(CLASSES)]
        return list(bars), texts, ax

    def _sentence(self, P: Floats, loss: float, push: Floats, right: int, temperature: float) -> str:
        words = f"At T = {temperature:.3g} the right class, {right}, has probability {P[right]:.3g}, and the loss is "
        words += f"{loss:.4g} nats. "
        if abs(P.sum() - 1) > 1e-6:
            words += f"The probabilities add up to {P.sum():.3g}; they should add up to 1. "
        if abs(push.sum()) > 1e-6:
            words += f"The pushes add up to {push.sum():.3g}; they should add up to 0."
            return words
        kinds = "up" if push[right] > 0 else "down" if push[right] < 0 else "nowhere"
        return words + f"Its score is pushed {kinds} by {abs(push[right]):.3g}; all pushes add up to 0."


def _move(ax: Axes, bars: list[Rectangle], texts: list[Text], heights: Floats, decimals: int, right: int) -> None:
    low, high = ax.get_ylim()
    for k, (bar, text, height) in enumerate(zip(bars, texts, heights, strict=True)):
        bar.set_height(height)
        bar.set_linewidth(2.4 if k == right else 0.6)
        above = height >= 0
        text.set_position((k, float(np.clip(height, low, high)) + (0.015 if above else -0.015) * (high - low)))
        text.set_verticalalignment("bottom" if above else "top")
        text.set_text(f"{height:.{decimals}f}".replace("-", "−"))


def _column(function: Callable[..., Any], Z: Floats, *label: Ints) -> Floats:
    """The student's result for the single example, shape (CLASSES,)."""
    answer = np.asarray(ask(function, Z.copy(), *label))
    if answer.shape != Z.shape:
        raise CourseError(
            f"`{name_of(function)}` should return shape {Z.shape} for scores of that shape, "
            f"but it returned shape {answer.shape}."
        )
    if answer.dtype.kind not in "iuf" or not np.all(np.isfinite(answer)):
        raise CourseError(
            f"`{name_of(function)}` does not return finite numbers for the scores {Z[:, 0].round(1).tolist()}. "
            "Does an exponential overflow?"
        )
    return np.asarray(answer[:, 0], dtype=float)


def _number(function: Callable[..., Any], Z: Floats, label: Ints) -> float:
    answer = np.asarray(ask(function, Z.copy(), label))
    if answer.shape != () or answer.dtype.kind not in "iuf":
        raise CourseError(f"`{name_of(function)}` should return one number, but it has shape {answer.shape}.")
    if not np.isfinite(answer):
        raise CourseError(
            f"`{name_of(function)}` is not finite for the scores {Z[:, 0].round(1).tolist()}. "
            "Is the logarithm taken of a probability that was rounded to 0?"
        )
    return float(answer)
