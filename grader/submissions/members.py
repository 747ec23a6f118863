"""Files of an archive or a folder, as a student or an LMS put them there.

Nothing is extracted. A member's path is only compared and shown; its bytes are copied into a
stream that the caller opened, and are counted on the way: a size that an archive states is not
believed.
"""

from __future__ import annotations

import lzma
import os
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from grader.submissions.reader import MAX_FILE, UnusableFile

__all__ = ["CLASS", "UPLOAD", "Container", "Folder", "Limits", "Member", "make_member", "safe_parts"]

BLOCK = 1 << 16
MAX_DEPTH = 32
MAX_NAME = 200  # bytes of a file's name; file systems take 255
RATIO_FROM = 1_000_000  # bytes; what is smaller may be compressed as far as it goes
BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ValueError,
    LookupError,
    ArithmeticError,
    RuntimeError,
)
DAMAGED = "is damaged, or was not downloaded completely."
NO_FILE = "is a link or a device, not a file."
TOO_DEEP = f"lies more than {MAX_DEPTH} folders deep."


@dataclass(frozen=True)
class Limits:
    """What an archive may hold: its members, the bytes of each and of all, and how far they may be compressed."""

    members: int
    member_bytes: int
    total_bytes: int
    ratio: int = 200


UPLOAD = Limits(members=2_000, member_bytes=MAX_FILE, total_bytes=200_000_000)
CLASS = Limits(members=50_000, member_bytes=MAX_FILE, total_bytes=20_000_000_000)


@dataclass(frozen=True)
class Member:
    """A file in an archive or a folder.

    Attributes:
        number: its place, since names can be there twice.
        name: its path as it is written there; untrusted.
        parts: the path's parts, each of them a harmless file name; empty if the path is refused.
        time: when it was last changed, in the time zone of whoever wrote the archive.
        problem: why it cannot be read, as the end of a sentence that begins with its name.
    """

    number: int
    name: str
    parts: tuple[str, ...]
    time: datetime | None = None
    problem: str = ""


class Container:
    """Members, and how to copy them."""

    def __init__(self, limits: Limits):
        self.limits, self.members = limits, list[Member]()
        self._left = limits.total_bytes

    def _blocks(self, member: Member) -> Iterator[bytes]:
        raise NotImplementedError

    def _packed(self, member: Member) -> int | None:
        """How many bytes a member takes in the archive, at most; None if it is not compressed by itself."""
        return None

    def copy(self, member: Member, target: IO[bytes], limit: int | None = None) -> None:
        """Write a member's bytes, of which there may be `limit`, to a stream.

        Raises:
            UnusableFile: it is damaged, encrypted, a link, or too large.
        """
        if member.problem:
            raise UnusableFile(member.problem)
        limit, count, packed = limit or self.limits.member_bytes, 0, self._packed(member)
        for block in sound(self._blocks(member)):
            count += len(block)
            self._left -= len(block)
            if count > limit:
                raise UnusableFile(f"is larger than {limit:,} bytes.")
            if self._left < 0:
                raise UnusableFile(f"is in an archive that unpacks to more than {self.limits.total_bytes:,} bytes.")
            if packed is not None and count > max(RATIO_FROM, self.limits.ratio * packed):
                raise UnusableFile(f"unpacks to more than {self.limits.ratio} times its size, as no notebook does.")
            target.write(block)


class Folder(Container):
    """The files in a folder and its sub-folders; links are not followed."""

    def __init__(self, path: Path, limits: Limits = CLASS):
        super().__init__(limits)
        self._paths: list[Path] = []
        for item, problem in _files(path):
            if len(self._paths) == limits.members:
                raise UnusableFile(f"holds more than {limits.members:,} files.")
            time = None if problem else datetime.fromtimestamp(item.lstat().st_mtime)
            self.members.append(make_member(len(self._paths), item.relative_to(path).as_posix(), time, problem))
            self._paths.append(item)

    def _blocks(self, member: Member) -> Iterator[bytes]:
        descriptor = os.open(self._paths[member.number], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # no longer what was listed
                raise UnusableFile(NO_FILE)
            yield from stream_blocks(stream)


def _files(folder: Path, depth: int = 0) -> Iterator[tuple[Path, str]]:
    """The files in a folder and its sub-folders, each with why it cannot be read."""
    if depth > MAX_DEPTH:
        yield folder, TOO_DEEP
        return
    try:
        items = sorted(folder.iterdir())
    except OSError as problem:
        yield folder, f"cannot be read ({problem.strerror})."
        return
    for item in items:
        mode = item.lstat().st_mode
        if stat.S_ISDIR(mode):
            yield from _files(item, depth + 1)
        else:
            yield item, "" if stat.S_ISREG(mode) else NO_FILE


def sound(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks, with one exception for all that reading a damaged archive raises."""
    while True:
        try:
            block = next(blocks, b"")
        except BROKEN:
            raise UnusableFile(DAMAGED) from None
        except OSError as problem:  # gzip and bz2 raise it without a number
            raise UnusableFile(f"cannot be read ({problem.strerror})." if problem.errno else DAMAGED) from None
        if not block:
            return
        yield block


def stream_blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """What is left in a stream, which is closed then."""
    with stream:
        while block := stream.read(BLOCK):
            yield block


def make_member(number: int, name: str, time: datetime | None, problem: str) -> Member:
    """A member, whose problem is its path if that is refused."""
    try:
        return Member(number, name, safe_parts(name), time, problem)
    except UnusableFile as refused:
        return Member(number, name, (), time, str(refused))


def safe_parts(name: str) -> tuple[str, ...]:
    r"""A path's parts, each of them a harmless file name.

    Backslashes separate, as some programs on Windows write them; what does not print becomes `_`.

    >>> safe_parts("week1\\le\x1b[2Jsson.ipynb")
    ('week1', 'le_[2Jsson.ipynb')

    Raises:
        UnusableFile: the path is absolute, leads upwards, or is too deep.
    """
    path = name.replace("\\", "/")
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        raise UnusableFile("has an absolute path; someone may have made the archive to write elsewhere.")
    if ".." in parts:
        raise UnusableFile("has a path that leads out of the archive; someone may have made it to write elsewhere.")
    if not parts:
        raise UnusableFile("has no name.")
    if len(parts) > MAX_DEPTH:
        raise UnusableFile(TOO_DEEP)
    return tuple(_file_name(part) for part in parts)


def _file_name(part: str) -> str:
    """A name that every file system takes, with its suffix."""
    name = "".join(letter if letter.isprintable() else "_" for letter in part)
    stem, dot, suffix = name.rpartition(".")
    if len(suffix) > MAX_NAME // 4:
        stem, dot, suffix = name, "", ""
    while len(f"{stem}{dot}{suffix}".encode()) > MAX_NAME:
        stem = stem[:-1]
    return f"{stem}{dot}{suffix}"
