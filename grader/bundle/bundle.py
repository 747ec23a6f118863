"""Make the zip that students get: ``python -m grader bundle``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from dlcore.lab.released import START, released_files
from grader.bundle.readme import as_page, write_readme
from grader.errors import BuildError
from grader.lessons.course import Course

__all__ = ["build_wheel", "write_bundle"]

TOP = "deep-learning-from-scratch"  # one folder, so that unpacking does not scatter files


def write_bundle(
    course: Course, output: Path | None, say: Callable[[str], None], *, with_dependencies: bool = False
) -> Path:
    """The zip that was written: the students' wheel, the notebooks, and how to install them.

    Args:
        course: a clone of the repository.
        output: the file; by default named after the version, in the current folder.
        say: is told what is in it and how large it is.
        with_dependencies: whether to add the wheels of all that the students' wheel needs, for this platform
            and this version of Python. Only this downloads anything.

    Raises:
        BuildError: the wheel cannot be built, its dependencies cannot be had, or there are no lessons.
    """
    lessons = released_files(course.release)
    if not lessons:
        raise BuildError("there are no released lessons; run `python -m grader build` first", course.release)
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_wheel(course.root, Path(folder))
        others = _dependencies(wheel, course.root, Path(folder) / "wheels") if with_dependencies else []
        readme = write_readme(wheel.name, offline=with_dependencies)
        target = output or Path(f"{TOP}-{wheel.name.split('-')[1]}.zip")
        files = {wheel.name: wheel} | {f"wheels/{path.name}": path for path in others}
        files |= {f"notebooks/{name}": path for name, path in lessons.items()}
        _write(target, files, {"README.txt": readme, "README.html": as_page(readme)})
    notebooks = sum(name.endswith(".ipynb") and name != START for name in lessons)
    parts = f"{wheel.name}, {notebooks} notebooks" + (f", {len(others)} more wheels" if others else "")
    say(f"{target.resolve()}: {target.stat().st_size / 1e6:.1f} MB ({parts})")
    return target


def build_wheel(root: Path, folder: Path) -> Path:
    """The students' wheel, built into a folder from the clone at `root`; nothing is downloaded.

    Raises:
        BuildError: `root` is no clone, or the wheel cannot be built.
    """
    if not (root / "pyproject.toml").is_file() or not (root / "dlcore").is_dir():
        raise BuildError("the students' wheel is made from a clone of the repository; this has no dlcore/", root)
    _run([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)], root)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _dependencies(wheel: Path, root: Path, folder: Path) -> list[Path]:
    """The wheels of all that a wheel needs, in the versions that the course is tested with."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", str(folder)]
    _run([*command, "--constraint", str(root / "requirements.txt"), str(wheel)], root)
    return sorted(path for path in folder.glob("*.whl") if path.name != wheel.name)


def _run(command: list[str], cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise BuildError(f"`python {' '.join(command[1:4])} …` failed:\n{last}")


def _write(target: Path, files: dict[str, Path], texts: dict[str, str]) -> None:
    """Write a zip of files and texts; none, if that fails."""
    part = target.with_name(f"{target.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in texts.items():
                archive.writestr(f"{TOP}/{name}", text.encode())
            for name, path in files.items():
                archive.write(path, f"{TOP}/{name}")
        part.replace(target)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise BuildError(f"cannot be written: {problem.strerror}", target) from None
