"""Attacks on time, memory, processes, files and patience."""

from __future__ import annotations

from tests.attacks import Attack

OWN_CELLS = {
    "loops": "while True: pass",
    "sleeps": "import time; time.sleep(1000)",
    "ignores interrupts": "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
    "swallows interrupts": """
while True:
    try:
        while True: pass
    except BaseException:
        pass
""",
    "swallows an interrupt once and goes on": """
import time
try:
    time.sleep(1000)
except KeyboardInterrupt:
    pass
""",
    "masks all signals": """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
while True: pass
""",
    "holds the interpreter's lock": "import ctypes\nctypes.PyDLL(None).sleep(1000)",
    "hangs in a destructor": """
class Slow:
    def __del__(self):
        while True: pass
slow = Slow()
del slow
""",
    "fills the memory": "hoard = []\nwhile True: hoard.append(bytes(range(256)) * 400_000)",
    "asks for all memory at once": "import numpy as np\nnp.ones((10**6, 10**6))",
    "hides memory in files that have no name": """
import os
held = [os.memfd_create("hoard") for _ in range(200)]
for descriptor in held:
    for _ in range(15): os.write(descriptor, bytes(10**6))
""",
    "hides memory in shared mappings": """
import mmap
held = mmap.mmap(-1, 2 * 10**9)
for start in range(0, len(held), 10**8):
    held[start : start + 10**8] = bytes(10**8)
    held.madvise(mmap.MADV_DONTNEED)
""",
    "hides memory in segments": """
import ctypes
libc = ctypes.CDLL(None)
libc.shmat.restype, libc.shmdt.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
for _ in range(20):
    place = libc.shmat(libc.shmget(0, 10**8, 0o1600), None, 0)
    ctypes.memset(place, 1, 10**8)
    libc.shmdt(place)
""",
    "shares its memory out among children": """
import os, time
for _ in range(8):
    if os.fork() == 0:
        hoard = bytearray(os.urandom(1)) * 150_000_000
        time.sleep(1000)
time.sleep(1000)
""",
    "forks without end": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "starts threads without end": """
import threading, time
while True:
    threading.Thread(target=time.sleep, args=(1000,)).start()
""",
    "fills the disk": """
import itertools
for number in itertools.count():
    for folder in (".", "/tmp", "/dev/shm", "/run/kernel"):
        try:
            open(f"{folder}/big{number}", "wb").write(bytes(10**7))
        except OSError:
            pass
    if number > 20: break
""",
    "litters": """
import os
for number in range(20000):
    try:
        open(f"/tmp/litter{number}", "w").close()
        os.makedirs("deep/" * (number % 50), exist_ok=True)
    except OSError:
        break
""",
    "prints without end": "while True: print('x' * 10000)",
    "prints without end, in a cell of Jupyter's own": "%matplotlib inline\nwhile True: print('x' * 10000)",
    "displays without end": """
from IPython.display import display
while True: display({"text/html": "x" * 100000, "image/png": "A" * 100000}, raw=True)
""",
    "displays small things without end": """
from IPython.display import display
while True: display({"text/plain": "x"}, raw=True)
""",
    "sends messages of many parts": """
from IPython import get_ipython
kernel, part = get_ipython().kernel, bytes(1_000_000)
while True:
    kernel.session.send(kernel.iopub_socket, "display_data", {}, parent=kernel.get_parent(), buffers=[part] * 100)
""",
    "closes its descriptors": "import os\nos.closerange(0, 256)",
    "uses up its descriptors": "import os\nheld = []\nwhile True: held.append(os.dup(1))",
    "recurses in Python": "import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f()\nf()",
    "recurses in C": """
import sys
sys.setrecursionlimit(10**9)
deep = []
for _ in range(10**6): deep = [deep]
repr(deep)
""",
    "computes one huge number": "x = 7 ** (10**9)",
    "compiles deep code": "eval('(' * 10**5 + ')' * 10**5)",
    "jumps to nowhere": "import ctypes\nctypes.string_at(0)",
    "exits at once": "import os\nos._exit(0)",
    "exits politely": "import sys\nsys.exit()",
    "quits Jupyter's way": "quit()",
    "kills itself": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\nos.kill(0, signal.SIGKILL)",
    "stops itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nsignal.raise_signal(signal.SIGTSTP)",
    "aborts": "import os\nos.abort()",
    "waits for input": "input('How are you? ')\nimport sys\nsys.stdin.read()",
    "leaves a daemon": """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True: time.sleep(0.01)
    os._exit(0)
""",
    "leaves a program": """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
""",
    "leaves threads that never end": """
import threading
def spin():
    while True: pass
for _ in range(3): threading.Thread(target=spin, daemon=True).start()
""",
    "registers endless work at exit": """
import atexit, time
def late():
    while True: time.sleep(1)
atexit.register(late)
import threading
threading._register_atexit(late)
""",
    "sets an alarm": "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.3, 0.3)",
}

HANGS = "def {name}(*args, **kwargs):\n    while True: pass\n"
DIES = "def {name}(*args, **kwargs):\n    import os\n    os._exit(1)\n"
GRABS = "def {name}(*args, **kwargs):\n    import numpy as np\n    return np.ones(10**8) * np.ones((10, 1))\n"
LARGE = "def {name}(*args, **kwargs):\n    import numpy as np\n    return np.ones(4 * 10**6)\n"
THREADS = """
import contextlib, threading, time
def {name}(*args, **kwargs):
    with contextlib.suppress(RuntimeError):
        for _ in range(100):
            threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
"""

ATTACKS = [
    *(Attack(name, source) for name, source in OWN_CELLS.items()),
    *(Attack(f"hangs in every function, {which}", everywhere=HANGS) for which in ("first", "second", "third")),
    Attack("ends the kernel in every function", everywhere=DIES),
    Attack("takes all memory in every function", everywhere=GRABS),
    Attack("returns large arrays from every function", everywhere=LARGE),
    Attack("leaves a hundred threads in every function", everywhere=THREADS),
]
