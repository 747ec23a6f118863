"""The results of all graded weeks, of everybody or of one section."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from grader.errors import GradingError
from grader.lessons.course import Course
from grader.reports.hints import hints_of
from grader.reports.week_results import StudentResult, WeekResults, read_results

__all__ = ["Term", "read_term"]


@dataclass
class Term:
    """The graded weeks of a course.

    Attributes:
        weeks: each with the same students, in the weeks' order.
        hints: by week: what students are told about each misconception, by exercise and name.
        left_out: weeks of which nothing is graded.
    """

    weeks: list[WeekResults]
    hints: dict[str, dict[tuple[str, str], str]]
    left_out: list[str] = field(default_factory=list)

    @property
    def sections(self) -> list[str]:
        """The sections that students are in."""
        return sorted({student.section for week in self.weeks for student in week.students} - {""})

    def of_section(self, section: str) -> Term:
        """The results of one section's students."""
        weeks = [
            replace(week, students=[student for student in week.students if student.section == section])
            for week in self.weeks
        ]
        return replace(self, weeks=weeks)

    def by_student(self) -> dict[str, list[StudentResult | None]]:
        """Each student's result in each week; None where a week does not know the student."""
        names = sorted({student.student for week in self.weeks for student in week.students})
        found = [{student.student: student for student in week.students} for week in self.weeks]
        return {name: [week.get(name) for week in found] for name in names}


def read_term(course: Course, weeks: Iterable[str] = ()) -> Term:
    """The results of the weeks, by default of all that are released.

    Raises:
        GradingError: nothing is graded in any of them.
    """
    asked = list(weeks)
    term = Term([], {})
    for week in asked or [week for week in course.weeks() if course.is_released(week)]:
        if not asked and not any(course.autograded.glob(f"*/{week}")):
            term.left_out.append(week)
            continue
        term.weeks.append(read_results(course, week))
        term.hints[week] = hints_of(course, week)
    if not term.weeks:
        raise GradingError("nothing is graded in any week; run `python -m grader grade WEEK` first")
    return term
