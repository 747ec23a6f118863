"""Fixtures that several tests share."""

import os

# As `make lab` and the kernels have it: on small matrices, threads that wait for a core of their own cost more than
# they gain, most of all while another test runs. NumPy reads it when it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import contextlib
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

from grader.execution.sandbox import why_no_sandbox
from grader.lessons.variants import lesson_files

ROOT = Path(__file__).parent.parent
FIRST_LESSON = "week1-logistic_regression"

settings.register_profile("course", deadline=None)  # nothing is timed: machines differ
settings.load_profile("course")


def pytest_configure(config: pytest.Config) -> None:
    """A marker for each week, whichever there are: `-m week1`."""
    for week in sorted({path.parent.name for path in lesson_files(ROOT / "course")}):
        config.addinivalue_line("markers", f"{week}: the lessons in course/{week}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a sweep over all lessons, the first lesson is tried with every change; in parallel, what is slow comes first.

    What takes minutes must not begin when all else has ended: one process would work, and the others wait.
    """
    for item in items:
        if item.get_closest_marker("sweep_but_first") and f"[{FIRST_LESSON}]" not in item.name:
            item.add_marker(pytest.mark.sweep)
    if getattr(config.option, "loadgroup", False):
        slow: Counter[str] = Counter()
        size = Counter(map(_group, items))
        for item in items:
            slow[_group(item)] = max(slow[_group(item)], _slowness(item))
        items.sort(key=lambda item: (-slow[_group(item)], -size[_group(item)]))


def _group(item: pytest.Item) -> str:
    """What runs in one process: the tests of a group, or one test."""
    group = item.get_closest_marker("xdist_group")
    return str(group.args[0]) if group else item.nodeid


def _slowness(item: pytest.Item) -> int:
    """2 for a test that takes minutes, 1 for one that takes seconds."""
    return 2 if item.get_closest_marker("minutes") else int(item.get_closest_marker("slow") is not None)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse versions of pytest and pytest-xdist that would tear groups apart without a word.

    Tests of one group share what takes long to make, and must not run beside each other.
    """
    if getattr(session.config.option, "loadgroup", False):
        torn = [item for item in session.items if item.get_closest_marker("xdist_group") and "@" not in item.nodeid]
        if torn:
            raise pytest.UsageError(f"--dist loadgroup does not hold together {len(torn)} tests: check the versions")


@pytest.fixture(scope="session")
def course_root() -> Path:
    """The repository, which is a course."""
    return ROOT


@pytest.fixture(scope="session")
def needs_sandbox() -> None:
    """Skip where student code cannot be sandboxed; fail if nothing may be skipped."""
    reason = why_no_sandbox()
    if reason is not None:
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(f"no sandbox: {reason}")
        pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is."""
    path = shutil.which("chromium")
    if path is None:
        reason = "no chromium: the page was not looked at (on Debian: apt-get install chromium)"
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def small_reference(tmp_path_factory):
    """The reference of a small lesson, which took a kernel to make."""
    from tests.small_lesson import reference_of

    return reference_of(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def built_course(course_root, tmp_path_factory):
    """A copy of the course, with week 1 built."""
    from grader.lessons.build import build
    from grader.lessons.course import Course

    folder = tmp_path_factory.mktemp("course")
    shutil.copyfile(course_root / "nbgrader_config.py", folder / "nbgrader_config.py")
    shutil.copytree(course_root / "course", folder / "course")
    for kept in (path for part in ("reference", "executed") for path in course_root.glob(f".cache/{part}/week1/**/*")):
        target = folder / kept.relative_to(course_root)
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):  # others write there, and replace what is stale
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(kept, target)
    course = Course(folder)
    build(course, ["week1"], lambda line: None)
    return course
