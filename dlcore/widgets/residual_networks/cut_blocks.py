"""Blocks left out of two trained networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

from dlcore.arrays import Floats
from dlcore.data import digits
from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, name_of, whole_slider
from dlcore.plots import COLOURS, STYLE

__all__ = ["CutBlocks"]

HELD_OUT, EXAMPLES, MOST = 4000, 400, 5  # index of the first held-out digit; digits; blocks to cut
LOOKS = {"plain": ("vermilion", "//"), "residual": ("blue", "")}
NAMES = ("W1", "b1", "W2", "b2")


class CutBlocks:
    """The picture: two rows of blocks, and the errors of both networks. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(
        self,
        residual_forward: Callable[..., Any],
        residual_parameters: Mapping[str, Any],
        plain_forward: Callable[..., Any],
        plain_parameters: Mapping[str, Any],
    ):
        self.networks = {
            "plain": (plain_forward, dict(plain_parameters)),
            "residual": (residual_forward, dict(residual_parameters)),
        }
        self.blocks = min((len(parameters) - 4) // 4 for _, parameters in self.networks.values())
        images, labels = digits()
        images = images[HELD_OUT : HELD_OUT + EXAMPLES].reshape(EXAMPLES, 14, 2, 14, 2).mean(axis=(2, 4)) / 255
        self.X, self.labels = images.reshape(EXAMPLES, -1).T, labels[HELD_OUT : HELD_OUT + EXAMPLES]
        self.live = LiveFigure(
            size=(9.0, 3.6),
            alt="Above, two rows of blocks, those that are cut crossed out. Below, two bars: the error of the plain "
            "and of the residual network without these blocks.",
        )
        self.crosses = [*self._draw_rows()]
        ax = self.live.figure.add_axes((0.16, 0.17, 0.81, 0.27), xlim=(0, 100), ylim=(1.6, -0.6))
        ax.set(title=f"Error on {EXAMPLES} held-out digits", xlabel="error, %", ylabel="network")
        ax.set(yticks=[0, 1], yticklabels=list(LOOKS))
        ax.axvline(90, color=COLOURS["black"], linestyle=":")
        ax.text(90.5, -0.35, "a guess", va="top", fontsize=9)
        self.bars = [
            ax.barh(row, 0.0, color=COLOURS[colour], hatch=hatch, alpha=0.85)[0]
            for row, (colour, hatch) in enumerate(LOOKS.values())
        ]
        self.live.freeze(*self.crosses, *self.bars)
        controls = [
            whole_slider("first block that is cut", 0, self.blocks - 1, self.blocks // 2),
            whole_slider("how many blocks are cut", 0, min(MOST, self.blocks), 1),
        ]
        self.panel = Panel(self.live, controls, self.update)

    @np.errstate(all="ignore")
    def update(self, first: int, many: int) -> str:
        """Run both networks without the blocks that are cut."""
        cut = range(first, min(first + many, self.blocks))
        for number, cross in enumerate(self.crosses):
            cross.set_visible(number % self.blocks in cut)
        errors = {kind: self._error(kind, cut) for kind in LOOKS}
        for bar, error in zip(self.bars, errors.values(), strict=True):
            bar.set_width(error)
        listed = ", ".join(map(str, cut))
        words = f"Without block {listed}" if len(cut) == 1 else f"Without blocks {listed}" if cut else "With all blocks"
        return f"{words}: error of the plain network {errors['plain']:.1f} %, of yours {errors['residual']:.1f} %."

    def _error(self, kind: str, cut: range) -> float:
        forward, P = self.networks[kind]
        A = np.maximum(P["W_in"] @ self.X + P["b_in"], 0)
        for number in range(self.blocks):
            if number not in cut:
                A = self._through(forward, A, {name: np.array(P[f"{name}_{number}"]) for name in NAMES})
        guesses = np.argmax(P["W_out"] @ A + P["b_out"], axis=0)
        return 100 * float(np.mean(guesses != self.labels))

    def _through(self, forward: Callable[..., Any], A: Floats, p: dict[str, Floats]) -> Floats:
        result = ask(forward, A.copy(), p)
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise CourseError(f"`{name_of(forward)}` should return two things: out and the cache.")
        out = np.asarray(result[0])
        if out.shape != A.shape or out.dtype.kind not in "fiu":
            raise CourseError(
                f"`{name_of(forward)}` should return numbers of shape {A.shape}, X's. Its shape is {out.shape}."
            )
        return out.astype(float)

    def _draw_rows(self) -> list[Any]:
        """Draw a row of blocks for each network; the crosses over them, which move."""
        ax = self.live.figure.add_axes((0.16, 0.6, 0.81, 0.26), xlim=(-0.6, self.blocks - 0.4), ylim=(1.5, -0.5))
        ax.set(
            xticks=range(self.blocks),
            yticks=[0, 1],
            yticklabels=list(LOOKS),
            title="The blocks of both networks",
            ylabel="network",
        )
        ax.xaxis.set_ticks_position("top")
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        crosses = []
        for row, (kind, (colour, hatch)) in enumerate(LOOKS.items()):
            ax.plot([-0.6, self.blocks - 0.4], [row, row], color="#777777", lw=1.5, zorder=0)
            for number in range(self.blocks):
                box = Rectangle((number - 0.3, row - 0.3), 0.6, 0.6, facecolor=COLOURS[colour], hatch=hatch)
                box.set(edgecolor="white", alpha=0.6)
                ax.add_patch(box)
                if kind == "residual":
                    arc = row - 0.44 * np.sin(np.linspace(0, np.pi, 20))
                    ax.plot(number + np.linspace(-0.42, 0.42, 20), arc, color=COLOURS[colour], lw=1.2)
                (cross,) = ax.plot([number], [row], "x", color=COLOURS["black"], ms=18, mew=3)
                crosses.append(cross)
        return crosses
