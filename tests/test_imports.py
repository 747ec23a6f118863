import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dlcore

HEAVY = ["matplotlib", "ipywidgets", "IPython", "nbgrader", "nbformat", "PIL", "pandas", "scipy"]
SOURCES = sorted(Path(dlcore.__file__).parent.rglob("*.py"))


def loaded_by(code, cwd):
    """The modules that a new interpreter has loaded after running some code."""
    code += "\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=cwd, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


def test_importing_dlcore_needs_numpy_alone(tmp_path):
    loaded = loaded_by("import dlcore", tmp_path)
    assert {"numpy", "dlcore", "dlcore.checks.api", "dlcore.checks.progress"} <= loaded
    assert loaded.isdisjoint(HEAVY)
    assert not [name for name in loaded if name.split(".")[0] == "grader"]


def test_taking_evidence_is_what_loads_ipython(tmp_path):
    code = "import os\nos.environ['DLCORE_MODE'] = 'evidence'\nimport dlcore\ndlcore.check(abs, 1)"
    assert "IPython" in loaded_by(code, tmp_path)


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_students_import_never_imports_the_grader(path):
    assert [name for name in imported(path) if name.split(".")[0] == "grader" or name.startswith(".")] == []


def test_all_modules_of_dlcore_can_be_imported_with_warnings_as_errors(tmp_path):
    root = Path(dlcore.__file__).parent.parent
    names = [".".join(path.relative_to(root).with_suffix("").parts) for path in SOURCES if path.stem != "__init__"]
    assert set(names) <= loaded_by("\n".join(f"import {name}" for name in names), tmp_path)


@pytest.mark.slow
def test_the_old_name_in_a_courses_configuration_works_and_says_the_new_one(tmp_path):
    code = "from grader import nbgrader_plugins, wiring\nassert wiring.configure is nbgrader_plugins.configure"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "write `from grader.nbgrader_plugins import configure`" in done.stderr
