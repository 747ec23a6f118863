"""What goes wrong with honest students: nothing here means any harm."""

from __future__ import annotations

from tests.attacks import HONEST, Attack, forge
from tests.attacks.metadata import cell_of

TANH = "def sigmoid(z):\n    return "


def _delete(notebook):
    notebook["cells"] = [cell for cell in notebook["cells"] if cell is not cell_of(notebook, "sigmoid")]


def _keep_error(notebook):
    cell_of(notebook, "sigmoid")["outputs"] = [
        {"output_type": "error", "ename": "NameError", "evalue": "x", "traceback": ["\x1b[31mNameError\x1b[0m"] * 100}
    ]


def _odd_outputs(notebook):
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [None, 1, "x", {}, {"output_type": "stream"}, {"output_type": "new", "data": {"a": []}}]
            cell["execution_count"] = "twelve"


ATTACKS = [
    Attack("has a syntax error in a solution", solutions={"sigmoid": "def sigmoid(z:\n    return z"}),
    Attack("has a syntax error in its own cell", "for i in range(3) print(i)"),
    Attack("mixes tabs and spaces", solutions={"sigmoid": "def sigmoid(z):\n\tx = 1\n        return x"}),
    Attack(
        "imports what is not there",
        "import tensorflow",
        solutions={"sigmoid": "import torch\n" + TANH + "torch.sigmoid(z)"},
    ),
    Attack("installs with pip and runs shell commands", "%pip install nothing\n!ls /\n!sleep 0.1"),
    forge("lacks a solution's cell", _delete),
    Attack("left a solution empty", solutions={"sigmoid": ""}),
    Attack("left a solution as words", solutions={"sigmoid": "I did not know how to do this one."}),
    Attack(
        "raises an exception that is no Exception",
        solutions={"sigmoid": "class Stop(BaseException): pass\ndef sigmoid(z):\n    raise Stop"},
    ),
    Attack(
        "raises KeyboardInterrupt",
        "raise KeyboardInterrupt",
        solutions={"sigmoid": "def sigmoid(z):\n    raise KeyboardInterrupt"},
    ),
    Attack("raises SystemExit", solutions={"sigmoid": "def sigmoid(z):\n    raise SystemExit(0)", "cost": "exit()"}),
    Attack(
        "raises GeneratorExit and StopIteration",
        "raise GeneratorExit",
        solutions={"sigmoid": "def sigmoid(z):\n    raise StopIteration"},
    ),
    Attack(
        "has an error whose message fails",
        solutions={"sigmoid": "class Odd(Exception):\n    def __str__(self):\n        return 1\nraise Odd()"},
    ),
    Attack(
        "returns odd things",
        everywhere="def {name}(*args, **kwargs):\n    return (i for i in range(3)), {1, 2}, object, ..., {name}",
    ),
    Attack(
        "returns itself within itself",
        everywhere="def {name}(*args, **kwargs):\n    x = []\n    x.append(x)\n    return x",
    ),
    Attack(
        "prints halves of characters",
        "print('\\ud800')\nprint('\\x00\\x1b[2J')",
        solutions={"sigmoid": "raise ValueError('\\ud800\\x00')"},
    ),
    Attack(
        "calls its variables like what we need",
        "exec = compile = open = print = len = type = None\nos = json = path = cells = run = key = 0",
    ),
    Attack("deletes all its variables", "%reset -f", keeps=()),
    Attack("changes the working folder", "import os, tempfile\nos.chdir(tempfile.mkdtemp())\nos.rmdir(os.getcwd())"),
    Attack(
        "turns warnings into errors and NumPy's, too",
        "import numpy as np, warnings\nwarnings.simplefilter('error')\nnp.seterr(all='raise')",
    ),
    Attack("redirects its output and forgets it", "import sys, io\nsys.stdout = sys.stderr = None"),
    Attack("waits in Jupyter's way", "import asyncio\nawait asyncio.sleep(0.1)\nawait asyncio.sleep(1000)"),
    Attack(
        "plots a hundred figures",
        "import matplotlib.pyplot as plt\nfor _ in range(100):\n    plt.figure()\n    plt.plot([1, 2])",
    ),
    Attack("saved an error's output", change=forge("", _keep_error).change),
    forge("saved outputs of another version", _odd_outputs),
    Attack("wrote text in many scripts", "# κόσμε 世界 مرحبا 🎓\nπ = 3.14\nx = 'Ω≈ç√∫˜µ≤'"),
]
assert all(attack.keeps in ((HONEST,), ()) for attack in ATTACKS)
