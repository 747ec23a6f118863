"""Feedback pages for students, free of active content.

Everything written by a student is escaped, written answers are rendered and then
sanitised, and the page's content security policy forbids scripts. Hidden checks
are shown by label and hint only; the notebook that the page is rendered from never
contains their code or inputs.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from html import escape
from typing import Any

import nh3
from markupsafe import Markup
from nbconvert.exporters import Exporter
from nbconvert.filters import markdown2html
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from traitlets import Unicode

from grader.nbgrader_plugins.feedback_model import ExerciseFeedback, read_exercises
from grader.nbgrader_plugins.feedback_summary import summary_of
from grader.submissions.reader import is_unreadable
from grader.templating import pages
from grader.text import visible

__all__ = ["FeedbackExporter", "feedback_page", "render_answer"]

TAGS = set(
    "a abbr b blockquote br code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i li ol p pre s span strong sub sup "
    "table tbody td th thead tr u ul".split()
)
ATTRIBUTES = {"a": {"href", "title"}, "th": {"align"}, "td": {"align"}}
FORMATTER = HtmlFormatter(nowrap=False, cssclass="code")
DARK = HtmlFormatter(style="github-dark").get_style_defs(".code")
CODE_CSS = Markup(
    f"{FORMATTER.get_style_defs('.code')}\n.code {{ background: var(--wash); }}\n"
    f"@media screen and (prefers-color-scheme: dark) {{\n{DARK}\n.code {{ background: var(--wash); }}\n}}"
)
LEXER = PythonLexer()
STATES = ("wrong", "followed", "unattempted", "waits", "marked", "right")
LONGEST = 8_000  # characters of one answer that are shown


@functools.lru_cache(1000)  # much code recurs across a class
def _code(source: str) -> Markup:
    return Markup(highlight(_shortened(source), LEXER, FORMATTER))  # pygments escapes its input


def _shortened(source: str) -> str:
    if len(source) <= LONGEST:
        return source
    return f"{source[:LONGEST]}\n\n# … and {len(source) - LONGEST:,} more characters, which are in your notebook"


def render_answer(source: str) -> Markup:
    """A student's Markdown as HTML without active or external content."""
    try:
        rendered = markdown2html(source)
    except Exception:  # noqa: BLE001 (crafted input may make the parser raise anything)
        rendered = f"<pre>{escape(source)}</pre>"
    return Markup(nh3.clean(rendered, tags=TAGS, attributes=ATTRIBUTES, url_schemes={"https"}, link_rel=None))


pages().filters |= {"code": _code, "answer": render_answer}


class FeedbackExporter(Exporter):
    """Renders a student's feedback page from a graded notebook."""

    file_extension = ".html"
    output_mimetype = "text/html"

    lessons_url = Unicode(
        "", help="Where students read the lessons, as made by `make site`, to link the sections of exercises."
    ).tag(config=True)

    def from_notebook_node(self, nb: Any, resources: Any = None, **kwargs: Any) -> tuple[str, Any]:
        """The page, rendered after nbgrader's preprocessors have added scores and comments."""
        notebook, resources = super().from_notebook_node(nb, resources, **kwargs)
        resources["output_extension"] = self.file_extension
        return feedback_page(notebook, resources["nbgrader"], self.lessons_url), resources


def feedback_page(notebook: Any, place: Mapping[str, Any], lessons_url: str = "") -> str:
    """The feedback page of a graded notebook that holds its scores and comments.

    Args:
        notebook: as nbgrader's GetGrades leaves it.
        place: nbgrader's names of the notebook, the assignment and the student, and its sums of points; and
            in words how late the work came.
        lessons_url: the address of the lessons' website, or "".
    """
    course = notebook.metadata.get("course", {})
    exercises = [
        item for item in read_exercises(notebook.cells) if not (item.is_optional and item.state == "unattempted")
    ]
    by_state = {state: [item for item in exercises if item.state == state] for state in STATES}
    unmarked = sum(item.points for item in exercises if item.unmarked)
    lesson = f"{place['assignment']}/{place['notebook']}.html"
    return (
        pages()
        .get_template("feedback.html.j2")
        .render(
            title=course.get("title", place["notebook"]),
            student=visible(place["student"]),
            week=place["assignment"],
            score=place["score"],
            max_score=place["max_score"] - unmarked,
            unmarked=unmarked,
            reviewed=sum(item.points for item in exercises if item.waits and not item.unmarked),
            late_penalty=place["late_penalty"],
            lateness=place.get("lateness", ""),
            problems=list(course.get("problems", [])),
            unreadable=is_unreadable(course.get("problems", [])),
            exercises=exercises,
            summary=summary_of(exercises, course.get("problems", [])),
            wrong=sorted([*by_state["wrong"], *by_state["followed"]], key=_urgency),
            unattempted=by_state["unattempted"],
            waiting=by_state["waits"],
            marked=by_state["marked"],
            right=by_state["right"],
            lesson_url=f"{lessons_url.rstrip('/')}/{lesson}" if lessons_url else "",
            code_css=CODE_CSS,
        )
    )


def _urgency(item: ExerciseFeedback) -> tuple[bool, bool]:
    """What costs points comes before what is wrong and costs none."""
    return item.is_optional, item.state == "followed"
