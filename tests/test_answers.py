"""No graded answer lies where students can read it before they have to give it.

The reference solutions, with names made alike, are looked for in dlcore and in
every release up to and including their own week, support modules included.
"""

import ast
import functools
import re
from pathlib import Path

import nbformat
import pytest

from grader.lessons.notebooks import course_metadata
from grader.lessons.parser import BEGIN_SOLUTION, END_SOLUTION, read_lesson
from grader.lessons.variants import lesson_files
from tests.classroom import REPOSITORY

LESSONS = lesson_files(REPOSITORY / "course")
TELLING = 14  # nodes from which an expression is an answer and not an idiom


def alike(nodes) -> str:
    """Code as text in which only its structure counts: names are numbers, in the order in which they appear."""
    names = {"np": "np"}  # NumPy keeps its own

    def text(item) -> str:
        match item:
            case ast.Name():
                return names.setdefault(item.id, f"v{len(names)}")
            case ast.arg():
                return names.setdefault(item.arg, f"v{len(names)}")
            case ast.AST():
                return f"{type(item).__name__}({', '.join(text(value) for _, value in ast.iter_fields(item))})"
            case list():
                return f"[{', '.join(map(text, item))}]"
        return repr(item)

    return "\n".join(map(text, nodes))


def without_docstring(body):
    first = body[0] if body else None
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return body[1:] if is_text else body


def bodies(tree):
    """All lists of statements in a tree."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                yield without_docstring(body)


def size(node) -> int:
    return sum(1 for _ in ast.walk(node) if not isinstance(_, ast.expr_context))


def answers(path: Path):
    """Each exercise's answer: its statements, and its telling expressions."""
    for exercise in read_lesson(path).exercises.values():
        if exercise.kind != "solution":
            continue
        tree = ast.parse(exercise.solution.source)
        lines = [line.strip() for line in exercise.solution.source.splitlines()]
        first, last = lines.index(BEGIN_SOLUTION) + 1, lines.index(END_SOLUTION) + 1
        body = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.stmt) and first < node.lineno <= last and not isinstance(node, ast.FunctionDef)
        ]
        top = [node for node in body if not any(node in ast.walk(other) for other in body if other is not node)]
        values = [node.value for node in top if isinstance(node, ast.Return | ast.Assign) and node.value is not None]
        yield exercise.name, top, [value for value in values if size(value) >= TELLING]


@functools.cache
def windows(source: str, count: int) -> frozenset[str]:
    """Every run of `count` statements in some code, names made alike."""
    found = (body[i : i + count] for body in bodies(ast.parse(source)) for i in range(len(body) - count + 1))
    return frozenset(alike(window) for window in found)


@functools.cache
def telling_parts(source: str) -> frozenset[str]:
    """Every telling expression in some code, names made alike."""
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.expr) and size(node) >= TELLING)
    return frozenset(alike([ast.Expr(node)]) for node in nodes)


def finds(sources: dict[str, str], statements, expressions) -> list[str]:
    """Where an answer stands."""
    wanted = alike(statements) if sum(map(size, statements)) >= TELLING else None
    telling = {alike([ast.Expr(value)]) for value in expressions}
    return [
        place
        for place, source in sources.items()
        if (wanted is not None and wanted in windows(source, len(statements))) or telling & telling_parts(source)
    ]


def held_by_students(week: str) -> dict[str, str]:
    """All code that a student has when a week begins, by place."""
    sources = {str(path): path.read_text() for path in sorted((REPOSITORY / "dlcore").rglob("*.py"))}
    for path in sorted((REPOSITORY / "release").glob("*/*")):
        if path.parent.name > week:
            continue
        if path.suffix == ".py":
            sources[str(path)] = path.read_text()
        if path.suffix == ".ipynb":
            for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
                if cell.cell_type == "code" and course_metadata(cell).get("role") != "check":
                    sources[f"{path.name} cell {number}"] = cell.source
    return {place: source for place, source in sources.items() if _parses(source)}


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize("path", LESSONS, ids=[f"{path.parent.name}/{path.stem}" for path in LESSONS])
def test_no_answer_lies_about(path):
    sources = held_by_students(path.parent.name)
    assert len(sources) > 30
    given_away = {name: places for name, *answer in answers(path) if (places := finds(sources, *answer))}
    assert not given_away


def test_the_search_finds_an_answer_under_other_names():
    path = REPOSITORY / "course" / "week1" / "logistic_regression.md"
    found = {name: (statements, expressions) for name, statements, expressions in answers(path)}
    planted = "def helper(weights, bias, inputs, truth):\n    '''Innocent.'''\n    unrelated = 1\n" + "\n".join(
        f"    {line}" for node in found["propagate"][0] for line in ast.unparse(node).splitlines()
    )
    renamed = re.sub(r"\bA\b", "probabilities", re.sub(r"\bdZ\b", "delta", planted))
    assert finds({"planted": renamed}, *found["propagate"]) == ["planted"]
    assert (
        finds({"other": "def helper(x):\n    return x.mean(axis=0) + np.ones(3) * 5 - x.T @ x"}, *found["propagate"])
        == []
    )
