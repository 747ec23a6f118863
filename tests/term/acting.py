"""Act a term out with the commands that an instructor types, and compare every number with what it must be."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat

from grader.lessons.course import Course
from grader.lessons.load_reference import load_reference
from grader.lessons.notebooks import course_metadata
from grader.reports.week_results import read_results
from tests.classroom import REPOSITORY, grader
from tests.term.sample_term import Student, Week, class_of, penalty

__all__ = ["Term"]

LESSONS = {"week1": "logistic_regression", "week2": "shallow_network", "week3": "deep_network"}
MONDAY = datetime(2026, 3, 9, 23, 59, tzinfo=UTC)
CHANGED, MORE = "accuracy", 2  # an exercise of week 1 that gets more points after it was graded
HALF_A_HUNDREDTH = 0.005 + 1e-9


class Term:
    """A course in a folder of its own, with a class.

    Args:
        folder: to be created.
        students: how many.
        weeks: how many of the three.
        seed: of what they hand in.
    """

    def __init__(self, folder: Path, students: int, weeks: int, seed: int = 0):
        self.course = _course(folder, list(LESSONS)[:weeks])
        self.weeks = [_week(self.course, name, place) for place, name in enumerate(list(LESSONS)[:weeks])]
        self.students = class_of(students, self.weeks, seed)

    def run(self, *arguments: str) -> str:
        """What a command says; raises AssertionError if it fails."""
        done = grader(self.course, *arguments)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def enrol(self) -> None:
        """Import the roster, and set the due dates and extensions."""
        rows = [
            (item.id, item.first, item.last, f"{item.id}@example.org", str(9000 + place), item.section)
            for place, item in enumerate(self.students)
        ]
        _write_csv(self.course.root / "class.csv", ["id first_name last_name email lms section".split(), *rows])
        lines = ['policy = "per day"', "percent_per_day = 10", "percent_at_most = 50", "grace_minutes = 15"]
        for week in self.weeks:
            lines += ["", f"[{week.name}]", f"due = {week.due.isoformat(sep=' ')}", f"[{week.name}.extensions]"]
            lines += [f'{item.id} = "3 days"' for item in self.students if week.name in item.extended]
        (self.course.root / "deadlines.toml").write_text("\n".join(lines), encoding="utf-8")
        self.run("roster", "class.csv")

    def collect_and_grade(self, week: Week) -> None:
        """Collect and grade what is handed in first, and what replaces some of it."""
        released = nbformat.read(self.course.release / week.name / f"{week.lesson}.ipynb", as_version=4)
        for is_draft in (True, False):
            handed = {
                item.id: _notebook(released, item, week, is_draft=is_draft)
                for item in self.students
                if week.name in item.weeks and (item.weeks[week.name].draft or not is_draft)
            }
            names = [("id", "name", "submitted")]
            for item in self.students:
                if item.id in handed:
                    time = item.weeks[week.name].submitted - timedelta(hours=5 if is_draft else 0)
                    names.append((item.id, f"{item.first} {item.last}", time.isoformat(sep=" ")))
            if not handed:
                continue
            _write_csv(self.course.root / "names.csv", names)
            archive = self.course.root / f"{week.name}-{'first' if is_draft else 'last'}.zip"
            _write_archive(archive, week, handed)
            self.run("collect", week.name, str(archive), "--names", "names.csv")
            self.run("grade", week.name)

    def mark(self) -> None:
        """Mark the written answers, but for some, as the formgrader does."""
        with self.course.gradebook() as gradebook:
            for week in self.weeks:
                for item in self.students:
                    found = item.weeks.get(week.name)
                    if found is None:
                        continue
                    grade = gradebook.find_grade(week.written, week.lesson, week.name, item.id)
                    if found.mark is not None and grade.needs_manual_grade:
                        grade.manual_score, grade.needs_manual_grade = found.mark, False
            gradebook.db.commit()

    def change_points(self) -> list[str]:
        """Give an exercise of week 1 more points, and grade again what that makes stale; returns what is not right."""
        week = self.weeks[0]
        path = self.course.lessons_folder / week.name / f"{week.lesson}.md"
        text = path.read_text(encoding="utf-8")
        old = rf"(?<=:exercise: {CHANGED}\n:points: )\d+"
        points = int(re.search(old, text)[0])
        path.write_text(re.sub(old, str(points + MORE), text), encoding="utf-8")
        self.run("build", week.name)
        changes = {}
        for item in self.students:
            if (found := item.weeks.get(week.name)) and found.points[CHANGED]:
                before = found.points[CHANGED]
                found.points[CHANGED] = round(before * (points + MORE) / points, 2)
                changes[item.id] = (f"{before:g}", f"{found.points[CHANGED]:g}")
        tried = self.run("regrade", week.name, "--dry-run")
        said = {
            row[0]: (row[2], row[3])
            for line in tried.splitlines()
            if len(row := line.split()) == 4 and row[1] == CHANGED
        }
        wrong = [
            f"regrade says {said.get(name)} of {name}, not {want}"
            for name, want in changes.items()
            if said.get(name) != want
        ]
        self.run("regrade", week.name)
        return wrong

    def differences(self) -> Iterator[str]:
        """Each number of the gradebook, the export and `late` that is not what it must be."""
        for week in self.weeks:
            self.run("report", week.name, "--output", f"{week.name}.html")
            rows = {row["student"]: row for row in csv.DictReader(io.StringIO(self.run("export", week.name)))}
            if sorted(rows) != sorted(item.id for item in self.students):
                yield f"{week.name}: the export has {len(rows)} students, not {len(self.students)}"
            optional = {name for name, item in week.reference.exercises.items() if not item.points}
            if columns := optional & set(next(iter(rows.values()))):
                yield f"{week.name}: the export has columns of optional exercises: {columns}"
            late = self.run("late", week.name)
            for item in self.students:
                for name, value, want in _facts(item, week, rows[item.id], late):
                    if value != want:
                        yield f"{week.name}, {item.id}: {name} is {value}, not {want}"

    def recognised(self) -> tuple[float, float, int]:
        """Recall and precision of the misconceptions that the report names, and how many there are."""
        truth, found = set(), set()
        for week in self.weeks:
            results = read_results(self.course, week.name)
            quizzes = {name for name, item in week.reference.exercises.items() if item.role == "quiz"}
            for student in results.students:
                found |= {
                    (week.name, student.student, *item) for item in student.misconceptions if item[0] not in quizzes
                }
            for item in self.students:
                if week.name in item.weeks:
                    named = item.weeks[week.name].misconceptions.items()
                    truth |= {(week.name, item.id, *each) for each in named if each[0] not in quizzes}
        both = len(truth & found)
        return both / len(truth), both / max(1, len(found)), len(truth)


def _facts(student: Student, week: Week, row: dict[str, str], late: str) -> Iterator[tuple[str, str, str]]:
    """Names of numbers, what the commands say, and what must be."""
    found = student.weeks.get(week.name)
    if found is None:
        yield "the note", row["note"], "nothing handed in"
        yield "the score", row["score"], "0"
        return
    for name in found.at_least:
        found.points[name] = max(found.points[name], float(row[name]))
    exact, said = penalty(student, week), float(row["late_penalty"])
    taken = said if abs(said - exact) <= HALF_A_HUNDREDTH else round(exact, 2)  # a tie may be rounded either way
    yield "the note", row["note"], ""
    yield "the section", row["section"], student.section
    yield "the penalty", row["late_penalty"], f"{taken:g}"
    yield "the score", f"{float(row['score']):.2f}", f"{max(0.0, found.earned - taken):.2f}"
    yield "what waits", row["to_grade"], "yes" if found.answer and found.mark is None else ""
    for name, points in found.points.items():
        yield name, f"{float(row[name]):.2f}", f"{points:.2f}"
    line = re.search(rf"^{student.id} .*$", late, re.MULTILINE)
    yield "the penalty in `late`", line[0].partition("−")[2].partition(",")[0] if line else "0", f"{taken:g}"


def _course(folder: Path, weeks: list[str]) -> Course:
    for part in ("course", "source", "release"):
        for week in weeks:
            shutil.copytree(REPOSITORY / part / week, folder / part / week)
    if (REPOSITORY / ".cache" / "reference").is_dir():
        shutil.copytree(REPOSITORY / ".cache" / "reference", folder / ".cache" / "reference")
    shutil.copyfile(REPOSITORY / "nbgrader_config.py", folder / "nbgrader_config.py")
    course = Course(folder)
    for week in weeks:
        course.release_week(week)
    return course


def _week(course: Course, name: str, place: int) -> Week:
    title = LESSONS[name]
    lesson = course.lesson(name, title)
    reference = load_reference(course.source / name / f"{title}.ipynb", lesson, course.cache / "reference")
    exercises = lesson.exercises
    written = next(item for item in exercises.values() if item.kind == "written")
    wrong = {key: {str(m.options["name"]): m.source for m in item.misconceptions} for key, item in exercises.items()}
    for key, item in reference.exercises.items():
        if item.role == "quiz":
            wrong[key] = {letter: f'{key} = "{letter}"' for letter in item.hints}
    return Week(
        name,
        title,
        reference,
        {key: [other.source for other in item.alternatives] for key, item in exercises.items()},
        wrong,
        written.name,
        float(written.solution.options["points"]),
        MONDAY + timedelta(weeks=place),
    )


def _notebook(released: nbformat.NotebookNode, student: Student, week: Week, *, is_draft: bool) -> str:
    found = student.weeks[week.name]
    notebook = json.loads(nbformat.writes(released))
    for cell in notebook["cells"]:
        data = course_metadata(cell)
        name = data.get("exercise", "")
        if (
            data.get("role") in ("solution", "quiz")
            and name in found.solutions
            and not (is_draft and name in found.draft)
        ):
            cell["source"] = found.solutions[name]
        elif data.get("role") == "written" and found.answer and not is_draft:
            cell["source"] = found.answer
    return json.dumps(notebook)


def _write_archive(path: Path, week: Week, handed: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for student, notebook in handed.items():
            archive.writestr(f"{student}/{week.lesson}.ipynb", notebook)


def _write_csv(path: Path, rows: list) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
