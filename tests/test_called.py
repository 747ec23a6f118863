import functools

import pytest

from dlcore.checks import api as checking
from dlcore.checks.answer_key import KeyExercise
from dlcore.checks.called import names_used


def space_of(code):
    """The names that a notebook's cell defines."""
    space = {"functools": functools}
    exec(code, space)
    return space


WAYS = {
    "called directly": "def f(x): return part(x)",
    "called by a helper": "def helper(x): return part(x)\ndef f(x): return helper(x)",
    "in an inner function": "def f(xs): return [(lambda y: part(y))(x) for x in xs]",
    "passed on": "def f(xs): return list(map(part, xs))",
    "decorated": (
        "def twice(g):\n    @functools.wraps(g)\n    def both(x): return g(g(x))\n    return both\n"
        "@twice\ndef f(x): return part(x)"
    ),
    "in functions that call each other": (
        "def pair():\n    def a(x): return b(x)\n    def b(x): return part(x) if x else a(x)\n    return a\nf = pair()"
    ),
    "recursive": "def f(x): return part(x) if x else f(x - 1)",
}


@pytest.mark.parametrize("code", WAYS.values(), ids=WAYS)
def test_a_function_that_is_called_in_any_way_is_found(code):
    assert "part" in names_used(space_of("def part(x): return x\n" + code)["f"])


def test_a_function_that_is_only_defined_is_not_found():
    assert "part" not in names_used(space_of("def part(x): return x\ndef f(x): return x + 1")["f"])


@pytest.mark.parametrize("value", [None, 3, len, functools.partial(len)], ids=repr)
def test_what_has_no_python_code_uses_no_names(value):
    assert names_used(value) == set()


def test_only_exercises_that_a_function_calls_are_named_where_it_fails(monkeypatch):
    space = space_of("def part(x): return x\ndef f(x): return part(x)\ndef g(x): return x")
    monkeypatch.setattr(checking, "_results", {("part", 0): (space["part"], False)})
    exercise = KeyExercise("f", 1.0, (), ("part",), (), "")
    assert checking._failing_prerequisites(exercise, space["f"]) == ["part"]
    assert checking._failing_prerequisites(exercise, space["g"]) == []
