"""The warm parent's program; injected as source, runs inside the sandbox.

It imports what kernels will need and prepares IPython, then forks a child for
every request that arrives on a socket. The child starts as PID 1 of its PID
namespace; it creates the other namespaces, mounts its folders, drops all
privileges and becomes a kernel. When it ends, its exit code is sent to the
process that requested it. No project module is imported except those given.

Arguments: the descriptor of the control socket, then modules to import.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
from typing import Any

NEW_USERS, NEW_PROCESSES, NEW_MOUNTS = 0x10000000, 0x20000000, 0x00020000
NEW_REST = 0x08000000 | 0x04000000 | 0x40000000  # IPC, UTS, network
MS_RDONLY, MS_REMOUNT = 1, 0x20
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 0x1000, 0x4000, 0x40000
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE = 24, 38, 4
CAPABILITY_VERSION = 0x20080522
OUTER_PROC = "/run/outer-proc"  # Linux mounts a new procfs only where an unobstructed one is visible
LENGTH = struct.Struct("!I")
KERNEL_MODULES = (  # what every kernel imports on start-up, some of it lazily
    "ipykernel.kernelapp",
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "faulthandler",
    "pdb",
    "tornado.locks",
    "tornado.platform.asyncio",
    "tornado.queues",
)

libc = ctypes.CDLL(None, use_errno=True)


def must(result: int, what: str) -> None:
    """Raise OSError if a C call failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def receive(channel: socket.socket) -> dict:
    """The next length-prefixed JSON message."""

    def exactly(count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = channel.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    return json.loads(exactly(LENGTH.unpack(exactly(LENGTH.size))[0]))


def enter_namespaces(kinds: int) -> None:
    """Enter new namespaces of the given kinds, in a new user namespace that maps only the current user."""
    user, group = os.getuid(), os.getgid()
    must(libc.unshare(kinds | NEW_USERS), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as stream:
            stream.write(text)


def mount(kind: str, target: str, flags: int, options: str = "") -> None:
    """Mount a new file system."""
    must(libc.mount(kind.encode(), target.encode(), kind.encode(), flags, options.encode()), f"mount {target}")


def isolate() -> None:
    """Mount a /proc for the new PID namespace, then enter the other namespaces, which lock the mounts made so far."""
    must(libc.unshare(NEW_MOUNTS), "unshare mounts")
    must(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "make mounts private")
    mount("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    enter_namespaces(NEW_MOUNTS | NEW_REST)


def mount_folders(request: dict) -> None:
    """Mount the kernel's own folders over those shared with its siblings, and write its files."""
    if os.path.ismount(OUTER_PROC):
        mount("tmpfs", OUTER_PROC, MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=0,mode=0000")
    kept = {path: os.open(path, os.O_PATH) for path in sorted({sys.base_prefix, sys.prefix}, key=len)}
    for folder, size in request["folders"].items():
        mount("tmpfs", folder, MS_NOSUID | MS_NODEV, f"size={size},mode=0700")
    for path, descriptor in kept.items():  # the interpreter may be below a folder that is now covered
        if not os.path.exists(path):
            os.makedirs(path)
            source = f"/proc/self/fd/{descriptor}".encode()
            must(libc.mount(source, path.encode(), None, MS_BIND | MS_REC, None), f"bind {path}")
        os.close(descriptor)
    mount("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")
    for path, text in request["files"].items():
        with open(path, "wb") as stream:
            stream.write(text.encode("latin-1"))


def give_up_privileges(limits: dict) -> None:
    """Forbid new user namespaces, drop all capabilities, and set hard resource limits."""
    with open("/proc/sys/user/max_user_namespaces", "w") as stream:
        stream.write("0")
    # If the grader runs as root, sysctl files are writable by the kernel's user even without capabilities.
    flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC
    must(libc.mount(None, b"/proc", None, flags, None), "make /proc read-only")
    for name, value in limits.items():
        which = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))
    must(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    must(libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    must(libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "dumpable")  # so that the grader can open /proc/<pid>/root


def become_kernel(app: Any, request: dict) -> None:
    """Run an IPython kernel; does not return."""
    os.chdir(request["home"])
    os.umask(0o077)
    os.environ.clear()
    os.environ.update({"HOME": request["home"]} | request["environment"])  # IPython needs HOME
    sys.argv = ["kernel", "-f", request["connection_file"]]
    app.connection_file = request["connection_file"]
    app.initialize()
    app.start()


def redirect_to_devnull() -> None:
    """Redirect standard input, output and error to /dev/null."""
    devnull = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(devnull, descriptor)
    os.close(devnull)


def serve(channel: socket.socket, app: Any) -> None:
    """In a forked child, PID 1 of its PID namespace: become a kernel."""
    status = 70
    try:
        os.setsid()  # a signal to its process group must not reach the parent
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        redirect_to_devnull()  # inherited descriptors share their flags with the siblings
        request = receive(channel)
        isolate()
        mount_folders(request)
        give_up_privileges(request["limits"])
        channel.sendall(b"ready\n")
        channel.close()
        become_kernel(app, request)
        status = 0
    except SystemExit:
        status = 0
    except BaseException as problem:  # noqa: BLE001 (the process ends here in any case)
        if channel.fileno() != -1:
            channel.sendall(f"failed: {problem!r}\n".encode())
    finally:
        os._exit(status)


class ForkServer:
    """Forks kernels and reports their exit codes."""

    def __init__(self, app: Any):
        self.app = app
        self.watched = select.poll()
        self.channels: dict[int, int] = {}  # descriptors by pid; socket objects would be closed again in the forks
        self.own = os.open("/proc/self/ns/pid", os.O_RDONLY)

    def fork(self, channel: int, others: list[int]) -> None:
        """Fork a kernel for the process at the other end of `channel`; it closes the descriptors in `others`."""
        try:
            must(libc.unshare(NEW_PROCESSES), "unshare processes")
            child = os.fork()
        except OSError as problem:
            self._restore_namespace()
            send_last(channel, f"failed: {problem}\n")
            return
        if child == 0:
            try:
                for descriptor in (*others, self.own, *self.channels.values()):
                    os.close(descriptor)
                self.channels.clear()
                serve(socket.socket(fileno=channel), self.app)
            finally:
                os._exit(71)
        self.channels[child] = channel
        self.watched.register(channel, 0)  # reports only that the other end was closed
        self._restore_namespace()

    def _restore_namespace(self) -> None:
        """Return to the parent's PID namespace, so that the next child is not forked into the last kernel's."""
        must(libc.setns(self.own, NEW_PROCESSES), "setns")

    def reap(self) -> None:
        """Report the exit codes of the kernels that have ended."""
        while self.channels:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return
            channel = self.channels.pop(child, None)
            if channel is not None:
                with contextlib.suppress(KeyError):
                    self.watched.unregister(channel)
                send_last(channel, f"ended {os.waitstatus_to_exitcode(status)}\n")

    def abandon(self, channel: int) -> None:
        """Kill the kernel whose requester has closed its end of the channel."""
        self.watched.unregister(channel)
        for child, watched in self.channels.items():
            if watched == channel:
                os.kill(child, signal.SIGKILL)


def send_last(channel: int, text: str) -> None:
    """Send a last message on a channel and close it."""
    with contextlib.suppress(OSError):  # the other end is closed
        os.write(channel, text.encode())
    os.close(channel)


def serve_requests(control: socket.socket, server: ForkServer) -> None:
    """Fork a kernel for each request, until the control socket is closed."""
    woken, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    control_fd = control.fileno()
    for descriptor in (control_fd, woken):
        server.watched.register(descriptor, select.POLLIN)
    while True:
        ready = [descriptor for descriptor, _ in server.watched.poll()]
        for descriptor in set(ready) - {control_fd, woken}:
            server.abandon(descriptor)
        if woken in ready:
            os.read(woken, 4096)
            server.reap()
        if control_fd in ready:
            message, descriptors, _, _ = socket.recv_fds(control, 16, 1)
            if not message:
                return
            for descriptor in descriptors:
                server.fork(descriptor, [control_fd, woken, waker])


def main() -> None:
    """Import modules, prepare IPython, freeze the heap, and serve fork requests."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # `setns` back to its own PID namespace needs privileges over it, so that must be one that it created itself.
    enter_namespaces(NEW_PROCESSES)
    child = os.fork()
    if child != 0:
        control.close()
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    sys.modules["debugpy"] = None  # type: ignore[assignment] # large, and not needed
    for name in (*KERNEL_MODULES, *sys.argv[2:]):
        importlib.import_module(name)
    del sys.modules["debugpy"]
    here = os.path.dirname(__file__)
    prepared_kernel = importlib.import_module("prepared_kernel")
    sys.path[:] = [folder for folder in sys.path if folder not in ("", here)]
    app = prepared_kernel.prepared_app()  # inserts the working folder into sys.path
    del sys.modules["prepared_kernel"], sys.modules["kernel_options"]
    gc.collect()
    gc.freeze()
    control.sendall(b"warm")
    redirect_to_devnull()
    serve_requests(control, ForkServer(app))
    os._exit(0)


if __name__ == "__main__":
    main()
