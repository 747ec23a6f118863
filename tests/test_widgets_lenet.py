import re
from pathlib import Path

import numpy as np
import pytest

import dlcore
from dlcore.widgets import feature_maps, windows_as_rows
from dlcore.widgets.lenet.feature_maps import FeatureMaps
from dlcore.widgets.lenet.windows_as_rows import IMAGE, WindowsAsRows
from tests.panels import answering
from tests.test_gradients_lenet import SPACE, support

pytestmark = pytest.mark.week7

im2col, col2im, lenet_forward = SPACE["im2col"], SPACE["col2im"], SPACE["lenet_forward"]
PARAMETERS = support.initialize_lenet(np.random.default_rng(1))


def maps(function=lenet_forward):
    return feature_maps(function, PARAMETERS)


# windows as rows


def numbers(table):
    return [float(text) for text in table.shown]


def crossed(table):
    return len(table.crosses.get_xdata())


def settings(picture, f=2, stride=1, pad=0, number=4):
    for control, value in zip(picture.panel.controls, (f, stride, pad, number), strict=False):
        control.value = value


@pytest.mark.parametrize("given", ["what im2col made", "a matrix of ones"])
@pytest.mark.parametrize("f", [2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("pad", [0, 1])
def test_the_reference_is_found_right_everywhere(f, stride, pad, given):
    picture = WindowsAsRows(im2col, col2im)
    picture.panel.controls[4].value = given
    for number in (0, 3, 24):
        settings(picture, f, stride, pad, number)
        assert picture.panel.error is None
        assert "But" not in picture.panel.sentence
        assert "but" not in picture.panel.sentence
        assert crossed(picture.row) == crossed(picture.output) == 0


def test_the_row_is_the_window_that_is_framed():
    picture = WindowsAsRows(im2col, col2im)
    assert numbers(picture.row) == [6, 7, 10, 11]
    assert "begins at (1, 1) of the framed image is row 4 (from 0 on) of 9: 6, 7, 10, 11." in picture.panel.sentence
    settings(picture, pad=1, number=0)
    assert numbers(picture.row) == [0, 0, 0, 1]
    assert picture.panel.sentence.endswith("Each pixel lies in 4 windows and comes back that many times.")


def test_the_slider_goes_as_far_as_there_are_windows():
    picture = WindowsAsRows(im2col, col2im)
    assert picture.place.max == 8
    settings(picture, pad=1, number=24)
    assert (picture.place.max, picture.place.value) == (24, 24)
    settings(picture, f=3, stride=3, pad=0, number=24)
    assert (picture.place.max, picture.place.value) == (0, 0)
    assert "is row 0 (from 0 on) of 1:" in picture.panel.sentence
    assert picture.panel.error is None


def test_what_comes_back_is_counted():
    picture = WindowsAsRows(im2col, col2im)
    assert numbers(picture.output)[:4] == [1, 4, 6, 4]
    settings(picture, stride=2)
    assert numbers(picture.output) == IMAGE.ravel().tolist()
    assert picture.panel.sentence.endswith("Each pixel lies in exactly one window, so each comes back once.")


def test_wrong_rows_and_sums_are_crossed_out():
    def by_columns(A, f, stride, pad):
        return im2col(A.transpose(0, 2, 1, 3), f, stride, pad)

    picture = WindowsAsRows(by_columns, col2im)
    settings(picture, number=1)
    assert crossed(picture.row) == 3  # one of four is right by chance
    assert "But the window holds 2, 3, 6, 7." in picture.panel.sentence

    def overwriting(rows, shape, f, stride, pad):
        return np.minimum(col2im(rows, shape, f, stride, pad), IMAGE.reshape(1, 4, 4, 1))

    picture = WindowsAsRows(im2col, overwriting)
    assert crossed(picture.output) == 12
    assert "Pixel (0, 1) lies in 2 windows, so 4 should come back there, but `overwriting` says 2." in (
        picture.panel.sentence
    )


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ((answering(np.zeros((5, 9))), col2im), r"9 windows of 4 pixels here, .* It returned shape \(5, 9\)"),
        ((im2col, answering(np.zeros((1, 6, 6, 1)))), r"`mine` should return numbers of shape \(1, 4, 4, 1\)"),
        ((lambda A, *_: A["X"], col2im), "raised IndexError: "),
    ],
)
def test_wrong_and_unfinished_functions_get_kind_words(functions, message):
    panel = windows_as_rows(*functions)
    assert re.search(message, panel.sentence)
    panel.controls[0].value = 3
    assert panel.error is not None


# feature maps


def test_the_maps_are_those_of_the_caches():
    picture = FeatureMaps(lenet_forward, PARAMETERS)
    image = picture.images[7]
    scores, caches = lenet_forward(image[np.newaxis, :, :, np.newaxis], PARAMETERS)
    for pictures, layer in ((picture.first, "pool1"), (picture.second, "pool2")):
        right = caches[layer][0][0]
        for number, shown in enumerate(pictures):
            np.testing.assert_allclose(shown.get_array(), right[:, :, number] / right.max())
    widths = [bar.get_width() for bar in picture.bars]
    np.testing.assert_allclose(widths, 100 * support.softmax(scores)[:, 0])
    assert f"reads {int(scores.argmax())}" in picture.panel.sentence
    assert "But" not in picture.panel.sentence


@pytest.mark.parametrize(("right", "down"), [(3, 0), (-7, 2), (0, -5), (7, 7)])
def test_the_digit_moves(right, down):
    picture = FeatureMaps(lenet_forward, PARAMETERS)
    picture.panel.controls[2].value, picture.panel.controls[3].value = right, down
    expected = support.shift(picture.images[7:8], right, down)[0]
    np.testing.assert_array_equal(picture.digit.get_array(), expected)
    assert picture.panel.error is None


def test_right_readings_are_green():
    def oracle(X, parameters):
        _, caches = lenet_forward(X, parameters)
        return np.eye(10)[:, 7:8] * 9.0, caches

    picture = FeatureMaps(oracle, PARAMETERS)
    assert picture.panel.sentence.startswith("The network reads 7, with 100 %: right.")
    picture.panel.controls[0].value = 3
    assert "wrong, it is a 3" in picture.panel.sentence
    colours = [bar.get_facecolor() for bar in picture.bars]
    assert len(set(colours)) == 3


def test_maps_that_are_not_the_filters_answers_are_noticed():
    def changed(change):
        def mine(X, parameters):
            scores, caches = lenet_forward(X, parameters)
            return scores, caches | {"pool1": (change(X, caches), 2, 2)}

        return mine

    before_relu = changed(lambda X, caches: SPACE["conv_forward_fast"](*caches["conv1"])[0])
    assert maps(before_relu).sentence.endswith("are those before the ReLU.")
    turned = changed(lambda X, caches: caches["pool1"][0][:, ::-1])
    assert maps(turned).sentence.endswith("are not what its filters answer.")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (answering(np.zeros((10, 1))), "should return two things: the scores and the caches"),
        (answering((np.zeros((1, 10)), {})), r"scores of shape \(10, 1\) here. The shape is \(1, 10\)"),
        (answering((np.zeros((10, 1)), {})), "there is no 'pool1'"),
        (answering((np.full((10, 1), np.nan), {})), "finite numbers"),
        (answering((np.zeros((10, 1)), {"pool1": (np.zeros((1, 14, 14, 6)),)})), r"maps of shape \(1, 28, 28, 6\)"),
        (lambda X, parameters: X["scores"], "raised IndexError: "),
    ],
)
def test_a_wrong_network_gets_kind_words(function, message):
    panel = maps(function)
    assert re.search(message, panel.sentence)
    panel.controls[0].value = 2
    assert panel.error is not None


def test_nothing_that_students_import_contains_this_lessons_answers():
    files = sorted((Path(dlcore.__file__).parent / "widgets" / "lenet").glob("*.py"))
    assert len(files) == 3
    text = "".join(file.read_text() for file in files)
    for answer in (r"//\s*stride", r"einsum", r"\] \+= ", r"argmax\(axis", r"sliding_window", r"transpose", r"\.T\b"):
        assert not re.search(answer, text), answer
