"""A network of three layers as a graph: one example's values forwards, its gradients backwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch, Rectangle
from matplotlib.text import Text

from dlcore.arrays import Floats
from dlcore.errors import CourseError
from dlcore.gradients import gradient_check
from dlcore.live import LiveFigure, Panel, ask, name_of, slider, toggle
from dlcore.plots import COLOURS, STYLE

__all__ = ["BackpropGraph"]

WEIGHTS = {
    "W1": [[0.83, -0.61], [-0.47, 1.12]],
    "b1": [[0.21], [0.34]],
    "W2": [[0.92, 0.58], [-0.71, 1.26]],
    "b2": [[-0.13], [0.27]],
    "W3": [[1.07, -0.84]],
    "b3": [[0.16]],
}
SIZES = (2, 2, 2, 1)
COLUMNS, ROWS = (0.9, 3.7, 6.5, 9.3), {2: (4.2, 1.5), 1: (2.85,)}
RADIUS = 0.43
STAGES = (
    "Nothing is computed yet: predict the scores z of layer 1.",
    "Layer 1 is done. Predict layer 2.",
    "Layers 1 and 2 are done. Predict the output.",
    "The forward pass is done. Predict dz of the output.",
    "Layer 3 has its gradients. Predict dz of layer 2.",
    "Layers 3 and 2 have their gradients. Predict dz of layer 1.",
    "The backward pass is done.",
)
CORNER = 1e-4  # scores this close to 0 are at ReLU's kink, where a difference and the convention disagree
BLUE, RED, GREY = COLOURS["blue"], COLOURS["vermilion"], "#888888"


class BackpropGraph:
    """The picture: circles for units, lines for weights, numbers on both. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(self, forward: Callable[..., Any], backward: Callable[..., Any]):
        self.forward, self.backward = forward, backward
        self.live = LiveFigure(
            size=(8.8, 4.7),
            alt="A network with two inputs, two hidden layers of two ReLU units and one sigmoid unit. "
            "Values stand in blue, gradients of the loss in vermilion, weights and biases in black.",
        )
        self.ax = self.live.figure.add_axes((0.01, 0.01, 0.98, 0.91), xlim=(0, 11.2), ylim=(0, 6))
        self.ax.set_axis_off()
        self.ax.set_title("One example through three layers", loc="left", x=0.01)
        self._draw_legend()
        self._draw_edges()
        self._draw_units()
        self.live.freeze(*self.switched_off.values(), *self.words.values())
        controls = [
            slider("steps shown", 0, 6, 0, step=1),
            slider("input x1", -3, 3, 1.5),
            slider("input x2", -3, 3, 0.5),
            slider("weight from a1 to a1, layer 2", -2, 2, 0.92, step=0.01),
            toggle("the label is 1 (else 0)", True),
        ]
        self.panel = Panel(self.live, controls, self.update, more=controls[1:])

    def update(self, shown: float, x1: float, x2: float, weight: float, label: bool) -> str:
        """Compute both passes, and show the first `shown` steps."""
        parameters = {name: np.array(entries) for name, entries in WEIGHTS.items()}
        parameters["W2"][0, 0] = weight
        X, Y = np.array([[x1], [x2]]), np.array([[int(label)]])
        a, z, caches = self._there(X, parameters)
        grads = self._back(a[-1], Y, caches, parameters)
        loss = float(-np.log(max(np.abs(1 - Y - a[-1]).item(), 1e-12)))
        self._show_values(int(shown), a, z, label, loss)
        self._show_gradients(int(shown), weight, grads)
        off = [f"unit {j + 1} of layer {k + 1}" for k in (0, 1) for j in (0, 1) if z[k][j, 0] <= 0 and shown > k]
        switched = f" Switched off: {', '.join(off)}." if off else ""
        verdict = " " + self._compare(X, Y, z, parameters, grads) if shown == 6 else ""
        return STAGES[int(shown)] + switched + verdict

    def _there(self, X: Floats, parameters: dict[str, Floats]) -> tuple[list[Floats], list[Floats], Any]:
        """Activations of all layers from the input on, scores of layers 1 to 3, and the caches."""
        result, name = ask(self.forward, X, _copy(parameters)), name_of(self.forward)
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise CourseError(f"`{name}` should return two things: AL and the caches.")
        AL, caches = result
        if np.shape(AL) != (1, 1):
            raise CourseError(f"`{name}` should return AL of shape (1, 1) here, but it has shape {np.shape(AL)}.")
        if not isinstance(caches, tuple | list) or len(caches) != 3 or any(len(cache) != 3 for cache in caches):
            raise CourseError(f"`{name}` should return a list of 3 caches, one a layer, each (A_prev, W, Z).")
        arrays = [(np.asarray(cache[0], dtype=float), np.asarray(cache[2], dtype=float)) for cache in caches]
        for k, (A_prev, Z) in enumerate(arrays):
            if A_prev.shape != (SIZES[k], 1) or Z.shape != (SIZES[k + 1], 1):
                raise CourseError(f"The cache of layer {k + 1} holds an A_prev or a Z that is not of that layer.")
        return [A_prev for A_prev, _ in arrays] + [np.asarray(AL, dtype=float)], [Z for _, Z in arrays], caches

    def _back(self, AL: Floats, Y: Floats, caches: Any, parameters: dict[str, Floats]) -> dict[str, Floats]:
        grads, name = ask(self.backward, AL, Y, caches), name_of(self.backward)
        wanted = {"d" + key: array.shape for key, array in parameters.items()}
        if not isinstance(grads, dict) or not wanted.keys() <= grads.keys():
            raise CourseError(f"`{name}` should return a dict with {', '.join(sorted(wanted))}.")
        for key, shape in wanted.items():
            if np.shape(grads[key]) != shape:
                raise CourseError(
                    f"`{name}` should return {key} of shape {shape} here, but it has shape {np.shape(grads[key])}."
                )
        return {key: np.asarray(grads[key], dtype=float) for key in wanted}

    def _compare(
        self, X: Floats, Y: Floats, z: list[Floats], parameters: dict[str, Floats], grads: dict[str, Floats]
    ) -> str:
        """What nudging every parameter says about the gradients."""
        if min(np.abs(scores).min() for scores in z[:2]) < CORNER:
            return "A hidden score is 0, at the corner of ReLU, where a nudge to each side gives two answers."
        wrong = []
        for name, array in parameters.items():

            def loss(values: Floats, name: str = name) -> float:
                AL = np.asarray(ask(self.forward, X, _copy(parameters) | {name: values})[0])
                return -np.log(max(np.abs(1 - Y - AL).item(), 1e-12))

            if gradient_check(loss, grads["d" + name], array, np.random.default_rng(0), directions=2) > 1e-4:
                wrong.append("d" + name)
        if wrong:
            return f"A nudge of the parameters says something else than your {', '.join(wrong)}."
        return "A nudge of each parameter confirms your gradients."

    def _show_values(self, shown: int, a: list[Floats], z: list[Floats], label: bool, loss: float) -> None:
        for k, size in enumerate(SIZES):
            for j in range(size):
                self.words["a", k, j].set_text(f"{a[k][j, 0]:.2f}" if shown >= k else "?")
                if k:
                    self.words["z", k, j].set_text(f"z = {z[k - 1][j, 0]:.2f}" if shown >= k else "")
                if (k, j) in self.switched_off:
                    self.switched_off[k, j].set_visible(shown >= k and z[k - 1][j, 0] <= 0)
        self.words["loss"].set_text(f"y = {int(label)}\nloss\n" + (f"{loss:.3f}" if shown >= 3 else "?"))

    def _show_gradients(self, shown: int, weight: float, grads: dict[str, Floats]) -> None:
        self.words["W", 2, 0, 0].set_text(f"{weight:.2f}")
        for k in (1, 2, 3):
            known = shown >= 7 - k
            for i in range(SIZES[k - 1]):
                for j in range(SIZES[k]):
                    _show_number(self.words["dW", k, i, j], "", grads[f"dW{k}"][j, i], known)
            for j in range(SIZES[k]):  # one example: db is dz
                _show_number(self.words["dz", k, j], "dz = ", grads[f"db{k}"][j, 0], known)

    def _draw_legend(self) -> None:
        names = {
            "values a (in the circles) and z": BLUE,
            "weights and biases b": "black",
            "gradients of the loss: dW at the weights, dz = db at the units": RED,
        }
        words = [Line2D([], [], ls="", label=name) for name in names]
        look: dict[str, Any] = {"loc": "lower center", "ncols": 3, "handlelength": 0, "handletextpad": 0}
        self.live.figure.legend(handles=words, labelcolor=list(names.values()), fontsize=9.5, **look)
        for x, text in zip(COLUMNS, ("inputs", "layer 1, ReLU", "layer 2, ReLU", "layer 3, sigmoid"), strict=True):
            self.ax.text(x, 5.75, text, ha="center", va="center", fontsize=10.5)

    def _draw_edges(self) -> None:
        self.words: dict[Any, Text] = {}
        for k in (1, 2, 3):
            for i in range(SIZES[k - 1]):
                for j in range(SIZES[k]):
                    start = np.array([COLUMNS[k - 1], ROWS[SIZES[k - 1]][i]])
                    end = np.array([COLUMNS[k], ROWS[SIZES[k]][j]])
                    self.ax.plot(*np.stack([start, end]).T, color="#777777", lw=1.2, zorder=1)
                    self._draw_labels((k, i, j), start + (0.33 if SIZES[k] == 2 else 0.42) * (end - start))

    def _draw_labels(self, edge: tuple[int, int, int], place: Floats) -> None:
        """A weight above its gradient; only one of the weights can be moved."""
        x, y = place
        k, i, j = edge
        look: dict[str, Any] = {"ha": "center", "fontsize": 9}
        if i != j or k == 3:  # a sloping line would cross the numbers
            self.ax.add_patch(Rectangle((x - 0.34, y - 0.33), 0.68, 0.66, fc="white", ec="none", zorder=2))
        self.words["dW", *edge] = self.ax.text(x, y - 0.05, "", va="top", color=RED, **look)
        weight = self.ax.text(x, y + 0.05, f"{WEIGHTS[f'W{k}'][j][i]:.2f}", va="bottom", color="black", **look)
        if edge == (2, 0, 0):
            self.words["W", *edge] = weight

    def _draw_units(self) -> None:
        self.switched_off: dict[tuple[int, int], Patch] = {}
        for k, size in enumerate(SIZES):
            for j in range(size):
                x, y = COLUMNS[k], ROWS[size][j]
                self.ax.add_patch(Circle((x, y), RADIUS, fc="white", ec="black", lw=1.5, zorder=3))
                look: dict[str, Any] = {"ha": "center", "va": "center"}
                self.words["a", k, j] = self.ax.text(x, y, "", color=BLUE, fontsize=11, **look)
                if k:
                    self.words["z", k, j] = self.ax.text(x, y + 0.67, "", color=BLUE, fontsize=9.5, **look)
                    self.words["b", k, j] = self.ax.text(
                        x, y + 0.97, f"b = {WEIGHTS[f'b{k}'][j][0]:.2f}", fontsize=9, **look
                    )
                    self.words["dz", k, j] = self.ax.text(x, y - 0.67, "", color=RED, fontsize=9.5, **look)
                if k in (1, 2):
                    self.switched_off[k, j] = self.ax.add_patch(
                        Circle((x, y), RADIUS, fc="#DDDDDD", ec="black", lw=1.5)
                    )
        self.words["loss"] = self.ax.text(10.6, ROWS[1][0], "", color=BLUE, fontsize=11, ha="center", va="center")
        self.ax.plot([COLUMNS[3] + RADIUS, 10.2], [ROWS[1][0]] * 2, color="#777777", lw=1.2)


def _show_number(text: Text, before: str, number: float, known: bool) -> None:
    """A gradient, grey if it is 0."""
    text.set(text=f"{before}{number:+.3f}" if known else "", color=RED if number else GREY)


def _copy(parameters: dict[str, Floats]) -> dict[str, Floats]:
    return {name: array.copy() for name, array in parameters.items()}
