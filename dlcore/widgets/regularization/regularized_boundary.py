"""A network on noisy points: what a penalty and dropout do to its boundary and its two errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from dlcore.arrays import Bools, Floats
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, name_of, stops, toggle
from dlcore.plots import CLASS_COLOURS, CLASS_MARKERS, COLOURS, PROBABILITY_COLOURS, STYLE, scatter_classes

__all__ = ["RegularizedBoundary"]

Predict = Callable[[Floats], ArrayLike]

LAMBDAS = (0, 0.03, 0.1, 0.3, 1, 3, 10)
KEEP_PROBS = (1, 0.9, 0.8, 0.7, 0.6, 0.5)
POINTS = 81  # grid points of the shading, along each side
SHOWN = 400  # dev examples drawn
HIGHEST = 0.4  # upper limit of the error axis


@dataclass(frozen=True)
class _Trained:
    """The result of one training: the shading, which training examples are wrong, and two errors."""

    shade: Floats
    wrong: Bools
    train_error: float
    dev_error: float


class RegularizedBoundary:
    """The picture: the plane with its boundary, and the errors of all settings tried. `panel` shows it."""

    reach = 2.4  # the plane shown is [-reach, reach]²

    @matplotlib.rc_context(STYLE)
    def __init__(
        self,
        fit: Callable[[float, float], Predict],
        X: Floats,
        Y: ArrayLike,
        X_dev: Floats,
        Y_dev: ArrayLike,
        with_dropout: bool = True,
    ):
        self.fit, self.with_dropout = fit, with_dropout
        self.X, self.Y, self.X_dev, self.Y_dev = X, np.asarray(Y), X_dev, np.asarray(Y_dev)
        side = np.linspace(-self.reach, self.reach, POINTS)
        self.pixels = np.stack([grid.ravel() for grid in np.meshgrid(side, side)])  # (2, POINTS²)
        self.tried: dict[tuple[float, float], _Trained] = {}
        self.live = LiveFigure(
            size=(8.4, 4.3),
            breaks=(0.435,),
            alt="Left: training examples of two classes in the plane, shaded by the probability of class 1, with the "
            "boundary where it is one half. Right: training and dev error of the settings tried so far, against λ.",
        )
        plane, chart = self._draw_plane(), self._draw_chart()
        self._draw_legend()
        self.live.freeze(*plane, *chart)
        knobs = [stops("penalty λ", LAMBDAS, 0)] + [stops("keep_prob", KEEP_PROBS, 1)] * with_dropout
        self.panel = Panel(self.live, [*knobs, toggle("show dev examples")], self.update)

    def update(self, lambd: float, *others: float) -> str:
        """Train with λ and keep_prob, unless that is cached, and show the result."""
        keep_prob, show_dev = others if self.with_dropout else (1, *others)
        key = (float(lambd), float(keep_prob))
        if key not in self.tried:
            self.tried[key] = self._train(*key)
        now = self.tried[key]
        self.shade.set_data(now.shade)
        self._move_boundary(now.shade)
        self.wrong.set_data(self.X[:, now.wrong])
        for dots in self.dev_dots:
            dots.set_visible(bool(show_dev))
        self._move_chart(*key)
        return self._sentence(*key)

    def _train(self, lambd: float, keep_prob: float) -> _Trained:
        predict = ask(self.fit, lambd, keep_prob)
        if not callable(predict):
            raise CourseError(f"`{name_of(self.fit)}` should return a function from examples to probabilities.")
        sides = [self._probability(predict, X) > 0.5 for X in (self.X, self.X_dev)]
        wrong, wrong_dev = ((above != (Y == 1))[0] for above, Y in zip(sides, (self.Y, self.Y_dev), strict=True))
        shade = self._probability(predict, self.pixels).reshape(POINTS, POINTS)
        return _Trained(shade, wrong, float(wrong.mean()), float(wrong_dev.mean()))

    def _probability(self, predict: Predict, X: Floats) -> Floats:
        """The trained network's probabilities, (1, k) for (2, k)."""
        P = np.asarray(ask(predict, X))
        if P.shape != (1, X.shape[1]):
            raise CourseError(
                f"The function that `{name_of(self.fit)}` returns should give shape (1, {X.shape[1]}) for examples "
                f"of shape {X.shape}, but it gave shape {P.shape}."
            )
        if P.dtype.kind not in "fiub" or not np.all(np.isfinite(P)):
            raise CourseError("The network's probabilities are not finite numbers. Did the training blow up?")
        return P.astype(float)

    def _draw_plane(self) -> list[Artist]:
        r = self.reach
        self.plane = self.live.figure.add_axes((0.065, 0.225, 0.345, 0.7))
        self.plane.set(xlim=(-r, r), ylim=(-r, r), xlabel="feature $x_1$", ylabel="feature $x_2$", aspect="equal")
        self.plane.set_title("Probability of class 1")
        look: dict[str, Any] = {"cmap": PROBABILITY_COLOURS, "vmin": 0, "vmax": 1, "interpolation": "bilinear"}
        blank = np.full((POINTS, POINTS), 0.5)
        self.shade = self.plane.imshow(blank, extent=(-r, r, -r, r), origin="lower", **look)
        (self.boundary,) = self.plane.plot([], [], color="black", lw=2)
        shown = slice(0, SHOWN)
        self.dev_dots = scatter_classes(self.plane, self.X_dev[:, shown], self.Y_dev[:, shown], size=7)
        for dots in self.dev_dots:
            dots.set(alpha=0.6, linewidths=0)
        train_dots = scatter_classes(self.plane, self.X, self.Y, size=36)
        (self.wrong,) = self.plane.plot([], [], "o", ms=11, mfc="none", mec="black", mew=1.2)
        self.plane.spines[:].set(visible=True, position=("outward", 1))  # otherwise the shading would cover them
        return [self.shade, self.boundary, *self.dev_dots, *train_dots, self.wrong]

    def _draw_chart(self) -> list[Artist]:
        ax = self.live.figure.add_axes((0.51, 0.225, 0.47, 0.7))
        ax.set(xlim=(-0.5, len(LAMBDAS) - 0.5), ylim=(-0.012, HIGHEST), xlabel="penalty λ", ylabel="share of mistakes")
        ax.set_xticks(range(len(LAMBDAS)), [f"{lambd:g}" for lambd in LAMBDAS])
        ax.set_yticks(np.arange(0, HIGHEST + 0.01, 0.1), ["0%", "10%", "20%", "30%", "40%"])
        ax.set_title("The settings tried so far")
        ax.grid(axis="y")
        self.here = ax.axvline(0, color="#999999", lw=1.2, ls=":")
        (self.others,) = ax.plot([], [], "s", color="#AAAAAA", ms=4.5)
        (self.train_line,) = ax.plot([], [], "o-", color=COLOURS["green"], ms=6, lw=1.8)
        (self.dev_line,) = ax.plot([], [], "s--", color=COLOURS["purple"], ms=6, lw=1.8)
        (self.rings,) = ax.plot([], [], "o", ms=12, mfc="none", mec="black", mew=1.2)
        return [self.here, self.others, self.train_line, self.dev_line, self.rings]

    def _draw_legend(self) -> None:
        entries = [
            Line2D([], [], ls="", marker=CLASS_MARKERS[k], color=CLASS_COLOURS[k], mec="white", label=f"class {k}")
            for k in (0, 1)
        ]
        entries += [
            Line2D([], [], ls="", marker="o", ms=10, mfc="none", mec="black", label="wrong (left), now (right)"),
            Line2D([], [], marker="o", color=COLOURS["green"], label="training error"),
            Line2D([], [], marker="s", ls="--", color=COLOURS["purple"], label="dev error"),
        ]
        if self.with_dropout:
            entries.append(Line2D([], [], ls="", marker="s", ms=4.5, color="#AAAAAA", label="dev, other keep_prob"))
        look: dict[str, Any] = {"loc": "lower center", "ncol": 6, "fontsize": 9}
        self.live.figure.legend(handles=entries, columnspacing=1.1, handletextpad=0.5, **look)

    def _move_boundary(self, shade: Floats) -> None:
        """Trace the line where the probability is one half, all its pieces in one artist."""
        side = np.linspace(-self.reach, self.reach, POINTS)
        pieces = _contour(side, shade)
        self.boundary.set_data(*(np.concatenate(pieces).T if pieces else ([], [])))

    def _move_chart(self, lambd: float, keep_prob: float) -> None:
        mine = sorted(key for key in self.tried if key[1] == keep_prob)
        places = [_place(key[0]) for key in mine]
        train, dev = ([getattr(self.tried[key], name) for key in mine] for name in ("train_error", "dev_error"))
        self.train_line.set_data(places, np.minimum(train, HIGHEST))
        self.dev_line.set_data(places, np.minimum(dev, HIGHEST))
        others = [key for key in self.tried if key[1] != keep_prob]
        self.others.set_data(
            [_place(key[0]) for key in others], [min(self.tried[key].dev_error, HIGHEST) for key in others]
        )
        self.here.set_xdata([_place(lambd)] * 2)
        now = self.tried[lambd, keep_prob]
        self.rings.set_data([_place(lambd)] * 2, np.minimum([now.train_error, now.dev_error], HIGHEST))

    def _sentence(self, lambd: float, keep_prob: float) -> str:
        now = self.tried[lambd, keep_prob]
        words = (
            f"{self._setting(lambd, keep_prob)}: {now.train_error:.1%} of the {self.X.shape[1]} training examples "
            f"are wrong and {now.dev_error:.1%} of the {self.X_dev.shape[1]:,} dev examples. "
        )
        if len(self.tried) == 1:
            return words + "Move a slider: the network is trained anew, from the same start."
        best = min(self.tried, key=lambda key: self.tried[key].dev_error)
        return words + (
            f"Lowest dev error in {len(self.tried)} settings: {self.tried[best].dev_error:.1%}, "
            f"at {self._setting(*best)}."
        )

    def _setting(self, lambd: float, keep_prob: float) -> str:
        return f"λ = {lambd:g}" + f", keep_prob = {keep_prob:g}" * self.with_dropout


def _place(lambd: float) -> int:
    """Where λ stands on the chart's axis, on which the values tried are evenly spaced."""
    return [float(value) for value in LAMBDAS].index(lambd)


def _contour(side: Floats, shade: Floats) -> list[Floats]:
    """The pieces, (k, 2), of the line where `shade` is one half, with a gap after each."""
    from contourpy import contour_generator  # matplotlib's own contouring library

    lines = contour_generator(side, side, shade).lines(0.5)
    return [np.concatenate([line, [[np.nan, np.nan]]]) for line in lines]
