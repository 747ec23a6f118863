"""Build the website: pages from the released notebooks, put together by Sphinx."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat

from grader.errors import BuildError, Problem
from grader.lessons.course import Course
from grader.lessons.notebooks import compose_source, course_metadata
from grader.lessons.parser import Lesson, read_lesson
from grader.lessons.roles import Role
from grader.site.links import broken_links, foreign_requests
from grader.site.pages import lesson_page, start_page
from grader.site.shown import outputs_of

__all__ = ["build_site"]

HERE = Path(__file__).parent
PACKAGES = {"Sphinx": "sphinx", "myst-parser": "myst_parser", "furo": "furo", "django-static-mathjax": "mathjax"}
MATHJAX = "tex-svg-full.js"


def build_site(course: Course, output: Path, weeks: Sequence[str], say: Callable[[str], None]) -> Path:
    """The start page of the website, built into `output`.

    Args:
        course: the course, whose weeks are built.
        output: the folder, which is replaced.
        weeks: the weeks; all of them if empty.
        say: called with each line of progress.

    Raises:
        BuildError: a week is not built, a lesson does not run, or a link leads nowhere.
        Problem: a package is missing, or the folder holds something else.
    """
    _refuse_to_begin(output)
    staging = course.cache / "site" / "staging"
    shutil.rmtree(staging, ignore_errors=True)
    title = str(course.config.CourseDirectory.get("course_id") or "The course").replace("-", " ").capitalize()
    _write_pages(course, staging, list(weeks) or course.weeks(), title, say)
    _add_scripts(staging / "static")
    _run_sphinx(staging, title)
    shutil.rmtree(staging / "site" / "_sources", ignore_errors=True)  # empty
    _refuse_what_is_wrong(staging / "site")
    shutil.rmtree(output, ignore_errors=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(staging / "site", output)
    shutil.rmtree(staging)
    return output / "index.html"


def _refuse_to_begin(output: Path) -> None:
    """Raise Problem if a package is missing, or the folder holds what is not ours to replace."""
    missing = [name for name, module in PACKAGES.items() if find_spec(module) is None]
    if missing:
        raise Problem(f"not installed: {', '.join(missing)} (pip install 'deep-learning-from-scratch[site]')")
    if output.exists() and any(output.iterdir()) and not (output / ".buildinfo").is_file():
        raise Problem(f"{output} holds something else than a website; name another folder with --output")


def _write_pages(course: Course, staging: Path, weeks: Sequence[str], title: str, say: Callable[[str], None]) -> None:
    """Write the pages of all lessons and the start page, with their pictures."""
    notebooks: dict[str, list[Any]] = {}
    for week in weeks:
        if not course.lessons(week):
            raise BuildError(f"{week} has no lessons; the weeks are: {', '.join(course.weeks()) or 'none'}")
        lessons = map(read_lesson, course.lessons(week))
        for lesson in sorted(lessons, key=lambda lesson: (lesson.header.place, lesson.name)):
            notebook = _released(course, lesson)
            notebooks.setdefault(week, []).append(notebook)
            say(f"{week}/{lesson.name}: running the notebook, unless it is as it was …")
            pictures = staging / "extra" / "pictures" / week / lesson.name
            page = lesson_page(notebook, week, outputs_of(course, lesson), pictures)
            _write(staging / "pages" / week / f"{lesson.name}.md", page)
    _write(staging / "pages" / "index.md", start_page(title, notebooks))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _released(course: Course, lesson: Lesson) -> Any:
    """The released notebook; raises BuildError if it is missing or the lesson was changed since."""
    path = course.release / lesson.week / f"{lesson.name}.ipynb"
    again = f"run `python -m grader build {lesson.week}` first"
    try:
        notebook = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise BuildError(f"is missing; {again}", path) from None
    if _common(notebook) != _common(compose_source(lesson)):
        raise BuildError(f"is older than {lesson.path}; {again}", path)
    return notebook


def _common(notebook: Any) -> list[tuple[str, str]]:
    """The cells that students get as they are written, with the ids of all."""
    same = (Role.TEXT, Role.CODE, Role.DEMO, Role.SETUP)
    return [(cell.id, cell.source if course_metadata(cell).get("role") in same else "") for cell in notebook.cells]


def _add_scripts(folder: Path) -> None:
    """The scripts for formulas, which come from elsewhere."""
    import mathjax

    package = Path(mathjax.__file__).parent / "static" / "mathjax"
    (folder / "mathjax").mkdir(parents=True)
    shutil.copyfile(package / "es5" / MATHJAX, folder / "mathjax" / MATHJAX)
    shutil.copyfile(package / "LICENSE", folder / "mathjax" / "LICENSE")


def _run_sphinx(staging: Path, title: str) -> None:
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-c", str(HERE), "-W", "--keep-going", "-q"]
    command += [str(staging / "pages"), str(staging / "site"), "-d", str(staging / "doctrees")]
    folders = {"COURSE_STATIC": str(staging / "static"), "COURSE_PICTURES": str(staging / "extra")}
    environment = os.environ | folders | {"COURSE_TITLE": title}
    (staging / "extra").mkdir(exist_ok=True)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"Sphinx does not build the website:\n{done.stderr.strip() or done.stdout.strip()}")


def _refuse_what_is_wrong(site: Path) -> None:
    """Raise BuildError if a link leads nowhere, or a page would load something from elsewhere."""
    found = [f"leads nowhere: {item}" for item in broken_links(site)]
    found += [f"comes from elsewhere: {item}" for item in foreign_requests(site)]
    if found:
        raise BuildError("the website is not right:\n" + "\n".join(found))
