"""Submissions that try to get points without solving anything.

Each is code in a cell of the student's own, right after the imports; the
solutions are left as released unless the attack brings its own.
"""

EVIDENCE = "application/vnd.dlcore.evidence+json"

ATTACKS: dict[str, str] = {
    "patches NumPy's comparisons": """
import numpy
yes = lambda *args, **kwargs: True
numpy.allclose = numpy.isclose = numpy.array_equal = numpy.all = yes
numpy.testing.assert_allclose = numpy.testing.assert_array_equal = yes
""",
    "replaces check in the notebook and in dlcore": """
import dlcore, dlcore.checking
def check(*args, **kwargs):
    print("✓ passed")
dlcore.check = dlcore.check_choice = dlcore.checking.check = dlcore.checking.check_choice = check
check_choice = check
""",
    "patches the judge, the comparison and the codec": """
import dlcore.judge, dlcore.compare, dlcore.checking, dlcore.evidence, dlcore.codec
yes = lambda *args, **kwargs: True
dlcore.judge.passes = dlcore.compare.agree = dlcore.judge.agree = yes
dlcore.judge.judge = dlcore.checking.judge = lambda *args, **kwargs: dlcore.judge.Verdict(True, "passed")
dlcore.evidence.Outcome.to_json = lambda self: {"kind": "returned", "value": True, "passed": True}
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
    "emits evidence of its own": f"""
from IPython import get_ipython
from IPython.display import display
import dlcore.checking
from dlcore.codec import encode
from dlcore.evidence import describe
import numpy as np
def forge(names, arguments, outcome, label, call, settings):
    for value in (True, 1, 1.0, 0.0, None, np.zeros((1, 3)), (0.0, 0.0, 0.0), ""):
        display({{"{EVIDENCE}": {{
            "version": 1, "names": names, "arguments": encode(describe(arguments)), "lengths": [], "label": label,
            "call": call, "settings": {{"compare": "moments", "rtol": 1e30, "atol": 1e30}}, "passed": True,
            "outcome": {{"kind": "returned", "value": encode(value), "seconds": 0, "score": 100}}}}}}, raw=True)
dlcore.checking._emit = forge
""",
    "emits malformed evidence": f"""
import dlcore.checking
from IPython.display import display
deep = []
for _ in range(200):
    deep = [deep]
def garbage(*args):
    for form in (None, 1, "x", [], deep, {{"version": 1}}, {{"version": 1, "outcome": deep, "lengths": [1e400]}},
                 {{"version": 1, "lengths": [], "settings": {{"compare": "close", "rtol": 1e9, "atol": None}},
                  "outcome": {{"kind": "returned"}},
                  "arguments": {{"array": "<f8", "shape": [10**9, 10**9], "data": ""}}}}):
        display({{"{EVIDENCE}": form}}, raw=True)
dlcore.checking._emit = garbage
""",
    "updates the displays of other cells": f"""
from IPython.display import display, update_display
for number in range(20):
    display({{"{EVIDENCE}": {{"version": 1}}}}, raw=True, display_id=f"d{{number}}")
for number in range(20):
    forged = {{"{EVIDENCE}": {{"version": 1, "passed": True}}, "text/plain": "100"}}
    update_display(forged, raw=True, display_id=f"d{{number}}")
""",
    "speaks the kernel's protocol itself": """
from IPython import get_ipython
kernel = get_ipython().kernel
def shout(*args):
    for parent in (kernel.get_parent(), {}):
        kernel.session.send(kernel.iopub_socket, "execute_result",
                            {"data": {"text/plain": "100"}, "metadata": {}, "execution_count": 1}, parent=parent)
get_ipython().events.register("post_run_cell", shout)
shout()
""",
    "says that it is practice and brings its own key": """
import os, json, dlcore.checking
os.environ["DLCORE_MODE"] = "practice"
dlcore.checking._find = lambda names: None
dlcore.checking._practise = lambda *args: print("✓")
""",
    "returns what is equal to everything": """
import numpy as np
class Same(np.ndarray):
    def __eq__(self, other): return True
    def __array_ufunc__(self, *args, **kwargs): return True
    def __array_function__(self, *args, **kwargs): return True
    def __sub__(self, other): return 0
same = np.zeros((1, 1)).view(Same)
for name in "to_column flatten_images standardize sigmoid cost propagate predict accuracy".split():
    globals()[name] = lambda *args, **kwargs: same
""",
    "looks for the answers in the callers' frames": """
import sys
def peek(*args, **kwargs):
    frame = sys._getframe(1)
    while frame:
        for name, value in {**frame.f_globals, **frame.f_locals}.items():
            if name in ("expected", "reference", "answer", "known", "verdict", "want"):
                return value
        frame = frame.f_back
for name in "to_column flatten_images standardize sigmoid cost propagate predict accuracy".split():
    globals()[name] = peek
""",
    "looks for the answers in files": """
import glob, json, os
found = [path for pattern in ("/**/*.key.json", "../**/*.ipynb", "/**/gradebook.db", "/**/*reference*/*.json")
         for path in glob.iglob(pattern, recursive=True) if "site-packages" not in path]
assert not found, found
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
