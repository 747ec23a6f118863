"""Read archives that may be damaged or hostile: zip, tar, tar.gz and tar.bz2."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import os
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import IO

from grader.submissions.members import (
    BLOCK,
    BROKEN,
    DAMAGED,
    NO_FILE,
    RATIO_FROM,
    UPLOAD,
    Container,
    Limits,
    Member,
    make_member,
    sound,
    stream_blocks,
)
from grader.submissions.reader import UnusableFile

__all__ = ["is_archive_name", "open_archive"]

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".7z", ".rar")
DIRECTORY_ENTRY = 500  # bytes that an entry of a zip's directory may take on average
UTF8 = 0x800
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others can ask for gigabytes of memory
UNREADABLE = (
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive, which is not read; a .zip is needed."),
    (b"Rar!", "is a RAR archive, which is not read; a .zip is needed."),
    (b"\xfd7zXZ", "is compressed by xz, which is not read; a .zip or a .tar.gz is needed."),
    (b"<", "is a web page; perhaps the page for logging in was saved in place of the download."),
)


def is_archive_name(name: str) -> bool:
    """Whether a file's name is that of an archive, also of a kind that is not read."""
    return name.lower().endswith(SUFFIXES)


@contextlib.contextmanager
def open_archive(stream: IO[bytes], limits: Limits = UPLOAD) -> Iterator[Container]:
    """The members of an archive in a file; of which kind it is says its content, not its name.

    Raises:
        UnusableFile: it is no archive that can be read, it is damaged, or it holds too many files.
    """
    with contextlib.ExitStack() as stack:
        try:
            container = _opened(stream, limits, stack)
        except BROKEN:
            raise UnusableFile(DAMAGED) from None
        yield container


def _opened(stream: IO[bytes], limits: Limits, stack: contextlib.ExitStack) -> Container:
    size = os.fstat(stream.fileno()).st_size
    start = _start(stream)
    if not start.strip(b"\0 \r\n\t"):
        raise UnusableFile("is empty.")
    for magic, reason in UNREADABLE:
        if start.lstrip().startswith(magic):
            raise UnusableFile(reason)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):  # the latter: an empty one
        return _Zip(stack.enter_context(_bounded(stream, limits.members * DIRECTORY_ENTRY)), size, limits)
    if start.startswith((b"\x1f\x8b", b"BZh")):
        stream = stack.enter_context(_unpacked(stream, start, size, limits))
        start = _start(stream)
    if start[257:262] != b"ustar":
        raise UnusableFile("is neither a .zip nor a .tar archive, whatever its name says.")
    return _Tar(stack.enter_context(_bounded(stream, BLOCK)), limits)


def _start(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    start = stream.read(tarfile.BLOCKSIZE)
    stream.seek(0)
    return start


class _BoundedReads(io.BufferedReader):
    """A file of which no single read may take much: zipfile and tarfile read a directory or a header at once."""

    limit = 2 * BLOCK

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(self.limit + 1 if size is None or size < 0 else min(size, self.limit + 1))
        if len(data) > self.limit:
            raise UnusableFile("has a directory or a header that is too large; it holds too many files.")
        return data


def _bounded(stream: IO[bytes], limit: int) -> _BoundedReads:
    reader = _BoundedReads(io.FileIO(os.dup(stream.fileno())))
    reader.limit = max(limit, reader.limit)
    reader.seek(0)  # the position is shared with the other stream, which may have read ahead
    return reader


def _unpacked(stream: IO[bytes], start: bytes, size: int, limits: Limits) -> IO[bytes]:
    """A tar archive without its compression, in a temporary file."""
    packed: IO[bytes] = bz2.BZ2File(stream) if start.startswith(b"BZh") else gzip.GzipFile(fileobj=stream)  # type: ignore[assignment]
    allowed = min(limits.total_bytes, max(RATIO_FROM, limits.ratio * size))
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(tempfile.TemporaryFile())
        for block in sound(stream_blocks(packed)):
            allowed -= len(block)
            if allowed < 0:
                raise UnusableFile("unpacks to far more than archives of notebooks do.")
            target.write(block)
        stack.pop_all()
    target.flush()
    return target


class _Zip(Container):
    """A zip archive; `size` is that of its file."""

    def __init__(self, stream: IO[bytes], size: int, limits: Limits):
        super().__init__(limits)
        self._archive, self._size = zipfile.ZipFile(stream), size
        infos = self._archive.infolist()
        if len(infos) > limits.members:
            raise UnusableFile(f"holds {len(infos):,} files, more than {limits.members:,}.")
        self._infos = [info for info in infos if not info.orig_filename.endswith(("/", "\\"))]
        self.members = [
            make_member(number, _name_of(info), _time_of(info), _problem_of(info))
            for number, info in enumerate(self._infos)
        ]

    def _packed(self, member: Member) -> int:
        return min(self._infos[member.number].compress_size, self._size)

    def _blocks(self, member: Member) -> Iterator[bytes]:
        yield from stream_blocks(self._archive.open(self._infos[member.number]))


def _name_of(info: zipfile.ZipInfo) -> str:
    """A member's name, also where UTF-8 is not declared as such, as by macOS."""
    if info.flag_bits & UTF8:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.orig_filename


def _problem_of(info: zipfile.ZipInfo) -> str:
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        return NO_FILE
    if info.flag_bits & 1:
        return "is encrypted; the archive has to be made without a password."
    if info.compress_type not in METHODS:
        return f"is compressed in an unusual way (method {info.compress_type}); an ordinary .zip is needed."
    return ""


def _time_of(info: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*info.date_time) if info.date_time >= (1980, 1, 2) else None  # 1980-01-01 stands for none
    except ValueError:
        return None


class _Tar(Container):
    """A tar archive without compression."""

    def __init__(self, stream: IO[bytes], limits: Limits):
        super().__init__(limits)
        self._archive = tarfile.open(fileobj=stream, mode="r:")  # noqa: SIM115 (its stream is closed by its owner)
        self._infos: list[tarfile.TarInfo] = []
        for count, info in enumerate(self._archive, start=1):
            if count > limits.members:
                raise UnusableFile(f"holds more than {limits.members:,} files.")
            self._infos += [] if info.isdir() else [info]
        stream.seek(self._archive.offset)
        if any(stream.read(tarfile.BLOCKSIZE)):  # tarfile takes a damaged header for the end
            raise UnusableFile(DAMAGED)
        for number, info in enumerate(self._infos):
            time = datetime.fromtimestamp(info.mtime) if 0 < info.mtime < 2**32 else None
            problem = "" if info.isreg() and not info.issparse() else NO_FILE
            self.members.append(make_member(number, info.name, time, problem))

    def _blocks(self, member: Member) -> Iterator[bytes]:
        yield from stream_blocks(self._archive.extractfile(self._infos[member.number]) or io.BytesIO())
