"""Show Markdown that students wrote without letting it do anything.

Feedback pages and the formgrader sanitise what they render. This is the first line: whatever
else shows a graded notebook, its Markdown has no active content to begin with.
"""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

__all__ = ["InertMarkdown", "as_text", "inert"]

MAX_MARKDOWN = 20_000  # characters of one cell that are rendered
MAX_RENDERED = 100_000  # of all cells of a notebook

TAGS = frozenset(
    "a abbr b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img li ol p pre s span strong sub "
    "summary sup table tbody td th thead tr u ul".split()
)
ATTRIBUTES = frozenset("align alt class colspan height href id rowspan src title width".split())
SCHEMES = frozenset(("", "http", "https", "mailto", "attachment"))
SUSPECT = re.compile(r"<[a-z/!?]|(script|data|vbscript|blob|file)[:]|&\w+;?|&#", re.IGNORECASE)
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)


class InertMarkdown:
    """The Markdown of one notebook, made inert and cheap to render.

    Rendering takes time that grows with the square of the length for some texts, so only
    `MAX_RENDERED` characters are left as Markdown.
    """

    def __init__(self) -> None:
        self._left = MAX_RENDERED

    def inert(self, source: str) -> tuple[str, str]:
        """Markdown that does nothing, and why it had to be changed, if so: then it is the source, shown as text."""
        if len(source) > MAX_MARKDOWN:
            return as_text(source), "is very long"
        if len(source) > self._left:
            return as_text(source), "comes after much other text"
        self._left -= len(source)
        text, changed = inert(source)
        return text, "holds HTML of its own" if changed else ""


def inert(source: str) -> tuple[str, bool]:
    """Markdown that does nothing, and whether it had to be changed: then it is the source, shown as text.

    >>> inert("a *right* answer, since a < b")
    ('a *right* answer, since a < b', False)
    >>> inert("<img src=x onerror=alert(1)>")
    ('```\\n<img src=x onerror=alert(1)>\\n```', True)
    """
    if not SUSPECT.search(_squeezed(html.unescape(source))):
        return source, False
    return (as_text(source), True) if _is_active(source) else (source, False)


def as_text(source: str) -> str:
    """Markdown that shows a text as it is written."""
    longest = max((len(run) for run in re.findall("`+", source)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{source}\n{fence}"


def _squeezed(text: str) -> str:
    """A text without the characters that browsers leave out of addresses."""
    return re.sub(r"[\x00-\x20\x7f]", "", text)


def _is_active(source: str) -> bool:
    """Whether nbconvert's HTML of a source has any tag, attribute or address that is not known to be harmless."""
    from nbconvert.filters import markdown2html  # slow to import, and seldom needed

    try:
        rendered = markdown2html(source)
    except Exception:  # noqa: BLE001 (crafted input may make the parser raise anything)
        return True
    reader = _Reader()
    reader.feed(str(rendered))
    reader.close()
    return reader.active


class _Reader(HTMLParser):
    """Notes whether HTML holds anything active."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.active = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag with its attributes, whose values are unescaped."""
        self.active |= tag not in TAGS
        for name, value in attrs:
            scheme = SCHEME.match(_squeezed(value or "")) if name in ("href", "src") else None
            self.active |= name not in ATTRIBUTES or (scheme is not None and scheme[1].lower() not in SCHEMES)

    def handle_comment(self, data: str) -> None:
        """A comment, in which browsers and this parser may disagree where it ends."""
        self.active = True

    def handle_decl(self, decl: str) -> None:
        """A declaration, such as DOCTYPE."""
        self.active = True

    def unknown_decl(self, data: str) -> None:
        """CDATA and the like."""
        self.active = True

    def handle_pi(self, data: str) -> None:
        """A processing instruction."""
        self.active = True
