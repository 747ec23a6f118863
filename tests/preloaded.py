"""Commands that start at once: a process that has imported what they import is forked for each of them.

On a small course, importing nbgrader and what it needs is most of what a command costs. What runs is the real command,
as a process with a folder, an environment, output and an exit code of its own. Where the start of Python is under test,
start Python.
"""

from __future__ import annotations

import functools
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parent.parent
IMPORTED = (
    "distributed.nanny",
    "nbgrader.apps.nbgraderapp",
    "grader.batch.grade_week",
    "grader.cli",
    "grader.reports.class_report",
)
NBGRADER = str(Path(sys.executable).parent / "nbgrader")

Completed = subprocess.CompletedProcess[str]


def run_preloaded(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float) -> Completed:
    """Run ``python -m grader ...`` or ``nbgrader ...``, as `subprocess.run` would with captured output.

    Raises:
        subprocess.TimeoutExpired: the command took longer than `timeout` seconds.
        RuntimeError: the process that is forked has ended.
    """
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    with tempfile.TemporaryDirectory() as place:
        paths = [os.path.join(place, name) for name in ("out", "err")]
        request = {
            "arguments": list(arguments),
            "folder": str(folder),
            "environment": dict(environment),
            "outputs": paths,
        }
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        ready, _, _ = select.select([server.stdout], [], [], timeout)
        answer = server.stdout.readline() if ready else ""
        texts = [Path(path).read_text(encoding="utf-8") if os.path.exists(path) else "" for path in paths]
    if not answer:
        os.killpg(server.pid, signal.SIGKILL)  # with the command
        server.wait()
        _server.cache_clear()
        if not ready:
            raise subprocess.TimeoutExpired(list(arguments), timeout, *texts)
        raise RuntimeError(f"the process that runs {' '.join(arguments)} has ended: {texts[1]}")
    return subprocess.CompletedProcess(list(arguments), int(answer), *texts)


@functools.cache
def _server() -> subprocess.Popen[str]:
    """The process that is forked; it ends with this one, whose end closes its input."""
    command = [sys.executable, "-m", "tests.preloaded"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True, **pipes)


def _serve() -> dict[str, Any] | None:
    """Fork for each request; returns the request in the forked process, and None at the end of the input."""
    for line in sys.stdin:
        if not (process := os.fork()):
            return dict(json.loads(line))
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    return None


def _become(request: dict[str, Any]) -> list[str]:
    """Take over the folder, the environment, the output and the arguments of a command; returns its words."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for number, path in enumerate([os.devnull, *request["outputs"]]):
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    words: list[str] = request["arguments"]
    return words


if __name__ == "__main__":
    import gc
    import importlib
    import runpy

    for module in IMPORTED:
        importlib.import_module(module)
    gc.freeze()
    if (request := _serve()) is not None:
        words = _become(request)
        if words[0] == "nbgrader":
            sys.argv = [NBGRADER, *words[1:]]
            sys.path[0] = os.path.dirname(NBGRADER)
            runpy.run_path(NBGRADER, run_name="__main__")
        else:
            sys.argv = words[2:]
            sys.path[0] = os.getcwd()
            runpy.run_module("grader", run_name="__main__", alter_sys=True)
