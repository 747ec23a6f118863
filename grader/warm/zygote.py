"""The warm parent's own code; runs inside the sandbox, handed over as text.

It imports what kernels will need, then forks a child for every request that
arrives on a socket. The child makes namespaces of its own, forks once more to
become process 1 in them, lays out its folders, gives up every privilege and
becomes a kernel. It imports nothing of the project but what it is told to.

Arguments: the descriptor of the control socket, then modules to import.
"""

import ctypes
import gc
import importlib
import json
import os
import resource
import signal
import socket
import struct
import sys

NEW_NAMESPACES = 0x10000000 | 0x00020000 | 0x20000000 | 0x08000000 | 0x04000000 | 0x40000000  # user mnt pid ipc uts net
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


def enter_namespaces() -> None:
    """Own users, mounts, processes, ipc, host name and network; the next fork is process 1."""
    user, group = os.getuid(), os.getgid()
    must(libc.unshare(NEW_NAMESPACES), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as stream:
            stream.write(text)


def mount(kind: str, target: str, flags: int, options: str = "") -> None:
    """Mount a new file system."""
    must(libc.mount(kind.encode(), target.encode(), kind.encode(), flags, options.encode()), f"mount {target}")


def lay_out(request: dict) -> None:
    """Folders of the kernel's own over those that it shares with its siblings."""
    must(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "make mounts private")
    mount("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
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


def become_kernel(request: dict) -> None:
    """Run an IPython kernel; does not return."""
    os.chdir(request["home"])
    os.umask(0o077)
    os.environ.clear()
    os.environ.update({"HOME": request["home"]} | request["environment"])  # IPython wants a home
    sys.argv = ["kernel", "-f", request["connection_file"]]
    sys.path[:] = [folder for folder in sys.path if folder not in ("", os.path.dirname(__file__))]
    main = type(sys)("__main__")
    main.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main

    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.IPKernelApp.capture_fd_output = False
    config.InteractiveShellApp.exec_PYTHONSTARTUP = False
    config.InteractiveShell.colors = "nocolor"
    config.IPKernelApp.connection_file = request["connection_file"]

    class KernelApp(IPKernelApp):
        """A kernel whose options are all known: to make a parser for them takes a sixth of its start."""

        def parse_command_line(self, argv: list[str] | None = None) -> None:
            """Nothing was typed."""

    app = KernelApp.instance(config=config)
    app.initialize([])
    app.start()


def serve(channel: socket.socket) -> None:
    """In a forked child: make the kernel, wait for its end, and report how it ended."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request = receive(channel)
    enter_namespaces()
    kernel = os.fork()
    if kernel == 0:
        status = 70
        try:
            os.setsid()  # a signal to its own group must not reach who waits for it
            lay_out(request)
            give_up_privileges(request["limits"])
            channel.sendall(b"ready\n")
            channel.close()
            become_kernel(request)
            status = 0
        except SystemExit:
            status = 0
        except BaseException as problem:  # noqa: BLE001 (this process ends here, whatever it was)
            if channel.fileno() != -1:
                channel.sendall(f"failed: {problem!r}\n".encode())
        finally:
            os._exit(status)
    _, status = os.waitpid(kernel, 0)
    channel.sendall(f"ended {os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def main() -> None:
    """Import, freeze, and fork whenever asked."""
    control = socket.socket(fileno=int(sys.argv[1]))
    for name in (*KERNELS_OWN, *sys.argv[2:]):
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped as they end
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    control.sendall(b"warm")
    nothing = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):  # nobody reads what kernels write there
        os.dup2(nothing, descriptor)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 16, 1)
        if not message:
            return
        if os.fork() == 0:
            control.close()  # who is not the parent must not be able to ask for kernels
            signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                serve(socket.socket(fileno=descriptors[0]))
            finally:
                os._exit(71)
        for descriptor in descriptors:
            os.close(descriptor)


main()
