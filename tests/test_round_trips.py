"""A lesson that is opened in JupyterLab and saved changes only where its author changed it."""

import difflib

import jupytext
import pytest
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from jupytext.sync_contentsmanager import build_sync_jupytext_contents_manager_class

from grader.lessons.variants import lesson_files
from tests.conftest import ROOT
from tests.small_lesson import lesson_file

LESSONS = [pytest.param(path, id=f"{path.parent.name}-{path.stem}") for path in lesson_files(ROOT / "course")]
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": "3.11.7",
}
TYPED = " Somebody typed this."


def opened_and_saved(path, folder, type_into=None):
    """The text of a lesson after JupyterLab opened it, ran it and saved it, in a folder without any configuration.

    Args:
        path: the lesson.
        folder: where to copy it.
        type_into: the number of a Markdown cell whose last line is typed to.
    """
    copy = folder / path.name
    copy.write_bytes(path.read_bytes())
    manager = build_sync_jupytext_contents_manager_class(LargeFileManager)(root_dir=str(folder))
    notebook = manager.get(path.name, type="notebook", content=True)["content"]
    notebook.metadata.kernelspec = KERNEL  # what JupyterLab writes, from here on
    notebook.metadata.language_info = LANGUAGE
    for number, cell in enumerate(notebook.cells):
        cell.metadata |= {"editable": True, "slideshow": {"slide_type": ""}, "tags": [], "trusted": True}
        if cell.cell_type == "code":
            cell.metadata["execution"] = {"iopub.execute_input": "2026-01-01T00:00:00"}
            cell.execution_count = number
    if type_into is not None:
        notebook.cells[type_into].source += TYPED
    manager.save({"type": "notebook", "content": notebook, "format": "json"}, path.name)
    return copy.read_text(encoding="utf-8")


def texts(path):
    """The numbers of a lesson's Markdown cells."""
    cells = jupytext.read(path, fmt="md:myst").cells
    return [number for number, cell in enumerate(cells) if cell.cell_type == "markdown"]


@pytest.mark.sweep_but_first
@pytest.mark.parametrize("path", LESSONS)
def test_a_sentence_changed_in_jupyterlab_is_all_that_changes(path, tmp_path):
    before = path.read_text(encoding="utf-8")
    assert opened_and_saved(path, tmp_path) == before
    for number in texts(path)[:: max(1, len(texts(path)) // 5)]:
        after = opened_and_saved(path, tmp_path, number)
        changes = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
        assert len(changes) == 2
        assert changes[1][2:] == changes[0][2:] + TYPED


def test_the_small_lesson_of_the_tests_is_written_as_jupyterlab_would(tmp_path):
    path = lesson_file(tmp_path)
    assert opened_and_saved(path, tmp_path) == path.read_text(encoding="utf-8")


@pytest.mark.sweep_but_first
@pytest.mark.parametrize("path", LESSONS)
def test_a_lesson_becomes_a_notebook_and_a_lesson_again_without_loss(path, tmp_path):
    notebook = tmp_path / "lesson.ipynb"
    jupytext.write(jupytext.read(path, fmt="md:myst"), notebook)
    again = jupytext.writes(jupytext.read(notebook), fmt="md:myst")
    before = path.read_text(encoding="utf-8")
    assert again.partition("\n---\n")[2] == before.partition("\n---\n")[2]
    # In a file .ipynb all keys are sorted, so the order of those of the kernel is lost.
    headers = [sorted(text.partition("\n---\n")[0].splitlines()) for text in (again, before)]
    assert headers[0] == headers[1]
