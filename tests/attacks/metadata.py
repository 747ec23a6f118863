"""Notebooks whose cells, marks and metadata are not as they were released."""

from __future__ import annotations

import copy

from tests.attacks import HONEST, Attack, forge

OUTPUT = {"output_type": "execute_result", "data": {"text/plain": "100"}, "metadata": {}, "execution_count": 1}


def cell_of(notebook, name):
    """The cell with an nbgrader id."""
    return next(cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == name)


def marks(notebook):
    """All of nbgrader's marks."""
    return [cell["metadata"]["nbgrader"] for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]


def checks(notebook):
    """The cells of checks."""
    return [cell for cell in notebook["cells"] if cell["metadata"].get("course", {}).get("role") == "check"]


def set_all(**values):
    """Sets values in all marks."""

    def change(notebook):
        for mark in marks(notebook):
            mark.update(copy.deepcopy(values))

    return change


def _prefill(notebook):
    for cell in checks(notebook):
        cell["source"], cell["outputs"] = "100", [OUTPUT]
        cell["metadata"]["nbgrader"].update(points=1000, locked=False)
        cell["metadata"]["course"]["report"] = {"score": 100, "checks": [], "passed": True}


def _claim_graded(notebook):
    notebook["metadata"]["course"].update(graded=True, submitted="0" * 32, problems=["<script>alert(1)</script>"])


def _duplicate(notebook):
    notebook["cells"] = [twin for cell in notebook["cells"] for twin in (cell, copy.deepcopy(cell))]


def _duplicate_with_easy_checks(notebook):
    for cell in checks(notebook):
        notebook["cells"].append(copy.deepcopy(cell) | {"source": "100", "outputs": [OUTPUT], "id": "x"})


def _only_solution(notebook):
    notebook["cells"] = [cell_of(notebook, HONEST)]


def _delete_checks(notebook):
    gone = [id(cell) for cell in checks(notebook)]
    notebook["cells"] = [cell for cell in notebook["cells"] if id(cell) not in gone]


def _rename(notebook):
    for mark in marks(notebook):
        mark["grade_id"] = {"sigmoid-check": "to_column-check", "cost": "cost-check"}.get(
            mark["grade_id"], mark["grade_id"]
        )


def _rename_all(notebook):
    for number, mark in enumerate(marks(notebook)):
        mark["grade_id"] = f"../../x{number}" if number % 2 else number


def _all_the_same_name(notebook):
    for mark in marks(notebook):
        mark["grade_id"] = "sigmoid-check"


def _swap(notebook):
    one, two = cell_of(notebook, HONEST), cell_of(notebook, "sigmoid")
    one["source"], two["source"] = two["source"], one["source"]


def _swap_checks(notebook):
    one, two = cell_of(notebook, "to_column-check"), cell_of(notebook, "sigmoid-check")
    one["metadata"], two["metadata"] = two["metadata"], one["metadata"]


def _reverse(notebook):
    notebook["cells"].reverse()


def retype(kind):
    """Turns all cells into one kind."""

    def change(notebook):
        for cell in notebook["cells"]:
            cell["cell_type"] = kind

    return change


def _strip(notebook):
    notebook["metadata"] = {}
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        cell.pop("id", None)


def _garble(notebook):
    notebook["metadata"] = ["x"]
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"] = [None, [], "x", 1, {"nbgrader": []}, {"course": "x", "nbgrader": {"grade_id": {}}}][
            number % 6
        ]


def _roles(notebook):
    for cell in notebook["cells"]:
        cell["metadata"]["course"] = {"role": "check", "exercise": "sigmoid", "report": {"score": 100}}


def kernelspec(spec):
    """Sets or takes away the kernelspec."""

    def change(notebook):
        notebook["metadata"].pop("kernelspec", None)
        if spec is not None:
            notebook["metadata"]["kernelspec"] = spec
            notebook["metadata"]["language_info"] = {"name": "bash", "version": "../../x", "pygments_lexer": "<script>"}

    return change


def _same_ids(notebook):
    for cell in notebook["cells"]:
        cell["id"] = "x" * 70


def many_cells(source, kind="code", count=3000):
    """Adds thousands of cells at the end."""

    def change(notebook):
        extra = {"cell_type": kind, "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        notebook["cells"] += [dict(extra) for _ in range(count)]

    return change


def _attachments(notebook):
    for cell in notebook["cells"]:
        cell["attachments"] = {
            "../../x.png": {"image/svg+xml": "<svg onload='alert(1)'/>"},
            "y": {"image/png": "A" * 10000},
        }


HOSTILE = {"name": "../../../tmp/x", "display_name": "<script>", "argv": ["touch", "planted"], "language": "bash"}

ATTACKS = [
    forge("filled in outputs, points, checks and reports", _prefill),
    forge("says that it is graded already", _claim_graded),
    forge("gives itself a thousand points", set_all(points=1000)),
    forge("gives itself negative points", set_all(points=-5)),
    forge("gives points as text", set_all(points="12")),
    forge("gives points that are no number", set_all(points=float("nan"))),
    forge("makes every cell graded by hand", set_all(grade=True, solution=True, task=True, locked=False)),
    forge("makes no cell graded", set_all(grade=False, solution=False)),
    forge("has marks of odd types", set_all(grade="yes", solution=[], locked={}, points=None, cell_type=3)),
    forge("has every cell twice", _duplicate),
    forge("has every check twice, the second one easy", _duplicate_with_easy_checks),
    forge("holds nothing but one solution", _only_solution),
    forge("lacks all checks", _delete_checks),
    forge("passes solutions off as checks", _rename),
    forge("renamed all cells", _rename_all),
    forge("gave all cells one name", _all_the_same_name),
    forge("swapped two solutions", _swap),
    forge("swapped two checks' marks", _swap_checks),
    forge("turned the order round", _reverse),
    *(forge(f"turned all cells into {kind}", retype(kind)) for kind in ("raw", "markdown", "code", "<script>")),
    forge("stripped all metadata", _strip),
    forge("has garbled metadata", _garble),
    forge("gave all cells the role of a check", _roles),
    forge("comes from nbgrader's first schema", set_all(schema_version=1)),
    forge("comes from a future schema", set_all(schema_version=99)),
    forge("has no schema", set_all(schema_version=None)),
    forge("names no kernel", kernelspec(None)),
    forge("names a kernel that is not there", kernelspec({"name": "fortran"})),
    forge("names a hostile kernel", kernelspec(HOSTILE)),
    forge("gave all cells one id, too long", _same_ids),
    forge("has thousands of cells", many_cells("x = 1")),
    forge("has thousands of cells with magics", many_cells("%time x = 1", count=400)),
    forge("has thousands of texts", many_cells("# <script>alert(1)</script>", "markdown")),
    forge("has hostile attachments", _attachments),
]
assert all(isinstance(attack, Attack) for attack in ATTACKS)
