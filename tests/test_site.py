"""The website has the lessons as students get them, and nothing that gives an answer away."""

import html
import itertools
import re
import shutil
from html.parser import HTMLParser

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlcore
from dlcore.checks.answer_key import SUFFIX
from grader.cli import main
from grader.errors import BuildError, Problem
from grader.lessons.build import build, compose_lesson
from grader.lessons.cells import quiz_answer
from grader.lessons.course import Course
from grader.lessons.executed import executed_digest
from grader.lessons.finished import run_finished
from grader.lessons.hidden_tests import visible_lines
from grader.lessons.notebooks import is_folded
from grader.lessons.parser import read_lesson
from grader.lessons.sections import headings_of
from grader.lessons.variants import base_of
from grader.site.build import build_site
from grader.site.links import broken_links, foreign_requests
from grader.site.shown import outputs_of
from tests.conftest import ROOT
from tests.jupyterlab import BROWSER_OPTIONS
from tests.processes import PATIENCE
from tests.race_page import Race
from tests.small_lesson import TEXT, lesson_file

pytestmark = pytest.mark.xdist_group("site")

DEMO = 'raise SystemExit("demo cells are not run while grading")'


def demo(code):
    return f"```{{code-cell}} ipython3\n:role: demo\n\n{code}\n```\n\n"


PICTURES = """\
import matplotlib.pyplot as plt

from dlcore.live import LiveFigure, Panel, whole_slider

print("twice three", end=" ", flush=True)  # two messages of the kernel, one line
print("is", double(3))
plt.plot(double(np.arange(4)))
plt.title("Twice as <much>")
plt.show()


live = LiveFigure(size=(3, 2), dpi=50, alt="A dot on a line.")
axes = live.figure.add_subplot(xlim=(0, 12), ylim=(0, 12))
(dot,) = axes.plot([], [], "o")
live.freeze(dot)


def update(step):
    dot.set_data([step], [step])
    return f"The dot is at {step}.\\n`double` gives {double(step)}."


Panel(live, [whole_slider("step", 0, 12, 5)], update)"""
PLAYING = """\
from dlcore.widgets import optimizer_trajectories


def sgd_step(parameters, grads, state, learning_rate):
    return {"theta": parameters["theta"] - learning_rate * grads["dtheta"]}, state


optimizer_trajectories(lambda parameters, method: {}, {"sgd": sgd_step})"""
TOP = """# A small lesson

What is twice a number? $2^2 = 4$ is a *coincidence*.

## What you will be able to do

- Double a number.
- Take means, $\\bar x$.

Plan one hour, in one sitting. A [link](#Doubling) leads on.
"""
SURPRISE = 'import math\n\nfrom dlcore import reveal\n\nreveal("root", math.sqrt(2))'
EXTRA = f"""## More on means (optional)

Text with a block:

```
# no heading (optional)
```

{demo("from dlcore import guess")}{demo('guess("root", ...)')}{demo(SURPRISE)}"""
SMALL = (
    TEXT.replace("# A small lesson\n", TOP, 1)
    .replace(DEMO, "import matplotlib")
    .replace("## Averaging", demo(PICTURES) + demo(PLAYING) + "## Averaging", 1)
    .replace("## Questions", EXTRA + "## Questions", 1)
    .replace("  title: A small", "  minutes: 70\n  optional_minutes: 15\n  title: A small", 1)
)


def course_with(folder, text):
    shutil.copyfile(ROOT / "nbgrader_config.py", folder / "nbgrader_config.py")
    lesson_file(folder, text)
    course = Course(folder)
    build(course, ["week1"], lambda line: None)
    return course


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with a small lesson that has a picture, a widget, and one that plays."""
    return course_with(tmp_path_factory.mktemp("course"), SMALL)


@pytest.fixture(scope="module")
def site(course):
    """The folder of its website."""
    return build_site(course, course.root / "site", [], lambda line: None).parent


@pytest.fixture(scope="module")
def page(site):
    return (site / "week1" / "small.html").read_text(encoding="utf-8")


class Words(HTMLParser):
    """The text of a page, without its tags."""

    def __init__(self, source):
        super().__init__()
        self.parts = []
        self.feed(source)

    def handle_data(self, data):
        self.parts.append(data)


def squeezed(text):
    return re.sub(r"\s+", " ", text)


def everything(site):
    """All that can be read in a website, by file."""
    texts = {}
    for path in site.rglob("*"):
        if path.suffix in (".html", ".js", ".txt", ".css", ".inv", ".json") and "mathjax" not in path.parts:
            source = path.read_text(encoding="utf-8", errors="replace")
            words = "".join(Words(source).parts) if path.suffix == ".html" else ""
            name = path.relative_to(site).as_posix()
            texts[name] = squeezed(f"{source}\n{html.unescape(source)}\n{words}")
    return texts


def pairs(text):
    """All neighbours among the words of a text and what is between them."""
    pieces = re.findall(r"\w+|\W+", text)
    return set(itertools.pairwise(pieces))


def inner_pairs(text):
    """Those that every text has that contains this one, of which the first and the last word may be cut."""
    return set(itertools.pairwise(re.findall(r"\w+|\W+", text)[1:-1]))


def secrets(lesson):
    """What a website may not hold: lines of solutions, variants and hidden checks, and answers in words."""
    shown = {line.strip() for cell in lesson.cells for line in open_lines(cell)}
    found = set()
    for exercise in lesson.exercises.values():
        cell = exercise.solution
        if exercise.kind == "solution":
            codes = [base_of(cell.source), *(item.source for item in exercise.misconceptions + exercise.alternatives)]
            found |= {line.strip() for code in codes for line in code.split("\n")}
            found |= {str(item.options["hint"]) for item in exercise.misconceptions}
            found |= {line.strip() for item in exercise.checks for line in hidden_lines(item)}
            found |= set(exercise.hints)
        elif exercise.kind == "quiz":
            found |= {f'{exercise.name} = "{quiz_answer(cell)}"', *map(str, cell.options["wrong"].values())}
        else:
            found |= {line for line in cell.source.split("\n") if "### " not in line}
    return {squeezed(text) for text in found - shown if len(text) > 16}


def open_lines(cell):
    """The lines of a cell that students get: all of texts and demos, the docstrings and checks of exercises."""
    lines = cell.source.split("\n")
    if cell.role == "solution":
        return lines[: next(number for number, line in enumerate(lines) if "### BEGIN" in line)]
    if cell.role == "check":
        return [lines[number - 1] for number in visible_lines(cell.source)]
    return [] if cell.role in ("quiz", "written", "hint") else lines


def hidden_lines(cell):
    kept = set(visible_lines(cell.source))
    return [line for number, line in enumerate(cell.source.split("\n"), 1) if number not in kept and "### " not in line]


def told(site, *lessons):
    """What a website tells of these lessons' secrets: the file and the secret.

    A secret is looked for where all its pairs of words are: to look for thousands in all texts takes minutes.
    """
    wanted = {secret: inner_pairs(secret) for lesson in lessons for secret in secrets(lesson)}
    found = set()
    for name, text in everything(site).items():
        there = pairs(text)
        found |= {(name, secret) for secret, needed in wanted.items() if needed <= there and secret in text}
    return found


@given(st.text("ab (*.)é_", max_size=40), st.data())
def test_the_pairs_of_words_of_a_part_are_those_of_the_whole(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assert inner_pairs(text[start:end]) <= pairs(text)


def test_no_solution_variant_hidden_check_hint_or_answer_is_in_it(course, site):
    lesson = course.lesson("week1", "small")
    found = secrets(lesson)
    assert "return 2 * np.asarray(z)" in found
    assert any("4711" in secret for secret in found)
    assert {"You squared z. Twice a number is something else.", "That is −1 itself."} <= found
    assert told(site, lesson) == set()
    assert not list(site.rglob(f"*{SUFFIX}"))
    assert not list(site.rglob("*.ipynb"))


def test_a_secret_that_is_told_would_be_found(course, site, tmp_path):
    copied = shutil.copytree(site, tmp_path / "site")
    with open(copied / "index.html", "a", encoding="utf-8") as file:
        file.write("<pre><b>return</b> <i>2</i> * np.asarray(z)</pre>")
    assert told(copied, course.lesson("week1", "small")) == {("index.html", "return 2 * np.asarray(z)")}


def test_an_exercise_shows_its_name_points_docstring_visible_checks_and_notebook(page):
    words = squeezed("".join(Words(page).parts))
    assert "Exercise: double · 7.5 points" in words
    assert "Return 2z, entry by entry, for a number or an array." in words
    assert 'raise NotImplementedError("Replace this line by your code.")' in words
    assert 'check(double, np.array([[1.0, -2.0, 3.0]]), label="a row")' in words
    assert 'href="http://localhost:8888/lab/tree/week1/small.ipynb"' in page
    assert "Write your answer · 3 points" in words


def test_outputs_and_pictures_are_those_of_the_finished_notebook(course, site, page):
    assert "twice three is 6" in "".join(Words(page).parts)
    assert re.search(r'<img src="[^"]+\.webp" alt="Twice as &lt;much&gt;" width="\d+" height="\d+"', page)
    assert 'alt="A dot on a line. The dot is at 5. `double` gives 10."' in page
    assert "<p>The dot is at 5.<br><code>double</code> gives 10.</p>" in page
    assert page.count("A picture of it: the sliders are in JupyterLab.") == 1
    assert len(list(site.rglob("*.webp"))) == 2


def test_a_widget_that_plays_has_a_still_picture_and_its_script_beside_it(site, page):
    (figure,) = re.findall(r'<figure class="widget playing">.*?</figure>', page)
    assert '<img alt="Optimizers on the surface “ravine”.' in figure
    assert "sgd: cost" in figure
    (script,) = re.findall(r'<script src="([^"]+)">', figure)
    assert "optimizer" in (site / "week1" / script).read_text(encoding="utf-8").lower()


def test_the_start_page_says_what_each_lesson_teaches_how_long_it_takes_and_its_points(site):
    text = (site / "index.html").read_text(encoding="utf-8")
    words = squeezed("".join(Words(text).parts))
    assert "about 1 h 10 min, and 15 min for what is optional · 4 exercises and questions · 15.5 points" in words
    assert "Double a number." in words
    assert 'href="week1/small.html"' in text
    assert "Deep learning from scratch" in words


def test_headings_have_the_ids_that_solutions_link_to(course, page):
    headings = [
        item for cell in course.lesson("week1", "small").cells if not cell.role for item in headings_of(cell.source)
    ]
    assert len(headings) == 6
    assert [heading for heading in headings if f'id="{heading.slug}"' not in page] == []


def test_long_code_of_a_demo_is_folded_and_short_code_is_not(page):
    folded = re.findall(r'<details class="code"><summary>The code</summary>(.*?)</details>', page, re.DOTALL)
    words = [squeezed("".join(Words(source).parts)) for source in folded]
    assert len(words) == 1
    assert "import matplotlib.pyplot as plt" in words[0]
    assert "moving(12)" not in words[0]


def test_nbgrader_releases_what_is_folded_as_it_is(course):
    notebook = nbformat.read(course.release / "week1" / "small.ipynb", as_version=4)
    folded = [cell for cell in notebook.cells if is_folded(cell)]
    assert [cell.source for cell in folded] == [PICTURES]


def test_an_optional_section_and_the_time_are_marked(page):
    words = squeezed("".join(Words(page).parts))
    assert re.search(r"A small lesson\S* About 1 h 10 min, and 15 min for what is optional\. What is", words)
    assert re.search(r"More on means \(optional\)\S* You may skip this section\. Text with a block: # no head", words)
    assert words.count("You may skip this section.") == 1


def test_a_guess_is_a_sentence_and_its_result_is_shown(page):
    words = squeezed("".join(Words(page).parts))
    assert "Make a guess before you read on." in words
    assert "It is 1.41." in words
    assert "Replace the ..." not in words


def test_links_lead_somewhere_and_nothing_comes_from_elsewhere(site, page):
    assert re.search(r'<a class="reference internal" href="#doubling">.*link', page)
    assert broken_links(site) == []
    assert list(foreign_requests(site)) == []


def test_dead_links_and_foreign_files_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<p id="x"><a href="b.html">b</a><a href="#y">y</a><a href="#x">x</a><a href="https://a.example">a</a>'
    )
    (tmp_path / "c.html").write_text(
        '<link rel="stylesheet" href="https://fonts.example/a.css"><script src="//x.example"></script>'
        '<img src="data:image/svg+xml;base64,PHN2Zy8+">'
    )
    (tmp_path / "d.css").write_text("@import 'other.css'")
    assert broken_links(tmp_path) == ["a.html: b.html", "a.html: #y"]
    assert list(foreign_requests(tmp_path)) == [
        "c.html: https://fonts.example/a.css",
        "c.html: //x.example",
        "d.css: @import",
    ]


def test_the_licence_of_mathjax_is_beside_it(site):
    assert "Apache License" in (site / "_static" / "mathjax" / "LICENSE").read_text()


def test_changed_code_runs_again_and_a_changed_text_does_not(tmp_path):
    course = course_with(tmp_path, SMALL)
    lesson = course.lesson("week1", "small")
    outputs_of(course, lesson)
    (kept,) = course.cache.glob("site/week1/small.*.json")
    written = kept.stat().st_mtime_ns
    lesson_file(tmp_path, SMALL.replace("coincidence", "small wonder"))
    outputs_of(course, course.lesson("week1", "small"))
    assert [(path, path.stat().st_mtime_ns) for path in course.cache.glob("site/week1/*.json")] == [(kept, written)]
    with pytest.raises(BuildError, match=r"small\.ipynb: is older than .*small\.md"):
        build_site(course, tmp_path / "site", [], lambda line: None)
    lesson_file(tmp_path, SMALL.replace('"is", double(3)', '"=", double(3)'))
    shown = outputs_of(course, course.lesson("week1", "small"))
    assert any(item.text == "twice three = 6" for items in shown.values() for item in items)
    assert kept not in course.cache.glob("site/week1/*.json")


@pytest.mark.parametrize("name", ["compare.py", "page/drawing.js", "live/picture.css", "data/digits.npz"])
def test_whatever_changes_in_dlcore_a_notebook_runs_again(tmp_path, monkeypatch, name):
    path = tmp_path / "dlcore" / name
    path.parent.mkdir(parents=True)
    monkeypatch.setattr(dlcore, "__file__", str(tmp_path / "dlcore" / "__init__.py"))
    notebook, digests = nbformat.v4.new_notebook(), []
    for content in (b"old", b"new", b"new"):
        path.write_bytes(content)
        digests.append(executed_digest(notebook, {}))
    assert digests[0] != digests[1] == digests[2]


def test_what_ran_for_the_check_is_not_run_again_for_the_website(tmp_path):
    course = course_with(tmp_path, SMALL)
    lesson = course.lesson("week1", "small")
    folder = tmp_path / "staging" / "week1"
    folder.mkdir(parents=True)
    reference, _, _ = compose_lesson(lesson, folder, course.cache / "reference")
    run_finished(reference, lesson, folder, course.cache)
    (kept,) = course.cache.glob("executed/week1/small.*.ipynb")
    written = kept.stat().st_mtime_ns
    shown = outputs_of(course, lesson)
    assert any(item.alt == "Twice as <much>" for items in shown.values() for item in items)
    assert [(path, path.stat().st_mtime_ns) for path in course.cache.glob("executed/week1/*")] == [(kept, written)]


def test_a_demo_that_raises_is_named_and_its_run_is_not_kept(tmp_path):
    course = course_with(tmp_path, TEXT)
    with pytest.raises(BuildError, match="a cell raises SystemExit: demo cells are not run"):
        outputs_of(course, course.lesson("week1", "small"))
    assert list(course.cache.glob("executed/week1/*")) == []


def test_a_folder_that_holds_something_else_is_left_alone(course, tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(Problem, match="holds something else than a website"):
        build_site(course, tmp_path, [], lambda line: None)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_the_command_says_where_the_website_is_and_which_weeks_there_are(course, tmp_path, capsys):
    assert main(["--root", str(course.root), "site", "--output", str(tmp_path / "site")]) == 0
    assert (tmp_path / "site" / "index.html").as_uri() in capsys.readouterr().out
    assert main(["--root", str(course.root), "site", "--output", str(tmp_path / "site")]) == 0  # its own is replaced
    assert main(["--root", str(course.root), "site", "week9"]) == 2
    assert "week9 has no lessons; the weeks are: week1" in capsys.readouterr().err


@pytest.fixture
def opened(chromium):
    """Open a file of a website in a browser: the page, and what it complained of or requested from elsewhere."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)

        def open_page(path, query="", **options):
            page = browser.new_page(**options)
            page.set_default_timeout(PATIENCE * 1000)
            troubles = []
            page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("request", lambda request: troubles.append(request.url) if request.url.startswith("http") else None)
            page.goto(path.as_uri() + query)
            return page, troubles

        yield open_page
        browser.close()


@pytest.mark.browser
@pytest.mark.slow
class TestInABrowser:
    def test_a_page_from_a_folder_shows_its_formulas_and_asks_for_nothing(self, opened, site):
        page, troubles = opened(site / "week1" / "small.html")
        page.locator("mjx-container svg").first.wait_for()
        assert troubles == []

    def test_a_widget_plays_without_a_kernel(self, opened, site):
        page, troubles = opened(site / "week1" / "small.html")
        race = Race(page, page.locator(".dl-race"))
        race.map.wait_for()
        race.choose("bent valley")
        race.wait_for_sentence("Step 300 of 1000.")
        race.button("Play").click()
        race.wait_until("data.step > 310")
        race.button("Pause").click()
        race.wait_for_sentence("Cost: sgd")
        assert troubles == []

    def test_the_search_finds_a_word_without_a_server(self, opened, site):
        page, troubles = opened(site / "search.html", "?q=coincidence")
        page.locator("#search-results a[href*='week1/small.html']").first.wait_for()
        assert troubles == []

    @pytest.mark.parametrize(("scheme", "light"), [("light", True), ("dark", False)])
    def test_the_page_follows_the_theme_and_fits_a_phone(self, opened, site, scheme, light):
        page, _ = opened(site / "week1" / "small.html", color_scheme=scheme, viewport={"width": 400, "height": 800})
        page.locator("mjx-container svg").first.wait_for()
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", colour)[:3])) > 380) == light
        assert page.evaluate("document.documentElement.scrollWidth") <= 400

    def test_paper_has_no_navigation_and_shows_what_is_folded(self, opened, site):
        page, _ = opened(site / "week1" / "small.html")
        page.emulate_media(media="print")
        assert not page.locator(".sidebar-drawer").is_visible()
        assert page.locator("details.checks pre").first.is_visible()


@pytest.mark.slow
def test_the_website_of_week_1_tells_nothing(built_course, tmp_path):
    site = build_site(built_course, tmp_path / "site", ["week1"], lambda line: None).parent
    check_site(site, built_course, ["week1"])


@pytest.mark.sweep
@pytest.mark.slow  # begun after the lessons' tests, which leave it what their notebooks show
def test_the_website_of_all_weeks_tells_nothing(course_root, tmp_path):
    course = Course(course_root)
    site = build_site(course, tmp_path / "site", [], lambda line: None).parent
    check_site(site, course, course.weeks())
    listed = re.findall(r"^\| (\d+) \| `(\w+)` \|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    shown = re.findall(r'href="week(\d+)/(\w+)\.html', (site / "index.html").read_text("utf-8"))
    assert list(dict.fromkeys(shown)) == listed


def check_site(site, course, weeks):
    lessons = [read_lesson(path) for week in weeks for path in course.lessons(week)]
    # A later lesson defines what it needs of earlier ones, and everyone makes generators.
    given = "\n".join(squeezed(line) for lesson in lessons for cell in lesson.cells for line in open_lines(cell))
    assert {(name, secret) for name, secret in told(site, *lessons) if secret not in given} == set()
    for lesson in lessons:
        assert sum(secret not in given for secret in secrets(lesson)) > 100
        text = (site / lesson.week / f"{lesson.name}.html").read_text(encoding="utf-8")
        headings = [item for cell in lesson.cells if not cell.role for item in headings_of(cell.source)]
        assert [heading.text for heading in headings if f'id="{heading.slug}"' not in text] == [], lesson.path
        assert text.count("<figure") >= 5
        names = [name for name, item in lesson.exercises.items() if item.kind == "solution"]
        assert all(f'<span class="pre">{name}</span>' in text for name in names)
