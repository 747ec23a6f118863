"""What a notebook's cells show: three states, nothing red, and no verdict on code that did not run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from dlcore.checks.cell_report import CellReport, differences, neutral
from dlcore.checks.compare import Settings
from dlcore.checks.notebook_cells import names_in
from tests.classroom import REPOSITORY
from tests.small_lesson import write_key

BEGIN = 'import numpy as np\nfrom dlcore import begin, check, check_choice, hint\nbegin("small")'
STUB = 'def double(z):\n    raise NotImplementedError("Replace this line by your code.")'
CHECKS = 'check(double, 1.5)\ncheck(double, np.array([[1.0, -2.0, 3.0]]), label="a row")'
RIGHT = "def double(z):\n    return 2 * np.asarray(z)"
LAST = "print('the last cell')"


@pytest.fixture
def run(tmp_path, small_reference):
    """Runs cells in a kernel, none of which may end the run, and gives back the outputs of each."""
    write_key(tmp_path, small_reference)

    def run(*sources):
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in (BEGIN, *sources, LAST)]
        )
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
        assert notebook.cells[-1].outputs[0].text == "the last cell\n"
        return [cell.outputs for cell in notebook.cells[1:-1]]

    return run


def shown(outputs) -> list[str]:
    return [output.data["text/plain"] for output in outputs if output.output_type == "display_data"]


def results(outputs) -> list[str]:
    return [output.data["text/plain"] for output in outputs if output.output_type == "execute_result"]


def test_what_is_right_is_one_quiet_line(run):
    _, outputs = run(RIGHT, CHECKS)
    assert shown(outputs) == ["✓ double: 2 checks pass"]
    assert results(outputs) == []
    page = outputs[0].data["text/html"]
    assert "<details>" in page
    assert "a row" in page


def test_a_right_choice_reads_why_it_is_right(run):
    right, wrong = run('check_choice("quiz_sign", "b", "abc")', 'check_choice("quiz_sign", "c", "abc")')
    reason = "Doubling moves a number away from 0, on its own side."
    assert shown(right) == [f"✓ quiz_sign: 1 check passes\n{reason}"]
    assert f"<div>{reason}</div>" in right[0].data["text/html"]
    assert reason not in shown(wrong)[0]


def test_what_is_not_written_yet_is_neutral_and_the_rest_goes_on(run):
    _, outputs, use, after, filled, later = run(
        STUB, CHECKS, "doubled = double(3)", "print(doubled)", "table = {}\ntable['a'] = double(1)", "table['a']"
    )
    assert shown(outputs) == ["○ double: not attempted yet."]
    assert results(outputs) == ["0"]  # which nbgrader takes for the score
    assert shown(use) == ["○ This cell needs double, which is not written yet."]
    assert shown(after) == [
        "○ This cell needs doubled, from a cell that needs double: write that, then run both cells."
    ]
    assert shown(filled) == shown(use)
    assert shown(later) == ["○ This cell needs table, from a cell that needs double: write that, then run both cells."]
    assert not results(use) + results(after) + results(filled) + results(later)


def test_what_a_cell_lacks_is_not_what_it_makes_itself(run):
    fill = "colour, table = 'red', {}\ntable['a'] = double(1)"
    *_, use = run(STUB, "for colour in [double(1)]:\n    pass", fill, "colour = 'blue'\nprint(colour, table['a'])")
    assert shown(use) == ["○ This cell needs table, from a cell that needs double: write that, then run both cells."]


def test_a_picture_that_cannot_be_finished_is_not_shown_empty(run):
    plot = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot({})\nplt.show()"
    _, unfinished, finished = run(STUB, plot.format("[double(1)]"), plot.format("[1, 2]"))
    assert shown(unfinished) == ["○ This cell needs double, which is not written yet."]
    assert "Figure" in shown(finished)[0]


def test_a_picture_that_was_shown_before_the_end_stays(run):
    draw = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.figure()\ndouble(1)"
    _, outputs = run(STUB, draw)
    picture, words = shown(outputs)
    assert "Figure" in picture
    assert words == "○ This cell needs double, which is not written yet."


def test_what_is_wrong_says_what_came_and_what_was_expected(run):
    _, outputs = run("def double(z):\n    return np.asarray(z) / 2", CHECKS)
    (text,) = shown(outputs)
    assert text.splitlines()[0] == "✗ double(1.5)"
    assert "You halved z." in text
    assert "Expected 3.0, got 0.75." in text
    assert results(outputs) == ["0"]
    assert not any(output.output_type in ("error", "stream") for output in outputs)


def test_what_passed_before_a_wrong_one_is_said_too(run):
    _, outputs = run("def double(z):\n    return 2 * z if np.ndim(z) == 0 else np.abs(2 * z)", CHECKS)
    (text,) = shown(outputs)
    assert "✓ double: 1 check passes" in text
    assert "→ -4" in outputs[0].data["text/html"]  # the entry in the table of differences


def test_an_error_of_another_kind_is_shown_as_ever(run):
    with pytest.raises(Exception, match="ZeroDivisionError"):
        run("1 / 0")
    with pytest.raises(Exception, match="name 'nowhere' is not defined"):
        run("nowhere")
    with pytest.raises(Exception, match="later"):
        run("raise NotImplementedError('later')")


STALE = [
    ("def double(z)\n    return 2 * z", "SyntaxError in line 1"),
    ("def double(z):\n    return 2 * z\n1 / 0", "ZeroDivisionError"),
]


@pytest.mark.parametrize(("edit", "why"), STALE)
def test_code_that_did_not_run_is_not_judged(tmp_path, small_reference, edit, why):
    write_key(tmp_path, small_reference)
    sources = [BEGIN, "def double(z):\n    return z", edit, CHECKS, RIGHT, CHECKS]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client = NotebookClient(notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    (text,) = shown(notebook.cells[3].outputs)
    assert f"Your last edit of double did not run ({why})" in text
    assert "Expected" not in text
    assert results(notebook.cells[3].outputs) == ["0"]
    assert shown(notebook.cells[5].outputs) == ["✓ double: 2 checks pass"]


def test_code_that_was_saved_after_it_ran_is_not_judged(tmp_path, run):
    path = tmp_path / "lesson.ipynb"
    save = f"""
import json, os, pathlib, time
os.environ["JPY_SESSION_NAME"] = {str(path)!r}
cells = [{{"cell_type": "code", "metadata": {{}}, "outputs": [], "source": "def double(z):\\n    return 3 * z"}}]
path = pathlib.Path({str(path)!r})
path.write_text(json.dumps({{"cells": cells}}))
os.utime(path, (time.time() + LATER,) * 2)
"""
    _, _, outputs = run(RIGHT, save.replace("LATER", "60"), CHECKS)
    assert "The cell of double was edited and saved after it ran." in shown(outputs)[0]
    _, _, outputs = run(RIGHT, save.replace("LATER", "-60"), CHECKS)
    assert shown(outputs) == ["✓ double: 2 checks pass"]


def test_nbgrader_counts_a_wrong_and_an_unwritten_answer_as_failing(tmp_path):
    """By its own validation, as the button in JupyterLab does."""
    work = tmp_path / "week1"
    work.mkdir()
    for path in (REPOSITORY / "release" / "week1").iterdir():
        (work / path.name).write_bytes(path.read_bytes())
    program = str(Path(sys.executable).with_name("nbgrader"))
    command = [program, "validate", "logistic_regression.ipynb"]
    done = subprocess.run(command, cwd=work, env=os.environ, capture_output=True, text=True, timeout=600, check=False)
    assert "VALIDATION FAILED ON" in done.stdout, done.stderr
    failed = int(done.stdout.split("VALIDATION FAILED ON ")[1].split()[0])
    notebook = json.loads((work / "logistic_regression.ipynb").read_text())
    graded = [cell["metadata"].get("nbgrader", {}) for cell in notebook["cells"]]
    assert failed == sum(bool(item.get("grade")) and item["points"] > 0 for item in graded)


CLOSE = Settings("close", 1e-5, None)


def test_differing_entries_are_marked_and_the_others_are_not():
    table = differences(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 2.5], [3.0, 4.0]]), CLOSE)
    assert table.count("✗") == 2  # the entry, and the caption
    assert "2.5 → 2<" in table


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (np.zeros(3), np.ones(3)),
        (np.zeros(3), np.zeros(4)),
        (np.zeros(100), np.eye(1, 100)[0]),
        (1.0, 2.0),
        ([1.0], [2.0]),
        (np.zeros((2, 2, 2)), np.eye(8)[0].reshape(2, 2, 2)),
        (np.zeros(3), np.array(["a", "b", "c"])),
    ],
)
def test_there_is_no_table_where_it_does_not_help(expected, got):
    assert differences(expected, got, CLOSE) == ""


def test_what_students_write_is_no_markup():
    report = CellReport([("e", "<b>")], "✗", "<i>title</i>", "<u>`x < y`</u>")
    assert not any(tag in report.html() for tag in ("<b>&", "<i>", "<u>", "<b><"))
    assert "<code>x &lt; y</code>" in report.html()
    assert "<script>" not in neutral("<script>")["text/html"]


def test_names_that_a_cell_binds_are_found_also_if_it_is_no_python():
    import ast

    assert names_in("a, b = 1, 2\nt['x'] = 3\ndef f(): pass", ast.Store) == {"a", "b", "t", "f"}
    assert names_in("def f(x)\n    return 1\ny = (2", ast.Store) >= {"f", "y"}
