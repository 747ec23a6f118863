"""Judge mutants, one after the other, in a process of its own.

Run as ``python -m grader.lessons.mutation.worker LESSON SKIP WHAT EXERCISE`` it prints
the number of mutants and then two lines of JSON a mutant, and leaves out the first
SKIP. WHAT is "references" or "all", which changes the alternatives, too; EXERCISE is a
name, or "" for all. Code that hangs or takes all memory takes
only this process down; `run` then starts another one.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from grader.lessons.mutation.bench import Bench, Stage
from grader.lessons.mutation.operators import Mutant, mutants
from grader.lessons.parser import Lesson, LessonExercise, read_lesson
from grader.lessons.roles import Role

__all__ = ["enter", "exercises_of"]

MEMORY = 4_000_000_000


def enter(path: Path) -> tuple[Lesson, TextIO]:
    """The lesson at `path` and a stream for lines of JSON; this process becomes one that may run the lesson's code."""
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.chdir(path.parent)
    sys.path.insert(0, str(path.parent))
    return read_lesson(path), out


def exercises_of(lesson: Lesson, only: str) -> list[LessonExercise]:
    """The exercises with a solution, or the one that is called `only`."""
    return [item for item in lesson.exercises.values() if item.kind is Role.SOLUTION and only in ("", item.name)]


def main(path: Path, skip: int, what: str, only: str) -> None:
    """Judge the mutants of the lesson at `path` and print what becomes of each."""
    lesson, out = enter(path)
    all_mutants = [(exercise, list(_all_mutants(exercise, what))) for exercise in exercises_of(lesson, only)]
    print(json.dumps({"total": sum(len(some) for _, some in all_mutants)}), file=out)
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        stage, number = Stage(lesson), 0
        for exercise, some in all_mutants:
            bench = Bench(stage, exercise)
            for name, mutant, original, place in some:
                number += 1
                if number <= skip:
                    continue
                print(json.dumps({"exercise": exercise.name, "mutant": name} | place), file=out)
                verdict, why = bench.judge(mutant, original)
                print(json.dumps({"verdict": verdict, "why": why}), file=out)


def _all_mutants(exercise: LessonExercise, what: str) -> Iterator[tuple[str, Mutant, str, dict[str, Any]]]:
    """Each mutant's name, the mutant, the code that it comes from, and where that stands."""
    for cell in (exercise.solution, *(exercise.alternatives if what == "all" else ())):
        prefix = f"{cell.options['name']}, " if "name" in cell.options else ""
        for mutant in mutants(cell.source):
            place = {"path": str(cell.path), "line": cell.line_of(mutant.line)}
            yield f"{prefix}{mutant}", mutant, cell.source, place


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]), sys.argv[3], sys.argv[4])
