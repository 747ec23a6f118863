"""Write a lesson to begin with: ``python -m grader new week8/residual --title …``."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from grader.errors import BuildError
from grader.lessons.course import Course
from grader.lessons.variants import variants_path

__all__ = ["new_lesson"]

TEMPLATES = Path(__file__).parent.parent / "templates"
PLACE = re.compile(r"(?P<week>[A-Za-z][A-Za-z0-9_-]*)/(?P<name>[a-z][a-z0-9_]*)\Z")


def new_lesson(course: Course, where: str, title: str) -> list[Path]:
    """The files written: a lesson with one exercise of each kind, and its variants.

    Args:
        course: the course.
        where: the week and the lesson's name, as in "week8/residual".
        title: the lesson's title.

    Raises:
        BuildError: the name is no name, the title is empty, or there is such a lesson.
    """
    match = PLACE.match(where.removeprefix("course/").removesuffix(".md"))
    if match is None or keyword.iskeyword(match["name"]):
        raise BuildError(f"{where!r} does not name a lesson: week8/residual, say (lower-case letters, digits, _)")
    title = " ".join(title.split())
    if not title:
        raise BuildError("a lesson needs a title")
    path = course.lessons_folder / match["week"] / f"{match['name']}.md"
    if path.exists():
        raise BuildError("there is such a lesson already", path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for target, template in ((path, "example.md"), (variants_path(path), "example.variants.md")):
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        header = "title: " + _yaml(title)
        text = text.replace("title: An example", header, 1).replace("# An example", f"# {title}", 1)
        text = re.sub(r"\bexample_", f"{match['name']}_", text).replace('begin("example")', f'begin("{match["name"]}")')
        text = re.sub(r"\b(quiz|explain)_example", rf"\1_{match['name']}", text)
        target.write_text(text, encoding="utf-8")
    return [path, variants_path(path)]


def _yaml(text: str) -> str:
    """A text as jupytext writes it in a header."""
    import yaml  # comes with jupytext

    return str(yaml.safe_dump({"title": text}, allow_unicode=True, width=1_000_000)).removeprefix("title: ").strip()
