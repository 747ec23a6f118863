"""A course's folders and its nbgrader configuration."""

from __future__ import annotations

import json
import os
import sys
from functools import cached_property
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config, PyFileConfigLoader

from grader.errors import BuildError, GradingError, Problem, reason_of
from grader.lessons.parser import Lesson, read_lesson
from grader.lessons.variants import lesson_files
from grader.text import did_you_mean

__all__ = ["Course"]


class Course:
    """A course at `root`: the folders of the pipeline, and its nbgrader configuration.

    Raises:
        GradingError: `root` has no nbgrader_config.py.
    """

    def __init__(self, root: Path):
        self.root = root.resolve()
        if not (self.root / "nbgrader_config.py").is_file():
            raise GradingError(
                f"{self.root} is not a course: it has no nbgrader_config.py. "
                "Run the command in the course's folder, or name it with --root."
            )
        self.lessons_folder, self.cache = self.root / "course", self.root / ".cache"
        programs = str(Path(sys.executable).parent)  # nbgrader looks for alembic on PATH
        if programs not in os.environ.get("PATH", "").split(os.pathsep):
            os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", os.defpath)])

    @property
    def source(self) -> Path:
        """The instructor's notebooks."""
        return self._folder("source_directory")

    @property
    def release(self) -> Path:
        """The students' notebooks."""
        return self._folder("release_directory")

    @property
    def submitted(self) -> Path:
        """The submissions, as submitted/<student>/<week>."""
        return self._folder("submitted_directory")

    @property
    def autograded(self) -> Path:
        """The graded submissions."""
        return self._folder("autograded_directory")

    @property
    def feedback(self) -> Path:
        """The feedback pages for students."""
        return self._folder("feedback_directory")

    def _folder(self, name: str) -> Path:
        return self.root / str(getattr(self.api.coursedir, name))

    @cached_property
    def config(self) -> Config:
        """nbgrader's configuration, from nbgrader_config.py."""
        config = PyFileConfigLoader("nbgrader_config.py", path=str(self.root)).load_config()
        config.CourseDirectory.root = str(self.root)
        return config

    @cached_property
    def api(self) -> NbGraderAPI:
        """nbgrader's Python API for this course."""
        return NbGraderAPI(config=self.config)

    def gradebook(self) -> Gradebook:
        """The open gradebook, a context manager; raises GradingError if it cannot be opened."""
        try:
            return Gradebook(self.api.coursedir.db_url, self.api.coursedir.course_id)
        except (SQLAlchemyError, ImportError) as problem:
            raise GradingError(
                f"the gradebook cannot be used: {reason_of(problem)} (see `python -m grader doctor`)"
            ) from None

    def weeks(self) -> list[str]:
        """The folders in course/ that contain lessons."""
        return list(dict.fromkeys(path.parent.name for path in lesson_files(self.lessons_folder)))

    def lessons(self, week: str) -> list[Path]:
        """The lesson files of a week."""
        return lesson_files(self.lessons_folder, week)

    def lesson(self, week: str, name: str) -> Lesson | None:
        """The lesson that a notebook was built from, or None if its file is missing."""
        path = self.lessons_folder / week / f"{name}.md"
        return read_lesson(path) if path.is_file() else None

    def released_notebooks(self, week: str) -> list[str]:
        """The names of a week's notebooks."""
        return sorted(path.stem for path in (self.release / week).glob("*.ipynb"))

    def is_released(self, week: str) -> bool:
        """Whether the week's notebooks are in release/ and in the gradebook."""
        try:
            with self.gradebook() as gradebook:
                known = {notebook.name for notebook in gradebook.find_assignment(week).notebooks}
        except MissingEntry:
            return False
        return bool(known) and known == {path.stem for path in (self.source / week).glob("*.ipynb")} == set(
            self.released_notebooks(week)
        )

    def release_week(self, week: str) -> None:
        """Run `nbgrader generate_assignment`; raises BuildError if it fails."""
        result = self.api.generate_assignment(week, force=True, create=True)
        if not result["success"]:
            raise BuildError(f"nbgrader generate_assignment {week} failed:\n{result.get('log') or result.get('error')}")

    def read_stamp(self, week: str) -> dict[str, str]:
        """The stamp that the last build of a week wrote; empty if there is none."""
        try:
            stamp = json.loads((self.cache / "build" / f"{week}.json").read_text())
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}

    def write_stamp(self, week: str, stamp: dict[str, str]) -> None:
        """Save a week's stamp for the next build."""
        folder = self.cache / "build"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{week}.json").write_text(json.dumps(stamp))

    def need_week(self, week: str) -> None:
        """Raise Problem if a week is not built."""
        if not self.is_released(week):
            weeks = self.weeks()
            known = f"The weeks are: {', '.join(weeks)}"
            if week in weeks:
                built = bool(self.released_notebooks(week))
                what = "is in release/, but not registered in the gradebook as it is there" if built else "is not built"
                raise Problem(f"{week} {what}. Run `make build` first. {known}")
            raise Problem(f"there is no {week}.{did_you_mean(week, weeks)} {known}")
