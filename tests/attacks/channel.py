"""Attacks on the way from a kernel to the grader: the pipe for evidence, messages and sockets."""

from __future__ import annotations

from tests.attacks import Attack

EVIDENCE = "application/vnd.dlcore.evidence+json"

OWN_CELLS = {
    "emits evidence of its own": f"""
from IPython import get_ipython
from IPython.display import display
import dlcore.checks.api
from dlcore.checks.codec import encode
from dlcore.checks.evidence import describe
import numpy as np
def forge(names, arguments, outcome, label, call, settings):
    for value in (True, 1, 1.0, 0.0, None, np.zeros((1, 3)), (0.0, 0.0, 0.0), ""):
        display({{"{EVIDENCE}": {{
            "version": 1, "names": names, "arguments": encode(describe(arguments)), "lengths": [], "label": label,
            "call": call, "settings": {{"compare": "moments", "rtol": 1e30, "atol": 1e30}}, "passed": True,
            "outcome": {{"kind": "returned", "value": encode(value), "seconds": 0, "score": 100}}}}}}, raw=True)
dlcore.checks.api._emit = forge
""",
    "emits malformed evidence": f"""
import dlcore.checks.api
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
dlcore.checks.api._emit = garbage
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
    "writes lines of its own into the pipe": """
import json, os
from dlcore.checks.codec import encode
def line(form):
    pipe = os.open(os.environ["DLCORE_EVIDENCE"], os.O_WRONLY)
    os.write(pipe, json.dumps(form).encode() + b"\\n")
    os.close(pipe)
names = "sigmoid cost propagate predict accuracy".split()
for name in names:
    for key in (f"{name}-check visible", f"{name}-check hidden", f"{name} anew", "cell 0", ""):
        line({"end": key})
        line({"begin": key})
        line({"version": 1, "outcome": {"kind": "returned", "value": encode(1.0)}, "lengths": [], "passed": True})
        line({"end": key, "error": "", "text": "passed", "score": 100})
for garbage in (b"\\n", b"null\\n", b"{}\\n", b"[" * 9999 + b"\\n", b"\\xff\\n",
                b'{"begin": []}\\n{"end": {}}\\n{"begin": 1'):
    open(os.environ["DLCORE_EVIDENCE"], "wb").write(garbage)
""",
    "floods the pipe": """
import os
pipe = os.open(os.environ["DLCORE_EVIDENCE"], os.O_WRONLY)
while True: os.write(pipe, bytes(65536))
""",
    "floods the pipe with short lines": """
import os
pipe = os.open(os.environ["DLCORE_EVIDENCE"], os.O_WRONLY)
while True: os.write(pipe, b"{}\\n" * 20000)
""",
    "deletes the pipe": "import os\nos.unlink(os.environ['DLCORE_EVIDENCE'])",
    "replaces the pipe by one that nobody reads": """
import os
os.unlink(os.environ["DLCORE_EVIDENCE"])
os.mkfifo(os.environ["DLCORE_EVIDENCE"])
""",
    "replaces the pipe by a link to the host": """
import os
os.unlink(os.environ["DLCORE_EVIDENCE"])
os.symlink("@COURSE@/gradebook.db", os.environ["DLCORE_EVIDENCE"])
os.environ["DLCORE_EVIDENCE"] = "@NOTE@"
""",
    "replaces the kernel's sockets by links to the host": """
import os
for number in range(1, 6):
    if os.path.exists(f"/run/kernel/k-{number}"):
        os.unlink(f"/run/kernel/k-{number}")
    os.symlink("@HOME@/socket", f"/run/kernel/k-{number}")
""",
    "changes how values are written down": """
import base64, json, dlcore.checks.codec, dlcore.checks.api
json.dumps = lambda *args, **kwargs: "{}"
base64.b64encode = lambda data: b"AAAA"
dlcore.checks.codec.encode = dlcore.checks.api.encode = lambda value: True
""",
}
EVERYWHERE = {
    "returns dicts of keys that collide": """
def {name}(*args, **kwargs):
    return [{number * (2**61 - 1): 0 for number in range(190)} for _ in range(20)]
""",
    "writes forged records by the hundred": """
import json, os
def {name}(*args, **kwargs):
    settings = {"compare": "close", "rtol": 1e9, "atol": 1e9}
    outcome = {"kind": "returned", "value": {"list": [{"int": "1"}] * 800}, "seconds": 0.0}
    form = {"version": 1, "names": ["{name}"], "arguments": {"tuple": [{"list": []}] * 2000}, "lengths": [],
            "label": None, "call": "", "settings": settings, "outcome": outcome}
    pipe = os.open(os.environ["DLCORE_EVIDENCE"], os.O_WRONLY)
    for _ in range(400):
        os.write(pipe, json.dumps(form).encode() + b"\\n")
    return 1
""",
    "writes many empty lines": """
import os
def {name}(*args, **kwargs):
    pipe = os.open(os.environ["DLCORE_EVIDENCE"], os.O_WRONLY)
    for _ in range(50):
        os.write(pipe, b"\\n" * 65536)
""",
    "displays evidence that takes long to read": """
from IPython.display import display
def {name}(*args, **kwargs):
    form = {"version": 1, "arguments": {"list": [{"int": "1"}] * 500}}
    for _ in range(400):
        display({"application/vnd.dlcore.evidence+json": form}, raw=True)
""",
    "returns a number beyond all bounds": "def {name}(*args, **kwargs):\n    return 10**400",
}
SPOILED = {  # who replaces what takes down the evidence has none for what is right, either
    "emits evidence of its own",
    "emits malformed evidence",
    "changes how values are written down",
}

ATTACKS = [
    *(Attack(name, source, harms_itself=name in SPOILED) for name, source in OWN_CELLS.items()),
    *(Attack(name, everywhere=source) for name, source in EVERYWHERE.items()),
]
