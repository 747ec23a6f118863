"""Compose the notebook of a lesson's solutions.

It has no check cells: hidden checks appear by their labels alone.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Iterator
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode

from grader.lessons.cells import Cell, quiz_answer
from grader.lessons.notebooks import KERNELSPEC
from grader.lessons.parser import Lesson, LessonExercise
from grader.lessons.reference import Reference, ReferenceExercise
from grader.lessons.roles import Role
from grader.lessons.sections import Heading, question_before, sections
from grader.lessons.variants import MARKER, base_of
from grader.solutions.effects import effect_of

__all__ = ["solution_notebook"]

Address = Callable[[Heading], str]
TITLES = {Role.SOLUTION: "Exercises", Role.QUIZ: "Quiz", Role.WRITTEN: "Written answers"}


def solution_notebook(lesson: Lesson, reference: Reference, address: Address) -> NotebookNode:
    """The notebook of a lesson's solutions, mistakes and answers.

    Args:
        lesson: the lesson.
        reference: its reference, which says what misconceptions do.
        address: where a heading of the lesson is to be found.
    """
    under = {id(cell): path for cell, path in sections(lesson)}
    cells = [_text(f"# {lesson.title}: solutions\n\n{_introduction(lesson)}"), *_preparation(lesson)]
    kind = None
    for exercise in sorted(lesson.exercises.values(), key=lambda item: list(TITLES).index(item.kind)):
        if exercise.kind != kind:
            kind = exercise.kind
            cells.append(_text(f"## {TITLES[kind]}"))
        path = [heading for heading in under[id(exercise.solution)] if heading.level > 1]
        place = " › ".join(f"[{heading.text}]({address(heading)})" for heading in path)
        make = {Role.SOLUTION: _exercise, Role.QUIZ: _quiz, Role.WRITTEN: _written}[exercise.kind]
        cells += make(lesson, reference, exercise, f"In the lesson: {place}" if place else "")
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata = NotebookNode(kernelspec=dict(KERNELSPEC), language_info={"name": "python"})
    for number, cell in enumerate(cells):  # nbformat's ids are random
        cell["id"] = f"{lesson.name[:40].replace('_', '-')}-{number}"
    return notebook


def _introduction(lesson: Lesson) -> str:
    names = [name for name, item in lesson.exercises.items() if item.kind is Role.SOLUTION]
    return (
        f"The course's own solutions of {len(names)} exercises, what often goes wrong and what the checks say to it, "
        "and the answers to all questions. A solution that passes all checks is as good as the one shown here. "
        "Hidden checks are named by what they are about."
    )


def _text(source: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(source)


def _preparation(lesson: Lesson) -> Iterator[NotebookNode]:
    """The imports of the setup cell but for the course's own, which need the lesson's notebook."""
    setup = next(cell for cell in lesson.cells if cell.role is Role.SETUP)
    kept = [
        ast.unparse(node)
        for node in ast.parse(setup.source).body
        if isinstance(node, ast.Import | ast.ImportFrom) and getattr(node, "module", "") != "dlcore"
    ]
    if kept:
        yield nbformat.v4.new_code_cell("\n".join(kept))


def _exercise(lesson: Lesson, reference: Reference, exercise: LessonExercise, place: str) -> Iterator[NotebookNode]:
    points = sum(cell.points for cell in exercise.checks)
    yield _text(f"### `{exercise.name}` ({_points(points)})\n\n{place}".strip())
    yield nbformat.v4.new_code_cell(_without_markers(exercise.solution.source))
    if exercise.hints:
        items = [hint.replace("\n", "\n   ") for hint in exercise.hints]
        listed = "\n".join(f"{number}. {item}" for number, item in enumerate(items, 1))
        yield _text(f"**The way there**, as the hints of the lesson have it:\n\n{listed}")
    base = base_of(exercise.solution.source)
    yield _text("**What often goes wrong**")
    for item in exercise.misconceptions:
        yield _folded(_spoken(item), _mistake(item, base, reference.exercises[exercise.name]))
    if exercise.alternatives:
        yield _text("**Right as well**")
    for item in exercise.alternatives:
        yield _folded(_spoken(item), _changes(base, item))


def _folded(title: str, text: str) -> NotebookNode:
    """A text that the page shows when asked for."""
    cell = _text(f"#### {title}\n\n{text}")
    cell.metadata["course"] = {"folded": title}
    return cell


def _mistake(item: Cell, base: str, exercise: ReferenceExercise) -> str:
    """A misconception: its hint, what differs, the checks that fail, and what the first of them says."""
    hint = str(item.options["hint"])
    effect = effect_of(exercise, str(item.options["name"]))
    labels = [f"`{label}`" if "`" not in label else label for label in effect.visible]
    labels += [f"{label} (hidden)" for label in effect.hidden]
    failing = "\n".join(f"- {label}" for label in labels)
    said = effect.message.removeprefix(hint).strip()
    told = "The first of them says what stands above" if effect.named else "The first of them says"
    told += f", and:\n\n{_fenced(said, 'text')}" if said and effect.named else ""
    told += f":\n\n{_fenced(said, 'text')}" if said and not effect.named else ""
    told += "" if said else "."
    return "\n\n".join([hint, _changes(base, item), f"It {effect}:\n\n{failing}", told])


def _spoken(item: Cell) -> str:
    return str(item.options["name"]).replace("-", " ")


def _changes(base: str, item: Cell) -> str:
    """What a variant changes, as a diff."""
    lines = list(difflib.unified_diff(base.split("\n"), item.source.split("\n"), n=1, lineterm=""))[2:]
    return _fenced("\n".join("…" if line.startswith("@@") else line for line in lines[1:]), "diff")


def _fenced(text: str, language: str) -> str:
    fence = "```" if "```" not in text else "````"
    return f"{fence}{language}\n{text}\n{fence}"


def _quiz(lesson: Lesson, reference: Reference, exercise: LessonExercise, place: str) -> Iterator[NotebookNode]:
    cell = exercise.solution
    answers = "\n".join(f"- **{letter})** is wrong: {why}" for letter, why in sorted(cell.options["wrong"].items()))
    right = f"**The answer is {quiz_answer(cell)}).** {cell.options.get('right', '')}".rstrip()
    title = f"### `{exercise.name}` ({_points(cell.points)})"
    yield _text("\n\n".join([title, question_before(lesson, cell), right, answers]))


def _written(lesson: Lesson, reference: Reference, exercise: LessonExercise, place: str) -> Iterator[NotebookNode]:
    cell = exercise.solution
    title = f"### `{exercise.name}` ({_points(cell.points)})"
    answer = _without_markers(cell.source).strip()
    parts = [title, place, question_before(lesson, cell), answer]
    yield _text("\n\n".join(part for part in parts if part))


def _points(points: float) -> str:
    return f"{points:g} point" + ("" if points == 1 else "s") if points else "optional"


def _without_markers(source: Any) -> str:
    return "\n".join(line for line in source.split("\n") if not MARKER.match(line))
