"""What a kernel is asked: to run one cell, or a batch of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grader.execution.kernel_process import Launched
from grader.execution.shared_parent import BATCH_RUNNER, BATCH_RUNNER_SOURCE

__all__ = ["batch_request", "cell_request"]

# For kernels that are not forked. The cells are passed as metadata: IPython parses a request's code several times.
RUN_BATCH = """
(lambda own, given: (exec(given["code"], own), own["run"](get_ipython(), *given["arguments"])) and None)(
    {}, get_ipython().kernel.get_parent()["metadata"]
)
"""


def cell_request(source: str, *, store_history: bool) -> dict[str, Any]:
    """The content of an execute request."""
    content = {"code": source, "silent": False, "store_history": store_history, "user_expressions": {}}
    return content | {"allow_stdin": False, "stop_on_error": False}


def batch_request(
    cells: Sequence[tuple[str, str, bool]], launched: Launched, output_bytes: int
) -> tuple[str, dict[str, Any], dict[str, Any] | None]:
    """The type, content and metadata of the request that runs plain cells one after the other.

    Args:
        cells: the key and source of each, and whether the kernel must not keep the source.
        launched: the kernel.
        output_bytes: how many bytes each cell may print.
    """
    arguments = ([list(cell) for cell in cells], launched.evidence, output_bytes)
    if launched.warm:
        return "call_request", {"module": BATCH_RUNNER, "function": "run", "arguments": arguments}, None
    metadata = {"code": BATCH_RUNNER_SOURCE, "arguments": arguments}
    return "execute_request", cell_request(RUN_BATCH, store_history=False), metadata
