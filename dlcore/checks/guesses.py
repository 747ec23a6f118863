"""`guess` and `reveal`: what a student expects before running a demo, beside what comes.

A guess is kept in the kernel only: it stands in its cell, which *Run All* runs again. It is no
answer and has no score, so both functions only show something, return None, and do nothing
while the notebook is graded.
"""

from __future__ import annotations

import html
import math
import numbers
import sys
from typing import Any

from dlcore.checks.cell_report import BOX, COLOURS, SOFT, UNATTEMPTED
from dlcore.checks.emitting import is_graded

__all__ = ["guess", "reveal"]

NEARLY = 0.05  # of the larger of two numbers: their difference is small
MUCH = 2.0  # from this ratio on, two numbers are compared by it instead of by their difference
LARGEST = 10**15  # a whole number that is shown with all digits
FEW = 20  # up to which whole numbers are compared by their difference
LONGEST = 60  # letters of a text that are shown
OF_DIFFERENCES = {"times": "", "%": "points"}  # instead of a unit: "0.9 times less" and "5 % less" would be ratios

_guesses: dict[str, Any] = {}


def guess(name: str, value: Any = ...) -> None:
    """Keep a guess, to be shown beside the result when `reveal(name, …)` runs.

    Args:
        name: what is guessed.
        value: a number, or a text in quotes; `...` stands for no guess yet.
    """
    if is_graded():
        return
    plain = _plain(value)
    if plain is None:
        _guesses.pop(name, None)
        what = "the ..." if value is ... else "what stands after the comma"
        _say(f"Replace {what} by your guess, a number or a word in quotes, and run this cell. Then run on.")
        return
    _guesses[name] = plain
    _say(f"Noted: {_exactly(plain)}. Run on, and see.")


def reveal(name: str, actual: Any, unit: str = "") -> None:
    """Show the result that `guess(name, …)` was about and, if there was a guess, how the two compare.

    Args:
        name: what was guessed.
        actual: the result, a number or a text. Where numbers are a choice, as in "64 or 1", a text: then
            it is only said whether the guess is right.
        unit: of the numbers, such as "s".
    """
    if is_graded():
        return
    plain = _plain(actual)
    plain = str(actual) if plain is None else plain
    guessed = _as_kind_of(plain, _guesses.get(name), unit)
    fact = f"It is {_with_unit(_rounded(plain), unit)}."
    if guessed is None:
        _say(fact)
    else:
        said = _with_unit(_exactly(guessed), unit if _is_number(guessed) else "")
        _say(" ".join(filter(None, [f"Your guess: {said}.", fact, _compared(guessed, plain, unit)])))


def _plain(value: Any) -> int | float | str | None:
    """A value as a number or a text; None if it is neither, or empty."""
    if isinstance(value, tuple):  # a shape
        return str(value)
    if hasattr(value, "item") and getattr(value, "size", 0) == 1:
        value = value.item()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, numbers.Integral):
        whole = int(value)
        return whole if abs(whole) < LARGEST else _as_float(whole)
    if isinstance(value, numbers.Real):
        return float(value)
    return value.strip() or None if isinstance(value, str) else None


def _as_float(whole: int) -> float:
    try:
        return float(whole)
    except OverflowError:
        return math.inf if whole > 0 else -math.inf


def _as_kind_of(actual: int | float | str, guessed: Any, unit: str) -> Any:
    """A guess, as a number if it was written as a text although a number is asked for."""
    if not (isinstance(guessed, str) and _is_number(actual)):
        return guessed
    try:
        return float(guessed.removesuffix(unit).strip().replace(",", "."))
    except ValueError:
        return guessed


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _compared(guessed: Any, actual: Any, unit: str) -> str:
    """How a guess and the result compare, in a sentence; "" where there is nothing to say."""
    if not _is_number(actual):
        return "As you guessed." if _letters(guessed) == _letters(actual) else "It came out differently."
    if not _is_number(guessed) or not (math.isfinite(guessed) and math.isfinite(actual)):
        return ""
    if guessed == actual or _rounded(guessed) == _rounded(actual):
        return "As you guessed."
    off, size = abs(guessed - actual), max(abs(guessed), abs(actual))
    if off <= NEARLY * size:
        return "Very close."
    if guessed * actual < 0:
        return "It has the other sign."
    by = _with_unit(_rounded(off), OF_DIFFERENCES.get(unit, unit))
    difference = f"It is {by} {'more' if actual > guessed else 'less'} than you guessed."
    if _is_count(guessed) and _is_count(actual):
        return difference
    if guessed and actual and size >= MUCH * min(abs(guessed), abs(actual)):
        times = f"about {_rough(size / min(abs(guessed), abs(actual)))} times"
        return f"It is {times} your guess." if abs(actual) == size else f"Your guess is {times} that."
    return difference


def _is_count(value: Any) -> bool:
    """Whether a number counts a few things, so that the difference says more than the ratio."""
    return isinstance(value, int) and abs(value) <= FEW


def _letters(text: Any) -> str:
    """A text without what does not count in it: case, spaces, and punctuation around it."""
    return "".join(str(text).casefold().strip(" .()!\"'`").split())


def _rough(ratio: float) -> str:
    """A ratio of at least 1 with two digits, or one beyond 10."""
    if ratio < 10:
        return f"{ratio:.1f}".removesuffix(".0")
    if ratio >= 1e6:
        return f"10^{round(math.log10(ratio))}"
    return f"{round(ratio, -math.floor(math.log10(ratio))):,.0f}"


def _rounded(value: int | float | str) -> str:
    """A number with three digits or its whole part, or a text, as it is shown."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value) or value == 0 or not 1e-4 <= abs(value) < 1e7:
        return f"{value + 0.0:.3g}"  # adding 0 makes 0 of −0
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exactly(value: int | float | str) -> str:
    """A guess as it was typed."""
    return f"{value:.10g}" if isinstance(value, float) else _rounded(value)


def _with_unit(text: str, unit: str) -> str:
    """A number and its unit, which is a plural (or an abbreviation, such as "s")."""
    if text == "1" and len(unit) > 2:
        unit = unit.removesuffix("s")
    return f"{text} {unit}" if unit else text


def _say(text: str) -> None:
    """Show a quiet line; without a notebook, print it."""
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        print(text)
        return
    from IPython.display import display

    style = f"{BOX.format(colour=COLOURS[UNATTEMPTED])}; {SOFT}"
    rich = f'<div class="dlcore-guess" style="{style}">{html.escape(text, quote=False)}</div>'
    display({"text/html": rich, "text/plain": text}, raw=True)
