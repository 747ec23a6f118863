"""A week's feedback pages as an archive that an LMS gives to the students from whom it collected.

Moodle takes folders named as in its download (*Upload multiple feedback files in a zip*,
`mod/assign/feedback/file/importziplib.php`), Canvas files named as in its own (*Upload Submissions*).
What these names are was noted when the submissions were collected.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.batch.gradebook import sole_owner
from grader.lessons.course import Course
from grader.lessons.notebooks import released_notebooks
from grader.submissions.attempts import Attempts
from grader.submissions.layouts import name_to_give_back
from grader.submissions.reader import find_submissions
from grader.text import visible

__all__ = ["FeedbackZip", "write_feedback_zip"]

LAYOUTS = {"canvas": "Canvas", "moodle": "Moodle"}


@dataclass
class FeedbackZip:
    """What was put into an archive: how many pages of how many students, and who has none in it, and why."""

    pages: int = 0
    students: int = 0
    problems: list[str] = field(default_factory=list)


def write_feedback_zip(course: Course, week: str, system: str, students: Iterable[str], output: Path) -> FeedbackZip:
    """What was put into an archive of the students' feedback pages.

    Args:
        course: the course.
        week: nbgrader's assignment.
        system: "canvas" or "moodle".
        students: whose pages, which are written already.
        output: the archive; nothing is written if there would be nothing in it.

    Raises:
        GradingError: another run is grading.
    """
    done = FeedbackZip()
    released = released_notebooks(course.release / week)
    files: dict[str, Path] = {}
    with sole_owner(course):
        for student in students:
            found = _files(course, week, student, LAYOUTS[system], released)
            if not found:
                done.problems.append(
                    f"{visible(student)} is left out: what they handed in was not collected from a download of "
                    f"{LAYOUTS[system]}; `python -m grader collect` with its archive notes the names"
                )
            done.students += bool(found)
            files |= found
    done.pages = len(files)
    if files:
        partial = output.with_name(f".{output.name}.{os.getpid()}")
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in sorted(files.items()):
                archive.write(path, name)
        partial.replace(output)
    return done


def _files(course: Course, week: str, student: str, layout: str, released: dict[str, Any]) -> dict[str, Path]:
    """A student's pages by their names in the archive; none if the LMS's names are not known."""
    place = course.root / "downloaded" / week / "attempts" / student
    attempt = Attempts(place, course.submitted / student / week).newest_of(layout)
    if attempt is None or not attempt[1].given:
        return {}
    folder, origin = attempt
    handed_in = find_submissions(folder, released)
    files = {}
    for page in sorted((course.feedback / student / week).glob("*.html")):
        name = handed_in[page.stem][0].name if page.stem in handed_in else ""
        given = origin.given.get(name) or next(iter(origin.given.values()))
        files[name_to_give_back(given, page.name)] = page
    return files
