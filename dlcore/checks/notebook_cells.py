"""Follow the cells of a notebook: show their checks' outcomes, and know which code did not run.

Exceptions of checks are shown as a `CellReport` instead of a traceback, and end neither
the cell's request nor *Run All*. nbgrader reads a cell's score from its result, so a cell
with a check that does not pass has the result 0.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

from dlcore.checks.cell_report import UNATTEMPTED, WRONG, CellReport, neutral
from dlcore.errors import CheckFailed, CourseError, NotAttempted

__all__ = ["NotebookCells", "follow_cells", "followed_cells"]

DEFINED = re.compile(r"^(?:def\s+|class\s+)?([A-Za-z_]\w*)\s*(?:\(|=(?!=)|:)", re.MULTILINE)
PLACEHOLDER = "Replace this line by your code"  # in the error of a function that is not written yet
UNSEEN = (  # a result of which JupyterLab shows not even the prompt
    "<style>.jp-OutputArea-child:has(.dlcore-score) { display: none }</style><span class='dlcore-score'></span>"
)
SESSION = "JPY_SESSION_NAME"  # the notebook's path, set by Jupyter's server
CLOCK_SECONDS = 2.0  # a file saved so shortly after a run may hold what was run

_followed: NotebookCells | None = None


def follow_cells() -> None:
    """Follow the cells of this notebook from now on, if this is one."""
    global _followed
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or (_followed is not None and _followed.shell is shell):
        return
    _followed = NotebookCells(shell)


def followed_cells() -> NotebookCells | None:
    """The cells that are followed, while one of them runs."""
    return _followed if _followed is not None and _followed.is_running else None


class NotebookCells:
    """What is known of the cells that were run since the lesson began.

    Args:
        shell: IPython's shell.
    """

    def __init__(self, shell: Any):
        self.shell = shell
        self.is_running = hasattr(shell, "kernel")  # where there is a kernel, the lesson's first cell makes it
        self._report = CellReport()
        self._problem: BaseException | None = None
        self._source = ""
        self._ran: dict[str, tuple[str, float]] = {}  # for each name the source that defined it last, and when
        self._stale: dict[str, str] = {}  # why the last edit of the code that defines a name did not run
        self._waiting: dict[str, str] = {}  # what a cell did not make, since the function named here is not written
        shell.set_custom_exc((CourseError, NotImplementedError, NameError, KeyError, IndexError), self._on_error)
        shell.events.register("pre_run_cell", self._before)
        shell.events.register("post_run_cell", self._after)

    def passed(self, exercise: str, label: str, reason: str = "") -> None:
        """Note a check that passed and, of a choice, why it is right."""
        self._report.passed.append((exercise, label))
        self._report.message = reason

    def why_stale(self, exercise: str) -> str:
        """Why the function in the kernel is not what stands in the notebook, in a sentence; "" if nothing says so."""
        if exercise in self._stale:
            return self._stale[exercise]
        if exercise in self._ran and self._is_edited(exercise):
            return f"The cell of `{exercise}` was edited and saved after it ran. Run it first, then this one again."
        return ""

    def _is_edited(self, exercise: str) -> bool:
        """Whether the saved notebook is newer than the last run of an exercise's cell, and has other code in it."""
        source, ran_at = self._ran[exercise]
        path = Path(os.environ.get(SESSION, ""))
        path = path if path.is_file() else Path(path.name)
        try:
            if path.suffix != ".ipynb" or path.stat().st_mtime < ran_at + CLOCK_SECONDS:
                return False
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            saved = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        except (OSError, ValueError, KeyError, TypeError):
            return False
        mine = [text for text in saved if exercise in names_in(text, ast.Store)]
        return bool(mine) and all(text.strip() != source.strip() for text in mine)

    def _before(self, info: Any) -> None:
        self._report, self._problem, self._source = CellReport(), None, str(info.raw_cell)
        self.is_running = True

    def _on_error(self, shell: Any, kind: type, problem: Any, trace: Any, tb_offset: int | None = None) -> None:
        """Keep what `_after` will show; show any other error as usual."""
        if self._is_ours(problem):
            self._problem = problem
            if not isinstance(problem, CourseError):
                _drop_half_drawn()
        else:
            shell.showtraceback((kind, problem, trace), tb_offset=tb_offset)

    def _is_ours(self, problem: Any) -> bool:
        if isinstance(problem, NotImplementedError):
            return PLACEHOLDER in str(problem)
        if isinstance(problem, NameError) and problem.name in self._stale:
            return True
        return isinstance(problem, CourseError) or self._unmade(problem) != ""

    def _unmade(self, problem: Any) -> str:
        """What an error may be due to: a name that an earlier cell did not bind, or fill, for want of a function."""
        if isinstance(problem, NotImplementedError):
            return ""
        if isinstance(problem, NameError):
            return str(problem.name) if problem.name in self._waiting else ""
        used, made_here = names_in(self._source, ast.Load), names_in(self._source, ast.Store)
        waited_for = [name for name in self._waiting if name in used]
        return next((name for name in waited_for if name not in made_here), "".join(waited_for[:1]))

    def _after(self, result: Any) -> None:
        self.is_running = False
        names = names_in(self._source, ast.Store)
        error = result.error_before_exec or result.error_in_exec
        if self._problem is not None and error is self._problem:
            self._show(self._problem, names)
            result.error_in_exec = None  # *Run All* goes on
        elif error is not None:
            self._stale |= {name: _not_run(name, error) for name in names}
        else:
            if self._report.passed:
                self._display(self._report.data())
            self._ran |= {name: (self._source, time.time()) for name in names}
            for name in names:
                self._stale.pop(name, None)
                self._waiting.pop(name, None)

    def _show(self, problem: Any, names: set[str]) -> None:
        """Show what ended a cell that would have bound these names."""
        report = self._report
        if isinstance(problem, CheckFailed):
            report.state = UNATTEMPTED if isinstance(problem, NotAttempted) else WRONG
            report.title, report.message = problem.title or str(problem), problem.message
            report.table, report.hint = problem.table, problem.hint
            self._display(report.data())
            self._score_nothing()
        elif isinstance(problem, CourseError):
            report.state, report.title = WRONG, str(problem)
            self._display(report.data())
        else:
            self._display(neutral(self._what_is_missing(problem, names)))

    def _what_is_missing(self, problem: Any, names: set[str]) -> str:
        """What has to be written or run first, for a cell that would have bound these names."""
        if isinstance(problem, NameError) and problem.name in self._stale:
            return self._stale[problem.name]
        unmade = self._unmade(problem)
        function = self._waiting[unmade] if unmade else _innermost_function(problem.__traceback__)
        self._waiting |= dict.fromkeys(names, function)
        if unmade:
            return f"This cell needs `{unmade}`, from a cell that needs `{function}`: write that, then run both cells."
        return f"This cell needs `{function}`, which is not written yet."

    def _display(self, data: dict[str, str]) -> None:
        from IPython.display import display

        display(data, raw=True)

    def _score_nothing(self) -> None:
        """Give the cell the result 0, which nbgrader takes for its score; pages show nothing of it."""
        hook = self.shell.displayhook
        if hasattr(hook, "pub_socket"):  # in a terminal it would be printed
            hook.start_displayhook()
            hook.write_output_prompt()
            hook.write_format_data({"text/plain": "0", "text/html": UNSEEN}, {})
            hook.finish_displayhook()


def _drop_half_drawn() -> None:
    """Close the pictures of a cell that cannot finish them, before Jupyter shows their empty axes below it."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None and pyplot.get_backend().endswith("inline"):  # there all that are open are this cell's
        pyplot.close("all")


def _innermost_function(trace: Any) -> str:
    """The function that raised."""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return str(trace.tb_frame.f_code.co_name)


def names_in(source: str, context: type[ast.expr_context]) -> set[str]:
    """The names that a cell binds or fills (ast.Store), or uses (ast.Load); a guess if it is not valid Python."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(DEFINED.findall(source))
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, context)}
    if context is ast.Load:
        return names
    filled = {node.value for node in nodes if isinstance(node, ast.Subscript) and isinstance(node.ctx, context)}
    names |= {node.id for node in filled if isinstance(node, ast.Name)}
    return names | {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def _not_run(name: str, error: BaseException) -> str:
    line = getattr(error, "lineno", None)
    what = type(error).__name__ + (f" in line {line}" if line else "")
    if isinstance(error, KeyboardInterrupt):
        what = "it was interrupted"
    return (
        f"Your last edit of `{name}` did not run ({what}), so this would check the version before it. "
        "Put that right and run its cell, then this one."
    )
