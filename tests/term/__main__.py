"""Act a term out, and print what is not as it must be.

python -m tests.term [number of students [seed]]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.term.acting import Term


def main(number: int = 120, seed: int = 0) -> int:
    """The number of differences, after printing them."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        term = Term(Path(folder, "course"), number, 3, seed)

        def say(text: str) -> None:
            print(f"{time.monotonic() - start:6.0f} s  {text}", flush=True)

        term.enrol()
        say(f"{number} students are enrolled")
        for week in term.weeks:
            term.collect_and_grade(week)
            handed = sum(week.name in item.weeks for item in term.students)
            say(f"{week.name}: {handed} handed in, collected and graded")
        term.mark()
        wrong = term.change_points()
        say("marked, and graded again after a change of points")
        wrong += term.differences()
        say(f"{len(wrong)} numbers are not as computed apart")
        for line in wrong[:40]:
            print(line)
        recall, precision, truth = term.recognised()
        say(f"of {truth} misconceptions {recall:.1%} are recognised; {precision:.1%} of those named are right")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:]))))
