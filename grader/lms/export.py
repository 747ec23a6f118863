"""Make a week's table for an LMS, from the gradebook or into a table that was downloaded from the LMS."""

from __future__ import annotations

from pathlib import Path

from grader.lessons.course import Course
from grader.lms.canvas import canvas_table, filled_canvas_table
from grader.lms.moodle import filled_moodle_table, moodle_table
from grader.lms.sheets import Export, read_sheet
from grader.reports.week_results import read_results

__all__ = ["lms_export"]


def lms_export(
    course: Course,
    week: str,
    system: str,
    *,
    template: Path | None = None,
    column: str = "",
    by: str = "email",
    zero_missing: bool = False,
) -> Export:
    """The table of a week's grades for an LMS.

    Args:
        course: the course.
        week: nbgrader's assignment.
        system: "canvas" or "moodle".
        template: a table that was downloaded from it, to fill in.
        column: the assignment's column; "" to look for the week.
        by: "email" or "id": what Moodle finds its users by, where there is no template.
        zero_missing: whether who handed in nothing gets 0.

    Raises:
        GradingError: nothing is graded, or the template does not fit.
    """
    results = read_results(course, week)
    if system == "canvas":
        if template is None:
            return canvas_table(results, column, zero_missing=zero_missing)
        return filled_canvas_table(results, read_sheet(template), column, zero_missing=zero_missing)
    if template is None:
        return moodle_table(results, column, by=by, zero_missing=zero_missing)
    return filled_moodle_table(results, read_sheet(template), column, zero_missing=zero_missing)
