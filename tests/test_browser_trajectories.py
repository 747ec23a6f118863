"""The optimizers' race in a real browser: in JupyterLab, and as a page of its own without a kernel."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ipywidgets.embed import dependency_state
from nbformat.v4 import new_code_cell, new_notebook, new_output

from dlcore.widgets import optimizer_trajectories
from dlcore.widgets.optimizers.trajectories.presets import PRESETS
from tests.jupyterlab import BROWSER_OPTIONS
from tests.processes import PATIENCE
from tests.race_page import STEPS as SOURCE
from tests.race_page import Race, opened_notebook, race_notebook
from tests.reference_steps import STEPS, initial_state

pytestmark = [
    pytest.mark.browser,
    pytest.mark.sweep,
    pytest.mark.week5,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
]

BLUE, BLACK, VERMILION = "#0067a8", "#1a1a1a", "#c94f00"  # adam, sgd and momentum on a light page
BRIGHT_BLUE = "#62bcff"  # adam on a dark one
MAP, CHART = ".map canvas", ".chart canvas"


def shoot(page, name):
    """Keep a picture of the page, if asked to."""
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"race-{name}.png")


def are_apart(one, other):
    """Whether two boxes do not overlap by more than a pixel."""
    return any(
        first[start] + first[size] <= second[start] + 1
        for start, size in (("x", "width"), ("y", "height"))
        for first, second in ((one, other), (other, one))
    )


class TestInJupyterLab:
    @pytest.fixture
    def page(self, chromium, tmp_path):
        with race_notebook(chromium, tmp_path, "ravine zig-zag") as page:
            yield page

    def test_a_drag_moves_the_start_and_the_paths_follow(self, page):
        race = page.begin()
        assert race.start() == (-2.0, 0.4)
        before, box = race.picture(), race.map.bounding_box()
        mouse = page.page.mouse
        mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.25)
        mouse.down()
        race.wait_until("Math.abs(data.start.split(',')[0]) < 0.02 && Math.abs(data.start.split(',')[1] - 1.1) < 0.02")
        mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.25, steps=12)
        mouse.up()
        race.wait_until("Math.abs(data.start.split(',')[0] - 1.32) < 0.02")
        assert race.picture() != before
        assert race.root.locator(".presets [aria-pressed=true]").count() == 0
        race.choose("ravine zig-zag")
        race.wait_until("data.start === '-2,0.4'")
        hosts = {urlsplit(url).hostname for url in page.requests if urlsplit(url).scheme not in ("blob", "data")}
        assert hosts == {"127.0.0.1"}
        assert page.troubles == []

    def test_playing_needs_no_kernel_and_pausing_stops_it(self, page):
        race = page.begin()
        race.button("to the start").click()
        race.wait_until("data.step === '0'")
        page.wait_until_idle()
        before = len([frame for frame in page.sent if "comm_msg" in str(frame)])
        race.button("Play").click()
        race.wait_until("data.step > 5 && data.step % 1 > 0")  # it glides between two steps
        race.button("Pause").click()
        step, picture = race.step(), race.picture()
        assert len([frame for frame in page.sent if "comm_msg" in str(frame)]) == before
        race.wait_for_sentence(f"Step {int(step)} of 100.")
        assert (race.step(), race.picture()) == (step, picture)
        race.button("one step on").click()
        race.wait_until(f"data.step === '{int(step) + 1}'")
        race.root.get_by_label("step", exact=True).fill("70")
        race.wait_for_sentence("Step 70 of 100.")
        assert page.troubles == []

    def test_a_method_comes_with_its_path_and_a_rate_bends_it(self, page):
        race = page.begin()
        assert race.pixels(CHART, "#00805c") == 0  # of RMSprop
        race.method("rmsprop").click()
        race.wait_for_sentence("rmsprop")
        assert race.pixels(CHART, "#00805c") > 20
        race.method("newton").click()
        race.wait_for_sentence("newton (0)")
        race.method("newton").click()
        race.root.get_by_label("learning rate of sgd", exact=True).fill("0.2")
        race.root.get_by_label("learning rate of sgd", exact=True).press("Enter")
        race.button("one step on").click()
        race.root.get_by_label("step", exact=True).fill("100")
        race.wait_for_sentence("sgd has diverged.")
        assert "The axis is cut at" in race.root.locator(".cut").inner_text()
        assert page.troubles == []

    def test_a_rate_that_is_none_does_not_stay_and_the_question_does(self, page):
        race = page.begin()
        question, rate = race.root.locator(".question"), race.root.get_by_label("learning rate of sgd", exact=True)
        asked = question.inner_text()
        for typed in ("", "0", "-1"):
            rate.fill(typed)
            rate.press("Enter")
            assert rate.input_value() == "0.09"
        assert question.inner_text() == asked
        rate.fill("1000")
        rate.press("Enter")
        assert rate.input_value() == "10"
        assert question.inner_text() == f"{asked} (Now with your settings.)"
        assert page.troubles == []

    def test_what_is_said_of_a_step_is_hidden_while_it_plays(self, page):
        race = page.begin()
        race.wait_for_sentence("Step 30 of 100.")
        race.root.get_by_label("speed of playing").select_option("slow")
        race.button("Play").click()
        race.root.locator(".said").wait_for(state="hidden")
        race.button("Pause").click()
        race.root.locator(".said").wait_for(state="visible")
        assert race.sentence().startswith(f"Step {int(race.step())} of 100.")
        assert page.troubles == []

    def test_tuning_says_whether_it_found_better_rates(self, page):
        race = page.begin()
        race.choose("momentum overshoot")
        race.root.get_by_text("Settings", exact=True).click()
        for said in ("Each rate is now the one with which", "No rate is better than these."):
            race.button("Tune each rate").click()
            race.root.locator(".note").filter(has_text=said).wait_for()
        assert page.troubles == []

    def test_with_the_keyboard_alone(self, page):
        race = page.begin()
        keyboard = page.page.keyboard
        race.map.focus()
        for _ in range(3):
            keyboard.press("ArrowRight")
        keyboard.press("Shift+ArrowUp")
        race.wait_until("data.start === '-1.835,0.406'")
        keyboard.press("Space")
        race.wait_until("data.step > 32")
        keyboard.press("Space")
        race.button("Play").wait_for()
        while not page.page.evaluate("document.activeElement.closest('.presets')"):
            keyboard.press("Tab")
        keyboard.press("Tab")
        keyboard.press("Enter")
        race.root.locator(".presets [aria-pressed=true]").get_by_text("momentum overshoot", exact=True).wait_for()
        assert page.page.evaluate("document.querySelector('.jp-Notebook').classList.contains('jp-mod-commandMode')")
        assert race.root.is_visible()  # no key has moved or cut a cell
        assert page.troubles == []

    def test_picture_and_main_controls_are_in_view_at_1280_by_800(self, chromium, tmp_path):
        with race_notebook(chromium, tmp_path, "saddle escape", size=(1280, 800)) as page:
            race = page.begin()
            page.cell(1).evaluate("cell => cell.scrollIntoView({block: 'start'})")
            for part in (race.map, race.button("Play"), race.root.locator(".legend"), race.root.locator(CHART)):
                box = part.bounding_box()
                assert box["y"] > 80
                assert box["y"] + box["height"] < 770
            shoot(page.page, "light")
            assert race.pixels(MAP, BLUE) > 50
            assert page.troubles == []

    def test_the_dark_theme(self, chromium, tmp_path):
        with race_notebook(chromium, tmp_path, "saddle escape", theme="JupyterLab Dark", size=(1280, 800)) as page:
            race = page.begin()
            race.wait_for_map("dark")
            assert race.pixels(MAP, BRIGHT_BLUE) > 50
            page.cell(1).evaluate("cell => cell.scrollIntoView({block: 'start'})")
            shoot(page.page, "dark")
            assert page.troubles == []

    def test_what_is_wrong_with_one_method_is_said_in_a_sentence(self, chromium, tmp_path):
        wrong = SOURCE + "\n\ndef adam_step(*_, **__):\n    return 1 / 0\n\n\nSTEPS['adam'] = adam_step\n"
        with race_notebook(chromium, tmp_path, "ravine zig-zag", steps=wrong) as page:
            race = page.begin()
            trouble = race.root.get_by_role("alert")
            trouble.get_by_text("adam is not drawn: adam_step raised ZeroDivisionError: division by zero").wait_for()
            race.wait_for_sentence("Lowest cost: momentum")
            assert race.pixels(MAP, BLUE) == 0
            assert race.pixels(MAP, VERMILION) > 50
            race.method("adam").click()
            trouble.get_by_text("adam").wait_for(state="detached")
            assert page.troubles == []


class TestANotebookOpenedAgain:
    """Its kernel is a new one, which knows of no widget."""

    @pytest.fixture
    def reopen(self, chromium, tmp_path):
        """Open a notebook as it was saved, with or without the widgets' state, trusted or not."""
        with contextlib.ExitStack() as stack:

            def open_it(with_state, trusted):
                made = optimizer_trajectories(initial_state, STEPS, "saddle escape")
                bundle = made._repr_mimebundle_()
                model = bundle["application/vnd.jupyter.widget-view+json"]["model_id"]
                shown = new_output("display_data", data=bundle)
                notebook = new_notebook(cells=[new_code_cell("1 + 1"), new_code_cell("made", outputs=[shown])])
                if with_state:
                    state = dependency_state(made.view, drop_defaults=False)
                    assert model in state
                    kept = {"version_major": 2, "version_minor": 0, "state": state}
                    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": kept}
                return stack.enter_context(opened_notebook(chromium, tmp_path, notebook, trusted=trusted))

            yield open_it

    def test_with_the_widgets_state_it_plays(self, reopen):
        page = reopen(with_state=True, trusted=True)
        race = Race(page.page, page.cell(1).locator(".dl-race"))
        race.wait_for_sentence("Step 60 of 300. Lowest cost: rmsprop (0.00101)")
        race.button("Play").click()
        race.wait_until("data.step > 65")
        race.button("Pause").click()
        race.choose("plateau")
        race.wait_for_sentence("Step 60 of 300. Lowest cost: rmsprop (0.00127)")
        race.root.get_by_text("The kernel does not answer").wait_for()
        assert page.troubles == []

    def test_without_trust_there_is_the_still_picture(self, reopen):
        page = reopen(with_state=False, trusted=False)
        picture = page.cell(1).get_by_role("img")
        picture.wait_for()
        assert "momentum: cost 0.00296" in picture.get_attribute("alt")
        assert page.cell(1).locator("canvas").count() == 0


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Make a page of what a notebook keeps of the widget: give it functions."""

    def save(steps=STEPS, preset="ravine zig-zag"):
        path = tmp_path_factory.mktemp("saved") / "race.html"
        content = optimizer_trajectories(initial_state, steps, preset)._repr_mimebundle_()["text/html"]
        path.write_text(f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Race</title><body>{content}')
        return path

    return save


@pytest.fixture
def opened(chromium, saved):
    """Open a saved page: the race, and what the page complained of or asked for."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)

        def open_page(path, **options):
            page = browser.new_page(**options)
            page.set_default_timeout(PATIENCE * 1000)
            troubles = []
            page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("request", lambda request: troubles.append(request.url) if "http" in request.url[:5] else None)
            page.goto(path.as_uri())
            race = Race(page, page.locator(".dl-race"))
            if options.get("java_script_enabled", True):
                race.map.wait_for()
            return race, troubles

        yield open_page
        browser.close()


class TestWithoutAKernel:
    def test_every_preset_is_drawn_and_asks_its_question(self, opened, saved):
        race, troubles = opened(saved())
        for number, (name, preset) in enumerate(PRESETS.items()):
            race.choose(name)
            race.wait_for_sentence(f"Step {preset.step} of {preset.steps}.")
            assert preset.question in race.root.locator(".question").inner_text()
            assert preset.question in race.root.locator(".presets [aria-pressed=true]").inner_text()
            assert (race.pixels(CHART, BLUE) > 20) == ("adam" in preset.rates)
            shoot(race.page, f"{number}-{name}")
        assert troubles == []

    def test_it_plays_to_its_end_and_starts_again(self, opened, saved):
        race, troubles = opened(saved(preset="Adam first step"))
        race.button("Play").click()
        race.wait_for_sentence("Step 20 of 20.")
        race.button("Play").click()
        race.wait_until("data.step < 15")
        race.wait_for_sentence("Step 20 of 20.")
        assert troubles == []

    def test_a_click_on_a_method_takes_it_from_map_and_chart(self, opened, saved):
        race, _ = opened(saved())
        for canvas in (MAP, CHART):
            assert race.pixels(canvas, BLUE) > 20
        race.method("adam").click()
        race.wait_for_sentence("Lowest cost: momentum (0.0758), then sgd (0.135).")
        for canvas in (MAP, CHART):
            assert race.pixels(canvas, BLUE) == 0
            assert race.pixels(canvas, VERMILION) > 20
        race.method("adam").click()
        race.wait_for_sentence("adam")
        assert race.pixels(CHART, BLUE) > 20

    def test_the_axis_reaches_as_far_as_the_costs(self, opened, saved):
        race, _ = opened(saved(preset="bent valley"))
        assert race.root.locator(".cut").inner_text() == "The axis reaches as far as the costs."
        race.root.get_by_label("step", exact=True).fill("1000")
        race.wait_for_sentence("·10⁻¹⁴")  # and this cost is on it

    def test_the_table_has_last_moves_and_limits(self, opened, saved):
        race, _ = opened(saved(preset="Adam first step"))
        race.root.get_by_text("Numbers at this step", exact=True).click()
        row = race.root.get_by_role("row").filter(has_text="adam")
        row.get_by_text("(+0.3, −0.3)").wait_for()
        race.choose("stability limit, just below")
        race.root.get_by_text("1.9 for sgd (limit 2), 3.78 for momentum (limit 2 + 2β = 3.8)").wait_for()

    def test_a_wrong_adam_is_drawn_elsewhere(self, opened, saved):
        def adam_step(parameters, grads, state, learning_rate, beta1=0.9, beta2=0.999):
            """Without bias correction."""
            v = beta1 * state["v"]["theta"] + (1 - beta1) * grads["dtheta"]
            s = beta2 * state["s"]["theta"] + (1 - beta2) * grads["dtheta"] ** 2
            new = {"theta": parameters["theta"] - learning_rate * v / (s**0.5 + 1e-8)}
            return new, {"v": {"theta": v}, "s": {"theta": s}, "t": state["t"] + 1}

        right, wrong = (opened(saved(steps))[0] for steps in (STEPS, STEPS | {"adam": adam_step}))
        script = """([canvas, url]) => new Promise((done) => {
            const other = new Image();
            other.onload = () => {
                const {width, height} = canvas;
                const there = Object.assign(document.createElement("canvas"), {width, height});
                there.getContext("2d").drawImage(other, 0, 0);
                const read = (each) => each.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
                const [a, b] = [read(canvas), read(there)];
                let apart = 0;
                for (let at = 0; at < a.length; at += 4) apart += Math.abs(a[at] - b[at]) > 60;
                done(apart);
            };
            other.src = url;
        })"""
        for canvas in (MAP, CHART):
            handle = wrong.root.locator(canvas).element_handle()
            assert wrong.page.evaluate(script, [handle, right.picture(canvas)]) > 300

    def test_in_three_dimensions_it_turns_by_drag_and_by_keys(self, opened, saved):
        race, troubles = opened(saved(preset="saddle escape"))
        flat = race.picture()
        race.button("3-D view").click()
        race.page.wait_for_function("document.querySelector('.dl-race').classList.contains('solid')")
        race.wait_until("data.drawn > 2")
        first, box, mouse = race.picture(), race.map.bounding_box(), race.page.mouse
        mouse.move(box["x"] + 100, box["y"] + 100)
        mouse.down()
        mouse.move(box["x"] + 180, box["y"] + 120, steps=4)
        mouse.up()
        before = int(race.map.get_attribute("data-drawn"))
        race.map.press("ArrowLeft")
        race.wait_until(f"data.drawn > {before}")
        assert len({flat, first, race.picture()}) == 3
        shoot(race.page, "solid")
        assert race.start() == (-1.8, 0.001)
        assert troubles == []

    @pytest.mark.parametrize("width", [480, 700, 1024, 1600])
    def test_it_fits_from_a_phone_to_a_wide_screen_and_is_sharp(self, opened, saved, width):
        race, _ = opened(saved(), viewport={"width": width, "height": 900}, device_scale_factor=2)
        assert race.page.evaluate("document.documentElement.scrollWidth") <= width
        assert race.map.evaluate("canvas => canvas.width / canvas.clientWidth") == pytest.approx(2, abs=0.01)
        parts = [race.root.locator(name).bounding_box() for name in (".map", ".bar", ".legend", ".chart", ".presets")]
        for above in parts:  # nothing lies on something else
            for below in parts:
                apart_x = above["x"] + above["width"] <= below["x"] + 1 or below["x"] + below["width"] <= above["x"] + 1
                apart_y = (
                    above["y"] + above["height"] <= below["y"] + 1 or below["y"] + below["height"] <= above["y"] + 1
                )
                assert above is below or apart_x or apart_y
        shoot(race.page, f"{width}")

    def test_the_dark_scheme_of_the_system(self, opened, saved):
        race, _ = opened(saved(), color_scheme="dark")
        assert race.pixels(MAP, BRIGHT_BLUE) > 50
        race.page.emulate_media(color_scheme="light")
        race.wait_for_map("light")
        assert race.pixels(MAP, BRIGHT_BLUE) == 0
        assert race.pixels(MAP, BLUE) > 50

    def test_who_wants_no_motion_sees_single_steps(self, opened, saved):
        race, _ = opened(saved(preset="saddle escape"), reduced_motion="reduce")
        race.watch()
        race.button("Play").click()
        race.wait_until("data.step >= 120")
        race.button("Pause").click()
        steps = [step for _, _, step in race.shown()]
        assert set(steps) <= {60, 90, 120, 150, 180}

    def test_every_control_has_a_name_and_can_be_reached(self, opened, saved):
        race, _ = opened(saved())
        for summary in ("Numbers at this step", "Settings"):
            race.root.get_by_text(summary, exact=True).click()
        nameless = race.root.evaluate(
            "root => [...root.querySelectorAll('button, input, select, canvas')].filter((control) =>"
            " !(control.getAttribute('aria-label') || control.textContent.trim() || control.labels?.[0]?.textContent))"
            ".map((control) => control.outerHTML)"
        )
        assert nameless == []
        assert "start at (−2, 0.4)" in race.map.get_attribute("aria-label")
        reached = set()
        race.map.focus()
        for _ in range(60):
            reached.add(
                race.page.evaluate(
                    "document.activeElement.closest('.map, .bar, .legend, .presets, details')?.className"
                )
            )
            race.page.keyboard.press("Tab")
        assert {"map", "bar", "legend", "presets"} <= reached

    def test_without_scripts_there_is_the_still_picture_and_its_words(self, opened, saved):
        race, _ = opened(saved(), java_script_enabled=False)
        picture = race.page.get_by_role("img")
        assert "momentum: cost 0.0758" in picture.get_attribute("alt")
        box = picture.bounding_box()
        assert (round(box["width"]), round(box["height"])) == (480, 400)
        shoot(race.page, "still")
