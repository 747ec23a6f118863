"""Find links of a built website that lead nowhere, and what it would load from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["broken_links", "foreign_requests"]

LOADING = {"img": "src", "script": "src", "iframe": "src", "link": "href", "source": "src"}
NAVIGATION = ("next", "prev", "index", "search", "author", "copyright", "canonical")  # of <link>: loads nothing


class _Page(HTMLParser):
    """The ids, links and loaded files of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag names and leads to."""
        given = {name: value or "" for name, value in attrs}
        self.ids.add(given.get("id", ""))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif LOADING.get(tag) in given:
            (self.links if given.get("rel") in NAVIGATION else self.loaded).append(given[LOADING[tag]])


def _pages(folder: Path) -> dict[Path, _Page]:
    return {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))}


def broken_links(folder: Path) -> list[str]:
    """What in a website's folder is linked or loaded, and is not there."""
    pages = {path.resolve(): page for path, page in _pages(folder).items()}
    return [
        f"{path.relative_to(folder.resolve())}: {target}"
        for path, page in pages.items()
        for target in (*page.links, *page.loaded)
        if not _is_elsewhere(target) and not _leads_somewhere(target, path, pages)
    ]


def _is_elsewhere(target: str) -> bool:
    parts = urlsplit(target)
    return bool(parts.scheme or parts.netloc)


def _leads_somewhere(target: str, path: Path, pages: dict[Path, _Page]) -> bool:
    parts = urlsplit(target)
    file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if file.is_dir() or not file.is_file():
        return False
    return not parts.fragment or file not in pages or unquote(parts.fragment) in pages[file].ids


def foreign_requests(folder: Path) -> Iterator[str]:
    """What the pages and style sheets of a folder would load from elsewhere."""
    for path, page in _pages(folder).items():
        loaded = [item for item in page.loaded if not item.startswith("data:")]
        yield from (f"{path.name}: {item}" for item in loaded if _is_elsewhere(item))
    for path in sorted(folder.rglob("*.css")):
        text = path.read_text(encoding="utf-8")
        yield from (f"{path.name}: {word}" for word in ("url(http", "url(//", "@import") if word in text)
