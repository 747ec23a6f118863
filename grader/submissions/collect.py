"""Collect submissions from what an LMS lets instructors download, or from folders, into submitted/.

Which notebook is which lesson of the week is not decided here: `reader.find_submissions` recognises
notebooks by their exercises. Notebooks of another week are left out.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from grader.errors import GradingError
from grader.lessons.course import Course
from grader.submissions.archives import open_archive
from grader.submissions.attempts import Attempts, Origin
from grader.submissions.layouts import Download, Student, is_notebook_name, recognise
from grader.submissions.lessons import released_lessons
from grader.submissions.members import CLASS, Container, Folder
from grader.submissions.names import Names, Unidentified, plain_id
from grader.submissions.reader import UnusableFile, read_submission
from grader.submissions.timestamps import timestamp_text
from grader.submissions.uploads import Unpacked, attempts_in, folded, unpack
from grader.text import did_you_mean, first_of

__all__ = ["EVERYBODY", "Choice", "Collected", "collect"]

NAMED = 10  # students that a note names


@dataclass
class Collected:
    """What was collected.

    Attributes:
        students: what was done for each.
        notes: what an instructor may want to know.
        problems: what could not be collected, and why, one sentence each.
        unlisted: how many of the problems are students who are not in the list.
    """

    students: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unlisted: int = 0


@dataclass(frozen=True)
class Choice:
    """Whose submissions are meant: everybody's, those of some `students`, or those of everybody who is `listed`."""

    students: frozenset[str] = frozenset()
    listed: bool = False

    @property
    def reason(self) -> str:
        """Why others are left out; "" if nobody is."""
        return "--student names others" if self.students else "they are not in the list" if self.listed else ""

    def may_mean(self, candidates: Collection[str]) -> bool:
        """Whether a student is meant who has one of these ids, or none that is known."""
        if self.students:
            return not self.students.isdisjoint(candidates)
        return bool(candidates) or not self.listed


EVERYBODY = Choice()


def collect(
    course: Course,
    week: str,
    sources: Iterable[Path],
    names: Names | None = None,
    choice: Choice = EVERYBODY,
    *,
    archive_times: bool = False,
    zone: tuple[tzinfo, str] = (UTC, "UTC"),
) -> Collected:
    """What was put into submitted/<student>/<week>/, with every attempt kept in downloaded/<week>/attempts/.

    Args:
        course: the course.
        week: nbgrader's assignment.
        sources: archives and folders, the oldest first.
        names: the students' ids; without it they are the names in the sources.
        choice: whose submissions are meant; others are left out, with a note that names them.
        archive_times: whether the times in the sources are when students handed in.
        zone: that of times without one in the list of names, and why.

    Raises:
        Problem: there is no such week, or a student who is meant is not in the list.
    """
    course.need_week(week)
    if names:
        for student in sorted(choice.students - names.ids):
            raise GradingError(f"there is no {student} in {names.path}.{did_you_mean(student, names.ids)}")
    elif choice.listed:
        raise GradingError(
            "there is no list of students: name one with --names, or make one with `python -m grader roster`"
        )
    collector = _Collector(course, week, names, choice, archive_times, zone)
    for source in sources:
        try:
            with _opened(source) as container:
                collector.take(source, container)
        except UnusableFile as problem:
            collector.said.problems.append(f"{source} {problem}")
        except OSError as problem:
            collector.said.problems.append(f"{source} cannot be read ({problem.strerror}: {problem.filename})")
    collector.say_missing()
    return collector.said


@contextlib.contextmanager
def _opened(source: Path) -> Iterator[Container]:
    """The members of an archive or a folder that an instructor named."""
    if source.is_dir():
        yield Folder(source)
        return
    if is_notebook_name(source.name):
        raise UnusableFile("is one notebook; put it in submitted/<student>/<week>/, or name the folder that it is in.")
    try:
        stream = source.open("rb")
    except OSError as problem:
        raise UnusableFile(f"cannot be read ({problem.strerror}).") from None
    with stream, open_archive(stream, CLASS) as container:
        yield container


def _candidates(problem: UnusableFile) -> frozenset[str]:
    return problem.candidates if isinstance(problem, Unidentified) else frozenset()


class _Collector:
    """Takes one source after the other."""

    def __init__(
        self,
        course: Course,
        week: str,
        names: Names | None,
        choice: Choice,
        archive_times: bool,
        zone: tuple[tzinfo, str],
    ):
        self.course, self.week, self.names, self.choice, self.archive_times = course, week, names, choice, archive_times
        self.came: set[str] = set()
        self.said = Collected()
        self.zone, zone_name = zone
        if names and any(time.tzinfo is None for time in names.submitted.values()):
            self.said.notes.append(f"{names.path.name}: times without an offset are in {zone_name}")
        self.kept = course.root / "downloaded" / week / "attempts"
        self.lessons = released_lessons(course.release, week)
        self.spelled = {folded(path.name): path.name for path in course.submitted.glob("*")}

    def take(self, source: Path, container: Container) -> None:
        """Collect all that is in a source."""
        download = recognise(container.members, "" if source.is_dir() else source.name.partition(".")[0])
        for member, reason in download.unclaimed:
            self.said.problems.append(f"{source}: the file {member.name} {reason}")
        if not download.uploads and not download.unclaimed:
            self.said.problems.append(f"{source} holds no submissions.")
        ids = self._ids(download, source)
        for student in download.texts:
            if self._may_mean(student):
                self.said.notes.append(f"{ids.get(student, student.who)}: a text was handed in online; it is left out")
        for student in download.late & set(ids):
            self.said.notes.append(f"{ids[student]}: {download.layout} marks this as late")
        self.kept.mkdir(parents=True, exist_ok=True)
        for student, name in ids.items():
            try:
                with tempfile.TemporaryDirectory(dir=self.kept, prefix=".partial-") as folder:
                    self._take_student(student, name, download, container, source, Path(folder))
            except UnusableFile as problem:
                self.said.problems.append(f"{source}: {name} {problem}")
            except OSError as problem:
                place = problem.filename2 or problem.filename
                self.said.problems.append(f"{source}: {name} could not be collected ({problem.strerror}: {place})")

    def _ids(self, download: Download, source: Path) -> dict[Student, str]:
        """The id of each student who handed in files and is meant; who else did is said."""
        ids: dict[Student, str] = {}
        others: list[str] = []
        for student in download.uploads:
            try:
                ids[student] = self._id(student)
            except UnusableFile as problem:
                if self.choice.may_mean(_candidates(problem)):
                    self.said.problems.append(f"{source}: {student.who} {problem}")
                    self.said.unlisted += isinstance(problem, Unidentified) and not problem.candidates
                else:
                    others.append(student.who)
        ids = ids if self.names else self._told_apart(ids, source)
        others += [student.who for student, name in ids.items() if not self.choice.may_mean({name})]
        if others:
            who = first_of(sorted(others), NAMED)
            self.said.notes.append(f"{source}: {len(others)} left out, as {self.choice.reason}: {who}")
        ids = {student: name for student, name in ids.items() if self.choice.may_mean({name})}
        self.came |= set(ids.values())
        return ids

    def _id(self, student: Student) -> str:
        return self.names.id_of(student) if self.names else plain_id(student)

    def _may_mean(self, student: Student) -> bool:
        """Whether a student is one of those who are meant, as far as that can be told."""
        try:
            return self.choice.may_mean({self._id(student)})
        except UnusableFile as problem:
            return self.choice.may_mean(_candidates(problem))

    def say_missing(self) -> None:
        """Say who is meant and handed in nothing: a problem if the student was named."""
        for student in sorted(self.choice.students - self.came):
            self.said.problems.append(f"{student}: there is no submission in what was named")
        listed = self.names.ids if self.names and self.choice.listed and not self.choice.students else set()
        if listed - self.came:
            who = first_of(sorted(listed - self.came), NAMED)
            self.said.notes.append(f"in the list, and without a submission here: {who}")

    def _told_apart(self, ids: dict[Student, str], source: Path) -> dict[Student, str]:
        """The ids, with the LMS's number added where several students have one."""
        numbered = Counter(name for student, name in ids.items() if student.user)
        shared = {name for name, count in numbered.items() if count > 1}
        for name in sorted(shared):
            self.said.notes.append(
                f"{source}: several students are called {name}; the LMS's numbers are added. --names gives better ids"
            )
        return {student: f"{name}-{student.user}" if name in shared else name for student, name in ids.items()}

    def _take_student(
        self, student: Student, name: str, download: Download, container: Container, source: Path, folder: Path
    ) -> None:
        """Collect one student's files, of which several of one name are attempts."""
        attempts = self._attempts(student, name, download.layout)
        uploads = download.uploads[student]
        found = unpack(uploads, container, folder, self.lessons.here)
        self.said.problems += [f"{source}: {name}: {problem}" for problem in found.problems]
        self._leave_out_other_weeks(found, source, name)
        if not found.notebooks and not found.problems:
            raise UnusableFile(f"handed in no notebook, but {', '.join(sorted(set(found.others))[:5]) or 'nothing'}.")
        time = max((upload.member.time for upload in uploads if upload.member.time), default=None)
        since = int(time.timestamp()) if time and download.layout == "Moodle" else 0
        for number, notebooks in enumerate(rounds := attempts_in(found.notebooks), start=1):
            order = max(item.counter for item in notebooks) or since
            given = {item.name: item.given for item in notebooks if item.given}
            origin = Origin(source.name, download.layout, student.user, order, given)
            timestamp = self._timestamp(name, time) if number == len(rounds) else ""
            self._say(name, attempts.add({item.name: item.path for item in notebooks}, timestamp, origin))

    def _leave_out_other_weeks(self, found: Unpacked, source: Path, name: str) -> None:
        """Leave out a student's notebooks that are another week's lessons, and say so."""
        reasons = {item: self.lessons.why_not_here(read_submission(item.path).cells) for item in found.notebooks}
        found.notebooks = [item for item in found.notebooks if not reasons[item]]
        wrong = [f"the file {item.name} {reason} It was not collected." for item, reason in reasons.items() if reason]
        found.problems += wrong
        self.said.problems += [f"{source}: {name}: {problem}" for problem in wrong]

    def _attempts(self, student: Student, name: str, layout: str) -> Attempts:
        """The attempts of a student; raises UnusableFile if they may be another's."""
        spelled = self.spelled.setdefault(folded(name), name)
        if spelled != name:
            raise UnusableFile(f"differs from {spelled} only in how it is written; rename one of the two.")
        attempts = Attempts(self.kept / name, self.course.submitted / name / self.week, self.zone)
        before = attempts.user(layout)
        if before and before != student.user:
            raise UnusableFile(
                f"is {layout}'s user {student.user}, but {attempts.kept} has attempts of user {before}; "
                "if two students have this name, --names tells them apart."
            )
        return attempts

    def _timestamp(self, name: str, time: datetime | None) -> str:
        """The content of timestamp.txt, as nbgrader reads it; empty if when it was handed in is not known."""
        known = self.names.submitted.get(name) if self.names else None
        if known is not None and known.tzinfo is None:
            known = known.replace(tzinfo=self.zone)
        known = known or (time if self.archive_times else None)
        return "" if known is None else timestamp_text(known.astimezone(UTC).replace(tzinfo=None))

    def _say(self, name: str, done: str) -> None:
        if name not in self.said.students or not done.startswith("unchanged"):
            self.said.students[name] = done
