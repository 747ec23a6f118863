import re
from pathlib import Path

import numpy as np
import pytest

import dlcore
from dlcore.widgets import layer_to_cut, neighbours_boundary
from dlcore.widgets.transfer_learning.layer_to_cut import PLACES, LayerToCut
from dlcore.widgets.transfer_learning.neighbours_boundary import HIGH, WIDE, NeighboursBoundary
from tests.classroom import REPOSITORY
from tests.panels import answering
from tests.solutions import references

pytestmark = pytest.mark.week8

SPACE = references(REPOSITORY / "course" / "week8" / "transfer_learning.md")
PLANE = {name: SPACE[name] for name in ("pairwise_distances", "nearest_neighbours")}
CUT = PLANE | {"few_shot_split": SPACE["few_shot_split"]}


def made_up(images=250, seed=1):
    """Features of two networks: at each place noise around a centre for each class, more of it in the random one."""
    rng = np.random.default_rng(seed)
    labels = np.arange(images) % 5
    centres = rng.normal(size=(6, 5))
    loud = {"trained": (1.5, 1.2, 1.1, 0.9, 0.6, 1.3, 1.8), "random": (1.5, 1.4, 1.3, 1.2, 1.0, 1.6, 2.1)}
    noise = [rng.normal(size=(6, images)) for _ in PLACES]
    features = {
        kind: [centres[:, labels] + scale * draw for scale, draw in zip(scales, noise, strict=True)]
        for kind, scales in loud.items()
    }
    return {"features": features, "labels": labels}


MADE_UP = made_up()


def cut(**changed):
    return LayerToCut(**CUT | MADE_UP | changed)


def plane(**changed):
    return NeighboursBoundary(**PLANE | changed)


# which layer


def by_hand(kind, place, size, draw):
    labels, F = MADE_UP["labels"], MADE_UP["features"][kind][place]
    train, test = SPACE["few_shot_split"](labels, size, np.random.default_rng(draw).permutation(len(labels)))
    apart = np.linalg.norm(F[:, train][:, :, np.newaxis] - F[:, test][:, np.newaxis], axis=0)
    return 100 * np.mean(labels[train][apart.argmin(axis=0)] != labels[test])


def test_the_curves_are_the_errors_of_one_draw():
    picture = cut()
    picture.panel.controls[1].value, picture.panel.controls[2].value = 10, 7
    for kind, curve in picture.curves.items():
        np.testing.assert_allclose(curve.get_ydata(), [by_hand(kind, place, 10, 7) for place in range(7)])
    assert picture.pixels.get_ydata()[0] == pytest.approx(by_hand("trained", 0, 10, 7))


def test_the_table_holds_means_over_draws_and_their_difference():
    picture = cut()
    means = {kind: np.mean([by_hand(kind, 4, 2, draw) for draw in range(5)]) for kind in ("trained", "random")}
    for kind, mean in means.items():
        assert picture.tables[kind][4, 1] == pytest.approx(mean)
    picture.panel.controls[0].value = "random − trained"
    assert picture.texts[4 * 5 + 1].get_text() == f"{means['random'] - means['trained']:+.0f}"


def test_the_sentence_names_the_best_place_and_what_the_random_network_has_there():
    best, its_error = 4, by_hand("trained", 4, 5, 4)
    assert f"best at {PLACES[best]}, {its_error:.1f} %, where the random one has" in cut().panel.sentence


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"pairwise_distances": answering(np.zeros(3))}, r"of shape \(250, 250\). Their shape is \(3,\)"),
        ({"pairwise_distances": answering(np.full((250, 250), np.nan))}, "`mine` returned nan for some pairs"),
        ({"nearest_neighbours": answering(np.zeros(3))}, "labels, one for each column of D"),
        ({"few_shot_split": answering(3)}, "should return two arrays: train and test"),
        ({"few_shot_split": answering((np.array([0]), np.array([250])))}, "numbers of examples, from 0 to 249"),
        ({"few_shot_split": answering((np.array([0.5]), np.array([1])))}, "numbers of examples, from 0 to 249"),
        ({"few_shot_split": lambda y, *_: y["train"]}, "raised IndexError: "),
    ],
)
def test_wrong_functions_get_kind_words_at_the_cut(changed, message):
    panel = layer_to_cut(**CUT | MADE_UP | changed)
    assert re.search(message, panel.sentence)
    panel.controls[1].value = 1
    assert panel.error is not None


# neighbours


@pytest.mark.parametrize(("metric", "order"), [("straight line", 2), ("city blocks", 1), ("larger coordinate", np.inf)])
def test_the_plane_is_what_the_neighbours_vote_for(metric, order):
    picture = plane()
    picture.panel.controls[0].value, picture.panel.controls[1].value, picture.panel.controls[2].value = 5, metric, 10
    scale = np.array([[10.0], [1.0]])
    apart = (scale * picture.X)[:, :, np.newaxis] - (scale * picture.grid)[:, np.newaxis]
    nearest = np.argsort(np.linalg.norm(apart, ord=order, axis=0), axis=0, kind="stable")[:5]
    votes = (picture.y[nearest].sum(axis=0) > 2).reshape(HIGH, WIDE)
    assert np.mean(picture.votes.get_array() != votes) < 0.005  # equal distances may be rounded in another way


def test_one_neighbour_makes_no_mistake_on_the_points_themselves():
    panel = plane().panel
    assert "Error on the 60 points themselves 0.0 %" in panel.sentence
    panel.controls[0].value = 9
    assert "Error on the 60 points themselves 0.0 %" not in panel.sentence


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"pairwise_distances": answering(np.zeros((2, 2)))}, r"Their shape is \(2, 2\)"),
        ({"nearest_neighbours": answering(np.zeros((2, 2)))}, r"The shape is \(2, 2\)"),
        ({"nearest_neighbours": lambda D, y, k: D["near"]}, "raised IndexError: "),
    ],
)
def test_wrong_functions_get_kind_words_in_the_plane(changed, message):
    panel = neighbours_boundary(**PLANE | changed)
    assert re.search(message, panel.sentence)
    panel.controls[0].value = 3
    assert panel.error is not None


def test_nothing_that_students_import_contains_this_lessons_answers():
    files = sorted((Path(dlcore.__file__).parent / "widgets" / "transfer_learning").glob("*.py"))
    assert len(files) == 4
    text = "".join(file.read_text() for file in files)
    for answer in ("argsort", r"\.T @", "delete", r"np\.sqrt", r"\[:k\]"):
        assert not re.search(answer, text), answer
