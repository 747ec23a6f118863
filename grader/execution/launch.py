"""Start a kernel: warm, cold, or without a sandbox.

Warm is the default: a fork of a parent with everything imported (see
`grader.execution.warm`). Where namespaces cannot be nested, each kernel runs in
its own bubblewrap; without a sandbox, it is a plain process with resource limits.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import dlcore
from grader.errors import GradingError, KernelLost
from grader.execution.kernel_process import ColdProcess, Launched, connection
from grader.execution.sandbox import (
    BOOTSTRAP_FILE,
    CONNECTION_FILE,
    HOME,
    SOCKETS,
    Limits,
    kernel_environment,
    resource_limits,
    sandbox_command,
)
from grader.execution.shared_parent import kernel_request, warm_parent
from grader.execution.warm.parent import WarmError, WarmParent

__all__ = ["launch"]

IN_KERNEL = Path(__file__).parent / "in_kernel"
BOOTSTRAP = {name: (IN_KERNEL / name).read_bytes() for name in ("bootstrap.py", "kernel_options.py")}


def launch(limits: Limits, key: str, files: Mapping[str, bytes], *, sandboxed: bool) -> Launched:
    """A newly started kernel.

    Args:
        limits: its resource limits.
        key: the key that signs its messages.
        files: the files in its working folder, by name.
        sandboxed: whether it runs in a sandbox.

    Raises:
        KernelLost: every warm parent ended that was asked for it.
        GradingError: it could not be started.
    """
    if not sandboxed:
        return _launch_plain(limits, key, files)
    try:
        parent = warm_parent()
    except WarmError:
        return _launch_boxed(limits, key, files)
    return _launch_warm(parent, limits, key, files)


def _launch_warm(parent: WarmParent, limits: Limits, key: str, files: Mapping[str, bytes]) -> Launched:
    try:
        process = parent.fork(kernel_request(limits, key, files))
    except WarmError as problem:
        raise KernelLost(str(problem)) from None
    return Launched(process, f"/proc/{process.pid}/root{SOCKETS}/k", warm=True)


def _launch_boxed(limits: Limits, key: str, files: Mapping[str, bytes]) -> Launched:
    given = (
        {
            CONNECTION_FILE: json.dumps(connection(f"{SOCKETS}/k", key)).encode(),
        }
        | {f"/run/{name}": data for name, data in BOOTSTRAP.items()}
        | {f"{HOME}/{name}": data for name, data in files.items()}
    )
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    numbers = [f"{name}={value}" for name, value in resource_limits(limits, count_processes=True).items()]
    command = sandbox_command([sys.executable, "-s", BOOTSTRAP_FILE, CONNECTION_FILE, *numbers], limits, given, writer)
    try:
        popen = _popen(command.arguments, command.environment, [*command.descriptors, writer])
    finally:
        command.close()
        os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        text = stream.read()
    try:
        pid = int(json.loads(text)["child-pid"])
    except (ValueError, KeyError):
        popen.kill()
        popen.wait()
        raise GradingError("bubblewrap did not start a kernel; `python -m grader doctor` says why") from None
    return Launched(ColdProcess(popen, pid, boxed=True), f"/proc/{pid}/root{SOCKETS}/k")


def _launch_plain(limits: Limits, key: str, files: Mapping[str, bytes]) -> Launched:
    folder = tempfile.mkdtemp(prefix="kernel-")
    work = Path(folder, "work")
    work.mkdir()
    for name, data in files.items():
        (work / name).write_bytes(data)
    for name, data in BOOTSTRAP.items():
        Path(folder, name).write_bytes(data)
    Path(folder, "connection.json").write_text(json.dumps(connection(f"{folder}/k", key)))
    numbers = [f"{name}={value}" for name, value in resource_limits(limits, count_processes=False).items()]
    arguments = [sys.executable, "-s", f"{folder}/bootstrap.py", f"{folder}/connection.json", *numbers]
    environment = kernel_environment(str(work), str(Path(dlcore.__file__).parent.parent), f"{folder}/k-evidence")
    popen = _popen(arguments, environment, [], cwd=str(work))
    return Launched(ColdProcess(popen, popen.pid, boxed=False), f"{folder}/k", f"{folder}/k-evidence", folder)


def _popen(
    arguments: list[str], environment: dict[str, str], descriptors: list[int], cwd: str | None = None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        arguments,
        env=environment,
        cwd=cwd,
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
