"""Parse a lesson: its text, MyST Markdown, into cells and exercises, and the variants file beside it.

`read_lesson` reports likely mistakes with file, line and reason; the format is
described in docs/authoring.md.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import ValidationError

from grader.errors import BuildError
from grader.lessons.cells import (
    BEGIN_SOLUTION,
    END_SOLUTION,
    Cell,
    bound_at_top,
    check_markers,
    check_syntax,
    quiz_answer,
    read_cell,
)
from grader.lessons.excuses import Excuse
from grader.lessons.header import Header, read_header
from grader.lessons.hidden_tests import visible_part
from grader.lessons.roles import Role
from grader.lessons.variants import WrittenVariant, base_of, read_variants, variants_path, with_replacements

__all__ = ["Lesson", "LessonExercise", "read_lesson"]

LEAST_MISCONCEPTIONS, LEAST_ALTERNATIVES = 4, 2


@dataclass
class LessonExercise:
    """The cells of one exercise; a quiz question or a written answer has only one."""

    name: str
    solution: Cell
    checks: list[Cell] = field(default_factory=list)
    misconceptions: list[Cell] = field(default_factory=list)
    alternatives: list[Cell] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)

    @property
    def kind(self) -> Role:
        """SOLUTION, QUIZ or WRITTEN."""
        return self.solution.role


@dataclass
class Lesson:
    """A parsed lesson: its cells in order, and its exercises by name.

    A draft need not have all that a lesson has (see `prose.incomplete`).
    """

    path: Path
    header: Header
    cells: list[Cell]
    exercises: dict[str, LessonExercise]
    excuses: list[Excuse] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The lesson's title."""
        return self.header.title

    @property
    def is_draft(self) -> bool:
        """Whether it need not have all that a lesson has."""
        return self.header.is_draft

    @property
    def name(self) -> str:
        """The notebook's name, without its suffix."""
        return self.path.stem

    @property
    def week(self) -> str:
        """The folder's name, which is nbgrader's assignment."""
        return self.path.parent.name


def read_lesson(path: Path) -> Lesson:
    """The lesson in the file at `path`.

    Raises:
        BuildError: the file is not a valid lesson; the message gives line and reason.
    """
    from jupytext.myst import MystMetadataParsingError, myst_to_notebook  # slow, and not needed for grading

    try:
        text = path.read_text(encoding="utf-8")
        notebook = myst_to_notebook(text, add_source_map=True)
    except OSError as problem:
        raise BuildError(f"cannot be read: {problem.strerror}", path) from None
    except UnicodeDecodeError as problem:
        raise BuildError(f"is not UTF-8 text: {problem}", path) from None
    except MystMetadataParsingError as problem:
        raise _option_error(path, str(problem), text.splitlines()) from None
    except ValidationError as problem:
        raise BuildError(f"an option is not valid notebook metadata: {problem.message}", path) from None
    header = read_header(notebook.metadata.get("course"), path)
    lines = notebook.metadata["source_map"]
    written = text.splitlines()
    cells = [
        read_cell(item, path, line, _first_line(written, item.source, line), written)
        for item, line in zip(notebook.cells, lines, strict=True)
    ]
    lesson = Lesson(path, header, cells, {})
    _collect_exercises(lesson)
    _add_variants(lesson)
    _check_exercises(lesson)
    return lesson


def _option_error(path: Path, message: str, written: list[str]) -> BuildError:
    cell, within = re.search(r"at line (\d+)", message), re.search(r"line (\d+), column", message)
    line = int(within[1]) + 1 if within else 1  # the header's YAML starts on line 2
    if cell:
        fence = int(cell[1])
        line = fence + (int(within[1]) + (written[fence] == "---") if within else 0)
    return BuildError(f"{message}\nA text that contains a colon stands in quotes.", path, line)


def _first_line(written: list[str], source: str, line: int) -> int:
    """The line in which a cell's source begins, after its options and blank lines."""
    wanted = [text.rstrip() for text in source.split("\n")]  # jupytext leaves out spaces at a text's end
    for start in range(line, len(written)):
        if [text.rstrip() for text in written[start : start + len(wanted)]] == wanted:
            return start + 1
    return 0


def _collect_exercises(lesson: Lesson) -> None:
    for cell in lesson.cells:
        if cell.role in (Role.SOLUTION, Role.QUIZ, Role.WRITTEN):
            if cell.exercise in lesson.exercises:
                first = lesson.exercises[cell.exercise].solution.line
                raise BuildError(
                    f"the exercise {cell.exercise} is defined twice; the first is in line {first}",
                    lesson.path,
                    cell.line,
                )
            lesson.exercises[cell.exercise] = LessonExercise(cell.exercise, cell)
        elif cell.role is Role.CHECK:
            exercise = lesson.exercises.get(cell.exercise)
            if exercise is None or exercise.kind != Role.SOLUTION:
                raise BuildError(
                    f"the {cell.role} cell of {cell.exercise} has no solution cell before it", lesson.path, cell.line
                )
            exercise.checks.append(cell)
        elif cell.role is Role.HINT:
            exercise = lesson.exercises.get(cell.exercise)
            if exercise is None or exercise.kind != Role.SOLUTION:
                reason = f"the hints of {cell.exercise} have no solution cell before them"
                raise BuildError(reason, lesson.path, cell.line)
            if exercise.hints:
                raise BuildError(f"{exercise.name} has two cells with hints", lesson.path, cell.line)
            exercise.hints = _hints(cell)


def _hints(cell: Cell) -> list[str]:
    """The hints in a cell: the items of a numbered list."""
    items: list[list[str]] = []
    for number, line in enumerate(cell.source.splitlines(), 1):
        if match := re.match(r"\d+[.)] +(.+)", line):
            items.append([match[1]])
        elif items and (not line.strip() or line.startswith("   ")):
            items[-1].append(line[3:].rstrip())
        else:
            reason = "hints are a numbered list, and nothing else: “1. …”, “2. …”"
            raise BuildError(reason, cell.path, cell.line_of(number))
    return ["\n".join(lines).strip() for lines in items]


def _add_variants(lesson: Lesson) -> None:
    path = variants_path(lesson.path)
    file = read_variants(path)
    for excuse in file.excuses:
        if excuse.exercise:
            _exercise_of(lesson, excuse.exercise, path, excuse.line)
    lesson.excuses = file.excuses
    for written in file.variants:
        exercise = _exercise_of(lesson, written.exercise, path, written.line)
        if written.role is Role.MISCONCEPTION and not written.hint:
            raise BuildError(f"the misconception {written.name} of {exercise.name} has no hint", path, written.line)
        if written.role is Role.ALTERNATIVE and written.hint:
            raise BuildError(f"the alternative {written.name} is right, and has no hint", path, written.line)
        cell = _variant_cell(written, exercise, path)
        check_markers(cell)
        check_syntax(cell)
        (exercise.misconceptions if written.role is Role.MISCONCEPTION else exercise.alternatives).append(cell)


def _exercise_of(lesson: Lesson, name: str, path: Path, line: int) -> LessonExercise:
    """The exercise that a heading of the variants file names."""
    exercise = lesson.exercises.get(name)
    if exercise is None or exercise.kind is not Role.SOLUTION:
        known = ", ".join(item.name for item in lesson.exercises.values() if item.kind is Role.SOLUTION) or "none"
        raise BuildError(f"{lesson.path.name} has no exercise {name}; it has: {known}", path, line)
    return exercise


def _variant_cell(written: WrittenVariant, exercise: LessonExercise, path: Path) -> Cell:
    source = written.code or with_replacements(base_of(exercise.solution.source), written.replacements, path)
    options = {"name": written.name} | ({"hint": written.hint} if written.hint else {})
    return Cell("code", source, path, written.line, written.role, exercise.name, written.code_line, options)


def _check_exercises(lesson: Lesson) -> None:
    if sum(cell.role == Role.SETUP for cell in lesson.cells) != 1:
        raise BuildError("there must be one setup cell", lesson.path, 1)
    for exercise in lesson.exercises.values():
        cell = exercise.solution
        if exercise.kind in (Role.SOLUTION, Role.WRITTEN) and not _has_region(
            cell.source, BEGIN_SOLUTION, END_SOLUTION
        ):
            raise BuildError(
                f"the {exercise.kind} cell of {exercise.name} needs {BEGIN_SOLUTION} and {END_SOLUTION}",
                lesson.path,
                cell.line,
            )
        if exercise.kind == Role.SOLUTION:
            _check_solution(lesson, exercise)
        if exercise.kind == Role.QUIZ:
            _check_quiz(lesson, exercise)


def _check_solution(lesson: Lesson, exercise: LessonExercise) -> None:
    cell = exercise.solution
    if not exercise.checks:
        raise BuildError(f"the exercise {exercise.name} has no check cell", lesson.path, cell.line)
    for item in (cell, *exercise.misconceptions, *exercise.alternatives):
        if exercise.name not in bound_at_top(item.source):
            what = f"{item.role} {item.options['name']}" if "name" in item.options else f"{item.role} cell"
            raise BuildError(f"the {what} does not define {exercise.name}", item.path, item.line)
    for items, least in ((exercise.misconceptions, LEAST_MISCONCEPTIONS), (exercise.alternatives, LEAST_ALTERNATIVES)):
        if len(items) < least:
            word = "misconceptions" if items is exercise.misconceptions else "alternatives"
            raise BuildError(
                f"the exercise {exercise.name} has {len(items)} {word} in {variants_path(lesson.path).name}, "
                f"not {least} or more",
                lesson.path,
                cell.line,
            )
        _refuse_alike(exercise, items)
    for item in exercise.checks:
        if "check(" not in visible_part(item.source):
            raise BuildError(f"a check cell of {exercise.name} has no visible check", item.path, item.line)


def _refuse_alike(exercise: LessonExercise, variants: list[Cell]) -> None:
    """Raise BuildError if two variants have the same name or the same code."""
    seen: dict[str, Cell] = {ast.dump(ast.parse(base_of(exercise.solution.source))): exercise.solution}
    names: dict[str, Cell] = {}
    for item in variants:
        name = str(item.options["name"])
        if name in names:
            raise BuildError(
                f"the exercise {exercise.name} has two {item.role}s called {name}; the first is in line "
                f"{names[name].line}",
                item.path,
                item.line,
            )
        code = ast.dump(ast.parse(base_of(item.source)))
        if code in seen:
            other = seen[code].options.get("name")
            what = f"as {other} (line {seen[code].line})" if other else "as the reference solution"
            raise BuildError(f"the {item.role} {name} of {exercise.name} is the same code {what}", item.path, item.line)
        names[name] = seen[code] = item


def _check_quiz(lesson: Lesson, exercise: LessonExercise) -> None:
    path, cell = lesson.path, exercise.solution
    wrong = cell.options["wrong"]
    if not isinstance(wrong, dict) or not all(isinstance(k, str) and re.fullmatch("[a-z]", k) for k in wrong):
        raise BuildError(f"`wrong` of {exercise.name} must map letters to explanations", path, cell.line)
    if not isinstance(cell.options.get("right", ""), str):
        raise BuildError(f"`right` of {exercise.name} must be a text: why the answer is right", path, cell.line)
    if quiz_answer(cell) is None or quiz_answer(cell) in wrong:
        raise BuildError(
            f'the quiz cell must be one line, {exercise.name} = "letter", with a letter that is not in `wrong`',
            path,
            cell.line,
        )


def _has_region(source: str, begin: str, end: str) -> bool:
    lines = [line.strip() for line in source.splitlines()]
    return lines.count(begin) == lines.count(end) == 1 and lines.index(begin) < lines.index(end)
