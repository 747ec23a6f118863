"""What is run and cached together to know what an exercise's reference and variants come to.

A unit is a list of steps: the reference's checks of one exercise, one variant, one
exercise's checks without the other exercises' functions, or those with a record of what
the other functions are given. Its digest covers what its evidence depends on, and nothing
else, so that a changed sentence runs nothing and a changed check only its own exercise.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dlcore
from grader.execution.steps import Part, Step, StepKey
from grader.lessons import delegation_trace
from grader.lessons.notebooks import own_code_cells
from grader.lessons.roles import Role
from grader.syntax import parse

__all__ = ["Checks", "NotebookCells", "Unit", "Variant", "base_digest", "package_sources", "units_of"]

CACHE_FORMAT = 4  # version of the cached evidence
GUARD = """
def _guard(exercise, names):
    import sys, types

    def codes(code):
        return {code}.union(*(codes(item) for item in code.co_consts if isinstance(item, types.CodeType)))

    own = codes(globals()[exercise].__code__) if hasattr(globals()[exercise], "__code__") else None

    def guarded(name, function):
        def call(*args, **kwargs):
            frame = sys._getframe(1)
            while own is not None and frame is not None:
                if frame.f_code in own:
                    return function(*args, **kwargs)
                frame = frame.f_back
            raise NameError(f"the check calls {name}")
        return call

    _guard.kept = {name: globals()[name] for name in names if isinstance(globals().get(name), types.FunctionType)}
    globals().update({name: guarded(name, function) for name, function in _guard.kept.items()})
"""
UNGUARD = "globals().update(_guard.kept)"


@dataclass(frozen=True)
class Variant:
    """A misconception or an alternative: another solution of an exercise."""

    kind: Role
    name: str
    source: str
    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Checks:
    """An exercise as far as running it goes.

    Attributes:
        name: its name.
        solution: its reference solution.
        cells: its check cells, by name: the source with all checks, and that with the visible ones.
        places: the file and line of each check cell's first line of code, by name.
        variants: its misconceptions and alternatives.
        needed: the exercises that it builds on.
    """

    name: str
    solution: str
    cells: Mapping[str, tuple[str, str]]
    places: Mapping[str, tuple[Path, int]]
    variants: tuple[Variant, ...] = ()
    needed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unit:
    """What is run and cached together: steps, and the digest of what their evidence depends on."""

    exercise: Checks
    steps: tuple[Step, ...]
    digest: str


def package_sources(folder: Path, leave_out: Sequence[str] = ()) -> list[tuple[str, bytes]]:
    """The Python files of a package, recursively, as sorted pairs of relative path and content.

    Args:
        folder: the package's folder.
        leave_out: subfolders that do not affect the digest's subject, such as widgets for evidence.
    """
    found = ((path.relative_to(folder), path) for path in folder.rglob("*.py"))
    return sorted((name.as_posix(), path.read_bytes()) for name, path in found if name.parts[0] not in leave_out)


class NotebookCells:
    """The notebook's own code cells, and which of them a piece of code needs."""

    def __init__(self, notebook: Any):
        self.steps = [(number, cell.source) for number, cell in own_code_cells(notebook)]
        roles = [cell.metadata.get("course", {}).get("role") for _, cell in own_code_cells(notebook)]
        # What has no exercise may do anything, for example set how NumPy warns: all code needs it.
        self.common = [source for (_, source), role in zip(self.steps, roles, strict=True) if role in ("setup", "code")]

    @cached_property
    def names(self) -> list[tuple[set[str], set[str]]]:
        """The names that each cell binds, and all that it mentions."""
        return [(_bound(source), _mentioned(source)) for _, source in self.steps]

    def needed(self, sources: Iterable[str]) -> list[str]:
        """The cells that code needs, directly or not, in order."""
        wanted = set[str]().union(*map(_mentioned, sources))
        found: set[int] = set()
        while True:
            more = {
                place
                for place, (bound, _) in enumerate(self.names)
                if place not in found and (bound & wanted or "" in wanted or self.steps[place][1] in self.common)
            }
            if not more:
                return [self.steps[place][1] for place in sorted(found)]
            found |= more
            wanted = wanted.union(*(self.names[place][1] for place in more))


@functools.cache
def _mentioned(source: str) -> set[str]:
    """The names in a source; with "" among them, which stands for all, if it is not plain Python."""
    tree = parse(source)
    return {""} if tree is None else {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


@functools.cache
def _bound(source: str) -> set[str]:
    """The names that a source may bind."""
    tree = parse(source)
    names = set() if tree is None else {node.name for node in ast.walk(tree) if hasattr(node, "name") and node.name}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
    return {str(name) for name in names}


def units_of(exercise: Checks, exercises: Sequence[Checks], cells: NotebookCells, base: Any) -> Iterator[Unit]:
    """Everything that is to be known of an exercise, as units."""
    checks = [text for sources in exercise.cells.values() for text in sources]

    def unit(steps: list[Step]) -> Unit:
        digest = base.copy()
        needed = cells.needed([exercise.solution, *checks, *(step.source for step in steps)])
        for text in (*needed, "", exercise.solution, *(f"{step.key} {step.source}" for step in steps)):
            digest.update(text.encode() + b"\0")
        return Unit(exercise, tuple(steps), digest.hexdigest()[:32])

    yield unit(
        [
            Step(StepKey(part, name), visible if part is Part.VISIBLE else source, replay=False)
            for part in (Part.VISIBLE, Part.ALL, Part.AGAIN)
            for name, (source, visible) in exercise.cells.items()
        ]
    )
    others = sorted(item.name for item in exercises if item is not exercise)
    guard = f"{GUARD}\n_guard({exercise.name!r}, {others!r})"
    yield unit(
        [
            Step(StepKey(Part.GUARDED, exercise.name), guard, replay=False),
            *(
                Step(StepKey(Part.GUARDED_CHECKS, name), text, replay=False)
                for name, (text, _) in exercise.cells.items()
            ),
            Step(StepKey(Part.UNGUARDED, exercise.name), UNGUARD, replay=False),
        ]
    )
    if exercise.needed:
        yield unit(_traced(exercise))
    for variant in exercise.variants:
        of = str(variant)
        yield unit(
            [
                Step(StepKey(Part.VARIANT, exercise.name, of), variant.source, replay=False),
                *(
                    Step(StepKey(Part.VARIANT_CHECKS, name, of), text, replay=False)
                    for name, (text, _) in exercise.cells.items()
                ),
                Step(StepKey(Part.VARIANT_UNDONE, exercise.name, of), exercise.solution),
            ]
        )


def _traced(exercise: Checks) -> list[Step]:
    """The steps that run an exercise's right solutions with a record of what they give to other exercises'."""
    name = exercise.name
    code = Path(delegation_trace.__file__).read_text()
    # In a namespace of its own, so that its names do not hide the notebook's.
    trace = f"_own = {{}}\nexec({code!r}, _own)\n"
    trace += f'_trace = _own["DelegationTrace"](globals(), {name!r}, {exercise.needed!r})'
    steps = [Step(StepKey(Part.TRACED, name, "prepared"), trace, replay=False)]
    right = {"": exercise.solution} | {str(x): x.source for x in exercise.variants if x.kind is Role.ALTERNATIVE}
    for of, source in right.items():
        steps.append(Step(StepKey(Part.TRACED, name, of), f"{source}\n_trace.install()", replay=False))
        steps += [
            Step(StepKey(Part.TRACED_CHECKS, cell, of), text, replay=False)
            for cell, (text, _) in exercise.cells.items()
        ]
    end = f"_trace.restore()\n{exercise.solution}\ncheck(_trace.delegates)"
    return [*steps, Step(StepKey(Part.DELEGATES, name), end, replay=False)]


def base_digest(files: dict[str, bytes]) -> Any:
    """A hash of what all evidence depends on: the support files, dlcore and the libraries' versions."""
    digest = hashlib.sha256()
    for name, data in sorted(files.items()):
        digest.update(name.encode() + b"\0" + data)
    for name, data in package_sources(Path(dlcore.__file__).parent, leave_out=("live", "widgets")):
        digest.update(name.encode() + b"\0" + data)
    digest.update(f"{CACHE_FORMAT} {sys.version} {version('numpy')} {version('ipykernel')}".encode())
    return digest
