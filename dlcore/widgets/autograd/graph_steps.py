"""A gradient on its way back through the graph of a formula, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.text import Text

from dlcore.errors import CourseError
from dlcore.live import LiveFigure, Panel, ask, choice, name_of, slider, whole_slider
from dlcore.plots import COLOURS, STYLE
from dlcore.widgets.autograd.answers import asked_for_numbers, asked_for_order
from dlcore.widgets.autograd.graph_marks import Arrow, Ring

__all__ = ["FORMULAS", "GraphSteps"]

VISITS = 6  # of every formula
BLUE, RED, GREY = COLOURS["blue"], COLOURS["vermilion"], "#888888"


class Formula(NamedTuple):
    """The steps behind the two leaves, v0 = x1 and v1 = x2: a kind and parents, and where each node stands."""

    steps: tuple[tuple[str, tuple[int, ...]], ...]
    places: tuple[tuple[float, float], ...]

    @property
    def parents(self) -> dict[int, tuple[int, ...]]:
        """The parents of each node."""
        return {0: (), 1: ()} | {node: made_of for node, (_, made_of) in enumerate(self.steps, start=2)}


FORMULAS = {
    "x1² · x1 + x1 · x2": Formula(
        (("power", (0,)), ("multiply", (2, 0)), ("multiply", (0, 1)), ("add", (3, 4))),
        ((0, 1.9), (0, 0), (1.9, 2.42), (3.8, 1.5), (2.8, 0.1), (5.7, 1.0)),
    ),
    "tanh(x1 · x2 + x1) · x2": Formula(
        (("multiply", (0, 1)), ("add", (2, 0)), ("tanh", (3,)), ("multiply", (4, 1))),
        ((0, 2.2), (0, 0), (1.6, 0.9), (2.9, 1.9), (4.4, 1.9), (5.7, 0.7)),
    ),
    "exp(x1) · relu(x2) + x2": Formula(
        (("exp", (0,)), ("relu", (1,)), ("multiply", (2, 3)), ("add", (4, 1))),
        ((0, 2.2), (0, 0), (1.9, 2.5), (1.9, 0.95), (3.8, 1.7), (5.7, 0.6)),
    ),
    "doubled three times, + x2": Formula(
        (("add", (0, 0)), ("add", (2, 2)), ("multiply", (1, 1)), ("add", (3, 3)), ("add", (5, 1))),
        ((0, 2), (0, 0), (1.5, 2), (3, 2), (2.5, -0.35), (4.4, 2), (5.7, 0.9)),
    ),
}


class Visit(NamedTuple):
    """One call of `back`: who, what had arrived, and what each parent is handed."""

    node: int
    arrived: float
    parts: tuple[float, ...]


class Drawing(NamedTuple):
    """The artists of one formula: arrows and names stay as they are, the others move."""

    arrows: list[Arrow]
    names: list[Text]
    handed: dict[tuple[int, int], Arrow]
    rings: list[Ring]
    values: list[Text]
    gradients: list[Text]

    def background(self) -> list[Any]:
        """What depends on nothing but the formula."""
        return [*self.arrows, *self.names]

    def movers(self) -> list[Any]:
        """What controls move, from bottom to top."""
        return [*self.handed.values(), *self.rings, *self.values, *self.gradients]


class GraphSteps:
    """The picture: a graph with values and gradients, as far as the backward pass has come. `panel` shows it."""

    @matplotlib.rc_context(STYLE)
    def __init__(
        self,
        local_slopes: Callable[..., Any],
        topological_order: Callable[..., Any],
        backward: Callable[..., Any],
    ):
        self.local_slopes, self.topological_order, self.backward = local_slopes, topological_order, backward
        self.live = LiveFigure(
            size=(8.8, 3.7),
            alt="The graph of a formula, from two leaves at the left to the result at the right. Values stand in each "
            "node, gradients below it. Dashed nodes wait for more, thick ones have been visited.",
        )
        self.ax = self.live.figure.add_axes((0.01, 0.02, 0.98, 0.86), xlim=(-0.6, 6.5), ylim=(-0.8, 3.2))
        self.ax.set_axis_off()
        self.ax.set_title("Inside: the value. Below: what has arrived", loc="left", x=0.01)
        self.drawings = {name: self._draw(formula) for name, formula in FORMULAS.items()}
        self.formula = ""
        controls = [
            whole_slider("visits so far", 0, VISITS, 0),
            choice("formula", list(FORMULAS), next(iter(FORMULAS))),
            slider("x1", -2, 2, 1.5),
            slider("x2", -2, 2, 0.5),
        ]
        self.panel = Panel(self.live, controls, self.update, more=controls[2:])

    @np.errstate(all="ignore")
    def update(self, shown: int, name: str, x1: float, x2: float) -> str:
        """Run the three functions, and show what has happened up to a visit."""
        formula = FORMULAS[name]
        values = evaluated(formula, x1, x2)
        order, visits, grads = self._run(formula, values)
        if name != self.formula:
            self._lay_out(name)
        done = visits[:shown]
        arrived, left = _arrived(formula, order, done)
        self._show(self.drawings[name], formula, values, arrived, left, done)
        words = f"The result is {values[-1]:.3f}. " + _told(formula, shown, visits, left)
        at_end = shown >= min(len(visits), VISITS)
        words += _told_of_others(formula, order) if at_end or not shown else ""
        return words + (self._verdict(formula, x1, x2, grads, visits) if at_end else "")

    @matplotlib.rc_context(STYLE)
    def _lay_out(self, name: str) -> None:
        """Make another formula's graph the background."""
        for other, drawing in self.drawings.items():
            for artist in (*drawing.background(), *drawing.movers()):
                artist.set_visible(other == name)
        self.live.freeze(*[artist for drawing in self.drawings.values() for artist in drawing.movers()])
        self.formula = name

    def _run(self, formula: Formula, values: list[float]) -> tuple[list[int], list[Visit], dict[int, float]]:
        """The order, every call of `back`, and the gradients of the student's engine."""
        parents, visits, name = formula.parents, list[Visit](), name_of(self.local_slopes)
        order = asked_for_order(self.topological_order, len(values) - 1, parents)

        def back(node: int, g: Any) -> tuple[float, ...]:
            if node < 2:
                visits.append(Visit(node, float(g), ()))
                return ()
            kind, made_of = formula.steps[node - 2]
            inputs = (values[made_of[0]], 2) if kind == "power" else tuple(values[parent] for parent in made_of)
            slopes = ask(self.local_slopes, kind, values[node], inputs)
            if not isinstance(slopes, tuple | list) or len(slopes) != len(made_of) or any(map(np.ndim, slopes)):
                raise CourseError(f"`{name}` should return {len(made_of)} number(s) in a tuple for {kind!r}.")
            visits.append(Visit(node, float(g), tuple(float(g * slope) for slope in slopes)))
            return visits[-1].parts

        grads = asked_for_numbers(self.backward, order, order, lambda node: parents[node], back, 1.0)
        return order, visits, grads

    def _show(
        self,
        drawing: Drawing,
        formula: Formula,
        values: list[float],
        arrived: Mapping[int, float],
        left: Mapping[int, int],
        done: list[Visit],
    ) -> None:
        visited = {visit.node for visit in done}
        for node, value in enumerate(values):
            drawing.values[node].set_text(f"{value:.2f}")
            drawing.gradients[node].set_text(f"{arrived[node]:.3f}" if node in arrived else "")
            ring = drawing.rings[node]
            ring.set_linewidth(3 if node in visited else 1.3)
            ring.set_linestyle("--" if left.get(node, 0) else "-")
            ring.set_edgecolor(RED if node in visited else BLUE if node in left else GREY)
        now = done[-1].node if done else -1
        for (child, _), arrow in drawing.handed.items():
            arrow.set_visible(child == now)

    def _verdict(self, formula: Formula, x1: float, x2: float, grads: dict[int, float], visits: list[Visit]) -> str:
        """What central differences say to the gradients of the leaves, and how often nodes were visited."""
        truth, from_left = _differences(formula, x1, x2)
        often = [visit.node for visit in visits]
        twice = sorted({node for node in often if often.count(node) > 1})
        words = f" Some nodes were visited more than once: {_listed(twice)}." if twice else ""
        mine = [grads.get(0, 0.0), grads.get(1, 0.0)]
        if np.allclose(mine, truth, rtol=1e-4, atol=1e-6):
            return words + " The gradients of x1 and x2 are those of central differences."
        if _at_corner(formula, x2) and np.allclose(mine, (truth[0], from_left), rtol=1e-4, atol=1e-4):
            words += f" At x2 = 0 the ReLU has its corner: central differences say {truth[1]:.3f} for x2, with half of "
            return words + f"its slope on either side. With the slope 0, it is {from_left:.3f}."
        return words + f" Central differences say {truth[0]:.3f} for x1 and {truth[1]:.3f} for x2!"

    def _draw(self, formula: Formula) -> Drawing:
        """Draw a formula's graph; its artists."""
        drawing, labels = Drawing([], [], {}, [], [], []), _labels(formula)
        for node, (x, y) in enumerate(formula.places):
            ring = Ring((x, y), GREY)
            drawing.rings.append(ring)
            self.ax.add_patch(ring)
            drawing.values.append(self.ax.text(x, y, "", ha="center", va="center", color=BLUE, fontsize=10))
            drawing.names.append(self.ax.text(x, y + 0.44, labels[node], ha="center", va="bottom", fontsize=10))
            drawing.gradients.append(self.ax.text(x, y - 0.47, "", ha="center", va="top", color=RED, fontsize=11))
        for child, made_of in formula.parents.items():
            for number, parent in enumerate(made_of):
                bend = 0.22 * (1 - 2 * number) if len(set(made_of)) < len(made_of) else 0.0  # two arrows, side by side
                ends = formula.places[parent], formula.places[child]
                thin = Arrow(*ends, bend, GREY, 1.2, gap=0)
                thick = Arrow(*ends[::-1], -bend, RED, 2.6, gap=14)  # it goes back, and leaves the thin one's head free
                drawing.arrows.append(thin)
                drawing.handed[child, number] = thick
                self.ax.add_patch(thin)
                self.ax.add_patch(thick)
        return drawing


def evaluated(formula: Formula, x1: float, x2: float) -> list[float]:
    """The values of all nodes."""
    values = [float(x1), float(x2)]
    for kind, made_of in formula.steps:
        a, b = values[made_of[0]], values[made_of[-1]]
        values.append(
            {
                "add": a + b,
                "multiply": a * b,
                "power": a**2,
                "exp": float(np.exp(a)),
                "tanh": float(np.tanh(a)),
                "relu": max(a, 0.0),
            }[kind]
        )
    return values


def _differences(formula: Formula, x1: float, x2: float, eps: float = 1e-5) -> tuple[list[float], float]:
    """Central differences along both leaves, and along x2 the difference from the left."""
    here = evaluated(formula, x1, x2)[-1]
    left = evaluated(formula, x1 - eps, x2)[-1], evaluated(formula, x1, x2 - eps)[-1]
    right = evaluated(formula, x1 + eps, x2)[-1], evaluated(formula, x1, x2 + eps)[-1]
    return [(right[k] - left[k]) / (2 * eps) for k in (0, 1)], (here - left[1]) / eps


def _at_corner(formula: Formula, x2: float) -> bool:
    return ("relu", (1,)) in formula.steps and x2 == 0


def _labels(formula: Formula) -> list[str]:
    forms = {"add": "v{} + v{}", "multiply": "v{} · v{}", "power": "v{}²"}
    steps = [
        f"v{node} = " + forms.get(kind, kind + "(v{})").format(*made_of)
        for node, (kind, made_of) in enumerate(formula.steps, start=2)
    ]
    return ["v0 = x1", "v1 = x2", *steps]


def _arrived(formula: Formula, order: list[int], done: list[Visit]) -> tuple[dict[int, float], dict[int, int]]:
    """What has arrived at each node, and how many parts it still waits for, for those that lie behind the result."""
    arrived, behind = {order[0]: 1.0}, set(order)
    left = dict.fromkeys(behind, 0)
    for node in behind:
        for parent in formula.parents[node]:
            left[parent] = left.get(parent, 0) + 1
    for visit in done:
        for parent, part in zip(formula.parents[visit.node], visit.parts, strict=True):
            arrived[parent] = arrived.get(parent, 0.0) + part
            left[parent] -= 1
    return arrived, left


def _told(formula: Formula, shown: int, visits: list[Visit], left: Mapping[int, int]) -> str:
    """The last visit shown in words."""
    if not shown or not visits:
        return f"Nothing is handed out yet; 1 has arrived at v{len(formula.places) - 1}. Who waits for how many parts?"
    visit = visits[min(shown, len(visits)) - 1]
    words = f"Visit {min(shown, len(visits))} of {len(visits)}: v{visit.node}, where {visit.arrived:.3f} has arrived"
    parts = [f"{part:.3f} to v{p}" for p, part in zip(formula.parents[visit.node], visit.parts, strict=True)]
    words += f", hands {' and '.join(parts)}." if parts else ", is a leaf."
    waiting = [f"v{node}" for node, many in sorted(left.items()) if many > 0]
    early = left.get(visit.node, 0) > 0
    words += f" It should have waited: something is still to come for v{visit.node}." if early else ""
    return words + (f" Still waiting: {', '.join(waiting)}." if waiting else "")


def _told_of_others(formula: Formula, order: list[int]) -> str:
    """Which nodes do not lie behind the result, in words."""
    others = sorted(set(formula.parents) - set(order))
    return f" The result does not depend on {_listed(others)}, so nobody visits it." if others else ""


def _listed(nodes: list[int]) -> str:
    return ", ".join(f"v{node}" for node in nodes)
