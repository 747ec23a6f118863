"""Show a lesson as students get it: ``python -m grader preview week1/lesson``."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from dlcore.lab.jupyterlab import lab_environment
from grader.errors import BuildError, Problem
from grader.lessons.build import build
from grader.lessons.check_lesson import find_lessons
from grader.lessons.course import Course

__all__ = ["preview"]

INTERVAL = 0.2  # seconds between two looks at the files


def preview(course: Course, which: str, *, watch: bool, browser: bool, say: Callable[[str], None]) -> int:
    """The exit code of a preview: 0 if the lesson could be built.

    Args:
        course: the course.
        which: the lesson, as in "week1/logistic_regression".
        watch: whether to build again whenever a file of the week is saved, until Ctrl-C.
        browser: whether to open the notebook in JupyterLab.
        say: called with each line of what happens.
    """
    path = find_lessons(course, which)[0]
    shown = course.cache / "preview" / path.parent.name / f"{path.stem}.ipynb"
    known = _state(path.parent)  # before it is built: what is saved meanwhile is built, too
    built = _build(course, path, say)
    if not built and not watch:
        return 1
    lab = _open(shown, say) if browser and shown.exists() else None
    if not browser:
        say(f"The notebook is {shown}")
    try:
        if watch:
            say(f"Watching {path.parent}; Ctrl-C ends it.")
            with contextlib.suppress(KeyboardInterrupt):
                _watch(course, path, known, say)
            return 0
        elif lab is not None:
            return lab.wait()
    finally:
        if lab is not None and lab.poll() is None:
            lab.terminate()
            lab.wait()
    return 0 if built else 1


def _build(course: Course, path: Path, say: Callable[[str], None]) -> bool:
    begun = time.monotonic()
    try:
        build(course, [path.parent.name], lambda line: None)
    except Problem as problem:
        say(str(problem))
        return False
    week = path.parent.name  # a copy, since JupyterLab would save outputs into release/
    shutil.copytree(course.release / week, course.cache / "preview" / week, dirs_exist_ok=True)
    say(f"{week}/{path.stem} built in {time.monotonic() - begun:.1f} s; reload the notebook to see it.")
    return True


def _watch(course: Course, path: Path, known: dict[str, tuple[int, int]], say: Callable[[str], None]) -> None:
    """Build whenever the week's files are no longer as known; ends with KeyboardInterrupt."""
    while True:
        time.sleep(INTERVAL)
        state = _state(path.parent)
        if state != known:
            known = state
            _build(course, path, say)


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file of a folder with its time and size."""
    found = {}
    for path in folder.iterdir():
        try:
            status = path.stat()
        except OSError:  # an editor's temporary file that is gone
            continue
        found[path.name] = (status.st_mtime_ns, status.st_size)
    return found


def _open(notebook: Path, say: Callable[[str], None]) -> subprocess.Popen[bytes]:
    """JupyterLab with the notebook, without nbgrader's instructor extensions."""
    folder = notebook.parent
    options = [f"--ServerApp.root_dir={folder}", f"--LabApp.default_url=/lab/tree/{notebook.name}"]
    say(f"Opening {notebook}")
    try:
        return subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], env=lab_environment())
    except OSError as problem:
        raise BuildError(f"JupyterLab does not start: {problem.strerror}") from None
