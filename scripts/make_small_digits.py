"""Rebuild dlcore/datasets/optdigits_1797.npz from the digits that scikit-learn ships.

    python scripts/make_small_digits.py [FILE]

The arrays are the same on every run and machine; the bytes of the file may
differ with the version of zlib.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

FILE = Path(__file__).resolve().parent.parent / "dlcore" / "datasets" / "optdigits_1797.npz"


def main(file=FILE):
    """Write images, uint8 (1797, 8, 8), and labels, uint8 (1797,), to `file`, in scikit-learn's order."""
    digits = load_digits()
    np.savez_compressed(file, images=digits.images.astype(np.uint8), labels=digits.target.astype(np.uint8))


if __name__ == "__main__":
    main(*sys.argv[1:2])
