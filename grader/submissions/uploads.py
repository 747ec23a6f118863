"""The notebooks in the files that one student handed in, some of which may be archives."""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from grader.submissions.archives import is_archive_name, open_archive
from grader.submissions.layouts import RENAMED, Upload, is_junk, is_notebook_name
from grader.submissions.members import UPLOAD, Container, Limits, Member
from grader.submissions.reader import UnusableFile

__all__ = ["Notebook", "Unpacked", "attempts_in", "folded", "unpack"]

MAX_NOTEBOOKS = 100
RESUBMITTED = re.compile(r"(.+)-\d+\.ipynb", re.IGNORECASE)


@dataclass(frozen=True)
class Notebook:
    """A notebook that was copied: its name, where it is, the LMS's counter and name; `age` sorts older ones first."""

    name: str
    path: Path
    counter: int
    age: tuple[int, datetime, datetime, int]
    given: str


@dataclass
class Unpacked:
    """What a student's files hold: notebooks, the names of other files, and what could not be read."""

    notebooks: list[Notebook] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def unpack(
    uploads: Iterable[Upload], container: Container, folder: Path, lessons: Collection[str], limits: Limits = UPLOAD
) -> Unpacked:
    """The notebooks in a student's files, copied to `folder` under numbers.

    Args:
        uploads: the student's files.
        container: where to read them.
        folder: an empty folder.
        lessons: the notebooks' names; `<lesson>-1.ipynb` is what Canvas calls the second `<lesson>.ipynb`.
        limits: what all the files together may hold.
    """
    unpacker = _Unpacker(folder, lessons, limits)
    for upload in uploads:
        if is_archive_name(upload.name):
            unpacker.open(upload, container)
        else:
            unpacker.take(upload, upload.member, container, upload.name)
    return unpacker.found


class _Unpacker:
    """Copies one file after the other, until there are too many."""

    def __init__(self, folder: Path, lessons: Collection[str], limits: Limits):
        self.folder, self.lessons, self.limits = folder, lessons, limits
        self.found = Unpacked()
        self._left = limits.total_bytes

    def take(self, upload: Upload, member: Member, container: Container, name: str, within: str = "") -> None:
        """Copy a file if it is a notebook."""
        shown = f"the file {name}{within}"
        if not is_notebook_name(name):
            self.found.others.append(name)
        elif len(self.found.notebooks) == MAX_NOTEBOOKS:
            self._report(f"{shown} is one of more than {MAX_NOTEBOOKS} notebooks.")
        else:
            path = self.folder / str(len(self.found.notebooks))
            try:
                with path.open("wb") as stream:
                    container.copy(member, stream)
                    self._count(stream)
            except UnusableFile as problem:
                self._report(f"{shown} {problem}")
                return
            times = (upload.member.time or datetime.min, member.time or datetime.min)
            age = (upload.counter, *times, len(self.found.notebooks))
            self.found.notebooks.append(Notebook(self._lesson(name, upload), path, upload.counter, age, upload.given))

    def open(self, upload: Upload, container: Container) -> None:
        """Copy the notebooks in an archive, in which archives are not opened."""
        with tempfile.TemporaryFile() as stream:
            try:
                container.copy(upload.member, stream, self.limits.total_bytes)
                self._count(stream)
                with open_archive(stream, self.limits) as archive:
                    self._take_all(upload, archive)
            except UnusableFile as problem:
                self._report(f"the file {upload.name} {problem}")

    def _take_all(self, upload: Upload, archive: Container) -> None:
        for member in archive.members:
            if not member.parts:
                self._report(f"the file {member.name} in {upload.name} {member.problem}")
            elif is_archive_name(member.parts[-1]) and not is_junk(member.parts):
                self._report(f"the file {member.parts[-1]} is an archive inside the archive {upload.name}; not opened.")
            elif not is_junk(member.parts):
                self.take(upload, member, archive, member.parts[-1], f" in {upload.name}")

    def _count(self, stream: IO[bytes]) -> None:
        self._left -= stream.tell()
        if self._left < 0:
            raise UnusableFile(f"is more than {self.limits.total_bytes:,} bytes together with the student's others.")

    def _lesson(self, name: str, upload: Upload) -> str:
        """A notebook's name as the student saved it."""
        name = renamed[1] if (renamed := RENAMED.fullmatch(name)) else name
        again = RESUBMITTED.fullmatch(name) if upload.counter else None
        return f"{again[1]}.ipynb" if again and again[1] in self.lessons else name

    def _report(self, problem: str) -> None:
        if len(self.found.problems) <= MAX_NOTEBOOKS:  # of thousands, some say what is the matter
            self.found.problems.append(problem)


def attempts_in(notebooks: Iterable[Notebook]) -> list[list[Notebook]]:
    """The notebooks as attempts, the last of which has the newest of each name."""
    by_name: dict[str, list[Notebook]] = defaultdict(list)
    for notebook in sorted(notebooks, key=lambda item: item.age):
        by_name[folded(notebook.name)].append(notebook)
    count = max(map(len, by_name.values()), default=0)
    return [[versions[-back] for versions in by_name.values() if len(versions) >= back] for back in range(count, 0, -1)]


def folded(name: str) -> str:
    """A name as file systems compare it that do not tell case apart."""
    return unicodedata.normalize("NFC", name).casefold()
