"""A class for a term: what each student hands in, when, and what it is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from grader.lessons.reference import Reference, ReferenceExercise

__all__ = ["DAY", "GRACE", "HandIn", "Student", "Week", "class_of", "penalty"]

DAY, GRACE = timedelta(days=1), timedelta(minutes=15)
EXTENSION = timedelta(days=3)
FIRST = ("Ada", "Bela", "Chen", "Dora", "Emre", "Fatou", "Goro", "Hana", "Ivo", "Jun", "Kofi", "Lena")
LAST = ("Adler", "Brandt", "Costa", "Duarte", "Eriksen", "Fischer", "Grimaldi", "Hoang", "Ito", "Jansen")
PER_DAY, AT_MOST = 0.1, 0.5  # of what was earned


@dataclass
class Week:
    """A week of the term: its lesson's reference, with alternatives, and when it is due."""

    name: str
    lesson: str
    reference: Reference
    alternatives: dict[str, list[str]]
    wrong: dict[str, dict[str, str]]
    written: str
    written_points: float
    due: datetime


@dataclass
class HandIn:
    """What one student hands in for a week, and what each exercise is worth.

    Attributes:
        solutions: the code of each exercise that is not left as released.
        points: of each exercise that gives any, by the automatic checks.
        misconceptions: those of them that hold one, and its name.
        answer: the written answer, "" if there is none.
        mark: what a person gives for it; None while nobody has.
        draft: the exercises of a first, incomplete hand-in; empty if there was none.
        at_least: those with a misconception that build on another wrong one: two mistakes may cancel, and what
            then comes out right is right.
    """

    submitted: datetime
    solutions: dict[str, str] = field(default_factory=dict)
    points: dict[str, float] = field(default_factory=dict)
    misconceptions: dict[str, str] = field(default_factory=dict)
    answer: str = ""
    mark: float | None = None
    draft: list[str] = field(default_factory=list)
    at_least: list[str] = field(default_factory=list)

    @property
    def earned(self) -> float:
        return sum(self.points.values()) + (self.mark or 0)


@dataclass
class Student:
    """A student: the roster's row, and what was handed in for each week, which may be nothing."""

    id: str
    first: str
    last: str
    section: str
    weeks: dict[str, HandIn] = field(default_factory=dict)
    extended: set[str] = field(default_factory=set)


def class_of(number: int, weeks: list[Week], seed: int = 0) -> list[Student]:
    """A class of `number` students, the same for the same seed."""
    rng = np.random.default_rng(seed)
    students = [_student(place, weeks, rng) for place in range(number)]
    for place, week in enumerate(weeks):  # of each kind at least one, however small the class
        students[place].weeks.pop(week.name, None)
    return students


def penalty(student: Student, week: Week) -> float:
    """What lateness costs: a tenth of what was earned for each day begun after the due date, at most a half."""
    found = student.weeks[week.name]
    late = found.submitted - (week.due + (EXTENSION if week.name in student.extended else timedelta()))
    if late <= GRACE:
        return 0.0
    return found.earned * min(AT_MOST, PER_DAY * math.ceil(late / DAY))


def _student(place: int, weeks: list[Week], rng: np.random.Generator) -> Student:
    student = Student(
        f"s{place + 1:03}",
        FIRST[place % len(FIRST)],
        LAST[place // len(FIRST) % len(LAST)],
        "AB"[place % 2],
    )
    ability = rng.beta(4, 1.5)
    for week in weeks:
        if rng.random() < 0.12:
            student.extended.add(week.name)
        if rng.random() < 0.93:
            student.weeks[week.name] = _hand_in(week, ability, rng)
    return student


def _hand_in(week: Week, ability: float, rng: np.random.Generator) -> HandIn:
    hours = -rng.exponential(30) if rng.random() < 0.7 else rng.exponential(40)
    found = HandIn((week.due + timedelta(hours=float(hours))).replace(microsecond=0))
    for name, exercise in week.reference.exercises.items():
        wrong = [item for item in week.wrong.get(name, {}) if item in exercise.hints]
        if rng.random() < ability:
            found.solutions[name] = str(rng.choice([exercise.solution, *week.alternatives.get(name, [])]))
            found.points[name] = exercise.points
        elif wrong and rng.random() < 0.8:
            found.misconceptions[name] = str(rng.choice(wrong))
            found.solutions[name] = week.wrong[name][found.misconceptions[name]]
            found.points[name] = _worth(exercise, found.misconceptions[name])
        else:
            found.points[name] = 0.0
        if not exercise.points:  # optional: handed in, but in no column of the export and no row of the report
            del found.points[name]
            found.misconceptions.pop(name, None)
    for name in found.misconceptions:
        needed = [week.reference.exercises[item] for item in week.reference.needed(name)]
        if any(found.points.get(item.name, 0) < item.points for item in needed):
            found.at_least.append(name)
    if rng.random() < 0.8:
        found.answer = f"An answer of {int(rng.integers(20, 200))} words."
        if rng.random() < 0.9:
            found.mark = float(rng.integers(0, int(week.written_points) + 1))
    if rng.random() < 0.15:
        found.draft = [name for name in found.solutions if rng.random() < 0.5]
    return found


def _worth(exercise: ReferenceExercise, misconception: str) -> float:
    """What an exercise earns with a misconception: each check of a cell an equal share of its points."""
    earned = 0.0
    for cell in exercise.cells:
        records = cell.wrong[misconception]
        passed = [cell.passes(number, record) for number, record in enumerate(records)]
        earned += round(cell.points * sum(passed) / len(passed), 2)
    return earned
