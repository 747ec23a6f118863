"""A student's working folder: what a release brings into it, and that no work in it is written over."""

import contextlib
import fnmatch
import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from dlcore.errors import SetupError
from dlcore.lab import copy_lessons, update_lessons
from dlcore.lab.command import lines_of, main
from dlcore.lab.jupyterlab import _options, hidden_names, lab_environment
from dlcore.lab.record import NAME
from dlcore.lab.released import START, released_files, released_folder
from tests.conftest import ROOT
from tests.jupyterlab import dlcore_lab
from tests.processes import PATIENCE

LESSON = "week1/logistic_regression.ipynb"
KEY = "week1/logistic_regression.key.json"
MODULE = "week4/support.py"


@pytest.fixture
def release(tmp_path):
    """A release whose files a test may change."""
    folder = tmp_path / "release"
    for name in (LESSON, KEY, MODULE):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "release" / name, folder / name)
    return folder


@pytest.fixture
def work(release, tmp_path):
    """A working folder with that release in it."""
    copy_lessons(release, tmp_path / "work")
    return tmp_path / "work"


def edit(path, change):
    """Change a notebook as a program does that reads and writes it."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook)
    path.write_text(json.dumps(notebook, indent=2), encoding="utf-8")


def solve(notebook):
    """A student's work."""
    cell = next(cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("solution"))
    cell["source"] = "def to_column(v):\n    return np.array(v).reshape(-1, 1)"


def revise(notebook):
    """An author's."""
    notebook["cells"][0]["source"] = "# Logistic regression, revised"


def bytes_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != NAME
    }


def lessons_of(folder):
    """All but the page to start from, which comes with `dlcore`."""
    return {name: data for name, data in bytes_of(folder).items() if name != START}


def everything(changes):
    return {name: value for name, value in vars(changes).items() if value}


def test_an_empty_folder_gets_every_lesson_with_its_key_and_modules(tmp_path):
    release = released_folder()
    changes = copy_lessons(release, tmp_path / "new" / "work")
    assert release == ROOT / "release"
    assert changes.new == list(released_files(release))
    assert lessons_of(tmp_path / "new" / "work") == bytes_of(release)


def test_nothing_happens_to_a_folder_that_is_up_to_date(release, work):
    before = bytes_of(work)
    assert everything(copy_lessons(release, work)) == {}
    assert everything(update_lessons(release, work, "2.0")) == {}
    assert bytes_of(work) == before


def test_a_new_lesson_and_a_deleted_one_are_copied(release, work):
    (release / "week9").mkdir()
    shutil.copyfile(release / LESSON, release / "week9" / "more.ipynb")
    (work / LESSON).unlink()
    assert everything(copy_lessons(release, work)) == {"new": [LESSON, "week9/more.ipynb"]}
    assert (work / "week9" / "more.ipynb").is_file()


def test_newer_keys_and_modules_are_brought_and_notebooks_wait_for_an_update(release, work):
    (release / KEY).write_text("{}")
    (release / MODULE).write_text("new = 1\n")
    edit(release / LESSON, revise)
    before = (work / LESSON).read_bytes()
    assert everything(copy_lessons(release, work)) == {"replaced": [KEY, MODULE], "waiting": [LESSON]}
    assert (work / KEY).read_text() == "{}"
    assert (work / MODULE).read_text() == "new = 1\n"
    assert (work / LESSON).read_bytes() == before


def test_an_update_replaces_a_notebook_that_is_as_it_was_released(release, work):
    edit(release / LESSON, revise)
    assert everything(update_lessons(release, work, "2.0")) == {"replaced": [LESSON]}
    assert lessons_of(work) == bytes_of(release)


def test_a_notebook_that_was_only_looked_at_counts_as_unchanged(release, work):
    edit(work / LESSON, lambda notebook: notebook["metadata"].update(language_info={"name": "python", "version": "3"}))
    edit(release / LESSON, revise)
    assert update_lessons(release, work, "2.0").replaced == [LESSON]


def add_output(notebook):
    cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "mine"}]


def add_cell(notebook):
    notebook["cells"].append({"cell_type": "markdown", "id": "mine", "metadata": {}, "source": "my notes"})


def attach(notebook):
    cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    cell["attachments"] = {"photo.png": {"image/png": "AAAA"}}


def damage(notebook):
    notebook["cells"] = [1, {"source": 3}, None]


@pytest.mark.parametrize("change", [solve, add_output, add_cell, attach, damage])
@pytest.mark.parametrize("recorded", [True, False])
def test_a_students_work_is_left_alone_and_the_new_version_put_beside_it_once(release, work, change, recorded):
    edit(work / LESSON, change)
    edit(release / LESSON, revise)
    if not recorded:  # a folder that is older than the record, or a record that was deleted
        (work / NAME).unlink()
    before = bytes_of(work)
    changes = update_lessons(release, work, "2.0")
    beside = "week1/logistic_regression-new-2.0.ipynb"
    assert everything(changes) == {"beside": {LESSON: beside}}
    assert bytes_of(work) == before | {beside: (release / LESSON).read_bytes()}
    assert any(LESSON in line and beside in line and "left alone" in line for line in lines_of(changes, work))
    (work / beside).unlink()
    assert everything(update_lessons(release, work, "2.0")) == {}
    assert everything(copy_lessons(release, work)) == {}
    assert bytes_of(work) == before


def test_the_next_version_gets_a_name_of_its_own_even_under_the_same_number(release, work):
    edit(work / LESSON, solve)
    edit(release / LESSON, revise)
    first = update_lessons(release, work, "2.0").beside[LESSON]
    edit(work / first, solve)
    kept = bytes_of(work)
    edit(release / LESSON, add_cell)
    second = update_lessons(release, work, "2.0").beside[LESSON]
    assert second == "week1/logistic_regression-new-2.0-2.ipynb"
    assert bytes_of(work) == kept | {second: (release / LESSON).read_bytes()}


def test_work_on_the_current_version_gets_no_second_copy(release, work):
    edit(work / LESSON, solve)
    assert everything(update_lessons(release, work, "2.0")) == {}
    (work / NAME).unlink()
    assert everything(update_lessons(release, work, "2.0")) == {}
    edit(release / LESSON, revise)
    assert list(update_lessons(release, work, "2.0").beside) == [LESSON]


@pytest.mark.parametrize("recorded", [True, False])
def test_a_module_that_the_student_changed_is_kept_under_another_name(release, work, recorded):
    (work / MODULE).write_text("mine = 1\n")
    (work / "week4" / "support_yours.py").write_text("older = 1\n")
    (release / MODULE).write_text("new = 1\n")
    if not recorded:
        (work / NAME).unlink()
    changes = copy_lessons(release, work)
    assert changes.kept == {MODULE: "week4/support_yours-2.py"}
    contents = {path.name: path.read_text() for path in (work / "week4").iterdir()}
    assert contents == {
        "support.py": "new = 1\n",
        "support_yours.py": "older = 1\n",
        "support_yours-2.py": "mine = 1\n",
    }
    assert any("support_yours-2.py" in line for line in lines_of(changes, work))


def test_a_students_own_notebook_under_a_new_lessons_name_is_left_alone(release, work):
    (work / "week9").mkdir()
    (work / "week9" / "more.ipynb").write_text("not even a notebook")
    (release / "week9").mkdir()
    shutil.copyfile(release / LESSON, release / "week9" / "more.ipynb")
    assert update_lessons(release, work, "2.0").beside == {"week9/more.ipynb": "week9/more-new-2.0.ipynb"}
    assert (work / "week9" / "more.ipynb").read_text() == "not even a notebook"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"copied": 3, "beside": {}}', '{"copied": {"a": 1}}', "\udcff"])
def test_with_a_damaged_record_everything_counts_as_work(release, work, text):
    (work / NAME).write_bytes(text.encode(errors="surrogateescape"))
    edit(release / LESSON, revise)
    before = (work / LESSON).read_bytes()
    assert list(update_lessons(release, work, "2.0").beside) == [LESSON]
    assert (work / LESSON).read_bytes() == before


def test_a_folder_that_cannot_be_written_is_named_and_what_was_copied_is_recorded(release, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="is a file, not a folder"):
        copy_lessons(release, tmp_path / "file")
    work = tmp_path / "work"
    work.mkdir()
    (work / "week4").write_text("in the way")
    with pytest.raises(SetupError, match=r"week4.*Is it open in another program"):
        copy_lessons(release, work)
    edit(work / LESSON, add_output)
    edit(release / LESSON, revise)
    (work / "week4").unlink()
    assert update_lessons(release, work, "2.0").beside[LESSON]
    assert main(["lab", str(tmp_path / "file")]) == 2
    assert "is a file, not a folder" in capsys.readouterr().err


def test_an_update_of_a_folder_that_is_not_there_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["update"]) == 2
    assert str(tmp_path / "work") in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_second_update_says_that_there_is_nothing_to_do(tmp_path, capsys):
    assert main(["update", str(tmp_path)]) == 0
    first = capsys.readouterr().out
    assert main(["update", str(tmp_path)]) == 0
    second = capsys.readouterr().out
    assert LESSON in first
    assert "Nothing to do" not in first
    assert "Nothing to do" in second


def test_names_that_a_console_cannot_show_end_no_command(tmp_path):
    folder = tmp_path / "Übungen 深度"
    folder.mkdir()
    command = [sys.executable, "-m", "dlcore", "update", str(folder)]
    done = subprocess.run(command, env=os.environ | {"PYTHONIOENCODING": "ascii"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert r"\xdcbungen" in done.stdout
    assert (folder / LESSON).is_file()


def test_the_command_says_its_version_and_explains_itself(capsys):
    for arguments, said in (
        (["--version"], "dlcore "),
        (["--help"], "update"),
        (["update", "--help"], "(default: work)"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
        assert said in capsys.readouterr().out


@pytest.mark.slow
def test_ctrl_c_ends_the_lab_without_a_question_and_leaves_no_server(tmp_path):
    with dlcore_lab([sys.executable, "-m", "dlcore", "lab", "--no-browser"], tmp_path) as lab:
        assert lab.get("api/contents/week1/logistic_regression.ipynb")["type"] == "notebook"
        (note,) = (tmp_path / "runtime").glob("jpserver-*.json")
        os.killpg(lab.command.pid, signal.SIGINT)  # as a terminal does
        assert lab.command.wait(PATIENCE) == 0
        assert not note.exists()  # the server had the time to end in good order
    log = (tmp_path / "lab.log").read_text()
    assert f"Your work is in {tmp_path / 'work'}" in log
    assert "Traceback" not in log


NEVER_ENDS = """
import signal, sys, threading
signal.signal(signal.SIGINT, lambda *_: sys.exit())
print("begun", flush=True)
try:
    threading.Event().wait()
finally:
    threading.Thread(target=threading.Event().wait).start()
"""
HASTY = "import sys; from pathlib import Path; from dlcore.lab import jupyterlab as lab; lab.END_SECONDS = 0.5; "


def test_ctrl_c_ends_a_server_too_that_never_ends(tmp_path):
    (tmp_path / "jupyterlab").mkdir()
    (tmp_path / "jupyterlab" / "__init__.py").touch()
    (tmp_path / "jupyterlab" / "__main__.py").write_text(NEVER_ENDS)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    command = [sys.executable, "-c", HASTY + "sys.exit(lab.open_lab(Path('.')))"]
    pipes = {"stdout": subprocess.PIPE, "stdin": subprocess.DEVNULL, "start_new_session": True}
    with subprocess.Popen(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}, text=True, **pipes) as process:
        try:
            assert process.stdout.readline() == "begun\n"
            os.killpg(process.pid, signal.SIGINT)
            assert process.wait(PATIENCE) == 0
            assert process.stdout.read() == ""  # nobody writes any more
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def run_start(notebook):
    """What JupyterLab saves after the page was run: its output, and an empty cell below."""
    notebook["cells"][-1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "Begin with Week 1"}]
    notebook["cells"].append({"cell_type": "code", "id": "empty", "metadata": {}, "source": "", "outputs": []})


def test_the_page_to_start_from_comes_with_lessons_and_an_older_one_is_replaced(release, work, monkeypatch, tmp_path):
    assert START in released_files(release)
    assert released_files(tmp_path / "nothing") == {}
    edit(work / START, run_start)
    ran = (work / START).read_bytes()
    assert everything(update_lessons(release, work, "2.0")) == {}
    assert (work / START).read_bytes() == ran
    newer = tmp_path / "newer.ipynb"
    newer.write_text((work / START).read_text().replace("lists all lessons", "shows all lessons"))
    files = released_files(release) | {START: newer}
    monkeypatch.setattr("dlcore.lab.folder.released_files", lambda _: files)
    assert everything(copy_lessons(release, work)) == {"waiting": [START]}
    assert everything(update_lessons(release, work, "2.0")) == {"replaced": [START]}


def test_a_page_to_start_from_with_notes_in_it_is_left_alone(release, work, monkeypatch, tmp_path):
    newer = tmp_path / "newer.ipynb"
    newer.write_text((work / START).read_text().replace("lists all lessons", "shows all lessons"))
    files = released_files(release) | {START: newer}
    monkeypatch.setattr("dlcore.lab.folder.released_files", lambda _: files)
    edit(work / START, add_cell)
    assert everything(update_lessons(release, work, "2.0")) == {"beside": {START: "START-new-2.0.ipynb"}}


def test_keys_and_copied_modules_are_out_of_sight_and_a_students_own_module_is_not(work):
    (work / "week4" / "mine.py").write_text("mine = 1")
    hidden = hidden_names(work)
    assert {"*.key.json", "support.py"} <= set(hidden)
    assert not any(fnmatch.fnmatch(name, glob) for name in ("mine.py", "START.ipynb", "week4") for glob in hidden)


@pytest.mark.slow
def test_a_students_jupyterlab_begins_with_the_start_page_shows_no_keys_and_has_validate(tmp_path):
    with dlcore_lab([sys.executable, "-m", "dlcore", "lab", "--no-browser"], tmp_path) as lab:
        shown = {item["name"] for week in ("", "week1", "week4") for item in lab.get(f"api/contents/{week}")["content"]}
        assert {START, "week1", "logistic_regression.ipynb"} <= shown
        assert not any(name.endswith((".py", ".json")) for name in shown)
        settings = lab.get("lab/api/settings/@jupyterlab/apputils-extension:notification")["settings"]
        assert settings == {} or settings["fetchNews"] == "false"
        default = lab.get("lab/api/settings/@jupyterlab/apputils-extension:notification")["schema"]["properties"]
        assert default["fetchNews"]["default"] == "false"
        widgets = lab.get("lab/api/settings/@jupyter-widgets/jupyterlab-manager:plugin")["schema"]["properties"]
        assert widgets["saveState"]["default"] is True
    assert f"/lab/tree/{START}?token=" in (tmp_path / "lab.log").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="who is not root needs no option")
def test_root_gets_a_jupyterlab_too_and_nobody_else_that_option(monkeypatch, tmp_path):
    assert "--allow-root" in _options(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "--allow-root" not in _options(tmp_path)


def test_a_students_own_paths_of_jupyter_count_beside_those_of_the_course(monkeypatch):
    for name in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH"):
        monkeypatch.delenv(name, raising=False)
        alone = lab_environment()[name]
        assert os.path.isdir(alone)
        monkeypatch.setenv(name, "mine")
        assert lab_environment()[name].split(os.pathsep) == [alone, "mine"]
