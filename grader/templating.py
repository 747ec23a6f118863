"""Jinja templates with autoescaping."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import jinja2
from markupsafe import Markup

from grader.text import counted, visible

__all__ = ["TEMPLATES", "pages"]

TEMPLATES = Path(__file__).parent / "templates"


def _inline(text: str) -> Markup:
    """A sentence in which text between backticks is marked up as code."""
    parts = re.split(r"`([^`\n]+)`", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else Markup("{}").format(part)
        for place, part in enumerate(parts)
    )


def _breaking(name: str) -> Markup:
    """A name that a narrow column may break after its underscores."""
    return Markup("_<wbr>").join(name.split("_"))  # which escapes the parts


@functools.cache
def pages() -> jinja2.Environment:
    """The Jinja environment for all pages, with autoescaping."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"inline": _inline, "breaking": _breaking, "points": "{:g}".format, "visible": visible}
    environment.filters["counted"] = counted
    return environment
