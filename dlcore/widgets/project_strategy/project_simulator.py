"""Projects with ten days, in which every decision leads to what was measured."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
import numpy as np

from dlcore.arrays import Floats
from dlcore.data import project_runs
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, choice, name_of, toggle
from dlcore.plots import COLOURS, STYLE

__all__ = ["BUDGET", "DAYS", "Game", "ProjectSimulator", "games"]

BUDGET = 10
DAYS = {"collect": 4, "more": 2, "bigger": 1, "regularize": 1, "relabel": 3, "match": 2, "blur": 2}
TRAIN, TRAIN_DEV, DEV, TEST = range(4)  # columns of the table
LINES = {"train": ("blue", "o-"), "train-dev": ("green", "s--"), "dev": ("vermilion", "d-.")}
GAPS = ("bias", "variance", "mismatch")
HIGHEST = 90.0  # per cent
CLOSED = "The project is finished: its test set has been opened. Press `start again` to play it anew."


class Game:
    """A project: its name, its first state, and the four errors after every set of actions."""

    def __init__(self, state: dict[str, Any], table: Floats):
        self.name, self.state = str(state["name"]), state
        sets = itertools.product((False, True), repeat=len(DAYS))
        self.table = {
            frozenset(itertools.compress(DAYS, flags)): row
            for flags, row in zip(sets, table.astype(float), strict=True)
        }

    def errors(self, done: Sequence[str]) -> Floats:
        """Return the four errors, in per cent, after some actions."""
        return self.table[frozenset(done)]

    def affordable(self, done: Sequence[str]) -> list[str]:
        """Return the actions that can still be paid for."""
        left = BUDGET - days(done)
        return [action for action, price in DAYS.items() if action not in done and price <= left]

    def best(self) -> tuple[float, list[str]]:
        """Return the smallest test error that the budget allows, and the actions that lead there."""
        sets = [done for done in self.table if days(list(done)) <= BUDGET]
        found = min(sets, key=lambda done: (self.table[done][TEST], len(done)))
        return float(self.table[found][TEST]), [action for action in DAYS if action in found]


def days(done: Sequence[str]) -> int:
    """Return how many days some actions take."""
    return sum(DAYS[action] for action in done)


def games() -> list[Game]:
    """Return all projects that were measured."""
    runs = project_runs()
    count = sum(name.endswith("_state") for name in runs)
    return [Game(json.loads(str(runs[f"game_{number}_state"])), runs[f"game_{number}"]) for number in range(count)]


class ProjectSimulator:
    """The picture: errors by day, gaps, and what would have happened. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, decompose: Callable[..., Any]):
        self.decompose = decompose
        self.games = dict(zip("ABCDEF", games(), strict=True))  # their own names would say what the trouble is
        self.done: list[str] = []
        self.finished = False
        self.refused = ""
        self.live = LiveFigure(
            size=(9.6, 3.8),
            breaks=(0.4, 0.66),
            alt="Left: training, train-dev and dev error after each decision, by day, and a star for the test error "
            "once the project is finished. Middle: three bars, the gaps. "
            "Right, once the project is finished: for each action a bar, the test error with it as the last one.",
        )
        self.lines, self.test = self._draw_lines()
        self.gaps = self._draw_bars((0.475, 0.16, 0.165, 0.72), GAPS, "Your gaps", "points", (-35, 60), "orange")
        self.others = self._draw_bars(
            (0.755, 0.16, 0.225, 0.72),
            ["nothing", *DAYS],
            "Had the last step been",
            "test error, %",
            (0, HIGHEST),
            "sky",
        )
        (self.chosen,) = self.live.figure.axes[2].plot([], [], "D", color=COLOURS["vermilion"], ms=7)
        self.closed = self.live.figure.axes[2].text(
            HIGHEST / 2, 3.5, "with a tick, once the\nproject is finished", ha="center", va="center", fontsize=9
        )
        self.live.freeze(*self.lines.values(), self.test, *self.gaps, *self.others, self.chosen, self.closed)
        names = list(self.games)
        self.project = names[0]
        self.reveal = toggle("show what would have happened")
        self.reveal.disabled = True
        controls = [choice("project", names, names[0]), self.reveal]
        buttons: dict[str, Callable[[], None]] = {
            f"{action} ({price})": lambda action=action: self._do(action)  # type: ignore[misc]
            for action, price in DAYS.items()
        }
        buttons |= {"undo": self._undo, "finish": self._finish, "start again": self._clear}
        self.panel = Panel(self.live, controls, self.update, buttons)

    def update(self, project: str, hindsight: bool) -> str:
        """Draw where the project stands."""
        if project != self.project:
            self.project = project
            self._clear()
        game = self.games[project]
        hindsight = hindsight and self.finished
        self.reveal.disabled = not self.finished
        steps = [self.done[:count] for count in range(len(self.done) + 1)]
        rows = np.array([game.errors(done) for done in steps])
        for column, line in enumerate(self.lines.values()):
            line.set_data([days(done) for done in steps], rows[:, column])
        self.test.set_data([days(self.done)] * self.finished, [rows[-1][TEST]] * self.finished)
        gaps, largest = self._gaps(float(game.state["human"]), rows[-1])
        for bar, gap in zip(self.gaps, gaps, strict=True):
            bar.set_width(gap)
        self._show_others(game, hindsight)
        words = f"{self._ledger(rows)}\nThe largest gap is {largest}. Days left: {BUDGET - days(self.done)}."
        if self.finished:
            words += f"\nFinished: the test error of “{game.name}” is {rows[-1][TEST]:.1f} %."
        if hindsight:
            words += f"\n{self._hindsight(game)}"
        return f"{self.refused}\n{words}" if self.refused else words

    def _do(self, action: str) -> None:
        game, left = self.games[self.project], BUDGET - days(self.done)
        self.refused = ""
        if self.finished:
            self.refused = CLOSED
        elif action in self.done:
            self.refused = f"You did {action} already."
        elif action not in game.affordable(self.done):
            self.refused = f"{action} takes {DAYS[action]} days. Days left: {left}."
        else:
            self.done.append(action)
            self.finished = not self.games[self.project].affordable(self.done)

    def _undo(self) -> None:
        self.refused = CLOSED if self.finished else ""
        if not self.finished:
            del self.done[-1:]

    def _finish(self) -> None:
        self.refused, self.finished = "", True

    def _clear(self) -> None:
        self.refused, self.done, self.finished, self.reveal.value = "", [], False, False

    def _ledger(self, rows: Floats) -> str:
        lines = []
        for count, row in enumerate(rows):
            day, what = days(self.done[:count]), self.done[count - 1] if count else "as it is"
            errors = f"train {row[TRAIN]:.1f}, train-dev {row[TRAIN_DEV]:.1f}, dev {row[DEV]:.1f} %"
            lines.append(f"day {day}, {what}: {errors}")
        state = self.games[self.project].state
        known = f"{state['web']} digits from the web, {state['users']} of the users, {state['width']} units"
        seen = f"{state['wrong_labels']} of 100 labels wrong in train and train-dev; "
        seen += f"fill {state['fill']} (users {state['fill_users']}), "
        seen += f"sharpness {state['sharpness']} (users {state['sharpness_users']})"
        return "\n".join([f"At first: {known}; {seen}.", *lines])

    def _hindsight(self, game: Game) -> str:
        words = []
        for count, action in enumerate(self.done):
            before = self.done[:count]
            outcomes = {other: game.errors([*before, other])[TEST] for other in game.affordable(before)}
            best = min(outcomes, key=lambda other: outcomes[other])
            regret = outcomes[action] - outcomes[best]
            words.append(f"{action}: {'the best' if regret <= 0 else f'{regret:.1f} points worse than {best}'}")
        error, path = game.best()
        ledger = f"Each step by itself, on the test set: {'; '.join(words)}. " if words else ""
        return (
            f"{ledger}(That looks one step ahead and at no price: what is worse by itself may be in the best plan.)\n"
            f"At best, ten days end at {error:.1f} %, with {', '.join(path)} in any order. This is the smallest test "
            "error of all plans, so some of it is chance."
        )

    def _show_others(self, game: Game, hindsight: bool) -> None:
        before = self.done[:-1]
        possible = ["nothing", *game.affordable(before)] if hindsight else []
        self.closed.set_visible(not hindsight)
        for action, bar in zip(["nothing", *DAYS], self.others, strict=True):
            steps = before if action == "nothing" else [*before, action]
            bar.set_width(game.errors(steps)[TEST] if action in possible else 0)
        last = self.done[-1] if self.done else "nothing"
        place = ["nothing", *DAYS].index(last)
        self.chosen.set_data([game.errors(self.done)[TEST]] if hindsight else [], [place] if hindsight else [])

    def _gaps(self, human: float, row: Floats) -> tuple[list[float], str]:
        """The student's gaps; the test set is still closed, so the dev error stands in for it."""
        got = ask(self.decompose, human, *map(float, row[[TRAIN, TRAIN_DEV, DEV, DEV]]))
        name = name_of(self.decompose)
        if not isinstance(got, tuple | list) or len(got) != 2 or not isinstance(got[0], dict):
            raise CourseError(f"`{name}` should return two things: a dict of gaps, and the name of the largest.")
        gaps = [got[0].get(gap) for gap in GAPS]
        if not all(isinstance(gap, int | float | np.number) and np.isfinite(gap) for gap in gaps):
            raise CourseError(f"`{name}` should return numbers for {', '.join(GAPS)}.")
        return [float(gap) for gap in gaps if gap is not None], str(got[1])[:40]

    def _draw_lines(self) -> tuple[dict[str, Any], Any]:
        ax = self.live.figure.add_axes((0.065, 0.16, 0.325, 0.72), xlim=(-0.3, BUDGET + 0.3), ylim=(0, HIGHEST))
        ax.set(title="Errors after each decision", xlabel="day", ylabel="error, %")
        lines = {}
        for name, (colour, look) in LINES.items():
            (lines[name],) = ax.plot([], [], look, color=COLOURS[colour], label=name)
        (test,) = ax.plot([], [], "*", color=COLOURS["black"], ms=13, label="test, at the end")
        ax.legend(loc="upper right", fontsize=9)
        return lines, test

    def _draw_bars(
        self,
        place: tuple[float, float, float, float],
        names: Sequence[str],
        title: str,
        label: str,
        limits: tuple[float, float],
        colour: str,
    ) -> list[Any]:
        ax = self.live.figure.add_axes(place, xlim=limits, ylim=(len(names) - 0.5, -0.5))
        ax.set(title=title, xlabel=label, yticks=range(len(names)), yticklabels=names)
        ax.axvline(0, color="#777777", lw=1)
        return [ax.barh(row, 0.0, color=COLOURS[colour], hatch="//")[0] for row in range(len(names))]
