"""Sweep a lesson: run the worker, apply the author's excuses, and lay out the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from grader.errors import BuildError
from grader.lessons.audit import Defect
from grader.lessons.excuses import DIMENSIONS, Excuse
from grader.lessons.mutation.judge import messages, start_worker
from grader.lessons.parser import Lesson
from grader.lessons.roles import Role

__all__ = ["Place", "Sweep", "sweep_lesson"]

PATIENCE = 300  # seconds without a word: all changes of one kind are tried in between
MARKS = {"covered": "✓", "inapplicable": "·", "excused": "○", "missing": "✗"}


@dataclass(frozen=True)
class Place:
    """An exercise and a dimension: "covered", "inapplicable", "excused" or "missing", and by what or why."""

    exercise: str
    dimension: str
    state: str
    why: str


@dataclass
class Sweep:
    """What was found for each exercise and dimension, and what is to be put right."""

    places: list[Place]
    defects: list[Defect]

    def counts(self) -> Counter[str]:
        """How many places are in each state."""
        return Counter(place.state for place in self.places)

    def __str__(self) -> str:
        names = list(dict.fromkeys(place.exercise for place in self.places))
        width = max(map(len, [*names, "exercise"]))
        lines = [f"{'exercise':<{width}}  " + "  ".join(DIMENSIONS)]
        for name in names:
            marks = {place.dimension: MARKS[place.state] for place in self.places if place.exercise == name}
            cells = (marks.get(dimension, " ").center(len(dimension)) for dimension in DIMENSIONS)
            lines.append(f"{name:<{width}}  " + "  ".join(cells).rstrip())
        counts = self.counts()
        legend = ", ".join(f"{mark} {state} ({counts[state]})" for state, mark in MARKS.items())
        lines.append(f"What the checks cover: {legend}")
        if len(names) == 1:
            lines += [f"  {item.dimension:<8} {MARKS[item.state]} {item.why}".rstrip() for item in self.places]
        return "\n".join(lines)


def sweep_lesson(
    lesson: Lesson, exercise: str = "", progress: Callable[[int, int], None] = lambda done, total: None
) -> Sweep:
    """The sweep of a lesson's exercises, in a process of its own but with no sandbox.

    Args:
        lesson: the lesson.
        exercise: the only exercise to sweep; "" for all.
        progress: called with how many places are done, and how many there are.

    Raises:
        BuildError: the lesson's code ended the process, or took too long.
    """
    found = _run(lesson, exercise, progress)
    excuses = [item for item in lesson.excuses if exercise in ("", item.exercise) or not item.exercise]
    places = [_excused(place, excuses) for place in found]
    return Sweep(places, [*_missing(lesson, places), *_idle(excuses, found, whole=not exercise)])


def _run(lesson: Lesson, exercise: str, progress: Callable[[int, int], None]) -> list[Place]:
    """What the worker finds, before excuses."""
    solved = sum(item.kind is Role.SOLUTION for item in lesson.exercises.values())
    total = len(DIMENSIONS) * (1 if exercise else solved)
    found: list[Place] = []
    with start_worker("grader.lessons.sweep.worker", str(lesson.path.resolve()), exercise) as worker:
        for message in messages(worker, lambda: PATIENCE):
            found.append(Place(**message))
            progress(len(found), total)
        code = worker.wait()
    if code:
        last = f" after {found[-1].exercise}, {found[-1].dimension}" if found else ""
        raise BuildError(f"the sweep ended with code {code}{last}", lesson.path)
    return found


def _excused(place: Place, excuses: list[Excuse]) -> Place:
    for excuse in excuses:
        if (
            place.state == "missing"
            and excuse.exercise in ("", place.exercise)
            and place.dimension in excuse.dimensions
        ):
            return replace(place, state="excused", why=excuse.reason)
    return place


def _missing(lesson: Lesson, places: list[Place]) -> Iterator[Defect]:
    for place in places:
        if place.state == "missing":
            cell = lesson.exercises[place.exercise].checks[-1]
            detail = f": {place.why}" if place.why else ""
            what = f"{place.dimension} ({DIMENSIONS[place.dimension]})"
            yield Defect(cell.path, cell.line, f"no check of {place.exercise} covers {what}{detail}")


def _idle(excuses: list[Excuse], found: list[Place], *, whole: bool) -> Iterator[Defect]:
    """The excuses that excuse nothing; of those for the whole lesson only if all of it was swept."""
    for excuse in excuses:
        if not excuse.exercise and not whole:
            continue
        for dimension in excuse.dimensions:
            places = [item for item in found if item.dimension == dimension and excuse.exercise in ("", item.exercise)]
            if all(item.state != "missing" for item in places):
                states = " and ".join(sorted({f"{item.state} ({item.why})" for item in places})[:2])
                owner = excuse.exercise or "the lesson"
                yield Defect(excuse.path, excuse.line, f"{owner} needs no excuse for {dimension}: it is {states}")
