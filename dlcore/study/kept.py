"""What passed in a lesson, kept in a small hidden file beside its notebook.

It says what once was so, and is believed only for a function whose source is still the same.
"""

from __future__ import annotations

import contextlib
import datetime
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dlcore.study.files import write_file

__all__ = ["Answer", "Kept", "keep", "kept_path", "read_kept", "spoken_day"]

MONTHS = "January February March April May June July August September October November December".split()


@dataclass(frozen=True)
class Answer:
    """An exercise's last state.

    Attributes:
        passed: whether all its visible checks passed.
        digest: of the function or the letter that was checked; "" if its source was not known.
        day: in the form 2026-03-31.
    """

    passed: bool
    digest: str
    day: str


@dataclass
class Kept:
    """What is known of a lesson.

    Attributes:
        answers: by exercise.
        last: the exercise whose checks ran last, and when, in the form 2026-03-31T14:05:00.
        is_damaged: whether the file is there and cannot be read, so that the rest is empty.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    last: tuple[str, str] = ("", "")
    is_damaged: bool = False

    def passed(self, name: str, digest: str) -> bool:
        """Whether this very function passed."""
        answer = self.answers.get(name)
        return answer is not None and answer.passed and digest == answer.digest != ""


def kept_path(folder: str | Path, lesson: str) -> Path:
    """The file for a lesson: one each, so that two notebooks of a week do not write over each other."""
    return Path(folder) / f".{lesson}.progress.json"


def read_kept(folder: str | Path, lesson: str) -> Kept:
    """What is kept of a lesson; nothing if there is no file, or a damaged one."""
    try:
        form = json.loads(kept_path(folder, lesson).read_text(encoding="utf-8"))
        answers = {name: _answer(item) for name, item in form["answers"].items()}
        name, when = map(str, form["last"])
        datetime.datetime.fromisoformat(when)
        return Kept(answers, (name, when))
    except FileNotFoundError:
        return Kept()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Kept(is_damaged=True)


def _answer(form: dict[str, Any]) -> Answer:
    datetime.date.fromisoformat(form["day"])
    return Answer(form["passed"] is True, str(form["digest"]), form["day"])


def keep(folder: str | Path, lesson: str, name: str, passed: bool, digest: str) -> None:
    """Keep an exercise's state; a folder that cannot be written is left as it is."""
    kept, now = read_kept(folder, lesson), datetime.datetime.now()
    answers = kept.answers | {name: Answer(passed, digest, now.date().isoformat())}
    form = {
        "answers": {key: asdict(answer) for key, answer in sorted(answers.items())},
        "last": [name, now.isoformat(timespec="seconds")],
    }
    with contextlib.suppress(OSError):
        write_file(kept_path(folder, lesson), (json.dumps(form, indent=1) + "\n").encode())


def spoken_day(day: str) -> str:
    """A day in words, with the year if it is another one than this.

    >>> spoken_day("2019-03-31")
    '31 March 2019'
    """
    date = datetime.date.fromisoformat(day[:10])
    year = "" if date.year == datetime.date.today().year else f" {date.year}"
    return f"{date.day} {MONTHS[date.month - 1]}{year}"
