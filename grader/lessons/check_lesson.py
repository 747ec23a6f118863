"""All that says whether a lesson is right: ``python -m grader check``."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from grader.errors import BuildError
from grader.lessons.audit import AuditRow, Defect
from grader.lessons.build import compose_lesson
from grader.lessons.course import Course
from grader.lessons.finished import FinishedRun, run_finished
from grader.lessons.formulas import why_no_formulas
from grader.lessons.given_away import answers_given_away, held_by_students
from grader.lessons.mutation import Report, judge_lesson
from grader.lessons.names import shared_names
from grader.lessons.parser import Lesson, read_lesson
from grader.lessons.prose import external_links, incomplete, prose_defects
from grader.lessons.reference import Reference, ReferenceExercise, support_files
from grader.lessons.roles import Role
from grader.lessons.sweep import Sweep, sweep_lesson

__all__ = ["LessonCheck", "check_lesson", "find_lessons"]

PICTURES, WIDGETS = 3, 2
SECONDS, GRADED_SECONDS = 60, 10
SURVIVORS = 0.01  # the share of wrong mutants that may pass all checks
LINK_SECONDS = 20
STAGES = ("text", "checks", "notebook", "links", "sweep", "mutants")

Progress = Callable[[str, int, int], None]


@dataclass
class LessonCheck:
    """What was found in one lesson.

    Attributes:
        name: week and name of the lesson.
        rows: the audit, exercise by exercise.
        defects: what has to be put right.
        notes: what is worth knowing.
        finished: the run of the finished notebook; None if it was not run.
        sweep: along which dimensions the checks' inputs vary.
        mutants: what became of the mutants; None if they were not judged.
        seconds: the time that each stage took.
    """

    name: str
    rows: list[AuditRow] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    finished: FinishedRun | None = None
    sweep: Sweep | None = None
    mutants: Report | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def is_right(self) -> bool:
        """Whether nothing has to be put right, and few enough mutants survive."""
        weak = self.mutants and len(self.mutants.survivors) > SURVIVORS * self.mutants.running
        return not self.defects and not weak

    def __str__(self) -> str:
        return "\n\n".join(filter(None, [self.name, self._table(), self._swept(), self._listing(), self._times()]))

    def _table(self) -> str:
        head = ["exercise", "points", "checks", "hidden", "caught", "by name", "accepted", "mutants", "survive"]
        lines = [head]
        for row in self.rows:
            results = [item for item in self.mutants.results if item.exercise == row.exercise] if self.mutants else []
            wrong = [item for item in results if item.verdict in ("caught", "survives")]
            left = sum(item.verdict == "survives" for item in results)
            lines.append(
                [
                    row.exercise,
                    f"{row.points:g}",
                    str(row.visible + row.hidden),
                    str(row.hidden),
                    f"{row.caught} of {row.misconceptions}",
                    str(row.named),
                    f"{row.accepted} of {row.alternatives}" if row.alternatives else "",
                    str(len(wrong)) if results else "",
                    str(left) if results else "",
                ]
            )
        widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
        columns = [[line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])] for line in lines]
        return "\n".join("  ".join(cells).rstrip() for cells in columns)

    def _swept(self) -> str:
        return str(self.sweep) if self.sweep and self.sweep.places else ""

    def _listing(self) -> str:
        parts = []
        if self.defects:
            parts.append("\n".join([f"To put right ({len(self.defects)}):", *(f"  {item}" for item in self.defects)]))
        survivors = self.mutants.survivors if self.mutants else []
        if survivors:
            text = ["Wrong solutions that pass all checks; an input like the one shown would tell them apart:"]
            for item in survivors:
                text += [f"  {item.path}:{item.line}: {item.exercise}, {item.mutant}", f"    {item.why}"]
            parts.append("\n".join(text))
        unnamed = [(row.exercise, name, said) for row in self.rows for name, said in row.unnamed.items()]
        if unnamed:
            text = ["Misconceptions that no visible check names, and what the student reads instead:"]
            text += [f"  {exercise}, {name}: {said}" for exercise, name, said in unnamed]
            parts.append("\n".join(text))
        if self.notes:
            parts.append("\n".join(["Worth knowing:", *(f"  {note}" for note in self.notes)]))
        left = len(survivors)
        if self.is_right:
            parts.append("Nothing to put right." + (f" ({left} surviving: few enough)" if left else ""))
        elif not self.defects:
            parts.append(f"To put right: {left} surviving, more than one in a hundred.")
        return "\n\n".join(parts)

    def _times(self) -> str:
        return "Time: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.seconds.items())


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
    found = LessonCheck(f"{lesson.week}/{lesson.name}")
    whole = not exercise

    def stage(name: str, work: Callable[[], None]) -> None:
        begun = time.monotonic()
        progress(name, 0, 1)
        work()
        found.seconds[name] = time.monotonic() - begun
        progress(name, 1, 1)

    def text() -> None:
        found.defects += prose_defects(lesson, course.cache / "formulas.json")
        found.defects += shared_names(lesson.cells)
        found.defects += answers_given_away(lesson, held_by_students(course.release, lesson))
        missing = incomplete(lesson)
        found.defects += [] if lesson.is_draft else missing
        found.notes += [f"a draft: {item}" for item in missing] if lesson.is_draft else []
        if lesson.is_draft and not missing:
            found.notes.append("a draft, and complete: delete `draft: true` from the header")
        reason = why_no_formulas()
        found.notes += [f"formulas were not looked at: {reason}"] if reason else []

    def mutants() -> None:
        found.mutants = judge_lesson(path, "references", exercise, lambda done, total: progress("mutants", done, total))

    def sweep() -> None:
        found.sweep = sweep_lesson(lesson, exercise, lambda done, total: progress("sweep", done, total))
        found.defects += found.sweep.defects

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / lesson.week
        folder.mkdir()
        for name, data in support_files(path.parent).items():
            (folder / name).write_bytes(data)
        reference: list[Reference] = []

        def checks() -> None:
            made, rows, defects = compose_lesson(lesson, folder, course.cache / "reference")
            reference.append(made)
            found.rows += [row for row in rows if exercise in ("", row.exercise)]
            found.defects += [item for item in defects if not exercise or _belongs(item, lesson, exercise)]
            for item in made.exercises.values():
                if exercise in ("", item.name):
                    found.notes += _alike(item)

        if whole:
            stage("text", text)
        stage("checks", checks)
        if whole and not fast:
            stage("notebook", lambda: _run_notebook(found, reference[0], lesson, folder))
        if links:
            stage("links", lambda: found.defects.extend(_dead_links(lesson)))
    if whole or lesson.exercises[exercise].kind is Role.SOLUTION:
        stage("sweep", sweep)
        if not fast:
            stage("mutants", mutants)
    return found


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


def _run_notebook(found: LessonCheck, reference: Reference, lesson: Lesson, folder: Path) -> None:
    run = found.finished = run_finished(reference.notebook, lesson, folder)
    found.defects += run.defects
    pictures, widgets = len(run.figures), len(run.panels)
    if pictures < PICTURES or widgets < WIDGETS:
        text = f"it has {_count(pictures, 'picture')} and {_count(widgets, 'widget')}, not {PICTURES} and {WIDGETS}"
        found.defects += [] if lesson.is_draft else [Defect(lesson.path, 1, text)]
        found.notes += [f"a draft: {text}"] if lesson.is_draft else []
    timed = f"{run.seconds:.0f} s, of which graded cells {run.graded_seconds:.1f} s"
    slow = run.seconds > SECONDS or run.graded_seconds > GRADED_SECONDS
    limit = f" (at most {SECONDS} s and {GRADED_SECONDS} s on two cores)" if slow else ""
    found.notes.append(
        f"the finished notebook: {_count(pictures, 'picture')}, {_count(widgets, 'widget')}, {timed}{limit}"
    )


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
