"""Grid search and random search for the lowest dev error over two settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from dlcore.arrays import Floats
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, name_of, slider, whole_slider
from dlcore.plots import COLOURS, STYLE

__all__ = ["GridAndRandom", "Landscape"]

RATES = (-4.0, 0.0)  # exponents of the learning rate on the map
PENALTIES = (-6.0, -1.0)  # exponents of the penalty
LOWEST, HIGHEST = 0.05, 0.65  # limits of the dev error
MAPS = 60  # number of maps on which the searches are compared
POINTS = 81  # grid points of the map, along each side


class Landscape:
    """A made-up dev error over learning rate and penalty, with its lowest point at a random place."""

    def __init__(self, seed: int, importance: float, size: float):
        where = np.random.default_rng(seed)
        self.rate, self.penalty = where.uniform(*RATES), where.uniform(*PENALTIES)
        self.importance, self.size = importance, size

    def at(self, rate: Any, penalty: Any) -> Any:
        """Return the dev error where learning rate and penalty have these exponents."""
        off = (rate - self.rate) ** 2 + self.importance * (penalty - self.penalty) ** 2
        return HIGHEST - (HIGHEST - LOWEST) * np.exp(-off / (2 * self.size**2))

    def objective(self, learning_rate: float, penalty: float) -> float:
        """The objective of the searches: the dev error, NaN where a logarithm is undefined."""
        if not (learning_rate > 0 and penalty > 0):
            return float("nan")
        return float(self.at(np.log10(learning_rate), np.log10(penalty)))

    def grid(self, side: int) -> tuple[Floats, Floats]:
        """Return the exponents of the grid's trials: the middles of side · side equal cells."""
        middles = (np.arange(side) + 0.5) / side
        rates, penalties = np.meshgrid(*(low + (high - low) * middles for low, high in (RATES, PENALTIES)))
        return rates.ravel(), penalties.ravel()


class GridAndRandom:
    """The picture: the map with the trials of both searches, and a tournament. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(
        self,
        random_search: Callable[..., Any],
        sample_log_uniform: Callable[[float, float, int, np.random.Generator], ArrayLike],
    ):
        self.random_search = random_search
        self.space = {
            "learning_rate": (sample_log_uniform, 10.0 ** RATES[0], 10.0 ** RATES[1]),
            "penalty": (sample_log_uniform, 10.0 ** PENALTIES[0], 10.0 ** PENALTIES[1]),
        }
        self.map_seed, self.draw_seed = 5, 0
        self.played: dict[tuple[float, ...], tuple[Floats, Floats]] = {}
        self.live = LiveFigure(
            size=(9.4, 4.2),
            breaks=(0.56,),
            alt="Left: a map of the dev error over learning rate and penalty, with the trials of a grid and of a "
            "random search, and marks at the learning rates that each has tried. Right: for each of 60 maps, the "
            "lowest dev error that the random search found against that of the grid.",
        )
        moving = [*self._draw_map(), *self._draw_tournament()]
        self._draw_legend()
        self.live.freeze(*moving)
        controls = [
            whole_slider("grid: trials a side", 2, 6, 5),
            slider("importance of λ", 0, 1, 0, step=0.05),
            slider("good region", 0.1, 1.0, 0.4, step=0.05),
        ]
        buttons = {"New draw": self.draw_again, "New map": self.move_map}
        self.panel = Panel(self.live, controls, self.update, buttons, more=controls[2:])

    def update(self, side: int, importance: float, size: float) -> str:
        """Search with both methods and show where they looked and what they found."""
        here = Landscape(self.map_seed, importance, size)
        rates, penalties = here.grid(side)
        grid_scores = here.at(rates, penalties)
        settings, best = self._search(here, side**2, self.draw_seed)
        self._move_map(here, (rates, penalties), settings)
        won = rates[grid_scores.argmin()], penalties[grid_scores.argmin()]
        for star, (x, y) in zip(self.stars, (won, best[:2]), strict=True):
            star.set_data([x], [y])
        by_grid, by_chance = self._tournament(side, importance, size)
        self.duel.set_data(by_grid, by_chance)
        self.now.set_data([grid_scores.min()], [best[2]])
        different = len(np.unique(settings[0].round(9)))
        outside = _outside(settings)
        words = f"{side**2} trials each. The grid has tried {side} different learning rates "
        words += f"and found {grid_scores.min():.1%}; "
        words += f"the random search has tried {different} and found {best[2]:.1%}. "
        wins = int(np.sum(by_chance < by_grid))
        words += f"On {MAPS} maps of this kind random was better {wins} times."
        return words + (f" {outside} of its trials lie outside the map." if outside else "")

    def draw_again(self) -> None:
        """Draw other random trials."""
        self.draw_seed += 1

    def move_map(self) -> None:
        """Move the lowest point to a random place."""
        self.map_seed += 1

    def _search(self, here: Landscape, n: int, seed: int) -> tuple[tuple[Floats, Floats], tuple[float, float, float]]:
        """The exponents of all random trials, and exponents and score of the best, as the student's search says."""
        answer = ask(self.random_search, here.objective, dict(self.space), n, np.random.default_rng(seed))
        name = name_of(self.random_search)
        try:
            best, score, trials = answer
            pairs = [(_exponents(settings), float(value)) for settings, value in trials]
            where, score = _exponents(best), float(score)
        except (TypeError, ValueError, KeyError, IndexError):
            raise CourseError(
                f"`{name}` should return the best settings, their score, and a list of pairs (settings, score)."
            ) from None
        if len(pairs) != n:
            raise CourseError(f"`{name}` should make {n} trials, but its list has {len(pairs)}.")
        rates, penalties = (np.array([place[axis] for place, _ in pairs]) for axis in (0, 1))
        return (rates, penalties), (*where, score)

    def _tournament(self, side: int, importance: float, size: float) -> tuple[Floats, Floats]:
        """The lowest dev errors of grid and random search on `MAPS` maps; played once for each kind of map."""
        key = (side, importance, size)
        if key not in self.played:
            maps = [Landscape(1000 + k, importance, size) for k in range(MAPS)]
            by_grid = np.array([here.at(*here.grid(side)).min() for here in maps])
            by_chance = np.array([self._search(here, side**2, 2000 + k)[1][2] for k, here in enumerate(maps)])
            self.played[key] = by_grid, by_chance
        return self.played[key]

    def _draw_map(self) -> list[Artist]:
        ax = self.live.figure.add_axes((0.08, 0.235, 0.46, 0.69))
        ax.set(xlim=(RATES[0], RATES[1]), ylim=(PENALTIES[0] - 0.95, PENALTIES[1]))
        ax.set(xlabel="learning rate", ylabel="penalty λ", title="The map (grey: high dev error)")
        for axis, (low, high) in ((ax.xaxis, RATES), (ax.yaxis, PENALTIES)):
            places = np.arange(low, high + 0.5)
            axis.set_ticks(places, [f"$10^{{{int(place)}}}$" for place in places])
        look: dict[str, Any] = {"cmap": "Greys", "vmin": LOWEST, "vmax": 1.1, "interpolation": "bilinear"}
        blank = np.full((POINTS, POINTS), HIGHEST)
        self.shade = ax.imshow(blank, extent=(*RATES, *PENALTIES), origin="lower", aspect="auto", **look)
        ax.set(xlim=(RATES[0], RATES[1]), ylim=(PENALTIES[0] - 0.95, PENALTIES[1]))
        (self.squares,) = ax.plot([], [], "s", color=COLOURS["vermilion"], ms=6, mec="white", mew=0.6, clip_on=False)
        (self.dots,) = ax.plot([], [], "o", color=COLOURS["blue"], ms=6, mec="white", mew=0.6, clip_on=False)
        (self.square_marks,) = ax.plot([], [], "|", color=COLOURS["vermilion"], ms=11, mew=1.6)
        (self.dot_marks,) = ax.plot([], [], "|", color=COLOURS["blue"], ms=11, mew=1.6)
        self.stars = [
            ax.plot([], [], marker, color=COLOURS[colour], ms=15, mec="black", mew=1, clip_on=False)[0]
            for marker, colour in (("D", "vermilion"), ("*", "blue"))
        ]
        self.stars[0].set_markersize(10)
        return [self.shade, self.squares, self.dots, self.square_marks, self.dot_marks, *self.stars]

    def _draw_tournament(self) -> list[Artist]:
        ax = self.live.figure.add_axes((0.645, 0.235, 0.335, 0.69))
        ax.set(xlim=(0, 0.7), ylim=(0, 0.7), xlabel="best dev error of the grid", ylabel="best dev error of random")
        ax.set_title(f"{MAPS} maps of this kind")
        ticks = [0, 0.2, 0.4, 0.6]
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_ticks(ticks, [f"{tick:.0%}" for tick in ticks])
        ax.plot([0, 0.7], [0, 0.7], color="#777777", ls=":", lw=1.5)
        ax.text(0.68, 0.02, "random is better", ha="right", va="bottom", fontsize=9)
        ax.text(0.02, 0.68, "the grid is better", ha="left", va="top", fontsize=9)
        (self.duel,) = ax.plot([], [], "o", color=COLOURS["green"], ms=5, alpha=0.7)
        (self.now,) = ax.plot([], [], "o", ms=12, mfc="none", mec="black", mew=1.6)
        return [self.duel, self.now]

    def _draw_legend(self) -> None:
        look: dict[str, Any] = {"ls": "", "mec": "black"}
        entries = [
            Line2D([], [], ls="", marker="s", color=COLOURS["vermilion"], label="grid"),
            Line2D([], [], marker="D", color=COLOURS["vermilion"], label="its best", **look),
            Line2D([], [], ls="", marker="o", color=COLOURS["blue"], label="random"),
            Line2D([], [], marker="*", ms=12, color=COLOURS["blue"], label="its best", **look),
            Line2D([], [], ls="", marker="|", ms=10, mew=1.6, color="#555555", label="learning rates tried"),
            Line2D([], [], ls="", marker="o", ms=9, mfc="none", mec="black", label="this map"),
        ]
        self.live.figure.legend(handles=entries, loc="lower center", ncol=6, fontsize=9, handletextpad=0.3)

    def _move_map(self, here: Landscape, grid: tuple[Floats, Floats], drawn: tuple[Floats, Floats]) -> None:
        rates, penalties = (np.linspace(*ends, POINTS) for ends in (RATES, PENALTIES))
        self.shade.set_data(here.at(rates[np.newaxis], penalties[:, np.newaxis]))
        self.squares.set_data(*grid)
        self.dots.set_data(np.clip(drawn[0], *RATES), np.clip(drawn[1], *PENALTIES))
        self.square_marks.set_data(grid[0], np.full(grid[0].shape, PENALTIES[0] - 0.3))
        self.dot_marks.set_data(np.clip(drawn[0], *RATES), np.full(drawn[0].shape, PENALTIES[0] - 0.67))


def _exponents(settings: Any) -> tuple[float, float]:
    """The exponents of settings; far below the map if they are not positive numbers."""
    values = (float(settings["learning_rate"]), float(settings["penalty"]))
    places = [float(np.log10(value)) if value > 0 else -99.0 for value in values]
    return places[0], places[1]


def _outside(drawn: tuple[Floats, Floats]) -> int:
    """How many trials lie off the map."""
    off = [
        (values < low - 1e-9) | (values > high + 1e-9)
        for values, (low, high) in zip(drawn, (RATES, PENALTIES), strict=True)
    ]
    return int(np.sum(off[0] | off[1]))
