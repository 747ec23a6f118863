"""What decides, for each dimension, whether the checks of an exercise cover it."""

from __future__ import annotations

from collections.abc import Callable

from grader.lessons.sweep import dtypes, planted, shapes
from grader.lessons.sweep.cases import Cases, Finding

__all__ = ["FINDERS"]

FINDERS: dict[str, Callable[[Cases], Finding]] = {
    "whole": dtypes.whole,
    "uint8": dtypes.uint8,
    "bool": dtypes.boolean,
    "float32": dtypes.float32,
    "one": shapes.one,
    "many": dtypes.many,
    "wide": shapes.wide,
    "zero": shapes.zero,
    "huge": planted.huge,
    "tiny": planted.tiny,
    "ties": planted.ties,
    "keys": shapes.keys,
    "kept": shapes.kept,
    "draws": planted.draws,
    "type": planted.container,
}
