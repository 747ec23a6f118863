"""Attacks on the machine that grades: its files, its processes, its network, and who comes later."""

from __future__ import annotations

from tests.attacks import Attack, spy

PATHS = '("@COURSE@/gradebook.db", "@HOME@/gradebook.db", "@HOME@/.ssh/id_rsa", "@NOTE@", "/etc/shadow", "/etc/passwd")'
ROOTS = (
    '("", "/proc/1/root", "/proc/self/root", "/proc/1/cwd/../..", "/run/outer-proc/1/root", "/proc/self/fd/0/../..")'
)
READ = f"""
for root in {ROOTS}:
    for path in {PATHS}:
        try:
            seen.append(open(root + path, "rb").read(100))
        except OSError:
            pass
"""
WALK = """
import os
for folder, folders, files in os.walk("/"):
    if folder.startswith(("/proc", "/usr", "/lib", "/bin", "/sbin")) or "site-packages" in folder:
        folders.clear()
        continue
    for name in files:
        path = os.path.join(folder, name)
        if name == "START.ipynb":  # the page of dlcore that students begin with
            continue
        if name.endswith((".ipynb", ".key.json", ".db")) or "canary" in name or "gradebook" in name:
            seen.append(path)
"""
WRITE = f"""
import os
for root in {ROOTS}:
    for path in {PATHS}:
        for act in (lambda path: open(path, "ab").write(b"x"), os.unlink, lambda path: os.truncate(path, 0),
                    lambda path: os.chmod(path, 0o777), lambda path: os.symlink("/", path), os.mkfifo):
            try:
                act(root + path)
                if "/tmp/" not in path:  # there it has a folder of its own
                    seen.append(path)
            except OSError:
                pass
"""
LOCK = """
import sqlite3
for path in ("@COURSE@/gradebook.db", "@HOME@/gradebook.db"):
    for mode in ("ro", "rw", "rwc"):
        try:
            book = sqlite3.connect(f"file:{path}?mode={mode}", uri=True)
            book.execute("BEGIN EXCLUSIVE")
            book.execute("UPDATE grade SET manual_score = 100")
            seen.append(path)
        except sqlite3.Error:
            pass
"""
ENVIRONMENT = """
import os
texts = [str(dict(os.environ))]
for name in os.listdir("/proc"):
    for what in ("environ", "cmdline", "maps"):
        try:
            texts.append(open(f"/proc/{name}/{what}", errors="replace").read())
        except OSError:
            pass
seen += [word for text in texts for word in ("@HOME@", "@COURSE@", "CANARY", "nbgrader", "dask") if word in text]
"""
PARENT = """
import os
for name in os.listdir("/proc"):
    if name.isdigit() and int(name) != os.getpid():
        seen.append(name)
for path in ("/proc/0", f"/proc/{os.getppid()}/mem", "/run/outer-proc/1"):
    if os.path.exists(path):
        seen.append(path)
"""
KERNELS = """
import glob, os
own = "/run/kernel/connection.json"
for pattern in ("/run/**/*.json", "/tmp/**/*.json", "/proc/*/root/run/kernel/*.json", "/run/outer-proc/*/root/run",
                "@HOME@/**/kernel-*.json", "/tmp/kernel-*", "/dev/shm/*"):
    for path in glob.glob(pattern, recursive=True):
        if os.path.realpath(path) != own and not path.startswith(("/proc/1/", "/proc/self/", "/proc/thread-self/")):
            seen.append(path)
"""
PTRACE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
libc.process_vm_readv.restype = ctypes.c_ssize_t
for pid in set(range(2, 3000)) - set(map(int, os.listdir("/proc/self/task"))):
    if libc.ptrace(16, pid, None, None) == 0:
        seen.append(("ptrace", pid))
    if libc.process_vm_readv(pid, None, 0, None, 0, 0) >= 0:
        seen.append(("read", pid))
if libc.ptrace(0, 0, None, None) == 0:
    seen.append("traceme")
"""
NETWORK = """
import socket
for family, address in ((socket.AF_INET, ("127.0.0.1", @PORT@)), (socket.AF_INET, ("192.0.2.1", 80)),
                        (socket.AF_INET6, ("::1", @PORT@)), (socket.AF_UNIX, "\\0canary-@PORT@"),
                        (socket.AF_UNIX, "@HOME@/socket")):
    try:
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(0.3)
        connection.connect(address)
        seen.append(connection.recv(100))
    except OSError:
        pass
"""
KILL = """
import os, signal
os.setpgid(0, 0) if os.getpgrp() != os.getpid() else None
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for number in (signal.SIGSTOP, signal.SIGKILL, signal.SIGTERM):
    for pid in {os.getppid(), -1, *range(2, 40000)} - set(map(int, os.listdir("/proc/self/task"))):
        try:
            if pid:
                os.kill(pid, number)
                seen.append(pid)
        except OSError:
            pass
"""
PLANT = """
import json, os, site, sys
spec = json.dumps({"argv": ["touch", "@HOME@/planted"], "language": "python", "display_name": "x"})
code = "open('@HOME@/planted', 'w').write('x')"
for path, text in {
    "@HOME@/.ipython/profile_default/startup/0.py": code,
    "@HOME@/.local/share/jupyter/kernels/python3/kernel.json": spec,
    "@HOME@/.jupyter/nbgrader_config.py": code,
    "@HOME@/.bashrc": "touch @HOME@/planted",
    "@COURSE@/sitecustomize.py": code,
}.items():
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "w").write(text)
    except OSError:
        pass
for path in (sys.prefix + "/share/jupyter/kernels/python3/kernel.json", sys.prefix + "/bin/python",
             site.getsitepackages()[0] + "/canary.pth", json.__file__, "/opt/course/dlcore/__init__.py",
             "/run/zygote.py", "/run/bootstrap.py", "/usr/bin/python3", "/etc/ld.so.preload"):
    try:
        open(path, "ab").close()  # no more: it might be yours
        seen.append(path)
    except OSError:
        pass
"""
LATER = """
import os
for folder in ("/student", "/tmp", "/run/kernel", "/dev/shm", "/student/.ipython/profile_default/startup"):
    try:
        os.makedirs(folder, exist_ok=True)
        if os.path.exists(folder + "/left-for-later.py"):
            seen.append(folder)
        open(folder + "/left-for-later.py", "w").write("print('here')")
    except OSError:
        pass
"""
ESCAPE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for flag in (0x10000000, 0x00020000, 0x20000000, 0x40000000):
    if libc.unshare(flag) == 0:
        seen.append(("unshare", flag))
for act in (
    lambda: os.chroot("/tmp"), lambda: os.setuid(0), lambda: os.mknod("/tmp/disk", 0o60600, os.makedev(8, 0)),
    lambda: os.open("/proc/sysrq-trigger", os.O_WRONLY), lambda: os.open("/dev/mem", os.O_RDONLY),
    lambda: os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY), lambda: os.listdir("/run/outer-proc/1"),
    lambda: os.nice(-5), lambda: os.open("/proc/sys/vm/drop_caches", os.O_WRONLY),
    lambda: os.open("/proc/1/oom_score_adj", os.O_WRONLY), lambda: os.open("/proc/sys/user/max_user_namespaces", 1),
    lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)),
):
    try:
        act()
        seen.append("done")
    except OSError:
        pass
for call in (lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None), lambda: libc.umount2(b"/run/outer-proc", 2)):
    if call() == 0:
        seen.append("mounted")
"""
PICKLE = """
class Bomb:
    def __reduce__(self):
        return (exec, ("open('@HOME@/planted', 'w').write('x')",))
    def __repr__(self):
        return "\\x1b]0;title\\x07<script>alert(1)</script>"
def {name}(*args, **kwargs):
    import numpy as np, pickle
    open("result.pkl", "wb").write(pickle.dumps(Bomb()))
    return np.array([Bomb()], dtype=object) if "{name}" < "g" else Bomb()
"""
SCRIPT = """
from IPython.display import HTML, Javascript, display
bad = "<script>alert(1)</script><img src=x onerror=alert(1)>"
display(HTML(bad), Javascript("alert(1)"))
class Evil(Exception):
    pass
Evil.__name__ = bad
def {name}(*args, **kwargs):
    raise Evil(bad) if "{name}" < "g" else NameError(bad)
"""

ATTACKS = [
    spy("reads the gradebook, keys and notes by every road", READ),
    spy("searches all folders for answers", WALK),
    spy("writes, cuts, deletes and links what it knows", WRITE),
    spy("locks and fills the gradebook", LOCK),
    spy("reads the environment of all processes", ENVIRONMENT),
    spy("looks for its parent", PARENT),
    spy("looks for other kernels' connection files", KERNELS),
    spy("traces and reads other processes", PTRACE),
    spy("calls somebody on this machine", NETWORK),
    spy("stops and kills everybody", KILL),
    spy("plants kernelspecs, startup files and modules", PLANT),
    spy("leaves files for later runs", LATER),
    spy("leaves files for later runs, and looks for them", LATER),
    spy("breaks out of its namespaces", ESCAPE),
    Attack("returns hostile pickles", everywhere=PICKLE),
    Attack("puts scripts into the feedback", everywhere=SCRIPT),
]
