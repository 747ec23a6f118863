"""A lesson's own code, for tests that call it."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np

from grader.lessons.parser import read_lesson

__all__ = ["load_support", "references"]


def references(path: Path) -> dict:
    """The lesson's solutions, by name."""
    space = {"np": np}
    for exercise in read_lesson(path).exercises.values():
        if exercise.kind == "solution":
            exec(exercise.solution.source, space)
    return space


def load_support(path: Path) -> ModuleType:
    """The module that students find beside a lesson."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
