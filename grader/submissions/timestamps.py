"""Read submissions' timestamp files, in nbgrader's format."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from nbgrader.utils import parse_utc

from grader.submissions.reader import (
    UnusableFile,
    read_regular,
)

__all__ = ["COMPANIONS", "DAMAGED_TIMESTAMP", "read_timestamp", "timestamp_file"]

COMPANIONS = ("timestamp.txt", "submission_secret.txt")  # what nbgrader's exchange wants beside feedback
DAMAGED_TIMESTAMP = "The file timestamp.txt is damaged: when this was handed in is not known."


def read_timestamp(folder: str) -> datetime | None:
    """The UTC time of the submission in a folder; None if unknown.

    Unlike nbgrader's own reader, it tolerates any file content.
    """
    try:
        text = read_regular(Path(folder) / "timestamp.txt", 100).decode("ascii").strip()
        return parse_utc(text) if text else None
    except (OSError, UnusableFile, UnicodeDecodeError, ValueError, OverflowError):
        return None


def timestamp_file(folder: Path) -> dict[str, bytes]:
    """The timestamp file's content by name, for nbgrader's check whether a submission is newer; empty if unreadable."""
    if read_timestamp(str(folder)) is None:
        return {}
    return {"timestamp.txt": read_regular(folder / "timestamp.txt", 100)}
