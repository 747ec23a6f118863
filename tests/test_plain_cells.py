"""Cells that may run together: only those that mean the same without Jupyter."""

import threading

import pytest

from grader.execution.plain_cells import is_plain
from grader.syntax import parse


@pytest.mark.parametrize(
    "source",
    [
        "",
        "x = 1",
        "def f(x):\n    return x",
        "for _ in range(3):\n    pass",
        "import numpy as np\nnp.zeros(3)",
        "raise ValueError('no')",
        "x = '%matplotlib inline'",
        "async def f():\n    return 1",
        "# only a comment",
    ],
)
def test_plain_python_is_plain(source):
    assert is_plain(source)


@pytest.mark.parametrize(
    "source",
    [
        "%matplotlib inline",
        "%%time\nx = 1",
        "!ls",
        "x?",
        "def f(:",
        "await f()",
        "y = _ + 1",
        "print(In[0], Out)",
        "_i1",
        "exit()",
        "get_ipython()",
        "from __future__ import annotations",
        "x = 1\0",
        "(" * 300 + ")" * 300,
    ],
)
def test_what_needs_jupyter_or_is_no_python_is_not(source):
    assert not is_plain(source)


@pytest.mark.slow
def test_syntax_trees_are_made_in_many_threads_at_once():
    """Python 3.11 alone would raise SystemError now and then."""
    source, wrong = "\n".join(f"x{i} = [{i}, ({i} + 1) * 2, f(g(h({i})))]" for i in range(200)), []

    def work():
        for _ in range(15):
            if parse(source) is None:
                wrong.append(source)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
