"""Parse a lesson: its text, MyST Markdown, into cells with roles, and the variants file beside it.

`read_lesson` reports likely mistakes with file, line and reason; the format is
described in docs/authoring.md.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import ValidationError

from grader.errors import BuildError
from grader.lessons.excuses import Excuse
from grader.lessons.header import Header, read_header
from grader.lessons.hidden_tests import BEGIN_HIDDEN, END_HIDDEN, visible_part
from grader.lessons.roles import Role
from grader.lessons.variants import WrittenVariant, base_of, read_variants, variants_path, with_replacements

__all__ = ["ROLES", "Cell", "Lesson", "LessonExercise", "read_lesson"]

IN_VARIANTS_FILE = (Role.MISCONCEPTION, Role.ALTERNATIVE)
ROLES = tuple(role for role in Role if role not in (Role.NONE, Role.TEXT, Role.CODE, *IN_VARIANTS_FILE))
OPTIONS: dict[Role, set[str]] = {
    Role.NONE: {"role"},
    Role.SETUP: {"role"},
    Role.DEMO: {"role", "fold"},
    Role.SOLUTION: {"role", "exercise", "uses"},
    Role.CHECK: {"role", "exercise", "points"},
    Role.QUIZ: {"role", "exercise", "points", "right", "wrong"},
    Role.WRITTEN: {"role", "exercise", "points"},
    Role.HINT: {"role", "exercise"},
}
BEGIN_SOLUTION, END_SOLUTION = "### BEGIN SOLUTION", "### END SOLUTION"
NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
LEAST_MISCONCEPTIONS, LEAST_ALTERNATIVES = 4, 2


@dataclass
class Cell:
    """One cell of a lesson, or one variant: its source, its role, and where it stands."""

    kind: str  # "code" or "markdown"
    source: str
    path: Path
    line: int  # of the cell
    role: Role = Role.NONE
    exercise: str = ""
    first: int = 0  # line of the source's first line; 0 if the source stands nowhere as it is
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """The points of a check, a quiz question or a written answer."""
        return float(self.options.get("points", 0))

    def line_of(self, number: int | None) -> int:
        """The file's line of the source's line `number` (from 1), or the cell's if it stands nowhere as it is."""
        return self.first + number - 1 if self.first and number else self.line


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
        _read_cell(item, path, line, _first_line(written, item.source, line), written)
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


def _option_line(written: list[str], line: int, option: str) -> int:
    """The line of an option at the top of the cell whose fence stands in `line`, or the fence's."""
    for number in range(line, min(line + 30, len(written))):
        if re.match(rf":?{re.escape(option)}:", written[number]):
            return number + 1
        if not written[number].strip() or written[number].startswith("```"):
            break
    return line


def _read_cell(item: Any, path: Path, line: int, first: int, written: list[str]) -> Cell:
    kind, options = item.cell_type, dict(item.metadata)
    named = options.get("role", "")
    if named in IN_VARIANTS_FILE:
        raise BuildError(
            f"a {named} does not stand in the lesson but in {variants_path(path).name} beside it, "
            f"as “### {named}: name”; see “The variants” in docs/authoring.md",
            path,
            line,
        )
    if named != "" and named not in ROLES:
        where = _option_line(written, line, "role")
        raise BuildError(f"the role {named!r} is not one of {', '.join(ROLES)}", path, where)
    role = Role(named)
    unknown = set(options) - OPTIONS[role]
    if unknown:
        known = ", ".join(sorted(OPTIONS[role]))
        raise BuildError(
            f"unknown option {min(map(str, unknown))!r}; a {role or 'plain'} cell takes: {known}",
            path,
            _option_line(written, line, min(map(str, unknown))),
        )
    if (role in (Role.WRITTEN, Role.HINT)) != (kind == "markdown" and bool(role)):
        raise BuildError(f"a {role} cell cannot be a {kind} cell", path, line)
    cell = Cell(kind, item.source, path, line, role, str(options.get("exercise", "")), first, options)
    if "exercise" in OPTIONS[role] and not NAME.match(cell.exercise):
        raise BuildError(f"the {role} cell needs an exercise name (lower case, digits, _)", path, line)
    if role is Role.SETUP:
        _check_setup(cell)
    if cell.exercise == "setup":
        raise BuildError("no exercise can be called setup: that is the name of the setup cell", path, line)
    _check_markers(cell)
    if "points" in OPTIONS[role]:
        _check_points(cell, _option_line(written, line, "points"))
    if not isinstance(options.get("fold", True), bool):
        where = _option_line(written, line, "fold")
        raise BuildError(f"a cell has fold: {options['fold']!r}; it takes true or false", path, where)
    if "wrong" in OPTIONS[role] and not options.get("wrong"):
        raise BuildError(f"the {role} cell of {cell.exercise} has no `wrong`: the other letters, explained", path, line)
    if kind == "code":
        _check_syntax(cell, magics=role in (Role.NONE, Role.DEMO))
    return cell


def _check_setup(cell: Cell) -> None:
    """Raise BuildError unless the setup cell begins the lesson: without it, students' checks have no answers."""
    _check_syntax(cell)
    begun = [
        node
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "begin"
    ]
    wanted = f'begin("{cell.path.stem}")'
    if not begun:
        raise BuildError(
            f"the setup cell does not call {wanted}, so no check would find its answer", cell.path, cell.line
        )
    if len(begun) > 1 or ast.unparse(begun[0]) != ast.unparse(ast.parse(wanted)):
        got = ast.unparse(begun[-1])
        raise BuildError(f"the setup cell calls {got}, not {wanted}", cell.path, cell.line_of(begun[-1].lineno))


def _check_points(cell: Cell, line: int) -> None:
    points = cell.options.get("points")
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 < points < float("inf"):
        raise BuildError(
            f"the {cell.role} cell of {cell.exercise} has points {points!r}, not a positive number",
            cell.path,
            line,
        )


def _check_markers(cell: Cell) -> None:
    """Raise BuildError for misplaced markers, with which nbgrader might release hidden code."""
    lines = enumerate(cell.source.splitlines(), 1)
    found = [(line.strip(), number) for number, line in lines if re.match(r"\s*#+\s*(BEGIN|END)\b", line)]
    solution, hidden = [BEGIN_SOLUTION, END_SOLUTION], [BEGIN_HIDDEN, END_HIDDEN]
    pair = {Role.SOLUTION: solution, Role.WRITTEN: solution, Role.CHECK: hidden}.get(cell.role, [])
    for place, (marker, number) in enumerate(found):
        if not pair:
            what = f"a cell of role {cell.role}" if cell.role else "a cell without a role"
            if "name" in cell.options:
                what = f"the {cell.role} {cell.options['name']}"
            raise BuildError(f"{what} takes no line {marker!r}", cell.path, cell.line_of(number))
        if marker != pair[place % 2]:
            raise BuildError(
                f"the line {marker!r} is misspelt or out of place: {pair[place % 2]!r} comes here",
                cell.path,
                cell.line_of(number),
            )
    if len(found) % 2:
        marker, number = found[-1]
        raise BuildError(f"the line {marker!r} has no {pair[1]!r} after it", cell.path, cell.line_of(number))


def _check_syntax(cell: Cell, *, magics: bool = False) -> None:
    """Raise BuildError unless a cell is Python, or what IPython makes Python of."""
    try:
        ast.parse(cell.source)
    except SyntaxError as problem:
        if magics and _is_for_ipython(cell.source):
            return
        name = cell.options.get("name")
        what = f"{cell.role} {name}" if name else f"{cell.role or 'plain'} cell"
        what += f" of {cell.exercise}" if cell.exercise else ""
        how = "" if cell.first else " after its replacements"
        wrong = (problem.text or "").strip()
        raise BuildError(
            f"the {what} is not Python{how}: {problem.msg}" + (f": `{wrong}`" if wrong else ""),
            cell.path,
            cell.line_of(problem.lineno),
        ) from None


def _is_for_ipython(source: str) -> bool:
    from IPython.core.inputtransformer2 import TransformerManager  # slow, and seldom needed

    try:
        ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:
        return False
    return True


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
        _check_markers(cell)
        _check_syntax(cell)
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


def quiz_answer(cell: Cell) -> str | None:
    """The right letter of a quiz cell, or None if its source is malformed."""
    match = re.fullmatch(rf'{cell.exercise} = "([a-z])"', cell.source.strip())
    return match[1] if match else None


def bound_at_top(source: str) -> set[str]:
    """The names that a cell's source binds at its top level."""
    names: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def _has_region(source: str, begin: str, end: str) -> bool:
    lines = [line.strip() for line in source.splitlines()]
    return lines.count(begin) == lines.count(end) == 1 and lines.index(begin) < lines.index(end)
