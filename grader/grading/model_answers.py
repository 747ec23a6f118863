"""The model answer and its points below each written answer, for whoever marks in the formgrader."""

from __future__ import annotations

from typing import Any

import nbformat

from grader.lessons.notebooks import course_metadata, grade_id
from grader.lessons.reference import Reference
from grader.lessons.roles import Role
from grader.lessons.variants import MARKER

__all__ = ["ROLE", "add_model_answers"]

ROLE = "model_answer"  # of a cell in a graded notebook; feedback pages have no such cell


def add_model_answers(notebook: Any, reference: Reference) -> None:
    """Insert a cell with the model answer after each written answer of a graded notebook."""
    models = {
        grade_id(cell): cell for cell in reference.notebook.cells if course_metadata(cell).get("role") == Role.WRITTEN
    }
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        name = grade_id(cell)
        if course_metadata(cell).get("role") == Role.WRITTEN and name in models:
            cells.append(_cell(name, models[name]))
    notebook.cells = cells


def _cell(name: str, model: Any) -> Any:
    lines = [line for line in model.source.split("\n") if not MARKER.match(line)]
    title = f"**For marking {name}** ({model.metadata.nbgrader.points:g} points; this is not in the student's feedback)"
    quoted = "\n".join(f"> {line}".rstrip() for line in [title, "", *lines])
    return nbformat.from_dict(
        {
            "cell_type": "markdown",
            "id": f"model-{model['id']}"[:64],
            "metadata": {"course": {"role": ROLE}},
            "source": quoted,
        }
    )
