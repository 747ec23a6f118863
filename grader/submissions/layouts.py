"""Recognise whose the files of a download are: as Canvas or Moodle names them, or in folders made by hand.

Canvas (`lib/content_zipper.rb`) writes `<name>[_LATE]_<user>_<file>_<name of the file>`, with the
name as `lovelaceada`, no name and the user `anon_x1y2z` where students are anonymous, and `-1`,
`-2` after the name of a file that was handed in before. Moodle (`mod/assign/classes/downloader.php`)
writes `<full name>_<participant>_assignsubmission_<kind>_` before each file, or as its folder.

The names at the top of a download are the LMS's or the instructor's, and are believed. Deeper down
they are the student's, and say nothing about whose a file is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from grader.submissions.archives import is_archive_name
from grader.submissions.members import Member

__all__ = ["Download", "Student", "Upload", "is_notebook_name", "name_to_give_back", "recognise"]

CANVAS = re.compile(
    r"(?:(?P<who>.+?)_)?(?:(?P<late>LATE)_)?(?P<user>\d+|anon_[^\W_]+)_(?P<file>\d+)_(?P<name>.+)", re.IGNORECASE
)
CANVAS_TEXT = re.compile(
    r"(?:(?P<who>.+?)_)?(?:(?P<late>LATE)_)?(?P<user>\d+|anon_[^\W_]+)_(?:text|link)\.html", re.IGNORECASE
)
MOODLE = re.compile(r"(?P<who>.+?)_(?P<user>\d+)_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<name>.*))?")
JUNK = ("__MACOSX", "Thumbs.db", "desktop.ini")
RENAMED = re.compile(r"(.+\.ipynb)\.(?:txt|json)", re.IGNORECASE)  # by browsers


@dataclass(frozen=True)
class Student:
    """Who handed in, as the download says: a name, and the LMS's number for the user if there is one."""

    who: str
    user: str = ""


@dataclass(frozen=True)
class Upload:
    """A file that a student handed in.

    Attributes:
        member: where to read it.
        name: what it is called, without what the LMS wrote before it.
        counter: the LMS's count of files, which grows; 0 if it has none.
        given: what the LMS calls it, or the folder that it is in; "" if it is from no LMS.
    """

    member: Member
    name: str
    counter: int = 0
    given: str = ""


@dataclass
class Download:
    """A download: in which layout it is, and each student's files.

    Attributes:
        layout: "Canvas", "Moodle" or "folders".
        uploads: by student, in the download's order.
        late: who is marked as late.
        texts: who also handed in a text online.
        unclaimed: files that belong to nobody, and why.
    """

    layout: str
    uploads: dict[Student, list[Upload]] = field(default_factory=dict)
    late: set[Student] = field(default_factory=set)
    texts: set[Student] = field(default_factory=set)
    unclaimed: list[tuple[Member, str]] = field(default_factory=list)


def name_to_give_back(given: str, name: str) -> str:
    """The path in an archive by which an LMS takes a file back for whoever handed in what it calls `given`.

    Canvas reads the first two numbers in a name, of the user and of the file that was handed in, and Moodle
    the parts of a folder's name.

    >>> name_to_give_back("lovelaceada_LATE_34_501_lesson.ipynb", "lesson.html")
    'lovelaceada_LATE_34_501_lesson.html'
    >>> name_to_give_back("Ada Lovelace_345_assignsubmission_file_", "lesson.html")
    'Ada Lovelace_345_assignsubmission_file_/lesson.html'
    """
    moodle = MOODLE.fullmatch(given)
    if moodle:
        return f"{moodle['who']}_{moodle['user']}_assignsubmission_file_/{name}"
    canvas = CANVAS.fullmatch(given)
    if canvas is None:
        raise ValueError(f"{given} is not a name of Canvas or Moodle")
    return given[: canvas.start("name")] + name


def is_notebook_name(name: str) -> bool:
    """Whether a file's name is that of a notebook.

    >>> is_notebook_name("lesson.IPYNB"), is_notebook_name("lesson.ipynb.txt"), is_notebook_name("lesson.py")
    (True, True, False)
    """
    return name.lower().endswith(".ipynb") or RENAMED.fullmatch(name) is not None


def is_junk(parts: Sequence[str]) -> bool:
    """Whether a file was left behind by a system or an editor, not by a person."""
    return any(part.startswith(".") or part in JUNK for part in parts)


def recognise(members: Sequence[Member], name: str = "") -> Download:
    """Whose the members of a download are; `name` is the archive's name without its suffix.

    An archive of one folder with the archive's own name, as systems make it of a folder, is taken
    for that folder.
    """
    members = [member for member in members if not is_junk(member.parts)]
    skip = int({member.parts[0] for member in members if member.parts} == {name})
    paths = [(member, member.parts[skip:]) for member in members]
    if any(MOODLE.fullmatch(parts[0]) for _, parts in paths if parts):
        download, read = Download("Moodle"), _moodle
    elif any(CANVAS.fullmatch(parts[0]) or CANVAS_TEXT.fullmatch(parts[0]) for _, parts in paths if len(parts) == 1):
        download, read = Download("Canvas"), _canvas
    else:
        download, read = Download("folders"), _folders
        if skip and any(len(parts) == 1 and is_notebook_name(parts[0]) for _, parts in paths):
            paths = [(member, member.parts) for member in members]  # it is a student's folder after all
    for member, parts in paths:
        reason = read(download, member, parts) if parts else member.problem or "is not in a folder."
        if reason:
            download.unclaimed.append((member, reason))
    return download


def _canvas(download: Download, member: Member, parts: tuple[str, ...]) -> str:
    text = CANVAS_TEXT.fullmatch(parts[0])
    found = text or CANVAS.fullmatch(parts[0])
    if len(parts) > 1 or found is None:
        return "is not named as Canvas names files, so whose it is cannot be told."
    student = Student(found["who"] or found["user"], found["user"])
    download.late |= {student} if found["late"] else set()
    if text:
        download.texts.add(student)
    else:
        upload = Upload(member, found["name"], int(found["file"]), parts[0])
        download.uploads.setdefault(student, []).append(upload)
    return ""


def _moodle(download: Download, member: Member, parts: tuple[str, ...]) -> str:
    found = MOODLE.fullmatch(parts[0])
    name = parts[-1] if len(parts) > 1 else (found["name"] or "") if found else ""
    if found is None or not name:
        return "is not named as Moodle names files, so whose it is cannot be told."
    student = Student(found["who"], found["user"])
    if found["kind"] == "file":
        download.uploads.setdefault(student, []).append(Upload(member, name, given=parts[0]))
    elif found["kind"] == "onlinetext":
        download.texts.add(student)
    return ""


def _folders(download: Download, member: Member, parts: tuple[str, ...]) -> str:
    if parts[0] not in re.split(r"[/\\]", member.name):  # made harmless, and perhaps another's name now
        return "is named after a student in a way that cannot be a student's id."
    if len(parts) > 1:
        who = parts[0]
    elif is_archive_name(parts[0]):
        who = re.sub(r"(\.tar)?\.\w+$", "", parts[0])
    elif is_notebook_name(parts[0]):
        return "is not in a folder named after a student, so whose it is cannot be told."
    else:
        return ""
    download.uploads.setdefault(Student(who), []).append(Upload(member, parts[-1]))
    return ""
