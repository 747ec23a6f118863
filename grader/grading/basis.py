"""What a grade rests on: checks, points, limits, whose numbers; noted in the graded notebook to tell stale grades."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from grader.execution.sandbox import Limits
from grader.lessons.notebooks import grade_id
from grader.lessons.reference import Reference

__all__ = ["basis_of", "note_basis", "why_stale"]

MAX_NAMED = 4  # names in a reason
OWN = "the lessons' own"


def basis_of(reference: Reference, limits: Limits, *, follow_through: bool) -> dict[str, Any]:
    """What grades by this reference rest on, as plain data."""
    checks = {
        name: hashlib.sha256(exercise.digest.encode()).hexdigest()[:16]
        for name, exercise in reference.exercises.items()
    }
    graded = [cell for cell in reference.notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    points = {grade_id(cell): float(cell.metadata.nbgrader.points) for cell in graded}
    found = {"checks": checks, "points": points, "limits": asdict(limits) | {"follow_through": follow_through}}
    return found | ({"numbers": reference.numbers} if reference.numbers else {})


def note_basis(notebook: Any, basis: Mapping[str, Any]) -> None:
    """Write into a graded notebook what its grade rests on."""
    notebook.metadata["course"]["basis"] = dict(basis)


def why_stale(course: Mapping[str, Any], basis: Mapping[str, Any]) -> list[str]:
    """What has changed since a notebook with the metadata `course` was graded; empty if its grade rests on the same.

    >>> why_stale({"basis": {"points": {"cost-check": 4.0}}}, {"points": {"cost-check": 5.0}})
    ['points of cost-check: 4 → 5']
    """
    old = course.get("basis")
    if not isinstance(old, dict):
        return ["it was graded before the grader noted what a grade rests on"]
    before, now = (str(item.get("numbers") or OWN) for item in (old, basis))
    if before != now:  # then each exercise with hidden checks has changed, too
        return [f"numbers of the hidden checks: {before} → {now}", *_numbers(old, basis)]
    return [*_checks(old.get("checks", {}), basis.get("checks", {})), *_numbers(old, basis)]


def _checks(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    changed = [name for name in new if old.get(name) != new[name]]
    if not changed:
        return []
    if len(changed) == len(new) > 1:
        return ["the checks or solutions of all exercises, or dlcore, NumPy or Python"]
    more = f" and {len(changed) - MAX_NAMED} more" if len(changed) > MAX_NAMED else ""
    return [f"checks or solutions of {', '.join(changed[:MAX_NAMED])}{more}"]


def _numbers(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    found = []
    for kind, before in (("points", "points of "), ("limits", "")):
        known = old.get(kind, {})
        for name, value in new.get(kind, {}).items():
            if known.get(name) != value:
                found.append(f"{before}{name}: {_number(known.get(name))} → {_number(value)}")
    return found


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
