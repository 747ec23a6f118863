"""Runs first inside the sandbox: sets limits that cannot be raised, then becomes a kernel.

It is handed over as text, so it imports nothing of the project.
Arguments: connection file, then the limits as name=value.
"""

import os
import resource
import sys


def limit(name: str, value: int) -> None:
    which = getattr(resource, f"RLIMIT_{name}")
    hard = resource.getrlimit(which)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def main() -> None:
    connection_file, *limits = sys.argv[1:]
    for item in limits:
        name, _, value = item.partition("=")
        limit(name, int(value))
    os.umask(0o077)
    sys.argv = ["kernel", "-f", connection_file]
    sys.path[:] = [folder for folder in sys.path if folder not in ("", os.getcwd(), os.path.dirname(__file__))]

    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.IPKernelApp.capture_fd_output = False
    config.InteractiveShellApp.exec_PYTHONSTARTUP = False
    config.InteractiveShell.colors = "nocolor"
    app = IPKernelApp.instance(config=config)
    app.initialize(sys.argv[1:])
    app.start()


if __name__ == "__main__":
    main()
