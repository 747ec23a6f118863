"""What students install: the wheel, the zip that it comes in, and nothing that only instructors may have."""

import ast
import email
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import dlcore
from dlcore.lab import released_folder
from dlcore.lab.released import START, released_files
from grader.bundle.bundle import TOP, build_wheel
from grader.bundle.readme import as_page, write_readme
from grader.cli import main
from tests.conftest import ROOT
from tests.first_cells import NOTEBOOK, said_by_first_cells
from tests.jupyterlab import dlcore_lab
from tests.processes import PATIENCE

pytestmark = pytest.mark.xdist_group("wheel")
WITHOUT_CLONE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The students' wheel."""
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def members(wheel):
    """By name: the wheel's files."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def flat(text):
    return re.sub(r"\s+", " ", text).strip()


def strings_in(form):
    """Every text in what was JSON, with its line breaks."""
    if isinstance(form, str):
        yield form
    elif isinstance(form, list):
        if form and all(isinstance(item, str) for item in form):
            yield "".join(form)  # a cell's lines
        for item in form:
            yield from strings_in(item)
    elif isinstance(form, dict):
        for name, item in form.items():
            yield name
            yield from strings_in(item)


def readable(name, data):
    """What a reader finds in a file, without regard to spaces; "" in one of numbers."""
    if name.endswith(".npz"):
        return ""
    text = data.decode("utf-8")
    return flat("\n".join(strings_in(json.loads(text))) if name.endswith((".json", ".ipynb")) else text)


def secrets():
    """Each reference solution and each hidden check, with the name of its lesson."""
    for path in sorted((ROOT / "source").glob("*/*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            for text in re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", source, re.DOTALL):
                yield path.stem, flat(text)
            for text in re.findall(r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS", source, re.DOTALL):
                for statement in ast.parse(text).body:
                    if isinstance(statement, ast.Expr):
                        yield path.stem, flat(ast.get_source_segment(text, statement))


def test_the_wheel_has_the_package_and_what_is_released_and_nothing_else(members):
    files = [path for path in (ROOT / "dlcore").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    package = {path.relative_to(ROOT).as_posix() for path in files}
    released = {name: path for name, path in released_files(ROOT / "release").items() if name != START}
    lessons = {f"dlcore/lessons/{name}": path.read_bytes() for name, path in released.items()}
    others = {name for name in members if ".dist-info/" not in name}
    assert others == package | set(lessons)
    assert {name: members[name] for name in lessons} == lessons


def test_no_reference_solution_and_no_hidden_check_is_in_the_wheel(members):
    texts = {name: readable(name, data) for name, data in members.items()}
    every = list(secrets())
    assert len(every) > 600
    assert [(lesson, secret) for lesson, secret in every if any(secret in text for text in texts.values())] == []


def test_solutions_and_hidden_checks_would_be_found_where_they_are():
    """The test above looks in the right way: in the instructor's notebooks it finds them all."""
    texts = {path.stem: readable(path.name, path.read_bytes()) for path in (ROOT / "source").glob("*/*.ipynb")}
    assert [secret for lesson, secret in secrets() if secret not in texts[lesson]] == []


def asked(key):
    """What the checks of a key call, and under which label."""
    return {
        (exercise["name"], check["label"], json.dumps(check["arguments"], sort_keys=True))
        for exercise in json.loads(key)["exercises"]
        for check in exercise["checks"]
    }


@pytest.mark.parametrize("path", sorted((ROOT / "source").glob("*/*.hidden.key.json")), ids=lambda path: path.name)
def test_the_keys_in_the_wheel_know_no_hidden_check(members, path):
    visible = members[f"dlcore/lessons/{path.parent.name}/{path.name.replace('.hidden', '')}"]
    hidden = asked(path.read_bytes())
    assert hidden
    assert asked(visible).isdisjoint(hidden)


def test_the_wheel_needs_numpy_and_jupyter_and_nothing_of_the_graders(members):
    (name,) = (name for name in members if name.endswith(".dist-info/METADATA"))
    metadata = email.message_from_bytes(members[name])
    needed = {re.match(r"[\w-]+", text)[0]: text for text in metadata.get_all("Requires-Dist")}
    assert set(needed) == {"numpy", "matplotlib", "jupyterlab", "ipywidgets", "anywidget"}
    assert all(">=" in text for text in needed.values())
    assert metadata.get_all("Provides-Extra") is None
    entries = members[name.replace("METADATA", "entry_points.txt")].decode()
    assert entries.split() == ["[console_scripts]", "dlcore", "=", "dlcore.lab.command:main"]


def test_what_else_lies_in_the_folders_of_a_clone_stays_there(tmp_path):
    clone = tmp_path / "clone"
    for name in (
        "pyproject.toml",
        ".gitignore",
        "LICENSE",
        "docs/students.md",
        "release/week1",
        "source/week1",
        "dlcore",
    ):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, clone / name)
    shutil.copyfile(
        ROOT / "source/week1/logistic_regression.hidden.key.json", clone / "release/week1/x.hidden.key.json"
    )
    for name in ("release/gradebook.db", "release/week1/notes.txt", "release/week1/.ipynb_checkpoints/x.ipynb"):
        (clone / name).parent.mkdir(exist_ok=True)
        (clone / name).write_text("secret")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)]  # a wheel, and the sources for one
    subprocess.run(command, cwd=clone, check=True, capture_output=True)
    (built,) = tmp_path.glob("*.whl")
    assert {name for name in zipfile.ZipFile(built).namelist() if "/lessons/" in name} == {
        f"dlcore/lessons/{name}" for name in released_files(ROOT / "release") if name.startswith("week1/")
    }
    (sources,) = tmp_path.glob("*.tar.gz")
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "--extract", "--file", str(sources)], cwd=unpacked, check=True)
    (top,) = unpacked.iterdir()
    assert {path.name for path in top.iterdir()} == {
        *("dlcore", "release", "docs", "LICENSE", "pyproject.toml", ".gitignore", "PKG-INFO")
    }
    assert build_wheel(top, tmp_path / "again").read_bytes() == built.read_bytes()


@pytest.mark.slow
def test_lessons_and_command_work_from_the_wheel_alone(members, wheel, tmp_path):
    site, work = tmp_path / "site", tmp_path / "work"
    shutil.unpack_archive(wheel, site, "zip")
    work.mkdir()
    environment = os.environ | {"PYTHONPATH": str(site), "IPYTHONDIR": str(tmp_path / "ipython")}
    code = "import dlcore.lab as lab, sys; print(lab.released_folder()); assert 'grader' not in sys.modules"
    where = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert Path(where.stdout.strip()) == site / "dlcore" / "lessons"
    command = [sys.executable, "-m", "dlcore", "update", str(work)]
    subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True)
    assert {path.relative_to(work).as_posix() for path in work.rglob("*") if path.name != ".dlcore.json"} >= {
        name.removeprefix("dlcore/lessons/") for name in members if "/lessons/" in name
    }
    said = said_by_first_cells(sys.executable, work, environment)
    assert "14 exercises with checks (2 of them optional) and 1 to be graded by a person" in said["begin"]
    assert "not attempted" in said["not attempted"]
    assert "3 checks pass" in said["right"]


POSIX_ONLY = ("fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty")
NOT_ON_WINDOWS = {
    *("O_NONBLOCK", "chown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getuid", "getpgid", "getloadavg"),
    *("killpg", "mkfifo", "nice", "sched_getaffinity", "setsid", "symlink", "sysconf", "uname", "wait3", "wait4"),
    *("SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "alarm", "setitimer", "tzset"),
}


def test_students_need_no_module_that_windows_does_not_have(tmp_path):
    """Other packages are loaded before: what they import on which system is their own affair."""
    package = Path(dlcore.__file__).parent
    names = [".".join(path.relative_to(package.parent).with_suffix("").parts) for path in package.rglob("*.py")]
    modules = sorted(name.removesuffix(".__init__") for name in names if not name.endswith("__main__"))
    supports = sorted(released_folder().glob("*/*.py"))
    code = f"""
import importlib, importlib.util, runpy, sys, warnings
from pathlib import Path
import anywidget, contourpy, ipywidgets, IPython, matplotlib.pyplot, numpy, PIL.Image, subprocess
for name in {POSIX_ONLY}:
    sys.modules[name] = None  # to import it is an ImportError
for name in {modules}:
    importlib.import_module(name)
for path in {[str(path) for path in supports]}:
    sys.path.insert(0, str(Path(path).parent))  # a notebook's own folder
    runpy.run_path(path)
from dlcore.lab.command import main
assert main(["update", "."]) == 0
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(modules) > 60
    assert len(supports) >= 5
    assert (tmp_path / NOTEBOOK).is_file()


def test_students_need_nothing_of_os_and_signal_that_windows_does_not_have():
    found = {
        f"{path.name}: {node.value.id}.{node.attr}"
        for path in [*Path(dlcore.__file__).parent.rglob("*.py"), *released_folder().glob("*/*.py")]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in NOT_ON_WINDOWS
    }
    assert found == {"emitting.py: os.O_NONBLOCK"}  # opens the grader's pipe, while grading


def test_students_files_are_read_and_written_in_utf_8_whatever_the_system_prefers(tmp_path):
    code = """
import warnings, numpy, sys
warnings.filterwarnings("error", category=EncodingWarning, module="dlcore")
from dlcore import begin, data
from dlcore.lab.command import main
assert main(["update", "."]) == 0
import os
os.chdir("week1")
begin("logistic_regression")
data.digits()
"""
    options = ["-X", "warn_default_encoding", "-c", code]
    done = subprocess.run([sys.executable, *options], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    """What a teacher hands out, unpacked."""
    folder = tmp_path_factory.mktemp("bundle")
    assert main(["--root", str(ROOT), "bundle", "--output", str(folder / "course.zip")]) == 0
    shutil.unpack_archive(folder / "course.zip", folder)
    return folder / TOP


def test_a_bundle_has_the_wheel_the_notebooks_and_instructions(bundle, wheel):
    assert {path.name for path in bundle.iterdir()} == {wheel.name, "notebooks", "README.txt", "README.html"}
    assert (bundle / wheel.name).read_bytes() == wheel.read_bytes()
    lessons = {name: path.read_bytes() for name, path in released_files(ROOT / "release").items()}
    folder = bundle / "notebooks"
    assert lessons == {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_the_size_of_a_bundle_is_printed_with_what_is_in_it(tmp_path, capsys):
    output = tmp_path / "course.zip"
    assert main(["--root", str(ROOT), "bundle", "--output", str(output)]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{output}: {output.stat().st_size / 1e6:.1f} MB (deep_learning_from_scratch-")
    assert f"{len(list((ROOT / 'release').glob('*/*.ipynb')))} notebooks" in said
    assert list(tmp_path.iterdir()) == [output]


def test_instructions_have_three_steps_for_each_system_and_name_the_wheel(bundle, wheel):
    text = (bundle / "README.txt").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)+)", text, re.MULTILINE))
    for system in ("Windows", "macOS", "Linux"):
        assert re.findall(r"^(\d)\. ", sections[system], re.MULTILINE) == ["1", "2", "3"]
        assert f"-m pip install {wheel.name}" in sections[system]
        assert "-m dlcore lab" in sections[system]
    assert sections["If it fails"].count("\n- ") >= 6
    page = (bundle / "README.html").read_text(encoding="utf-8")
    assert (page.count("<ol>"), page.count("<pre>")) == (3, 7)  # two blocks of commands each, and an update's
    assert page.count("<h2>") == len(sections)
    assert "$" not in text + page


def test_instructions_for_offline_machines_say_for_which():
    text = write_readme("deep_learning_from_scratch-9.8-py3-none-any.whl", offline=True)
    assert text.count("install --no-index --find-links wheels deep_learning_from_scratch-9.8") == 3
    assert f"Install Python {sys.version_info.major}.{sys.version_info.minor} (no other version)" in text
    assert "<h1>Deep learning from scratch, version 9.8</h1>" in as_page(text)


def test_a_bundle_that_cannot_be_made_says_why_and_leaves_nothing(tmp_path, capsys):
    course = tmp_path / "course"
    course.mkdir()
    shutil.copyfile(ROOT / "nbgrader_config.py", course / "nbgrader_config.py")
    arguments = ["--root", str(course), "bundle", "--output", str(tmp_path / "course.zip")]
    assert main(arguments) == 2
    assert "there are no released lessons" in capsys.readouterr().err
    shutil.copytree(ROOT / "release" / "week1", course / "release" / "week1")
    assert main(arguments) == 2
    assert "made from a clone" in capsys.readouterr().err
    (course / "dlcore").mkdir()
    (course / "pyproject.toml").write_text("[project]\n")
    assert main(arguments) == 2
    assert "hatchling build" in capsys.readouterr().err
    nowhere = tmp_path / "missing" / "course.zip"
    assert main(["--root", str(ROOT), "bundle", "--output", str(nowhere)]) == 2
    assert f"{nowhere}: cannot be written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [course]


def without_network():
    """What a command begins with to be run without any network; nothing where that cannot be had."""
    prefix = ["unshare", "--net", "--map-root-user"]
    works = shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True).returncode == 0
    return prefix if works else []


@pytest.mark.slow
@pytest.mark.sweep
def test_a_bundle_with_dependencies_installs_and_runs_without_a_network(tmp_path):
    """As a student does it, step by step."""
    if main(["--root", str(ROOT), "bundle", "--with-dependencies", "--output", str(tmp_path / "course.zip")]) != 0:
        assert not os.environ.get("REQUIRE_ALL"), "the packages could not be downloaded"
        pytest.skip("the packages could not be downloaded")
    shutil.unpack_archive(tmp_path / "course.zip", tmp_path)
    folder = tmp_path / TOP
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / ".venv", with_pip=True)
    python = folder / ".venv" / "bin" / "python"
    kept = {name: value for name, value in WITHOUT_CLONE.items() if not name.startswith("PIP_")}
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-index", "--find-links", "wheels", wheel.name]
    done = subprocess.run([*without_network(), *install], cwd=folder, env=kept, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    checked = subprocess.run([str(python), "-m", "pip", "check"], env=kept, capture_output=True, text=True)
    assert checked.stdout.strip() == "No broken requirements found."
    with dlcore_lab([str(python.with_name("dlcore")), "lab", "--no-browser"], folder, kept) as lab:
        notebook = lab.get(f"api/contents/{NOTEBOOK}")
        assert notebook["content"]["cells"][0]["source"].startswith("# Logistic regression")
        os.killpg(lab.command.pid, signal.SIGINT)
        assert lab.command.wait(PATIENCE) == 0
    said = said_by_first_cells(python, folder / "work", kept)
    assert "14 exercises with checks (2 of them optional) and 1 to be graded by a person" in said["begin"]
    assert "3 checks pass" in said["right"]
