"""Check all of deadlines.toml, so that a mistake about a later week is found before that week is graded."""

from __future__ import annotations

from grader.batch.late import unknown_students
from grader.doctor.environment import BAD, GOOD, POOR, Finding, check_gradebook
from grader.errors import GradingError
from grader.lessons.course import Course
from grader.nbgrader_plugins.deadlines import FILE, read_deadline

__all__ = ["check_deadlines"]


def check_deadlines(course: Course) -> Finding:
    """Whether what deadlines.toml says about every week can be meant."""
    if not (course.root / FILE).exists():
        return Finding("deadlines", GOOD, f"there is no {FILE}: due dates are those in the gradebook, if any")
    problems, unknown, due = [], [], 0
    known = _students(course)
    for week in course.weeks():
        try:
            deadline = read_deadline(course, week)
        except GradingError as problem:
            problems.append(str(problem))
            continue
        due += deadline.due is not None
        unknown += [f"[{week}] {said}" for said in unknown_students(known, deadline)]
    if problems:
        return Finding("deadlines", BAD, "; ".join(dict.fromkeys(problems)), "Correct that file")
    if unknown:
        advice = f"Correct {FILE}, or take the students over with `python -m grader roster`"
        return Finding("deadlines", POOR, " ".join(unknown), advice)
    return Finding("deadlines", GOOD, f"{FILE} names when {due} of {len(course.weeks())} weeks are due")


def _students(course: Course) -> set[str]:
    """The gradebook's students, whom `roster` and `grade` write into it; none if it cannot be read."""
    if check_gradebook(course).mark != GOOD:  # which opening it would make
        return set()
    with course.gradebook() as gradebook:
        return {student.id for student in gradebook.students}
