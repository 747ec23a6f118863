"""What students are told about each misconception of a week."""

from __future__ import annotations

from grader.lessons.course import Course

__all__ = ["hints_of"]


def hints_of(course: Course, week: str) -> dict[tuple[str, str], str]:
    """The hint of each misconception by exercise and name; a wrong letter of a quiz is one, too."""
    hints = {}
    for path in course.lessons(week):
        lesson = course.lesson(week, path.stem)
        for name, exercise in lesson.exercises.items() if lesson else ():
            for item in exercise.misconceptions:
                hints[name, str(item.options["name"])] = str(item.options["hint"])
            for letter, why in (exercise.solution.options.get("wrong") or {}).items():
                hints[name, letter] = str(why)
    return hints
