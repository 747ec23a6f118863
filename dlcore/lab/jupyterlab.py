"""JupyterLab as students use it: its settings, and how it is started and ended."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from dlcore.errors import SetupError
from dlcore.lab.record import read_record
from dlcore.lab.released import KEY_SUFFIX, MODULE_SUFFIX, START

__all__ = ["hidden_names", "lab_environment", "open_lab"]

END_SECONDS = 30
HIDDEN = ["__pycache__", "*.pyc", "*.pyo", ".DS_Store", "*~"]  # what Jupyter's server hides by itself


def lab_environment() -> dict[str, str]:
    """The environment of a student's JupyterLab: of nbgrader, if it is there, only *Validate*; no news.

    Links to cells arrive there at the first click: an extension in `labextensions` sees to it.
    """
    here = Path(__file__).parent
    paths = {"JUPYTER_CONFIG_PATH": here / "settings", "JUPYTER_PATH": here}
    own = {name: os.pathsep.join(filter(None, (str(path), os.environ.get(name)))) for name, path in paths.items()}
    threads = {"OPENBLAS_NUM_THREADS": "1"}  # more threads slow down small matrices
    return threads | os.environ | own


def open_lab(folder: Path, *, browser: bool = True) -> int:
    """The exit code of a JupyterLab on `folder`, once it has ended.

    Raises:
        SetupError: JupyterLab is not installed, or does not start.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise SetupError(f"JupyterLab is not installed. Install it with: {sys.executable} -m pip install jupyterlab")
    command = [sys.executable, "-m", "jupyterlab", *_options(folder.resolve())]
    try:
        server = subprocess.Popen(command + ([] if browser else ["--no-browser"]), env=lab_environment())
    except OSError as problem:
        raise SetupError(f"JupyterLab does not start: {problem.strerror}") from None
    seconds = None
    while True:
        try:
            return server.wait(seconds)
        except KeyboardInterrupt:  # Ctrl-C reaches JupyterLab, too, which has to end its kernels first
            seconds = END_SECONDS
        except subprocess.TimeoutExpired:  # some servers never end: a thread of theirs still waits for work
            server.kill()
            server.wait()
            return 0


def _options(folder: Path) -> list[str]:
    """JupyterLab's options for a working folder."""
    options = [f"--ServerApp.root_dir={folder}", f"--ContentsManager.hide_globs={hidden_names(folder)}"]
    options += ["--ServerApp.answer_yes=True"]  # Ctrl-C ends it without a question, which would wait for 5 s
    if (folder / START).is_file():
        options += [f"--LabApp.default_url=/lab/tree/{START}"]
    if getattr(os, "geteuid", lambda: None)() == 0:  # which Windows does not have
        # Jupyter's server refuses to run as root. In a container root is often the only user, and the container
        # is what confines the server; elsewhere who is root already may do all that the server could.
        options += ["--allow-root"]
    return options


def hidden_names(folder: Path) -> list[str]:
    """Names that the file browser does not show: answer keys, and the support modules that were copied.

    Modules that a student wrote stay in view.
    """
    modules = {Path(name).name for name in read_record(folder).copied if name.endswith(MODULE_SUFFIX)}
    return [*HIDDEN, f"*{KEY_SUFFIX}", *sorted(modules)]
