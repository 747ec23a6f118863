import re
from pathlib import Path

import numpy as np
import pytest

import dlcore
from dlcore.widgets import cut_blocks, residual_depth
from dlcore.widgets.residual_networks.cut_blocks import CutBlocks
from dlcore.widgets.residual_networks.residual_depth import ResidualDepth
from tests.panels import answering
from tests.test_gradients_week8 import SPACE, support

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


def test_nothing_that_students_import_contains_this_lessons_answers():
    files = sorted((Path(dlcore.__file__).parent / "widgets" / "residual_networks").glob("*.py"))
    assert len(files) == 3
    text = "".join(file.read_text() for file in files)
    for answer in (r"\+ X\b", r"dX \+", r"\(out > 0\)", r"::stride", r"reversed\(", r'p\["W2"\] @'):
        assert not re.search(answer, text), answer
