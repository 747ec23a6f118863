"""All that says whether a lesson is right: ``python -m grader check``."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import combinations
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from grader.errors import BuildError
from grader.lessons.audit import Defect
from grader.lessons.build import compose_lesson
from grader.lessons.course import Course
from grader.lessons.duration import misjudged
from grader.lessons.findings import LessonCheck
from grader.lessons.finished import run_finished
from grader.lessons.formulas import why_no_formulas
from grader.lessons.given_away import answers_given_away, held_by_students
from grader.lessons.mutation import judge_lesson
from grader.lessons.names import shared_names
from grader.lessons.notebooks import support_files
from grader.lessons.parser import Lesson, read_lesson
from grader.lessons.prose import conspicuous_answers, external_links, incomplete, prose_defects
from grader.lessons.reference import Reference, ReferenceExercise
from grader.lessons.roles import Role
from grader.lessons.sweep import sweep_lesson

__all__ = ["LessonCheck", "check_lesson", "find_lessons"]

PICTURES, WIDGETS = 3, 2
SECONDS, GRADED_SECONDS = 60, 10
LINK_SECONDS = 20
STAGES = ("text", "checks", "notebook", "links", "sweep", "mutants")

Progress = Callable[[str, int, int], None]


def find_lessons(course: Course, which: str) -> list[Path]:
    """The files of `week1`, `week1/lesson` or, if empty, of all lessons; raises BuildError if there are none."""
    week, _, name = which.strip("/").removeprefix("course/").removesuffix(".md").partition("/")
    weeks = [week] if week else course.weeks()
    found = [path for item in weeks for path in course.lessons(item) if name in ("", path.stem)]
    if not found:
        known = ", ".join(f"{item}/{path.stem}" for item in course.weeks() for path in course.lessons(item)) or "none"
        raise BuildError(f"no lesson is called {which}; there are: {known}")
    return found


def check_lesson(
    course: Course,
    path: Path,
    *,
    exercise: str = "",
    fast: bool = False,
    links: bool = False,
    progress: Progress = lambda stage, done, total: None,
) -> LessonCheck:
    """What is to be said about a lesson.

    Args:
        course: the course.
        path: the lesson's file.
        exercise: the only exercise to look at; "" for all and the lesson around them.
        fast: whether to leave out the mutants and the finished notebook.
        links: whether to ask for each web address in the text.
        progress: called with a stage of STAGES, how much of it is done, and how much there is.

    Raises:
        BuildError: the lesson cannot be read, has no such exercise, or does not run.
    """
    lesson = read_lesson(path)
    if exercise and exercise not in lesson.exercises:
        raise BuildError(f"there is no exercise {exercise}; there are: {', '.join(lesson.exercises)}", path)
    whole = not exercise
    can_be_swept = whole or lesson.exercises[exercise].kind is Role.SOLUTION
    wanted = {
        "text": whole,
        "checks": True,
        "notebook": whole and not fast,
        "links": links,
        "sweep": can_be_swept,
        "mutants": can_be_swept and not fast,
    }
    with tempfile.TemporaryDirectory() as temporary:
        stages = _Stages(course, lesson, exercise, Path(temporary) / lesson.week, progress)
        for name in STAGES:
            if wanted[name]:
                stages.run(name)
    return stages.found


class _Stages:
    """The stages of one lesson's check, each a method, and what they found."""

    def __init__(self, course: Course, lesson: Lesson, exercise: str, folder: Path, progress: Progress):
        self.course, self.lesson, self.exercise, self.folder, self.progress = course, lesson, exercise, folder, progress
        self.found = LessonCheck(f"{lesson.week}/{lesson.name}")
        self.reference: Reference | None = None
        folder.mkdir()
        for name, data in support_files(lesson.path.parent).items():
            (folder / name).write_bytes(data)

    def run(self, name: str) -> None:
        begun = time.monotonic()
        self.progress(name, 0, 1)
        getattr(self, name)()
        self.found.seconds[name] = time.monotonic() - begun
        self.progress(name, 1, 1)

    def text(self) -> None:
        lesson, found = self.lesson, self.found
        found.defects += prose_defects(lesson, self.course.cache / "formulas.json")
        found.defects += shared_names(lesson.cells)
        found.defects += answers_given_away(lesson, held_by_students(self.course.release, lesson))
        self._report_missing(*incomplete(lesson))
        if lesson.is_draft and not found.notes:
            found.notes.append("a draft, and complete: delete `draft: true` from the header")
        found.notes += [*conspicuous_answers(lesson), *filter(None, [misjudged(lesson)])]
        reason = why_no_formulas()
        found.notes += [f"formulas were not looked at: {reason}"] if reason else []

    def _report_missing(self, *missing: Defect) -> None:
        """Report what a lesson has to have, which in a draft is no defect."""
        self.found.defects += [] if self.lesson.is_draft else missing
        self.found.notes += [f"a draft: {item}" for item in missing] if self.lesson.is_draft else []

    def checks(self) -> None:
        made, rows, defects = compose_lesson(self.lesson, self.folder, self.course.cache / "reference")
        self.reference = made
        found, only = self.found, self.exercise
        found.rows += [row for row in rows if only in ("", row.exercise)]
        found.defects += [item for item in defects if not only or _belongs(item, self.lesson, only)]
        for item in made.exercises.values():
            found.notes += _alike(item) if only in ("", item.name) else []

    def notebook(self) -> None:
        assert self.reference is not None
        run = run_finished(self.reference, self.lesson, self.folder, self.course.cache)
        self.found.finished = run
        self.found.defects += run.defects
        pictures, widgets = _count(len(run.figures), "picture"), _count(len(run.panels), "widget")
        if len(run.figures) < PICTURES or len(run.panels) < WIDGETS:
            text = f"it has {pictures} and {widgets}, not {PICTURES} and {WIDGETS}"
            self._report_missing(Defect(self.lesson.path, 1, text))
        timed = f"{run.seconds:.0f} s, of which graded cells {run.graded_seconds:.1f} s"
        slow = run.seconds > SECONDS or run.graded_seconds > GRADED_SECONDS
        limit = f" (at most {SECONDS} s and {GRADED_SECONDS} s on two cores)" if slow else ""
        self.found.notes.append(f"the finished notebook: {pictures}, {widgets}, {timed}{limit}")

    def links(self) -> None:
        self.found.defects += _dead_links(self.lesson)

    def sweep(self) -> None:
        swept = sweep_lesson(self.lesson, self.exercise, partial(self.progress, "sweep"))
        self.found.sweep = swept
        self.found.defects += swept.defects

    def mutants(self) -> None:
        self.found.mutants = judge_lesson(
            self.lesson.path, "references", self.exercise, partial(self.progress, "mutants")
        )


def _belongs(defect: Defect, lesson: Lesson, name: str) -> bool:
    """Whether a defect stands in a cell or a variant of an exercise."""
    item = lesson.exercises[name]
    cells = (item.solution, *item.checks, *item.misconceptions, *item.alternatives)
    return any(
        cell.path == defect.path and cell.line <= defect.line <= cell.line_of(1) + cell.source.count("\n")
        for cell in cells
    )


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def _alike(exercise: ReferenceExercise) -> Iterator[str]:
    """Pairs of misconceptions that no check tells apart."""
    names = sorted({name for cell in exercise.cells for name in cell.wrong})
    results = {
        name: [
            None if record is None else {**record.form["outcome"], "seconds": 0}
            for cell in exercise.cells
            for record in cell.wrong.get(name, ())
        ]
        for name in names
    }
    for first, second in combinations(names, 2):
        if results[first] == results[second]:
            yield f"{exercise.name}: no check tells the misconceptions {first} and {second} apart"


def _dead_links(lesson: Lesson) -> Sequence[Defect]:
    """The web addresses that do not answer."""
    links = external_links(lesson)
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(_problem_of, [target for _, _, target in links])
        return [
            Defect(cell.path, line, f"the link {target} is dead: {problem}")
            for (cell, line, target), problem in zip(links, answers, strict=True)
            if problem
        ]


def _problem_of(address: str) -> str:
    request = Request(address, method="HEAD", headers={"User-Agent": "Mozilla/5.0 (link check)"})
    try:
        with urlopen(request, timeout=LINK_SECONDS):
            return ""
    except HTTPError as problem:
        return "" if problem.code in (403, 405, 429) else f"{problem.code} {problem.reason}"  # there, but not for us
    except (URLError, OSError, ValueError) as problem:
        return str(getattr(problem, "reason", problem))
