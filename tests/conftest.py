"""Fixtures that several tests share."""

import os
from pathlib import Path

import pytest

from grader.sandbox import why_no_sandbox


@pytest.fixture(scope="session")
def course_root() -> Path:
    """The repository, which is a course."""
    return Path(__file__).parent.parent


@pytest.fixture(scope="session")
def needs_sandbox() -> None:
    """Skip where student code cannot be sandboxed; fail if nothing may be skipped."""
    reason = why_no_sandbox()
    if reason is not None:
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(f"no sandbox: {reason}")
        pytest.skip(reason)
