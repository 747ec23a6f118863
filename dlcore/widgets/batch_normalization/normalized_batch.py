"""One unit's scores in batch normalisation, and the running statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist

from dlcore.arrays import Floats
from dlcore.live import LiveFigure, Panel, log_slider, slider, stops, toggle
from dlcore.plots import COLOURS, STYLE
from dlcore.widgets.shared.student_normalization import Running, normalized, nothing_seen

__all__ = ["NormalizedBatch"]

SIZES = (1, 2, 4, 16, 64, 256)
WIDE, HIGH, SHOWN = 10.0, 6.0, 60  # limits of the axes; number of batches kept


class NormalizedBatch:
    """The picture: scores before and after, and the running statistics. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, batchnorm_forward: Callable[..., Any]):
        self.forward = batchnorm_forward
        self.wanted = 0
        self.restart()
        self.live = LiveFigure(
            size=(9.0, 4.4),
            breaks=(0.525,),
            alt="Left: the scores of a batch, to the right, and what batch normalisation makes of them, upwards. "
            "Right: the running mean and the running deviation over the last batches, with the true values.",
        )
        self.live.freeze(*self._draw_batch(), *self._draw_running())
        controls = [
            slider("mean of the scores", -5, 5, 2),
            log_slider("deviation of the scores", 0.2, 3, 1.5),
            slider("γ, scale", -3, 3, 1),
            slider("β, shift", -3, 3, 0),
            stops("batch size m", SIZES, 16),
            slider("momentum", 0, 0.99, 0.9, step=0.01),
            toggle("test mode"),
        ]
        buttons = {"Next batch": lambda: self.go(1), "20 batches": lambda: self.go(20), "Start again": self.restart}
        self.panel = Panel(self.live, controls, self.update, buttons, more=[*controls[1:4], *controls[5:]])

    def go(self, batches: int) -> None:
        """Process so many batches at the next update."""
        self.wanted = batches

    def restart(self) -> None:
        """Forget all batches."""
        self.seen, self.running = 0, nothing_seen(1)
        self.history: list[tuple[float, float]] = [self._read(self.running)]

    def update(
        self, mean: float, spread: float, gamma: float, beta: float, m: int, momentum: float, testing: bool
    ) -> str:
        """Process the requested batches, and show the last one."""
        wanted, self.wanted = self.wanted, 0
        knobs = np.array([[gamma]]), np.array([[beta]])
        for _ in range(wanted):
            Z = self._scores(self.seen + 1, m, mean, spread)
            _, _, self.running = normalized(self.forward, Z, knobs, self.running, momentum, not testing)
            self.seen += 1
            self.history.append(self._read(self.running))
        Z = self._scores(max(self.seen, 1), m, mean, spread)
        out, _, after = normalized(self.forward, Z, knobs, self.running, momentum, not testing)
        self._move_batch(Z[0], out[0], gamma, beta)
        self._move_running(mean, spread)
        words = self._sentence(Z, out, gamma, beta, testing)
        moves = self._read(after) != self._read(self.running)
        if wanted and testing and not moves:
            return words + "\nIn test mode batches pass without a trace. Untick it, and the running statistics follow."
        return words + self._advice(out, gamma, beta, testing, moves)

    def _draw_batch(self) -> list[Artist]:
        ax = self.live.figure.add_axes((0.08, 0.2, 0.42, 0.7))
        ax.set(xlim=(-WIDE, WIDE), ylim=(-HIGH, HIGH), xlabel="score z", ylabel="what your function returns")
        ax.set_title("The batch")
        ax.axhline(0, color="#DDDDDD", lw=1)
        ax.axvline(0, color="#DDDDDD", lw=1)
        self.band = ax.axhspan(-1, 1, color=COLOURS["sky"], alpha=0.25, lw=0)
        (self.middle,) = ax.plot([], [], color=COLOURS["sky"], lw=1.5)
        (self.line,) = ax.plot([], [], color="#999999", lw=1)
        look: dict[str, Any] = {"ls": "", "mec": "white", "mew": 0.5}
        (self.dots,) = ax.plot([], [], "o", color=COLOURS["blue"], ms=6, **look)
        look = {"ls": "", "color": COLOURS["blue"], "ms": 9, "mew": 1}
        (self.below,) = ax.plot([], [], "|", **look)
        (self.beside,) = ax.plot([], [], "_", **look)
        (self.star,) = ax.plot([], [], "*", color=COLOURS["vermilion"], ms=16, mec="white", mew=0.7)
        names = ["an example", "your example", "β ± γ"]
        self.live.figure.legend(
            [self.dots, self.star, self.band], names, loc="lower left", ncol=3, fontsize="small", columnspacing=1
        )
        return [self.band, self.middle, self.line, self.below, self.beside, self.dots, self.star]

    def _draw_running(self) -> list[Artist]:
        ax = self.live.figure.add_axes((0.59, 0.2, 0.39, 0.7))
        ax.set(xlim=(-SHOWN, 0), ylim=(-HIGH, HIGH), xlabel="batches ago", ylabel="running statistics (as z)")
        ax.set_title("What is remembered for the test")
        ax.set_xticks(np.arange(-SHOWN, 1, 20), [str(ago) for ago in range(SHOWN, -1, -20)])
        moving: list[Artist] = []
        self.true, self.remembered = [], []
        for name, colour, look in (("mean", "green", "-"), ("deviation", "purple", "-")):
            (true,) = ax.plot([], [], color=COLOURS[colour], ls=":", lw=1.5)
            (line,) = ax.plot([], [], look, marker=".", ms=4, color=COLOURS[colour], label=f"running {name}")
            self.true.append(true)
            self.remembered.append(line)
            moving += [true, line]
        samples = [*self.remembered, self.true[0]]
        names = ["running mean", "running deviation", "the truth"]
        self.live.figure.legend(samples, names, loc="lower right", ncol=3, fontsize="small", columnspacing=1)
        return moving

    def _scores(self, number: int, m: int, mean: float, spread: float) -> Floats:
        """The scores of one batch, (1, m); those of the first example are always one deviation above the mean."""
        base = np.random.default_rng(number).standard_normal((1, max(SIZES)))[:, :m]
        base[0, 0] = 1.0
        return mean + spread * base

    def _read(self, running: Running) -> tuple[float, float]:
        return float(running["mean"][0, 0]), float(np.sqrt(max(running["var"][0, 0], 0)))

    def _move_batch(self, z: Floats, out: Floats, gamma: float, beta: float) -> None:
        x, y = np.clip(z, -WIDE, WIDE), np.clip(out, -HIGH, HIGH)
        self.dots.set_data(x[1:], y[1:])
        self.star.set_data(x[:1], y[:1])
        self.below.set_data(x, np.full(len(x), 0.2 - HIGH))
        self.beside.set_data(np.full(len(y), 0.35 - WIDE), y)
        self.middle.set_data([-WIDE, WIDE], [beta, beta])
        self.band.set_xy((0, beta - abs(gamma)))
        self.band.set_height(2 * abs(gamma))
        first, last = np.argmin(z), np.argmax(z)
        ends: tuple[list[float], list[float]] = ([], [])
        if z[last] - z[first] > 1e-9 and np.isfinite(out[[first, last]]).all():
            slope = (out[last] - out[first]) / (z[last] - z[first])
            ends = ([-WIDE, WIDE], [out[first] + slope * (x - z[first]) for x in (-WIDE, WIDE)])
        self.line.set_data(*ends)

    def _move_running(self, mean: float, spread: float) -> None:
        last = np.array(self.history[-SHOWN - 1 :])
        ago = np.arange(1 - len(last), 1)
        for k, truth in enumerate((mean, spread)):
            self.true[k].set_data([-SHOWN, 0], [truth, truth])
            self.remembered[k].set_data(ago, np.clip(last[:, k], -HIGH, HIGH))

    def _sentence(self, Z: Floats, out: Floats, gamma: float, beta: float, testing: bool) -> str:
        mode = "Test mode" if testing else "Training mode"
        kept = "no batch" if self.seen == 0 else "1 batch" if self.seen == 1 else f"{self.seen} batches"
        mean, spread = self._read(self.running)
        return (
            f"{mode}; {kept} so far. The scores of this batch have mean {Z.mean():.2f} and deviation {Z.std():.2f}, "
            f"the results mean {out.mean():.2f} (β is {beta:.1f}) and deviation {out.std():.2f} (γ is {gamma:.1f}). "
            f"Your example: {Z[0, 0]:.2f} becomes {out[0, 0]:.2f}. "
            f"Running mean {mean:.2f}, running deviation {spread:.2f}."
        ).replace("-", "−")

    def _advice(self, out: Floats, gamma: float, beta: float, testing: bool, moves: bool) -> str:
        """What is worth noticing now."""
        m = out.shape[1]
        if testing and moves:
            return "\nA test leaves traces: your function changed the running statistics in test mode."
        if testing:
            return ""
        off = abs(out.mean() - beta) > 0.01 or (m > 1 and abs(out.std() - abs(gamma)) > 0.01 + 0.01 * abs(gamma))
        if off or not np.isfinite(out).all():
            return "\nIn training the results should have mean β and deviation |γ|; yours have not."
        if not moves:
            return "\nYour running statistics do not move in training."
        if m == 1:
            return "\nA batch of one is its own mean: nothing of the score is left."
        return "\nOf two scores only the order is left." if m == 2 else ""
