"""How IPython is set up in every kernel, whether it is a fork or starts by itself; injected as source."""

from traitlets.config import Config


def kernel_options() -> Config:
    """No history, no colours, and nothing of the machine's own configuration."""
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.IPKernelApp.capture_fd_output = False
    config.InteractiveShellApp.exec_PYTHONSTARTUP = False
    config.InteractiveShell.colors = "nocolor"
    return config
