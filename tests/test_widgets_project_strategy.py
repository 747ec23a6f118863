import json
import runpy
import sys

import numpy as np
import pytest

from dlcore.data import project_runs
from dlcore.widgets.project_strategy.dev_set_size import DevSetSize, chance_of_the_worse
from dlcore.widgets.project_strategy.project_simulator import BUDGET, DAYS, ProjectSimulator, days, games
from tests.classroom import REPOSITORY
from tests.panels import answering
from tests.solutions import load_support, references

pytestmark = pytest.mark.week10

WEEK = REPOSITORY / "course" / "week10"
SPACE = references(WEEK / "project_strategy.md")
support = SPACE["support"] = load_support(WEEK / "support_project.py")
SIZES = {"dev_size": SPACE["dev_size"]}
GAPS = {"decompose": SPACE["decompose"]}


def press(picture, *actions):
    for action in actions:
        picture.panel.buttons[action if action not in DAYS else f"{action} ({DAYS[action]})"].click()
        assert picture.panel.error is None, action


# the size of a dev set


def test_the_chance_agrees_with_drawn_dev_sets():
    rng = np.random.default_rng(1)
    better, worse = (rng.binomial(400, rate, 200_000) for rate in (0.09, 0.12))
    drawn = np.mean(worse < better) + np.mean(worse == better) / 2
    assert chance_of_the_worse(0.09, 0.12, 400) == pytest.approx(drawn, abs=0.003)


def test_the_students_size_is_drawn_and_said():
    picture = DevSetSize(**SIZES)
    assert "asks for 6,876 examples" in picture.panel.sentence
    assert picture.asked.get_xdata()[0] == SPACE["dev_size"](0.09, 0.10)
    assert "31.5 times in 100" in picture.panel.sentence


def test_the_sentence_counts_the_examples_that_the_slider_shows():
    picture = DevSetSize(**SIZES)
    picture.panel.controls[0].value = 397.16  # the browser's step that is nearest to 400
    assert "measured on 400 examples" in picture.panel.sentence


def test_the_chance_falls_with_the_examples():
    picture = DevSetSize(**SIZES)
    chances = []
    for examples in (50, 500, 5000, 50_000):
        picture.panel.controls[0].value = examples
        chances.append(picture.here.get_ydata()[0])
    assert chances == sorted(chances, reverse=True)


@pytest.mark.parametrize("wrong", [None, -3, True, float("inf"), "many"])
def test_a_size_that_is_none_is_said(wrong):
    picture = DevSetSize(answering(wrong))
    assert (
        "returned nothing" in picture.panel.sentence or "should return a number of examples" in picture.panel.sentence
    )


# the simulator


def test_six_projects_have_an_outcome_for_every_set_of_actions():
    every = games()
    assert len(every) == 6
    assert all(len(game.table) == 2 ** len(DAYS) for game in every)
    assert all(0 <= error <= 100 for game in every for row in game.table.values() for error in row)


def test_the_errors_after_some_actions_are_those_of_the_table():
    picture = ProjectSimulator(**GAPS)
    press(picture, "bigger", "match")
    game = picture.games[picture.project]
    for column, line in enumerate(picture.lines.values()):
        expected = [game.errors(done)[column] for done in ([], ["bigger"], ["bigger", "match"])]
        np.testing.assert_allclose(line.get_ydata(), expected)
        assert list(line.get_xdata()) == [0, 1, 3]
    assert f"Days left: {BUDGET - 3}" in picture.panel.sentence


def test_what_cannot_be_paid_for_or_was_done_is_refused():
    picture = ProjectSimulator(**GAPS)
    press(picture, "collect", "relabel", "relabel")
    assert "You did relabel already" in picture.panel.sentence
    press(picture, "more", "more")
    assert "You did more already" in picture.panel.sentence
    press(picture, "match")
    assert "match takes 2 days. Days left: 1" in picture.panel.sentence
    assert picture.done == ["collect", "relabel", "more"]
    press(picture, "undo")
    assert picture.done == ["collect", "relabel"]
    press(picture, "start again")
    assert picture.done == []


def test_another_project_begins_at_its_beginning():
    picture = ProjectSimulator(**GAPS)
    press(picture, "bigger")
    picture.panel.controls[0].value = picture.panel.controls[0].options[2]
    assert picture.done == []
    assert "day 1" not in picture.panel.sentence


def test_the_ledger_says_what_each_decision_cost():
    picture = ProjectSimulator(**GAPS)
    press(picture, "blur", "finish")
    picture.panel.controls[1].value = True
    game = picture.games[picture.project]
    tests = {action: game.errors([action])[3] for action in DAYS}
    best = min(tests, key=lambda action: tests[action])
    assert f"blur: {tests['blur'] - tests[best]:.1f} points worse than {best}" in picture.panel.sentence
    assert [bar.get_width() for bar in picture.others] == pytest.approx([game.errors([])[3], *tests.values()])
    assert f"At best, ten days end at {game.best()[0]:.1f} %" in picture.panel.sentence


def test_the_test_set_stays_closed_until_the_project_is_finished():
    picture = ProjectSimulator(**GAPS)
    reveal = picture.panel.controls[1]
    press(picture, "collect", "relabel", "more")
    reveal.value = True
    assert reveal.disabled
    assert "est error" not in picture.panel.sentence
    assert not any(bar.get_width() for bar in picture.others)
    reveal.value = False
    press(picture, "bigger")
    test = picture.games["A"].errors(["collect", "relabel", "more", "bigger"])[3]
    assert f"the test error of “digits from elsewhere” is {test:.1f} %" in picture.panel.sentence
    assert picture.test.get_ydata() == pytest.approx([test])
    assert not reveal.disabled
    assert "At best" not in picture.panel.sentence


def test_a_finished_project_is_closed_until_it_is_started_again():
    picture = ProjectSimulator(**GAPS)
    press(picture, "bigger", "finish")
    picture.panel.controls[1].value = True
    for button in ("undo", "match"):
        press(picture, button)
        assert "The project is finished" in picture.panel.sentence
        assert picture.done == ["bigger"]
    press(picture, "start again")
    assert (picture.done, picture.panel.controls[1].value, picture.panel.controls[1].disabled) == ([], False, True)


def test_the_names_of_projects_are_not_told_before_the_end():
    picture = ProjectSimulator(**GAPS)
    assert list(picture.panel.controls[0].options) == list("ABCDEF")
    for letter, game in picture.games.items():
        picture.panel.controls[0].value = letter
        assert game.name not in picture.panel.sentence
        press(picture, "finish")
        assert game.name in picture.panel.sentence


def test_no_affordable_set_of_actions_beats_the_best():
    for game in games():
        error, path = game.best()
        assert days(path) <= BUDGET
        assert error == min(row[3] for done, row in game.table.items() if days(list(done)) <= BUDGET)


def test_a_decompose_that_is_not_finished_is_said():
    for wrong, words in (((1, 2), "a dict of gaps"), (({"bias": 1}, "bias"), "should return numbers for bias")):
        assert words in ProjectSimulator(answering(wrong)).panel.sentence


# the policy


def judged():
    """State and costs of the projects by which a policy is judged: those that students cannot see."""
    shown = list(map(json.loads, project_runs()["practice_states"]))
    rows = json.loads((WEEK / "project_strategy.costs.json").read_text(encoding="utf-8"))["plan"]
    return [(row["arguments"][0], row["costs"]) for row in rows if row["arguments"][0] not in shown]


def mean_regret(policy):
    regrets = [costs[policy(dict(state))] - min(costs.values()) for state, costs in judged()]
    return sum(regrets) / len(regrets)


def by_the_largest_gap(state):
    gaps, _ = SPACE["decompose"](state["human"], state["train"], state["train_dev"], state["dev"], state["dev"])
    return {"bias": "bigger", "variance": "more", "mismatch": "collect"}[max(list(gaps)[:3], key=lambda gap: gaps[gap])]


def test_a_policy_is_judged_on_projects_that_are_not_shown():
    assert len(judged()) == 24


def test_the_better_policy_has_the_smaller_regret():
    policies = [SPACE["plan"], by_the_largest_gap, answering("collect"), answering("nothing")]
    regrets = [mean_regret(policy) for policy in policies]
    assert regrets == sorted(regrets)
    assert regrets[0] < 1
    assert regrets[1] > 5
    assert regrets[3] > 12


def test_no_single_action_is_good_in_most_projects():
    actions = judged()[0][1]
    for action in actions:
        good = [costs[action] <= min(costs.values()) + 4 for _, costs in judged()]
        assert sum(good) <= 12, action


# the runs


def test_the_script_makes_an_outcome_of_the_simulator_again(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    script = runpy.run_path(str(REPOSITORY / "scripts" / "run_projects.py"))
    everything = script["Data"]()
    project = script["GAMES"]["a hundred digits"]
    number = list(script["GAMES"]).index("a hundred digits")
    errors = np.mean(script["runs"](project, everything, script["SEEDS_OF_GAMES"]), axis=0)
    np.testing.assert_allclose(project_runs()[f"game_{number}"][0], errors, atol=1.0)


@pytest.mark.parametrize(("n_web", "n_users", "share"), [(5, 2, 0.6), (3, 9, 0.25), (4, 4, 0)])
def test_the_weights_of_the_support_module_are_those_of_the_optional_exercise(n_web, n_users, share):
    web_weight, users_weight = SPACE["mix_weights"](n_web, n_users, share)
    weights = support.example_weights(np.arange(n_web + n_users) >= n_web, share)
    np.testing.assert_allclose(weights, [web_weight] * n_web + [users_weight] * n_users)


def test_the_gradients_of_the_support_module_are_slopes():
    rng = np.random.default_rng(3)
    X, labels = rng.normal(size=(5, 7)), rng.integers(0, 10, 7)
    P = support.start(5, 4, rng)

    def cost():
        scores, _ = support._forward(P, X)
        shifted = scores - scores.max(axis=0)
        return -np.mean((shifted - np.log(np.exp(shifted).sum(axis=0)))[labels, np.arange(7)])

    grads = support._gradients(P, X, labels)
    for name, values in P.items():
        for place in list(np.ndindex(values.shape))[:6]:
            kept, ends = values[place], []
            for step in (1e-6, -1e-6):
                values[place] = kept + step
                ends.append(cost())
            values[place] = kept
            assert grads[name][place] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-6), (name, place)


def test_pictures_are_stretched_to_the_frame_and_blurred():
    web, _ = support.web_digits()
    fitted, _ = support.web_digits(fitted=True)
    users, _ = support.user_digits()
    assert support.fill(web) < 0.95 < support.fill(fitted)
    assert support.fill(users) > 0.95
    assert support.sharpness(support.blur(users)) < 0.7 * support.sharpness(users)
    one = np.zeros((1, 8, 8))
    one[0, 4, 4] = 1.0
    assert support.blur(one).sum() == pytest.approx(1.0)


def test_label_noise_replaces_the_share_that_it_is_asked_for():
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 10, 20_000)
    noisy = support.add_label_noise(labels, 0.3, rng)
    assert np.mean(noisy != labels) == pytest.approx(0.3, abs=0.01)
    assert set(noisy) == set(range(10))
