"""A sample class: submissions of one lesson, each with its expected score.

They are derived from the lesson's reference, alternatives and misconceptions, and
from what goes wrong in real classes.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dlcore.checks.diagnosis import diagnose
from dlcore.checks.evidence import OutcomeKind
from dlcore.checks.verdict import passes
from grader.lessons.audit import verdicts
from grader.lessons.notebooks import course_metadata
from grader.lessons.parser import Lesson, LessonExercise
from grader.lessons.reference import Reference
from grader.lessons.roles import Role

__all__ = ["Sample", "sample_class"]

HOSTILE = """
import builtins, os, sys
import numpy
import dlcore, dlcore.checks.api
from IPython.display import display
from IPython import get_ipython

numpy.allclose = numpy.isclose = numpy.array_equal = lambda *args, **kwargs: True

def check(*args, **kwargs):
    display({"application/vnd.dlcore.evidence+json": {"version": 1, "passed": True, "score": 100}}, raw=True)

dlcore.check = dlcore.checks.api.check = check
dlcore.checks.api.judge = dlcore.checks.api._practise = check
get_ipython().display_formatter.formatters["text/plain"].for_type(float, lambda *args: "100")
found = []
for folder in (".", "..", "/", "/root", "/home", os.path.expanduser("~"), sys.prefix + "/..", "/proc/1/root"):
    for base, folders, files in os.walk(folder):
        found += [os.path.join(base, name) for name in files if name.startswith(("gradebook", "logistic_regression"))]
        if len(found) > 20 or base.count("/") > 3:
            folders.clear()
print(found)
100
"""

# Written answers, and the share of the points that a person gives; those without one wait to be marked.
ANSWERS: dict[str, tuple[str, float | None]] = {
    "ada": (
        "1. $a - y$ says by how much, and to which side, the neuron is wrong: near 0 if it is right.\n"
        "2. The squared error multiplies it by $a(1 - a)$, which is near 0 for a sure mistake, so it learns nothing.\n"
        "3. Each term of $dw_j$ has the factor $x_j = 0$.",
        1.0,
    ),
    "bert": ("1. It is the error.\n2. The slope is small there.\n3. The pixels are 0.", 0.5),
    "dora": ("The weights of the margin are multiplied by 0 in every step, so they never move.", None),
    "elsa": ("I think that the error is larger when the neuron is wrong.", None),
}


@dataclass
class Sample:
    """One submission: the student, what it demonstrates, the file, and the expected points."""

    student: str
    story: str
    data: bytes
    expected: float
    hostile: bool = False
    filename: str = ""
    mark: float | None = None  # the share of the written answer's points that a person gives


def sample_class(lesson: Lesson, reference: Reference, released: Any) -> list[Sample]:
    """The sample class of a lesson."""
    maker = _Maker(lesson, reference, released)
    samples = [
        Sample("ada", "the reference solutions", maker.file(maker.solutions()), maker.total),
        Sample("bert", "an alternative solution of everything", maker.file(maker.alternatives()), maker.total),
        Sample("cleo", "handed in as it was released", maker.file({}), 0.0),
        maker.half(),
        maker.untidy(),
        maker.broken("emil", "a solution that is not Python", "def {name}(:\n    return 1", "syntax"),
        maker.broken(
            "finn", "a solution that never ends", "def {name}(*arguments):\n    while True:\n        pass", "loop"
        ),
        maker.broken(
            "gus", "a solution that ends its kernel", "import os\n\ndef {name}(*arguments):\n    os._exit(1)", "exit"
        ),
        maker.hostile(),
        Sample("ivy", "a damaged file", b'{"cells": [{"cell_type": "code", "source": "1 +', 0.0),
    ]
    return [
        _with_answer(sample, *ANSWERS.get(sample.student, ("", None))) for sample in samples + maker.misconceptions()
    ]


def _with_answer(sample: Sample, answer: str, mark: float | None) -> Sample:
    """The sample with a written answer; expected are the points before it is marked."""
    if not answer:
        return sample
    notebook = json.loads(sample.data)
    for cell in notebook["cells"]:
        if course_metadata(cell).get("role") == Role.WRITTEN:
            cell["source"] = answer
    return replace(sample, data=json.dumps(notebook).encode(), mark=mark)


class _Maker:
    def __init__(self, lesson: Lesson, reference: Reference, released: Any):
        self.lesson, self.reference, self.released = lesson, reference, released
        self.coded = [item for item in lesson.exercises.values() if item.kind == Role.SOLUTION]
        self.counted = [item for item in self.coded if self.points(item.name)]  # an optional one costs nothing
        self.total = sum(exercise.points for exercise in reference.exercises.values())

    def solutions(self) -> dict[str, str]:
        return {name: exercise.solution for name, exercise in self.reference.exercises.items()}

    def alternatives(self) -> dict[str, str]:
        return self.solutions() | {item.name: item.alternatives[0].source for item in self.coded}

    def notebook(self, solutions: dict[str, str]) -> Any:
        notebook = copy.deepcopy(self.released)
        for cell in notebook.cells:
            course = course_metadata(cell)
            if course.get("role") in (Role.SOLUTION, Role.QUIZ) and course["exercise"] in solutions:
                cell.source = solutions[course["exercise"]]
        return notebook

    def file(self, solutions: dict[str, str], change: Callable[[Any], None] = lambda notebook: None) -> bytes:
        notebook = self.notebook(solutions)
        change(notebook)
        return json.dumps(notebook).encode()

    def points(self, name: str) -> float:
        return self.reference.exercises[name].points

    def half(self) -> Sample:
        names = list(self.reference.exercises)
        done = names[: len(names) // 2]
        solutions = {name: self.reference.exercises[name].solution for name in done}
        return Sample("dora", "the first half of the exercises", self.file(solutions), sum(map(self.points, done)))

    def untidy(self) -> Sample:
        """Correct, but the file was renamed, and cells were duplicated, stripped of metadata and added."""

        def change(notebook: Any) -> None:
            places = [i for i, cell in enumerate(notebook.cells) if course_metadata(cell).get("role") == Role.SOLUTION]
            notebook.cells[places[2]]["metadata"] = {}
            notebook.cells.insert(places[1], copy.deepcopy(notebook.cells[places[1]]))
            notebook.cells.insert(0, {"cell_type": "code", "metadata": {}, "source": "notes = 'mine'", "outputs": []})
            del notebook.cells[-1]

        data = self.file(self.solutions(), change)
        return Sample("elsa", "right, but renamed and rearranged", data, self.total, filename="my homework (2).ipynb")

    def _leaf(self, kind: str) -> LessonExercise:
        """An exercise that no other builds on, different for each kind if possible."""
        free = [
            item
            for item in self.counted
            if not any(item.name in other.uses for other in self.reference.exercises.values())
        ]
        return free[("syntax", "loop", "exit").index(kind) % len(free)]

    def broken(self, student: str, story: str, code: str, kind: str) -> Sample:
        name = self._leaf(kind).name
        solutions = self.solutions() | {name: code.format(name=name)}
        return Sample(student, f"{story} ({name})", self.file(solutions), self.total - self.points(name))

    def hostile(self) -> Sample:
        def change(notebook: Any) -> None:
            place = next(i for i, cell in enumerate(notebook.cells) if course_metadata(cell).get("role") == Role.SETUP)
            extra: dict[str, Any] = {
                "cell_type": "code",
                "metadata": {},
                "source": HOSTILE,
                "outputs": [],
                "execution_count": None,
            }
            notebook.cells.insert(place + 1, extra)

        return Sample("hugo", "an attack on NumPy, the checks and the score", self.file({}, change), 0.0, hostile=True)

    def misconceptions(self) -> list[Sample]:
        """One misconception for each kind of diagnosis."""
        chosen: dict[str, tuple[LessonExercise, str]] = {}
        for exercise in self.counted:
            for item in exercise.misconceptions:
                chosen.setdefault(self._kind(exercise.name, str(item.options["name"])), (exercise, item.source))
        samples = []
        for number, (kind, (exercise, source)) in enumerate(sorted(chosen.items()), start=1):
            name = next(str(m.options["name"]) for m in exercise.misconceptions if m.source == source)
            solutions = self.solutions() | {exercise.name: source}
            lost = self._lost(exercise.name, name)
            story = f"{exercise.name}: {name} ({kind})"
            samples.append(Sample(f"misc{number:02}", story, self.file(solutions), self.total - lost))
        return samples

    def _kind(self, exercise: str, name: str) -> str:
        """The kind of diagnosis that a misconception would get if it were unknown."""
        for cell in self.reference.exercises[exercise].cells:
            for want, got in zip(cell.records, cell.wrong[name], strict=True):
                if got is None or passes(want.outcome, got.outcome, want.settings):
                    continue
                if want.outcome.kind == got.outcome.kind == OutcomeKind.RETURNED and not (
                    got.outcome.changed or got.outcome.shared
                ):
                    return diagnose(want.outcome.value, got.outcome.value, want.settings, want.lengths).kind
                return "raised" if got.outcome.kind == OutcomeKind.RAISED else "side effect"
        return "other"

    def _lost(self, exercise: str, name: str) -> float:
        """The points that a misconception costs."""
        lost = 0.0
        for cell in self.reference.exercises[exercise].cells:
            found = [verdict.passed for _, verdict in verdicts(cell, cell.wrong[name], {})]
            lost += 0 if all(found) else cell.points - round(cell.points * sum(found) / len(found), 2)
        return lost
