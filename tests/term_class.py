"""A class over three weeks, made up: who is right, who is wrong in which way, and whose code does not run."""

from __future__ import annotations

import numpy as np

from grader.reports.outcomes import Failure, Outcome
from grader.reports.term_results import Term
from grader.reports.week_results import NOT_GRADED, NOTHING, ExerciseResult, StudentResult, WeekResults

EXERCISES = {
    "week1": {"to_column": 2.0, "sigmoid": 4.0, "cost": 4.0},
    "week2": {"forward": 4.0, "backward": 6.0},
    "week3": {"deep_forward": 4.0, "update": 4.0, "why": 2.0},
}
HINTS = {
    "week1": {("sigmoid", "sign"): "The exponent is `-z`, not `z`.", ("to_column", "row"): "You made a row."},
    "week2": {("forward", "sign"): "The exponent is `-z`.", ("backward", "uphill"): "The step goes uphill."},
    "week3": {("update", "uphill"): "The step goes uphill.", ("deep_forward", "shapes"): "The shapes do not fit."},
}
LOOP = Failure(Outcome.ENDLESS, "An endless loop, or far too slow: it took longer than 10 seconds in the checks.")
CRASH = Failure(Outcome.CRASH, "Its kernel was ended: it used more memory than it may in the checks.")
SYNTAX = Failure(Outcome.SYNTAX, "The cell is no Python, so nothing in it ran. SyntaxError: '(' was never closed")


def made_up_term(students: int = 24) -> Term:
    """The class; student 0 is right everywhere, and the last hands in nothing."""
    rng = np.random.default_rng(0)
    ability = rng.normal(size=students)
    weeks = [_week(week, ability, np.random.default_rng(number)) for number, week in enumerate(EXERCISES)]
    return Term(weeks, HINTS, ["week4"])


def _week(week: str, ability: np.ndarray, rng: np.random.Generator) -> WeekResults:
    exercises, most = EXERCISES[week], sum(EXERCISES[week].values())
    found = []
    for number, level in enumerate(ability):
        student = StudentResult(f"s{number:02}", f"First{number}", f"Last{number}", 0.0, most, 0.0, "", False)
        student.section = ("A", "B", "<i>C</i>")[number % 3]
        found.append(student)
        if number == len(ability) - 1 or (week == "week3" and number == 5):
            student.note = NOTHING if number != 5 else NOT_GRADED
            continue
        for place, (name, points) in enumerate(exercises.items()):
            _attempt(student, week, name, points, number == 0 or rng.normal() < level - place + 1.2)
        student.score = sum(item.score or 0 for item in student.exercises.values())
        if number == 2:
            student.late_penalty, student.score = 1.0, max(0.0, student.score - 1)
    titles = {"week1": "Logistic regression", "week2": "A shallow network", "week3": "A deep network"}
    results = WeekResults(week, [titles[week]], dict(exercises), found, {*exercises} - {"why"})
    if week == "week2":
        for number, failure in ((3, LOOP), (4, LOOP), (6, LOOP), (7, LOOP), (8, LOOP), (9, CRASH), (10, SYNTAX)):
            student = found[number]
            student.misconceptions = [item for item in student.misconceptions if item[0] != "backward"]
            student.exercises["backward"].score, student.failures["backward"] = 0.0, failure
            student.score = sum(item.score or 0 for item in student.exercises.values())
    return results


def _attempt(student: StudentResult, week: str, name: str, points: float, right: bool) -> None:
    student.exercises[name] = ExerciseResult(name, points if right else 0.0, points)
    if name == "why":
        student.exercises[name].score = None if student.student.endswith("3") else points
    elif not right:
        known = [key for key in HINTS[week] if key[0] == name]
        student.misconceptions += known
        if not known and student.student.endswith("1"):
            student.unattempted.add(name)
