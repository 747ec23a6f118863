"""Two submissions that run at the same time, and would like to see each other, see nothing."""

import asyncio

import pytest

from grader.execution.kernel import Kernel
from grader.execution.sandbox import Limits

pytestmark = [pytest.mark.usefixtures("needs_sandbox"), pytest.mark.slow, pytest.mark.xdist_group("attacks")]
LIMITS = Limits(cell_seconds=120, memory_mb=600, processes=40, file_mb=5, total_seconds=1200)
CALLS = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
"""
SHARED = """
import os, stat, sys
shared = ["/opt/course/dlcore", "/usr/lib", os.path.dirname(os.__file__), sys.prefix, "/etc"]
"""

# Whether a place can be written to, or is shared, depends on what is mounted there. So of each mounted file system
# the first folders are tried, level by level, and not all that this machine happens to hold.
MOUNTED = """
import os
def folders(most=400):
    points = dict.fromkeys(line.split()[4] for line in open("/proc/self/mountinfo"))
    for point in points:
        level, count = [point], 0
        while level and count < most and not point.startswith("/proc"):
            below = []
            for folder in level:
                count += 1
                if count > most:
                    break
                yield folder
                try:
                    with os.scandir(folder) as entries:
                        below += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
                except OSError:
                    pass
            level = sorted(path for path in below if path not in points)
"""

# By name: what one does, and what the other looks with, which leaves in `seen` what it found.
ROADS = {
    "files in all folders": (
        MOUNTED
        + """
tried, written = 0, 0
for folder in folders():
    tried += 1
    try:
        open(folder + "/hello-neighbour", "w").write("hi")
        written += 1
    except OSError:
        pass
assert tried > 100 and written >= 3, (tried, written)  # or else nothing was tried
""",
        MOUNTED + 'seen += [folder for folder in folders() if os.path.lexists(folder + "/hello-neighbour")]',
    ),
    "shared memory and semaphores": (
        """
from multiprocessing import shared_memory
held = shared_memory.SharedMemory("hello", create=True, size=100)
""",
        """
import os
from multiprocessing import shared_memory
try:
    seen.append(shared_memory.SharedMemory("hello"))
except OSError:
    pass
seen += os.listdir("/dev/shm")
seen += open("/proc/sysvipc/shm").read().splitlines()[1:] + open("/proc/sysvipc/msg").read().splitlines()[1:]
""",
    ),
    "segments and queues": (
        CALLS + "libc.msgget(77, 0o1666), libc.semget(77, 1, 0o1666), libc.shmget(77, 1000, 0o1666)",
        CALLS
        + """
seen += [number for number in (libc.msgget(77, 0), libc.semget(77, 1, 0), libc.shmget(77, 1000, 0)) if number >= 0]
""",
    ),
    "keyrings": (
        CALLS
        + 'libc.syscall(248, b"user", b"hello", b"hi", 2, -3), libc.syscall(248, b"user", b"hello", b"hi", 2, -4)',
        CALLS
        + 'seen += [key for ring in (-3, -4, -5) if (key := libc.syscall(250, 10, ring, b"user", b"hello", 0)) > 0]',
    ),
    "terminals": (
        """
import os
held = os.openpty()
os.write(held[0], b"hello\\n")
""",
        """
import os
for name in os.listdir("/dev/pts"):
    if name.isdigit():
        os.set_blocking(terminal := os.open(f"/dev/pts/{name}", os.O_RDWR | os.O_NOCTTY), False)
        seen.append(os.read(terminal, 100))
""",
    ),
    "flags of open files": (
        """
import fcntl, os
for number in (0, 1, 2):
    fcntl.fcntl(number, fcntl.F_SETFL, fcntl.fcntl(number, fcntl.F_GETFL) | os.O_APPEND)
""",
        """
import fcntl, os
seen += [number for number in (0, 1, 2) if fcntl.fcntl(number, fcntl.F_GETFL) & os.O_APPEND]
""",
    ),
    "sockets": (
        """
import socket
held = []
for family, address in (
    (socket.AF_INET, ("127.0.0.1", 7777)), (socket.AF_UNIX, "\\0hello"), (socket.AF_UNIX, "/tmp/hello")
):
    try:
        held.append(socket.socket(family))
        held[-1].bind(address)
        held[-1].listen()
    except OSError:
        pass
""",
        """
import socket
for family, address in (
    (socket.AF_INET, ("127.0.0.1", 7777)), (socket.AF_UNIX, "\\0hello"), (socket.AF_UNIX, "/tmp/hello")
):
    try:
        socket.socket(family).connect(address)
        seen.append(address)
    except OSError:
        pass
seen += [line for line in open("/proc/net/unix") if "hello" in line]
""",
    ),
    "the list of processes": (
        "import subprocess\nheld = subprocess.Popen(['sleep', '60'])",
        """
import os
seen += [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
""",
    ),
    "signals and tracing": (
        """
import signal
got = []
for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGCONT):
    signal.signal(number, lambda number, frame: got.append(number))
""",
        CALLS
        + """
import os, signal
for pid in set(range(2, 70000)) - set(map(int, os.listdir("/proc/self/task"))):
    for act in (lambda: os.kill(pid, signal.SIGUSR1), lambda: os.sched_getaffinity(pid)):
        try:
            act()
            seen.append(pid)
        except OSError:
            pass
    if libc.ptrace(16, pid, None, None) == 0:
        seen.append(pid)
""",
    ),
    "names of the machine and its clock": (
        "import socket\ntry:\n    socket.sethostname('hello')\nexcept OSError:\n    pass",
        "import socket\nseen += ['hello'] if socket.gethostname() == 'hello' else []",
    ),
    "times of shared folders and files": (
        SHARED
        + """
for path in shared:
    for name in ["", *os.listdir(path)[:50]]:
        try:
            os.utime(os.path.join(path, name), (1, 1))
        except OSError:
            pass
        try:
            open(os.path.join(path, name), "rb").read(1)
        except OSError:
            pass
""",
        SHARED
        + """
for path in shared:
    for name in ["", *os.listdir(path)[:50]]:
        try:
            status = os.lstat(os.path.join(path, name))
        except OSError:
            continue
        if status.st_mtime == 1 or status.st_atime == 1:
            seen.append(os.path.join(path, name))
""",
    ),
    "memory without a file": (
        "import os\ntry:\n    held = os.memfd_create('hello')\nexcept OSError:\n    pass",
        """
import os
seen += [name for name in os.listdir("/proc/self/fd") if "hello" in os.path.realpath("/proc/self/fd/" + name)]
""",
    ),
}


@pytest.fixture(scope="module")
def found():
    """What each of two kernels saw of the other, by road."""

    async def both():
        seen = {}
        async with Kernel(LIMITS) as one, Kernel(LIMITS) as two:
            for road, (act, look) in ROADS.items():
                acted = await one.run(act)
                assert acted.status == "ok", (road, acted)
                looked = await two.run(f"seen = []\n{look.strip()}\nraise Exception('seen: ' + repr(seen))")
                seen[road] = looked.text
            got = await one.run("raise Exception('got: ' + repr(got))")
            return seen | {"signals that came": got.text}

    return asyncio.run(both())


@pytest.mark.parametrize("road", ROADS)
def test_a_neighbour_is_not_seen(found, road):
    assert found[road] == "seen: []"


def test_a_neighbours_signals_do_not_come(found):
    assert found["signals that came"] == "got: []"
