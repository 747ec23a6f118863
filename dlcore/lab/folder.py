"""A student's working folder: what a release brings into it. No work in it is ever written over."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dlcore.errors import SetupError
from dlcore.lab.record import Record, read_record, write_record
from dlcore.lab.released import KEY_SUFFIX, MODULE_SUFFIX, digest, is_based_on, released_files
from dlcore.study.files import write_file

__all__ = ["Changes", "copy_lessons", "update_lessons"]


@dataclass
class Changes:
    """What happened to the files of a working folder, by their names in it.

    Attributes:
        new: copied, since they were missing.
        replaced: replaced by their newer version; the student had changed none of them.
        beside: changed by the student and left alone, with the name under which the newer version lies beside.
        kept: modules that were replaced, with the name under which the student's version is kept.
        waiting: notebooks of which there is a newer version, which an update would bring.
    """

    new: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)


def copy_lessons(release: Path, folder: Path) -> Changes:
    """The changes made by copying what is missing in a folder; keys and modules are updated, notebooks are not.

    Raises:
        SetupError: the folder cannot be written.
    """
    return _bring(release, folder, None)


def update_lessons(release: Path, folder: Path, version: str) -> Changes:
    """The changes made by bringing a folder to a release.

    A notebook that is as it was released is replaced. Of one that the student has changed, the new
    version is put beside it, once.

    Args:
        release: the folder of the released lessons.
        folder: the student's.
        version: of the release; a part of the names of what is put beside.

    Raises:
        SetupError: the folder cannot be written.
    """
    return _bring(release, folder, version)


def _bring(release: Path, folder: Path, version: str | None) -> Changes:
    if folder.exists() and not folder.is_dir():
        raise SetupError(f"{folder} is a file, not a folder. Name another folder for your work.")
    changes, record = Changes(), read_record(folder)
    try:
        try:
            for name, path in released_files(release).items():
                _bring_file(name, path.read_bytes(), folder, record, changes, version)
        finally:  # what was copied before something failed is recorded, too
            write_record(folder, record)
    except OSError as problem:
        place = problem.filename or folder
        raise SetupError(
            f"{place}: {problem.strerror}. Is it open in another program, or may you not write there? "
            "Nothing of yours is lost; put it right, and give the command again."
        ) from None
    return changes


def _bring_file(name: str, new: bytes, folder: Path, record: Record, changes: Changes, version: str | None) -> None:
    target, released = folder / name, digest(new, name)
    if not target.exists():
        write_file(target, new)
        changes.new.append(name)
    elif digest(current := target.read_bytes(), name) == released:
        pass
    elif name.endswith((KEY_SUFFIX, MODULE_SUFFIX)):
        if name.endswith(MODULE_SUFFIX) and record.copied.get(name) != digest(current, name):
            changes.kept[name] = _put_beside(folder, target, f"{target.stem}_yours", current)
        write_file(target, new)
        changes.replaced.append(name)
    elif record.copied.get(name) == released:
        return  # the student's work on this version
    elif name not in record.copied and is_based_on(current, new):
        pass
    else:
        _bring_notebook(folder, name, current, new, record, changes, version)
        return
    record.copied[name] = released


def _bring_notebook(
    folder: Path, name: str, current: bytes, new: bytes, record: Record, changes: Changes, version: str | None
) -> None:
    """A notebook that is of another version than the release."""
    target, released = folder / name, digest(new, name)
    if record.beside.get(name) == released:
        return  # the student knows
    if version is None:
        changes.waiting.append(name)
    elif record.copied.get(name) == digest(current, name):
        write_file(target, new)
        record.copied[name] = released
        changes.replaced.append(name)
    else:
        changes.beside[name] = _put_beside(folder, target, f"{target.stem}-new-{version}", new)
        record.beside[name] = released


def _put_beside(folder: Path, target: Path, stem: str, data: bytes) -> str:
    """The name in the working folder under which data now lies beside a file; nothing is written over."""
    number, path = 1, target.with_name(stem + target.suffix)
    while path.exists():
        number += 1
        path = target.with_name(f"{stem}-{number}{target.suffix}")
    write_file(path, data)
    return path.relative_to(folder).as_posix()
