import builtins
import io
import re

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from dlcore.errors import CourseError
from dlcore.gradients import gradient_check
from dlcore.widgets import optimizer_trajectories
from dlcore.widgets.optimizers.trajectories import paths as walking
from dlcore.widgets.optimizers.trajectories.paths import walk
from dlcore.widgets.optimizers.trajectories.picture import LOOKS
from dlcore.widgets.optimizers.trajectories.presets import OWN, PRESETS
from dlcore.widgets.optimizers.trajectories.race import LOWEST_RATE, RATES, Trajectories
from dlcore.widgets.optimizers.trajectories.surfaces import SURFACES
from tests.panels import unwritten
from tests.reference_steps import STEPS, adam_step, initial_state, momentum_step

pytestmark = pytest.mark.week5


@pytest.fixture(autouse=True)
def as_slow_as_it_likes(monkeypatch):
    """No test depends on how busy the machine is."""
    monkeypatch.setattr(walking, "SLOW", 600.0)
    monkeypatch.setattr(walking, "PATIENCE", 600.0)


def race(preset="ravine zig-zag", steps=STEPS, state=initial_state):
    return Trajectories(state, steps, preset)


def paths(race):
    """The paths of the methods that a race shows."""
    ways = {m: race._way(m, race.rates[m].value) for m, box in race.shown.items() if box.value}
    assert all(not isinstance(way, str) for way in ways.values()), ways
    return ways


def picture(race):
    return np.asarray(Image.open(io.BytesIO(race.panel.live.image.value)).convert("RGB")).astype(int)


def turns(values):
    """How often the sign changes."""
    signs = np.sign(values)
    signs = signs[signs != 0]
    return int(np.sum(signs[1:] != signs[:-1]))


def away(race, path):
    minima = np.array(SURFACES[race.surface.value].minima)
    return np.linalg.norm(path.points[:, None] - minima, axis=2).min(axis=1)


def sentence(race, method):
    (line,) = [line for line in race.panel.sentence.splitlines() if line.startswith(f"{method}:")]
    return line


@pytest.mark.parametrize("name", SURFACES)
def test_the_gradients_of_the_surfaces_are_right(name):
    surface, rng = SURFACES[name], np.random.default_rng(1)
    for _ in range(20):
        theta = np.array(surface.centre) + rng.uniform(-1, 1, 2) * surface.reach
        error = gradient_check(lambda t: float(surface.cost(*t)), np.array(surface.slope(*theta)), theta, rng)
        assert error < 1e-5


@pytest.mark.parametrize("name", SURFACES)
def test_the_lowest_points_are_lowest_and_curvatures_are_right(name):
    surface = SURFACES[name]
    x, y = np.meshgrid(np.linspace(-1, 1, 201), np.linspace(-1, 1, 201))
    grid = np.array(surface.centre).reshape(2, 1, 1) + surface.reach * np.array([x, y])
    assert surface.cost(*grid).min() >= surface.lowest - 1e-12
    for minimum in surface.minima:
        assert surface.cost(*minimum) == pytest.approx(surface.lowest, abs=1e-12)
        assert np.allclose(surface.slope(*minimum), 0, atol=1e-12)
    if np.isfinite(surface.curvature):
        hessian = [np.subtract(surface.slope(*side), surface.slope(0, 0)) for side in np.eye(2)]
        assert np.linalg.eigvalsh(hessian).max() == pytest.approx(surface.curvature)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_sets_everything_and_says_what_to_look_for(preset):
    made, wanted = race(preset), PRESETS[preset]
    assert made.panel.error is None
    assert made.preset.value == preset
    assert made.panel.sentence.startswith(wanted.words)
    assert f"Step {wanted.step}." in made.panel.sentence
    assert {m for m, box in made.shown.items() if box.value} == set(wanted.rates)
    assert (made.x.value, made.y.value) == wanted.start
    for method, rate in wanted.rates.items():
        assert made.rates[method].value == pytest.approx(rate, rel=2e-3)
        assert len(paths(made)[method].points) == wanted.steps + 1 or paths(made)[method].ending
        colour = (np.array(to_rgb(LOOKS[method][0])) * 255).round()
        seen = np.abs(picture(made)[:400] - colour).sum(axis=2) < 40
        assert seen.any()  # above the legend


def test_every_rate_that_a_preset_sets_is_one_that_the_page_can_show():
    """The page rounds the logarithm to a multiple of the slider's step, and would leave the preset."""
    made = race()
    for preset in PRESETS:
        made.preset.value = preset
        for slider in made.rates.values():
            exponent = (np.log10(slider.value) - np.log10(LOWEST_RATE)) / slider.step
            assert exponent == pytest.approx(round(exponent), abs=1e-6)
        for slider in made.rates.values():
            slider.value *= 1 + 1e-12  # as the page may send it back
        assert made.preset.value == preset


def test_ravine_zig_zag():
    found = paths(race("ravine zig-zag"))
    sgd, momentum, adam = (found[method].points for method in ("sgd", "momentum", "adam"))
    assert turns(sgd[:21, 1]) == 20  # at every step to the other wall
    assert turns(sgd[:, 0]) == 0
    assert abs(sgd[30, 0]) > 1
    assert max(np.hypot(*momentum[30]), np.hypot(*adam[30])) < 0.3 * np.hypot(*sgd[30])
    half = race("ravine zig-zag")
    half.rates["sgd"].value = 0.045
    assert turns(paths(half)["sgd"].points[:21, 1]) == 0
    assert half.preset.value == OWN


def test_turning_the_ravine_turns_the_paths_of_all_but_adam():
    straight, turned = paths(race("ravine zig-zag")), paths(race("ravine, turned"))
    turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    for method in ("sgd", "momentum"):
        assert np.allclose(straight[method].points @ turn.T, turned[method].points, atol=2e-3)
    assert np.abs(straight["adam"].points @ turn.T - turned["adam"].points).max() > 0.5


def test_momentum_overshoots_and_nesterov_less():
    found = paths(race("momentum overshoot"))
    assert turns(found["sgd"].points[:, 0]) == 0
    assert turns(found["momentum"].points[:, 0]) >= 3
    past = {method: path.points[:, 0].max() for method, path in found.items()}
    assert past["momentum"] > 1
    assert past["sgd"] < 1e-3 < past["nesterov"] < past["momentum"]
    calm = race("momentum overshoot")
    calm.beta.value = 0.5
    after = paths(calm)["momentum"]
    assert after.points[:, 0].max() < 0.3 * past["momentum"]
    assert after.costs[-1] < found["momentum"].costs[-1]


def test_the_limits_of_stability_are_2_and_2_plus_2_beta():
    below, above = (paths(race(f"stability limit, just {side}")) for side in ("below", "above"))
    for method, limit in (("sgd", 2.0), ("momentum", 3.8)):
        rates = [PRESETS[f"stability limit, just {side}"].rates[method] for side in ("below", "above")]
        assert rates[0] * 20 < limit < rates[1] * 20
        assert abs(below[method].points[-5:, 1]).max() < abs(below[method].points[:5, 1]).max()
        assert abs(above[method].points[-5:, 1]).max() > 3 * abs(above[method].points[:5, 1]).max()
    assert "(limit 2)" in race("stability limit, just below").panel.sentence
    assert "limit 2 + 2β = 3.8" in race("stability limit, just below").panel.sentence


@pytest.mark.parametrize("beta", [0.3, 0.5, 0.8, 0.9])
def test_the_limit_follows_beta(beta):
    ends = []
    for factor in (0.99, 1.01):
        settings = {"learning_rate": factor * (2 + 2 * beta) / 20, "beta": beta}
        way = walk(SURFACES["ravine"], (-2.0, 0.3), "momentum", (initial_state, momentum_step), settings, 2000)
        ends.append(way.ending)
    assert ends == ["", "diverged"]


def test_with_a_smaller_beta_momentum_diverges_at_the_rate_just_below():
    made = race("stability limit, just below")
    made.beta.value = 0.5
    assert "higher than at the start" in sentence(made, "momentum") or "diverged" in sentence(made, "momentum")


@pytest.mark.parametrize("start", [(-2.0, 0.8), (1.5, -0.1), (0.3, 2.0)])
def test_adams_first_step_is_alpha_in_each_coordinate(start):
    made = race("Adam first step")
    made._clicked(*start)
    found = paths(made)
    rates = {method: made.rates[method].value for method in found}
    moves = {method: np.abs(path.points[1] - path.points[0]) for method, path in found.items()}
    assert np.allclose(moves["adam"], rates["adam"])
    assert np.allclose(moves["rmsprop"], rates["rmsprop"] / np.sqrt(0.1))
    assert np.allclose(moves["sgd"], rates["sgd"] * np.abs(SURFACES["ravine"].slope(*start)))
    assert "0.3" in sentence(made, "adam").rpartition("last move")[2]


def test_saddle_escape():
    made = race("saddle escape")
    found = paths(made)
    out = {method: int(np.argmax(abs(path.points[:, 1]) > 0.5)) for method, path in found.items()}
    assert 0 < out["rmsprop"] < out["momentum"] < out["sgd"]
    assert 0 < out["adam"] < out["momentum"]
    assert out["adam"] < 15 < 100 < out["sgd"]
    stuck = found["sgd"].points[60]
    assert np.allclose(stuck, 0, atol=0.1)
    assert abs(found["momentum"].points[20, 1]) < 0.05


def test_plateau():
    made = race("plateau")
    found = paths(made)
    moved = {method: np.hypot(*(path.points[60] - path.points[0])) for method, path in found.items()}
    assert max(moved["sgd"], moved["momentum"]) < 0.15
    assert max(away(made, found["rmsprop"])[60], away(made, found["adam"])[60]) < 0.3


def test_curved_valley():
    made = race("curved valley")
    found = paths(made)
    for path in found.values():
        assert path.costs[60] < 0.3 * path.costs[0]  # on the floor
    ends = {method: away(made, path)[-1] for method, path in found.items()}
    assert max(ends["momentum"], ends["adam"]) < 0.2 * ends["sgd"]


def test_bumps():
    made = race("bumps")
    found = paths(made)
    assert away(made, found["sgd"])[-1] > 1
    assert np.allclose(found["sgd"].points[-1], found["sgd"].points[-10], atol=1e-3)
    assert found["momentum"].costs[-1] < found["sgd"].costs[-1]


def test_adamw_rests_nearer_to_zero_than_the_lowest_point():
    made = race("AdamW's pull")
    end = {method: path.points[-1] for method, path in paths(made).items()}
    assert np.allclose(end["adam"], [3, 0.5], atol=0.1)
    assert np.hypot(*end["adamw"]) < np.hypot(*end["adam"]) - 0.1
    made.decay.value = 0.5
    assert np.hypot(*paths(made)["adamw"].points[-1]) < np.hypot(*end["adamw"])


def wrong_adam(change):
    """An Adam with one mistake."""

    def adam_step(parameters, grads, state, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8):
        t = state["t"] + (change != "t stays 0") or 1
        g = grads["dtheta"]
        v = beta1 * state["v"]["theta"] + (1 - beta1) * g
        s = beta2 * state["s"]["theta"] + (1 - beta2) * (g if change == "no square" else g**2)
        v_hat, s_hat = v / (1 - beta1**t), s / (1 - beta2**t)
        if change == "no correction":
            v_hat, s_hat = v, s
        elif change == "first alone":
            s_hat = s
        elif change == "betas swapped":
            v_hat, s_hat = v / (1 - beta2**t), s / (1 - beta1**t)
        root = np.abs(s_hat) if change in ("no root", "no square") else np.sqrt(s_hat)
        sign = 1 if change == "uphill" else -1
        theta = parameters["theta"] + sign * learning_rate * v_hat / (root + eps)
        kept = state if change == "state forgotten" else {"v": {"theta": v}, "s": {"theta": s}, "t": t}
        return {"theta": theta}, kept

    return adam_step


WRONG = [
    "no correction",
    "first alone",
    "betas swapped",
    "no root",
    "uphill",
    "state forgotten",
    "t stays 0",
    "no square",
]


def test_the_wrong_adam_without_a_mistake_is_right():
    assert np.allclose(paths(race(steps=STEPS | {"adam": wrong_adam("")}))["adam"].points, paths(race())["adam"].points)


@pytest.mark.parametrize("change", WRONG)
def test_a_wrong_adam_takes_visibly_another_path(change):
    right, wrong = race(), race(steps=STEPS | {"adam": wrong_adam(change)})
    reach = SURFACES["ravine"].reach
    n = min(len(paths(race_)["adam"].points) for race_ in (right, wrong))
    apart = np.abs(paths(wrong)["adam"].points[:n] - paths(right)["adam"].points[:n]).max()
    assert apart > reach / 20
    assert (np.abs(picture(wrong) - picture(right)).sum(axis=2) > 60).sum() > 200
    for method in ("sgd", "momentum"):
        assert sentence(wrong, method) == sentence(right, method)


def answering(result):
    def adam_step(*_, **__):
        return result

    return adam_step


def raising(*_, **__):
    raise ZeroDivisionError("by nought")


raising.__name__ = "adam_step"
COLUMN = np.ones((2, 1))
STATE = {"v": {"theta": COLUMN}, "s": {"theta": COLUMN}, "t": 1}
FLAWS = {
    "raises": (raising, "`adam_step` raised ZeroDivisionError: by nought"),
    "unwritten": (unwritten, "Write `unwritten` first"),
    "nothing": (answering(None), "`adam_step` returned nothing: is a `return` missing"),
    "one thing": (answering({"theta": COLUMN}), "`adam_step` should return two things"),
    "three things": (answering((1, 2, 3)), "`adam_step` should return two things"),
    "no dict": (answering((COLUMN, STATE)), "`adam_step` should return the new parameters as a dict"),
    "other name": (answering(({"W": COLUMN}, STATE)), "`adam_step` should return the new parameters as a dict"),
    "row": (answering(({"theta": COLUMN.T}, STATE)), r"shape \(2, 1\), but it has shape \(1, 2\)"),
    "square": (answering(({"theta": np.eye(2)}, STATE)), r"`adam_step` should return .*shape \(2, 2\)"),
    "words": (answering(({"theta": COLUMN.astype(str)}, STATE)), "`adam_step` should return numbers"),
    "NaN": (answering(({"theta": COLUMN * np.nan}, STATE)), "`adam_step` returned NaN in parameters"),
    "infinity": (answering(({"theta": COLUMN * np.inf}, STATE)), "`adam_step` returned infinity"),
    "no state": (answering(({"theta": COLUMN}, None)), "`adam_step` should return a dict as the state"),
    "no s": (answering(({"theta": COLUMN}, {"v": STATE["v"], "t": 1})), "`adam_step` .* but 's' is missing"),
    "no t": (answering(({"theta": COLUMN}, {"v": STATE["v"], "s": STATE["s"]})), "`adam_step` .* but 't' is missing"),
    "bare v": (
        answering(({"theta": COLUMN}, STATE | {"v": COLUMN})),
        r"`adam_step` should keep state\['v'\] as a dict",
    ),
    "flat v": (answering(({"theta": COLUMN}, STATE | {"v": {"theta": np.ones(2)}})), r"`adam_step` .*shape \(2,\)"),
    "NaN in s": (answering(({"theta": COLUMN}, STATE | {"s": {"theta": COLUMN * np.nan}})), r"NaN in state\['s'\]"),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_what_is_wrong_with_one_method_is_said_and_the_others_still_walk(flaw):
    function, words = FLAWS[flaw]
    right, wrong = race(), race(steps=STEPS | {"adam": function})
    assert wrong.panel.error is None
    assert re.search(words, sentence(wrong, "adam"))
    for method in ("sgd", "momentum"):
        assert sentence(wrong, method) == sentence(right, method)
    assert not wrong.picture.heads["adam"].get_visible()
    assert wrong.picture.heads["sgd"].get_visible()


def test_a_step_that_fails_later_says_when():
    def adam_step(parameters, grads, state, learning_rate, **others):
        new, state = STEPS["adam"](parameters, grads, state, learning_rate, **others)
        return (new, state) if state["t"] < 5 else ({"theta": new["theta"] * np.nan}, state)

    assert "returned NaN in parameters['theta'] (step 5)" in sentence(race(steps=STEPS | {"adam": adam_step}), "adam")


def test_a_step_that_never_ends_is_stopped_once(monkeypatch):
    monkeypatch.setattr(walking, "PATIENCE", 0.3)
    calls = []

    def adam_step(*_, **__):
        calls.append(1)
        while True:
            pass

    made = race(steps=STEPS | {"adam": adam_step})
    assert "`adam_step` was still running after 0.3 s" in sentence(made, "adam")
    assert "cost" in sentence(made, "sgd")
    made._clicked(1.0, 1.0)
    made.preset.value = "plateau"
    assert len(calls) == 1


STATES = {
    "unwritten": (unwritten, "first, then run this cell again"),
    "raises": (raising, "raised ZeroDivisionError"),
    "nothing": (answering(None), "returned nothing"),
    "list": (answering([]), "should return a dict as the state of momentum"),
    "empty": (answering({}), "should return a state with 'v' for momentum, but 'v' is missing"),
    "flat": (answering({"v": {"theta": np.zeros(2)}, "s": {"theta": np.zeros(2)}, "t": 0}), r"shape \(2, 1\)"),
}


@pytest.mark.parametrize("flaw", STATES)
def test_what_is_wrong_with_the_initial_state_is_said(flaw):
    function, words = STATES[flaw]
    made = race(state=function)
    assert made.panel.error is None
    assert re.search(words, made.panel.sentence)
    assert "`adam_step`" in made.panel.sentence or "`unwritten`" in made.panel.sentence  # what it is called here
    assert not made.picture.heads["momentum"].get_visible()


def test_a_step_that_changes_what_it_was_given_spoils_no_path():
    def adam_step(parameters, grads, state, learning_rate, **others):
        new, kept = STEPS["adam"](parameters, grads, state, learning_rate, **others)
        parameters["theta"] += 100
        grads["dtheta"] *= 0
        return new, kept

    found = paths(race(steps=STEPS | {"adam": adam_step}))["adam"]
    assert np.allclose(found.points, paths(race())["adam"].points)
    assert np.allclose(found.slopes, paths(race())["adam"].slopes)


def test_unknown_methods_and_presets_are_named():
    with pytest.raises(CourseError, match="adagrad"):
        optimizer_trajectories(initial_state, {"adagrad": adam_step})
    with pytest.raises(CourseError, match="should be a dict"):
        optimizer_trajectories(initial_state, {})
    with pytest.raises(CourseError, match="There is no preset 'ravin'"):
        optimizer_trajectories(initial_state, STEPS, "ravin")


def test_some_methods_are_enough():
    panel = optimizer_trajectories(initial_state, {"adam": adam_step}, "ravine zig-zag")
    assert panel.error is None
    assert "adam:" in panel.sentence
    assert "momentum:" not in panel.sentence


def test_tuning_lowers_the_cost_of_every_method():
    made = race("curved valley")
    for method in made.rates:
        made.shown[method].value = True
        made.rates[method].value = RATES[method] / 20
    before = {method: path.costs[-1] for method, path in paths(made).items()}
    made.panel.buttons["Tune each rate"].click()
    after = {method: path.costs[-1] for method, path in paths(made).items()}
    assert all(after[method] < before[method] for method in before)


def test_the_buttons_step_and_reset():
    made = race()
    made.panel.buttons["Step ▶"].click()
    assert made.player.step.value == 31
    made.panel.buttons["◀ Back"].click()
    made.panel.buttons["◀ Back"].click()
    assert "Step 29." in made.panel.sentence
    made.panel.buttons["Reset"].click()
    assert "Step 0." in made.panel.sentence


def test_a_click_in_the_map_moves_the_start_and_one_beside_it_does_not():
    made = race()
    image = made.panel.live.image
    image.pointer = [0.266, 0.445]
    assert (made.x.value, made.y.value) == pytest.approx((0, 0), abs=0.02)
    image.pointer = [0.8, 0.445]
    assert (made.x.value, made.y.value) == pytest.approx((0, 0), abs=0.02)
    assert made.preset.value == OWN


def ask_film(made, **message):
    """What the kernel sends when the page asks the film for something."""
    film, sent = made.panel.live.image, []
    film.send = lambda content, buffers=None: sent.append((content, buffers))
    film._handle_custom_msg({"jumps": film.jumps, **message}, [])
    return sent


def test_a_film_gets_the_pictures_of_its_steps():
    made = race()
    ((content, pictures),) = ask_film(made, run="a", steps=[31, 32], position=30)
    assert content == {"run": "a", "steps": [31, 32]}
    assert made.player.step.value == 30
    for step, png in zip([31, 32], pictures, strict=True):
        made.player.step.value = step
        assert png == made.panel.live.image.value


def test_what_a_page_asked_or_said_before_it_heard_of_a_reset_does_not_count():
    made = race()
    film = made.panel.live.image
    film.playing, heard = True, film.jumps
    made.panel.buttons["Reset"].click()
    assert not film.playing
    assert (film.position, film.jumps) == (0, heard + 1)
    assert ask_film(made, jumps=heard, run="a", steps=[31, 32], position=30) == []
    assert ask_film(made, jumps=heard, paused=36) == []
    assert made.player.step.value == 0
    assert "Step 0." in made.panel.sentence
    ask_film(made, paused=7)
    assert "Step 7." in made.panel.sentence


def test_a_picture_is_shown_again_after_a_film():
    made = race()
    film = made.panel.live.image
    before, shows = film.value, film.shows
    ask_film(made, run="a", steps=[31, 32], position=30)
    made.panel.tick()
    assert film.value == before
    assert film.shows == shows + 1


def test_moving_the_slider_moves_the_film_and_the_film_moves_the_slider():
    made = race()
    film = made.panel.live.image
    jumps = film.jumps
    made.player.step.value = 50
    assert (film.position, film.jumps) == (50, jumps + 1)
    ask_film(made, run="a", steps=[53], position=52)
    assert (made.player.step.value, film.jumps) == (52, jumps + 1)


def test_a_film_that_cannot_be_drawn_stops_and_says_why(monkeypatch):
    made = race()
    made.panel.live.image.playing = True
    monkeypatch.setattr(made.picture, "show", raising)
    assert ask_film(made, run="a", steps=[31], position=30) == []
    assert not made.panel.live.image.playing
    assert "ZeroDivisionError: by nought" in made.panel.sentence


def test_a_slow_function_takes_the_steps_there_is_time_for(monkeypatch):
    monkeypatch.setattr(walking, "SLOW", 0.0)
    made = race()
    assert "The function is slow: only 1 steps were taken" in sentence(made, "sgd")


def test_without_a_kernel_there_is_a_still_picture():
    bundle = race().panel._repr_mimebundle_()
    assert bundle["text/html"].startswith('<img alt="Left: the paths of the methods')
    assert "data:image/png;base64," in bundle["text/html"]
    assert "sgd: cost" in bundle["text/plain"]


def test_without_anywidget_it_is_a_picture_with_an_ordinary_player(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "anywidget":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    made = race()
    before = made.panel.live.image.value
    made.player.step.value = 60
    assert made.panel.error is None
    assert made.panel.live.image.value != before
    made.panel.buttons["Reset"].click()
    made.preset.value = "plateau"
    assert made.player.playing.max == 300
    assert bytes(made.panel.live.image.value).startswith(b"\x89PNG")
