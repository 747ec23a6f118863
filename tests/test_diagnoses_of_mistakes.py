"""What students are told about typical mistakes: `mistakes.md` holds them, and what has to be said.

They run as in a student's notebook, against the released notebooks and answer keys.
"""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import pytest

from dlcore.checks import api
from dlcore.errors import CheckFailed
from grader.lessons.notebooks import course_metadata, is_check
from grader.lessons.parser import read_lesson
from grader.lessons.roles import Role
from grader.lessons.variants import lesson_files

ROOT = Path(__file__).parent.parent
LESSONS = {path.stem: path for path in lesson_files(ROOT / "course")}
HEADING = re.compile(r"^## (?P<lesson>\w+) (?P<exercise>\w+): (?P<name>.+)\n\n(?P<words>.+)\n\n", re.MULTILINE)
REPLACE = re.compile(r"^- `(?P<old>.+)` → `(?P<new>.+)`$", re.MULTILINE)
CODE = re.compile(r"^```python\n(?P<code>.*?)\n```$", re.MULTILINE | re.DOTALL)


class Mistake(NamedTuple):
    """A wrong solution, and a part of what is to be said about it."""

    lesson: str
    exercise: str
    name: str
    words: str
    body: str

    def solution(self, right: str) -> str:
        """The wrong solution, made of the right one."""
        whole = CODE.search(self.body)
        if whole is not None:
            return whole["code"]
        for old, new in REPLACE.findall(self.body):
            assert right.count(old) == 1, f"{old!r} occurs {right.count(old)} times in\n{right}"
            right = right.replace(old, new)
        return right


def mistakes() -> list[Mistake]:
    """All mistakes of the file, in order."""
    text = (Path(__file__).parent / "mistakes.md").read_text(encoding="utf-8")
    found = list(HEADING.finditer(text))
    ends = [*(match.start() for match in found[1:]), len(text)]
    return [Mistake(*match.groups(), text[match.end() : end]) for match, end in zip(found, ends, strict=True)]


def without_docstring(source: str) -> str:
    """The source as `ast.unparse` writes it, without docstrings and comments."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.unparse(tree)


class Notebook:
    """A released notebook with all right solutions in it, so that one at a time can be wrong."""

    def __init__(self, path: Path):
        lesson = read_lesson(path)
        self.right = {
            name: without_docstring(exercise.solution.source)
            for name, exercise in lesson.exercises.items()
            if exercise.kind == Role.SOLUTION
        }
        self.checks: dict[str, list[str]] = {name: [] for name in self.right}
        self.space: dict[str, Any] = {"__name__": "__main__"}
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            shutil.copytree(ROOT / "release" / path.parent.name, folder, dirs_exist_ok=True)  # progress is kept there
            self._begin(Path(folder), f"{lesson.name}.ipynb")

    def _begin(self, folder: Path, name: str) -> None:
        with contextlib.chdir(folder):
            for cell in nbformat.read(name, as_version=4).cells:
                self.add(cell)

    def add(self, cell: Any) -> None:
        """Run a cell, unless it is a check, which is kept, or needs nothing here."""
        data = course_metadata(cell)
        name = data.get("exercise", "")
        if cell.cell_type != "code" or data.get("role") == Role.DEMO:
            return
        if is_check(cell):
            self.checks.get(name, []).append(cell.source)
        elif not name or name in self.right:
            exec(self.right.get(name, cell.source), self.space)

    def message(self, name: str, solution: str) -> str:
        """What the checks of an exercise say about a solution; "" if it passes."""
        file, space = f"<a solution of {name}>", self.space
        linecache.cache[file] = (len(solution), None, solution.splitlines(keepends=True), file)
        before = space[name]
        try:
            exec(compile(solution, file, "exec"), space)
            for check in self.checks[name]:
                exec(check, space)
        except CheckFailed as failed:
            return re.sub(r"\x1b\[\d+m", "", str(failed))
        finally:
            space[name] = before
        return ""


@pytest.fixture(scope="module")
def notebook(monkeypatch_module):
    """A lesson's notebook, opened once."""
    open_notebooks: dict[str, Notebook] = {}

    def notebook(lesson: str) -> Notebook:
        if lesson not in open_notebooks:
            folder = ROOT / "release" / LESSONS[lesson].parent.name
            for name in [name for name in sys.modules if name == "support" or name.startswith("support_")]:
                monkeypatch_module.delitem(sys.modules, name)
            monkeypatch_module.syspath_prepend(folder)
            open_notebooks[lesson] = Notebook(LESSONS[lesson])
        return open_notebooks[lesson]

    return notebook


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "MPLBACKEND", "agg")
        for state in ("_lessons", "_results", "_outcomes"):  # of the checks, which other tests have to themselves
            patch.setattr(api, state, {})
        yield patch


@pytest.mark.parametrize("mistake", mistakes(), ids=lambda mistake: f"{mistake.exercise}: {mistake.name}")
def test_a_typical_mistake_is_named(mistake, notebook, capsys):
    lesson = notebook(mistake.lesson)
    message = lesson.message(mistake.exercise, mistake.solution(lesson.right[mistake.exercise]))
    assert mistake.words in message


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_right_solutions_pass_as_they_are_run_here(lesson, notebook, capsys):
    opened = notebook(lesson)
    said = {name: opened.message(name, solution) for name, solution in opened.right.items()}
    assert said == dict.fromkeys(opened.right, "")
