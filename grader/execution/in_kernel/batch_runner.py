"""Runs inside a kernel: many plain cells by one request.

A request of Jupyter's protocol costs several milliseconds on either side, far
more than most cells. Cells that are plain Python are therefore run one after
the other by this code, in the notebook's own namespace; before and after each
a line is written to the pipe that also takes the evidence.

It is handed over as text, so it imports nothing of the project, and it is as
little trusted as the student's code beside which it runs.
"""

import contextlib
import io
import json
import linecache
import os
from typing import Any


class OutputLimit(RuntimeError):
    """A cell printed more than it may."""


class Counter(io.TextIOBase):
    """Takes what cells print: nobody reads it, but it is limited."""

    def __init__(self, most: int):
        self.most, self.size = most, 0

    def writable(self) -> bool:
        """It can be written to."""
        return True

    def write(self, text: str) -> int:
        """Count `text`."""
        self.size += len(text)
        if self.size > self.most:
            raise OutputLimit(f"It printed more than {self.most // 1000} kB.")
        return len(text)


def tell(path: str, *forms: dict) -> None:
    """Write lines to the pipe; an error if nobody reads it, as when it was replaced."""
    pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.set_blocking(pipe, True)
    try:
        lines = "".join(json.dumps(form) + "\n" for form in forms).encode()
        while lines:
            lines = lines[os.write(pipe, lines) :]
    finally:
        os.close(pipe)


def describe(problem: BaseException) -> dict:
    """The class and the message of an error."""
    try:
        text = str(problem)
    except BaseException:  # noqa: BLE001 (a student's own class of errors)
        text = ""
    return {"error": type(problem).__name__[:100], "text": text[:2000]}


def compiled(key: str, source: str, shell: Any) -> Any:
    """The code of a cell; not by IPython's name for it, a digest that takes longer to find than the code."""
    name = f"<{key}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    return compile(source, name, "exec", shell.compile.flags, True)


def run(shell: Any, cells: list, path: str, most: int) -> None:
    """Run cells, each given as (key, source), until one is interrupted."""
    ended: list[dict] = []  # told with the beginning of the next one, in half the time
    for key, source in cells:
        tell(path, *ended, {"begin": key})
        outcome: dict = {}
        printed = Counter(most)
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                exec(compiled(key, source, shell), shell.user_global_ns, shell.user_ns)
        except BaseException as problem:  # noqa: BLE001 (whatever a cell raises)
            outcome = describe(problem)
        ended = [{"end": key} | outcome]
        if outcome.get("error") == "KeyboardInterrupt":
            break
    tell(path, *ended)
