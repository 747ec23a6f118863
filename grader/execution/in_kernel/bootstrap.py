"""Entry point of a cold kernel: set hard resource limits, then start an IPython kernel.

It is injected as source, so it imports nothing from the project.
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
    from kernel_options import kernel_options  # type: ignore[import-not-found] # beside this file

    sys.argv = ["kernel", "-f", connection_file]
    sys.path[:] = [folder for folder in sys.path if folder not in ("", os.getcwd(), os.path.dirname(__file__))]

    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance(config=kernel_options())
    app.initialize(sys.argv[1:])
    app.start()


if __name__ == "__main__":
    main()
