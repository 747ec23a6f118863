import re
from pathlib import Path

import numpy as np
import pytest

import dlcore
from dlcore.widgets import graph_steps, two_modes
from dlcore.widgets.autograd.graph_steps import FORMULAS, VISITS, GraphSteps
from dlcore.widgets.autograd.two_modes import TwoModes
from tests.classroom import REPOSITORY
from tests.panels import answering
from tests.test_autograd_engine import SPACE
from tests.widgets_page import contrast, luminance

pytestmark = pytest.mark.week9

STEPS = {name: SPACE[name] for name in ("local_slopes", "topological_order", "backward")}
MODES = {name: SPACE[name] for name in ("topological_order", "backward", "push_forward")}


def steps(shown=0, formula=0, x1=1.5, x2=0.5, **changed):
    picture = GraphSteps(**STEPS | changed)
    for control, value in zip(picture.panel.controls, (shown, list(FORMULAS)[formula], x1, x2), strict=True):
        control.value = value
    return picture


def texts(picture, formula, kind):
    return [text.get_text() for text in getattr(picture.drawings[list(FORMULAS)[formula]], kind)]


# step by step


@pytest.mark.parametrize("formula", range(len(FORMULAS)))
def test_all_visits_of_a_right_engine_end_at_the_gradients_of_differences(formula):
    picture = steps(VISITS, formula)
    assert picture.panel.sentence.endswith("are those of central differences.")
    assert [arrow.get_visible() for arrow in picture.drawings[list(FORMULAS)[formula]].handed.values()].count(True) == 0
    assert f"Visit {VISITS} of {VISITS}" in picture.panel.sentence
    assert "waiting" not in picture.panel.sentence


@pytest.mark.parametrize(
    ("shown", "arrived"), [(0, ["", "", "", "", "", "1.000"]), (2, ["0.500", "1.500", "", *["1.000"] * 3])]
)
def test_only_what_has_arrived_so_far_is_shown(shown, arrived):
    assert texts(steps(shown), 0, "gradients") == arrived


def test_a_node_that_waits_for_more_is_dashed_and_named():
    picture = steps(3)
    rings = picture.drawings[next(iter(FORMULAS))].rings
    assert [ring.get_linestyle() for ring in rings] == ["--", "-", "-", "-", "-", "-"]
    assert picture.panel.sentence.endswith("Still waiting: v0.")


@pytest.mark.parametrize("width", [1000, 880, 700, 330])
def test_nodes_are_circles_that_arrows_reach_however_wide_the_page_is(width):
    picture = steps(3)
    picture.live._fit_page(width, 1.0)
    drawing = picture.drawings[next(iter(FORMULAS))]
    boxes = [ring.get_window_extent() for ring in drawing.rings]
    radius = boxes[0].width / 2
    for box in boxes:
        assert box.width == pytest.approx(box.height, rel=1e-6)
    points = 72 / picture.live.figure.dpi
    for arrow in (*drawing.arrows, *(each for each in drawing.handed.values() if each.get_visible())):
        assert 0 < arrow.shrinkB - radius * points < 4


def test_values_are_those_of_the_formula():
    assert texts(steps(0, 2, 1.0, 0.5), 2, "values") == ["1.00", "0.50", "2.72", "0.50", "1.36", "1.86"]


def test_only_one_formula_is_visible():
    picture = steps(2, 3)
    seen = [
        any(a.get_visible() for a in (*drawing.background(), *drawing.movers()))
        for drawing in picture.drawings.values()
    ]
    assert seen == [False, False, False, True]


def test_a_node_behind_which_nothing_is_needed_gets_nothing():
    picture = steps(VISITS, 3)
    assert texts(picture, 3, "gradients")[4] == ""
    assert "does not depend on v4, so nobody visits it." in picture.panel.sentence
    assert "v4, so nobody visits it." in steps(0, 3).panel.sentence
    assert "v4" not in steps(3, 3).panel.sentence


def test_at_the_corner_of_the_relu_differences_are_told_apart_from_the_rule():
    sentence = steps(VISITS, 2, 1.5, 0.0).panel.sentence
    assert sentence.endswith("say 3.241 for x2, with half of its slope on either side. With the slope 0, it is 1.000.")

    def steep(kind, out, inputs):
        return (1.0,) if kind == "relu" else SPACE["local_slopes"](kind, out, inputs)

    wrong = steps(VISITS, 2, 1.5, 0.0, local_slopes=steep).panel.sentence
    assert wrong.endswith("Central differences say 0.000 for x1 and 3.241 for x2!")


def test_what_is_handed_out_points_back_to_the_parents():
    picture = steps(1)
    drawing, places = picture.drawings[next(iter(FORMULAS))], next(iter(FORMULAS.values())).places
    shown = [arrow for arrow in drawing.handed.values() if arrow.get_visible()]
    assert len(shown) == 2
    for arrow, parent in zip(shown, (3, 4), strict=True):
        child_x, parent_x = places[5][0], places[parent][0]
        start = arrow.get_path().vertices[0][0]
        assert abs(start - child_x) < abs(start - parent_x)


def test_an_engine_that_overwrites_is_found_out():
    def backward(order, parents, back, seed):
        grads = {order[0]: seed}
        for node in order:
            grads |= dict(zip(parents(node), back(node, grads[node]), strict=True))
        return grads

    assert "Central differences say 7.250 for x1" in steps(VISITS, backward=backward).panel.sentence


def test_a_node_that_is_visited_too_early_is_noticed():
    early = {5: [5, 3, 0, 2, 4, 1], 6: [6, 5, 3, 2, 1, 0]}
    picture = steps(3, topological_order=lambda last, parents: early[last])
    assert "It should have waited: something is still to come for v0." in picture.panel.sentence


def test_nodes_that_are_visited_for_each_part_are_noticed():
    def backward(order, parents, back, seed):
        grads, waiting = dict.fromkeys(order, 0.0), [(order[0], seed)]
        while waiting:
            node, part = waiting.pop()
            grads[node] += part
            waiting.extend(zip(parents(node), back(node, part), strict=True))
        return grads

    sentence = steps(VISITS, backward=backward).panel.sentence
    assert "Some nodes were visited more than once: v0." in sentence
    assert sentence.endswith("are those of central differences.")
    assert "more than once" not in steps(VISITS).panel.sentence


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"topological_order": answering({5, 4})}, "`mine` should return a list of nodes."),
        ({"topological_order": answering([])}, "`mine` should return a list of nodes."),
        ({"topological_order": answering(["x"])}, "`mine` returned something that is no node of the graph."),
        ({"topological_order": answering([0, 1])}, "should begin with the last node, v5. It begins with v0."),
        ({"backward": answering(3)}, "`mine` should return a dict, node → number."),
        ({"backward": answering({})}, "`mine` returned nothing for v5."),
        ({"backward": answering(dict.fromkeys(range(6), np.ones(2)))}, "`mine` should return a number for v5."),
        ({"local_slopes": answering(3.0)}, "in a tuple for 'add'."),
        ({"local_slopes": answering((1.0, 2.0, 3.0))}, "`mine` should return 2 number"),
    ],
)
def test_answers_that_cannot_be_drawn_are_refused(changed, message):
    panel = graph_steps(**STEPS | changed)
    assert message in panel.sentence
    assert panel.error is not None


# both modes


def modes(inputs=12, outputs=1, **changed):
    picture = TwoModes(**MODES | changed)
    picture.panel.controls[0].value, picture.panel.controls[1].value = inputs, outputs
    return picture


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (12, 1), (1, 16), (7, 5)])
def test_the_bars_count_arrows_times_sweeps(inputs, outputs):
    picture = modes(inputs, outputs)
    heights = [bar.get_height() for bar in picture.bars]
    assert heights == [inputs * 4 * (inputs + outputs), outputs * 4 * (inputs + 1)]
    assert "Both give the same Jacobian." in picture.panel.sentence


def test_the_jacobian_is_the_product_of_the_two_matrices():
    picture = modes(5, 3)
    parents, slopes = picture._network(5, 3)
    truth = picture.second[:3] @ picture.first[:, :5]
    np.testing.assert_allclose(picture._forwards(5, 3, parents, slopes), truth)
    np.testing.assert_allclose(picture._backwards(5, 3, parents, slopes), truth)
    filled, hollow = picture.dots["forward"]
    assert (len(filled.get_offsets()), len(hollow.get_offsets())) == (np.sum(truth > 0), np.sum(truth < 0))


@pytest.mark.parametrize(("inputs", "outputs"), [(16, 1), (5, 8), (1, 1)])
def test_stripes_stand_behind_the_sweeps_that_there_are(inputs, outputs):
    stripes = modes(inputs, outputs).stripes
    seen = {
        mode: [stripe.get_bbox().bounds for stripe in each if stripe.get_visible()] for mode, each in stripes.items()
    }
    assert seen["forward"] == [(number - 0.5, 0.5, 1, outputs) for number in range(1, inputs + 1, 2)]
    assert seen["reverse"] == [(0.5, number - 0.5, inputs, 1) for number in range(1, outputs + 1, 2)]


def test_jacobians_that_differ_are_noticed():
    def negative(*given):
        return {node: -rate for node, rate in MODES["push_forward"](*given).items()}

    assert modes(push_forward=negative).panel.sentence.endswith("the two Jacobians are not the same!")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"push_forward": answering([1.0])}, "`mine` should return a dict, node → number."),
        ({"backward": answering({0: 1.0})}, "`mine` returned nothing for v1."),
        ({"topological_order": answering([99])}, "is no node of the graph."),
    ],
)
def test_answers_of_which_no_jacobian_can_be_made_are_refused(changed, message):
    panel = two_modes(**MODES | changed)
    assert message in panel.sentence


def test_nothing_that_students_hold_contains_this_lessons_answers():
    files = sorted((Path(dlcore.__file__).parent / "widgets" / "autograd").glob("*.py"))
    files += sorted((REPOSITORY / "course" / "week9").glob("support_*.py"))
    assert len(files) == 7
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    for answer in (
        r"sorted\([^)]*reverse",
        r"add\.at",
        "expand_dims",
        r"1 - out",
        r"grads\[parent\]",
        r"reversed\(",
        "stretched",
    ):
        assert not re.search(answer, text), answer


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_entries_of_a_jacobian_stand_out_from_the_page(mode):
    filled, hollow = TwoModes(**MODES).dots[mode]
    for colour in (filled.get_facecolor()[0], hollow.get_edgecolor()[0]):
        assert contrast(float(luminance(np.array(colour[:3]))), 1.0) > 3
