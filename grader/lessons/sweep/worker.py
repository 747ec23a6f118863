"""Sweep the exercises of a lesson, in a process of its own.

Run as ``python -m grader.lessons.sweep.worker LESSON EXERCISE`` it prints a line of
JSON for each exercise and dimension; EXERCISE is a name, or "" for all.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path

import numpy as np

from grader.lessons.excuses import DIMENSIONS
from grader.lessons.mutation.bench import Bench, Stage
from grader.lessons.mutation.worker import enter, exercises_of
from grader.lessons.sweep.cases import Cases
from grader.lessons.sweep.dimensions import FINDERS


def main(path: Path, only: str) -> None:
    """Print what is found for each exercise and dimension of the lesson at `path`."""
    lesson, out = enter(path)
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        stage = Stage(lesson)
        for exercise in exercises_of(lesson, only):
            cases = Cases(Bench(stage, exercise))
            for dimension in DIMENSIONS:
                found = FINDERS[dimension](cases)
                line = {"exercise": exercise.name, "dimension": dimension, "state": found.state, "why": found.why}
                print(json.dumps(line), file=out)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2])
