"""Rebuild the notebook to grade from whatever was submitted.

It is the released notebook with the student's solutions inserted and the
student's extra cells kept in place. Solutions are found by nbgrader's id and by
the names that they define, so deleted metadata and duplicated, renamed or swapped
cells cost no points where the solution can be identified. Unusable cells are
reported in one sentence each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nbformat

from grader.lessons.guesses import is_guess
from grader.lessons.notebooks import copy_of, course_metadata, grade_id
from grader.lessons.roles import Role
from grader.submissions.inert import InertMarkdown, as_text
from grader.submissions.reader import Submission, SubmittedCell, exercises_of

__all__ = ["Rebuilt", "rebuild"]

MAX_EXTRA = 500


@dataclass
class Rebuilt:
    """The notebook to grade, and the problems found."""

    notebook: Any
    problems: list[str]


def rebuild(released: Any, submission: Submission) -> Rebuilt:
    """The released notebook with a student's work inserted.

    Args:
        released: the notebook as released.
        submission: the notebook as submitted.
    """
    notebook = copy_of(released)
    problems = list(submission.problems)
    chosen: dict[str, SubmittedCell] = {}
    markdown = InertMarkdown()
    for cell in notebook.cells:
        if course_metadata(cell).get("role") in (Role.SOLUTION, Role.QUIZ, Role.WRITTEN):
            name = course_metadata(cell)["exercise"]
            found = _choose(name, cell, submission.cells, problems)
            if found is not None:
                chosen[name] = found
                cell.source = found.source
                if cell.cell_type == "markdown":
                    cell.source, reason = markdown.inert(found.source)
                    if reason:
                        problems.append(f"The answer to {name} {reason}; it is shown as text.")
    _keep_extras(notebook, released, submission.cells, chosen, markdown, problems)
    return Rebuilt(notebook, problems)


def _choose(name: str, cell: Any, cells: Sequence[SubmittedCell], problems: list[str]) -> SubmittedCell | None:
    """The submitted cell that holds an exercise's solution."""
    text = cell.cell_type == "markdown"
    check_names = re.compile(rf"{re.escape(name)}-check(-\d+)?\Z")
    candidates = [
        item
        for item in cells
        if not check_names.match(item.name) and (item.name == name or (not text and name in item.defined))
    ]
    if not candidates:
        if cells:
            problems.append(f"The cell for {name} is missing; it counts as not attempted.")
        return None

    def rank(item: SubmittedCell) -> tuple[bool, bool, bool, int]:
        defines = not text and name in item.defined
        return (defines, item.name == name, item.source.strip() != cell.source.strip(), item.number)

    best = max(candidates, key=rank)
    if best.name != name:
        problems.append(f"The solution of {name} was found in cell {best.number}, which has lost its mark.")
    elif best.kind != cell.cell_type:
        problems.append(
            f"Cell {best.number}, the solution of {name}, was turned into a {best.kind} cell; "
            f"it was read as {cell.cell_type}."
        )
    twins = [item.number for item in candidates if item.name == name]
    if len(twins) > 1:
        numbers = " and ".join(map(str, twins))
        problems.append(
            f"The cell for {name} is there {len(twins)} times (cells {numbers}); cell {best.number} was graded."
        )
    return best


def _keep_extras(
    notebook: Any,
    released: Any,
    cells: Sequence[SubmittedCell],
    chosen: dict[str, SubmittedCell],
    markdown: InertMarkdown,
    problems: list[str],
) -> None:
    """Insert the student's extra cells, each after the lesson's cell that it followed."""
    by_id = {cell.id: place for place, cell in enumerate(released.cells)}
    by_name = {grade_id(cell): place for place, cell in enumerate(released.cells) if grade_id(cell)}
    by_source = {cell.source.strip(): place for place, cell in enumerate(released.cells)}
    exercises, used = exercises_of(released), set(chosen.values())
    extras: dict[int, list[Any]] = {}
    anchor, count = -1, 0
    for item in cells:
        place = by_name.get(item.name, by_id.get(item.identifier, by_source.get(item.source.strip())))
        if place is not None:
            anchor = max(anchor, place)
        if item in used or not item.source.strip():
            continue
        if place is not None and item.name in chosen and item.defined and not item.defined & exercises:
            where = place - (item.number < chosen[item.name].number)  # split off from a solution
        elif place is None and not item.name and not item.from_lesson:
            where = anchor
        else:
            if place is not None and _is_changed(released.cells[place], item):
                problems.append(f"Cell {item.number} is the lesson's own; it was run as released, without the changes.")
            continue
        count += 1
        if count <= MAX_EXTRA:
            extras.setdefault(where, []).append(_extra(item, count, markdown))
    if count > MAX_EXTRA:
        problems.append(
            f"Of the {count} cells that are not the lesson's, those after the first {MAX_EXTRA} were left out."
        )
    rebuilt = extras.get(-1, [])
    for place, cell in enumerate(notebook.cells):
        rebuilt = [*rebuilt, cell, *extras.get(place, [])]
    notebook.cells = rebuilt


def _is_changed(cell: Any, item: SubmittedCell) -> bool:
    """Whether the student changed a code cell of the lesson that is not a solution."""
    ours, theirs = ([line.rstrip() for line in text.strip().splitlines()] for text in (cell.source, item.source))
    is_ours = course_metadata(cell).get("role") in (Role.CODE, Role.SETUP, Role.CHECK)
    return is_ours and ours != theirs and not is_guess(cell.source)


def _extra(item: SubmittedCell, count: int, markdown: InertMarkdown) -> Any:
    if item.kind == "code":
        cell = nbformat.v4.new_code_cell(item.source)
    else:  # pages show a raw cell as the HTML that it holds
        text = markdown.inert(item.source)[0] if item.kind == "markdown" else as_text(item.source)
        cell = nbformat.v4.new_markdown_cell(text)
    cell["id"] = f"extra-{count}"
    cell.metadata["course"] = {"role": "extra"}
    return cell
