"""Templates: what they are given is escaped, and what they make holds no scripts."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

import jinja2
from markupsafe import Markup

from grader.grading.scoring import CellReport

__all__ = ["cell_html", "pages"]


def _inline(text: str) -> Markup:
    """A sentence in which `names` between backticks are code."""
    parts = re.split(r"`([^`\n]+)`", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else Markup("{}").format(part)
        for place, part in enumerate(parts)
    )


@functools.cache
def pages() -> jinja2.Environment:
    """The templates of all our pages; what they are given is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"inline": _inline, "points": "{:g}".format}
    return environment


def cell_html(report: CellReport) -> str:
    """One check cell's report, for the notebook that instructors see."""
    return _cell_html(json.dumps(report.to_json()))


@functools.lru_cache(1000)  # in a class most cells' reports are those of somebody else
def _cell_html(report: str) -> str:
    return pages().get_template("report_cell.html.j2").render(report=CellReport.from_json(json.loads(report)))
