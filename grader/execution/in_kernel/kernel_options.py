"""IPython's configuration in every kernel, warm or cold; injected as source."""

from traitlets.config import Config


def kernel_options() -> Config:
    """A configuration without history, colours, or the host's startup files."""
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.IPKernelApp.capture_fd_output = False
    config.InteractiveShellApp.exec_PYTHONSTARTUP = False
    config.InteractiveShell.colors = "nocolor"
    return config
