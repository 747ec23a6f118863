import re

import numpy as np
import pytest

from dlcore.errors import CourseError
from dlcore.widgets import grid_and_random, softmax_bars
from dlcore.widgets.softmax.grid_and_random import MAPS, GridAndRandom, Landscape
from dlcore.widgets.softmax.softmax_bars import LIMIT, START, SoftmaxBars
from tests.panels import answering

pytestmark = pytest.mark.week6


def shares(Z):
    """Softmax by way of the logarithm."""
    return np.exp(Z - np.logaddexp.reduce(Z, axis=0))


def naive(Z):
    return np.exp(Z) / np.exp(Z).sum(axis=0)


def nats(Z, labels):
    return float(np.mean(np.logaddexp.reduce(Z, axis=0) - Z[labels, range(len(labels))]))


def slope(Z, labels):
    G = shares(Z)
    G[labels, range(len(labels))] -= 1
    return G / len(labels)


def log_uniform(low, high, n, rng):
    return np.exp(rng.uniform(np.log(low), np.log(high), n))


def search(objective, space, n, rng):
    """Random search, trial by trial in arrays."""
    names = list(space)
    table = np.stack([sample(low, high, n, rng) for sample, low, high in space.values()])
    settings = [dict(zip(names, column, strict=True)) for column in table.T]
    scores = [objective(**one) for one in settings]
    best = int(np.nanargmin(scores))
    return settings[best], scores[best], list(zip(settings, scores, strict=True))


# four bars


def bars_of(widget, group):
    return np.array([bar.get_height() for bar in widget.groups[group][0]])


def set_scores(widget, scores, temperature=1.0, right=1):
    for slider, score in zip(widget.scores, scores, strict=True):
        slider.value = score
    widget.temperature.value, widget.right.value = temperature, right
    return widget


@pytest.mark.parametrize(
    ("scores", "temperature", "right"), [((2, 1, -1, 0.5), 1, 1), ((3, -4, 0, 8), 2.5, 0), ((1, 1, 1, 1), 0.1, 3)]
)
def test_the_bars_are_scores_shares_and_pushes(scores, temperature, right):
    widget = set_scores(SoftmaxBars(shares, nats, slope), scores, temperature, right)
    p = shares(np.array(scores)[:, np.newaxis] / temperature)[:, 0]
    assert bars_of(widget, 0) == pytest.approx(scores)
    assert bars_of(widget, 1) == pytest.approx(p)
    assert bars_of(widget, 2) == pytest.approx(np.eye(4)[right] - p)


def test_the_sentence_tells_probability_loss_and_push():
    assert SoftmaxBars(shares, nats, slope).panel.sentence == (
        "At T = 1 the right class, 1, has probability 0.224, and the loss is 1.495 nats. "
        "Its score is pushed up by 0.776; all pushes add up to 0."
    )


def test_adding_to_all_scores_changes_nothing_but_the_scores():
    widget = SoftmaxBars(shares, nats, slope)
    sentence, p = widget.panel.sentence, bars_of(widget, 1)
    for _ in range(8):
        widget.panel.buttons["Add 2 to all scores"].click()
        assert bars_of(widget, 1) == pytest.approx(p)
        assert widget.panel.sentence == sentence
    assert max(score.value for score in widget.scores) == LIMIT


def test_descent_raises_the_right_class_on_and_on():
    widget = SoftmaxBars(shares, nats, slope)
    before = 1.0
    for _ in range(20):
        widget.panel.buttons["Ten steps of descent"].click()
        now = 1 - bars_of(widget, 1)[1]
        assert 0 < now < before
        before = now
    assert before < 0.02


def test_descent_goes_on_where_the_sliders_round():
    widget = SoftmaxBars(shares, nats, slope)
    before = 1.0
    for _ in range(40):
        widget.panel.buttons["Ten steps of descent"].click()
        for score in widget.scores:  # as the browser does
            score.value = round(score.value, 1)
        now = 1 - bars_of(widget, 1)[1]
        assert 0 < now < before
        before = now


def test_start_again_puts_everything_back():
    widget = set_scores(SoftmaxBars(shares, nats, slope), (9, 9, -9, 0), 10, 2)
    widget.panel.buttons["Start again"].click()
    assert tuple(score.value for score in widget.scores) == START
    assert (widget.temperature.value, widget.right.value) == (1.0, 1)


def test_a_cold_softmax_is_hard_and_a_hot_one_is_even():
    widget = set_scores(SoftmaxBars(shares, nats, slope), (3, 1, 2, 0), temperature=0.01)
    assert bars_of(widget, 1) == pytest.approx([1, 0, 0, 0])
    assert "the loss is 200 nats" in widget.panel.sentence
    assert bars_of(set_scores(widget, (3, 1, 2, 0), temperature=100), 1) == pytest.approx([0.25] * 4, abs=0.01)


def test_sigmoids_are_seen_not_to_add_up():
    widget = SoftmaxBars(lambda Z: 1 / (1 + np.exp(-Z)), nats, slope)
    assert "The probabilities add up to 2.5; they should add up to 1." in widget.panel.sentence


def test_a_gradient_of_the_right_class_alone_is_seen_not_to_add_up():
    def lonely(Z, labels):
        return np.where(np.arange(4)[:, np.newaxis] == labels, slope(Z, labels), 0.0)

    assert "The pushes add up to 0.776; they should add up to 0." in SoftmaxBars(shares, nats, lonely).panel.sentence


def test_a_softmax_that_overflows_is_seen_in_the_cold():
    panel = SoftmaxBars(naive, nats, slope).panel
    assert panel.error is None
    panel.controls[4].value = 0.01
    panel.controls[0].value = 10
    assert "does not return finite numbers" in panel.sentence
    assert "Does an exponential overflow?" in panel.sentence


def test_a_log_of_a_rounded_probability_is_seen_in_the_cold():
    def rounded(Z, labels):
        return -np.mean(np.log(shares(Z)[labels, range(len(labels))]))

    widget = set_scores(SoftmaxBars(shares, rounded, slope), (9, 0, 0, 0), temperature=0.01)
    assert "was rounded to 0?" in widget.panel.sentence


@pytest.mark.parametrize(
    ("student", "message"),
    [
        (answering(np.ones(4)), r"should return shape \(4, 1\) .* but it returned shape \(4,\)"),
        (answering(np.full((4, 1), np.nan)), "does not return finite numbers"),
        (answering("much"), r"but it returned shape \(\)"),
        (lambda: None, "raised TypeError: "),
    ],
)
@pytest.mark.parametrize("place", [0, 2], ids=["as softmax", "as gradient"])
def test_a_wrong_column_gets_kind_words(student, message, place):
    functions = [shares, nats, slope]
    functions[place] = student
    panel = softmax_bars(*functions)
    assert isinstance(panel.error, CourseError)
    assert re.search(message, panel.sentence)
    for button in panel.buttons.values():
        button.click()
        assert re.search(message, panel.sentence)


@pytest.mark.parametrize(
    ("student", "message"),
    [
        (answering(np.ones(1)), r"`mine` should return one number, but it has shape \(1,\)"),
        (answering(np.inf), "`mine` is not finite"),
    ],
)
def test_a_wrong_loss_gets_kind_words(student, message):
    panel = softmax_bars(shares, student, slope)
    assert isinstance(panel.error, CourseError)
    assert re.search(message, panel.sentence)


# two searches


def test_the_map_is_lowest_where_it_says():
    here = Landscape(4, importance=0.7, size=0.5)
    lowest = here.at(here.rate, here.penalty)
    assert here.objective(10**here.rate, 10**here.penalty) == pytest.approx(lowest)
    assert lowest == pytest.approx(0.05)
    assert here.at(here.rate + 0.5, here.penalty) > lowest
    assert np.isnan(here.objective(-1.0, 0.1))


def test_a_penalty_without_importance_changes_nothing():
    here = Landscape(4, importance=0, size=0.5)
    assert here.at(-2.0, -6.0) == here.at(-2.0, -1.0)
    assert Landscape(4, importance=1, size=0.5).at(-2.0, -6.0) != Landscape(4, importance=1, size=0.5).at(-2.0, -1.0)


def test_the_sentence_counts_learning_rates_and_wins():
    widget = GridAndRandom(search, log_uniform)
    by_grid, by_chance = widget._tournament(5, 0, 0.4)
    assert widget.panel.sentence.startswith("25 trials each. The grid has tried 5 different learning rates and found ")
    assert "the random search has tried 25 and found " in widget.panel.sentence
    assert widget.panel.sentence.endswith(f"was better {np.sum(by_chance < by_grid)} times.")
    assert np.sum(by_chance < by_grid) > 0.7 * MAPS


def test_both_stars_stand_at_the_best_trials():
    widget = GridAndRandom(search, log_uniform)
    here = Landscape(widget.map_seed, 0, 0.4)
    rates, penalties = here.grid(5)
    found = [float(here.at(star.get_xdata()[0], star.get_ydata()[0])) for star in widget.stars]
    assert found[0] == pytest.approx(here.at(rates, penalties).min())
    _, score, _ = search(here.objective, widget.space, 25, np.random.default_rng(widget.draw_seed))
    assert found[1] == pytest.approx(score)
    assert widget.now.get_xdata()[0] == pytest.approx(found[0])
    assert widget.now.get_ydata()[0] == pytest.approx(found[1])


def test_a_new_draw_moves_the_dots_and_a_new_map_the_map():
    widget = GridAndRandom(search, log_uniform)
    dots, shade = widget.dots.get_xdata().copy(), widget.shade.get_array().copy()
    widget.panel.buttons["New draw"].click()
    assert not np.allclose(widget.dots.get_xdata(), dots)
    assert np.allclose(widget.shade.get_array(), shade)
    widget.panel.buttons["New map"].click()
    assert not np.allclose(widget.shade.get_array(), shade)


def test_a_tournament_is_played_once():
    calls = []

    def counting(objective, space, n, rng):
        calls.append(n)
        return search(objective, space, n, rng)

    widget = GridAndRandom(counting, log_uniform)
    assert len(calls) == MAPS + 1
    widget.panel.buttons["New draw"].click()
    assert len(calls) == MAPS + 2


def test_uniform_draws_are_seen_to_crowd_at_the_upper_end():
    widget = GridAndRandom(search, lambda low, high, n, rng: rng.uniform(low, high, n))
    assert np.mean(widget.dots.get_xdata() > -1) > 0.7
    assert "was better" in widget.panel.sentence


def test_a_search_for_the_largest_is_seen_to_lose():
    def worst(objective, space, n, rng):
        _, _, trials = search(objective, space, n, rng)
        return (*max(trials, key=lambda trial: trial[1]), trials)

    assert GridAndRandom(worst, log_uniform).panel.sentence.endswith("random was better 0 times.")


def test_trials_off_the_map_are_counted():
    widget = GridAndRandom(search, lambda low, high, n, rng: 100 * log_uniform(low, high, n, rng))
    assert re.search(r" \d+ of its trials lie outside the map.$", widget.panel.sentence)
    assert np.all(widget.dots.get_xdata() <= 0)


def test_exponents_in_place_of_numbers_get_kind_words():
    def exponents(low, high, n, rng):
        return np.log10(log_uniform(low, high, n, rng))

    panel = GridAndRandom(search, exponents).panel
    assert panel.error is not None


@pytest.mark.parametrize(
    ("student", "message"),
    [
        (answering({"learning_rate": 0.1, "penalty": 0.1}), "should return the best settings, their score, and a list"),
        (answering(({"rate": 1.0}, 0.1, [])), "should return the best settings, their score, and a list"),
        (answering(({"learning_rate": 0.1, "penalty": 0.1}, 0.2, [])), "should make 25 trials, but its list has 0"),
        (lambda objective: None, "raised TypeError: "),
    ],
)
def test_a_wrong_search_gets_kind_words(student, message):
    panel = grid_and_random(student, log_uniform)
    assert isinstance(panel.error, CourseError)
    assert re.search(message, panel.sentence)
    panel.controls[1].value = 0.5
    assert re.search(message, panel.sentence)
