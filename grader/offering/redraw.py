"""A check cell with other numbers in its hidden checks, drawn from a key.

What is random is drawn anew: generators get other seeds. What is written out changes by
a rule that keeps its kind: decimals move a little (see `decimals`), and the columns of
arrays, mostly examples, change places, in all arrays of as many columns alike, but not
in symmetric matrices. Shapes, types, zeros, ones, whole numbers and ties stay, and so
does each line that says `# keep these numbers`. What stands outside of the hidden checks
stays as it is, and so does a cell that is not plain Python.
"""

from __future__ import annotations

import ast
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeGuard

import numpy as np

from grader.lessons.hidden_tests import BEGIN_HIDDEN, is_check_call, visible_lines
from grader.offering.decimals import other_numbers
from grader.syntax import parse

__all__ = ["KEEP", "Amount", "redraw"]

KEEP = "# keep these numbers"
ARRAYS = {"array", "asarray", "float32", "float64", "uint8", "int64", "bool_"}  # NumPy's functions that take lists
CONTROLS = {"label", "compare", "rtol", "atol", "quiet", "fresh"}  # a check's own arguments
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")


class Amount(IntEnum):
    """How much of a check cell is drawn anew."""

    NOTHING = 0
    SEEDS = 1  # what is random
    COLUMNS = 2  # and the order of columns in arrays that are written out
    ARRAYS = 3  # and the decimals in them
    ALL = 4  # and the decimals that a check gives by themselves


def redraw(source: str, key: bytes, amount: Amount = Amount.ALL) -> str:
    """The source of a check cell with other numbers in its hidden checks.

    Args:
        source: the cell's code, as its author wrote it.
        key: what the numbers depend on.
        amount: what to draw anew.
    """
    tree = parse(source)
    if amount is Amount.NOTHING or tree is None:
        return source
    cell = _Cell(source, key, tree)
    if not cell.hidden:
        return source
    cell.draw_seeds()
    if amount > Amount.SEEDS:
        cell.draw_literals(amount)
    return cell.redrawn()


@dataclass
class _Cell:
    """A check cell, and what is to stand in place of which parts of it."""

    source: str
    key: bytes
    tree: ast.Module
    lines: list[bytes] = field(init=False)
    edits: list[tuple[int, int, int, str]] = field(default_factory=list)  # line from 0, first and last byte, new text
    seeds: dict[str, str] = field(default_factory=dict)  # by name: new generators of the visible part

    def __post_init__(self) -> None:
        self.lines = [line.encode() for line in self.source.splitlines()]
        shown = set(visible_lines(self.source))
        self.hidden = {
            number
            for number, line in enumerate(self.source.splitlines(), 1)
            if number not in shown and KEEP not in line and line.strip() != BEGIN_HIDDEN
        }

    def draw_seeds(self) -> None:
        """Give each generator another seed: equal ones for equal ones."""
        for node in ast.walk(self.tree):
            if _is_generator(node) and node.lineno in self.hidden:
                self._replace(node.args[0], self._seed(node.args[0]))
        for statement in self.tree.body:
            if isinstance(statement, ast.Assign) and _is_generator(statement.value):
                seed = statement.value.args[0]
                names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
                if statement.lineno not in self.hidden and KEEP.encode() not in self.lines[statement.lineno - 1]:
                    before = ast.unparse(statement.value.func)
                    self.seeds |= {name: f"{before}({self._seed(seed)})" for name in names}

    def draw_literals(self, amount: Amount) -> None:
        """Change the columns and move the decimals of what is written out."""
        rng = np.random.default_rng(self._word("numbers"))
        arrays = [node for node in ast.walk(self.tree) if _is_array(node) and node.lineno in self.hidden]
        texts = self._moved_decimals(arrays, rng, amount) if amount > Amount.COLUMNS else {}
        orders: dict[int, np.ndarray] = {}
        for row in [row for node in arrays if not _is_symmetric(node.args[0]) for row in _rows(node.args[0])]:
            if {row.lineno, row.end_lineno} <= self.hidden:
                order = orders.setdefault(len(row.elts), _other_order(len(row.elts), rng))
                entries = [self._text(item, texts) for item in row.elts]
                for item, place in zip(row.elts, order, strict=True):
                    self._replace(item, entries[place])
                for part in ast.walk(row):
                    if isinstance(part, ast.expr):
                        texts.pop(part, None)  # it is in its row's edits
        for item, text in texts.items():
            self._replace(item, text)

    def _moved_decimals(self, arrays: list[ast.Call], rng: np.random.Generator, amount: Amount) -> dict[ast.expr, str]:
        """The new texts of the decimals in arrays and in what checks give, unless a label names them."""
        checks = [node for node in ast.walk(self.tree) if is_check_call(node) and node.lineno in self.hidden]
        found = [item for node in arrays for item in _constants(node.args[0], through=True)]
        given = [item for node in checks for given in _given(node) for item in _constants(given)]
        fixed = {float(text) for node in checks for text in NUMBER.findall(_label(node))}
        if amount is Amount.ARRAYS:  # what equals such a number still does
            fixed |= {item.value for item in given if isinstance(item.value, float)}
        else:
            found += given
        values = {item: item.value for item in found if isinstance(item.value, float) and item.lineno in self.hidden}
        moved = other_numbers((value for value in values.values() if value not in fixed), rng)
        return {item: repr(moved[value]) for item, value in values.items() if value in moved}

    def redrawn(self) -> str:
        """The source with all edits, and the visible part's generators made anew where the hidden part begins."""
        lines = list(self.lines)
        for line, first, last, text in sorted(self.edits, reverse=True):
            lines[line] = lines[line][:first] + text.encode() + lines[line][last:]
        found = [line.decode() for line in lines]
        start = next(place for place, line in enumerate(found, 1) if line.strip() == BEGIN_HIDDEN)
        return "\n".join([*found[:start], *(f"{name} = {made}" for name, made in self.seeds.items()), *found[start:]])

    def _word(self, what: str) -> int:
        """A number of 63 bits for a part of the cell."""
        return int.from_bytes(hmac.digest(self.key, what.encode(), hashlib.sha256)[:8], "big") >> 1

    def _seed(self, seed: ast.expr) -> str:
        """The new seed for one that is written out, or that depends on a variable."""
        text = ast.unparse(seed)
        word = self._word(f"seed {text}")
        return f"[{word}, {text}]" if any(isinstance(part, ast.Name) for part in ast.walk(seed)) else str(word)

    def _text(self, node: ast.expr, texts: dict[ast.expr, str]) -> str:
        """A number's text, with its sign: the new one if there is one."""
        if isinstance(node, ast.UnaryOp):
            return ast.unparse(node).removesuffix(ast.unparse(node.operand)) + self._text(node.operand, texts)
        return texts.get(node, ast.unparse(node))

    def _replace(self, node: ast.expr, text: str) -> None:
        if node.lineno == node.end_lineno and node.end_col_offset is not None:
            self.edits.append((node.lineno - 1, node.col_offset, node.end_col_offset, text))


def _is_generator(node: ast.AST) -> TypeGuard[ast.Call]:
    """Whether a node makes a generator from a seed."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "default_rng"
        and len(node.args) == 1
    )


def _is_array(node: ast.AST) -> TypeGuard[ast.Call]:
    """Whether a node makes an array from what is written out."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ARRAYS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "np"
        and bool(node.args)
    )


def _given(check: ast.Call) -> Iterable[ast.expr]:
    """What a check gives to the function."""
    return [*check.args[1:], *(item.value for item in check.keywords if item.arg not in CONTROLS)]


def _label(check: ast.Call) -> str:
    return next((ast.unparse(item.value) for item in check.keywords if item.arg == "label"), "")


def _constants(node: ast.expr, *, through: bool = False) -> Iterator[ast.Constant]:
    """The numbers in lists, tuples, dicts and signs; `through` also those in sums, products and the like."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield node
    kinds = (ast.List, ast.Tuple, ast.Dict, ast.UnaryOp, *((ast.BinOp,) if through else ()))
    if isinstance(node, kinds):
        for item in ast.iter_child_nodes(node):
            if isinstance(item, ast.expr):
                yield from _constants(item, through=through)


def _rows(node: ast.expr) -> Iterator[ast.List]:
    """The innermost lists that hold nothing but numbers, at least two."""
    if not isinstance(node, ast.List):
        return
    if len(node.elts) > 1 and all(_is_number(item) for item in node.elts):
        yield node
    for item in node.elts:
        yield from _rows(item)


def _is_symmetric(node: ast.expr) -> bool:
    """Whether a matrix is written out that is its own transpose."""
    try:
        matrix = np.array(ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError):
        return False
    return matrix.ndim == 2 and np.array_equal(matrix, matrix.T)


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return _is_number(node.operand)
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and node.lineno == node.end_lineno


def _other_order(count: int, rng: np.random.Generator) -> np.ndarray:
    """An order of so many things that is not the one that they have."""
    while True:
        order = rng.permutation(count)
        if (order != np.arange(count)).any():
            return order
