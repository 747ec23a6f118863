"""Read what nbgrader's exchange writes beside a submission: when it was handed in, and the secret of its feedback."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from nbgrader.utils import parse_utc

from grader.submissions.reader import (
    UnusableFile,
    read_regular,
)

__all__ = [
    "DAMAGED_TIMESTAMP",
    "EXCHANGE_FILES",
    "SECRET",
    "TIMESTAMP",
    "exchange_files",
    "local",
    "read_secret",
    "read_timestamp",
    "timestamp_text",
]

EXCHANGE_FILES = TIMESTAMP, SECRET = "timestamp.txt", "submission_secret.txt"
SECRET_TEXT = re.compile(r"[\w-]{1,200}", re.ASCII)

DAMAGED_TIMESTAMP = "The file timestamp.txt is damaged: when this was handed in is not known."


def read_timestamp(folder: str) -> datetime | None:
    """The UTC time of the submission in a folder; None if unknown.

    Unlike nbgrader's own reader, it tolerates any file content.
    """
    try:
        text = read_regular(Path(folder) / TIMESTAMP, 100).decode("ascii").strip()
        return parse_utc(text) if text else None
    except (OSError, UnusableFile, UnicodeDecodeError, ValueError, OverflowError):
        return None


def local(time: datetime, zone: tzinfo) -> str:
    """A UTC time in a zone, with its offset, as people read it.

    >>> local(datetime(2025, 3, 1, 11, 5), UTC)
    '2025-03-01 11:05 +0000'
    """
    return f"{time.replace(tzinfo=UTC).astimezone(zone):%Y-%m-%d %H:%M %z}"


def timestamp_text(time: datetime) -> str:
    """The content of timestamp.txt for a UTC time without a zone, as nbgrader reads it."""
    return time.isoformat(sep=" ") + " UTC\n"


def read_secret(folder: Path) -> str:
    """The secret from which the names of the submission's released feedback are computed; "" if there is none."""
    try:
        text = read_regular(folder / SECRET, 1000).decode("ascii").strip()
    except (OSError, UnusableFile, UnicodeDecodeError):
        return ""
    return text if SECRET_TEXT.fullmatch(text) else ""


def exchange_files(folder: Path) -> dict[str, bytes]:
    """Those of the exchange's files that can be read, by name: nbgrader wants them beside results and feedback."""
    files = {}
    if read_timestamp(str(folder)) is not None:
        files[TIMESTAMP] = read_regular(folder / TIMESTAMP, 100)
    secret = read_secret(folder)
    return files | ({SECRET: secret.encode()} if secret else {})
