"""The warm parent's own code; runs inside the sandbox, handed over as text.

It imports what kernels will need and prepares IPython, then forks a child for
every request that arrives on a socket. The child is process 1 of its own world
from the start; it makes the other namespaces, lays out its folders, gives up
every privilege and becomes a kernel. When it ends, whoever asked for it is told
how. Nothing of the project is imported but what it is told to.

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
NEW_REST = 0x08000000 | 0x04000000 | 0x40000000  # ipc, host name, network
MS_RDONLY, MS_REMOUNT = 1, 0x20
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 0x1000, 0x4000, 0x40000
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE = 24, 38, 4
CAPABILITY_VERSION = 0x20080522
OUTER_PROC = "/run/outer-proc"  # one that nothing covers, without which the system mounts no new one
LENGTH = struct.Struct("!I")
KERNELS_OWN = (  # what every kernel imports as it starts, some of it late
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
    """One length-prefixed JSON message."""

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
    """Namespaces of its own, those of users among them, in which nobody else is."""
    user, group = os.getuid(), os.getgid()
    must(libc.unshare(kinds | NEW_USERS), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as stream:
            stream.write(text)


def mount(kind: str, target: str, flags: int, options: str = "") -> None:
    """Mount a new file system."""
    must(libc.mount(kind.encode(), target.encode(), kind.encode(), flags, options.encode()), f"mount {target}")


def leave_siblings() -> None:
    """A view of its own processes, then everything of its own; what it mounted so far cannot be undone."""
    must(libc.unshare(NEW_MOUNTS), "unshare mounts")
    must(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "make mounts private")
    mount("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    enter_namespaces(NEW_MOUNTS | NEW_REST)


def lay_out(request: dict) -> None:
    """Folders of the kernel's own over those that it shares with its siblings."""
    if os.path.ismount(OUTER_PROC):
        mount("tmpfs", OUTER_PROC, MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=0,mode=0000")
    kept = {path: os.open(path, os.O_PATH) for path in sorted({sys.base_prefix, sys.prefix}, key=len)}
    for folder, size in request["folders"].items():
        mount("tmpfs", folder, MS_NOSUID | MS_NODEV, f"size={size},mode=0700")
    for path, descriptor in kept.items():  # an interpreter may lie in a folder that is new now
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
    """No more user namespaces, no capabilities, and limits that cannot be raised."""
    with open("/proc/sys/user/max_user_namespaces", "w") as stream:
        stream.write("0")
    # Where root grades, a kernel's user is root for the system's settings, whatever its capabilities.
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
    must(libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "dumpable")  # so that its maker can reach its sockets


def become_kernel(app: Any, request: dict) -> None:
    """Run an IPython kernel; does not return."""
    os.chdir(request["home"])
    os.umask(0o077)
    os.environ.clear()
    os.environ.update({"HOME": request["home"]} | request["environment"])  # IPython wants a home
    sys.argv = ["kernel", "-f", request["connection_file"]]
    app.connection_file = request["connection_file"]
    app.initialize()
    app.start()


def write_nowhere() -> None:
    """Open standard input, output and errors anew, on nothing: nobody reads what is written there."""
    nothing = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)


def serve(channel: socket.socket, app: Any) -> None:
    """In a forked child, process 1 of its own world: become a kernel."""
    status = 70
    try:
        os.setsid()  # a signal to its own group must not reach its parent
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        write_nowhere()  # its siblings share even the flags of what it inherited
        request = receive(channel)
        leave_siblings()
        lay_out(request)
        give_up_privileges(request["limits"])
        channel.sendall(b"ready\n")
        channel.close()
        become_kernel(app, request)
        status = 0
    except SystemExit:
        status = 0
    except BaseException as problem:  # noqa: BLE001 (this process ends here, whatever it was)
        if channel.fileno() != -1:
            channel.sendall(f"failed: {problem!r}\n".encode())
    finally:
        os._exit(status)


class ForkServer:
    """Forks kernels, and tells of their ends."""

    def __init__(self, app: Any):
        self.app = app
        self.watched = select.poll()
        self.channels: dict[int, int] = {}  # by process; no socket objects, which would close themselves in a fork
        self.own = os.open("/proc/self/ns/pid", os.O_RDONLY)

    def fork(self, channel: int, others: list[int]) -> None:
        """A kernel for whoever has the other end of the channel; `others` are descriptors that it must not have."""
        try:
            must(libc.unshare(NEW_PROCESSES), "unshare processes")
            child = os.fork()
        except OSError as problem:
            self._come_back()
            tell(channel, f"failed: {problem}\n")
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
        self.watched.register(channel, 0)  # for its other end being closed
        self._come_back()

    def _come_back(self) -> None:
        """What is forked next is not to be in the world of the last kernel."""
        must(libc.setns(self.own, NEW_PROCESSES), "setns")

    def reap(self) -> None:
        """Tell of those that have ended."""
        while self.channels:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return
            channel = self.channels.pop(child, None)
            if channel is not None:
                with contextlib.suppress(KeyError):
                    self.watched.unregister(channel)
                tell(channel, f"ended {os.waitstatus_to_exitcode(status)}\n")

    def abandon(self, channel: int) -> None:
        """End the kernel of which nobody wants to know any more."""
        self.watched.unregister(channel)
        for child, its in self.channels.items():
            if its == channel:
                os.kill(child, signal.SIGKILL)


def tell(channel: int, text: str) -> None:
    """Say one last thing on a channel."""
    with contextlib.suppress(OSError):  # nobody listens any more
        os.write(channel, text.encode())
    os.close(channel)


def attend(control: socket.socket, server: ForkServer) -> None:
    """Fork whenever asked, until there is nobody who could ask."""
    woken, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    asked = control.fileno()
    for descriptor in (asked, woken):
        server.watched.register(descriptor, select.POLLIN)
    while True:
        ready = [descriptor for descriptor, _ in server.watched.poll()]
        for descriptor in set(ready) - {asked, woken}:
            server.abandon(descriptor)
        if woken in ready:
            os.read(woken, 4096)
            server.reap()
        if asked in ready:
            message, descriptors, _, _ = socket.recv_fds(control, 16, 1)
            if not message:
                return
            for descriptor in descriptors:
                server.fork(descriptor, [asked, woken, waker])


def main() -> None:
    """Import, prepare, freeze, and fork whenever asked."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # To come back from a kernel's processes it needs rights over its own, and those that it has now are bubblewrap's.
    enter_namespaces(NEW_PROCESSES)
    child = os.fork()
    if child != 0:
        control.close()
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    sys.modules["debugpy"] = None  # type: ignore[assignment] # nobody debugs here, and it is large
    for name in (*KERNELS_OWN, *sys.argv[2:]):
        importlib.import_module(name)
    del sys.modules["debugpy"]
    here = os.path.dirname(__file__)
    prepared_kernel = importlib.import_module("prepared_kernel")
    sys.path[:] = [folder for folder in sys.path if folder not in ("", here)]
    app = prepared_kernel.prepared_app()  # puts the working folder first
    del sys.modules["prepared_kernel"], sys.modules["kernel_options"]
    gc.collect()
    gc.freeze()
    control.sendall(b"warm")
    write_nowhere()
    attend(control, ForkServer(app))
    os._exit(0)


if __name__ == "__main__":
    main()
