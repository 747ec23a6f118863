"""``python -m tests.mutation course/week1/*.md`` prints what becomes of every mutant.

With ``-v`` every mutant is listed, with ``-e`` the equivalent ones; with ``-a``
the alternative solutions are changed as well.
"""

import argparse
from pathlib import Path

from tests.mutation.run import judge_lesson

parser = argparse.ArgumentParser(
    prog="python -m tests.mutation", description="Change solutions, see which checks notice."
)
parser.add_argument("lesson", nargs="+", type=Path, help="lesson files in course/")
parser.add_argument("-v", "--verbose", action="store_true", help="list every mutant")
parser.add_argument("-e", "--equivalent", action="store_true", help="list the equivalent mutants")
parser.add_argument("-a", "--alternatives", action="store_true", help="change the alternatives, too")
options = parser.parse_args()
for path in options.lesson:
    report = judge_lesson(path, "all" if options.alternatives else "references")
    for result in report.results:
        if options.verbose or (options.equivalent and result.verdict == "equivalent"):
            print(f"{result.verdict:<10} {result.exercise}, {result.mutant}  [{result.why}]")
    print(f"{path}\n{report}")
