"""A line fitted with mini-batches: the effect of a decaying learning rate on gradient noise."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from dlcore.arrays import Floats
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, choice, name_of, stops, whole_slider
from dlcore.plots import COLOURS, STYLE

__all__ = ["BatchAndDecay"]

EXAMPLES, EPOCHS = 128, 20
SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
RATES = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28)
SCHEDULES: dict[str, tuple[str, dict[str, float]]] = {
    "constant": ("inverse", {"rate": 0.0}),
    "inverse": ("inverse", {"rate": 0.5}),
    "exponential": ("exponential", {"rate": 0.8}),
    "staircase": ("staircase", {"rate": 0.3, "every": 5}),
    "sqrt": ("sqrt", {}),
    "cosine": ("cosine", {"total": EPOCHS}),
    "warm-up": ("warm-up", {"warmup": 5}),
}
FAR = 1e3  # distance from the centre at which a walk ends
START = np.array([[-1.0], [-0.9]])
LOWEST, HIGHEST = 1e-6, 30.0  # limits of the axis of the cost above the minimum


class BatchAndDecay:
    """The picture: the path, the learning rate and the cost. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, batches: Callable[..., Any], step: Callable[..., Any], schedule: Callable[..., Any]):
        self.functions = {"batches": batches, "step": step, "schedule": schedule}
        rng = np.random.default_rng(9)
        slope = rng.uniform(-1.6, 1.6, size=EXAMPLES)
        self.X = np.stack([slope, np.ones(EXAMPLES)])  # (2, m)
        self.Y = (0.5 * slope + 0.3 + 0.6 * rng.normal(size=EXAMPLES))[np.newaxis]
        self.best = np.linalg.lstsq(self.X.T, self.Y[0], rcond=None)[0][:, np.newaxis]  # (2, 1)
        self.live = LiveFigure(
            size=(9.4, 4.2),
            breaks=(0.51,),
            alt="Left: the path of the two parameters over the contours of the cost, the last three epochs marked. "
            "Right: the learning rate of each epoch, and the cost above its minimum after each step.",
        )
        moving = [*self._draw_plane(), *self._draw_rate(), *self._draw_cost()]
        self.live.freeze(*moving)
        controls = [
            stops("mini-batch size B", SIZES, 8),
            stops("learning rate α₀", RATES, 0.32),
            choice("schedule", tuple(SCHEDULES), "constant"),
            whole_slider("shuffle number", 1, 20, 1),
        ]
        controls[-1].continuous_update = False
        self.setting: tuple[float | str, ...] = ()  # of the walk that is drawn
        self.panel = Panel(self.live, controls, self.update, more=controls[3:], work=self.walk)

    def walk(self, seconds: float, *setting: Any) -> bool:
        """Walk for about so long; returns whether all epochs are walked, or the walk diverges."""
        until = time.perf_counter() + seconds
        if setting != self.setting:
            size, alpha0, schedule, seed = setting
            self.rates = self._rates(alpha0, schedule)
            self.points, self.begins, self.ahead, self.done = [START.copy()], [0], 1, False
            self.steps = self._walk(int(size), seed)
            self.setting = setting
        try:
            while not self.done:  # at least one step, however busy the machine is
                self.done = next(self.steps, True)
                if time.perf_counter() > until:
                    break
        except BaseException:  # a step half taken is no place to go on from
            self.setting = ()
            raise
        return self.done

    def update(self, size: float, alpha0: float, schedule: str, seed: int) -> str:
        """Draw the walk as far as it has come."""
        rates, begins, path = self.rates, self.begins, np.hstack(self.points)
        above = self._above(path)
        marks = begins if len(begins) > EPOCHS else [*begins, self.ahead]
        epochs = np.interp(np.arange(path.shape[1]), marks, np.arange(len(marks)))
        late = path[:, begins[-4] :] if len(begins) > EPOCHS else path[:, :0]
        shown = np.clip(path, -FAR, FAR)
        self.path.set_data(*shown)
        self.late.set_data(*late)
        self.rate.set_data(np.arange(EPOCHS + 1), [*rates, rates[-1]])
        self.cost.set_data(epochs, np.clip(above, LOWEST, 10 * HIGHEST))
        words = f"B = {int(size)}, α₀ = {alpha0:g}, {schedule}: "
        if not self.done:
            return f"{words}the walk is in epoch {min(len(begins), EPOCHS)} of {EPOCHS}."
        if len(begins) <= EPOCHS:
            return f"{words}the walk diverges, in epoch {len(begins)} of {EPOCHS}. The rate is too large."
        spread = float(np.sqrt(np.mean(np.sum((late - self.best) ** 2, axis=0))))
        soon = above[begins[1] - begins[1] // 4 : begins[1] + 1]  # a single step may be lucky
        return (
            f"{words}{path.shape[1] - 1} steps in {EPOCHS} epochs. At the end of the first epoch the cost is "
            f"{np.mean(soon):.2g} above its minimum. In the last three epochs it is "
            f"{np.mean(above[begins[-4] :]):.2g} above it on average, and the parameters are "
            f"{spread:.2g} away from the best ones."
        )

    def _above(self, path: Floats) -> Floats:
        """The cost above its minimum at each point of a path, (k,)."""
        errors = self.X.T @ (path - self.best)  # (m, k)
        return np.asarray(np.mean(errors**2, axis=0) / 2)

    def _rates(self, alpha0: float, schedule: str) -> list[float]:
        """The student's learning rate for each epoch."""
        function = self.functions["schedule"]
        name, options = SCHEDULES[schedule]

        def in_epoch(epoch: int) -> Any:
            return function(alpha0, epoch, name, **options)

        in_epoch.__name__ = name_of(function)
        rates = []
        for rate in (ask(in_epoch, epoch) for epoch in range(EPOCHS)):
            if np.asarray(rate).shape != () or np.asarray(rate).dtype.kind not in "iuf" or not np.isfinite(rate):
                raise CourseError(f"`{name_of(function)}` should return one finite number.")
            rates.append(float(rate))
        return rates

    def _walk(self, size: int, seed: int) -> Iterator[bool]:
        """Take the student's steps into `points`, one by one; True where the walk diverges.

        `begins` are the points at which each epoch begins (and the last ends), `ahead` where the current one will end.
        """
        rng, theta = np.random.default_rng(seed), self.points[0]
        state: Any = {}  # whatever the student's step keeps
        for rate in self.rates:
            batches = self._batches(size, rng)
            self.ahead = self.begins[-1] + len(batches)
            for X, Y in batches:
                slopes = X @ (X.T @ theta - Y.T) / X.shape[1]  # (2, 1)
                theta, state = self._step(theta, slopes, state, rate)
                self.points.append(theta)
                yield bool(np.abs(theta).max() > FAR)
            self.begins.append(len(self.points) - 1)

    def _batches(self, size: int, rng: np.random.Generator) -> list[tuple[Floats, Floats]]:
        function = self.functions["batches"]
        batches = ask(function, self.X.copy(), self.Y.copy(), size, rng)
        if not isinstance(batches, list | tuple) or not all(_is_batch(pair) for pair in batches):
            raise CourseError(
                f"`{name_of(function)}` should return a list of pairs: "
                "examples of shape (2, k) and their labels, (1, k)."
            )
        return list(batches)

    def _step(self, theta: Floats, slopes: Floats, state: Any, rate: float) -> tuple[Floats, Any]:
        function = self.functions["step"]
        result = ask(function, {"theta": theta}, {"dtheta": slopes}, state, rate)
        if not isinstance(result, tuple | list) or len(result) != 2 or not isinstance(result[0], dict):
            raise CourseError(f"`{name_of(function)}` should return two things: the parameters, a dict, and the state.")
        new = np.asarray(result[0].get("theta"))
        if new.shape != (2, 1) or new.dtype.kind not in "iuf" or not np.all(np.isfinite(new)):
            raise CourseError(
                f"`{name_of(function)}` should return parameters with `theta`, finite and of shape (2, 1)."
            )
        return new.astype(float), result[1]

    def _draw_plane(self) -> list[Artist]:
        ax: Axes = self.live.figure.add_axes((0.07, 0.13, 0.42, 0.77))
        x, y = np.meshgrid(np.linspace(-1.4, 1.9, 80), np.linspace(-1.2, 1.4, 80))
        heights = self._above(np.stack([x.ravel(), y.ravel()])).reshape(x.shape)
        ax.contour(x, y, heights, levels=[0.01, 0.05, 0.15, 0.35, 0.7, 1.2], colors="#AAAAAA", linewidths=0.8)
        ax.set(xlim=(-1.4, 1.9), ylim=(-1.2, 1.4), xlabel="slope of the line, θ₁", ylabel="height of the line, θ₂")
        ax.set_title("Path of 20 epochs")
        (self.path,) = ax.plot([], [], "-", color=COLOURS["sky"], lw=1, label="path")
        (self.late,) = ax.plot([], [], ".", color=COLOURS["vermilion"], ms=4, label="last three epochs")
        (best,) = ax.plot(*self.best, "*", color="black", ms=13, mec="white", label="minimum")
        ax.legend(fontsize=9, loc="upper left", ncol=3, columnspacing=1, handletextpad=0.4)
        return [self.path, self.late, best]

    def _draw_rate(self) -> list[Artist]:
        ax: Axes = self.live.figure.add_axes((0.6, 0.64, 0.38, 0.26))
        ax.set(xlim=(0, EPOCHS), yscale="log", ylim=(1e-3, 2), ylabel="α", title="Learning rate")
        ax.set_xticks(range(0, EPOCHS + 1, 5))
        ax.tick_params(labelbottom=False)
        (self.rate,) = ax.plot([], [], color=COLOURS["green"], drawstyle="steps-post")
        return [self.rate]

    def _draw_cost(self) -> list[Artist]:
        ax: Axes = self.live.figure.add_axes((0.6, 0.13, 0.38, 0.38))
        ax.set(xlim=(0, EPOCHS), yscale="log", ylim=(LOWEST, HIGHEST), xlabel="epoch")
        ax.set(ylabel="above minimum", title="Cost above its minimum", xticks=range(0, EPOCHS + 1, 5))
        (self.cost,) = ax.plot([], [], color=COLOURS["blue"], lw=1)
        return [self.cost]


def _is_batch(pair: Any) -> bool:
    """Whether it is a pair of examples, (2, k), and labels, (1, k)."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        return False
    shapes = np.shape(pair[0]), np.shape(pair[1])
    return len(shapes[0]) == 2 and shapes[0][0] == 2 and shapes[0][1] > 0 and shapes[1] == (1, shapes[0][1])
