"""The exporter through which `nbgrader autograde` reads submissions."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.utils import rmtree

from grader.lessons.notebooks import released_notebooks
from grader.submissions.lessons import Lessons, released_lessons
from grader.submissions.reader import (
    Fetched,
    earlier_hand_ins,
    fetch,
    find_submissions,
    is_up_to_date,
)
from grader.submissions.timestamps import DAMAGED_TIMESTAMP, exchange_files, read_timestamp

__all__ = ["SubmissionExporter"]


class SubmissionExporter(NotebookExporter):
    """Reads arbitrary submissions for `nbgrader autograde`.

    nbgrader creates it with the converter as its parent. The converter's list of
    files is replaced by canonical names, and reading one of these reads the file
    that was actually submitted; nothing else is copied from a student's folder.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self._actual: dict[str, tuple[Path, list[str]]] = {}
        self._hand_ins: dict[str, list[str]] = {}  # digests of the versions graded before
        self._lessons = Lessons()
        if hasattr(self.parent, "assignments"):
            self._plan(self.parent)

    def _plan(self, converter: Any) -> None:
        converter.coursedir = copy.copy(converter.coursedir)
        converter.coursedir.ignore = ["*"]  # copy no files besides the notebooks
        converter.coursedir.get_existing_timestamp = read_timestamp
        root = Path(converter.coursedir.root)
        week = converter.coursedir.assignment_id
        released = released_notebooks(root / converter.coursedir.release_directory / week)
        self._lessons = released_lessons(root / converter.coursedir.release_directory, week)
        for folder in list(converter.assignments):
            found = find_submissions(root / folder, released)
            graded = root / converter.coursedir.autograded_directory / Path(folder).parent.name / Path(folder).name
            for name in found:
                key = str(root / folder / f"{name}.ipynb")
                self._hand_ins[key] = earlier_hand_ins(graded / f"{name}.ipynb")
            self._clear_stale(graded, {name: fetch(path) for name, (path, _) in found.items()})
            if (root / folder / "timestamp.txt").exists() and read_timestamp(str(root / folder)) is None:
                for _, said in found.values():
                    said.append(DAMAGED_TIMESTAMP)
            paths = {str(Path(folder) / f"{name}.ipynb"): actual for name, actual in found.items()}
            self._actual |= {str(root / path): actual for path, actual in paths.items()}
            converter.assignments[folder] = sorted(paths)

    def _clear_stale(self, graded: Path, files: dict[str, Fetched]) -> None:
        """Remove a result that a killed run left incomplete, or that belongs to an earlier version of a file.

        nbgrader takes any folder in autograded/ for a result and would skip the submission.
        """
        if graded.is_dir() and not is_up_to_date(graded, files):
            rmtree(str(graded))

    def from_filename(self, filename: str, resources: Any = None, **kwargs: Any) -> tuple[str, Any]:
        """Convert a file; submissions are read defensively, other files as usual."""
        key = str(Path(self.parent.coursedir.root) / filename) if self.parent is not None else filename
        if key not in self._actual:
            return super().from_filename(filename, resources=resources, **kwargs)
        path, said = self._actual[key]
        fetched = fetch(path)
        submission = self._lessons.understand(fetched, said)
        found = {"submission": submission, "digest": fetched.digest, "outputs": exchange_files(path.parent)}
        found["hand_ins"] = self._hand_ins[key]
        resources = (resources or {}) | found
        return super().from_notebook_node(nbformat.v4.new_notebook(), resources=resources, **kwargs)
