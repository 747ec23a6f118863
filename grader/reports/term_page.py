"""The instructor's page about the whole term: self-contained, by section, with tables that can be sorted."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from markupsafe import Markup

from grader.lessons.course import Course
from grader.reports.statistics import FEW
from grader.reports.term_results import Term, read_term
from grader.reports.term_students import misconception_rows, student_rows
from grader.reports.term_tables import exercise_rows, week_rows
from grader.templating import TEMPLATES, pages
from grader.text import visible

__all__ = ["term_page", "write_term"]


def write_term(course: Course, weeks: Iterable[str], output: Path) -> None:
    """Write the page about the weeks, by default all that are graded; raises GradingError if none is."""
    output.write_text(term_page(read_term(course, weeks)), encoding="utf-8")


def term_page(term: Term) -> str:
    """The page: everybody first, then each section, of which one is shown at a time."""
    script = (TEMPLATES / "term.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    sections = term.sections
    blocks = [_block("Everybody", term)]
    blocks += [_block(f"Section {visible(section)}", term.of_section(section)) for section in sections]
    names = [week.week for week in term.weeks]
    return (
        pages()
        .get_template("term.html.j2")
        .render(
            weeks=names,
            week_columns=[(name, "number") for name in names],
            left_out=term.left_out,
            blocks=blocks,
            few=FEW,
            script=Markup(script),
            script_digest=f"sha256-{digest}",
        )
    )


def _block(name: str, term: Term) -> dict[str, Any]:
    """The tables of everybody or of a section."""
    exercises = exercise_rows(term)
    return {
        "name": name,
        "weeks": week_rows(term),
        "exercises": exercises,
        "broken": [row for row in exercises if row.remarks],
        "misconceptions": misconception_rows(term),
        "students": student_rows(term),
    }
