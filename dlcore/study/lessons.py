"""The lessons in a working folder, as their notebooks say, and how far each is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dlcore.study.definitions import source_digest
from dlcore.study.kept import Kept, read_kept

__all__ = ["Exercise", "Lesson", "next_lesson", "read_lesson", "read_lessons", "spoken_minutes", "spoken_week"]

KEY_SUFFIX = ".key.json"
HEADING = re.compile(r"^(#{1,6}) +(.*?) *#*$", re.MULTILINE)
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
SENTENCE = re.compile(r"(.+?[.!?])(?:\s|\Z)", re.DOTALL)


@dataclass
class Exercise:
    """An exercise or a question of a lesson.

    Attributes:
        name: its function's name.
        heading: the heading that it stands under, as written.
        source: of its cell.
        cell_id: of its cell.
        points: of all its checks.
        is_checked: whether checks judge it, and not a person.
    """

    name: str
    heading: str
    source: str
    cell_id: str = ""
    points: float = 0
    is_checked: bool = False

    @property
    def anchor(self) -> str:
        """The fragment of a link to its cell in JupyterLab; "" if the cell has no id."""
        return f"#cell-id={quote(self.cell_id)}" if self.cell_id else ""


@dataclass
class Lesson:
    """A lesson that lies in a working folder."""

    path: Path
    title: str
    makes: str = ""
    minutes: int = 0
    optional_minutes: int = 0
    place: int = 0  # in its week; 0 if that is not said
    exercises: list[Exercise] = field(default_factory=list)
    kept: Kept = field(default_factory=Kept)

    @property
    def week(self) -> str:
        """The folder's name."""
        return self.path.parent.name

    @property
    def points(self) -> float:
        """The points of all exercises."""
        return sum(exercise.points for exercise in self.exercises)

    @property
    def checked(self) -> list[Exercise]:
        """The exercises that checks judge, without those that are optional: these give no points."""
        return [exercise for exercise in self.exercises if exercise.is_checked and exercise.points]

    @property
    def done(self) -> list[str]:
        """Those of them that passed as they stand in the notebook."""
        return [
            item.name for item in self.checked if self.kept.passed(item.name, source_digest(item.name, item.source))
        ]

    @property
    def state(self) -> str:
        """How far it is, in words."""
        done, count = len(self.done), len(self.checked)
        if not self.kept.answers:
            return "not begun"
        return "done" if done == count else f"{done} of {count} exercises"

    def find(self, name: str) -> Exercise | None:
        """The exercise with a name."""
        return next((exercise for exercise in self.exercises if exercise.name == name), None)


def read_lessons(root: Path) -> list[Lesson]:
    """The lessons in the folders of a working folder, in the course's order."""
    keys = root.glob(f"*/*{KEY_SUFFIX}")
    paths = {path.with_name(path.name.removesuffix(KEY_SUFFIX) + ".ipynb") for path in keys}
    lessons = [lesson for lesson in map(read_lesson, paths) if lesson is not None]
    return sorted(lessons, key=lambda lesson: (_natural(lesson.week), lesson.place, lesson.path.name))


def next_lesson(lessons: Sequence[Lesson], path: Path) -> Lesson | None:
    """The first other lesson that is not done, behind the one at `path` if there is one; None if there is none."""
    places = [place for place, lesson in enumerate(lessons) if lesson.path == path]
    start = places[0] + 1 if places else 0
    behind_first = [*lessons[start:], *lessons[:start]]
    return next((lesson for lesson in behind_first if lesson.state != "done" and lesson.path != path), None)


def _natural(name: str) -> list[tuple[int, str]]:
    """A key by which week10 comes after week9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def read_lesson(path: Path) -> Lesson | None:
    """The lesson in the notebook at `path`; None if there is none."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        course = notebook["metadata"]["course"]
        cells = [
            (cell["cell_type"], "".join(cell["source"]), cell["metadata"] | {"id": str(cell.get("id", ""))})
            for cell in notebook["cells"]
        ]
        lesson = Lesson(path, str(course["title"]), **_said_of(course))
        lesson.exercises = list(_exercises(cells))
        lesson.makes = lesson.makes or _first_sentence(cells)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    lesson.kept = read_kept(path.parent, path.stem)
    return lesson


def _said_of(course: dict[str, Any]) -> dict[str, Any]:
    numbers = {name: course.get(name) for name in ("minutes", "optional_minutes", "place")}
    whole = {name: value if isinstance(value, int) else 0 for name, value in numbers.items()}
    return {"makes": str(course.get("makes", ""))} | whole


def _exercises(cells: list[tuple[str, str, dict[str, Any]]]) -> Iterator[Exercise]:
    heading, found = "", dict[str, Exercise]()
    for kind, source, metadata in cells:
        name = metadata.get("course", {}).get("exercise")
        if not name:
            headings = HEADING.findall(FENCED.sub("", source)) if kind == "markdown" else []
            heading = headings[-1][1] if headings else heading
            continue
        exercise = found.setdefault(name, Exercise(name, heading, source, metadata["id"]))
        exercise.points += float(metadata.get("nbgrader", {}).get("points", 0))
        exercise.is_checked |= metadata["course"].get("role") == "check"
    yield from found.values()


def _first_sentence(cells: list[tuple[str, str, dict[str, Any]]]) -> str:
    """The first sentence after the title; "" if there is none, or a formula in it."""
    text = next((source for kind, source, _ in cells if kind == "markdown"), "")
    paragraphs = [part.strip() for part in FENCED.sub("", text).split("\n\n")]
    prose = next((part for part in paragraphs if part and not part.startswith(("#", "<", "$", "!", "-"))), "")
    match = SENTENCE.match(prose)
    sentence = " ".join(re.sub(r"\[([^]]*)\]\([^)]*\)|[*_`]", r"\1", match[1] if match else prose).split())
    return "" if "$" in sentence else sentence


def spoken_week(week: str) -> str:
    """A week's name in words.

    >>> spoken_week("week10")
    'Week 10'
    """
    return re.sub(r"(?<=[a-z])(?=\d)", " ", week).capitalize()


def spoken_minutes(minutes: int) -> str:
    """A duration in words.

    >>> spoken_minutes(45), spoken_minutes(60), spoken_minutes(130)
    ('45 min', '1 h', '2 h 10 min')
    """
    hours, rest = divmod(minutes, 60)
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{rest} min"] if rest or not hours else [])])
