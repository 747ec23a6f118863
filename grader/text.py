"""Show text that a student chose without letting it do anything to whoever reads it."""

from __future__ import annotations

import unicodedata

__all__ = ["visible", "visible_lines"]


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


def _visible(letter: str) -> str:
    if letter.isprintable() or unicodedata.category(letter) == "Zs":  # a space that does not break, or another width
        return letter
    return letter.encode("unicode_escape").decode("ascii")
