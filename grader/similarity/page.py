"""The page of pairs that are most alike, for instructors: solutions side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.batch.grade_week import graded_notebooks, graded_students
from grader.errors import GradingError
from grader.lessons.course import Course
from grader.lessons.notebooks import course_metadata, released_notebooks
from grader.lessons.roles import Role
from grader.similarity.identical import Identical, identical_groups
from grader.similarity.likeness import AlikePair, alike_pairs
from grader.similarity.normal_form import normal_form, normal_lines
from grader.syntax import has_placeholder
from grader.templating import pages
from grader.text import visible

__all__ = [
    "Solution",
    "Written",
    "identical_solutions",
    "known_solutions",
    "read_solutions",
    "similarity_page",
    "write_similarity",
]

COMMON = 0.25  # a line that a larger share of the class has is not marked
UNUSUAL = 0.2  # exercises in which more pairs than this are at least as alike are not shown
FIRST = 10  # pairs of which code is shown even if no exercise is unusually alike
SMALL = 20  # students; in a smaller class, the most alike of few pairs is no surprise
CLEAR = 0.5  # pairs that a class has by chance; beyond that, a pair says nothing


@dataclass(frozen=True)
class Solution:
    """What one student wrote for one exercise."""

    source: str
    is_code: bool


def read_solutions(course: Course, week: str) -> dict[str, dict[str, Solution]]:
    """What each graded student wrote, by exercise, without what is as it was released.

    Raises:
        GradingError: fewer than two students are graded.
    """
    course.need_week(week)
    released = {
        course_metadata(cell)["exercise"]: cell.source
        for notebook in released_notebooks(course.release / week).values()
        for cell in notebook.cells
        if course_metadata(cell).get("role") in (Role.SOLUTION, Role.WRITTEN)
    }
    students = graded_students(course, week)
    if len(students) < 2:
        raise GradingError(f"only one student is graded for {week}: there is nobody to compare with")
    return {student: dict(_solutions(course, week, student, released)) for student in students}


def _solutions(course: Course, week: str, student: str, released: Mapping[str, str]) -> Iterator[tuple[str, Solution]]:
    for notebook in graded_notebooks(course, week, student).values():
        for cell in notebook.cells:
            data = course_metadata(cell)
            name, source = data.get("exercise", ""), cell.source
            if name not in released or data.get("role") == Role.CHECK or source.strip() == released[name].strip():
                continue
            is_code = data["role"] == Role.SOLUTION
            if source.strip() and not (is_code and has_placeholder(source)):
                yield name, Solution(source, is_code)


@dataclass(frozen=True)
class Written:
    """What was written: how many were compared, the pairs that chance would hardly give, and who wrote the same."""

    students: int
    pairs: list[AlikePair]
    identical: list[Identical]

    @property
    def is_small(self) -> bool:
        """Whether hardly any pair can stand out, because there are few to compare it with."""
        return self.students < SMALL


def write_similarity(course: Course, week: str, output: Path, most: int = 30) -> Written:
    """Write the page, and return what is to be said about it."""
    solutions = read_solutions(course, week)
    identical = identical_solutions(solutions, known_solutions(course, week))
    page, pairs = similarity_page(week, solutions, most, identical)
    output.write_text(page, encoding="utf-8")
    return Written(len(solutions), [pair for pair in pairs if pair.by_chance < CLEAR], identical)


def known_solutions(course: Course, week: str) -> dict[str, set[str]]:
    """The course's own solutions of each exercise, alternatives included, in normal form."""
    lessons = (course.lesson(week, path.stem) for path in course.lessons(week))
    return {
        name: {normal_form(cell.source) for cell in (exercise.solution, *exercise.alternatives)}
        for lesson in lessons
        if lesson
        for name, exercise in lesson.exercises.items()
        if exercise.kind == Role.SOLUTION
    }


def identical_solutions(
    solutions: Mapping[str, Mapping[str, Solution]], known: Mapping[str, set[str]]
) -> list[Identical]:
    """Who wrote the same to the letter; `known` are the course's solutions in normal form, by exercise."""
    sources = {student: {name: item.source for name, item in work.items()} for student, work in solutions.items()}
    own = {
        student: frozenset(
            name
            for name, item in work.items()
            if normal_form(item.source, is_code=item.is_code) not in known.get(name, ())
        )
        for student, work in solutions.items()
    }
    return identical_groups(sources, own)


def similarity_page(
    week: str, solutions: Mapping[str, Mapping[str, Solution]], most: int, identical: Sequence[Identical] = ()
) -> tuple[str, list[AlikePair]]:
    """The page, and the pairs that are most alike, of which those are on the page that have something to show."""
    forms = {
        student: {name: normal_form(item.source, is_code=item.is_code) for name, item in work.items()}
        for student, work in solutions.items()
    }
    common = _common_lines(solutions)
    if len(solutions) < SMALL:  # where many pairs are equally alike, what few others wrote comes first
        every = alike_pairs(forms, SMALL**2)
        pairs = sorted(every, key=lambda pair: (-round(pair.surprise, 6), -_shared(pair, solutions, common)))[:most]
    else:
        pairs = alike_pairs(forms, most)
    shown = [_shown(pair, solutions, common, first=place < FIRST) for place, pair in enumerate(pairs)]
    template = pages().get_template("similarity.html.j2")
    page = template.render(
        week=week,
        students=len(solutions),
        identical=[
            {"students": ", ".join(map(visible, item.students)), "said": item.said, "own": item.own}
            for item in identical
        ],
        pairs=[pair for pair in shown if pair["exercises"]],
        clear=CLEAR,
        is_small=len(solutions) < SMALL,
    )
    return page, pairs


def _common_lines(solutions: Mapping[str, Mapping[str, Solution]]) -> set[tuple[str, str]]:
    """The exercises' lines, in normal form, that many have."""
    counts = Counter(
        (name, line)
        for work in solutions.values()
        for name, item in work.items()
        for line in set(normal_lines(item.source))
    )
    return {item for item, count in counts.items() if count > max(2, COMMON * len(solutions))}


def _shown(
    pair: AlikePair,
    solutions: Mapping[str, Mapping[str, Solution]],
    common: set[tuple[str, str]],
    *,
    first: bool,
) -> dict[str, Any]:
    """What the page says of a pair, its most unusual exercises first; of the first pairs always something."""
    exercises: list[dict[str, Any]] = []
    for name, rarity in sorted(pair.exercises.items(), key=lambda item: item[1]):
        sources = [solutions[student][name].source for student in (pair.first, pair.second)]
        sides = _marked(name, sources, common)
        exercises.append({"name": name, "rarity": rarity, "sides": sides, "shared": sum(mark for _, mark in sides[0])})
    unusual = [item for item in exercises if item["rarity"] <= UNUSUAL]
    # Where most of a class is right, all right solutions are as alike as two equal wrong ones: rare lines tell.
    more = [item for item in exercises if item not in unusual and item["shared"]] if first else []
    return {
        "first": visible(pair.first),
        "second": visible(pair.second),
        "by_chance": pair.by_chance,
        "solved": len(pair.exercises),
        "unusual": len(unusual),
        "more": len(more),
        "exercises": unusual + more or (exercises[:1] if first else []),
    }


def _shared(pair: AlikePair, solutions: Mapping[str, Mapping[str, Solution]], common: set[tuple[str, str]]) -> int:
    """In how many exercises a pair has lines in common that few others wrote."""
    first, second = solutions[pair.first], solutions[pair.second]
    sides = (_marked(name, [first[name].source, second[name].source], common)[0] for name in pair.exercises)
    return sum(any(mark for _, mark in side) for side in sides)


def _marked(name: str, sources: list[str], common: set[tuple[str, str]]) -> list[list[tuple[str, bool]]]:
    """Each side's lines, and whether the other side has the line and few others do."""
    normal = [normal_lines(source) for source in sources]
    both = {line for line in set(normal[0]) & set(normal[1]) if line and (name, line) not in common}
    return [
        [(visible(text), line in both) for text, line in zip(source.splitlines(), lines, strict=True)]
        for source, lines in zip(sources, normal, strict=True)
    ]
