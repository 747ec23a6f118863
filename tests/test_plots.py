import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from dlcore import data, plots
from dlcore.errors import CourseError


@pytest.fixture
def ax():
    return Figure().add_subplot()


@pytest.fixture(autouse=True)
def leave_no_figures():
    yield
    plt.close("all")


def points(m=12):
    return data.moons(m, 0.1, np.random.default_rng(0))


def half_at_one(X):
    """Probability one half on the line x1 = 1."""
    return 0.5 + 0.5 * np.tanh(X[:1] - 1)


def test_colours_are_those_of_okabe_and_ito():
    assert list(plots.COLOURS) == ["blue", "orange", "green", "vermilion", "sky", "purple", "yellow", "black"]
    assert [to_hex(colour).upper() for colour in plots.COLOURS.values()] == list(plots.COLOURS.values())


def test_classes_differ_in_colour_and_in_marker():
    assert len(set(plots.CLASS_COLOURS)) == len(set(plots.CLASS_MARKERS)) == 8


@pytest.mark.parametrize("colours", [plots.PROBABILITY_COLOURS, plots.SIGNED_COLOURS], ids=lambda colours: colours.name)
def test_the_shades_of_the_two_classes_and_signs_differ_in_hue_and_meet_in_white(colours):
    low, middle, high = (colours(p)[:3] for p in (0.0, 0.5, 1.0))
    assert low[2] > low[0]
    assert high[0] > high[2]
    assert min(middle) > 0.98


def test_style_applies_to_figures_made_afterwards():
    with matplotlib.rc_context():
        plots.style()
        figure, ax = plt.subplots()
        ax.set_title("A title")
        (line,) = ax.plot([0, 1])
        figure.canvas.draw()
        assert line.get_color() == plots.COLOURS["blue"]
        assert not ax.spines["top"].get_visible()


def test_scatter_draws_every_example_in_its_class(ax):
    X, Y = points()
    zero, one = plots.scatter_classes(ax, X, Y)
    assert np.array_equal(zero.get_offsets(), X[:, Y[0] == 0].T)
    assert np.array_equal(one.get_offsets(), X[:, Y[0] == 1].T)
    assert [artist.get_label() for artist in (zero, one)] == ["class 0", "class 1"]


def test_scatter_tells_classes_apart_without_colour(ax):
    X, _ = points(16)
    artists = plots.scatter_classes(ax, X, np.arange(16) % 8)
    outlines = {artist.get_paths()[0].vertices.tobytes() for artist in artists}
    colours = {tuple(artist.get_facecolor()[0][:3]) for artist in artists}
    assert len(outlines) == 8
    assert colours == {to_rgb(colour) for colour in plots.CLASS_COLOURS}


def test_a_class_keeps_its_look_when_others_are_missing(ax):
    X, _ = points()
    (artist,) = plots.scatter_classes(ax, X, np.ones((1, 12), dtype=int))
    assert artist.get_label() == "class 1"
    assert tuple(artist.get_facecolor()[0][:3]) == to_rgb(plots.CLASS_COLOURS[1])


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        (np.ones((12, 2)), np.ones((1, 12)), r"`X` should have shape \(2, m\).* \(12, 2\)"),
        (np.ones(2), np.ones((1, 1)), r"`X` should have shape \(2, m\)"),
        (np.ones((2, 12)), np.ones((12, 1)), r"`Y` should have shape \(1, 12\), but it has shape \(12, 1\)"),
        (np.ones((2, 3)), np.array([[0, 1, 8]]), "`Y` should hold whole numbers from 0 to 7"),
        (np.ones((2, 3)), np.array([[0, 1, 0.5]]), "`Y` should hold whole numbers from 0 to 7"),
    ],
)
def test_scatter_refuses_examples_and_labels_that_do_not_fit(ax, X, Y, message):
    with pytest.raises(CourseError, match=message):
        plots.scatter_classes(ax, X, Y)


def test_the_boundary_lies_where_the_probability_is_one_half(ax):
    plots.decision_boundary(ax, half_at_one, (-2, 3), (-1, 1))
    line = ax.collections[-1].get_paths()[0].vertices
    assert np.allclose(line[:, 0], 1, atol=1e-3)
    assert line[:, 1].min() == pytest.approx(-1)
    assert line[:, 1].max() == pytest.approx(1)


def test_the_boundary_asks_once_and_sets_the_limits(ax):
    asked = []
    plots.decision_boundary(ax, lambda X: asked.append(X.shape) or half_at_one(X), (-2, 3), (-1, 1), points=20)
    assert asked == [(2, 400)]
    assert ax.get_xlim() == (-2, 3)
    assert ax.get_ylim() == (-1, 1)


@pytest.mark.parametrize("constant", [0.0, 0.3, 1.0])
def test_a_constant_prediction_has_no_boundary_and_no_warning(ax, constant):
    plots.decision_boundary(ax, lambda X: np.full((1, X.shape[1]), constant), (-1, 1), (-1, 1))
    assert len(ax.collections) == 1


def test_predictions_of_zero_and_one_have_a_boundary_too(ax):
    plots.decision_boundary(ax, lambda X: (X[:1] > 0).astype(int), (-1, 1), (-1, 1))
    assert np.allclose(ax.collections[-1].get_paths()[0].vertices[:, 0], 0, atol=0.01)


@pytest.mark.parametrize("turn", [np.ravel, np.transpose, lambda P: P[:, :5]])
def test_predictions_of_another_shape_are_refused(ax, turn):
    with pytest.raises(CourseError, match=r"`predict` should return shape \(1, 22500\)"):
        plots.decision_boundary(ax, lambda X: turn(half_at_one(X)), (-1, 1), (-1, 1))


def sheet():
    return plt.gca().images[0].get_array().filled(np.nan)


def test_digits_are_laid_out_in_rows_from_left_to_right():
    images = np.arange(7.0)[:, None, None] * np.ones((7, 4, 5))
    plots.show_digits(images, columns=3)
    middles = sheet()[2::6, 3::7]
    assert np.array_equal(np.nan_to_num(middles, nan=-1), [[0, 1, 2], [3, 4, 5], [6, -1, -1]])


def test_every_pixel_of_a_digit_is_shown():
    images, _ = data.digits()
    plots.show_digits(images[3:4])
    assert np.array_equal(sheet()[1:29, 1:29], images[3])


def test_titles_stand_in_the_order_of_the_images():
    images, labels = data.digits()
    plots.show_digits(images[:12], titles=labels[:12], columns=5)
    texts = plt.gca().texts
    assert [text.get_text() for text in texts] == [str(label) for label in labels[:12]]
    assert texts[0].get_position()[0] == texts[5].get_position()[0]
    assert texts[0].get_position()[1] < texts[5].get_position()[1]


def test_digits_can_be_drawn_in_the_style_of_the_course():
    with matplotlib.rc_context():
        plots.style()
        images, labels = data.digits()
        plots.show_digits(images[:3], titles=labels[:3])
        plt.gcf().canvas.draw()


@pytest.mark.parametrize(
    ("images", "titles", "message"),
    [
        (np.ones((28, 28)), None, r"`images` should have shape \(m, height, width\), but it has shape \(28, 28\)"),
        (np.ones((784, 5)), None, "`images` should have shape"),
        (np.ones((0, 28, 28)), None, "`images` should have shape"),
        (np.ones((2, 28, 28)), ["one"], "There are 2 images but 1 titles"),
    ],
)
def test_images_that_cannot_be_shown_are_refused(images, titles, message):
    with pytest.raises(CourseError, match=message):
        plots.show_digits(images, titles)
