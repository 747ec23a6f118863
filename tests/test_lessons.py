"""Every lesson: its checks are checked, and its finished notebook runs, pictures and widgets included."""

from __future__ import annotations

import dis
import json
import time
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from dlcore.checks.answer_key import HIDDEN_SUFFIX, SUFFIX
from grader.execution.sandbox import Limits
from grader.grading.pipeline import run_and_judge
from grader.lessons.audit import AuditRow, Defect, audit, table
from grader.lessons.build import answer_key
from grader.lessons.notebooks import compose_source, course_metadata, write_notebook
from grader.lessons.parser import Cell, Lesson, read_lesson
from grader.lessons.reference import Reference, load_reference, support_files
from grader.lessons.variants import lesson_files

REPOSITORY = Path(__file__).parent.parent
LESSONS = [
    pytest.param(
        path,
        marks=[getattr(pytest.mark, path.parent.name), pytest.mark.xdist_group(path.stem)],  # it is built once
        id=f"{path.parent.name}-{path.stem}",
    )
    for path in lesson_files(REPOSITORY / "course")
]
CELL_SECONDS = 1800  # only what hangs takes that long

WATCH = """
import json as _json
import matplotlib as _matplotlib
import matplotlib.pyplot as _pyplot
import dlcore.live as _live

_figures, _panels = [], []


def _title(ax):
    return any(ax.get_title(loc) for loc in ("left", "center", "right"))


def _axes(ax):
    shared = [other for other in ax.figure.axes if other in ax.get_shared_y_axes().get_siblings(ax)]
    return {
        "shown": ax.axison and ax.get_visible(),
        "title": _title(ax),
        "x": bool(ax.get_xlabel()),
        "y": any(other.get_ylabel() for other in shared),
        "image": bool(ax.images),
        "bar": ax.get_label() == "<colorbar>" or hasattr(ax, "_colorbar"),
        "bar label": bool(ax.get_xlabel() or ax.get_ylabel()),
    }


def _note(figure):
    if figure.axes and figure not in [known for known, _ in _figures]:
        _figures.append((figure, {"title": bool(figure.get_suptitle()), "axes": [_axes(ax) for ax in figure.axes]}))


def _note_open_figures(*_, **__):
    for number in _pyplot.get_fignums():
        _note(_pyplot.figure(number))


def _with_notes(show):
    def noting(*args, **kwargs):
        _note_open_figures()
        return show(*args, **kwargs)

    return noting


def _remember_panels(make):
    def remembering(self, *args, **kwargs):
        make(self, *args, **kwargs)
        _panels.append(self)

    return remembering


get_ipython().events.register("post_execute", _note_open_figures)
_pyplot.show = _with_notes(_pyplot.show)
_live.Panel.__init__ = _remember_panels(_live.Panel.__init__)
"""
TELL = """
def _errors(panel):
    found = [repr(panel.error)] if panel.error else []
    for control in panel.controls:
        before = control.value
        ends = (control.min, control.max) if hasattr(control, "min") else (not before,)
        if hasattr(control, "base"):
            ends = tuple(control.base**end for end in ends)
        if hasattr(control, "options"):
            ends = tuple(control.options)
            ends = tuple(end[1] if isinstance(end, tuple) else end for end in ends)
        for value in ends:
            control.value = value
            found += [f"{control.description} = {value}: {panel.error!r}"] if panel.error else []
        control.value = before
    for label, button in panel.buttons.items():
        button.click()
        found += [f"{label}: {panel.error!r}"] if panel.error else []
    return found


def _tell(panel):
    figure = panel.live.figure
    titled = bool(figure.get_suptitle()) or any(_title(ax) for ax in figure.axes)
    return {"alt": panel.live.alt, "sentence": panel.sentence, "titled": titled, "errors": _errors(panel)}


print(_json.dumps({"figures": [facts for _, facts in _figures], "panels": [_tell(panel) for panel in _panels]}))
"""


@dataclass
class Finished:
    """A lesson built into a folder of its own: as an instructor has it, with the key beside it."""

    lesson: Lesson
    reference: Reference
    folder: Path
    rows: list[AuditRow]
    problems: list[Defect]

    @property
    def notebook(self) -> Any:
        return nbformat.read(self.folder / f"{self.lesson.name}.ipynb", as_version=4)


@pytest.fixture(scope="module")
def finish(tmp_path_factory, course_root):
    """Build a lesson, once."""
    done: dict[Path, Finished] = {}

    def finish(path: Path) -> Finished:
        if path not in done:
            folder = tmp_path_factory.mktemp(path.stem)
            for name, data in support_files(path.parent).items():
                (folder / name).write_bytes(data)
            lesson = read_lesson(path)
            target = folder / f"{lesson.name}.ipynb"
            target.write_text(write_notebook(compose_source(lesson)))
            reference = load_reference(target, lesson, course_root / ".cache" / "reference")
            for suffix, hidden in ((SUFFIX, False), (HIDDEN_SUFFIX, True)):
                (folder / f"{lesson.name}{suffix}").write_text(json.dumps(answer_key(reference, hidden=hidden)))
            done[path] = Finished(lesson, reference, folder, *audit(reference, lesson))
        return done[path]

    return finish


def run(notebook: Any, folder: Path) -> float:
    """Run a notebook as JupyterLab would; returns the seconds that it took."""
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
    )
    start = time.monotonic()
    client.execute()
    return time.monotonic() - start


def printed(notebook: Any, stream: str) -> list[str]:
    """What the cells wrote to a stream, with the cell's first line where that is stderr."""
    return [
        output.text if stream == "stdout" else f"{cell.source[:60]}: {output.text}"
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output.output_type == "stream" and output.name == stream
    ]


@pytest.mark.parametrize("path", LESSONS)
def test_every_misconception_is_caught_and_every_alternative_accepted(path, finish):
    finished = finish(path)
    print(table(finished.rows))
    assert finished.problems == []
    for row in finished.rows:
        assert (row.caught, row.accepted) == (row.misconceptions, row.alternatives), row.exercise


@pytest.mark.parametrize("path", LESSONS)
def test_visible_checks_alone_name_most_misconceptions(path, finish):
    for row in finish(path).rows:
        if row.hidden:
            assert 2 * row.named >= row.misconceptions, f"{row.exercise}: {row.named} of {row.misconceptions}"


@pytest.mark.week1
def test_visible_checks_of_week_one_name_at_least_eight_misconceptions(finish):
    rows = finish(REPOSITORY / "course" / "week1" / "logistic_regression.md").rows
    named = sum(row.named for row in rows if row.hidden)
    print(f"{named} of {sum(row.misconceptions for row in rows if row.hidden)} misconceptions are recognised by name")
    assert named >= 8


SLIPS = """
import matplotlib.pyplot as plt
from dlcore.live import LiveFigure, Panel, slider

plt.plot([1, 2])
plt.show()
fig, (left, right) = plt.subplots(1, 2, sharey=True)
left.set(title="Left", xlabel="x", ylabel="y")
right.set(title="Right")
fig.colorbar(right.imshow([[1, 2]]), ax=right)
Panel(LiveFigure(), [slider("x", 0, 1, 0)], lambda x: "words" if x < 1 else 1 / 0)
import sys; print("trouble", file=sys.stderr)
"""


@pytest.mark.slow
def test_the_run_would_show_missing_labels_errors_of_widgets_and_warnings(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in (WATCH, SLIPS, TELL)])
    run(notebook, tmp_path)
    seen = json.loads(notebook.cells[-1].outputs[-1].text)
    assert [slip for number, figure in enumerate(seen["figures"], 1) for slip in unlabelled(number, figure)] == [
        "figure 1, axes 1: no title",
        "figure 1, axes 1: no x label",
        "figure 1, axes 1: no y label",
        "figure 2, axes 3: the colour bar has no label",
    ]
    assert seen["panels"] == [
        {"alt": "", "sentence": "words", "titled": False, "errors": ["x = 1.0: ZeroDivisionError('division by zero')"]}
    ]
    assert "trouble" in printed(notebook, "stderr")[0]


@pytest.mark.slow
@pytest.mark.sweep_but_first
@pytest.mark.parametrize("path", LESSONS)
def test_the_finished_notebook_runs_and_its_pictures_are_labelled(path, finish, record_property):
    finished = finish(path)
    notebook = finished.notebook
    notebook.cells.insert(0, nbformat.v4.new_code_cell(WATCH))
    notebook.cells.append(nbformat.v4.new_code_cell(TELL))
    seconds = run(notebook, finished.folder)
    record_property("seconds", seconds)
    seen = json.loads(notebook.cells[-1].outputs[-1].text.splitlines()[-1])
    print(f"{path.stem}: {seconds:.1f} s, {len(seen['figures'])} figures, {len(seen['panels'])} widgets")
    assert printed(notebook, "stderr") == []
    assert "widgets" not in notebook.metadata
    assert len(seen["figures"]) >= 3
    assert [slip for number, figure in enumerate(seen["figures"], 1) for slip in unlabelled(number, figure)] == []
    assert len(seen["panels"]) >= 2
    for panel in seen["panels"]:
        assert panel["errors"] == []
        assert panel["titled"], panel["alt"]
        assert panel["alt"]
        assert panel["sentence"]


def unlabelled(number: int, figure: dict[str, Any]) -> list[str]:
    """What a figure lacks. Images need no axis labels if they have a title."""
    slips = []
    for place, ax in enumerate(figure["axes"], 1):
        name = f"figure {number}, axes {place}"
        if ax["bar"]:
            slips += [] if ax["bar label"] else [f"{name}: the colour bar has no label"]
            continue
        if not (figure["title"] or ax["title"]):
            slips.append(f"{name}: no title")
        if ax["shown"] and not ax["image"]:
            slips += [f"{name}: no {side} label" for side in "xy" if not ax[side]]
    return slips


@pytest.mark.slow
@pytest.mark.parametrize("path", LESSONS)
def test_the_graded_cells_run_without_the_demo_cells(path, finish, record_property):
    finished = finish(path)
    notebook = finished.notebook
    notebook.cells = [cell for cell in notebook.cells if course_metadata(cell).get("role") != "demo"]
    seconds = run(notebook, finished.folder)
    record_property("seconds", seconds)
    green = sum(text.count("✓") for text in printed(notebook, "stdout"))
    print(f"{path.stem}: graded cells {seconds:.1f} s, {green} checks passed")
    assert printed(notebook, "stderr") == []
    assert green == sum(row.visible + row.hidden for row in finished.rows)


@pytest.mark.slow
@pytest.mark.usefixtures("needs_sandbox")
@pytest.mark.parametrize("path", LESSONS)
def test_the_finished_lesson_gets_all_points_within_the_usual_limits(path, finish):
    finished = finish(path)
    reports = run_and_judge(
        finished.notebook, finished.reference, Limits(), sandboxed=True, follow_through=False
    ).values()
    assert {name for report in reports for name in report.notes} == set()
    assert [report.name for report in reports if report.score != report.points] == []
    assert sum(len(report.checks) for report in reports) == sum(row.visible + row.hidden for row in finished.rows)


def names(source: str) -> tuple[set[str], set[str]]:
    """The names that a cell assigns, and those that it needs from elsewhere.

    What a function reads when it is called counts as needed even if the cell
    assigns it, since a widget, say, calls it long after the cell has run.
    """
    assigned: set[str] = set()
    needed: set[str] = set()

    def read(code: CodeType, later: bool) -> None:
        for step in dis.get_instructions(code):
            if isinstance(step.argval, CodeType):
                read(step.argval, later or not step.argval.co_name.endswith(("comp>", "genexpr>")))
            elif step.opname == "STORE_NAME" and code.co_name == "<module>":
                assigned.add(step.argval)
            elif step.opname in ("LOAD_NAME", "LOAD_GLOBAL") and (later or step.argval not in assigned):
                needed.add(step.argval)

    read(compile(source, "cell", "exec"), False)
    return assigned, needed


def collisions(cells: list[Cell]) -> list[str]:
    """Which cells a check cell spoils if it is run again, and which graded cells a demo spoils."""
    found = []
    known = [(cell, *names(cell.source)) for cell in cells]
    for cell, own, needed in known:
        if cell.role == "check":  # nobody else may call its functions
            needed = needed - own
        for other, assigned, _ in known:
            graded = cell.role in ("solution", "check", "quiz")
            if other is not cell and (other.role == "check" or (graded and other.role == "demo")):
                shared = sorted(needed & assigned)
                found += [f"line {cell.line} needs {name}, line {other.line} assigns it" for name in shared]
    return found


def test_collisions_are_found():
    here = Path("lesson.md")
    check = Cell("code", "X = 1\nrng = 2\ndef made_up(): return X\ncheck(f, X, made_up())", here, 10, "check", "f")
    own = Cell("code", "X = [0]\nX = [x for x in X]\nfor rng in X: print(rng, X)", here, 20, "demo")
    assert collisions([check, own]) == []
    assert collisions([check, Cell("code", "print(X)", here, 30, "demo")]) == ["line 30 needs X, line 10 assigns it"]
    late = Cell("code", "X = [0]\nwidget(lambda x: X[x])", here, 40, "demo")
    assert collisions([check, late]) == ["line 40 needs X, line 10 assigns it"]
    other = Cell("code", "check(g, made_up())", here, 50, "check", "g")
    assert collisions([check, other]) == ["line 50 needs made_up, line 10 assigns it"]
    taken = Cell("code", "relu = 3", here, 60, "demo")
    solution = Cell("code", "def f(Z): return relu(Z)", here, 70, "solution", "f")
    assert collisions([taken, solution]) == ["line 70 needs relu, line 60 assigns it"]


@pytest.mark.parametrize("path", LESSONS)
def test_no_cell_needs_a_name_that_a_check_assigns(path):
    """So a student may run any check again, at any time, and go on anywhere."""
    left_out = ("written",)
    cells = [cell for cell in read_lesson(path).cells if cell.kind == "code" and cell.role not in left_out]
    assert collisions(cells) == []


@pytest.mark.parametrize("path", LESSONS)
def test_built_notebooks_hold_no_outputs(path, course_root):
    for stage in ("source", "release"):
        notebook = nbformat.read(course_root / stage / path.parent.name / f"{path.stem}.ipynb", as_version=4)
        assert "widgets" not in notebook.metadata
        for cell in notebook.cells:
            assert not cell.get("outputs"), cell.source
            assert cell.get("execution_count") is None, cell.source
