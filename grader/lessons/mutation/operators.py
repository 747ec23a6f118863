"""All small changes of a piece of Python: swapped operators, other constants, dropped terms and so on."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from grader.lessons.mutation.numerics import Family, numerical_changes
from grader.lessons.mutation.sites import Site, drop_docstrings, sites

__all__ = ["Mutant", "mutants"]

OTHER_OPERATORS: dict[type, tuple[type, ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult),
    ast.Mult: (ast.Div, ast.Add, ast.MatMult),
    ast.Div: (ast.Mult, ast.FloorDiv, ast.Sub),
    ast.MatMult: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.FloorDiv: (ast.Div, ast.Mult),
    ast.Mod: (ast.Mult, ast.FloorDiv),
}
OTHER_COMPARISONS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
AT_EQUALITY = {(ast.Lt, ast.LtE), (ast.LtE, ast.Lt), (ast.Gt, ast.GtE), (ast.GtE, ast.Gt)}
NEIGHBOURS = """
    mean sum median prod | max min mean | maximum minimum | exp expm1 exp2 | log log2 log1p log10 | zeros ones |
    zeros_like ones_like | std var | argmax argmin | any all | sqrt square abs | sin cos | tanh sinh | hstack vstack |
    floor ceil round | cumsum cumprod | normal uniform | standard_normal random | permutation arange | inf pi |
    array asarray | flip sort | logical_and logical_or | add subtract | int float bool | argsort sort | pad zeros_like
"""
OTHER_NAMES: dict[str, tuple[str, ...]] = {}
for _group in NEIGHBOURS.split("|"):
    for _one in _group.split():
        OTHER_NAMES[_one] = OTHER_NAMES.get(_one, ()) + tuple(other for other in _group.split() if other != _one)


@dataclass(frozen=True)
class Mutant:
    """A changed piece of code: the line and text of the change, all of the code, and what kind of input shows it."""

    line: int
    before: str
    after: str
    source: str
    family: Family = Family.NONE

    def __str__(self) -> str:
        return f"{self.before}  →  {self.after}"


def mutants(source: str) -> list[Mutant]:
    """Every mutant of `source` that differs from it and from the others.

    >>> [mutant.after for mutant in mutants("y = a @ b")][:5]
    ['pass', 'y = a * b', 'y = a', 'y = b', 'y = b @ a']
    """
    tree = ast.parse(source)
    drop_docstrings(tree)  # they take most of the time to write down, in every mutant
    seen = {ast.unparse(tree)}
    found = []
    for site in list(sites(tree)):
        old = site.node
        before = _excerpt(site)
        for family, new in _changes(old, site):
            site.put(new)
            try:
                text = ast.unparse(tree)
                compile(text, "<mutant>", "exec")
            except (SyntaxError, ValueError):
                continue
            finally:
                after = _excerpt(site)
                site.put(old)
            if text not in seen:
                seen.add(text)
                found.append(Mutant(getattr(old, "lineno", site.statement.lineno), before, after, text, family))
    return found


def _excerpt(site: Site) -> str:
    """The statement around a site as text, or what stands there alone if the statement has a body."""
    shown = site.node if isinstance(site.node, ast.stmt) or hasattr(site.statement, "body") else site.statement
    text = " ".join(ast.unparse(shown).split())
    return text if len(text) <= 90 else text[:89] + "…"


def _changes(node: ast.AST, site: Site) -> Iterator[tuple[Family, ast.AST]]:
    for new in _replacements(node, site):
        at_equality = (_operator(node), _operator(new)) in AT_EQUALITY
        yield Family.TIES if at_equality else Family.NONE, new
    yield from numerical_changes(node, site)


def _operator(node: ast.AST) -> type | None:
    """The type of a comparison's operator."""
    return type(node.ops[0]) if isinstance(node, ast.Compare) else None


def _replacements(node: ast.AST, site: Site) -> Iterator[ast.AST]:
    if isinstance(node, ast.stmt):
        yield from _statements(node, site)
    elif isinstance(node, ast.expr):
        maker = _MAKERS.get(type(node))
        if maker is not None:
            yield from maker(node, site)
        if site.field in ("value", "args", "elts") and not isinstance(site.holder, ast.Attribute | ast.Subscript):
            yield from _negated(node, site)
        yield from _transposed(node, site)
    elif isinstance(node, ast.comprehension):
        for number in range(len(node.ifs)):
            kept = [*node.ifs[:number], *node.ifs[number + 1 :]]
            yield ast.comprehension(node.target, node.iter, kept, node.is_async)


def _is_stored(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store)


def _negated(node: ast.expr, site: Site) -> Iterator[ast.expr]:
    simple = isinstance(node, ast.Name | ast.Call | ast.BinOp | ast.Subscript | ast.Attribute)
    if simple and not _is_stored(node):
        yield ast.UnaryOp(ast.USub(), node)


def _transposed(node: ast.expr, site: Site) -> Iterator[ast.expr]:
    is_value = isinstance(node, ast.Name | ast.Call | ast.Subscript) and not _is_stored(node)
    is_operand = isinstance(site.holder, ast.BinOp | ast.Call | ast.Return | ast.Tuple | ast.UnaryOp)
    if is_value and is_operand and site.field != "func":
        yield ast.Attribute(node, "T", ast.Load())
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value


def _operation(node: ast.BinOp, site: Site) -> Iterator[ast.expr]:
    for other in OTHER_OPERATORS.get(type(node.op), ()):
        yield ast.BinOp(node.left, other(), node.right)
    yield node.left
    yield node.right
    if not isinstance(node.op, ast.Add | ast.Mult):
        yield ast.BinOp(node.right, node.op, node.left)


def _unary(node: ast.UnaryOp, site: Site) -> Iterator[ast.expr]:
    yield node.operand


def _comparison(node: ast.Compare, site: Site) -> Iterator[ast.expr]:
    for other in OTHER_COMPARISONS[type(node.ops[0])]:
        yield ast.Compare(node.left, [other(), *node.ops[1:]], node.comparators)
    yield from (ast.Constant(True), ast.Constant(False))


def _boolean(node: ast.BoolOp, site: Site) -> Iterator[ast.expr]:
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    yield from node.values


def _constant(node: ast.Constant, site: Site) -> Iterator[ast.expr]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        small = isinstance(value, float) and 0 < abs(value) < 0.01
        others = [value * 1000, value / 1000, -value] if small else [value + 1, value - 1, -value, value * 2]
        yield from (ast.Constant(other) for other in [*others, 0, 1] if other != value)
    elif value in site.keys and isinstance(site.holder, ast.Subscript):
        yield from (ast.Constant(other) for other in site.keys if other != value)


def _name(node: ast.Name, site: Site) -> Iterator[ast.expr]:
    if not isinstance(node.ctx, ast.Load):
        return
    yield from (ast.Name(other, node.ctx) for other in OTHER_NAMES.get(node.id, ()) if node.id not in site.names)
    if node.id in site.names and site.field != "func":
        yield from (ast.Name(other, node.ctx) for other in site.names if other != node.id)


def _attribute(node: ast.Attribute, site: Site) -> Iterator[ast.expr]:
    for other in OTHER_NAMES.get(node.attr, ()):
        yield ast.Attribute(node.value, other, node.ctx)


def _call(node: ast.Call, site: Site) -> Iterator[ast.expr]:
    for number in range(len(node.keywords)):
        yield ast.Call(node.func, node.args, [*node.keywords[:number], *node.keywords[number + 1 :]])
    if isinstance(node.func, ast.Attribute) and not (isinstance(node.func.value, ast.Name) and _is_module(node.func)):
        yield node.func.value  # x.copy() → x
    yield from (argument for argument in node.args if not isinstance(argument, ast.Starred))  # np.abs(z) → z
    for args in _shuffled(node.args):
        yield ast.Call(node.func, args, node.keywords)
    if isinstance(node.func, ast.Name) and node.func.id == "range":
        last = node.args[-1]
        yield from (
            ast.Call(node.func, [*node.args[:-1], ast.BinOp(last, op, ast.Constant(1))], [])
            for op in (ast.Sub(), ast.Add())
        )
        if len(node.args) == 1:
            yield ast.Call(node.func, [ast.Constant(1), last], [])


def _is_module(function: ast.Attribute) -> bool:
    return isinstance(function.value, ast.Name) and function.value.id in ("np", "numpy", "math")


def _shuffled(items: list[ast.expr]) -> Iterator[list[ast.expr]]:
    """The list with two entries swapped, or one left out."""
    for i in range(len(items)):
        for j in range(i):
            swapped = list(items)
            swapped[i], swapped[j] = items[j], items[i]
            yield swapped
    if len(items) > 1:
        yield from ([*items[:i], *items[i + 1 :]] for i in range(len(items)))


def _sequence(node: ast.Tuple | ast.List, site: Site) -> Iterator[ast.expr]:
    for items in _shuffled(node.elts):
        yield type(node)(items, node.ctx)


def _slice(node: ast.Slice, site: Site) -> Iterator[ast.expr]:
    parts = (node.lower, node.upper, node.step)
    for number, part in enumerate(parts):
        if part is not None:
            yield ast.Slice(*(None if number == other else kept for other, kept in enumerate(parts)))


def _entry(node: ast.Subscript, site: Site) -> Iterator[ast.expr]:
    if not _is_stored(node):
        yield node.value


def _choice(node: ast.IfExp, site: Site) -> Iterator[ast.expr]:
    yield from (node.body, node.orelse, ast.IfExp(node.test, node.orelse, node.body))


_MAKERS: dict[type, Callable[[Any, Site], Iterator[ast.expr]]] = {
    ast.BinOp: _operation,
    ast.UnaryOp: _unary,
    ast.Compare: _comparison,
    ast.BoolOp: _boolean,
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.Tuple: _sequence,
    ast.List: _sequence,
    ast.Slice: _slice,
    ast.Subscript: _entry,
    ast.IfExp: _choice,
}


def _statements(node: ast.stmt, site: Site) -> Iterator[ast.stmt]:
    if isinstance(node, ast.FunctionDef) and isinstance(site.holder, ast.Module):
        return
    if not isinstance(node, ast.Return | ast.Pass):
        yield ast.Pass()
    if isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value, lineno=node.lineno)
        yield from (ast.AugAssign(node.target, op(), node.value) for op in OTHER_OPERATORS.get(type(node.op), ()))
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        yield from _assignments(node.targets[0], node.value)
    elif isinstance(node, ast.If | ast.While):
        yield from (type(node)(test, node.body, node.orelse) for test in (ast.Constant(False), _not(node.test)))
        if isinstance(node, ast.If):
            yield ast.If(ast.Constant(True), node.body, node.orelse)
    elif isinstance(node, ast.For):
        yield ast.For(node.target, node.iter, [*node.body, ast.Break()], node.orelse, lineno=node.lineno)
    elif isinstance(node, ast.Break | ast.Continue):
        yield ast.Continue() if isinstance(node, ast.Break) else ast.Break()
    if isinstance(node, ast.Expr | ast.Assign | ast.AugAssign) and isinstance(site.holder, ast.For | ast.While):
        yield ast.If(ast.Constant(True), [node, ast.Break()], [])


def _not(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)


def _assignments(target: ast.expr, value: ast.expr) -> Iterator[ast.stmt]:
    """x = x + e → x += e, which changes an array in place; x = e → x += e for entries."""
    if isinstance(target, ast.Subscript):
        yield ast.AugAssign(target, ast.Add(), value)
    if isinstance(target, ast.Name) and isinstance(value, ast.BinOp) and ast.unparse(value.left) == target.id:
        yield ast.AugAssign(target, value.op, value.right)
