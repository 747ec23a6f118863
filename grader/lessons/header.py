"""Read what a lesson's header says of the lesson: its title, how long it takes, and what one makes in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.errors import BuildError

__all__ = ["Header", "read_header"]

MOST_MINUTES = 24 * 60


@dataclass(frozen=True)
class Header:
    """The header of a lesson.

    Attributes:
        title: the lesson's title.
        is_draft: whether it need not have all that a lesson has.
        minutes: how long it takes without its optional sections; 0 if that is not said.
        optional_minutes: how long these take; 0 if that is not said.
        makes: what one makes in it, in a sentence; "" if that is not said.
        place: its place in its week; 0 if that is not said.
    """

    title: str
    is_draft: bool = False
    minutes: int = 0
    optional_minutes: int = 0
    makes: str = ""
    place: int = 0

    def metadata(self) -> dict[str, Any]:
        """What the notebook's course metadata keeps of it; nothing of what is not said."""
        said = {name: getattr(self, name) for name in ("minutes", "optional_minutes", "makes", "place")}
        return {"title": self.title} | {name: value for name, value in said.items() if value}


def read_header(course: Any, path: Path) -> Header:
    """The header of the lesson at `path`, from its entry `course`.

    Raises:
        BuildError: the title is missing, or an option is unknown or has no such value.
    """
    if not isinstance(course, dict) or not course.get("title"):
        raise BuildError("the header has no course title:\ncourse:\n  title: …", path, 1)
    draft, makes = course.get("draft", False), course.get("makes", "")
    unknown = set(course) - {"title", "draft", "minutes", "optional_minutes", "makes", "place"}
    if unknown or not isinstance(draft, bool):
        what = f"the option {min(unknown)!r}" if unknown else f"draft: {draft!r}"
        raise BuildError(
            f"the header's course has {what}; it takes a title, minutes, optional_minutes, makes, "
            "place, and `draft: true` while it grows",
            path,
            1,
        )
    if not isinstance(makes, str) or "\n" in makes.strip():
        raise BuildError(f"the header's course has makes: {makes!r}; it takes one sentence", path, 1)
    minutes, optional = (_minutes(course, name, path) for name in ("minutes", "optional_minutes"))
    place = course.get("place", 0)
    if isinstance(place, bool) or not isinstance(place, int) or ("place" in course and place < 1):
        raise BuildError(f"the header's course has place: {place!r}; it takes 1, 2, … in a week", path, 1)
    return Header(str(course["title"]), draft, minutes, optional, makes.strip(), place)


def _minutes(course: Mapping[str, Any], name: str, path: Path) -> int:
    value = course.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or (name in course and not 0 < value <= MOST_MINUTES):
        raise BuildError(f"the header's course has {name}: {value!r}; it takes a whole number of minutes", path, 1)
    return value
