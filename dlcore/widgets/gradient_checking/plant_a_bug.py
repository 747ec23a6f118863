"""A small network whose gradient can be broken in several places, and what a gradient check says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.lines import Line2D

from dlcore.arrays import Floats
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, choice, log_slider, name_of
from dlcore.plots import COLOURS, STYLE

__all__ = ["BUGS", "PlantABug"]

Arrays = dict[str, Floats]

SIZES = (2, 4, 3, 1)
EXAMPLES = 6
GOOD, BAD = 1e-7, 1e-4  # thresholds of the relative error
FINE, COARSE = 1e-9, 1e-3  # steps between which a right gradient passes every sound check
LOWEST = 1e-12  # lower limit of the error axis
TALLEST = 2.4  # limit of the claims' axis, in units of the array's largest true entry
PENALTY = 0.05

BUGS = (
    "none",
    "dW2: the wrong sign",
    "dW3: divided by m once more",
    "db2: the first example only",
    "dW1: |X| for X",
    "dZ1: tanh's derivative forgotten",
    "dZ2: 1 − A for 1 − A²",
    "everywhere: 1/m forgotten",
    "dW1: one entry is 0",
    "a penalty in the cost only",
)


class PlantABug:
    """The picture: one bar per parameter, and claimed against true entries. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, gradient_check: Callable[..., Any]):
        self.gradient_check = gradient_check
        self.network = _Network()
        self.truth = self.network.gradient("none")
        self.errors: dict[str, float] = {}
        self.live = LiveFigure(
            size=(9.0, 4.2),
            breaks=(0.48,),
            alt="Left: the relative error of each parameter of a network, as a gradient check reports it. "
            "Right: every entry of the gradient, what the backward pass claims against what is true.",
        )
        bars, dots = self._draw_bars(), self._draw_entries()
        self.live.freeze(*bars, *dots)
        eps = log_slider("step ε", 1e-12, 1, 1e-5)
        eps.readout_format = ".1e"
        self.panel = Panel(self.live, [choice("the bug", BUGS, BUGS[0]), eps], self.update)

    def update(self, bug: str, eps: float) -> str:
        """Break the gradient and have it checked with step ε."""
        claims, self.truth = self.network.gradient(bug), self.network.gradient("none")
        if bug == BUGS[-1]:
            self.truth = {name: array + self.network.pull(name) for name, array in self.truth.items()}
        network = self.network.parameters

        def cost_of(part: Mapping[str, Floats]) -> float:
            return self.network.cost({**network, **part}, penalty=bug == BUGS[-1])

        self.errors = {name: self._report({name: array}, cost_of, claims, eps)[2] for name, array in network.items()}
        name, index, error = self._report(network, cost_of, claims, eps)
        self._move_bars(eps)
        self._move_entries(claims, name, index)
        words = f"ε = {eps:.1e}. Your function reports {name}, entry {index}, relative error {error:.2g}. "
        if not self._report(network, cost_of, self.truth, eps)[2] <= BAD:
            return words + _distrust(bug, eps)
        return words + self._reading(bug)

    def _report(
        self, parameters: Arrays, cost_of: Callable[[Mapping[str, Floats]], float], claims: Arrays, eps: float
    ) -> tuple[str, tuple[int, ...], float]:
        """What the student's function says about some of the parameters."""
        copies = {name: array.copy() for name, array in parameters.items()}
        mine = f"`{name_of(self.gradient_check)}`"
        grads = {f"d{name}": claims[name].copy() for name in parameters}
        result = ask(self.gradient_check, copies, cost_of, grads, eps)
        if not isinstance(result, tuple | list) or len(result) != 3:
            raise CourseError(f"{mine} should return three things: a name, an index and an error.")
        name, index, error = result
        if not isinstance(name, str) or name not in parameters:
            raise CourseError(f"{mine} should return the name of a parameter, one of {', '.join(parameters)}.")
        if np.shape(index) != (parameters[name].ndim,):
            raise CourseError(f"{mine} should return an index with {parameters[name].ndim} numbers for {name}.")
        if np.shape(error) != () or np.asarray(error).dtype.kind not in "biuf":
            raise CourseError(f"{mine} should return one number as the error.")
        return name, tuple(int(i) for i in index), float(error)

    def _draw_bars(self) -> list[Artist]:
        ax = self.live.figure.add_axes((0.06, 0.25, 0.4, 0.65))
        ax.set(xlim=(0, 12.5), ylim=(5.6, -0.6), xlabel="relative error")
        ax.set_title("What your gradient_check reports")
        ax.set_xticks([0, 2, 5, 8, 10, 12], ["$10^{-12}$", "$10^{-10}$", "$10^{-7}$", "$10^{-4}$", "$10^{-2}$", "1"])
        ax.set_yticks(range(6), list(self.truth))
        bars = list(ax.barh(range(6), [0] * 6, height=0.62))
        lines = [ax.axvline(np.log10(error / LOWEST), color="black", lw=1, ls=":") for error in (GOOD, BAD)]
        self.bars = dict(zip(self.truth, bars, strict=True))
        return [*bars, *lines]

    def _draw_entries(self) -> list[Artist]:
        ax = self.live.figure.add_axes((0.57, 0.25, 0.41, 0.65))
        ax.set(xlim=(-1.12, 1.12), ylim=(-TALLEST * 1.06, TALLEST * 1.06))
        ax.set(xlabel="true entry (share of its array's largest)", ylabel="claimed entry (same unit)")
        ax.set_xticks([-1, -0.5, 0, 0.5, 1])
        ax.set_title("Every entry of the gradient")
        ax.plot([-1.1, 1.1], [-1.1, 1.1], color="#888888", lw=1.2, ls=":")
        (self.others,) = ax.plot([], [], "o", color=COLOURS["blue"], ms=5, mec="white", mew=0.5)
        (self.worst,) = ax.plot([], [], "^", color=COLOURS["vermilion"], ms=8, mec="white", mew=0.5)
        (self.entry,) = ax.plot([], [], "o", ms=14, mfc="none", mec="black", mew=1.3)
        handles = [
            *(Line2D([], [], color=COLOURS[colour], lw=7) for colour in ("blue", "orange", "vermilion")),
            Line2D([], [], ls="", marker="o", color=COLOURS["blue"]),
            Line2D([], [], ls="", marker="^", ms=8, color=COLOURS["vermilion"]),
            Line2D([], [], ls="", marker="o", ms=10, mfc="none", mec="black"),
        ]
        labels = ["fine", "look again", "a bug", "entries", "of the worst parameter", "the entry reported"]
        look: dict[str, Any] = {"loc": "lower center", "ncol": 6, "fontsize": 9, "columnspacing": 1.5}
        self.live.figure.legend(handles, labels, **look)
        return [self.others, self.worst, self.entry]

    def _move_bars(self, eps: float) -> None:
        for name, bar in self.bars.items():
            error = self.errors[name]
            height = 1.5 if not np.isfinite(error) else np.clip(error, LOWEST, 1)
            bar.set_width(float(np.log10(height / LOWEST)))
            bar.set_facecolor(COLOURS["vermilion" if not error <= BAD else "orange" if error > GOOD else "blue"])

    def _move_entries(self, claims: Arrays, name: str, index: tuple[int, ...]) -> None:
        units = {one: np.abs(array).max() for one, array in self.truth.items()}

        def drawn(arrays: Arrays, names: list[str]) -> Floats:
            shares = np.concatenate([arrays[one].ravel() / units[one] for one in names])
            return np.clip(shares, -TALLEST, TALLEST)

        rest = [other for other in self.truth if other != name]
        for dots, names in ((self.others, rest), (self.worst, [name])):
            dots.set_data(drawn(self.truth, names), drawn(claims, names))
        if all(0 <= i < side for i, side in zip(index, claims[name].shape, strict=True)):
            x, y = (arrays[name][index] / units[name] for arrays in (self.truth, claims))
            self.entry.set_data([x], [np.clip(y, -TALLEST, TALLEST)])
        else:
            self.entry.set_data([], [])

    def _reading(self, bug: str) -> str:
        """What the bars say about the place of the bug, with a step that finds no fault with a right gradient."""
        wrong = [one for one, its in self.errors.items() if not its <= BAD]
        if not wrong:
            right = "The gradient is right, and no bar is longer than 1e-4."
            return right if bug == "none" else "There is a bug, and it was not found."
        words = f"Above 1e-4: {', '.join(wrong)}. "
        if len(wrong) == 1:
            return words + f"Nothing else is computed from d{wrong[0]}, so nothing else is wrong: read that one line."
        if wrong == [one for one in self.truth if one.startswith("W")]:
            return words + "All weights and no bias: the fingerprint of a penalty that is missing on one side."
        if len(wrong) == len(self.truth):
            return words + "Everything is wrong: look at the very first gradient, or at 1/m."
        layer = max(int(one[1:]) for one in wrong)
        return words + f"The last layer that is wrong is {layer}: the mistake is in dZ{layer}, and spreads backwards."


def _distrust(bug: str, eps: float) -> str:
    """Why a report is worth nothing that finds fault with the right gradient."""
    words = "But the gradient is right! " if bug == "none" else "That proves nothing: a right gradient fails, too. "
    if FINE <= eps <= COARSE:
        return words + "The step is a good one, so it is your function that is off."
    return words + f"This ε is too {'large: truncation' if eps > COARSE else 'small: rounding'}. Go to 1e-5 first."


class _Network:
    """A network with two tanh layers and a linear output, squared error, six examples."""

    def __init__(self) -> None:
        rng = np.random.default_rng(16)
        self.X, self.Y = rng.normal(size=(SIZES[0], EXAMPLES)), rng.normal(size=(1, EXAMPLES))
        self.parameters: Arrays = {}
        for layer, (n_in, n_out) in enumerate(pairwise(SIZES), start=1):
            self.parameters[f"W{layer}"] = rng.normal(0, 0.9, size=(n_out, n_in))
            self.parameters[f"b{layer}"] = rng.normal(0, 0.4, size=(n_out, 1))

    def cost(self, parameters: Mapping[str, Floats], penalty: bool = False) -> float:
        """Half the mean squared error, perhaps with a penalty on the weights."""
        residual = self._layers(parameters)[-1] - self.Y
        extra = PENALTY * sum(np.sum(np.hypot(1, parameters[f"W{layer}"])) for layer in (1, 2, 3)) if penalty else 0.0
        return float(0.5 * np.vdot(residual, residual) / EXAMPLES + extra)

    def pull(self, name: str) -> Floats:
        """What the penalty adds to the gradient of a parameter."""
        array = self.parameters[name]
        return PENALTY * array / np.hypot(1, array) if name[0] == "W" else np.zeros_like(array)

    def _layers(self, parameters: Mapping[str, Floats]) -> list[Floats]:
        """The examples and what each layer makes of them."""
        layers = [self.X]
        for layer in (1, 2, 3):
            Z = parameters[f"W{layer}"] @ layers[-1] + parameters[f"b{layer}"]
            layers.append(Z if layer == 3 else np.tanh(Z))
        return layers

    def gradient(self, bug: str) -> Arrays:
        """The gradient as a backward pass with this bug would claim it."""
        layers = self._layers(self.parameters)
        shares = {name: self._shares(name, bug, layers) for name in self.parameters}  # (*shape, m) each
        grads = {name: each.mean(axis=-1) for name, each in shares.items()}
        if bug == "dW2: the wrong sign":
            grads["W2"] = -grads["W2"]
        elif bug == "dW3: divided by m once more":
            grads["W3"] = grads["W3"] / EXAMPLES
        elif bug == "db2: the first example only":
            grads["b2"] = shares["b2"][..., 0]
        elif bug == "dW1: one entry is 0":
            grads["W1"][1, 0] = 0
        elif bug == "everywhere: 1/m forgotten":
            grads = {name: array * EXAMPLES for name, array in grads.items()}
        return grads

    def _shares(self, name: str, bug: str, layers: list[Floats]) -> Floats:
        """What each entry of a parameter does to each example's loss, followed *forwards* through the layers."""
        layer = int(name[1:])
        incoming = layers[layer - 1] if name[0] == "W" else np.ones((1, EXAMPLES))
        if bug == "dW1: |X| for X" and name == "W1":
            incoming = np.abs(incoming)
        bends = [1 - A * A for A in layers[1:3]]
        if bug == "dZ1: tanh's derivative forgotten":
            bends[0] = np.ones_like(bends[0])
        if bug == "dZ2: 1 − A for 1 − A²":
            bends[1] = 1 - layers[2]
        shares = np.zeros((*self.parameters[name].shape, EXAMPLES))
        for i, j in np.ndindex(self.parameters[name].shape):
            moved = np.zeros_like(layers[layer])
            moved[i] = incoming[j]
            for after in range(layer, 3):
                moved = self.parameters[f"W{after + 1}"] @ (bends[after - 1] * moved)
            shares[i, j] = moved[0] * (layers[3] - self.Y)[0]
        return shares
