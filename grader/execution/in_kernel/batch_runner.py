"""Run many plain cells in one request; runs inside a kernel.

A request of the Jupyter protocol costs several milliseconds on either side, far
more than most cells take. Plain Python cells are therefore run one after the
other by this module, in the notebook's namespace; before and after each, a line
is written to the evidence pipe.

It is injected as source, so it imports nothing from the project, and it is
trusted no more than the student code that it shares a process with.
"""

import contextlib
import io
import json
import linecache
import os
from typing import Any


class OutputLimit(RuntimeError):
    """A cell printed more than its output limit."""


class Counter(io.TextIOBase):
    """A text stream that discards what cells print, up to a limit."""

    def __init__(self, most: int):
        self.most, self.size = most, 0

    def writable(self) -> bool:
        """Always true."""
        return True

    def write(self, text: str) -> int:
        """Count `text`; raises OutputLimit."""
        self.size += len(text)
        if self.size > self.most:
            raise OutputLimit(f"It printed more than {self.most // 1000} kB.")
        return len(text)


def write_lines(path: str, *forms: dict) -> None:
    """Write lines to the pipe; raises OSError if it has no reader, as when it was replaced."""
    pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.set_blocking(pipe, True)
    try:
        lines = "".join(json.dumps(form) + "\n" for form in forms).encode()
        while lines:
            lines = lines[os.write(pipe, lines) :]
    finally:
        os.close(pipe)


def describe(problem: BaseException) -> dict:
    """The class name and the message of an exception."""
    try:
        text = str(problem)
    except BaseException:  # noqa: BLE001 (`__str__` of a student's exception class)
        text = ""
    return {"error": type(problem).__name__[:100], "text": text[:2000]}


def compiled(key: str, source: str, private: bool, shell: Any) -> Any:
    """A cell's code object, named by its key: IPython's name, a digest, takes longer to compute than the code."""
    name = f"<{key}>"
    if not private:
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    return compile(source, name, "exec", shell.compile.flags, True)


def run(shell: Any, cells: list, path: str, most: int) -> None:
    """Run cells, given as (key, source, private), until one is interrupted.

    The list is emptied, so that a cell's code can read no other's in it, or in the request that it came in.
    """
    ended: list[dict] = []  # written together with the next start, which halves the number of writes
    while cells:
        key, source, private = cells.pop(0)
        write_lines(path, *ended, {"begin": key})
        outcome: dict = {}
        printed = Counter(most)
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                exec(compiled(key, source, private, shell), shell.user_global_ns, shell.user_ns)
        except BaseException as problem:  # noqa: BLE001 (whatever a cell raises)
            outcome = describe(problem)
        ended = [{"end": key} | outcome]
        if outcome.get("error") == "KeyboardInterrupt":
            break
    write_lines(path, *ended)
