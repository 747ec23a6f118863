"""One cell of a lesson: its role, its options and its code, and whether they are as they have to be."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.errors import BuildError
from grader.lessons.hidden_tests import BEGIN_HIDDEN, END_HIDDEN
from grader.lessons.roles import Role
from grader.lessons.variants import variants_path

__all__ = [
    "BEGIN_SOLUTION",
    "END_SOLUTION",
    "ROLES",
    "Cell",
    "bound_at_top",
    "check_markers",
    "check_syntax",
    "quiz_answer",
    "read_cell",
]

IN_VARIANTS_FILE = (Role.MISCONCEPTION, Role.ALTERNATIVE)
ROLES = tuple(role for role in Role if role not in (Role.NONE, Role.TEXT, Role.CODE, *IN_VARIANTS_FILE))
OPTIONS: dict[Role, set[str]] = {
    Role.NONE: {"role"},
    Role.SETUP: {"role"},
    Role.DEMO: {"role", "fold"},
    Role.SOLUTION: {"role", "exercise", "uses"},
    Role.CHECK: {"role", "exercise", "points", "fold"},
    Role.QUIZ: {"role", "exercise", "points", "right", "wrong"},
    Role.WRITTEN: {"role", "exercise", "points"},
    Role.HINT: {"role", "exercise"},
}
BEGIN_SOLUTION, END_SOLUTION = "### BEGIN SOLUTION", "### END SOLUTION"
NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


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


def _option_line(written: list[str], line: int, option: str) -> int:
    """The line of an option at the top of the cell whose fence stands in `line`, or the fence's."""
    for number in range(line, min(line + 30, len(written))):
        if re.match(rf":?{re.escape(option)}:", written[number]):
            return number + 1
        if not written[number].strip() or written[number].startswith("```"):
            break
    return line


def read_cell(item: Any, path: Path, line: int, first: int, written: list[str]) -> Cell:
    """One cell of a lesson.

    Args:
        item: the cell as jupytext reads it.
        path: the lesson.
        line: that of the cell's fence.
        first: the line of its source's first line; 0 if it stands nowhere as it is.
        written: all lines of the lesson.

    Raises:
        BuildError: the role, an option, a marker or the code is wrong.
    """
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
    check_markers(cell)
    if "points" in OPTIONS[role]:
        _check_points(cell, _option_line(written, line, "points"))
    if not isinstance(options.get("fold", True), bool):
        where = _option_line(written, line, "fold")
        raise BuildError(f"a cell has fold: {options['fold']!r}; it takes true or false", path, where)
    if "wrong" in OPTIONS[role] and not options.get("wrong"):
        raise BuildError(f"the {role} cell of {cell.exercise} has no `wrong`: the other letters, explained", path, line)
    if kind == "code":
        check_syntax(cell, magics=role in (Role.NONE, Role.DEMO))
    return cell


def _check_setup(cell: Cell) -> None:
    """Raise BuildError unless the setup cell begins the lesson: without it, students' checks have no answers."""
    check_syntax(cell)
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
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 <= points < float("inf"):
        raise BuildError(
            f"the {cell.role} cell of {cell.exercise} has points {points!r}, not a number from 0",
            cell.path,
            line,
        )


def check_markers(cell: Cell) -> None:
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


def check_syntax(cell: Cell, *, magics: bool = False) -> None:
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
