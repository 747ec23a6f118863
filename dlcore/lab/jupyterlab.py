"""JupyterLab as students use it: its settings, and how it is started and ended."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from dlcore.errors import SetupError

__all__ = ["lab_environment", "open_lab"]


def lab_environment() -> dict[str, str]:
    """The environment of a student's JupyterLab, without nbgrader's instructor extensions."""
    settings = [str(Path(__file__).parent / "settings"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    threads = {"OPENBLAS_NUM_THREADS": "1"}  # more threads slow down small matrices
    return threads | os.environ | {"JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, settings))}


def open_lab(folder: Path, *, browser: bool = True) -> int:
    """The exit code of a JupyterLab on `folder`, once it has ended.

    Raises:
        SetupError: JupyterLab is not installed, or does not start.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise SetupError(f"JupyterLab is not installed. Install it with: {sys.executable} -m pip install jupyterlab")
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.resolve()}"]
    command += ["--ServerApp.answer_yes=True"]  # Ctrl-C ends it without a question, which would wait for 5 s
    try:
        server = subprocess.Popen(command + ([] if browser else ["--no-browser"]), env=lab_environment())
    except OSError as problem:
        raise SetupError(f"JupyterLab does not start: {problem.strerror}") from None
    while True:
        try:
            return server.wait()
        except KeyboardInterrupt:  # Ctrl-C reaches JupyterLab, too, which has to end its kernels first
            continue
