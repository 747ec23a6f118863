"""An IPython kernel made in two halves; runs inside the sandbox, handed over as text.

Two thirds of what IPython does as it starts need neither sockets nor threads:
options, profile, shell, magics. The warm parent does them once, and each fork
finds them done, in memory that it shares with its parent until it writes there.
The steps are those of `IPKernelApp.initialize`, in that order within each half;
what watches a parent process or hides output is left out.
"""

import os
import sys
import uuid
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from kernel_options import kernel_options  # type: ignore[import-not-found] # beside this file, inside the sandbox

WARMUP_RUNS = 10  # of running a cell: what Python works out only as it goes is then known to all forks


class PreparedKernel(IPythonKernel):
    """A kernel that is made before its sockets and streams, and given them later.

    It knows one request more than others: `call_request` calls a function of a
    loaded module, with the shell and what else is asked for. That takes a third
    of the time of running a cell that does the same.
    """

    def __init__(self, **given: Any):
        super().__init__(**given)
        self.shell_handlers["call_request"] = self.call_request

    @classmethod
    def instance(cls, **given: Any) -> "PreparedKernel":
        """The one kernel; what is given becomes its attributes."""
        kernel = super().instance(**({} if cls.initialized() else given))
        for name, value in given.items():
            setattr(kernel, name, value)
        return kernel

    async def call_request(self, _stream: Any, _identities: list[bytes], request: dict[str, Any]) -> None:
        """Call ``content["function"]`` of ``content["module"]``; no reply, the status says when it is done."""
        asked = request["content"]
        with self.shell.builtin_trap:  # what IPython adds to the builtins while a cell runs
            getattr(sys.modules[asked["module"]], asked["function"])(self.shell, *asked["arguments"])

    def connect(self) -> None:
        """Use the sockets that it was given."""
        self._stdout, self._stderr = sys.stdout, sys.stderr
        for publisher in (self.shell.displayhook, self.shell.display_pub):
            publisher.session, publisher.pub_socket = self.session, self.iopub_socket


class PreparedApp(IPKernelApp):
    """A kernel's application; `prepare` it in the parent, `initialize` and `start` it in the fork."""

    kernel_class = PreparedKernel

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Nothing was typed, and to make a parser for it takes long."""

    def prepare(self) -> None:
        """What all kernels have in common."""
        super(IPKernelApp, self).initialize([])
        self.init_pdb()
        self.kernel = PreparedKernel.instance(
            parent=self, session=self.session, profile_dir=self.profile_dir, user_ns=self.user_ns, log=self.log
        )
        self.init_path()
        self.init_shell()
        self.init_extensions()
        self.init_code()
        self.log.setLevel(self.log_level)  # otherwise each line is written down before it is left out
        for _ in range(WARMUP_RUNS):
            self.kernel.shell.run_cell("pass", silent=True)

    def initialize(self, argv: list[str] | None = None) -> None:
        """What is each kernel's own."""
        os.makedirs(self.profile_dir.location, exist_ok=True)
        self.profile_dir.check_dirs()
        self.kernel.shell.init_environment()
        self.session.pid, self.session.session = os.getpid(), str(uuid.uuid4())
        self.init_connection_file()
        self.init_sockets()
        self.init_heartbeat()
        self.write_connection_file()
        self.log_connection_info()
        self.init_io()
        self.init_signal()
        self.init_kernel()
        self.init_gui_pylab()

    def init_kernel(self) -> None:
        """Give the kernel its sockets."""
        super().init_kernel()
        self.kernel.connect()


def prepared_app() -> PreparedApp:
    """The application, up to where it has to be forked."""
    config = kernel_options()
    config.IPythonKernel._execute_sleep = 0.0
    app = PreparedApp.instance(config=config)
    app.prepare()
    return app
