"""What lies where a notebook should be."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from pathlib import Path

from tests.attacks import Attack, Place, forge

NAME = "logistic_regression.ipynb"
VICTIM = "@COURSE@/submitted/honest/week1/" + NAME


def data(name: str, content: bytes, **options) -> Attack:
    """Hands in bytes; nothing can be graded."""
    return Attack(name, change=lambda notebook: content, keeps=(), **options)


def written(name: str, write, **options) -> Attack:
    """Hands in the notebook as bytes of another kind."""
    return Attack(name, change=lambda notebook: write(json.dumps(notebook)), **options)


def instead(name: str, make, **options) -> Attack:
    """Something else in the place of the file: `make` gets its path, which is free, and the place."""

    def lay(folder: Path, place: Place) -> None:
        (folder / NAME).unlink()
        make(folder / NAME, place)

    return Attack(name, lay=lay, **{"keeps": (), **options})


def link(target: str):
    return lambda path, place: path.symlink_to(place.fill(target))


def called(filename: str) -> Attack:
    """The notebook under another name."""

    def lay(folder: Path, place: Place) -> None:
        (folder / NAME).rename(folder / filename)

    return Attack(f"is called {filename!r}", lay=lay)


def _zip(*names: str, size: int = 10) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, bytes(size))
    return stream.getvalue()


def _huge(path: Path, place: Place) -> None:
    with open(path, "wb") as stream:
        stream.truncate(10**12)  # takes no room on the disk


def _folder(path: Path, place: Place) -> None:
    path.mkdir()
    (path / NAME).write_text("{}")


def _third_version(notebook):
    cells = [
        cell | {"input": cell.pop("source")} if cell["cell_type"] == "code" else cell for cell in notebook["cells"]
    ]
    return json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}).encode()


def version(**values):
    return lambda notebook: notebook.update(values)


def _litter(folder: Path, place: Place) -> None:
    """Files that Python, nbgrader, or a shell might take for its own."""
    bad = place.fill("open('@HOME@/planted', 'w').write('x')\nraise SystemExit('shadowed')\n")
    for name in ("numpy.py", "dlcore.py", "nbgrader_config.py", "sitecustomize.py", "jupyter_config.py", "conftest.py"):
        (folder / name).write_text(bad)
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / NAME).write_text("{}")
    (folder / "logistic_regression.key.json").write_text("{}")
    (folder / "loop").symlink_to(folder)
    (folder / "secret.csv").symlink_to(place.home / ".ssh" / "id_rsa")
    os.mkfifo(folder / "timestamp.txt")


DEEP = b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"

ATTACKS = [
    data("is empty", b""),
    data("is blank", b" \n\t\n"),
    data("is cut off", b'{"cells": [{"cell_type": "code", "source": "def to_col'),
    data("is deep JSON", DEEP),
    data("is a huge number", b"1" * 1_000_000),
    *(data(f"is JSON, but {text.decode()}", text) for text in (b"null", b"[]", b"1e999", b'"x"', b'{"cells": {}}')),
    data("has cells of all kinds", b'{"cells": [null, 1, [], {}, {"source": 1}, {"source": ["a", 2]}, NaN]}'),
    data("is an archive that climbs out of its folder", _zip("../../../gradebook.db", "/tmp/planted", "..\\x")),
    data("is an archive that swells", _zip("bomb", size=10**8)),
    data("is a page", b"<!DOCTYPE html><script>alert(1)</script>"),
    data("is a program", b"#!/bin/sh\ntouch planted\n\x7fELF\x00\x00"),
    written("is compressed", lambda text: gzip.compress(text.encode()), keeps=()),
    written("is in another encoding", lambda text: text.encode("utf-16"), keeps=()),
    written("is in an old encoding", lambda text: text[:-1].encode() + b', "x": "\xe9"}', keeps=()),
    written("begins with a byte order mark", lambda text: b"\xef\xbb\xbf" + text.encode()),
    written("has two lists of cells", lambda text: b'{"cells": [], ' + text[1:].encode()),
    forge("is of version 3", _third_version),
    forge("is of a future version", version(nbformat=99, nbformat_minor=10**9)),
    forge("is of an odd version", version(nbformat="four", nbformat_minor=None)),
    instead("is a folder", _folder),
    instead("is a pipe", lambda path, place: os.mkfifo(path)),
    instead("is far too large", _huge),
    instead("is a link to a key", link("@HOME@/.ssh/id_rsa")),
    instead("is a link to another student's work", link(VICTIM)),
    instead("is a link to another student's folder", link("@COURSE@/submitted/honest/week1")),
    instead("is a link to the gradebook", link("@COURSE@/gradebook.db")),
    instead("is a link to the instructor's notebook", link("@COURSE@/source/week1/" + NAME)),
    instead("is a link to itself", link(NAME)),
    instead("is a link to nothing", link("/nowhere/at/all")),
    instead("is a link to endless zeros", link("/dev/zero")),
    *map(
        called,
        ("Copy of it (1).ipynb", "-rf.ipynb", "$(touch planted).ipynb", "two\nlines.ipynb", "x" * 240 + ".ipynb"),
    ),
    called("<script>.ipynb"),
    Attack("comes with files of its own", lay=_litter),
]
