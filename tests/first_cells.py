"""The first cells of week 1, as a student runs them: in a kernel, in the folder of the lesson.

``python tests/first_cells.py FOLDER`` tries them in a working folder, on any system.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

NOTEBOOK = "week1/logistic_regression.ipynb"
SOLUTION = "def to_column(v):\n    return np.array(v).reshape(-1, 1)"


def said_by_first_cells(python: Path | str, work: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """What the check of the first exercise says of the placeholder and of a solution.

    Args:
        python: the interpreter that has JupyterLab.
        work: a working folder; a notebook is added to week 1.
        environment: of the kernel.
    """
    notebook = json.loads((work / NOTEBOOK).read_text(encoding="utf-8"))
    cells = {cell["metadata"].get("nbgrader", {}).get("grade_id"): cell for cell in notebook["cells"]}
    todo, check = cells["to_column"], cells["to_column-check"]
    notebook["cells"] = [
        named | {"id": name}
        for name, named in (
            ("begin", cells["setup"]),
            ("todo", todo),
            ("not attempted", check),
            ("solved", todo | {"source": SOLUTION}),
            ("right", check),
        )
    ]
    path = work / "week1" / "first_cells.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    command = [str(python), "-m", "jupyter", "execute", "--inplace", "--allow-errors", path.name]
    done = subprocess.run(command, cwd=path.parent, env=dict(environment), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    executed = json.loads(path.read_text(encoding="utf-8"))
    return {cell["id"]: json.dumps(cell["outputs"], ensure_ascii=False) for cell in executed["cells"]}


if __name__ == "__main__":
    said = said_by_first_cells(sys.executable, Path(sys.argv[1]), os.environ)
    problems = [name for name, mark in (("not attempted", "○"), ("right", "✓")) if mark not in said[name]]
    sys.exit(f"not as expected: {problems}; {said!a}" if problems else 0)
