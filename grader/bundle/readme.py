"""What students read who install the course: as text, and as a page."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from string import Template

from markdown_it import MarkdownIt

__all__ = ["as_page", "write_readme"]

TEMPLATES = Path(__file__).parent.parent / "templates"
SYSTEMS = {"Linux": "Linux", "Darwin": "macOS", "Windows": "Windows"}


def write_readme(wheel: str, *, offline: bool = False) -> str:
    """The instructions as Markdown that is also read as plain text.

    Args:
        wheel: the name of the students' wheel, which the commands name.
        offline: whether the packages that it needs lie beside it, for this platform.
    """
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    system = f"{SYSTEMS.get(platform.system(), platform.system())} ({platform.machine()})"
    words = {
        "wheel": wheel,
        "version": wheel.split("-")[1],
        "python": f"{python} (no other version)" if offline else "3.11 or later",
        "options": " --no-index --find-links wheels" if offline else "",
        "network": (
            f"Nothing is downloaded: `wheels` has all packages for {system} with Python {python}. "
            "With another system or Python, leave out `--no-index --find-links wheels`, and pip downloads them."
            if offline
            else "The second command downloads the packages that the course needs, some 100 MB."
        ),
    }
    return Template((TEMPLATES / "students.md").read_text(encoding="utf-8")).substitute(words)


def as_page(readme: str) -> str:
    """The instructions as an HTML page that needs no other file."""
    body = MarkdownIt("commonmark").render(readme)
    title = readme.partition("\n")[0].lstrip("# ")
    return Template((TEMPLATES / "students.html").read_text(encoding="utf-8")).substitute(title=title, body=body)
