import re
from pathlib import Path

import numpy as np
import pytest

import dlcore
from dlcore.widgets import convolution_step, filter_gallery, gradient_routing
from dlcore.widgets.convolution.convolution_step import IMAGES, KERNELS, ConvolutionStep
from dlcore.widgets.convolution.filter_gallery import FILTERS, FilterGallery
from dlcore.widgets.convolution.gradient_routing import GradientRouting
from dlcore.widgets.shared.student_convolution import expected_maps
from tests.panels import answering
from tests.test_gradients_week7 import SPACE

pytestmark = pytest.mark.week7

conv_forward, conv_backward = SPACE["conv_forward"], SPACE["conv_backward"]
pool_forward, pool_backward = SPACE["pool_forward"], SPACE["pool_backward"]
ROUTING = (conv_forward, conv_backward, pool_forward, pool_backward)


def step(function=conv_forward):
    return convolution_step(function)


def gallery(function=conv_forward):
    return filter_gallery(function)


def changed(function, change):
    """`function` with its first result changed."""

    def mine(*args):
        first, *others = function(*args)
        return (change(first), *others)

    return mine


def turned(A_prev, W, b, stride, pad):
    return conv_forward(A_prev, W[::-1, ::-1], b, stride, pad)


def strideless(A_prev, W, b, stride, pad):
    right, cache = conv_forward(A_prev, W, b, stride, pad)
    everywhere, _ = conv_forward(A_prev, W, b, 1, pad)
    return everywhere[:, : right.shape[1], : right.shape[2]], cache


@pytest.mark.parametrize(("stride", "pad", "side"), [(1, 0, 6), (2, 1, 6), (3, 2, 7), (2, 0, 5)])
def test_what_maps_should_be_is_what_the_reference_says(stride, pad, side):
    rng = np.random.default_rng(side)
    image, kernels = rng.normal(size=(side, side + 2)), rng.normal(size=(3, 3, 4))
    Z, _ = conv_forward(image[None, :, :, None], kernels[:, :, None], np.zeros((1, 1, 1, 4)), stride, pad)
    np.testing.assert_allclose(expected_maps(image, kernels, stride, pad), Z[0], atol=1e-12)


# one step


def numbers(table):
    return [float(text) for text in table.shown]


def test_the_map_on_the_picture_is_the_students():
    picture = ConvolutionStep(conv_forward)
    assert numbers(picture.map) == [0, 27, 27, 0] * 4
    assert picture.total.get_text() == "sum: 27"
    doubled = ConvolutionStep(changed(conv_forward, lambda Z: 2 * Z))
    assert numbers(doubled.map) == [0, 54, 54, 0] * 4
    assert len(doubled.map.crosses.get_xdata()) == 8
    assert "But `mine` says 54." in doubled.panel.sentence


def test_the_window_moves_by_the_stride_and_the_last_place_is_the_last_window():
    picture = ConvolutionStep(conv_forward)
    picture.panel.controls[1].value, picture.panel.controls[2].value = 1, 2  # pad, stride
    picture.place.value = picture.place.max
    assert picture.map_size() == 9
    assert (
        "The map has 3 × 3 entries. Entry (2, 2) belongs to the window that begins at (4, 4)" in picture.panel.sentence
    )
    assert picture.window.get_xy() == (4 + 1 - 0.5, 4 + 1 - 0.5)


def test_next_place_goes_round():
    picture = ConvolutionStep(conv_forward)
    for _ in range(15):
        picture.panel.buttons["next place"].click()
    assert picture.place.value == 0
    assert "Entry (0, 0)" in picture.panel.sentence


def test_the_sliders_go_to_the_last_place_that_there_is():
    picture = ConvolutionStep(conv_forward)
    assert picture.place.max == 15
    picture.place.value = 15
    picture.panel.controls[2].value = 2
    assert (picture.place.max, picture.place.value) == (3, 3)
    assert "Entry (1, 1)" in picture.panel.sentence
    gradient = GradientRouting(*ROUTING)
    assert gradient.number.max == 8
    route(gradient, stride=1)
    assert gradient.number.max == 24


def test_cells_stand_where_the_numbers_do_and_have_their_colours():
    picture = ConvolutionStep(conv_forward)
    corners = [path.vertices.min(axis=0) + 0.5 for path in picture.map.cells.get_paths()]
    assert len(corners) == 16
    assert corners[1].tolist() == [picture.map.corner + 1, picture.map.corner]
    colours = picture.map.cells.get_facecolor()
    assert (colours[1] == colours[2]).all()
    assert (colours[0] != colours[1]).any()


@pytest.mark.parametrize("name", list(KERNELS))
def test_buttons_fill_in_kernels_and_the_picture_changes_once(name):
    picture = ConvolutionStep(conv_forward)
    picture.panel.buttons[name].click()
    assert [box.value for box in picture.boxes] == KERNELS[name].ravel().tolist()
    assert picture.panel.error is None


def test_kernels_do_what_their_names_say():
    picture = ConvolutionStep(conv_forward)
    image = picture.panel.controls[0]
    image.value = "a level edge"
    assert set(numbers(picture.map)) == {0}
    picture.panel.buttons["level edge"].click()
    assert numbers(picture.map) == [0] * 4 + [-27] * 8 + [0] * 4
    image.value, picture.panel.controls[1].value = "a slope", 1
    picture.panel.buttons["shift"].click()
    np.testing.assert_allclose(np.reshape(numbers(picture.map), (6, 6))[:, :5], IMAGES["a slope"][:, 1:])


def test_a_wrong_map_is_crossed_out():
    panel = step(strideless)
    assert "wrong" not in panel.sentence
    panel.controls[2].value = 3
    assert panel.sentence.endswith("But `strideless` says 27.")
    panel.controls[3].value = 0
    assert re.search("Your map has 2 wrong entries elsewhere", panel.sentence)


@pytest.mark.parametrize("make", [step, gallery], ids=["step", "gallery"])
@pytest.mark.parametrize(
    ("function", "message"),
    [
        (answering(np.zeros((1, 4, 4, 1))), "should return two things: Z and the cache"),
        (answering((np.zeros((4, 4)), ())), r"Z with four axes, but its shape is \(4, 4\)"),
        (answering((np.zeros((1, 3, 4, 1)), ())), r"places down and .* It returned shape \(1, 3, 4, 1\)"),
        (changed(conv_forward, lambda Z: Z * np.nan), "made of finite numbers"),
        (lambda A, *_: A["Z"], "raised IndexError: "),
    ],
)
def test_a_wrong_layer_gets_kind_words(make, function, message):
    panel = make(function)
    assert re.search(message, panel.sentence)
    panel.controls[2].value = 2
    assert panel.error is not None


# the gallery


def test_the_gallery_shows_the_students_maps():
    picture = FilterGallery(conv_forward)
    assert picture.panel.sentence.startswith("28 × 28 pixels make 8 maps of 28 × 28.")
    image = picture.images[4]
    same = list(FILTERS).index("the pixel itself")
    np.testing.assert_allclose(picture.maps[same].get_array(), image)
    picture.panel.controls[3].value = 4
    assert picture.maps[same].get_array().shape == (7, 7)
    picture.panel.controls[4].value = True
    assert all(map_.get_array().min() >= 0 for map_ in picture.maps)


def test_turned_kernels_are_recognised():
    sentence = gallery(turned).sentence
    assert "turned by 180°: here they are laid on as they are" in sentence
    assert "turned" not in gallery().sentence


def test_maps_that_are_wrong_are_named():
    def first_bias_too_many(A_prev, W, b, stride, pad):
        Z, cache = conv_forward(A_prev, W, b, stride, pad)
        Z[..., 5] += 1
        return Z, cache

    assert gallery(first_bias_too_many).sentence.endswith("your maps of these filters are not right: blur.")


def test_turning_the_kernels_turns_the_sign_of_edges():
    picture = FilterGallery(conv_forward)
    before = np.array(picture.maps[0].get_array())
    picture.panel.controls[5].value = True
    np.testing.assert_allclose(picture.maps[0].get_array(), -before, atol=1e-12)


# the gradient


def route(picture, **settings):
    names = ("layer", "f", "stride", "source", "number", "image")
    for name, value in settings.items():
        picture.panel.controls[names.index(name)].value = value
    return np.reshape(numbers(picture.gradient), (6, 6))


@pytest.mark.parametrize("layer", ["max pooling", "average pooling", "convolution"])
@pytest.mark.parametrize("source", ["one output", "all outputs"])
def test_nudges_confirm_the_reference_everywhere(layer, source):
    picture = GradientRouting(*ROUTING)
    for f in (2, 3):
        for stride in (1, 2, 3):
            for number in (0, 3, 24):
                route(picture, layer=layer, source=source, f=f, stride=stride, number=number)
                assert picture.panel.sentence.endswith("Nudges of all pixels confirm your gradient.")


def test_where_the_gradient_goes():
    picture = GradientRouting(*ROUTING)
    got = route(picture, layer="max pooling", f=2, stride=2, number=0)
    assert got[0, 1] == got.sum() == 1  # 31 is the largest of 12, 31, 28, 5
    got = route(picture, layer="average pooling")
    assert got[:2, :2].tolist() == [[0.25, 0.25], [0.25, 0.25]]
    got = route(picture, layer="convolution", f=3, stride=1)
    assert got[:3, :3].ravel().tolist() == list(range(1, 10))
    got = route(picture, source="all outputs")
    assert got[0, 0] == 1
    assert got[2, 2] == got.max() == 45


def test_ties_are_judged_by_their_total():
    picture = GradientRouting(*ROUTING)
    route(picture, image="with plateaus", source="all outputs", stride=1)
    assert picture.panel.sentence.endswith("change the outputs by 25 per unit: that is the total that arrives.")

    def to_all(dA, cache, mode):
        A, f, stride = cache
        out = np.zeros(A.shape)
        for h, w in np.ndindex(dA.shape[1:3]):
            window = A[0, h * stride : h * stride + f, w * stride : w * stride + f, 0]
            out[0, h * stride : h * stride + f, w * stride : w * stride + f, 0] += dA[0, h, w, 0] * (
                window == window.max()
            )
        return out

    wrong = GradientRouting(conv_forward, conv_backward, pool_forward, to_all)
    assert "confirm" in wrong.panel.sentence
    route(wrong, image="with plateaus")
    assert wrong.panel.sentence.endswith("should be the same, but yours is 4.")


def test_wrong_gradients_are_crossed_out():
    picture = GradientRouting(conv_forward, changed(conv_backward, lambda dA: -dA), pool_forward, pool_backward)
    assert "confirm" in picture.panel.sentence
    route(picture, layer="convolution")
    assert len(picture.gradient.crosses.get_xdata()) == 4
    assert "they say 1; `mine` says -1." in picture.panel.sentence


@pytest.mark.parametrize(
    ("place", "layer", "function", "message"),
    [
        (0, "convolution", answering((np.zeros((1, 6, 6, 1)), ())), "fewer rows and columns than the input"),
        (1, "convolution", answering(np.zeros((1, 6, 6, 1))), "three things: dA_prev, dW and db"),
        (1, "convolution", answering((np.zeros((1, 8, 8, 1)), 0, 0)), r"dA_prev of shape \(1, 6, 6, 1\) here"),
        (2, "max pooling", answering((np.zeros((1, 3, 3)), ())), "A with four axes"),
        (3, "max pooling", answering(np.zeros((6, 6))), r"dA_prev of shape \(1, 6, 6, 1\) here"),
        (3, "average pooling", lambda dA, cache, mode: cache["A"], "raised TypeError"),
    ],
)
def test_wrong_layers_get_kind_words(place, layer, function, message):
    functions = list(ROUTING)
    functions[place] = function
    panel = gradient_routing(*functions)
    panel.controls[0].value = layer
    assert re.search(message, panel.sentence)
    panel.controls[1].value = 3
    assert re.search(message, panel.sentence)


def test_nothing_that_students_import_contains_this_weeks_answers():
    package = Path(dlcore.__file__).parent / "widgets"
    files = [*sorted((package / "convolution").glob("*.py")), *sorted((package / "shared").glob("*convolution.py"))]
    assert len(files) == 5
    text = "".join(file.read_text() for file in files)
    for answer in (r"//\s*stride", r"einsum", r"\+= ", r"argmax", r"sliding_window", r"keepdims", r"unravel"):
        assert not re.search(answer, text), answer
