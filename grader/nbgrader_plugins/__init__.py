"""Plug the grader into nbgrader's own commands."""

from grader.nbgrader_plugins.config import configure

__all__ = ["configure"]
