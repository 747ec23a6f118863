import re
from pathlib import Path

import numpy as np
import pytest

import dlcore
from dlcore.widgets import budget_builder, cut_blocks, residual_depth
from dlcore.widgets.residual_networks.budget_builder import LENETS, MILLION, BudgetBuilder
from dlcore.widgets.residual_networks.cut_blocks import CutBlocks
from dlcore.widgets.residual_networks.residual_depth import ResidualDepth
from tests.panels import answering
from tests.test_gradients_week8 import SPACE, ready, support

pytestmark = pytest.mark.week8

FUNCTIONS = {
    "residual_forward": SPACE["residual_forward"],
    "residual_backward": SPACE["residual_backward"],
    "gradient_reach": SPACE["gradient_reach"],
    "plain_forward": support.plain_forward,
    "plain_backward": support.plain_backward,
}


def he_blocks(count, width, rng):
    W = rng.normal(0, np.sqrt(2 / width), (count, 2, width, width))
    return [{"W1": W1, "b1": np.zeros((width, 1)), "W2": W2, "b2": np.zeros((width, 1))} for W1, W2 in W]


def parameters(blocks=4, seed=1):
    rng = np.random.default_rng(seed)
    return support.stack_start(196, 10, he_blocks(blocks, 6, rng), rng)


CUT = {"residual_forward": SPACE["residual_forward"], "plain_forward": support.plain_forward}
TRAINED = {"residual_parameters": parameters(seed=1), "plain_parameters": parameters(seed=2)}

BUDGET = {"count_layers": SPACE["count_layers"], "receptive_field": ready.receptive_field}


def depth(**changed):
    return ResidualDepth(**FUNCTIONS | changed)


def cut(**changed):
    return CutBlocks(**CUT | TRAINED | changed)


# depth


@pytest.mark.parametrize("layers", [2, 20, 40])
def test_with_a_second_matrix_of_zeros_nothing_changes_at_any_depth(layers):
    picture = depth()
    picture.panel.controls[0].value = layers
    np.testing.assert_allclose(picture.signals["residual"].get_ydata(), np.ones(layers // 2 + 1))
    np.testing.assert_allclose(picture.gradients["residual"].get_ydata(), np.ones(layers // 2 + 1))
    assert f"{layers} layers, {layers // 2} blocks" in picture.panel.sentence
    assert "But" not in picture.panel.sentence


def test_with_two_random_matrices_the_residual_signal_grows_and_the_plain_one_does_not():
    picture = depth()
    picture.panel.controls[0].value, picture.panel.controls[1].value = 40, 1.0
    assert picture.signals["residual"].get_ydata()[-1] > 1000
    assert picture.gradients["residual"].get_ydata()[0] > 1000
    assert 0.1 < picture.signals["plain"].get_ydata()[-1] < 10


def test_the_curves_are_the_sizes_of_the_students_signals_and_gradients():
    picture = depth()
    picture.panel.controls[0].value, picture.panel.controls[1].value = 4, 0.5
    A, caches, sizes = picture.X, [], [1.0]
    for W1, W2 in picture.draws[:2]:
        p = {"W1": W1, "b1": np.zeros((48, 1)), "W2": 0.5 * W2, "b2": np.zeros((48, 1))}
        A, cache = SPACE["residual_forward"](A, p)
        caches.append(cache)
        sizes.append(np.linalg.norm(A) / np.linalg.norm(picture.X))
    np.testing.assert_allclose(picture.signals["residual"].get_ydata(), sizes)
    reach = SPACE["gradient_reach"](picture.arriving, caches, SPACE["residual_backward"])
    np.testing.assert_allclose(picture.gradients["residual"].get_ydata(), reach / reach[-1])


def test_a_block_that_is_not_the_identity_with_zeros_is_noticed():
    def twice(X, p):
        out, cache = SPACE["residual_forward"](X, p)
        return 2 * out, cache

    assert depth(residual_forward=twice).panel.sentence.endswith("your block should hand on what it gets.")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"residual_forward": answering(np.zeros(3))}, "`mine` should return two things: out and the cache"),
        ({"residual_forward": answering((np.zeros((2, 2)), ()))}, r"numbers of shape \(48, 20\), X's. It is \(2, 2\)"),
        ({"residual_backward": answering(3)}, "`mine` should return two things: dX and the gradients"),
        ({"gradient_reach": answering(np.ones(3))}, r"11 norms for 10 blocks. Its shape is \(3,\)"),
        ({"gradient_reach": answering(np.zeros(11))}, "belongs to dout itself, whose norm is"),
        ({"gradient_reach": lambda dout, *_: dout["size"]}, "raised IndexError: "),
    ],
)
def test_wrong_functions_get_kind_words_at_the_depth(changed, message):
    panel = residual_depth(**FUNCTIONS | changed)
    assert re.search(message, panel.sentence)
    panel.controls[0].value = 4
    assert panel.error is not None


# cutting


def by_hand(forward, P, kept, X):
    A = np.maximum(P["W_in"] @ X + P["b_in"], 0)
    for number in kept:
        A, _ = forward(A, support.block_of(P, number))
    return np.argmax(P["W_out"] @ A + P["b_out"], axis=0)


@pytest.mark.parametrize(("first", "many", "kept"), [(0, 0, [0, 1, 2, 3]), (1, 2, [0, 3]), (3, 4, [0, 1, 2])])
def test_the_bars_are_the_errors_without_the_blocks_that_are_cut(first, many, kept):
    picture = cut()
    picture.panel.controls[0].value, picture.panel.controls[1].value = first, many
    for bar, forward, P in zip(
        picture.bars,
        (support.plain_forward, SPACE["residual_forward"]),
        (TRAINED["plain_parameters"], TRAINED["residual_parameters"]),
        strict=True,
    ):
        wrong = by_hand(forward, P, kept, picture.X) != picture.labels
        assert bar.get_width() == pytest.approx(100 * np.mean(wrong))
    crossed = [number % 4 for number, cross in enumerate(picture.crosses) if cross.get_visible()]
    assert sorted(crossed) == sorted(2 * [number for number in range(4) if number not in kept])


def test_the_sentence_names_what_is_cut():
    panel = cut().panel
    assert panel.sentence.startswith("Without block 2: error of the plain network ")
    panel.controls[1].value = 2
    assert panel.sentence.startswith("Without blocks 2, 3: ")
    panel.controls[1].value = 0
    assert panel.sentence.startswith("With all blocks: ")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (answering(np.zeros(3)), "`mine` should return two things: out and the cache"),
        (answering((np.zeros((2, 2)), ())), r"numbers of shape \(6, 400\), X's. Its shape is \(2, 2\)"),
        (lambda X, p: X["signal"], "raised IndexError: "),
    ],
)
def test_wrong_functions_get_kind_words_when_blocks_are_cut(function, message):
    panel = cut_blocks(**CUT | TRAINED | {"residual_forward": function})
    assert re.search(message, panel.sentence)
    panel.controls[0].value = 0
    assert panel.error is not None


# building on a budget


def built(stack, filters=8, **changed):
    """The picture after a press of a button for each letter."""
    picture = BudgetBuilder(**BUDGET | changed)
    picture.panel.controls[0].value = filters
    picture.panel.buttons["start again"].click()
    for letter in stack:
        (label,) = [label for label in picture.panel.buttons if label.endswith(f"({letter})")]
        picture.panel.buttons[label].click()
    return picture


def convolution(side, f, come, go):
    return np.array([f * f * come * go + go, side * side * f * f * come * go])


BIASES = np.array([4, 0])
BY_HAND = {  # 4 filters on one channel of 28 × 28, by formula; then 8 on 4 channels of 14 × 14
    "C": [convolution(28, 3, 1, 4), convolution(14, 3, 4, 8)],
    "S": [
        convolution(28, 3, 1, 1) + convolution(28, 1, 1, 4),
        4 * convolution(14, 3, 1, 1) + convolution(14, 1, 4, 8),
    ],
    "B": [
        convolution(28, 1, 1, 1) + convolution(28, 3, 1, 1) + convolution(28, 1, 1, 4),
        convolution(14, 1, 4, 2) + convolution(14, 3, 2, 2) + convolution(14, 1, 2, 8),
    ],
    "R": [
        convolution(28, 3, 1, 4) + convolution(28, 3, 4, 4) + convolution(28, 1, 1, 4) - BIASES,
        convolution(14, 3, 4, 8) + convolution(14, 3, 8, 8) + convolution(14, 1, 4, 8) - 2 * BIASES,
    ],
}


@pytest.mark.parametrize("letter", "CSBR")
def test_the_curves_are_the_costs_of_the_blocks_and_of_the_ten_scores(letter):
    picture = built(f"{letter}P{letter}", filters=4)
    first, second = BY_HAND[letter]
    expected = [np.add(first, [50, 40]), np.add(first, [50, 40]), np.add(first + second, [90, 80])]
    np.testing.assert_array_equal(picture.lines[2].get_ydata()[1:], [each[0] for each in expected])
    np.testing.assert_array_equal(picture.lines[1].get_ydata()[1:], [each[1] for each in expected])
    assert f"{expected[-1][1]:,} multiplications" in picture.panel.sentence
    assert [each.get_text() for each in picture.letters[:4]] == [letter, "P", letter, ""]


def test_a_second_residual_block_of_as_many_filters_has_no_projection():
    costs = built("RR", filters=4).lines[2].get_ydata()
    assert costs[2] - costs[1] == 2 * convolution(28, 3, 4, 4)[0]


@pytest.mark.parametrize(("stack", "fields"), [("CPC", [1, 3, 4, 8]), ("SB", [1, 3, 5]), ("RPR", [1, 5, 6, 14])])
def test_the_field_is_that_of_the_windows_so_far(stack, fields):
    assert list(built(stack).lines[0].get_ydata()) == fields


@pytest.mark.parametrize(
    ("stack", "filters", "words"),
    [
        ("SPSPSPS", 8, "106,336 multiplications (budget 416,520)"),
        ("SPSPSPS", 16, "342,832 multiplications (budget 416,520)"),
        ("CPCPCPC", 4, "182,912 multiplications (budget 416,520)"),
    ],
)
def test_the_stacks_that_the_lesson_names_are_found(stack, filters, words):
    sentence = built(stack, filters).panel.sentence
    assert words in sentence
    assert sentence.splitlines()[-1].startswith("Found: as wide as the digit")


def test_what_is_too_dear_for_one_budget_may_fit_the_other():
    panel = built("CPCPCPC").panel
    assert "Over the budget: 162 %" in panel.sentence
    panel.controls[1].value = MILLION
    assert "Found: as wide as the digit, for 67 %" in panel.sentence
    panel.controls[1].value = LENETS
    assert "Over the budget" in panel.sentence


@pytest.mark.parametrize(
    ("stack", "left", "words"),
    [
        ("PC", "C", ""),
        ("CPP", "CP", "A pooling comes after a block with filters"),
        ("CPCPCPCPCP", "CPCPCPCPC", "A map of one pixel cannot be pooled"),
        ("C" * 13, "C" * 12, "There is room for 12 blocks"),
    ],
)
def test_a_block_that_does_not_fit_is_refused_with_a_reason(stack, left, words):
    picture = built(stack)
    assert picture.stack == list(left)
    assert picture.panel.sentence.startswith(words)
    picture.panel.buttons["undo"].click()
    assert picture.panel.sentence.startswith(" ".join(left[:-1]) or "No block")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"count_layers": answering(3)}, "`mine` should return two things: the rows and the pair of sums"),
        ({"count_layers": answering(([], 3))}, "should be a pair: parameters, multiplications"),
        ({"count_layers": answering(([], (1, "2")))}, "should return whole numbers. One of them is of type str"),
        ({"count_layers": answering(([], (1, np.nan)))}, "that are not negative. One of them is nan"),
        ({"count_layers": answering(([], (-1, 2)))}, "that are not negative. One of them is -1"),
        ({"count_layers": lambda side, channels, layers: layers["all"]}, "raised TypeError: "),
        ({"receptive_field": answering(2.5)}, "that are not negative. One of them is 2.5"),
    ],
)
def test_wrong_functions_get_kind_words_when_a_network_is_built(changed, message):
    panel = budget_builder(**BUDGET | changed)
    assert message in panel.sentence
    panel.buttons["convolution (C)"].click()
    assert panel.error is not None


def test_nothing_that_students_import_contains_this_lessons_answers():
    files = sorted((Path(dlcore.__file__).parent / "widgets" / "residual_networks").glob("*.py"))
    assert len(files) == 4
    text = "".join(file.read_text() for file in files)
    for answer in (
        r"\+ X\b",
        r"dX \+",
        r"\(out > 0\)",
        r"::stride",
        r"reversed\(",
        r'p\["W2"\] @',
        r"f \* f",
        r"\(f - 1\)",
    ):
        assert not re.search(answer, text), answer
