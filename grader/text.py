"""Show text that a student chose without letting it do anything to whoever reads it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

__all__ = [
    "FORMULA",
    "counted",
    "did_you_mean",
    "duration_of",
    "first_of",
    "harmless",
    "points_of",
    "visible",
    "visible_lines",
]

FORMULA = ("=", "+", "-", "@")  # with which spreadsheets begin a formula


def visible(text: str) -> str:
    r"""A text on one line, in which whatever does not print is written out as its escape.

    Terminals obey escape sequences, and characters that reorder text or end a line make one
    message look like another. Lone surrogates, as in file names that are not UTF-8, cannot be
    printed at all.

    >>> print(visible("eve\x1b[2J"), visible("a\nb"), visible("\u202egnp.exe"), visible("Zoë"))
    eve\x1b[2J a\nb \u202egnp.exe Zoë
    """
    return text if text.isprintable() else "".join(map(_visible, text))


def visible_lines(text: str) -> str:
    r"""The same for a text of several lines, which stay lines; a tab becomes a space.

    >>> print(visible_lines("one\n\ttwo\x1b[2J"))
    one
     two\x1b[2J
    """
    return "\n".join(visible(line.replace("\t", " ")) for line in text.split("\n"))


def harmless(text: str) -> str:
    r"""A text as no spreadsheet takes it for a formula, and without control characters.

    >>> harmless("Ada"), harmless("=HYPERLINK(1)"), harmless("a\x1b[2J")
    ('Ada', "'=HYPERLINK(1)", 'a\\x1b[2J')
    """
    text = visible(text)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def points_of(best: float, unmarked: float) -> str:
    """The points that a score is out of: the best possible ones, of which some are not marked yet.

    >>> points_of(94, 0), points_of(94, 8)
    ('94', '86 (8 to be marked)')
    """
    return f"{best - unmarked:g} ({unmarked:g} to be marked)" if unmarked else f"{best:g}"


def counted(number: int, word: str) -> str:
    """A number and what it counts, which has an s for more than one.

    >>> counted(1, "page"), counted(0, "page")
    ('1 page', '0 pages')
    """
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def first_of(names: Sequence[str], most: int) -> str:
    """The names in one line, of which only the first `most` are written.

    >>> first_of(["ada", "ben", "chen"], 2), first_of(["ada", "ben"], 2)
    ('ada, ben and 1 more', 'ada, ben')
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known word, to follow another sentence; "" if none is near.

    >>> did_you_mean("wek1", ["week1", "week2"]), did_you_mean("solutions", ["week1"])
    (' Did you mean week1?', '')
    """
    near = get_close_matches(word.lower(), sorted(known), n=1)
    return f" Did you mean {near[0]}?" if near else ""


def duration_of(seconds: float) -> str:
    """A duration as people say it.

    >>> duration_of(90061), duration_of(59), duration_of(3600)
    ('1 d 1 h 1 min', 'less than 1 min', '1 h')
    """
    minutes = int(seconds // 60)
    parts = {"d": minutes // 1440, "h": minutes // 60 % 24, "min": minutes % 60}
    return " ".join(f"{value} {unit}" for unit, value in parts.items() if value) or "less than 1 min"


def _visible(letter: str) -> str:
    if letter.isprintable() or unicodedata.category(letter) == "Zs":  # a space that does not break, or another width
        return letter
    return letter.encode("unicode_escape").decode("ascii")
