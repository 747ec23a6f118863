"""Templates: what they are given is escaped, and what they make holds no scripts."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import jinja2
from markupsafe import Markup

__all__ = ["pages"]


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
