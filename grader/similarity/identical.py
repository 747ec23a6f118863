"""Find students who wrote the same to the letter, which says something in a class of any size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Identical", "identical_groups"]

SAME = 3  # exercises; in fewer, two may write the same few characters


@dataclass(frozen=True)
class Identical:
    """Students who wrote the same to the letter.

    Attributes:
        own: the exercises in which what they wrote is no solution of the course's.
        everything: how many exercises they solved, if all of them are the same to the letter; 0 if only `own` are.
    """

    students: tuple[str, ...]
    own: tuple[str, ...]
    everything: int = 0

    @property
    def said(self) -> str:
        """What is the same, in words.

        >>> Identical(("ana", "bo"), ("cost",), 9).said
        "all 9 exercises that they solved, in 1 of which it is not the course's solution"
        >>> Identical(("ana", "bo"), ("cost", "predict", "sigmoid")).said
        "all 3 exercises in which it is not the course's solution"
        """
        if self.everything:
            which = f"in {len(self.own)} of which it is not the course's solution"
            return f"all {self.everything} exercises that they solved, {which}"
        return f"all {len(self.own)} exercises in which it is not the course's solution"


def identical_groups(sources: Mapping[str, Mapping[str, str]], own: Mapping[str, frozenset[str]]) -> list[Identical]:
    """The groups of students who wrote the same to the letter, the largest number of exercises first.

    Right solutions can be the same by accident, and what the course publishes can be looked up. So at least one
    exercise has to be solved otherwise, and if the others differ, at least three.

    Args:
        sources: for each student, by exercise, what was written; what was not attempted is missing.
        own: for each student, the exercises in which it is no solution of the course's.
    """
    whole, part = defaultdict(list), defaultdict(list)
    for student, work in sources.items():
        texts = {name: "\n".join(line.rstrip() for line in text.strip().splitlines()) for name, text in work.items()}
        if own[student] and len(texts) >= SAME:
            whole[frozenset(texts.items())].append(student)
        if len(own[student]) >= SAME:
            part[frozenset((name, texts[name]) for name in own[student])].append(student)
    found = [_group(students, own, len(texts)) for texts, students in whole.items() if len(students) > 1]
    together = {item.students for item in found}
    found += [
        _group(students, own)
        for students in part.values()
        if len(students) > 1 and tuple(sorted(students)) not in together
    ]
    return sorted(found, key=lambda item: (-max(item.everything, len(item.own)), item.students))


def _group(students: list[str], own: Mapping[str, frozenset[str]], everything: int = 0) -> Identical:
    return Identical(tuple(sorted(students)), tuple(sorted(own[students[0]])), everything)
