"""Dimensions that show in what the checks catch: planted mistakes that only inputs of one kind give away."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from textwrap import shorten
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from grader.lessons.mutation.bench import Bench, Stage
from grader.lessons.mutation.numerics import Family
from grader.lessons.mutation.operators import Mutant, mutants
from grader.lessons.sweep.cases import Cases, Finding, covered, inapplicable, missing
from grader.lessons.sweep.naive import StandIn, numpy_with, stand_ins_for

__all__ = ["container", "draws", "huge", "ties", "tiny"]

LONGEST = 400  # characters of an input that shows a mistake
CARE = re.compile(r"overflow|warn", re.IGNORECASE)


def _family(cases: Cases, family: Family, otherwise: str) -> Finding:
    """Whether the checks catch all changes of a family that some input shows."""
    bench = cases.bench
    caught = []
    for mutant in _mutants_of(bench, family):
        verdict, why = bench.judge(mutant, bench.exercise.solution.source)
        if verdict == "survives":
            return missing(f"{mutant} passes; {shorten(why, LONGEST)}")
        if verdict == "caught":
            caught.append(f"{mutant.after}: “{why}”")
    return covered(caught[0]) if caught else inapplicable(otherwise)


def _mutants_of(bench: Bench, family: Family) -> Iterator[Mutant]:
    return (mutant for mutant in mutants(bench.exercise.solution.source) if mutant.family is family)


def tiny(cases: Cases) -> Finding:
    """Numbers so small that a stray ε shows."""
    return _family(cases, Family.TINY, "no ε would make a difference")


def ties(cases: Cases) -> Finding:
    """Equal entries where one is chosen, and entries exactly at a limit."""
    return _family(cases, Family.TIES, "nothing is chosen or compared, or it makes no difference")


def draws(cases: Cases) -> Finding:
    """Random entries that are independent of each other."""
    return _family(cases, Family.DRAWS, "nothing random is drawn")


def huge(cases: Cases) -> Finding:
    """Numbers with which a naive formula overflows or cancels."""
    bench, caught = cases.bench, []
    quiet = any(check.care["quiet"] for check in bench.checks) or bool(CARE.search(cases.doc))
    for name, stand_in, place in _places(bench):
        if stand_in.only_warns and not quiet:
            continue
        verdict, why = bench.passed_or_not(place)
        if verdict == "passes":
            return missing(f"{stand_in.text} in the place of {name} passes")
        caught.append(f"{name} as {stand_in.text}: “{why}”")
    others = _family(cases, Family.HUGE, "no formula that overflows or cancels is known for it")
    if others.state == "missing" or not caught:
        return others
    return covered(caught[0])


def _places(bench: Bench) -> Iterator[tuple[str, StandIn, contextlib.AbstractContextManager[None]]]:
    """Each function that the solution is or calls and that has a naive form, with a way to put that in its place."""
    space = bench.stage.space
    names = _names_in(bench.reference.__code__) if hasattr(bench.reference, "__code__") else set()
    for name in sorted(names | {bench.exercise.name}):
        value = space.get(name)
        if isinstance(value, ModuleType) and value is not np:
            for inner in sorted(names & set(vars(value))):
                for stand_in in _forms(getattr(value, inner)):
                    yield f"{name}.{inner}", stand_in, _attribute(value, inner, stand_in.function)
        else:
            for stand_in in _forms(value):
                yield name, stand_in, _name(bench.stage, name, stand_in.function)
    if space.get("np") is np:
        for inner in sorted(names & {"tanh"}):
            for stand_in in stand_ins_for(getattr(np, inner)):
                other = numpy_with(**{inner: stand_in.function})
                yield f"np.{inner}", stand_in, _name(bench.stage, "np", other)


def _forms(value: Any) -> Iterator[StandIn]:
    if callable(value) and not isinstance(value, type):
        yield from stand_ins_for(value)


def _names_in(code: CodeType) -> set[str]:
    """The names of globals and attributes that a function uses, also within its inner functions."""
    inner = [_names_in(item) for item in code.co_consts if isinstance(item, CodeType)]
    return set(code.co_names).union(*inner)


@contextlib.contextmanager
def _name(stage: Stage, name: str, value: Any) -> Iterator[None]:
    with stage.with_code(""):
        stage.space[name] = value
        yield


@contextlib.contextmanager
def _attribute(module: ModuleType, name: str, value: Any) -> Iterator[None]:
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


def container(cases: Cases) -> Finding:
    """A tuple of whole numbers, where the docstring asks for one."""
    bench = cases.bench
    promised = "tuple" in cases.doc.split("Returns:")[-1].split(">>>")[0]
    if not promised or not any(_with_arrays(check.expected.value)[1] for check in cases.checks):
        return inapplicable("no tuple of whole numbers is asked for")

    def wrong(*args: Any, **kwargs: Any) -> Any:
        return _with_arrays(bench.reference(*args, **kwargs))[0]

    verdict, why = bench.passed_or_not(_name(bench.stage, bench.exercise.name, wrong))
    return missing("an array passes where a tuple is asked for") if verdict == "passes" else covered(f"“{why}”")


def _with_arrays(value: Any) -> tuple[Any, bool]:
    """A value with its tuples of whole numbers turned into arrays, and whether there are any."""
    if isinstance(value, tuple) and value and all(type(item) is int for item in value):
        return np.array(value), True
    if isinstance(value, dict):
        found = {key: _with_arrays(item) for key, item in value.items()}
        return {key: item for key, (item, _) in found.items()}, any(there for _, there in found.values())
    if type(value) in (list, tuple):
        items = [_with_arrays(item) for item in value]
        return type(value)(item for item, _ in items), any(there for _, there in items)
    return value, False
