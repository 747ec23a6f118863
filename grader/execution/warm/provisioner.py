"""Warm sandboxed kernels for `jupyter_client`.

::

    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec
    from grader.execution.warm.provisioner import register

    register()
    spec = KernelSpec(
        argv=["python"],  # not used: kernels are forks
        language="python",
        metadata={"kernel_provisioner": {"provisioner_name": "warm-sandbox", "config": {"modules": ["numpy"]}}},
    )
    manager = AsyncKernelManager()
    manager._kernel_spec = spec  # or a kernelspec installed under a name
    await manager.start_kernel()

Kernels with the same configuration share one warm parent within a process.
"""

from __future__ import annotations

import asyncio
import json
import signal
import threading
from importlib.metadata import EntryPoint
from typing import Any, ClassVar

from jupyter_client.provisioning import KernelProvisionerBase, KernelProvisionerFactory
from traitlets import Dict, Int, List, Unicode

from grader.execution.warm.parent import KernelRequest, WarmParent
from grader.execution.warm.process import WarmProcess

__all__ = ["WarmProvisioner", "register"]

HOME, SOCKETS = "/home/kernel", "/run/kernel"
PORTS = {"shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5}


def register() -> None:
    """Make the provisioner known to this process's `jupyter_client`.

    The grader is run from a clone and not installed, so no entry point of a package says where it is.
    """
    entry = EntryPoint("warm-sandbox", f"{__name__}:WarmProvisioner", KernelProvisionerFactory.GROUP_NAME)
    KernelProvisionerFactory.provisioners[entry.name] = entry


class WarmProvisioner(KernelProvisionerBase):  # type: ignore[misc]
    """Forks kernels from a warm, sandboxed parent; ``warm-sandbox`` once `register` was called."""

    modules = List(Unicode(), [], help="Modules that the parent imports.").tag(config=True)
    read_only = Dict({}, help="Folders of the host, and where they are mounted inside, read-only.").tag(config=True)
    environment = Dict({}, help="The kernels' complete environment.").tag(config=True)
    folder_mb = Int(50, help="Size of the working folder and of /tmp, in MB.").tag(config=True)
    resource_limits = Dict({}, help="Limits by name without RLIMIT_, such as CPU or AS.").tag(config=True)

    _parents: ClassVar[dict[str, WarmParent]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()
    _process: WarmProcess | None = None

    @property
    def has_process(self) -> bool:
        """Whether a kernel was started and has not been waited for."""
        return self._process is not None

    async def poll(self) -> int | None:
        """The exit code, or None while the kernel runs."""
        return 0 if self._process is None else self._process.poll()

    async def wait(self) -> int | None:
        """Wait for the kernel to end; returns its exit code."""
        if self._process is None:
            return 0
        code = await asyncio.to_thread(self._process.wait)
        self._process = None
        return code

    async def send_signal(self, signum: int) -> None:
        """Send the kernel a signal; 0 does nothing."""
        if self._process is not None and signum:
            self._process.send_signal(signum)

    async def kill(self, restart: bool = False) -> None:
        """End the kernel and every process that it started."""
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        """The same as `kill`: PID 1 of a PID namespace ignores signals without a handler, such as SIGTERM."""
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        """Do nothing: the kernel's folders were in memory."""

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """The launch arguments, with a placeholder for the command."""
        return await super().pre_launch(cmd=["warm fork"], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork a kernel; returns its connection info."""
        session_key = self.parent.session.key
        inside = PORTS | {
            "transport": "ipc",
            "ip": f"{SOCKETS}/k",
            "key": session_key.decode(),
            "signature_scheme": self.parent.session.signature_scheme,
        }
        request = KernelRequest(
            files={f"{SOCKETS}/connection.json": json.dumps(inside)},
            connection_file=f"{SOCKETS}/connection.json",
            folders=self._folders(),
            limits=dict(self.resource_limits),
            environment=self._environment(),
            home=HOME,
        )
        self._process = await asyncio.to_thread(self._warm_parent().fork, request)
        self.connection_info = inside | {"ip": f"/proc/{self._process.pid}/root{SOCKETS}/k", "key": session_key}
        return self.connection_info

    def _folders(self) -> dict[str, int]:
        size = self.folder_mb * 1_000_000
        return {HOME: size, "/tmp": size, "/dev/shm": 1_000_000, SOCKETS: 1_000_000}

    def _environment(self) -> dict[str, str]:
        return {"HOME": HOME, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"} | {
            str(name): str(value) for name, value in self.environment.items()
        }

    def _warm_parent(self) -> WarmParent:
        """The parent for this configuration; it starts with its first kernel."""
        settings = json.dumps([self.modules, self.read_only, self._environment(), self.folder_mb], sort_keys=True)
        with self._lock:
            if settings not in self._parents:
                self._parents[settings] = WarmParent(
                    self.modules,
                    folders=self._folders(),
                    read_only=dict(self.read_only),
                    environment=self._environment(),
                    home=HOME,
                )
            return self._parents[settings]
