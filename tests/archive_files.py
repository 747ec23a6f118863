"""Archives for tests, sound and otherwise."""

from __future__ import annotations

import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Iterable

LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
# Where a field is in a local header and in the directory, and how many bytes it has.
FIELDS = {"flags": (6, 8, "<H"), "packed": (18, 20, "<I"), "size": (22, 24, "<I")}


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, time=(2025, 3, 1, 12, 0, 0)) -> bytes:
    """A zip archive of files, in this order."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files:
            info = zipfile.ZipInfo("x", time)
            info.filename = name  # as it is: the constructor ends it at a zero byte
            info.compress_type = method
            archive.writestr(info, content)
    return stream.getvalue()


def zipped_link(name: str, target: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, target)
    return stream.getvalue()


def stating(archive: bytes, field: str, value: int, *, only_directory: bool = False) -> bytes:
    """A zip archive whose headers state another value, of each member."""
    local, central, form = FIELDS[field]
    data = bytearray(archive)
    for magic, offset in ((CENTRAL, central),) if only_directory else ((CENTRAL, central), (LOCAL, local)):
        place = data.find(magic)
        while place >= 0:
            struct.pack_into(form, data, place + offset, value)
            place = data.find(magic, place + 4)
    return bytes(data)


def tarred(*files: tuple[str, bytes], mode: str = "w:gz", more: Iterable[tarfile.TarInfo] = (), **options) -> bytes:
    """A tar archive of files, then of members without content."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode, **options) as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1_740_830_400
            archive.addfile(info, io.BytesIO(content))
        for info in more:
            archive.addfile(info)
    return stream.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """A link or a device in a tar archive."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info
