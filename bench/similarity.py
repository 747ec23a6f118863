"""Look for disguised copies in a class of 500, with `grader similar`'s ranking and with copydetect's.

The class is made from the first lesson: each student solves each exercise with the reference, an
alternative or a misconception, drawn independently; so whole functions are the same by accident, which
makes it harder than a real class. In a second class, mistakes go together: who is weak makes more of
them, and some are made more often than others, so that two weak students are alike without having
copied. A ranking that rests on shared mistakes has to be measured there, too: letting a rare mistake that
two share count as likeness found more copies in the first class, and called six times as many honest
pairs unlikely in the second (500 students, three classes), so it is not done. Ten students copy eight
of ten exercises from another, with other names of variables, other layout, no comments, and statements
exchanged where that changes nothing. copydetect is compared on fewer students, and only if it is
installed.

    python bench/similarity.py [number of students]
"""

from __future__ import annotations

import ast
import io
import math
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from grader.lessons.parser import read_lesson
from grader.lessons.roles import Role
from grader.similarity.likeness import alike_pairs
from grader.similarity.normal_form import normal_form

ROOT = Path(__file__).parent.parent
NUMBER, FEWER, COPIES, PAGE, SEEDS = 500, 120, 10, 30, (1, 2, 3)
Pool = dict[str, tuple[list[str], list[str]]]
Class = dict[str, dict[str, str]]
Pairs = set[frozenset[str]]


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else NUMBER
    pool = solutions()
    print(f"{COPIES} disguised copies in a class, {len(SEEDS)} classes; ranks among all pairs\n")
    for count, ranking, draw, name in (
        (number, ours, independently, "grader similar"),
        (FEWER, ours, independently, "grader similar"),
        (FEWER, theirs, independently, "copydetect"),
        (number, ours, by_ability, "grader similar, mistakes by ability"),
        (FEWER, ours, by_ability, "grader similar, mistakes by ability"),
    ):
        if ranking is theirs and not _has_copydetect():
            print("copydetect is not installed: left out")
            continue
        for seed in SEEDS:
            students, copies = make_class(pool, count, random.Random(seed), draw)
            begun = time.perf_counter()
            ranked, flagged = ranking(students)
            seconds = time.perf_counter() - begun
            ranks = [ranked.index(pair) + 1 if pair in ranked else len(ranked) + 1 for pair in copies]
            first, shown = (sum(rank <= most for rank in ranks) for most in (COPIES, PAGE))
            said = f"{first} of {COPIES} among the first {COPIES}, {shown} among {PAGE}"
            if flagged is not None:
                said += f"; {len(flagged & copies)} called unlikely by chance, and {len(flagged - copies)} others"
            print(f"{name}, {count} students: {said}; {seconds:.1f} s", flush=True)


def solutions() -> Pool:
    """Every solution that the lesson's authors wrote, by exercise: right ones, the reference first, and wrong ones."""
    lesson = read_lesson(ROOT / "course" / "week1" / "logistic_regression.md")
    return {
        name: (
            [item.source for item in (exercise.solution, *exercise.alternatives)],
            [item.source for item in exercise.misconceptions],
        )
        for name, exercise in lesson.exercises.items()
        if exercise.kind is Role.SOLUTION
    }


def independently(right: list[str], wrong: list[str], ability: float, rng: random.Random) -> str:
    """A student's solution, whatever the others of the same student are."""
    return rng.choice([*right, *wrong]) if rng.random() < 0.75 else right[0]


def by_ability(right: list[str], wrong: list[str], ability: float, rng: random.Random) -> str:
    """A student's solution, which is more often wrong the less able the student is."""
    if wrong and rng.random() < 1 / (1 + math.exp(1.2 + 1.2 * ability)):
        return rng.choices(wrong, [1 / place for place in range(1, len(wrong) + 1)])[0]
    return rng.choice(right) if rng.random() < 0.5 else right[0]


def make_class(
    pool: Pool, number: int, rng: random.Random, draw: Callable[[list[str], list[str], float, random.Random], str]
) -> tuple[Class, Pairs]:
    """Students' solutions, and who copied from whom."""
    strengths = random.Random(number)
    students = {}
    for place in range(number - COPIES):
        ability = strengths.gauss(0, 1)
        students[f"s{place}"] = {name: draw(right, wrong, ability, rng) for name, (right, wrong) in pool.items()}
    pairs = set()
    for place, source in enumerate(rng.sample(sorted(students), COPIES)):
        work = students[source]
        own = rng.sample(sorted(work), 2)
        students[f"c{place}"] = {
            name: rng.choice([*pool[name][0], *pool[name][1]]) if name in own else disguised(text, rng)
            for name, text in work.items()
        }
        pairs.add(frozenset((source, f"c{place}")))
    return students, pairs


def disguised(source: str, rng: random.Random) -> str:
    """A solution with other names, layout and order of statements, and without comments."""
    tree = ast.parse(source)
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id not in arguments:
            names.setdefault(node.id, f"my_{rng.randrange(10_000)}")
        if isinstance(node, ast.FunctionDef) and isinstance(node.body[0], ast.Expr):
            node.body[0] = ast.Expr(ast.Constant("My own solution."))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
        body = getattr(node, "body", None)
        if isinstance(body, list):
            _exchange(body, rng)
    return ast.unparse(ast.fix_missing_locations(tree))


def _exchange(body: list[ast.stmt], rng: random.Random) -> None:
    for place in range(len(body) - 1):
        pair = body[place], body[place + 1]
        if all(isinstance(item, ast.Assign) for item in pair) and rng.random() < 0.7:
            used = [{node.id for node in ast.walk(item) if isinstance(node, ast.Name)} for item in pair]
            stored = [
                {node.id for node in ast.walk(item) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
                for item in pair
            ]
            if not stored[0] & used[1] and not stored[1] & used[0]:
                body[place], body[place + 1] = body[place + 1], body[place]


def ours(students: Class) -> tuple[list[frozenset[str]], Pairs | None]:
    """All pairs that could be on a page, the most alike first, and those called more alike than by chance."""
    forms = {student: {name: normal_form(text) for name, text in work.items()} for student, work in students.items()}
    pairs = alike_pairs(forms, 2000)
    return (
        [frozenset((pair.first, pair.second)) for pair in pairs],
        {frozenset((pair.first, pair.second)) for pair in pairs if pair.by_chance < 0.5},
    )


def theirs(students: Class) -> tuple[list[frozenset[str]], Pairs | None]:
    """The same by copydetect's share of copied code, without a threshold."""
    from copydetect.detector import CodeFingerprint, compare_files

    names = list(students)
    prints = [CodeFingerprint("x.py", 25, 1, fp=io.StringIO("\n".join(students[name].values()))) for name in names]
    found: list[tuple[float, frozenset[str]]] = []
    for place, first in enumerate(names):
        for other in range(place + 1, len(names)):
            _, shares, _ = compare_files(prints[place], prints[other])
            found.append((max(shares), frozenset((first, names[other]))))
    order = np.argsort([-share for share, _ in found], kind="stable")
    return [found[place][1] for place in order[:2000]], None


def _has_copydetect() -> bool:
    try:
        import copydetect  # noqa: F401
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    main()
