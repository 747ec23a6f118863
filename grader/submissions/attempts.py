"""Keep every attempt of a student, and the newest one where it is graded.

Attempts are numbered folders in downloaded/<week>/attempts/<student>/, each with a file beside it
that says where it is from. They are not in submitted/, where nbgrader takes any folder of a
student for an assignment.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path

from grader.submissions.members import UPLOAD
from grader.submissions.reader import UnusableFile
from grader.submissions.timestamps import TIMESTAMP, local, read_timestamp

__all__ = ["Attempts", "Origin"]


@dataclass(frozen=True)
class Origin:
    """Where an attempt is from.

    Attributes:
        source: the name of the archive or the folder.
        layout: Canvas, Moodle or folders; empty if it was found in submitted/.
        user: the LMS's number for the student; empty if there is none.
        order: grows from attempt to attempt of one layout; 0 if nothing says which is newer.
        given: by a notebook's name, what the LMS calls the file, or the folder that it was in.
    """

    source: str
    layout: str = ""
    user: str = ""
    order: int = 0
    given: dict[str, str] = field(default_factory=dict)

    def is_older_than(self, other: Origin) -> bool:
        """Whether the LMS says that this attempt is the earlier one."""
        return self.layout == other.layout and 0 < self.order < other.order


class Attempts:
    """A student's attempts at a week.

    Args:
        kept: downloaded/<week>/attempts/<student>.
        place: submitted/<student>/<week>.
        zone: in which times are said.
    """

    def __init__(self, kept: Path, place: Path, zone: tzinfo = UTC):
        self.kept, self.place, self.zone = kept, place, zone
        self.also: dict[int, list[Origin]] = {}  # other LMSs that gave out the same files
        self.known: dict[int, tuple[str, Origin]] = {}
        for folder in kept.glob(".partial-*"):  # of a run that was killed
            shutil.rmtree(folder)
        for folder in kept.glob("[0-9]*"):
            if folder.is_dir() and folder.name.isdecimal():
                self.known[int(folder.name)] = (_digest(folder), _read_origin(folder.with_suffix(".json")))
                self.also[int(folder.name)] = [
                    _read_origin(path) for path in sorted(kept.glob(f"{folder.name}.*.json"))
                ]

    def user(self, layout: str) -> str:
        """The number that an LMS gives to the student whose attempts these are; empty if it is not known."""
        return next((origin.user for _, origin in self._origins() if origin.layout == layout), "")

    def _origins(self) -> list[tuple[int, Origin]]:
        """Where each attempt is from, by its number; several times if several LMSs gave it out."""
        first = [(number, origin) for number, (_, origin) in self.known.items()]
        return first + [(number, origin) for number, origins in self.also.items() for origin in origins]

    def newest_of(self, layout: str) -> tuple[Path, Origin] | None:
        """The folder of the newest attempt that an LMS gave out, and where it is from; None if there is none."""
        found = [(number, origin) for number, origin in self._origins() if origin.layout == layout]
        if not found:
            return None
        number, origin = max(found, key=lambda item: (item[1].order, item[0]))
        return self.kept / str(number), origin

    def add(self, files: Mapping[str, Path], timestamp: str, origin: Origin) -> str:
        """Keep files as an attempt, and put them in place if it is the newest.

        Args:
            files: where they are now, by the name that they get.
            timestamp: the content of timestamp.txt; empty if when they were handed in is not known.
            origin: where they are from.

        Returns:
            What was done with them.

        Raises:
            UnusableFile: there is something in their place which is no folder.
        """
        if (
            self.place.is_symlink()
            or self.place.parent.is_symlink()
            or (self.place.exists() and not self.place.is_dir())
        ):
            raise UnusableFile(f"cannot be collected: {self.place} is a link or a file, not a folder.")
        with tempfile.TemporaryDirectory(dir=_made(self.kept), prefix=".partial-") as partial:
            for name, path in files.items():
                shutil.copyfile(path, Path(partial) / name)
            if timestamp:
                (Path(partial) / TIMESTAMP).write_text(timestamp, encoding="ascii")
            return self._place(Path(partial), origin)

    def _place(self, partial: Path, origin: Origin) -> str:
        digest, current = _digest(partial), _digest(self.place)
        if digest != current and self._is_in_place(partial, origin):
            return self._note_time(partial, origin)
        same = [number for number, known in self.known.items() if known[0] == digest]
        is_new = not same or (origin.order > 0 and all(self.known[one][1].is_older_than(origin) for one in same))
        number = self._keep(partial, digest, origin) if is_new else max(same)
        known = self.known[number][1]
        if (known.layout, known.order) == (origin.layout, origin.order) and known.given != origin.given:
            self._note(number, origin)  # which an earlier version did not
            self.known[number] = (digest, origin)
        elif known.layout != origin.layout and origin.given:
            self._note(number, origin, f".{origin.layout}")
        if digest == current:
            return "unchanged"
        if not current:
            self._replace(self._newest(), current)
            return "collected"
        if not is_new:
            return f"unchanged; this is attempt {number}, and another one is in its place"
        if any(origin.is_older_than(other) for _, other in self.known.values()):
            return f"unchanged; this is an earlier attempt, kept as {self.kept / str(number)}"
        gone = sorted(_notebooks(self.place) - _notebooks(self.kept / str(number)))
        self._replace(number, current)
        lacks = f" (it lacks {', '.join(gone)})" if gone else ""
        return f"replaced by a newer attempt{lacks}; the earlier ones are in {self.kept}"

    def _in_place(self) -> int:
        """The number of the attempt that is in place; 0 if what is there was put there, or changed, by hand."""
        current = _digest(self.place)
        return max((number for number, (digest, _) in self.known.items() if digest == current), default=0)

    def _is_in_place(self, partial: Path, origin: Origin) -> bool:
        """Whether this is the attempt in place, but for the time."""
        known = self.known.get(self._in_place(), ("", Origin("")))[1]
        same = (known.layout, known.order) == (origin.layout, origin.order)
        return same and _digest(partial, timed=False) == _digest(self.place, timed=False)

    def _note_time(self, partial: Path, origin: Origin) -> str:
        """Note when the files in place were handed in; a time that is known is not lost for one that is not."""
        number, new = self._in_place(), partial / TIMESTAMP
        if self.known[number][1].given != origin.given:
            self._note(number, origin)
        if not new.exists():
            return "unchanged"
        for folder in (self.place, self.kept / str(number)):
            shutil.copyfile(new, folder / TIMESTAMP)
        self.known[number] = (_digest(self.place), origin)
        time = read_timestamp(str(self.place))
        return f"the same files; handed in {local(time, self.zone)}" if time else "unchanged"

    def _newest(self) -> int:
        newest = min(self.known)
        for number in sorted(self.known):
            if not self.known[number][1].is_older_than(self.known[newest][1]):
                newest = number
        return newest

    def _replace(self, number: int, current: str) -> None:
        """Put an attempt in place; what is there is kept if it was put there, or changed, by hand."""
        copy = self._copy(self.kept / str(number))
        if any(digest == current for digest, _ in self.known.values()):
            shutil.rmtree(self.place)
        elif current:
            earlier = self._describe(Origin("submitted"))
            self.place.rename(self.kept / str(earlier))
        copy.rename(_made(self.place.parent) / self.place.name)

    def _keep(self, partial: Path, digest: str, origin: Origin) -> int:
        number = self._describe(origin)
        self._copy(partial).rename(self.kept / str(number))
        self.known[number] = (digest, origin)
        return number

    def _copy(self, folder: Path) -> Path:
        copy = self.kept / ".copy"
        shutil.rmtree(copy, ignore_errors=True)  # of a run that was killed
        shutil.copytree(folder, copy)
        copy.chmod(0o755)  # a temporary folder is its owner's alone
        return copy

    def _describe(self, origin: Origin) -> int:
        """The next attempt's number, after its origin is written down."""
        taken = [int(path.name) for path in self.kept.glob("[0-9]*") if path.name.isdecimal()]
        number = max(taken, default=0) + 1
        self._note(number, origin)
        return number

    def _note(self, number: int, origin: Origin, other: str = "") -> None:
        (self.kept / f"{number}{other}.json").write_text(json.dumps(asdict(origin)) + "\n", encoding="utf-8")


def _notebooks(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.ipynb")}


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _read_origin(path: Path) -> Origin:
    try:
        return Origin(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return Origin("unknown")


def _digest(folder: Path, *, timed: bool = True) -> str:
    """A digest of a folder's files; empty if there is no folder, of no other folder if it holds anything unusual.

    Unless it is `timed`, when they were handed in does not count.
    """
    if not folder.is_dir():
        return ""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.name == TIMESTAMP and not timed:
            continue
        facts = path.lstat()
        is_usual = stat.S_ISREG(facts.st_mode) and facts.st_size <= UPLOAD.member_bytes
        content = path.read_bytes() if is_usual else os.fsencode(path)
        digest.update(os.fsencode(path.name) + f"\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
