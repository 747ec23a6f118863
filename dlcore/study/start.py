"""The page to start from: all lessons in a working folder, how far each is, and where to go on."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from dlcore.study.kept import spoken_day
from dlcore.study.lessons import Lesson, next_lesson, read_lessons, spoken_minutes, spoken_week

__all__ = ["Start", "start"]

STYLE = """
.dlcore-start { container-type: inline-size; max-width: 60rem; line-height: 1.45;
  font-family: var(--jp-content-font-family, system-ui, sans-serif); font-size: var(--jp-content-font-size1, 14px);
  color: var(--jp-content-font-color1, inherit); }
.dlcore-start a { color: var(--jp-content-link-color, #1565c0); text-decoration: none; }
.dlcore-start a:hover, .dlcore-start a:focus-visible { text-decoration: underline; }
.dlcore-start .go { border-left: 4px solid var(--jp-brand-color1, #1976d2); padding: 8px 12px; margin: 4px 0 14px;
  background: var(--jp-layout-color2, rgba(128, 128, 128, .12)); }
.dlcore-start .soft { color: var(--jp-content-font-color2, #616161); }
.dlcore-start ol.lessons { list-style: none; margin: 0; padding: 0; }
.dlcore-start ol.lessons li { display: grid; grid-template-columns: 5em 1fr 9em 12em; gap: 2px 16px;
  margin: 0; padding: 10px 4px;
  border-top: 1px solid var(--jp-border-color2, rgba(128, 128, 128, .4)); }
.dlcore-start .title { font-weight: 600; font-size: 1.08em; }
.dlcore-start .bar { height: 5px; margin-top: 5px; border-radius: 3px; overflow: hidden;
  background: var(--jp-border-color2, rgba(128, 128, 128, .4)); }
.dlcore-start .bar div { height: 100%; background: var(--jp-success-color1, #388e3c); }
@container (max-width: 620px) {
  .dlcore-start ol.lessons li { grid-template-columns: 4.5em 1fr; }
  .dlcore-start li > .facts, .dlcore-start li > .state { grid-column: 2; }
  .dlcore-start .facts div { display: inline; }
  .dlcore-start .facts div + div::before { content: " · "; }
}
"""


class Start:
    """A page of lessons, with HTML and text representations.

    Args:
        lessons: in the course's order.
        folder: that they are in.
    """

    def __init__(self, lessons: Sequence[Lesson], folder: Path):
        self.lessons = lessons
        self.folder = folder

    def __repr__(self) -> str:
        before, target, words = self._where()
        lines = [f"{before} {words}{f' ({target})' if target else ''}.".lstrip()]
        for lesson in self.lessons:
            lines += ["", f"{spoken_week(lesson.week)}: {lesson.title} ({lesson.week}/{lesson.path.name})"]
            lines += [f"  {lesson.makes}"] if lesson.makes else []
            lines += [f"  {', '.join(_facts(lesson))}: {_mark(lesson)} {lesson.state}"]
        return "\n".join([*lines, *self._damaged()])

    def _repr_html_(self) -> str:
        before, target, words = self._where()
        link = f'<a href="{html.escape(target)}">{html.escape(words)}</a>' if target else html.escape(words)
        rows = "".join(map(_row, self.lessons))
        damaged = "".join(f'<p class="soft">{html.escape(line)}</p>' for line in self._damaged())
        said = f'<div class="go">{html.escape(before)} {link}.</div>'
        return f'<style>{STYLE}</style><div class="dlcore-start">{said}<ol class="lessons">{rows}</ol>{damaged}</div>'

    def _where(self) -> tuple[str, str, str]:
        """What to do next: words before a link, where it leads, and its words."""
        if not self.lessons:
            return "", "", f"There are no lessons in the folders of {self.folder}: is this file where it was"
        begun = [lesson for lesson in self.lessons if lesson.kept.answers]
        latest = max(begun, key=lambda lesson: lesson.kept.last[1], default=None)
        if latest is None:
            first = self.lessons[0]
            return "Begin with", _address(first), f"{spoken_week(first.week)}, {first.title}"
        before = f"You stopped on {spoken_day(latest.kept.last[1])}, in {latest.title}. Go on with"
        done = set(latest.done)
        following = next((item for item in latest.checked if item.name not in done), None)
        if following is not None:
            under = f", under “{following.heading}”" if following.heading else ""
            return before, _address(latest) + following.anchor, following.name + under
        left = next_lesson(self.lessons, latest.path)
        if left is None:
            return "", "", "You have done all exercises that checks can judge"
        return before, _address(left), f"{spoken_week(left.week)}, {left.title}"

    def _damaged(self) -> list[str]:
        names = ", ".join(lesson.title for lesson in self.lessons if lesson.kept.is_damaged)
        return [f"What you did in {names} cannot be read any more; run the checks there again."] if names else []


def start(folder: str = ".") -> Start:
    """All lessons in a working folder: what one makes in each, how far it is, and where to go on.

    An exercise counts once its visible checks passed for the code that stands in the saved notebook.

    Args:
        folder: of the folders of the weeks; the notebook's own by default.
    """
    root = Path(folder)
    return Start(read_lessons(root), root.resolve())


def _address(lesson: Lesson) -> str:
    return quote(f"{lesson.week}/{lesson.path.name}")


def _facts(lesson: Lesson) -> list[str]:
    """Points and times in words."""
    more = f"{spoken_minutes(lesson.optional_minutes)} optional" if lesson.optional_minutes else ""
    time = spoken_minutes(lesson.minutes) if lesson.minutes else ""
    return [f"{lesson.points:g} points", *filter(None, (time, more))]


def _mark(lesson: Lesson) -> str:
    return {"done": "✓", "not begun": "○"}.get(lesson.state, "◐")


def _row(lesson: Lesson) -> str:
    share = 100 * len(lesson.done) / max(1, len(lesson.checked))
    facts = "".join(f"<div>{html.escape(fact)}</div>" for fact in _facts(lesson))
    bar = f'<div class="bar" aria-hidden="true"><div style="width: {share:.0f}%"></div></div>'
    makes = f'<div class="soft">{html.escape(lesson.makes)}</div>' if lesson.makes else ""
    title = f'<a class="title" href="{html.escape(_address(lesson))}">{html.escape(lesson.title)}</a>'
    return (
        f'<li><div class="soft">{html.escape(spoken_week(lesson.week))}</div><div>{title}{makes}</div>'
        f'<div class="facts soft">{facts}</div><div class="state">{_mark(lesson)} {lesson.state}{bar}</div></li>'
    )
