import asyncio
import re

import numpy as np
import pytest

from dlcore.widgets import normalization_race, normalized_batch
from dlcore.widgets.batch_normalization.normalization_race import NormalizationRace
from dlcore.widgets.batch_normalization.normalized_batch import NormalizedBatch
from tests.panels import Tiring, answering, moved

pytestmark = pytest.mark.week6


def forward(Z, gamma, beta, running, momentum, training, eps):
    mean, var = running["mean"], running["var"]
    if training:
        mean, var = Z.mean(axis=1, keepdims=True), Z.var(axis=1, keepdims=True)
        mixed = {"mean": mean, "var": var}
        running = {name: momentum * old + (1 - momentum) * mixed[name] for name, old in running.items()}
    std = np.sqrt(var + eps)
    cache = {"C": Z - mean, "std": std, "Z_hat": (Z - mean) / std, "gamma": gamma}
    return gamma * cache["Z_hat"] + beta, cache if training else None, running


def backward(dout, cache):
    Z_hat, m = cache["Z_hat"], dout.shape[1]
    dgamma, dbeta = (dout * Z_hat).sum(axis=1, keepdims=True), dout.sum(axis=1, keepdims=True)
    return cache["gamma"] / cache["std"] * (dout - (dbeta + Z_hat * dgamma) / m), dgamma, dbeta


def batch(**changes):
    """The picture of one unit; `changes` are values of its controls by a short name."""
    picture = NormalizedBatch(forward)
    names = ("mean", "spread", "gamma", "beta", "m", "momentum", "testing")
    picture.set = lambda **values: [  # type: ignore[attr-defined]
        setattr(picture.panel.controls[names.index(name)], "value", value) for name, value in values.items()
    ]
    picture.set(**changes)
    return picture


def heights(picture):
    return np.concatenate([picture.star.get_ydata(), picture.dots.get_ydata()])


# the batch


@pytest.mark.parametrize("change", [{"mean": -4.0}, {"spread": 0.5}, {"mean": 5.0, "spread": 3.0}])
def test_in_training_mean_and_deviation_of_the_scores_do_not_matter(change):
    picture = batch(m=16)
    before = heights(picture)
    picture.set(**change)
    assert heights(picture) == pytest.approx(before, abs=1e-3)


def test_gamma_and_beta_rule_the_results():
    picture = batch(m=64, gamma=2.0, beta=-1.0)
    assert "mean −1.00 (β is −1.0) and deviation 2.00 (γ is 2.0)" in picture.panel.sentence
    assert "yours have not" not in picture.panel.sentence


def test_the_star_moves_with_its_company_in_training_but_not_in_test_mode():
    picture = batch(m=4)
    for testing, least, most in ((False, 0.1, 2), (True, 0, 1e-12)):
        picture.set(testing=testing)
        seen = []
        for _ in range(12):
            picture.panel.buttons["Next batch"].click()
            seen.append(picture.star.get_ydata()[0])
        assert least <= np.std(seen) <= most


@pytest.mark.parametrize("number", range(5))
def test_a_batch_of_two_gives_plus_and_minus_gamma(number):
    picture = batch(m=2, gamma=1.5)
    for _ in range(number):
        picture.panel.buttons["Next batch"].click()
    assert sorted(heights(picture)) == pytest.approx([-1.5, 1.5], abs=0.02)
    assert picture.panel.sentence.endswith("Of two scores only the order is left.")


def test_a_batch_of_one_is_its_own_mean():
    picture = batch(m=1, beta=0.5)
    assert picture.star.get_ydata() == pytest.approx([0.5])
    assert "nothing of the score is left" in picture.panel.sentence


def test_running_statistics_follow_the_truth_in_training_only():
    picture = batch(m=256, mean=3.0, spread=2.0)
    picture.set(testing=True)
    picture.panel.buttons["20 batches"].click()
    assert "Running mean 0.00, running deviation 1.00" in picture.panel.sentence
    assert "pass without a trace" in picture.panel.sentence
    picture.set(testing=False)
    assert "without a trace" not in picture.panel.sentence
    for _ in range(3):
        picture.panel.buttons["20 batches"].click()
    assert picture.history[-1] == pytest.approx((3, 2), abs=0.2)
    assert len(picture.remembered[0].get_xdata()) <= 61
    picture.panel.buttons["Start again"].click()
    assert "no batch so far" in picture.panel.sentence


def test_without_memory_the_running_mean_is_that_of_the_last_batch():
    picture = batch(m=4, momentum=0.0)
    picture.panel.buttons["Next batch"].click()
    scores = np.concatenate([picture.star.get_xdata(), picture.dots.get_xdata()])
    assert picture.history[-1][0] == pytest.approx(scores.mean())


def always_batch(Z, gamma, beta, running, momentum, training, eps):
    out, cache, new = forward(Z, gamma, beta, running, momentum, True, eps)
    return out, cache if training else None, new


def running_in_training(Z, gamma, beta, running, momentum, training, eps):
    out, _, _ = forward(Z, gamma, beta, running, momentum, False, eps)
    _, cache, new = forward(Z, gamma, beta, running, momentum, True, eps)
    return out, cache if training else None, new if training else running


def never_updated(Z, gamma, beta, running, momentum, training, eps):
    return (*forward(Z, gamma, beta, running, momentum, training, eps)[:2], running)


@pytest.mark.parametrize(
    ("wrong", "testing", "words"),
    [
        (always_batch, True, "A test leaves traces"),
        (running_in_training, False, "yours have not"),
        (never_updated, False, "do not move in training"),
        (lambda Z, g, b, r, p, t, e: forward(Z, b + 3, g, r, p, t, e), False, "yours have not"),
    ],
)
def test_a_wrong_layer_is_seen_to_be_wrong(wrong, testing, words):
    panel = normalized_batch(wrong)
    panel.controls[6].value = testing
    assert words in panel.sentence


# the race


def test_with_many_layers_only_the_normalised_network_learns():
    race = NormalizationRace(forward, backward)
    race.panel.controls[2].value = 8
    race.panel.controls[1].value = 0.3
    assert race.panel.sentence.endswith("Only the normalised one has learned the spirals.")
    assert np.asarray(race.lines["normalised"].get_ydata())[-1] < 0.1
    assert np.asarray(race.lines["plain"].get_ydata())[-20:].mean() == pytest.approx(np.log(2), abs=0.02)


def test_with_one_layer_it_does_not_help():
    race = NormalizationRace(forward, backward)
    race.panel.controls[2].value = 1
    race.panel.controls[0].value = 1.0
    runs = [race.networks[kind, 1.0, 1.0, 1, 1].view(race.grid).right for kind in ("plain", "normalised")]
    assert abs(runs[0] - runs[1]) < 0.05


def test_an_explosion_is_told():
    race = NormalizationRace(forward, backward)
    for rate, scale in ((0.01, 3.0), (10.0, 3.0)):
        race.panel.controls[2].value = 8
        race.panel.controls[1].value, race.panel.controls[0].value = scale, rate
        assert race.panel.error is None
    race.panel.controls[0].value = 0.01
    assert "The plain network explodes." in race.panel.sentence
    assert race.planes["plain"][2].get_text() == "exploded"


def test_a_setting_is_trained_once():
    calls = []
    race = NormalizationRace(lambda *given: calls.append(1) or forward(*given), backward)
    race.panel.controls[0].value = 0.3
    count = len(calls)
    race.panel.controls[0].value = 0.1
    assert len(calls) == count
    race.panel.buttons["Other weights"].click()
    assert len(calls) > count


def test_a_race_seen_on_its_way_ends_as_one_seen_at_its_end():
    async def play():
        race = NormalizationRace(forward, backward)
        race.panel.controls[2].value = 8
        assert race.panel.sentence.endswith("Both are being trained; the picture shows how far they are.")
        steps = [len(race.networks[kind, 0.1, 1.0, 8, 1].costs) for kind in ("plain", "normalised")]
        assert 0 < steps[0] == steps[1] < 200
        while "being trained" in race.panel.sentence:
            await asyncio.sleep(0.01)
        return race

    at_once, on_its_way = NormalizationRace(forward, backward), asyncio.run(play())
    at_once.panel.controls[2].value = 8
    assert on_its_way.panel.sentence == at_once.panel.sentence
    assert on_its_way.panel.live.image.value == at_once.panel.live.image.value


def test_a_race_whose_layer_fails_on_the_way_begins_anew():
    tiring = Tiring(forward)
    race = NormalizationRace(tiring, backward)
    tiring.left = 50
    race.panel.controls[0].value = 0.3
    assert "raised ValueError: tired" in race.panel.sentence
    tiring.left = 10**9
    race.panel.press(lambda: None)
    right = NormalizationRace(forward, backward)
    right.panel.controls[0].value = 0.3
    assert race.panel.sentence == right.panel.sentence


def test_a_wrong_way_back_is_seen_in_the_race():
    def uphill(dout, cache):
        return tuple(-part for part in backward(dout, cache))

    right, wrong = NormalizationRace(forward, backward), NormalizationRace(forward, uphill)
    key = ("normalised", 0.1, 1.0, 4, 1)
    assert right.networks[key].view(right.grid).right > 0.97
    assert wrong.networks[key].view(wrong.grid).right < 0.9


# kind words


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (answering(1.0), "should return three things: the output, the cache and the running statistics"),
        (answering((np.ones(3), {}, {})), r"an output of shape \(\d+, \d+\) here, but it has shape \(3,\)"),
        (lambda *given: (given[0], {}, None), "as a dict with `mean` and `var`"),
        (lambda *given: (given[0], {}, {"mean": np.ones(3), "var": 1}), r"a running `mean` of shape \(\d+, 1\)"),
        (lambda *given: (given[0], None, given[3]), "no cache in training"),
        (lambda *given: (given[0].astype(str), {}, given[3]), "an output made of numbers"),
        (lambda *given: given[0] @ np.ones(7), "raised ValueError: "),
    ],
)
@pytest.mark.parametrize("make", [normalized_batch, lambda f: normalization_race(f, backward)], ids=["batch", "race"])
def test_a_wrong_forward_pass_gets_kind_words(make, wrong, message):
    panel = make(wrong)
    assert re.search(message, panel.sentence)
    panel.controls[0].value = moved(panel.controls[0])
    assert re.search(message, panel.sentence)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda dout, cache: dout, "should return three things: dZ, dgamma and dbeta"),
        (lambda dout, cache: (dout[0], dout, dout), "should return dZ of shape"),
        (lambda dout, cache: (dout, dout, dout), r"should return dgamma of shape \(16, 1\)"),
        (lambda dout, cache: cache["D"], "raised KeyError: 'D'"),
    ],
)
def test_a_wrong_way_back_gets_kind_words(wrong, message):
    panel = normalization_race(forward, wrong)
    assert re.search(message, panel.sentence)
    panel.controls[0].value = 0.3
    assert re.search(message, panel.sentence)
