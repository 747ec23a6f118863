"""Whether the audit holds for numbers drawn from many secrets: `python bench/offering.py --secrets 20 [week …]`.

For each secret and lesson the hidden checks are drawn anew, as `python -m grader offering` does.
Then the whole lesson is audited once more, and counted: misconceptions caught, alternatives
accepted, hidden checks with other numbers, and the exercises that kept some of their own.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from grader.lessons.audit import AuditRow, audit
from grader.lessons.course import Course
from grader.lessons.load_reference import load_reference
from grader.lessons.parser import Lesson
from grader.lessons.reference import Reference
from grader.offering.draw import Drawn, draw_lesson
from grader.offering.redraw import Amount


def main() -> None:
    """Print a line for each secret and lesson, and a summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("week", nargs="*")
    parser.add_argument("--root", type=Path, default=Path())
    parser.add_argument("--secrets", type=int, default=2)
    parser.add_argument("--first", type=int, default=0, help="the number of the first secret")
    options = parser.parse_args()
    course = Course(options.root)
    lessons = [(week, path.stem) for week in options.week or course.weeks() for path in course.lessons(week)]
    less: Counter[str] = Counter()
    broken = anew = hidden = caught = misconceptions = accepted = alternatives = 0
    for number in range(options.first, options.first + options.secrets):
        key = hashlib.sha256(f"secret {number}".encode()).digest()
        for week, name in lessons:
            begun = time.monotonic()
            drawn, rows, defects = _draw_and_audit(course, week, name, key)
            line = _line(drawn, rows)
            print(f"{number:>2} {week}/{name}: {line}, {time.monotonic() - begun:.0f} s", flush=True)
            for defect in defects:
                print(f"   {defect}", flush=True)
            for item in _partly(drawn):
                what = (
                    f"{Amount(item.amount).name.lower()} after {item.attempts} attempts, {item.anew} of {item.hidden}"
                )
                print(f"   {item.exercise}: {what}: {item.reason}", flush=True)
                less[f"{name}/{item.exercise}: {Amount(item.amount).name.lower()}"] += 1
            broken += bool(defects)
            anew, hidden = anew + sum(item.anew for item in drawn), hidden + sum(item.hidden for item in drawn)
            caught += sum(row.caught for row in rows)
            misconceptions += sum(row.misconceptions for row in rows)
            accepted += sum(row.accepted for row in rows)
            alternatives += sum(row.alternatives for row in rows)
    print(f"audits that fail: {broken} of {options.secrets * len(lessons)}")
    print(f"misconceptions caught: {caught} of {misconceptions}; alternatives accepted: {accepted} of {alternatives}")
    print(f"hidden checks with other numbers: {anew} of {hidden} ({100 * anew / hidden:.1f} %)")
    for what, count in sorted(less.items()):
        print(f"  {what}: {count} of {options.secrets} secrets")


def _draw_and_audit(course: Course, week: str, name: str, key: bytes) -> tuple[list[Drawn], list[AuditRow], list[str]]:
    """What was drawn, the audit's rows, and its defects."""
    lesson, public = _public(course, week, name)
    with tempfile.TemporaryDirectory(prefix="offering-") as place:
        folder, cache = Path(place) / week, Path(place) / "cache"
        drawn = draw_lesson(public, lesson, key, folder, cache)
        rows, defects = audit(load_reference(folder / f"{name}.ipynb", lesson, cache), lesson)
    return drawn, rows, [str(item) for item in defects]


@functools.cache
def _public(course: Course, week: str, name: str) -> tuple[Lesson, Reference]:
    lesson = course.lesson(week, name)
    assert lesson is not None
    return lesson, load_reference(course.source / week / f"{name}.ipynb", lesson, course.cache / "reference")


def _line(drawn: list[Drawn], rows: list[AuditRow]) -> str:
    anew, hidden = sum(item.anew for item in drawn), sum(item.hidden for item in drawn)
    caught, wrong = sum(row.caught for row in rows), sum(row.misconceptions for row in rows)
    accepted, right = sum(row.accepted for row in rows), sum(row.alternatives for row in rows)
    attempts = max(item.attempts for item in drawn)
    return f"{anew} of {hidden} anew, {caught} of {wrong} caught, {accepted} of {right} accepted, ≤ {attempts} attempts"


def _partly(drawn: list[Drawn]) -> Iterator[Drawn]:
    """The exercises of which not all that could be was drawn anew."""
    return (item for item in drawn if item.amount < Amount.ALL)


if __name__ == "__main__":
    main()
