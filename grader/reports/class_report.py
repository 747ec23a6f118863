"""The instructor's report: a self-contained HTML page about a graded week."""

from __future__ import annotations

import base64
import io
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import numpy as np
from markupsafe import Markup
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from grader.lessons.course import Course
from grader.reports.hints import hints_of
from grader.reports.statistics import FEW, items, reliability
from grader.reports.week_results import NOT_GRADED, NOTHING, UNREADABLE, StudentResult, WeekResults, read_results
from grader.templating import pages
from grader.text import visible

__all__ = ["report_page", "write_report"]

BLUE, ORANGE, INK = "#0072b2", "#e69f00", "#1c2733"


def write_report(course: Course, week: str, output: Path) -> None:
    """Write the report on a week; raises GradingError if nothing is graded."""
    page = report_page(course, read_results(course, week), hints_of(course, week), output)
    output.write_text(page, encoding="utf-8")


def report_page(course: Course, results: WeekResults, hints: Mapping[tuple[str, str], str], output: Path) -> str:
    """The report on a week; `output` is where it will be, from where feedback pages are linked."""
    week = results.week
    notes = Counter(student.note for student in results.students)
    shares = np.array([student.share for student in results.graded] or [0.0])
    best = max(student.max_score for student in results.students)
    whole = reliability(results.shares() * np.array(list(results.exercises.values())))
    misconceptions = [
        {"exercise": exercise, "name": name, "count": count, "hint": hints.get((exercise, name), "")}
        for (exercise, name), count in results.misconceptions().most_common()
    ]
    return (
        pages()
        .get_template("report.html.j2")
        .render(
            week=week,
            title=", ".join(results.titles) or week,
            students=[_row(course, week, student, output) for student in results.students],
            exercises=_exercises(results, whole),
            alpha=whole,
            few=FEW,
            mean=best * float(shares.mean()),
            median=best * float(np.median(shares)),
            max_score=best,
            graded=len(results.graded),
            missing={note: count for note in (NOTHING, NOT_GRADED, UNREADABLE) if (count := notes[note])},
            sections=any(student.section for student in results.students),
            waiting=results.waiting,
            review=results.to_review,
            distribution=_picture(_distribution(results)),
            facility=_picture(_facility(results)),
            misconceptions=misconceptions,
        )
    )


def _exercises(results: WeekResults, whole: float | None) -> list[dict[str, object]]:
    """A row of the table for each exercise; `whole` is the alpha of all of them."""
    points = np.array(list(results.exercises.values()))
    return [
        vars(item) | {"points": results.exercises[item.name], "remark": item.remark(whole)}
        for item in items(list(results.exercises), results.shares(), points)
    ]


def _row(course: Course, week: str, student: StudentResult, output: Path) -> dict[str, object]:
    folder = output.resolve().parent
    files = sorted((course.feedback / student.student / week).glob("*.html"))
    return {
        "id": visible(student.student),
        "name": visible(f"{student.first_name} {student.last_name}".strip()),
        "score": student.score,
        "max_score": student.max_score,
        "marked": student.marked,
        "section": visible(student.section),
        "note": student.note,
        "to_grade": student.to_grade,
        "late_penalty": student.late_penalty,
        "misconceptions": sorted({f"{exercise}: {name}" for exercise, name in student.misconceptions}),
        "problems": student.problems,
        "failures": [(name, failure.kind, failure.text) for name, failure in student.failures.items()],
        "links": [(visible(path.stem), quote(os.path.relpath(path, folder))) for path in files],
        "repeats_examples": student.repeats_examples,
    }


def _picture(figure: Figure) -> Markup:
    """A figure as an SVG data URI."""
    buffer = io.BytesIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    return Markup("data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode())


def _distribution(results: WeekResults) -> Figure:
    figure = Figure(figsize=(8, 2.8), layout="constrained")
    axes = figure.add_subplot()
    # Where answers wait, scores of different totals are compared by their share.
    best = 100.0 if results.waiting else max(student.max_score for student in results.students)
    edges = np.linspace(0, best, 11)
    values = [best * min(student.share, 1) for student in results.graded]
    axes.hist(values, bins=list(edges), color=BLUE, edgecolor="white")
    xlabel = "score (per cent of the points that are marked)" if results.waiting else f"score (points of {best:g})"
    axes.set(title="How the scores are spread", xlabel=xlabel, ylabel="submissions")
    axes.set_xlim(0, best)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    _tidy(axes)
    return figure


def _facility(results: WeekResults) -> Figure:
    graded = [(name, value) for name in results.exercises if (value := results.facility(name)) is not None]
    figure = Figure(figsize=(8, 0.8 + 0.28 * max(len(graded), 1)), layout="constrained")
    axes = figure.add_subplot()
    names, values = [name for name, _ in graded], [100 * value for _, value in graded]
    axes.barh(names, values, color=[BLUE if value >= 50 else ORANGE for value in values])
    for place, value in enumerate(values):
        axes.text(
            min(value + 1, 94), place, f"{value:.0f}", va="center", color=INK if value < 93 else "white", fontsize=8
        )
    axes.set(title="Facility: the mean share of each exercise's points", xlabel="per cent", xlim=(0, 100))
    axes.invert_yaxis()
    _tidy(axes)
    return figure


def _tidy(axes: object) -> None:
    axes.patch.set_alpha(0)  # type: ignore[attr-defined]
    axes.figure.patch.set_alpha(0)  # type: ignore[attr-defined]
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)  # type: ignore[attr-defined]
