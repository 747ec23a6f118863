"""Deprecated alias of `grader.nbgrader_plugins.config`, for courses whose nbgrader_config.py still imports it."""

import warnings

from grader.nbgrader_plugins.config import configure

__all__ = ["configure"]

warnings.warn(
    "nbgrader_config.py imports grader.wiring, which has moved: write `from grader.nbgrader_plugins import configure`",
    FutureWarning,  # shown by default, unlike DeprecationWarning
    stacklevel=2,
)
