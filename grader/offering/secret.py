"""A course's secret: how it is made and found, and what is derived from it."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from grader.errors import GradingError

__all__ = ["FOLDER", "MAX_VERSIONS", "Offering", "find_offering", "set_offering", "version_of"]

FOLDER, FILE, NUMBERS = ".offering", "secret.json", "numbers"
BYTES = 32
MAX_VERSIONS = 50
LOST = (
    "{path} is gone, and with it the secret that the hidden checks of this offering were drawn from. Put your copy "
    "back. Without one, delete {folder}: the lessons' own numbers hold then, or new ones after "
    "`python -m grader offering`, and `grade` says which grades are stale"
)


@dataclass(frozen=True)
class Offering:
    """A course with numbers of its own.

    Attributes:
        folder: where its secret and its numbers are.
        secret: what they are drawn from.
        versions: how many sets of numbers there are; each student has one of them.
    """

    folder: Path
    secret: bytes
    versions: int = 1

    @property
    def fingerprint(self) -> str:
        """What tells this secret from others and gives nothing away."""
        return self.key("fingerprint").hex()[:8]

    def key(self, *parts: object) -> bytes:
        """The key for a part of the course; it does not lead back to the secret, nor to another part's key."""
        return hmac.digest(self.secret, "\0".join(map(str, parts)).encode(), hashlib.sha256)

    def version_of(self, student: str) -> int:
        """Which set of numbers a student has."""
        return int.from_bytes(self.key("student", student)[:8], "big") % self.versions

    def numbers(self, version: int, week: str) -> Path:
        """The folder of a week's numbers."""
        return self.folder / NUMBERS / str(version) / week


def find_offering(root: Path) -> Offering | None:
    """The offering of the course in `root`, or None if it has the lessons' own numbers.

    Raises:
        GradingError: the secret is lost, damaged, or can be read by others.
    """
    folder = root / FOLDER
    path = folder / FILE
    if not folder.exists():
        return None
    try:
        mode, open_folder = path.stat().st_mode, folder.stat().st_mode & 0o077
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise GradingError(LOST.format(path=path, folder=folder)) from None
    except OSError as problem:
        raise GradingError(f"{path} cannot be read: {problem.strerror}") from None
    if mode & 0o077:
        raise GradingError(
            f"{path} can be read by others on this machine (mode {mode & 0o777:o}): `chmod 600 {path}`. If students "
            f"have accounts here, delete {folder} and draw new numbers with `python -m grader offering`"
        )
    if open_folder:
        raise GradingError(
            f"{folder}, which holds the hidden checks' numbers, can be read by others: chmod 700 {folder}"
        )
    try:
        form = json.loads(text)
        offering = Offering(folder, bytes.fromhex(form["secret"]), form["versions"])
    except (ValueError, KeyError, TypeError):
        raise GradingError(f"{path} is damaged; put your copy back") from None
    if len(offering.secret) != BYTES or offering.versions not in range(1, MAX_VERSIONS + 1):
        raise GradingError(f"{path} is damaged; put your copy back")
    return offering


def version_of(root: Path, student: str) -> int:
    """Which set of numbers a student of the course in `root` has; 0 without an offering. Raises GradingError."""
    offering = find_offering(root)
    return offering.version_of(student) if offering else 0


def set_offering(root: Path, versions: int | None = None) -> Offering:
    """The offering of the course in `root`, made if there is none, with so many versions (None: as before, or 1)."""
    found = find_offering(root)
    folder = root / FOLDER
    count = versions if versions is not None else found.versions if found else 1
    if count not in range(1, MAX_VERSIONS + 1):
        raise GradingError(f"there can be 1 to {MAX_VERSIONS} versions, not {count}")
    offering = Offering(folder, found.secret if found else secrets.token_bytes(BYTES), count)
    if offering != found:
        _write(folder, json.dumps({"secret": offering.secret.hex(), "versions": count}) + "\n")
    return offering


def _write(folder: Path, text: str) -> None:
    """Write the secret so that nobody else can read it, not even for a moment."""
    folder.mkdir(mode=0o700, exist_ok=True)
    partial = folder / f"{FILE}.{os.getpid()}"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(folder / FILE)
