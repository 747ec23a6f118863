"""Every lesson: its checks are checked, and its finished notebook runs, pictures and widgets included."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from dlcore.checks.answer_key import HIDDEN_SUFFIX, SUFFIX
from grader.execution.sandbox import Limits
from grader.grading.pipeline import run_and_judge
from grader.lessons.audit import AuditRow, Defect, audit, table
from grader.lessons.build import answer_key
from grader.lessons.cells import Cell
from grader.lessons.executed import TELL, WATCH, run_notebook
from grader.lessons.finished import run_finished, unlabelled
from grader.lessons.load_reference import load_reference
from grader.lessons.names import shared_names
from grader.lessons.notebooks import compose_source, course_metadata, support_files, write_notebook
from grader.lessons.parser import Lesson, read_lesson
from grader.lessons.reference import Reference
from grader.lessons.roles import Role
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
            folder = tmp_path_factory.mktemp(path.stem) / path.parent.name
            folder.mkdir()
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
def test_a_finished_notebook_multiplies_with_one_thread_as_in_a_students_jupyterlab(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    code = "import os, numpy; print(os.environ.get('OPENBLAS_NUM_THREADS'))"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    run_notebook(notebook, tmp_path)
    assert notebook.cells[0].outputs[0].text == "1\n"


@pytest.mark.slow
def test_the_run_would_show_missing_labels_errors_of_widgets_and_warnings(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in (WATCH, SLIPS, TELL)])
    run_notebook(notebook, tmp_path)
    seen = json.loads(notebook.cells[-1].outputs[-1].text)
    assert [slip for number, figure in enumerate(seen["figures"], 1) for slip in unlabelled(number, figure)] == [
        "figure 1, axes 1: no title",
        "figure 1, axes 1: no x label",
        "figure 1, axes 1: no y label",
        "figure 2, axes 3: the colour bar has no label",
    ]
    assert seen["panels"] == [
        {
            "alt": "",
            "sentence": "words",
            "titled": False,
            "errors": ["x = 1.0: ZeroDivisionError('division by zero')"],
            "cell": 1,
        }
    ]
    assert "trouble" in printed(notebook, "stderr")[0]


@pytest.mark.minutes  # what it runs is kept for the website, so that it has to come first
@pytest.mark.sweep_but_first
@pytest.mark.parametrize("path", LESSONS)
def test_the_finished_notebook_runs_and_its_pictures_are_labelled(path, finish, course_root, record_property):
    finished = finish(path)
    run = run_finished(finished.reference, finished.lesson, finished.folder, course_root / ".cache")
    record_property("seconds", run.seconds)
    print(f"{path.stem}: {run.seconds:.1f} s, {len(run.figures)} figures, {len(run.panels)} widgets")
    assert run.defects == []
    if not finished.lesson.is_draft:
        assert len(run.figures) >= 3
        assert len(run.panels) >= 2


@pytest.mark.slow
@pytest.mark.sweep_but_first
@pytest.mark.parametrize("path", LESSONS)
def test_the_graded_cells_run_without_the_demo_cells(path, finish):
    finished = finish(path)
    notebook = finished.notebook
    notebook.cells = [cell for cell in notebook.cells if course_metadata(cell).get("role") != "demo"]
    run_notebook(notebook, finished.folder)
    said = [
        output.data["text/plain"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output.output_type == "display_data"
    ]
    assert [text for text in said if text.startswith(("✗", "○"))] == []
    green = sum(int(count) for text in said for count in re.findall(r"✓ \w+: (\d+) checks? pass", text))
    print(f"{path.stem}: {green} checks passed")
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


def said(defects):
    return [f"{defect.line}: {defect.text}" for defect in defects]


def test_names_that_cells_take_from_each_other_are_found():
    here = Path("lesson.md")
    source = "X = 1\nrng = 2\ndef made_up(): return X\ncheck(f, X, made_up())"
    check = Cell("code", source, here, 10, Role.CHECK, "f")
    own = Cell("code", "X = [0]\nX = [x for x in X]\nfor rng in X: print(rng, X)", here, 20, Role.DEMO)
    assert shared_names([check, own]) == []
    end = "assigns; use another name, or assign it here"
    taken = f"30: this demo cell needs X, which the check cell in line 10 {end}"
    assert said(shared_names([check, Cell("code", "print(X)", here, 30, Role.DEMO)])) == [taken]
    late = Cell("code", "X = [0]\nwidget(lambda x: X[x])", here, 40, Role.DEMO)
    assert said(shared_names([check, late])) == [f"40: this demo cell needs X, which the check cell in line 10 {end}"]
    other = Cell("code", "check(g, made_up())", here, 50, Role.CHECK, "g")
    taken = f"50: this check cell needs made_up, which the check cell in line 10 {end}"
    assert said(shared_names([check, other])) == [taken]
    demo = Cell("code", "relu = 3", here, 60, Role.DEMO)
    solution = Cell("code", "def f(Z): return relu(Z)", here, 70, Role.SOLUTION, "f")
    taken = f"70: this solution cell needs relu, which the demo cell in line 60 {end}"
    assert said(shared_names([demo, solution])) == [taken]
    assert shared_names([Cell("code", "%timeit X", here, 80), check]) == []


@pytest.mark.parametrize("path", LESSONS)
def test_no_cell_needs_a_name_that_a_check_assigns(path):
    """So a student may run any check again, at any time, and go on anywhere."""
    assert shared_names(read_lesson(path).cells) == []


@pytest.mark.parametrize("path", LESSONS)
def test_built_notebooks_hold_no_outputs(path, course_root):
    for stage in ("source", "release"):
        notebook = nbformat.read(course_root / stage / path.parent.name / f"{path.stem}.ipynb", as_version=4)
        assert "widgets" not in notebook.metadata
        for cell in notebook.cells:
            assert not cell.get("outputs"), cell.source
            assert cell.get("execution_count") is None, cell.source
