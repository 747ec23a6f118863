"""The pages of the website as MyST Markdown, from released notebooks and what their cells show."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from PIL import Image

from dlcore.study.lessons import spoken_minutes
from grader.lessons.guesses import is_guess
from grader.lessons.notebooks import course_metadata, is_folded
from grader.lessons.optional import is_optional
from grader.lessons.roles import Role
from grader.lessons.sections import slug_of
from grader.site.shown import Shown

__all__ = ["LAB", "exercise_points", "lesson_page", "start_page"]

LAB = "http://localhost:8888/lab/tree"  # where JupyterLab is after `make lab`
CHECKED = "there it tells you whether you are right."
BY_HAND = "a person reads it."
GUESS = "*Make a guess before you read on.*"
OPTIONAL = "*You may skip this section.*"
STILL = "A picture of it: the sliders are in JupyterLab."
INNER_LINK = re.compile(r"\]\((?:([^)#\s:]+)\.ipynb)?(?:#([^)\s]+))?\)")  # to another lesson, to a heading, or to both
GOALS = re.compile(r"^#+ [^\n]*able to do[^\n]*\n+((?:[-*] .*\n(?: +.*\n)*)+)", re.MULTILINE)
HEADING = re.compile(  # or a fenced block, in which a line may look like one
    r"^(?P<fence>```|~~~).*?^(?P=fence)|^(?P<marks>#{1,6}) +(?P<text>[^\n]*?) *#*$", re.MULTILINE | re.DOTALL
)
TIME = re.compile(r"\bPlan ([^.]+)\.")


def lesson_page(notebook: Any, week: str, shown: Mapping[str, Sequence[Shown]], folder: Path) -> str:
    """The page of a lesson; its pictures are written into `folder`.

    Args:
        notebook: the released notebook, which holds no solution and no hidden check.
        week: the week's name.
        shown: the outputs of its cells, by cell id.
        folder: the folder of this lesson's pictures, which is at ../pictures/<week>/<lesson>/ of the page.
    """
    lesson = str(course_metadata(notebook)["lesson"])
    points = exercise_points(notebook)
    parts: list[str] = []
    for number, cell in enumerate(notebook.cells):
        data = course_metadata(cell)
        role, name = data.get("role"), str(data.get("exercise", ""))
        if role == Role.TEXT:
            parts.append(INNER_LINK.sub(_inner_link, _with_notes(cell.source, notebook)))
        elif role == Role.SOLUTION:
            parts.append(_exercise(name, cell, _checks_of(notebook, name), points[name], f"{week}/{lesson}"))
        elif role in (Role.QUIZ, Role.WRITTEN):
            parts.append(_answer(role, points[name], f"{week}/{lesson}"))
        elif is_guess(cell.source):
            parts.append(GUESS)
        elif role in (Role.SETUP, Role.CODE, Role.DEMO):
            code = _fenced("python", cell.source)
            parts.append(_folded("code", "The code", code) if is_folded(cell) else code)
            for place, item in enumerate(shown.get(cell.id, ())):
                parts.append(_output(item, f"{number}-{place}", folder, f"../pictures/{week}/{lesson}"))
    return "\n\n".join(parts) + "\n"


def _with_notes(source: str, notebook: Any) -> str:
    """A text with the lesson's duration below its title, and a mark below each heading of an optional section."""
    time = _time(notebook)

    def noted(match: re.Match[str]) -> str:
        if is_optional(match["text"] or ""):
            return f"{match[0]}\n\n{OPTIONAL}"
        return f"{match[0]}\n\n*{time[0].upper()}{time[1:]}.*" if match["marks"] == "#" and time else match[0]

    return HEADING.sub(noted, source)


def _time(notebook: Any) -> str:
    """How long a lesson takes, in words; "" if it does not say."""
    data = course_metadata(notebook)
    minutes, more = data.get("minutes", 0), data.get("optional_minutes", 0)
    parts = [f"about {spoken_minutes(minutes)}"] if minutes else []
    return ", and ".join([*parts, *([f"{spoken_minutes(more)} for what is optional"] if more else [])])


def _folded(kind: str, title: str, content: str) -> str:
    return f'<details class="{kind}"><summary>{title}</summary>\n\n{content}\n\n</details>'


def _inner_link(match: re.Match[str]) -> str:
    """A link of the notebook as one of the website: another file, and Sphinx's id for JupyterLab's."""
    file, anchor = match.groups(default="")
    target = (f"{file}.md" if file else "") + (f"#{slug_of(unquote(anchor))}" if anchor else "")
    return f"]({target})"


def exercise_points(notebook: Any) -> dict[str, float]:
    """The points of each exercise, in the order of the notebook."""
    points: dict[str, float] = {}
    for cell in notebook.cells:
        name = course_metadata(cell).get("exercise")
        if name:
            points[name] = points.get(name, 0) + float(cell.metadata.nbgrader.get("points", 0))
    return points


def _checks_of(notebook: Any, name: str) -> list[str]:
    return [
        cell.source
        for cell in notebook.cells
        if course_metadata(cell).get("role") == Role.CHECK and course_metadata(cell).get("exercise") == name
    ]


def _exercise(name: str, stub: Any, checks: Sequence[str], points: float, lesson: str) -> str:
    """An exercise: its name and points, the stub with its docstring, and the checks that students see."""
    return "\n".join(
        [
            f":::{{admonition}} Exercise: `{name}` · {_points(points)}",
            ":class: exercise",
            "",
            _fenced("python", stub.source),
            "",
            _folded("checks", "The checks in your notebook", _fenced("python", "\n".join(checks))),
            "",
            _lab_link(lesson, CHECKED),
            ":::",
        ]
    )


def _answer(role: str, points: float, lesson: str) -> str:
    what, link = ("Answer", CHECKED) if role == Role.QUIZ else ("Write your answer", BY_HAND)
    title = f"{what} · {_points(points)}"
    return f":::{{admonition}} {title}\n:class: exercise answer\n\n{_lab_link(lesson, link)}\n:::"


def _lab_link(lesson: str, words: str) -> str:
    return f"[Open it in JupyterLab]({LAB}/{lesson}.ipynb) (after `make lab`): {words}"


def _points(number: float) -> str:
    return _counted(number, "point") if number else "optional"


def _counted(number: float, word: str) -> str:
    return f"{number:g} {word}" + ("" if number == 1 else "s")


def _fenced(language: str, text: str, *options: str) -> str:
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall(r"`+", text))])
    return "\n".join([fence + language, *options, *([""] if options else []), text, fence])


def _output(item: Shown, name: str, folder: Path, address: str) -> str:
    """What a cell shows: a text, a picture, or a widget that plays."""
    if item.script:
        return _playing(item, name, folder, address)
    if not item.picture:
        return _fenced("{code-block} text", item.text, ":class: output") if item.text.strip() else ""
    folder.mkdir(parents=True, exist_ok=True)
    data = base64.b64decode(item.picture)
    (folder / f"{name}.webp").write_bytes(data)
    with Image.open(io.BytesIO(data)) as picture:
        height = round(item.width * picture.height / picture.width)
    image = (
        f'<img src="{address}/{name}.webp" alt="{_attribute(item.alt)}" width="{item.width}" height="{height}"'
        ' loading="lazy">'
    )
    if not item.sentence:
        return f'<figure class="picture">{image}</figure>'
    caption = f'<figcaption><p>{_sentence(item.sentence)}</p><p class="note">{STILL}</p></figcaption>'
    return f'<figure class="widget">{image}{caption}</figure>'


def _playing(item: Shown, name: str, folder: Path, address: str) -> str:
    """A widget that plays; its script lies beside the pictures, since empty lines would end HTML in Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    style = (
        f'document.head.append(Object.assign(document.createElement("style"), {{textContent: {_quoted(item.style)}}}));'
    )
    (folder / f"{name}.js").write_text(f"{style}\n{item.script}\n", encoding="utf-8")
    return f'<figure class="widget playing">{item.still}<script src="{address}/{name}.js"></script></figure>'


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _sentence(text: str) -> str:
    """A widget's sentence as HTML, with what stands between backquotes as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text)).replace("\n", "<br>")


def _attribute(text: str) -> str:
    return escape(" ".join(text.split()))


def start_page(title: str, weeks: Mapping[str, Sequence[Any]]) -> str:
    """The first page: the weeks with their lessons, what each teaches, how long it takes, and its points."""
    parts = [f"# {title}", _welcome()]
    for week, notebooks in weeks.items():
        parts.append(f"## {_spoken(week)}")
        parts += [_lesson_entry(week, notebook) for notebook in notebooks]
    parts += list(_contents(weeks))
    return "\n\n".join(parts) + "\n"


def _welcome() -> str:
    return (
        "A course to read here, and to do in JupyterLab: there you move the figures, write each piece yourself in "
        "NumPy, and hear at once whether it is right. `make lab` opens it; the links at the exercises then lead to "
        "their notebooks."
    )


def _lesson_entry(week: str, notebook: Any) -> str:
    lesson, texts = course_metadata(notebook)["lesson"], [c.source for c in notebook.cells if c.cell_type == "markdown"]
    everything = "\n\n".join(texts) + "\n"
    heading = re.search(r"^# +(.+)$", everything, re.MULTILINE)
    title = heading[1] if heading else course_metadata(notebook)["title"]
    points = exercise_points(notebook)
    goals, plan = GOALS.search(everything), TIME.search(everything)
    time = _time(notebook) or (plan[1] if plan else "")
    facts = [f"{len(points)} exercises and questions", _counted(sum(points.values()), "point")]
    facts = [*([time] if time else []), *facts]
    return "\n\n".join(
        [f"### [{title}]({week}/{lesson}.md)", f"*{' · '.join(facts)}*", *([goals[1].strip()] if goals else [])]
    )


def _contents(weeks: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    for week, notebooks in weeks.items():
        pages = "\n".join(f"{week}/{course_metadata(notebook)['lesson']}" for notebook in notebooks)
        yield f"```{{toctree}}\n:hidden:\n:caption: {_spoken(week)}\n\n{pages}\n```"


def _spoken(week: str) -> str:
    return re.sub(r"(?<=[a-z])(?=\d)", " ", week).capitalize()
