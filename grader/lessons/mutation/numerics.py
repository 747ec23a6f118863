"""Changes of a formula that are right on paper: another type, a moved ε, a naive form, a draw that is not independent.

Each change belongs to a family, by which `grader.lessons.sweep` finds those that
only very large, very small, equal or repeatedly drawn numbers show.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import StrEnum

from grader.lessons.mutation.sites import Site

__all__ = ["Family", "numerical_changes"]

EPS = "1e-08"
BUFFERS = ("zeros", "ones", "empty", "full", "eye", "identity")
LIKE = ("zeros_like", "ones_like", "empty_like", "full_like")
SUMS = ("sum", "prod", "cumsum")
DRAWS = ("random", "normal", "standard_normal", "uniform", "integers")
NAIVE = {
    "tanh": "(({m}.exp({0}) - {m}.exp(-({0}))) / ({m}.exp({0}) + {m}.exp(-({0}))))",
    "logaddexp": "{m}.log({m}.exp({0}) + {m}.exp({1}))",
    "log1p": "{m}.log(1 + {0})",
    "expm1": "({m}.exp({0}) - 1)",
}

Changes = Iterator[tuple["Family", ast.expr]]


class Family(StrEnum):
    """What kind of input shows a change; NONE for those that nearly any input shows."""

    NONE = ""
    HUGE = "huge"
    TINY = "tiny"
    TIES = "ties"
    DRAWS = "draws"


def numerical_changes(node: ast.AST, site: Site) -> Changes:
    """The changes of one expression, each with its family.

    Args:
        node: the expression that stands at the site.
        site: where it stands.
    """
    if isinstance(node, ast.Call):
        yield from _buffers(node, site)
        yield from _sums(node)
        yield from _naive(node)
        yield from _roots(node)
        yield from _picks(node)
        yield from _draws(node)
        if _name(node) == "tuple" and len(node.args) == 1:
            yield from ((Family.NONE, _made(form, node.args[0])) for form in ("list({0})", "np.array({0})"))
    elif isinstance(node, ast.BinOp):
        yield from _quotients(node)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield from _counts(node)
    elif isinstance(node, ast.Tuple) and isinstance(site.holder, ast.Return):
        yield Family.NONE, _made("np.array({0})", node)


def _made(form: str, *parts: ast.expr, m: str = "np") -> ast.expr:
    """The expression that `form` makes of parts."""
    return ast.parse(form.format(*map(ast.unparse, parts), m=m), mode="eval").body


def _name(call: ast.Call) -> str:
    """The last name of what is called: sum for np.sum(x), x.sum() and sum(x)."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _module(call: ast.Call) -> str:
    """np, if the call is one of NumPy's functions, else nothing."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return owner.id if isinstance(owner, ast.Name) and owner.id in ("np", "numpy") else ""


def _with_dtype(call: ast.Call, dtype: str) -> ast.expr:
    others = [item for item in call.keywords if item.arg != "dtype"]
    return ast.Call(call.func, call.args, [*others, ast.keyword("dtype", ast.parse(dtype, mode="eval").body)])


def _buffers(call: ast.Call, site: Site) -> Changes:
    """np.zeros(s) → np.zeros(s, dtype=X.dtype), np.zeros_like(X); .astype(int) → .astype(np.uint8)."""
    if _name(call) == "astype" and call.args:
        yield Family.NONE, ast.Call(call.func, [_made("np.uint8"), *call.args[1:]], call.keywords)
    if _name(call) not in BUFFERS + LIKE or not _module(call):
        return
    types = ["int", *(f"{name}.dtype" for name in site.arguments)]
    if any(item.arg == "dtype" for item in call.keywords):
        types.append("np.uint8")
    yield from ((Family.NONE, _with_dtype(call, name)) for name in types)
    if _name(call) == "zeros":
        yield from ((Family.NONE, _made("np.zeros_like({0})", ast.Name(name))) for name in site.arguments)


def _sums(call: ast.Call) -> Changes:
    """np.sum(x) → np.sum(x, dtype=x.dtype), and x.sum() likewise."""
    if _name(call) not in SUMS or not isinstance(call.func, ast.Attribute):
        return
    summed = call.args[0] if _module(call) and call.args else call.func.value
    yield Family.NONE, _with_dtype(call, f"np.asarray({ast.unparse(summed)}).dtype")
    if isinstance(summed, ast.Compare):
        yield Family.NONE, _with_dtype(call, "np.uint8")


def _naive(call: ast.Call) -> Changes:
    """np.tanh, np.logaddexp, np.log1p, np.expm1, np.var and np.std by the formulas that overflow or cancel."""
    name, module = _name(call), _module(call)
    if module and name in NAIVE and not call.keywords and f"{{{len(call.args) - 1}}}" in NAIVE[name]:
        yield Family.HUGE, _made(NAIVE[name], *call.args, m=module)
    if name in ("var", "std") and isinstance(call.func, ast.Attribute):
        data, rest = (call.args[0], call.args[1:]) if module and call.args else (call.func.value, call.args)
        if not module or call.args:
            more = "".join(f", {ast.unparse(item)}" for item in [*rest, *call.keywords])
            form = f"(np.mean(({{0}}) ** 2{more}) - np.mean({{0}}{more}) ** 2)"
            yield Family.HUGE, _made(form if name == "var" else f"np.sqrt{form}", data)


def _is_eps(node: ast.expr) -> bool:
    """Whether a summand is a small number: a literal, or a variable that is called so."""
    if isinstance(node, ast.Name):
        return node.id.startswith("eps")
    return isinstance(node, ast.Constant) and isinstance(node.value, float) and 0 < node.value < 0.01


def _roots(call: ast.Call) -> Changes:
    """√(v + ε) → √v + ε; √v → √(v + ε); log a → log(a + ε)."""
    if _name(call) not in ("sqrt", "log") or len(call.args) != 1:
        return
    function, inner = ast.unparse(call.func), call.args[0]
    if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add) and _is_eps(inner.right):
        yield Family.TINY, _made(f"({function}({{0}}) + {{1}})", inner.left, inner.right)
    else:
        yield Family.TINY, _made(f"{function}({{0}} + {EPS})", inner)


def _quotients(node: ast.BinOp) -> Changes:
    """a / b → a / (b + ε); √v + ε → √(v + ε)."""
    if isinstance(node.op, ast.Div) and not isinstance(node.right, ast.Constant):
        yield Family.TINY, _made(f"({{0}}) / (({{1}}) + {EPS})", node.left, node.right)
    root = isinstance(node.left, ast.Call) and _name(node.left) == "sqrt"
    if root and isinstance(node.left, ast.Call) and isinstance(node.op, ast.Add) and _is_eps(node.right):
        yield Family.TINY, _made(f"{ast.unparse(node.left.func)}(({{0}}) + {{1}})", node.left.args[0], node.right)


def _picks(call: ast.Call) -> Changes:
    """The first of equal ones → the last: argmax, argmin, and max, min and sorted with a key."""
    if _name(call) in ("argmax", "argmin") and isinstance(call.func, ast.Attribute):
        data = call.args[0] if _module(call) and call.args else call.func.value
        axes = [item.value for item in call.keywords if item.arg == "axis"]
        axes += call.args[1:] if _module(call) else call.args
        name = _name(call)
        if axes:
            form = f"(np.shape({{0}})[{{1}}] - 1 - np.{name}(np.flip({{0}}, {{1}}), axis={{1}}))"
            yield Family.TIES, _made(form, data, axes[0])
        else:
            yield Family.TIES, _made(f"(np.size({{0}}) - 1 - np.{name}(np.ravel({{0}})[::-1]))", data)
    keyed = any(item.arg == "key" for item in call.keywords)
    if isinstance(call.func, ast.Name) and call.func.id in ("max", "min", "sorted") and keyed and len(call.args) == 1:
        yield Family.TIES, ast.Call(call.func, [_made("list({0})[::-1]", call.args[0])], call.keywords)


def _draws(call: ast.Call) -> Changes:
    """One row, or one column, drawn and repeated."""
    if _name(call) in DRAWS and isinstance(call.func, ast.Attribute) and not _module(call):
        for part in ("x[:1]", "x[..., :1]"):
            yield Family.DRAWS, _made(f"(lambda x: x - x + {part} if np.ndim(x) else x)({{0}})", call)


def _counts(node: ast.Compare) -> Changes:
    """rng.random(s) < p → a mask in which exactly so many entries are True."""
    draw = node.left
    if isinstance(draw, ast.Call) and _name(draw) == "random" and isinstance(draw.func, ast.Attribute) and draw.args:
        operator = {ast.Lt: "<", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">="}.get(type(node.ops[0]))
        if operator:
            order = "{0}.permutation(np.prod({1}, dtype=int)).reshape({1})"
            form = f"({order} {operator} np.rint(({{2}}) * np.prod({{1}})))"
            yield Family.DRAWS, _made(form, draw.func.value, draw.args[0], node.comparators[0])
