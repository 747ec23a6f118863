"""What was copied into a working folder: without it nobody could tell a student's work from an older release."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dlcore.study.files import write_file

__all__ = ["Record", "read_record", "write_record"]

NAME = ".dlcore.json"  # JupyterLab's file browser does not show it


@dataclass
class Record:
    """Digests of released files by name.

    Attributes:
        copied: of the version that the student's copy began as.
        beside: of the version that was last put beside a copy that the student had changed.
    """

    copied: dict[str, str] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)


def read_record(folder: Path) -> Record:
    """The record of a working folder; an empty one if it is missing or damaged, so that everything counts as work."""
    try:
        form = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return Record(*(_strings(form[name]) for name in ("copied", "beside")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Record()


def _strings(form: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}


def write_record(folder: Path, record: Record) -> None:
    """Keep the record of a working folder."""
    write_file(folder / NAME, (json.dumps(asdict(record), indent=1, sort_keys=True) + "\n").encode())
