"""When work is due and what lateness costs: the course's deadlines.toml."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from grader.errors import GradingError
from grader.lessons.course import Course
from grader.submissions.timestamps import local
from grader.text import did_you_mean

__all__ = ["FILE", "Deadline", "Policy", "course_zone", "read_deadline"]

FILE = "deadlines.toml"
POLICIES = ("none", "zero", "per day", "nbgrader")
POLICY_KEYS = ("policy", "percent_per_day", "percent_at_most", "grace_minutes")
DURATION = re.compile(r"(\d+(?:\.\d+)?) *(minute|hour|day|week)s?")
DAY = 24 * 3600
TIME, DURATION_TOO = "a time such as 2025-03-09 23:59", ', nor a duration such as "2 days" or "36 hours"'
WITHOUT_SECONDS = re.compile(r"=\s*(\d{4}-\d\d-\d\d[ T]\d\d:\d\d)\s*(#.*)?$")


@dataclass(frozen=True)
class Policy:
    """What lateness costs.

    Attributes:
        kind: "none", "zero" (all points), "per day", or "nbgrader" for the plugin in nbgrader_config.py.
        percent_per_day: of the earned points, for each day begun.
        percent_at_most: the most that "per day" takes.
        grace_minutes: lateness up to which nothing is taken.
    """

    kind: str = "nbgrader"
    percent_per_day: float = 10.0
    percent_at_most: float = 100.0
    grace_minutes: float = 0.0

    def penalty(self, score: float, seconds: float) -> float | None:
        """The points that lateness costs, in hundredths; None if nothing.

        >>> Policy("per day").penalty(80, 25 * 3600), Policy("per day", grace_minutes=5).penalty(80, 300)
        (16.0, None)
        """
        if seconds <= 60 * self.grace_minutes or self.kind == "none":
            return None
        if self.kind == "zero":
            return score
        percent = min(self.percent_per_day * math.ceil(seconds / DAY), self.percent_at_most)
        return round(score * percent / 100, 2)

    def __str__(self) -> str:
        said = {"none": "late work costs nothing", "zero": "late work gets no points", "nbgrader": PLUGIN_SAYS}.get(
            self.kind,
            f"late work costs {self.percent_per_day:g} % of what was earned for each day begun"
            + (f", at most {self.percent_at_most:g} %" if self.percent_at_most < 100 else ""),
        )
        return said + (f", after {self.grace_minutes:g} minutes of grace" if self.grace_minutes else "")


PLUGIN_SAYS = "late work costs what c.AssignLatePenalties in nbgrader_config.py says"


@dataclass(frozen=True)
class Deadline:
    """What the file says about a week; times are UTC without a zone, as nbgrader's are.

    Attributes:
        week: the week.
        policy: what lateness costs.
        due: when the work is due; None leaves it to the gradebook.
        zone: the zone in which times without one were read, and why.
        clock: that zone.
        extensions: until when work of single students is due.
    """

    week: str
    policy: Policy = field(default_factory=Policy)
    due: datetime | None = None
    zone: str = "UTC"
    extensions: Mapping[str, datetime] = field(default_factory=dict)
    clock: tzinfo = UTC

    def extension(self, student: str) -> timedelta | None:
        """A student's extension; None if there is none."""
        until = self.extensions.get(student)
        return None if until is None or self.due is None else until - self.due

    def local(self, time: datetime) -> str:
        """A UTC time as the file would have it, with its offset."""
        return local(time, self.clock)


def read_deadline(course: Course, week: str) -> Deadline:
    """What the course's deadlines.toml says about a week; if there is none, nbgrader's own settings hold.

    Raises:
        GradingError: the file cannot be read, or says something that cannot be meant; the place is named.
    """
    path = course.root / FILE
    shared, own = _tables(path, course, week)
    zone, zone_name = _zone(f"{path}", course, shared.get("timezone"))
    place = f"{path}: [{week}]"
    policy = _policy(place, {key: item for key, item in (shared | own).items() if key in POLICY_KEYS})
    extensions = _extensions(f"{place} extensions", week, own)
    if "due" not in own:
        if extensions:
            raise GradingError(f"{place}: there are extensions, but it is not said when the work is due")
        return Deadline(week, policy, zone=zone_name, clock=zone)
    due = _moment(f"{place} due", own["due"], zone)
    until = {name: _extended(f"{place} extensions {name}", item, due, zone) for name, item in extensions.items()}
    return Deadline(week, policy, due, zone_name, until, zone)


def course_zone(course: Course) -> tuple[tzinfo, str]:
    """The zone of the course's times that have none, and where that is from.

    Raises:
        GradingError: deadlines.toml cannot be read, or names no time zone.
    """
    path = course.root / FILE
    return _zone(f"{path}", course, _form(path).get("timezone"))


def _form(path: Path) -> dict[str, Any]:
    """What the file says; empty if there is none."""
    text = ""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise GradingError(f"{path} cannot be read: {problem}{_likely_cause(text)}") from None


def _likely_cause(text: str) -> str:
    """The first line with a time that TOML does not take, and how to write it; "" if there is none."""
    for number, line in enumerate(text.splitlines(), start=1):
        time = WITHOUT_SECONDS.search(line)
        if time:
            return f'. Line {number}: write the time in quotes, "{time[1]}", or with seconds, {time[1]}:00'
    return ""


def _extensions(place: str, week: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """The table of extensions as it is written; raises GradingError if it holds what belongs above it."""
    extensions = own.get("extensions", {})
    if not isinstance(extensions, dict):
        raise GradingError(f'{place}: write [{week}.extensions], and below it lines such as ada = "2 days"')
    for name in ("due", *POLICY_KEYS):
        if name in extensions:
            raise GradingError(f"{place}: {name} is about the week: write it above [{week}.extensions]")
    return extensions


def _tables(path: Path, course: Course, week: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the file says about all weeks, and about one."""
    form = _form(path)
    weeks = {name: item for name, item in form.items() if isinstance(item, dict)}
    for name in weeks:
        if name not in {*course.weeks(), week}:
            raise GradingError(f"{path}: there is no week {name}.{did_you_mean(name, course.weeks())}")
    shared = {name: item for name, item in form.items() if name not in weeks}
    own = weeks.get(week, {})
    _only_known(f"{path}", shared, ("timezone", *POLICY_KEYS))
    _only_known(f"{path}: [{week}]", own, ("due", "extensions", *POLICY_KEYS))
    return shared, own


def _only_known(place: str, form: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in form:
        if name not in known:
            raise GradingError(
                f"{place}: {name} is not understood.{did_you_mean(name, known)} Known: {', '.join(known)}"
            )


def _zone(place: str, course: Course, name: object) -> tuple[tzinfo, str]:
    """The zone of times without one: the file's, the formgrader's or UTC; and its name with where that is from."""
    source = f"the timezone in {FILE}"
    if name is None:
        name, source = course.config.NbGraderAPI.get("timezone"), "c.NbGraderAPI.timezone"
    if not name:
        return UTC, f"UTC, as {FILE} names no timezone"
    try:
        return ZoneInfo(str(name)), f"{name}, {source}"
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise GradingError(f"{place}: {name} is no time zone such as Europe/Berlin ({source})") from None


def _policy(place: str, form: Mapping[str, Any]) -> Policy:
    kind = form.get("policy", "nbgrader")
    if kind not in POLICIES:
        raise GradingError(f"{place}: the policy {kind} is not one of {', '.join(POLICIES)}")
    numbers = {name: item for name, item in form.items() if name != "policy"}
    for name, item in numbers.items():
        if isinstance(item, bool) or not isinstance(item, int | float) or not 0 <= item < math.inf:
            what = f'the text "{item}", not a number: write it without quotes' if isinstance(item, str) else ""
            raise GradingError(f"{place}: {name} is {what or f'{item}, not a number from 0'}")
    return Policy(kind, **{name: float(item) for name, item in numbers.items()})


def _moment(place: str, value: object, zone: tzinfo, also: str = "") -> datetime:
    """A time as UTC without a zone; of a day alone its end. `also` says what else could stand there."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            raise GradingError(f"{place}: {value} is not {TIME}{also}") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day) + timedelta(days=1)
    if not isinstance(value, datetime):
        raise GradingError(f"{place}: {value} is not {TIME}{also}")
    aware = value if value.tzinfo is not None else value.replace(tzinfo=zone)
    return aware.astimezone(UTC).replace(tzinfo=None)


def _extended(place: str, value: object, due: datetime, zone: tzinfo) -> datetime:
    duration = DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if duration:
        return due + timedelta(**{f"{duration[2]}s": float(duration[1])})
    if isinstance(value, dict):  # what TOML makes of bo.lind = "2 days"
        raise GradingError(f"{place}: {_dotted(place, value)}")
    until = _moment(place, value, zone, DURATION_TOO)
    if until < due:
        raise GradingError(f"{place}: {local(until, zone)} is before the due date, {local(due, zone)}")
    return until


def _dotted(place: str, value: Mapping[str, Any]) -> str:
    """How to write an id with a dot, which TOML takes for a table in a table."""
    student, item = place.rpartition(" ")[2], value
    while isinstance(item, dict) and len(item) == 1:
        ((name, item),) = item.items()
        student = f"{student}.{name}"
    if isinstance(item, dict):
        return f'an id with a dot stands in quotes: "{student}.…" = "2 days"'
    return f'an id with a dot stands in quotes: "{student}" = "{item}"'
