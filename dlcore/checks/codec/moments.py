"""Reduce encoded random numbers to their moments, by which alone they are compared."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dlcore.checks.codec.decoding import decode
from dlcore.checks.compare import flatness

__all__ = ["only_moments"]

MANY = 16  # entries above which an array of random numbers is stored by its moments


def only_moments(form: Any) -> Any:
    """An encoded value with larger float arrays reduced to shape, mean, standard deviation and flatness.

    Random numbers are compared by these alone, which take far less space.
    """
    if isinstance(form, list):
        return [only_moments(item) for item in form]
    if not isinstance(form, dict):
        return form
    if form.get("array") == "<f8" and math.prod(form["shape"]) > MANY:
        array = decode(form)
        with np.errstate(all="ignore"):
            mean, std = float(array.mean()), float(array.std())
            flat = flatness(array) if std else 1.0
        if np.isfinite(std) and flat**2 > 0.5:  # otherwise `decode` cannot reproduce them
            return {"moments": form["shape"], "mean": mean.hex(), "std": std.hex(), "flatness": flat.hex()}
    return {name: only_moments(item) for name, item in form.items()}
