"""What students write does nothing, wherever a graded notebook is shown."""

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter
from nbconvert.filters import markdown2html
from traitlets.config import Config

from grader.nbgrader_plugins import configure
from grader.submissions.inert import MAX_MARKDOWN, MAX_RENDERED, InertMarkdown, _Reader, as_text, inert

ACTIVE = [
    "<script>alert(1)</script> x",
    "[a](javascript:alert(1))",
    "[a](jav&#x61;script:alert(1))",
    '<a href="java\nscript:alert(1)">x</a>',
    "<a href=data:text/html,x>y</a>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<img src=x onerror=alert(1)>",
    "![a](data:text/html,<script>alert(1)</script>)",
    "<!-- --><script>alert(1)</script>",
    "<svg onload=alert(1)></svg>",
    '<math><mi xlink:href="data:x,1"></mi></math>',
    "<style>* { display: none }</style>",
    "<details open ontoggle=alert(1)>x</details>",
    '<p style="position: fixed">x</p>',
    "<form action=x><button>y</button></form>",
    "<base href=//example.org>",
    "<meta http-equiv=refresh content=0>",
    "<object data=x></object>",
    "a right answer\n\n<embed src=x>\n\nwith more of it",
]
HARMLESS = [
    "a *right* answer, since a < b and b<c",
    "$x<y$ and `<script>`",
    "```html\n<script>alert(1)</script>\n```",
    "x<sup>2</sup><br>and <b>more</b>",
    "see [this](https://example.org/a?b=c&d=e) or <me@example.org>",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "R&D; a &lt; b",
    "Note: data: 3, script: none",
    "![plot](attachment:plot.png)",
    "",
]


@pytest.mark.parametrize("source", ACTIVE)
def test_what_could_do_something_is_shown_as_text(source):
    text, changed = inert(source)
    assert changed
    assert source in text
    assert not reads_as_active(text)


@pytest.mark.parametrize("source", HARMLESS)
def test_what_is_harmless_stays_as_it_is(source):
    assert inert(source) == (source, False)


def reads_as_active(source):
    reader = _Reader()
    reader.feed(str(markdown2html(source)))
    reader.close()
    return reader.active


PIECES = [*ACTIVE, *HARMLESS, "`", "```", "\n", "\n\n", "> ", "- ", "    ", "&", "<", "\x00"]
PIECES.remove("![plot](attachment:plot.png)")  # nbconvert does not render what is not attached


@given(st.lists(st.sampled_from(PIECES), max_size=6))
def test_no_mixture_of_them_stays_active(parts):
    text, _ = inert("".join(parts))
    assert not reads_as_active(text)


@pytest.mark.parametrize("text", ["x", "```", "a `````` b", "\n~~~\n```html\n<b>"])
def test_text_is_shown_within_a_fence_that_it_cannot_close(text):
    html = str(markdown2html(as_text(text)))
    assert "<b>" not in html
    assert html.count("<pre>") == 1


@pytest.mark.parametrize("source", ACTIVE)
def test_the_formgraders_exporter_renders_it_without_what_is_active(source):
    """Should such a cell ever come into a graded notebook."""
    config = Config()
    configure(config)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source)])
    page, _ = HTMLExporter(config=config).from_notebook_node(notebook)
    shown = page[page.index("<body") :]
    assert "alert(1)" not in shown.replace("&lt;", "").partition("<script")[2] or "<script>alert" not in shown
    for part in ("onerror", "javascript:", "srcdoc", "onload", "ontoggle", "<iframe", "<embed", "<object", "<form"):
        assert part not in shown


LONG = "\\begin{a}\n" * (MAX_MARKDOWN // 10 + 1)  # takes time that grows with the square of the length


def test_a_very_long_text_is_not_rendered():
    assert InertMarkdown().inert(LONG) == (as_text(LONG), "is very long")
    assert InertMarkdown().inert(LONG[:MAX_MARKDOWN]) == (LONG[:MAX_MARKDOWN], "")


def test_a_notebook_has_so_much_text_rendered_and_shows_the_rest_as_it_is_written():
    markdown, piece = InertMarkdown(), LONG[:MAX_MARKDOWN]
    reasons = [markdown.inert(piece)[1] for _ in range(8)]
    assert reasons == [""] * (MAX_RENDERED // MAX_MARKDOWN) + ["comes after much other text"] * 3
    assert markdown.inert("a *right* answer")[1] == "comes after much other text"


def test_short_texts_after_a_long_one_are_rendered():
    markdown = InertMarkdown()
    assert markdown.inert(LONG)[1]
    assert markdown.inert("a *right* answer") == ("a *right* answer", "")
