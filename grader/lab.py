"""JupyterLab as students use it: its settings, and their working folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

__all__ = ["copy_release", "lab_environment"]


def lab_environment() -> dict[str, str]:
    """The environment of a student's JupyterLab, without nbgrader's instructor extensions."""
    settings = [str(Path(__file__).parent / "student_lab"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    threads = {"OPENBLAS_NUM_THREADS": "1"}  # more threads slow down small matrices
    return threads | os.environ | {"JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, settings))}


def copy_release(release: Path, folder: Path) -> list[str]:
    """The files newly copied from a release into a working folder.

    Changed answer keys and modules are updated; notebooks are never overwritten.
    """
    copied = []
    for path in sorted(path for path in release.glob("*/*") if path.is_file()):
        target = folder / path.relative_to(release)
        fresh = not target.exists()
        if fresh or (path.name.endswith((".key.json", ".py")) and target.read_bytes() != path.read_bytes()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            copied += [str(path.relative_to(release))] if fresh else []
    return copied
