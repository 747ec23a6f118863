"""A notebook of text and code as one HTML page that needs no other file and runs no script."""

from __future__ import annotations

import html
from typing import Any

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from grader.lessons.formulas import FormulaTypesetter
from grader.lessons.notebooks import course_metadata
from grader.templating import pages

__all__ = ["solution_page"]


def solution_page(notebook: Any, title: str, week: str, typesetter: FormulaTypesetter | None) -> str:
    """The page of a notebook.

    Args:
        notebook: its cells are shown, its outputs are not.
        title: the lesson's title.
        week: the week's name.
        typesetter: makes pictures of formulas; without one, they are shown as they are written.
    """
    markdown = _markdown(typesetter)
    cells = [_rendered(cell, markdown) for cell in notebook.cells]
    template = pages().get_template("solutions.html.j2")
    colours = {"light": _colours("default"), "dark": _colours("github-dark")}
    return template.render(title=title, week=week, body=Markup("\n".join(cells)), colours=colours)


def _rendered(cell: Any, markdown: Any) -> str:
    if cell.cell_type == "code":
        return _highlighted(cell.source, "python")
    folded = course_metadata(cell).get("folded")
    if not folded:
        return str(markdown.render(cell.source))
    _, _, text = cell.source.partition("\n\n")
    return f"<details><summary>{html.escape(folded)}</summary>\n{markdown.render(text)}</details>"


def _markdown(typesetter: FormulaTypesetter | None) -> Any:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    def formula(source: str, options: dict[str, Any]) -> str:
        written = html.escape(source)
        if typesetter is None:
            return f"<code>{written}</code>"
        picture = typesetter.svg(source, display=options["display_mode"])
        return f'<span role="math" aria-label="{written}">{picture}</span>'

    markdown = MarkdownIt("commonmark", {"html": False, "highlight": lambda code, name, _: _highlighted(code, name)})
    return markdown.enable("table").use(dollarmath_plugin, double_inline=True, renderer=formula)


def _highlighted(code: str, language: str) -> str:
    marked: str = highlight(code, get_lexer_by_name(language or "text"), HtmlFormatter(nowrap=True))
    return f'<pre class="code {html.escape(language)}" tabindex="0"><code>{marked}</code></pre>'


def _colours(style: str) -> Markup:
    """The style sheet of a Pygments style; the classes of Pygments' tokens are all inside .code."""
    return Markup(HtmlFormatter(style=style).get_style_defs(".code"))
