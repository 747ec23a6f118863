"""An IPython kernel initialised in two halves; injected as source, runs inside the sandbox.

Two thirds of IPython's start-up need neither sockets nor threads: options,
profile, shell, magics. The warm parent does this once, and each fork inherits
the result in copy-on-write memory. The steps are those of
`IPKernelApp.initialize`, in that order within each half, without the parent
poller and the output redirection.
"""

import os
import sys
import uuid
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from kernel_options import kernel_options  # type: ignore[import-not-found] # beside this file, inside the sandbox

WARMUP_RUNS = 10  # cells run in the parent, so that forks inherit lazily initialised state and specialised bytecode


class PreparedKernel(IPythonKernel):
    """A kernel that is created before its sockets and streams, which are attached later.

    It handles one additional request: `call_request` calls a function of a loaded
    module, with the shell and the given arguments. That takes a third of the time
    of executing a cell that does the same.
    """

    def __init__(self, **given: Any):
        super().__init__(**given)
        self.shell_handlers["call_request"] = self.call_request

    @classmethod
    def instance(cls, **given: Any) -> "PreparedKernel":
        """The singleton kernel, with the given attributes set."""
        kernel = super().instance(**({} if cls.initialized() else given))
        for name, value in given.items():
            setattr(kernel, name, value)
        return kernel

    async def call_request(self, _stream: Any, _identities: list[bytes], request: dict[str, Any]) -> None:
        """Call ``content["function"]`` of ``content["module"]``; no reply is sent but the idle status."""
        asked = request["content"]
        with self.shell.builtin_trap:  # the builtins that IPython adds while a cell runs
            getattr(sys.modules[asked["module"]], asked["function"])(self.shell, *asked["arguments"])

    def connect(self) -> None:
        """Connect its streams and publishers to its sockets."""
        self._stdout, self._stderr = sys.stdout, sys.stderr
        for publisher in (self.shell.displayhook, self.shell.display_pub):
            publisher.session, publisher.pub_socket = self.session, self.iopub_socket


class PreparedApp(IPKernelApp):
    """The kernel application: `prepare` it in the parent, `initialize` and `start` it in the fork."""

    kernel_class = PreparedKernel

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Do nothing: there are no arguments, and building the parser is slow."""

    def prepare(self) -> None:
        """Initialise what all forks share."""
        super(IPKernelApp, self).initialize([])
        self.init_pdb()
        self.kernel = PreparedKernel.instance(
            parent=self, session=self.session, profile_dir=self.profile_dir, user_ns=self.user_ns, log=self.log
        )
        self.init_path()
        self.init_shell()
        self.init_extensions()
        self.init_code()
        self.log.setLevel(self.log_level)  # otherwise each record is formatted before it is discarded
        for _ in range(WARMUP_RUNS):
            self.kernel.shell.run_cell("pass", silent=True)

    def initialize(self, argv: list[str] | None = None) -> None:
        """Initialise what each fork owns."""
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
        """Attach the sockets to the kernel."""
        super().init_kernel()
        self.kernel.connect()


def prepared_app() -> PreparedApp:
    """The application, initialised up to the point of the fork."""
    config = kernel_options()
    config.IPythonKernel._execute_sleep = 0.0
    app = PreparedApp.instance(config=config)
    app.prepare()
    return app
