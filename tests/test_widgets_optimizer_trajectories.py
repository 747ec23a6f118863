import base64
import builtins
import json
import re
from dataclasses import asdict, replace

import numpy as np
import pytest

from dlcore.errors import CourseError
from dlcore.gradients import gradient_check
from dlcore.widgets import optimizer_trajectories
from dlcore.widgets.optimizers.trajectories import paths as walking
from dlcore.widgets.optimizers.trajectories import widget
from dlcore.widgets.optimizers.trajectories.messages import GRID, heights, packed, scene
from dlcore.widgets.optimizers.trajectories.paths import walk
from dlcore.widgets.optimizers.trajectories.presets import PRESETS
from dlcore.widgets.optimizers.trajectories.race import RATES, Race, Settings
from dlcore.widgets.optimizers.trajectories.references import walk_reference
from dlcore.widgets.optimizers.trajectories.surfaces import SURFACES
from tests.panels import unwritten
from tests.reference_steps import STEPS, adam_step, initial_state, momentum_step

pytestmark = pytest.mark.week5


@pytest.fixture(autouse=True)
def as_slow_as_it_likes(monkeypatch):
    """No test depends on how busy the machine is."""
    monkeypatch.setattr(walking, "SLOW", 600.0)
    monkeypatch.setattr(walking, "PATIENCE", 600.0)
    monkeypatch.setattr(widget, "SAVING", 600.0)


def race(steps=STEPS, state=initial_state):
    return Race(state, steps)


def settings(preset="ravine zig-zag", **changes):
    return replace(Settings.of_preset(preset, STEPS), **changes)


def with_rate(preset, method, rate):
    chosen = settings(preset)
    return replace(chosen, rates={**chosen.rates, method: rate})


def paths(chosen="ravine zig-zag", made=None):
    """The paths of the methods that a race shows with the settings, or with those of a preset."""
    ways = (made or race()).ways(settings(chosen) if isinstance(chosen, str) else chosen)
    assert all(not isinstance(way, str) for way in ways.values()), ways
    return ways


def turns(values):
    """How often the sign changes."""
    signs = np.sign(values)
    signs = signs[signs != 0]
    return int(np.sum(signs[1:] != signs[:-1]))


def away(preset, path):
    minima = np.array(SURFACES[PRESETS[preset].surface].minima)
    return np.linalg.norm(path.points[:, None] - minima, axis=2).min(axis=1)


def unpacked(told, numbers):
    """The arrays of an answer, read as the page reads them."""
    values, read, found = np.frombuffer(numbers, "<f4"), 0, {}
    for method, way in sorted(told["ways"].items()):  # as a saved notebook has them
        if "trouble" in way:
            continue
        n, at, found[method] = way["points"], way["at"], {}
        for name, width in (("points", 2), ("costs", 1), ("slopes", 2), *((name, 2) for name in way["holds"])):
            found[method][name] = values[at : at + width * n].reshape(n, width)
            at, read = at + width * n, read + width * n
    assert read == len(values)
    return found


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
def test_a_preset_asks_a_question_and_shows_the_methods_it_has_rates_for(preset):
    wanted, chosen = PRESETS[preset], settings(preset)
    assert wanted.question.endswith("?")
    assert set(chosen.shown) == set(wanted.rates)
    for method, path in paths(preset).items():
        assert chosen.of_step(method)["learning_rate"] == wanted.rates[method]
        assert len(path.points) == wanted.steps + 1 or path.ending == "diverged"
    assert 0 < wanted.step <= wanted.steps


def test_ravine_zig_zag():
    found = paths("ravine zig-zag")
    sgd, momentum, adam = (found[method].points for method in ("sgd", "momentum", "adam"))
    assert turns(sgd[:21, 1]) == 20  # at every step to the other wall
    assert turns(sgd[:, 0]) == 0
    assert abs(sgd[30, 0]) > 1
    assert max(np.hypot(*momentum[30]), np.hypot(*adam[30])) < 0.3 * np.hypot(*sgd[30])
    assert turns(paths(with_rate("ravine zig-zag", "sgd", 0.045))["sgd"].points[:21, 1]) == 0


def test_turning_the_ravine_turns_the_paths_of_all_but_adam():
    straight, turned = paths("ravine zig-zag"), paths("ravine, turned")
    turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    for method in ("sgd", "momentum"):
        assert np.allclose(straight[method].points @ turn.T, turned[method].points, atol=2e-3)
    assert np.abs(straight["adam"].points @ turn.T - turned["adam"].points).max() > 0.5


def test_momentum_overshoots_and_nesterov_less():
    found = paths("momentum overshoot")
    assert turns(found["sgd"].points[:, 0]) == 0
    assert turns(found["momentum"].points[:, 0]) >= 3
    past = {method: path.points[:, 0].max() for method, path in found.items()}
    assert past["momentum"] > 1
    assert past["sgd"] < 1e-3 < past["nesterov"] < past["momentum"]
    after = paths(settings("momentum overshoot", beta=0.5))["momentum"]
    assert after.points[:, 0].max() < 0.3 * past["momentum"]
    assert after.costs[-1] < found["momentum"].costs[-1]


def test_the_limits_of_stability_are_2_and_2_plus_2_beta():
    below, above = (paths(f"stability limit, just {side}") for side in ("below", "above"))
    for method, limit in (("sgd", 2.0), ("momentum", 3.8)):
        rates = [PRESETS[f"stability limit, just {side}"].rates[method] for side in ("below", "above")]
        assert rates[0] * 20 < limit < rates[1] * 20
        assert abs(below[method].points[-5:, 1]).max() < abs(below[method].points[:5, 1]).max()
        assert abs(above[method].points[-5:, 1]).max() > 3 * abs(above[method].points[:5, 1]).max()


@pytest.mark.parametrize("beta", [0.3, 0.5, 0.8, 0.9])
def test_the_limit_follows_beta(beta):
    ends = []
    for factor in (0.99, 1.01):
        settings = {"learning_rate": factor * (2 + 2 * beta) / 20, "beta": beta}
        way = walk(SURFACES["ravine"], (-2.0, 0.3), "momentum", (initial_state, momentum_step), settings, 2000)
        ends.append(way.ending)
    assert ends == ["", "diverged"]


def test_with_a_smaller_beta_momentum_grows_at_the_rate_just_below():
    path = paths(settings("stability limit, just below", beta=0.5))["momentum"]
    assert path.ending == "diverged" or path.costs[-1] > path.costs[0]


@pytest.mark.parametrize("start", [(-2.0, 0.8), (1.5, -0.1), (0.3, 2.0)])
def test_adams_first_step_is_alpha_in_each_coordinate(start):
    chosen = settings("Adam first step", start=start)
    moves = {method: np.abs(path.points[1] - path.points[0]) for method, path in paths(chosen).items()}
    assert np.allclose(moves["adam"], chosen.rates["adam"])
    assert np.allclose(moves["rmsprop"], chosen.rates["rmsprop"] / np.sqrt(0.1))
    assert np.allclose(moves["sgd"], chosen.rates["sgd"] * np.abs(SURFACES["ravine"].slope(*start)))


def test_saddle_escape():
    found = paths("saddle escape")
    out = {method: int(np.argmax(abs(path.points[:, 1]) > 0.5)) for method, path in found.items()}
    assert 0 < out["rmsprop"] < out["momentum"] < out["sgd"]
    assert 0 < out["adam"] < out["momentum"]
    assert out["adam"] < 15 < 100 < out["sgd"]
    stuck = found["sgd"].points[60]
    assert np.allclose(stuck, 0, atol=0.1)
    assert abs(found["momentum"].points[20, 1]) < 0.05


def test_plateau():
    found = paths("plateau")
    moved = {method: np.hypot(*(path.points[60] - path.points[0])) for method, path in found.items()}
    assert max(moved["sgd"], moved["momentum"]) < 0.15
    assert max(away("plateau", found["rmsprop"])[60], away("plateau", found["adam"])[60]) < 0.3


def test_curved_valley():
    found = paths("bent valley")
    for path in found.values():
        assert path.costs[60] < 0.3 * path.costs[0]  # on the floor
    ends = {method: away("bent valley", path)[-1] for method, path in found.items()}
    assert max(ends["momentum"], ends["adam"]) < 0.2 * ends["sgd"]


def test_bumps():
    found = paths("bumps")
    assert away("bumps", found["sgd"])[-1] > 1
    assert np.allclose(found["sgd"].points[-1], found["sgd"].points[-10], atol=1e-3)
    assert found["momentum"].costs[-1] < found["sgd"].costs[-1]


def test_adamw_rests_nearer_to_zero_than_the_lowest_point():
    end = {method: path.points[-1] for method, path in paths("AdamW's pull").items()}
    assert np.allclose(end["adam"], [3, 0.5], atol=0.1)
    assert np.hypot(*end["adamw"]) < np.hypot(*end["adam"]) - 0.1
    pulled = paths(settings("AdamW's pull", weight_decay=0.5))["adamw"]
    assert np.hypot(*pulled.points[-1]) < np.hypot(*end["adamw"])


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
    mine = paths(made=race(STEPS | {"adam": wrong_adam("")}))
    assert np.allclose(mine["adam"].points, paths()["adam"].points)


@pytest.mark.parametrize("change", WRONG)
def test_a_wrong_adam_takes_visibly_another_path(change):
    right, wrong = paths(), paths(made=race(STEPS | {"adam": wrong_adam(change)}))
    n = min(len(found["adam"].points) for found in (right, wrong))
    apart = np.abs(wrong["adam"].points[:n] - right["adam"].points[:n]).max()
    assert apart > SURFACES["ravine"].reach / 20  # some ten pixels
    for method in ("sgd", "momentum"):
        assert np.array_equal(wrong[method].points, right[method].points)


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
    ways = race(STEPS | {"adam": function}).ways(settings())
    assert re.search(words, ways["adam"])
    for method, right in paths().items():
        if method != "adam":
            assert np.array_equal(ways[method].points, right.points)
    told, numbers = packed(ways, settings())
    assert told["ways"]["adam"] == {"trouble": ways["adam"]}
    assert set(unpacked(told, numbers)) == {"sgd", "momentum"}


@pytest.mark.parametrize(("kind", "spoilt"), [("NaN", np.nan), ("infinity", np.inf)])
def test_a_step_that_fails_later_says_when(kind, spoilt):
    def adam_step(parameters, grads, state, learning_rate, **others):
        new, state = STEPS["adam"](parameters, grads, state, learning_rate, **others)
        return (new, state) if state["t"] < 5 else ({"theta": np.full((2, 1), spoilt)}, state)

    words = race(STEPS | {"adam": adam_step}).ways(settings())["adam"]
    assert words == f"`adam_step` returned {kind} in parameters['theta'] (step 5)."


def test_a_step_that_never_ends_is_stopped_once(monkeypatch):
    monkeypatch.setattr(walking, "PATIENCE", 0.3)
    calls = []

    def adam_step(*_, **__):
        calls.append(1)
        while True:
            pass

    made = race(STEPS | {"adam": adam_step})
    for chosen in (settings(), settings(start=(1.0, 1.0)), settings("plateau")):
        ways = made.ways(chosen)
        assert "`adam_step` was still running after 0.3 s" in ways["adam"]
        assert len(ways["sgd"].points) > 1
    assert len(calls) == 1


STATES = {
    "unwritten": (unwritten, "first, then run this cell again"),
    "raises": (raising, "raised ZeroDivisionError"),
    "nothing": (answering(None), "returned nothing"),
    "list": (answering([]), "should return a dict as the state of momentum"),
    "empty": (answering({}), "should return a state with 'v' for momentum, but 'v' is missing"),
    "NaN": (answering({"v": {"theta": np.full((2, 1), np.nan)}, "s": {}, "t": 0}), r"NaN in state\['v'\]"),
    "flat": (answering({"v": {"theta": np.zeros(2)}, "s": {"theta": np.zeros(2)}, "t": 0}), r"shape \(2, 1\)"),
}


@pytest.mark.parametrize("flaw", STATES)
def test_what_is_wrong_with_the_initial_state_is_said(flaw):
    function, words = STATES[flaw]
    trouble = race(state=function).ways(settings())["momentum"]
    assert re.search(words, trouble)
    assert "`adam_step`" in trouble or "`unwritten`" in trouble  # what it is called here


def test_a_step_that_changes_what_it_was_given_spoils_no_path():
    def adam_step(parameters, grads, state, learning_rate, **others):
        new, kept = STEPS["adam"](parameters, grads, state, learning_rate, **others)
        parameters["theta"] += 100
        grads["dtheta"] *= 0
        return new, kept

    found = paths(made=race(STEPS | {"adam": adam_step}))["adam"]
    assert np.allclose(found.points, paths()["adam"].points)
    assert np.allclose(found.slopes, paths()["adam"].slopes)


def test_unknown_methods_and_presets_are_named():
    with pytest.raises(CourseError, match="adagrad"):
        optimizer_trajectories(initial_state, {"adagrad": adam_step})
    with pytest.raises(CourseError, match="should be a dict"):
        optimizer_trajectories(initial_state, {})
    with pytest.raises(CourseError, match=r"`steps` should be a dict .*, not str"):
        optimizer_trajectories(initial_state, "adam")
    with pytest.raises(CourseError, match="There is no preset 'ravin'"):
        optimizer_trajectories(initial_state, STEPS, "ravin")


def test_some_methods_are_enough():
    made = race({"adam": adam_step})
    assert made.methods == ("adam", "newton", "l-bfgs")
    assert set(made.ways(settings())) == {"adam"}


def test_tuning_lowers_the_cost_of_every_method():
    made, chosen = race(), settings("bent valley", shown=tuple(STEPS), steps=300)
    chosen = replace(chosen, rates={method: rate / 20 for method, rate in RATES.items()})
    before, after = (paths(each, made) for each in (chosen, made.tuned(chosen)))
    assert all(after[method].costs[-1] < before[method].costs[-1] for method in STEPS)


def test_where_time_is_short_the_path_is_shorter_and_not_kept():
    made = race()
    short = made.ways(settings(), seconds=0.0)
    assert {(len(path.points), path.ending) for path in short.values()} == {(2, "slow")}
    assert all(len(path.points) == 101 for path in made.ways(settings()).values())


# Newton's method and L-BFGS


@pytest.mark.parametrize("name", ["newton", "l-bfgs"])
@pytest.mark.parametrize("surface", ["bowl", "ravine", "ravine, turned by 45°", "bent valley", "Beale"])
def test_the_references_find_the_lowest_point(name, surface):
    ground = SURFACES[surface]
    start = (-1.2, 1.0) if surface == "bent valley" else (1.0, 0.4)
    path = walk_reference(ground, start, name, 100)
    assert len(path.points) == 101
    assert np.allclose(path.points[-1], ground.minima[0], atol=1e-6)
    assert np.all(np.diff(path.costs) <= 0)  # the line search sees to it


def test_newton_takes_one_step_on_a_quadratic_whichever_way_it_is_turned():
    for surface in ("bowl", "ravine", "ravine, turned by 45°"):
        assert np.allclose(walk_reference(SURFACES[surface], (-1.7, 0.9), "newton", 5).points[1], 0, atol=1e-6)


def test_lbfgs_turns_with_the_ravine():
    turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    start = np.array([-2.0, 0.4])
    straight = walk_reference(SURFACES["ravine"], tuple(start), "l-bfgs", 30)
    turned = walk_reference(SURFACES["ravine, turned by 45°"], tuple(turn @ start), "l-bfgs", 30)
    assert np.allclose(straight.points @ turn.T, turned.points, atol=1e-6)


@pytest.mark.parametrize("name", ["newton", "l-bfgs"])
def test_the_references_leave_a_saddle(name):
    path = walk_reference(SURFACES["saddle"], (-1.8, 0.001), name, 60)
    assert abs(path.points[-1, 1]) == pytest.approx(1)


def test_the_price_of_a_step_is_said():
    newton = walk_reference(SURFACES["bent valley"], (-1.2, 1.0), "newton", 60)
    assert re.fullmatch(r"1 gradient, [\d.]+ costs, 1 Hessian a step; \d+ steps until it rests", newton.price)
    told, _ = scene(race())
    assert "n³" in told["prices"]["newton"]
    assert all(not {"newton", "l-bfgs"} & set(preset["settings"]["shown"]) for preset in told["presets"].values())


# messages


def asked(made, **message):
    chosen = json.loads(json.dumps(asdict(settings())))  # as it comes from a page
    return made.answer({"ask": "a", "kind": "paths", "settings": chosen, **message})


def test_an_answer_holds_the_paths_of_the_students_functions():
    made = optimizer_trajectories(initial_state, STEPS)
    told, (numbers,) = asked(made)
    assert (told["answer"], told["tuned"]) == ("a", False)
    found, right = unpacked(told, numbers), paths()
    assert set(found) == set(right)
    for method, path in right.items():
        assert np.allclose(found[method]["points"], path.points, atol=1e-6)
        assert np.allclose(found[method]["costs"].ravel(), path.costs, rtol=1e-6)
        assert np.allclose(found[method]["slopes"], path.slopes, atol=1e-5)
        for name, held in path.memory.items():
            assert np.allclose(found[method][name], held, atol=1e-5)


def test_costs_keep_digits_that_a_chart_to_the_rounding_error_needs():
    ways = paths(settings("bent valley"))
    found = unpacked(*packed(ways, settings("bent valley")))
    assert 0 < found["momentum"]["costs"][-1] < 1e-10
    assert found["momentum"]["costs"][-1] == pytest.approx(ways["momentum"].costs[-1])


def test_a_diverging_path_is_sent_as_numbers_of_32_bits():
    ways = paths(with_rate("ravine zig-zag", "sgd", 5.0))
    told, numbers = packed(ways, settings())
    assert told["ways"]["sgd"]["ending"] == "diverged"
    assert np.isfinite(unpacked(told, numbers)["sgd"]["points"]).all()


def test_a_question_to_tune_is_answered_with_the_rates():
    made = optimizer_trajectories(initial_state, {"sgd": STEPS["sgd"]})
    told, _ = asked(made, kind="tune")
    assert told["tuned"]
    assert told["settings"]["rates"]["sgd"] != settings().rates["sgd"]


def test_settings_of_a_page_are_brought_into_bounds():
    sent = asdict(settings()) | {"start": [1e9, "-0.5"], "steps": 10**9, "beta": 7, "surface": "moon"}
    chosen = Settings.of_page(sent)
    assert chosen.start == (4.5, -0.5)
    assert chosen.steps == 1000
    assert chosen.beta < 1
    assert chosen.surface in SURFACES


def test_heights_are_those_of_the_surface():
    told, numbers = scene(race())
    all_heights = np.frombuffer(numbers, "<u2").reshape(len(SURFACES), GRID[1], GRID[0]) / 65535
    for (name, surface), grid in zip(SURFACES.items(), all_heights, strict=True):
        assert np.allclose(grid, heights(surface)[0], atol=1e-5)
        (x, y), peak = surface.centre, told["surfaces"][name]["peak"]
        middle = grid[GRID[1] // 2, GRID[0] // 2] ** surface.power * peak
        assert middle == pytest.approx(surface.cost(x, y) - surface.lowest, abs=1e-3 * peak)


# without a kernel


def test_without_a_kernel_there_is_a_still_picture_and_a_page_that_plays():
    bundle = optimizer_trajectories(initial_state, STEPS)._repr_mimebundle_()
    page = bundle["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "sgd: cost 0.135" in bundle["text/plain"]
    assert bundle["text/plain"] in page
    picture = base64.b64decode(re.search(r"data:image/svg\+xml;base64,([^\"]+)", page)[1]).decode()
    assert picture.count("<polyline") == 3
    assert page.count("</script>") == 1  # no text ends it early
    assert all(json.dumps(name, ensure_ascii=False) in page for name in PRESETS)
    assert not re.search(r"https?://(?!www\.w3\.org)", page)


def test_a_function_that_is_too_slow_for_all_presets_still_has_the_first(monkeypatch):
    monkeypatch.setattr(widget, "SAVING", -1.0)
    made = optimizer_trajectories(initial_state, STEPS, "plateau")
    assert list(made.state["book"]) == ["plateau"]


def test_nothing_written_yet_is_no_error_but_words():
    made = optimizer_trajectories(unwritten, dict.fromkeys(STEPS, unwritten))
    words = made._repr_mimebundle_()["text/plain"]
    assert "sgd is not drawn: Write `unwritten` first, then run this cell again." in words


def test_without_anywidget_it_is_the_page_with_saved_paths(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "anywidget":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    bundle = optimizer_trajectories(initial_state, STEPS)._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert "<script>" in bundle["text/html"]
