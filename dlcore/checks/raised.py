"""Say where an error arose: the student's line, and what its names stood for.

Nothing of the student's is called: names are looked up, and only what is exactly one
of Python's or NumPy's own types is described.
"""

from __future__ import annotations

import ast
import dis
import linecache
import re
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Place", "place_of"]

LIBRARIES = ("site-packages", ".pyx")  # parts of their files' names; Cython's are relative paths
INNER = ".<locals>."
COMPREHENSIONS = re.compile(r"\.<locals>\.<(list|dict|set)comp>|\.<locals>\.<genexpr>")
MAX_NAMES = 4  # described of a line
MAX_KEYS = 10
CONTAINERS = (list, tuple, dict)


class Place(NamedTuple):
    """Where an error arose.

    Attributes:
        name: the innermost function of the student's (or of the lesson's).
        where: the line, and what its names stood for.
        failed: the operands of the product, sum or index that failed, as in "w.T @ X"; "" if unknown.
    """

    name: str = ""
    where: str = ""
    failed: str = ""


def place_of(trace: TracebackType | None) -> Place:
    """The place at which the error with this traceback arose in the function that `observe` called."""
    frames = list(_frames(trace))[1:]
    own = [item for item in frames if not any(part in item[0].f_code.co_filename for part in LIBRARIES)]
    if not own:
        return Place()
    file = own[0][0].f_code.co_filename
    frame, line, instruction = next(item for item in reversed(own) if item[0].f_code.co_filename == file)
    where = _line(frame, line)
    deepest, deep_line, _ = own[-1]
    if deepest is not frame:
        where += f"; from there, {_line(deepest, deep_line)}"
    node = _unpacked(frame, line) if _unpacks(frame, instruction) else _node(frame, instruction)
    facts = _facts(node, frame) if node is not None else []
    here = f"\nThere {_and(facts[:MAX_NAMES])}." if facts else ""
    return Place(deepest.f_code.co_name, f"{where}{here}", _operands(node))


def _frames(trace: TracebackType | None) -> Iterator[tuple[FrameType, int, int]]:
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno, trace.tb_lasti
        trace = trace.tb_next


def _line(frame: FrameType, line: int) -> str:
    code = frame.f_code
    name = COMPREHENSIONS.sub("", code.co_qualname).rpartition(INNER)[2]
    source = linecache.getline(code.co_filename, line).strip()
    return f"line {line} of {name}" + (f": {source}" if source else "")


def _unpacks(frame: FrameType, instruction: int) -> bool:
    return dis.opname[frame.f_code.co_code[instruction]].startswith("UNPACK")


def _unpacked(frame: FrameType, line: int) -> ast.expr | None:
    """What an assignment in this line takes apart: the names on its left do not hold anything of it yet."""
    try:
        statement = ast.parse(linecache.getline(frame.f_code.co_filename, line).strip()).body[0]
    except (SyntaxError, ValueError, IndexError):
        return None
    return statement.value if isinstance(statement, ast.Assign) else None


def _node(frame: FrameType, instruction: int) -> ast.expr | None:
    """The expression that was evaluated when the error arose."""
    positions = list(frame.f_code.co_positions())
    first, last, start, end = positions[instruction // 2] if instruction // 2 < len(positions) else (None,) * 4
    if first is None or last is None or start is None or end is None:
        return None
    lines = [linecache.getline(frame.f_code.co_filename, number).encode() for number in range(first, last + 1)]
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    try:
        tree = ast.parse(b"(" + b"".join(lines) + b")", mode="eval")
    except (SyntaxError, ValueError):
        return None
    return tree.body


def _facts(node: ast.expr, frame: FrameType) -> list[str]:
    """A few words on each name in an expression."""
    passed = _indexed_argument(node, frame)
    found = [_fact(item, frame) for item in _described(node) if not passed or ast.unparse(item) != passed]
    if passed:
        found.insert(0, f"the argument `{passed}` is the number {frame.f_locals[passed]:.6g}")
    return list(dict.fromkeys(filter(None, found)))


def _indexed_argument(node: ast.expr, frame: FrameType) -> str:
    """The argument that is indexed although a number was passed in for it, or ""."""
    code = frame.f_code
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
        return ""
    name = node.value.id
    if name not in code.co_varnames[: code.co_argcount] or type(frame.f_locals.get(name)) not in (int, float):
        return ""
    changed = any(item.opname.startswith("STORE") and item.argval == name for item in dis.get_instructions(code))
    return "" if changed else name


def _described(node: ast.AST) -> Iterator[ast.expr]:
    """The names in an expression, `W["a"]` and `W.T` being one, without what is called."""
    if isinstance(node, ast.Name | ast.Subscript | ast.Attribute) and _is_plain(node):
        yield node
    elif isinstance(node, ast.Call):
        owner: list[ast.expr] = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        for value in (*owner, *node.args, *(keyword.value for keyword in node.keywords)):
            yield from _described(value)
    else:
        for part in ast.iter_child_nodes(node):
            yield from _described(part)


def _is_plain(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "T" and _is_plain(node.value)
    return isinstance(node, ast.Name) or (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and isinstance(node.slice, ast.Constant | ast.JoinedStr)
    )


class _Unknown(Exception):
    pass


def _value(node: ast.expr, frame: FrameType) -> Any:
    """What a plain expression stands for; raises _Unknown."""
    if isinstance(node, ast.Name):
        is_local = node.id in frame.f_code.co_varnames + frame.f_code.co_cellvars  # perhaps without a value yet
        for names in (frame.f_locals,) if is_local else (frame.f_locals, frame.f_globals):
            if node.id in names:
                return names[node.id]
    elif isinstance(node, ast.Attribute):
        value = _value(node.value, frame)
        if type(value) is np.ndarray:
            return value.T
    elif isinstance(node, ast.Subscript):
        value, key = _value(node.value, frame), _key(node.slice, frame)
        if type(value) is dict and key in value:
            return value[key]
        if type(value) in (list, tuple) and type(key) is int and -len(value) <= key < len(value):
            return value[key]
    raise _Unknown


def _key(node: ast.expr, frame: FrameType) -> str | int:
    """A constant key, or an f-string of texts and whole numbers."""
    if isinstance(node, ast.Constant) and type(node.value) in (str, int):
        return node.value  # type: ignore[return-value]
    if isinstance(node, ast.JoinedStr):
        parts = [_value(part.value, frame) if isinstance(part, ast.FormattedValue) else part for part in node.values]
        texts = [part.value if isinstance(part, ast.Constant) else part for part in parts]
        if all(type(text) in (str, int) for text in texts):
            return "".join(map(str, texts))
    raise _Unknown


def _fact(node: ast.expr, frame: FrameType) -> str:
    """A few words on what an expression stood for, or ""."""
    try:
        value, text = _value(node, frame), ast.unparse(node)
    except _Unknown:
        return _fact(node.value, frame) if isinstance(node, ast.Subscript) else ""
    if type(value) is np.ndarray:
        return f"`{text}` has the shape {value.shape}"
    if value is None:
        return f"`{text}` is None"
    if type(value) in (int, float):
        return f"`{text}` is {value:.6g}" if abs(value) < 1e15 else ""
    if type(value) in CONTAINERS and not value:
        return f"`{text}` is an empty {type(value).__name__}"
    if type(value) is dict and all(type(key) is str for key in value):
        keys = ", ".join(map(repr, list(value)[:MAX_KEYS])) + (", …" if len(value) > MAX_KEYS else "")
        return f"`{text}` has the entries {keys}"
    if type(value) in CONTAINERS:
        return f"`{text}` is a {type(value).__name__} of {len(value)}"
    return f"`{text}` is a text" if type(value) is str else ""


def _and(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _operands(node: ast.expr | None) -> str:
    """The operands of a failed operation, as in "W1.T @ X", if both are plain."""
    if isinstance(node, ast.BinOp):
        sides = [_short_name(side) for side in (node.left, node.right)]
        if all(sides):
            return " ".join(sides)
    return ""


def _short_name(node: ast.expr) -> str:
    """`W1.T` for `parameters["W1"].T`; "" for what is no plain expression."""
    if isinstance(node, ast.Name):
        return node.id
    if not _is_plain(node):
        return ""
    if isinstance(node, ast.Attribute):
        inner = _short_name(node.value)
        return f"{inner}.T" if inner else ""
    key = node.slice if isinstance(node, ast.Subscript) else None
    return str(key.value) if isinstance(key, ast.Constant) else ""
