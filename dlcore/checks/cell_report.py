"""What a cell's checks say, as HTML in JupyterLab's own colours and as plain text.

Three states: right (a quiet line, opened for details), not attempted (neutral), and
wrong. Each has a mark beside its colour.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlcore.checks.compare import Settings, near
from dlcore.checks.diagnosis import show

__all__ = ["RIGHT", "UNATTEMPTED", "WRONG", "CellReport", "differences", "neutral"]

RIGHT, UNATTEMPTED, WRONG = "✓", "○", "✗"
COLOURS = {
    RIGHT: "var(--jp-success-color1, #388e3c)",
    UNATTEMPTED: "var(--jp-border-color1, #9e9e9e)",
    WRONG: "var(--jp-error-color1, #d32f2f)",
}
BOX = (
    "border-left: 3px solid {colour}; padding: 2px 0 2px 10px; margin: 2px 0; overflow-wrap: anywhere; "
    "font-family: var(--jp-content-font-family, system-ui, sans-serif); font-size: var(--jp-content-font-size1, 14px); "
    "line-height: 1.5; color: var(--jp-content-font-color1, inherit)"
)
SOFT = "color: var(--jp-content-font-color2, #616161)"
CELL = "padding: 1px 8px; text-align: right; font-family: var(--jp-code-font-family, monospace)"
MARKED = f"{CELL}; font-weight: bold; outline: 1px solid var(--jp-error-color1, #d32f2f)"
MOST_ENTRIES = 48  # of an array that is shown as a table


@dataclass
class CellReport:
    """The outcomes of the checks of one cell, until the first that fails.

    Attributes:
        passed: exercise and label of each check that passed.
        state: of the cell as a whole.
        title: the check that did not pass.
        message: why not, or why a choice is right; lines, with code in backticks.
        table: the differing entries as HTML, or "".
        hint: the exercise that has hints to offer, or "".
    """

    passed: list[tuple[str, str]] = field(default_factory=list)
    state: str = RIGHT
    title: str = ""
    message: str = ""
    table: str = ""
    hint: str = ""

    def data(self) -> dict[str, str]:
        """The report by MIME type."""
        return {"text/html": self.html(), "text/plain": self.text()}

    def text(self) -> str:
        """The report without any markup."""
        counts = self._counts()
        if self.state == RIGHT:
            lines = [*(f"{RIGHT} {line}" for line in counts), self.message]
            return "\n".join(filter(None, lines)).replace("`", "")
        lines = [f"{self.state} {self.title}", self.message, *(f"{RIGHT} {line}" for line in counts)]
        lines += [f"hint({self.hint}) gives a hint."] if self.hint else []
        return "\n".join(filter(None, lines)).replace("`", "")

    def html(self) -> str:
        """The report in JupyterLab's colours and text font."""
        passed = "".join(map(self._details, dict.fromkeys(exercise for exercise, _ in self.passed)))
        said = "".join(f"<div>{_code(line)}</div>" for line in self.message.splitlines())
        if self.state == RIGHT:
            return _box(RIGHT, passed + said)
        parts = [f"<div><b>{self.state}</b> {_code(self.title)}</div>", said]
        parts += [self.table, f'<div style="{SOFT}">{passed}</div>' if passed else ""]
        if self.hint:
            parts.append(f'<div style="{SOFT}">{_code(f"`hint({self.hint})` gives a hint.")}</div>')
        return _box(self.state, "".join(parts))

    def _counts(self) -> list[str]:
        names = dict.fromkeys(exercise for exercise, _ in self.passed)
        return [f"{name}: {_checks(sum(own == name for own, _ in self.passed))}" for name in names]

    def _details(self, name: str) -> str:
        labels = [label for own, label in self.passed if own == name]
        items = "".join(f"<li>{_code(label)}</li>" for label in labels)
        mark = f'<b style="color: {COLOURS[RIGHT]}">{RIGHT}</b>'
        summary = f"<summary>{mark} <code>{html.escape(name)}</code>: {_checks(len(labels))}</summary>"
        return f'<details>{summary}<ul style="margin: 0">{items}</ul></details>'


def neutral(text: str) -> dict[str, str]:
    """A neutral line by MIME type; code stands in backticks."""
    return {
        "text/html": _box(UNATTEMPTED, f"{UNATTEMPTED} {_code(text)}"),
        "text/plain": f"{UNATTEMPTED} {text.replace('`', '')}",
    }


def differences(expected: Any, got: Any, settings: Settings) -> str:
    """A table of what was got, the differing entries marked with what is expected; "" where that does not help."""
    want, have = (np.asarray(value) if isinstance(value, np.ndarray) else None for value in (expected, got))
    if want is None or have is None or want.shape != have.shape or not 1 <= want.ndim <= 2:
        return ""
    if not 2 <= want.size <= MOST_ENTRIES or want.dtype.kind not in "biuf" or have.dtype.kind not in "biuf":
        return ""
    wrong = np.atleast_2d(~near(want, have, settings))
    if settings.compare == "moments" or wrong.all() or not wrong.any():
        return ""
    rows = zip(np.atleast_2d(want), np.atleast_2d(have), wrong, strict=True)
    body = "".join(f"<tr>{''.join(map(_entry, *row))}</tr>" for row in rows)
    said = f"What came; {WRONG} marks what differs, with what is expected after the arrow."
    caption = f'<caption style="{SOFT}; text-align: left; caption-side: bottom">{said}</caption>'
    return f'<table style="margin: 4px 0; border-collapse: collapse">{caption}{body}</table>'


def _entry(want: Any, have: Any, is_wrong: Any) -> str:
    if not is_wrong:
        return f'<td style="{CELL}">{html.escape(_short(have))}</td>'
    return f'<td style="{MARKED}">{WRONG} {html.escape(_short(have))} → {html.escape(_short(want))}</td>'


def _short(number: Any) -> str:
    return show(number) if number.dtype.kind in "biu" else f"{float(number) + 0.0:.5g}"


def _checks(count: int) -> str:
    return "1 check passes" if count == 1 else f"{count} checks pass"


def _box(state: str, content: str) -> str:
    return f'<div class="dlcore-check" style="{BOX.format(colour=COLOURS[state])}">{content}</div>'


def _code(text: str) -> str:
    """Text as HTML, with `…` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
