"""Feedback pages for students, free of active content.

Everything written by a student is escaped, written answers are rendered and then
sanitised, and the page's content security policy forbids scripts. Hidden checks
are shown by label and hint only; the notebook that the page is rendered from never
contains their code or inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import nh3
from markupsafe import Markup
from nbconvert.exporters import Exporter
from nbconvert.filters import markdown2html
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from grader.grading.cell_report import CellReport
from grader.lessons.notebooks import course_metadata, grade_id, is_check
from grader.lessons.roles import Role
from grader.templating import pages
from grader.text import visible

__all__ = ["FeedbackExporter", "render_answer"]

TAGS = set(
    "a abbr b blockquote br code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i li ol p pre s span strong sub sup "
    "table tbody td th thead tr u ul".split()
)
ATTRIBUTES = {"a": {"href", "title"}, "th": {"align"}, "td": {"align"}}
FORMATTER = HtmlFormatter(nowrap=False, cssclass="code")


def _code(source: str) -> Markup:
    return Markup(highlight(source, PythonLexer(), FORMATTER))  # pygments escapes its input


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

    def from_notebook_node(self, nb: Any, resources: Any = None, **kwargs: Any) -> tuple[str, Any]:
        """The page, rendered after nbgrader's preprocessors have added scores and comments."""
        notebook, resources = super().from_notebook_node(nb, resources, **kwargs)
        resources["output_extension"] = self.file_extension
        course = notebook.metadata.get("course", {})
        page = (
            pages()
            .get_template("feedback.html.j2")
            .render(
                title=course.get("title", resources["nbgrader"]["notebook"]),
                student=visible(resources["nbgrader"]["student"]),
                week=resources["nbgrader"]["assignment"],
                score=resources["nbgrader"]["score"],
                max_score=resources["nbgrader"]["max_score"],
                late_penalty=resources["nbgrader"]["late_penalty"],
                problems=list(course.get("problems", [])),
                exercises=_exercises(notebook.cells),
                code_css=Markup(FORMATTER.get_style_defs(".code")),
            )
        )
        return page, resources


def _exercises(cells: Sequence[Any]) -> list[dict[str, Any]]:
    """The page's content, one item per exercise in the notebook's order."""
    found: dict[str, dict[str, Any]] = {}
    for cell in cells:
        data = course_metadata(cell)
        name = data.get("exercise")
        if not name:
            continue
        item = found.setdefault(
            name, {"name": name, "role": "", "source": "", "reports": [], "score": 0.0, "points": 0.0}
        )
        grades = cell.metadata.nbgrader
        if is_check(cell):
            if "report" in data:
                item["reports"].append(CellReport.from_json(data["report"]))
        else:
            item |= {"role": data["role"], "source": cell.source, "comment": grades.get("comment") or ""}
            item["anchor"] = grade_id(cell)
        if grades.get("grade"):
            item["score"] += float(grades.get("score") or 0)
            item["points"] += float(grades.get("points") or 0)
            item["open"] = data.get("role") == Role.WRITTEN and grades.get("needs_manual_grade", False)
    return list(found.values())
