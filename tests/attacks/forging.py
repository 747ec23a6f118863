"""Attacks on the points themselves: forged results, forged evidence, stolen answers."""

from __future__ import annotations

from tests.attacks import EXERCISES, Attack

OWN_CELLS = {
    "patches NumPy's comparisons": """
import numpy
yes = lambda *args, **kwargs: True
numpy.allclose = numpy.isclose = numpy.array_equal = numpy.all = yes
numpy.testing.assert_allclose = numpy.testing.assert_array_equal = yes
""",
    "replaces check in the notebook and in dlcore": """
import dlcore, dlcore.checks.api
def check(*args, **kwargs):
    print("✓ passed")
dlcore.check = dlcore.check_choice = dlcore.checks.api.check = dlcore.checks.api.check_choice = check
check_choice = check
""",
    "patches the judge, the comparison and the codec": """
import dlcore.checks.verdict, dlcore.checks.compare, dlcore.checks.api, dlcore.checks.evidence, dlcore.checks.codec
yes = lambda *args, **kwargs: True
dlcore.checks.verdict.passes = dlcore.checks.compare.agree = dlcore.checks.verdict.agree = yes
verdict = dlcore.checks.verdict
verdict.judge = dlcore.checks.api.judge = lambda *args, **kwargs: verdict.Verdict(True, "passed")
dlcore.checks.evidence.Outcome.to_json = lambda self: {"kind": "returned", "value": True, "passed": True}
""",
    "takes over IPython's display hook": """
import sys
from IPython import get_ipython
shell = get_ipython()
def hook(*args, **kwargs):
    shell.display_pub.publish({"text/plain": "100"})
sys.displayhook = shell.displayhook.__class__.__call__ = hook
shell.display_formatter.format = lambda *args, **kwargs: ({"text/plain": "100"}, {})
""",
    "rewrites every cell with an input transformer": """
from IPython import get_ipython
get_ipython().input_transformers_cleanup.append(lambda lines: ["100\\n"])
get_ipython().input_transformers_post.append(lambda lines: ["100\\n"])
""",
    "rewrites every cell's syntax tree": """
import ast
from IPython import get_ipython
class Everything(ast.NodeTransformer):
    def visit_Module(self, node):
        return ast.fix_missing_locations(ast.parse("100"))
get_ipython().ast_transformers.append(Everything())
""",
    "registers hooks around cells": """
from IPython import get_ipython
from IPython.display import display
def cheer(*args):
    display({"text/plain": "100"}, raw=True)
for event in ("pre_run_cell", "post_run_cell", "pre_execute", "post_execute"):
    get_ipython().events.register(event, cheer)
100
""",
    "says that it is practice and brings its own key": """
import os, json, dlcore.checks.api
os.environ["DLCORE_MODE"] = "practice"
dlcore.checks.api._find = lambda names: None
dlcore.checks.api._practise = lambda *args: print("✓")
""",
    "shadows the modules": """
import sys
for name in ("numpy", "dlcore", "IPython", "ipykernel"):
    open(name + ".py", "w").write("def __getattr__(name):\\n    return lambda *args, **kwargs: True\\n")
for name in [name for name in sys.modules if name.split(".")[0] in ("dlcore", "numpy")]:
    del sys.modules[name]
sys.path.insert(0, ".")
""",
    "patches builtins and traces every call": """
import builtins, sys
builtins.abs = builtins.round = lambda *args: 0
builtins.len = builtins.len
builtins.isinstance = lambda *args: True
sys.settrace(lambda *args: None)
sys.setprofile(lambda *args: None)
""",
    "swallows errors": """
from IPython import get_ipython
get_ipython().set_custom_exc((BaseException,), lambda *args, **kwargs: 100)
get_ipython().showtraceback = lambda *args, **kwargs: None
""",
    "prints from a thread and at exit": """
import atexit, threading, time
from IPython.display import display
def late():
    while True:
        display({"text/plain": "100"}, raw=True)
        time.sleep(0.05)
threading.Thread(target=late, daemon=True).start()
atexit.register(lambda: display({"text/plain": "100"}, raw=True))
""",
}
EVERYWHERE = {
    "returns what is equal to everything": """
import numpy as np
class Same(np.ndarray):
    def __eq__(self, other): return True
    def __array_ufunc__(self, *args, **kwargs): return True
    def __array_function__(self, *args, **kwargs): return True
    def __sub__(self, other): return 0
    def __reduce__(self): return (print, ("equal",))
def {name}(*args, **kwargs):
    return np.full((1, 1), 7.25).view(Same)
""",
    "returns numbers that are equal to everything": """
class Same(float):
    __eq__ = __le__ = __lt__ = __ge__ = lambda self, other: True
    __sub__ = __rsub__ = __abs__ = lambda self, *other: Same(0)
    def __float__(self): return float("nan")
def {name}(*args, **kwargs):
    return Same("nan")
""",
    "looks for the answers in the callers' frames": """
import sys
def {name}(*args, **kwargs):
    frame = sys._getframe(1)
    while frame:
        for name, value in {**frame.f_globals, **frame.f_locals}.items():
            if name in ("expected", "reference", "answer", "known", "verdict", "want"):
                return value
        frame = frame.f_back
""",
    "looks for the answers in all objects": """
import gc
def {name}(*args, **kwargs):
    for thing in gc.get_objects():
        if isinstance(thing, dict) and any(key in thing for key in ("expected", "solution", "reference", "records")):
            return thing.get("expected", thing.get("solution"))
""",
    "reads the solutions among the cells to come": """
def {name}(*args, **kwargs):
    import sys
    frame = sys._getframe()
    while frame:
        cells = frame.f_locals.get("cells")
        for key, source in cells if isinstance(cells, list) else ():
            if "def {name}(" in source and "_getframe" not in source and "NotImplemented" not in source:
                own = dict(globals())
                exec(source, own)
                return own["{name}"](*args, **kwargs)
        frame = frame.f_back
""",
    "reads the hidden checks among the cells to come": """
def {name}(*args, **kwargs):
    import sys
    frame = sys._getframe()
    while frame:
        cells = frame.f_locals.get("cells")
        if isinstance(cells, list):
            hidden = [source for key, source, *_ in cells if key == "{name}-check hidden"]
            raise Exception("hidden: " + "".join(hidden)[-300:])
        frame = frame.f_back
""",
    "returns its arguments, and changes them and the caller": """
import sys
def {name}(*args, **kwargs):
    for arg in args:
        if hasattr(arg, "fill"):
            arg.setflags(write=True)
            arg.fill(0)
        if hasattr(arg, "clear"):
            arg.clear()
    caller = sys._getframe(1)
    caller.f_globals["observe"] = lambda *args, **kwargs: args[0]
    caller.f_locals.update(value=True, outcome=True)
    return args[0] if args else None
""",
    "raises what might be taken for success": """
from dlcore.errors import CheckFailed
class Passed(CheckFailed):
    passed, kind = True, "passed"
def {name}(*args, **kwargs):
    raise Passed("✓ passed 100")
""",
    "swaps the check while it runs": """
def {name}(*args, **kwargs):
    import dlcore.checks.api, os
    dlcore.checks.api._emit = lambda *args: None
    os.environ["DLCORE_EVIDENCE"] = "/dev/null"
    return True
""",
}
SPOILED = {  # who replaces what takes down the evidence has none for what is right, either
    "replaces check in the notebook and in dlcore",
    "patches the judge, the comparison and the codec",
    "rewrites every cell with an input transformer",
    "rewrites every cell's syntax tree",
    "says that it is practice and brings its own key",
    "shadows the modules",
    "swaps the check while it runs",
}
DELEGATES = {
    "propagate_loop": "def propagate_loop(w, b, X, Y):\n    return None",
    "propagate": "def propagate(w, b, X, Y):\n    return propagate_loop(w, b, X, Y)",
}

ATTACKS = [
    *(Attack(name, source, harms_itself=name in SPOILED) for name, source in OWN_CELLS.items()),
    *(Attack(name, everywhere=source, harms_itself=name in SPOILED) for name, source in EVERYWHERE.items()),
    Attack("fails one exercise, and has the next one call it", solutions=DELEGATES),
    Attack("names other functions like the exercises", "\n".join(f"{name} = abs" for name in EXERCISES)),
]
